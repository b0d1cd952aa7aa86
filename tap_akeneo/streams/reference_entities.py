"""Reference entities with their attributes, options and records (Enterprise, SaaS)."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_akeneo.client.responses import value_of
from tap_akeneo.pagination.request import Pagination
from tap_akeneo.replication import bounded_iso_conditions
from tap_akeneo.streams.base import AkeneoStream
from tap_akeneo.streams.children import ChildStream
from tap_akeneo.streams.incremental import IncrementalStream

if TYPE_CHECKING:
    from tap_akeneo.client.responses import Item
    from tap_akeneo.replication import Condition, DateRange

OPTION_TYPES = ("single_option", "multiple_options")


class ReferenceEntities(AkeneoStream):
    """Reference entities."""

    name = "reference_entities"
    path = "reference-entities"
    since = "3.0"
    pagination = Pagination.CURSOR
    permission = "List reference entities"


class ReferenceEntityAttributes(ChildStream):
    """Attributes of reference entities."""

    name = "reference_entity_attributes"
    path = "reference-entities/{reference_entity}/attributes"
    since = "3.0"
    primary_keys = ("reference_entity", "code")
    pagination = Pagination.ARRAY
    permission = "List reference entities"
    parent = ReferenceEntities
    parent_key = "reference_entity"


class ReferenceEntityAttributeOptions(ChildStream):
    """Options of the attributes of reference entities that have options."""

    name = "reference_entity_attribute_options"
    path = "reference-entities/{reference_entity}/attributes/{attribute}/options"
    since = "3.0"
    primary_keys = ("reference_entity", "attribute", "code")
    pagination = Pagination.ARRAY
    permission = "List reference entities"
    parent = ReferenceEntityAttributes
    parent_key = "attribute"

    @override
    def has_children(self, parent: Item) -> bool:
        return value_of(parent, "type") in OPTION_TYPES


class RecordsWithoutDates(ChildStream):
    """Records of PIMs before 5.0, which have no `updated`."""

    name = "reference_entity_records"
    path: ClassVar[str] = "reference-entities/{reference_entity}/records"
    since: ClassVar[str] = "3.0"
    primary_keys: ClassVar[tuple[str, ...]] = ("reference_entity", "code")
    pagination = Pagination.CURSOR
    key_is_cursor = None
    channel_parameter = "channel"
    permission: ClassVar[str] = "List reference entity records"
    filterable = True
    parent = ReferenceEntities
    parent_key = "reference_entity"


class ReferenceEntityRecords(RecordsWithoutDates, IncrementalStream):
    """Records of reference entities, with a bookmark for each entity."""

    since = "5.0"
    requires = ("measurement-families",)

    @override
    def updated_conditions(self, dates: DateRange) -> list[Condition]:
        if not self.pim.offers("products-uuid"):
            # Before 7.0 the filter does not support an end.
            return super().updated_conditions(dates)
        return bounded_iso_conditions(dates)
