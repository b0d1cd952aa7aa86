"""The streams, one class per resource of the PIM."""

from tap_akeneo.streams.base import AkeneoStream
from tap_akeneo.streams.market import (
    Channels,
    Currencies,
    Locales,
    MeasureFamilies,
    MeasurementFamilies,
    SystemInformation,
)
from tap_akeneo.streams.products import (
    ProductMediaFiles,
    ProductModels,
    Products,
    ProductsByIdentifier,
)
from tap_akeneo.streams.structure import (
    AssociationTypes,
    AttributeGroups,
    AttributeOptions,
    Attributes,
    Categories,
    CategoriesWithoutDates,
    Families,
    FamilyVariants,
)

STREAMS: tuple[type[AkeneoStream], ...] = (
    Products,
    ProductsByIdentifier,
    ProductModels,
    ProductMediaFiles,
    Families,
    FamilyVariants,
    Attributes,
    AttributeOptions,
    AttributeGroups,
    AssociationTypes,
    Categories,
    CategoriesWithoutDates,
    Channels,
    Locales,
    Currencies,
    MeasurementFamilies,
    MeasureFamilies,
    SystemInformation,
)
"""All of them. Of those with one name, a PIM gets the first whose routes it has."""
