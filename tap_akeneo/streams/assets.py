"""Asset families with their attributes, options and assets (Enterprise, SaaS)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_akeneo.client.responses import value_of
from tap_akeneo.config.settings import LOGICAL_OPERATORS
from tap_akeneo.pagination.request import Pagination
from tap_akeneo.replication import bounded_iso_conditions, bounds
from tap_akeneo.streams.base import AkeneoStream
from tap_akeneo.streams.children import ChildStream
from tap_akeneo.streams.incremental import IncrementalStream
from tap_akeneo.streams.reference_entities import OPTION_TYPES
from tap_akeneo.streams.structure import with_default_as_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_akeneo.client.responses import Item
    from tap_akeneo.replication import Condition, DateRange


class AssetFamilies(AkeneoStream):
    """Asset families."""

    name = "asset_families"
    path = "asset-families"
    since = "3.2"
    pagination = Pagination.CURSOR
    permission = "List asset families"


class AssetAttributes(ChildStream):
    """Attributes of asset families."""

    name = "asset_attributes"
    path = "asset-families/{asset_family}/attributes"
    since = "3.2"
    primary_keys = ("asset_family", "code")
    pagination = Pagination.ARRAY
    permission = "List asset families"
    parent = AssetFamilies
    parent_key = "asset_family"

    @override
    def items(self, item: Item) -> Iterable[Mapping[str, Any]]:
        yield with_default_as_text(item)


class AssetAttributeOptions(ChildStream):
    """Options of the attributes of asset families that have options."""

    name = "asset_attribute_options"
    path = "asset-families/{asset_family}/attributes/{attribute}/options"
    since = "3.2"
    primary_keys = ("asset_family", "attribute", "code")
    pagination = Pagination.ARRAY
    permission = "List asset families"
    parent = AssetAttributes
    parent_key = "attribute"

    @override
    def has_children(self, parent: Item) -> bool:
        return value_of(parent, "type") in OPTION_TYPES


class AssetsWithoutDates(ChildStream):
    """Assets of PIMs before 6.0, which have no `updated`."""

    name = "assets"
    path: ClassVar[str] = "asset-families/{asset_family}/assets"
    since: ClassVar[str] = "3.2"
    primary_keys: ClassVar[tuple[str, ...]] = ("asset_family", "code")
    pagination = Pagination.CURSOR
    key_is_cursor = None
    channel_parameter = "channel"
    permission: ClassVar[str] = "List assets"
    filterable = True
    switches: ClassVar[tuple[str, ...]] = ("with_asset_auto_tags",)
    parent = AssetFamilies
    parent_key = "asset_family"

    @override
    def search(self, own: Mapping[str, Sequence[Condition]]) -> dict[str, Any]:
        filters = self.settings.filters.get(self.name, {})
        if not own or filters.keys().isdisjoint(LOGICAL_OPERATORS):
            return super().search(own)
        conditions = [
            {name: bound} for name, listed in own.items() for one in listed for bound in bounds(one)
        ]
        return {"and": [filters, *conditions]}


class Assets(AssetsWithoutDates, IncrementalStream):
    """Assets, with a bookmark for each family."""

    since = "6.0"
    requires = ("system-information",)

    @override
    def updated_conditions(self, dates: DateRange) -> list[Condition]:
        return bounded_iso_conditions(dates)
