"""The streams, one class per resource of the PIM, which states its path and permission."""

from tap_akeneo.config.state import BookmarkKind
from tap_akeneo.streams import (
    assets,
    catalogs,
    channels,
    drafts,
    extensions,
    keys,
    pam,
    products,
    published,
    reference_entities,
    scores,
    structure,
    workflows,
)
from tap_akeneo.streams.base import AkeneoStream
from tap_akeneo.streams.readings import Readings

STREAMS: tuple[type[AkeneoStream], ...] = (
    products.Products,
    products.ProductsByIdentifier,
    products.ProductModels,
    keys.ProductKeys,
    keys.ProductKeysByIdentifier,
    keys.ProductModelKeys,
    scores.ProductScores,
    scores.ProductScoresByIdentifier,
    scores.ProductModelScores,
    products.ProductMediaFiles,
    published.PublishedProducts,
    drafts.ProductDrafts,
    drafts.ProductDraftsByIdentifier,
    drafts.ProductModelDrafts,
    structure.Families,
    structure.FamilyVariants,
    structure.Attributes,
    structure.AttributeOptions,
    structure.AttributeGroups,
    structure.AssociationTypes,
    structure.Categories,
    structure.CategoriesWithoutDates,
    keys.CategoryKeys,
    channels.Channels,
    channels.Locales,
    channels.Currencies,
    channels.MeasurementFamilies,
    channels.MeasureFamilies,
    channels.SystemInformation,
    reference_entities.ReferenceEntities,
    reference_entities.ReferenceEntityAttributes,
    reference_entities.ReferenceEntityAttributeOptions,
    reference_entities.ReferenceEntityRecords,
    reference_entities.RecordsWithoutDates,
    keys.ReferenceEntityRecordKeys,
    assets.AssetFamilies,
    assets.AssetAttributes,
    assets.AssetAttributeOptions,
    assets.Assets,
    assets.AssetsWithoutDates,
    keys.AssetKeys,
    workflows.Workflows,
    workflows.WorkflowSteps,
    workflows.WorkflowTasks,
    workflows.WorkflowStepAssignees,
    workflows.UserLocalePermissions,
    workflows.UserChannelPermissions,
    workflows.RuleDefinitions,
    workflows.RuleList,
    workflows.Readiness,
    workflows.ModelizationSuggestions,
    catalogs.Catalogs,
    catalogs.CatalogProducts,
    catalogs.CatalogMappedProducts,
    catalogs.CatalogMappedModels,
    catalogs.CatalogMappedVariants,
    catalogs.CatalogMappingSchemas,
    extensions.UiExtensions,
    extensions.HttpHooks,
    pam.PamAssets,
    pam.PamAssetCategories,
    pam.PamAssetTags,
)
"""All streams. If several have one name, the tap uses the first whose routes the PIM has."""


def bookmark_kinds() -> dict[str, BookmarkKind]:
    """Return the form of each stream's bookmarks in a state."""
    kinds: dict[str, BookmarkKind] = {}
    for stream in STREAMS:
        kind = BookmarkKind(stream.replication_key, getattr(stream, "parent_key", None))
        if kind.replication_key or stream.name not in kinds:
            kinds[stream.name] = kind
    kinds[Readings.name] = BookmarkKind(None, None)
    return kinds
