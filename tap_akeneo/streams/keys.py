"""The keys of what exists now, for the streams that read only what changed.

The PIM's API tells no deletions. Beside a table that grows by changes, these keys tell which of
its rows are gone.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_akeneo.streams.assets import AssetsWithoutDates
from tap_akeneo.streams.base import AkeneoStream
from tap_akeneo.streams.products import (
    ProductModels,
    Products,
    ProductsByIdentifier,
    smallest_values,
)
from tap_akeneo.streams.reference_entities import RecordsWithoutDates
from tap_akeneo.streams.structure import CategoriesWithoutDates

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_akeneo.client.responses import Item


class Keys(AkeneoStream):
    """The keys alone of another stream's rows, all of them at each run."""

    replication_key: ClassVar[str | None] = None
    filterable = False
    switches: ClassVar[tuple[str, ...]] = ()
    selected_by_default = False
    why_not_by_default = "one request for each 100 at each run, to tell what was deleted"

    @override
    def params(self) -> dict[str, str]:
        # None of the settings': what they leave out is not deleted.
        return {}

    @property
    @override
    def hides_rows(self) -> bool:
        return False

    @override
    def items(self, item: Item) -> Iterable[Mapping[str, Any]]:
        yield {key: item[key] for key in self.primary_keys if key in item}


class ProductModelKeys(Keys, ProductModels):
    """Codes of all product models."""

    name = "product_model_keys"

    @property
    @override
    def filtered_date(self) -> str:
        return "updated"

    @override
    def params(self) -> dict[str, str]:
        return self._smallest_values

    @cached_property
    def _smallest_values(self) -> dict[str, str]:
        return smallest_values(self.tap)


class ProductKeys(ProductModelKeys, Products):
    """Uuids of all products (7.0+)."""

    name = "product_keys"


class ProductKeysByIdentifier(ProductModelKeys, ProductsByIdentifier):
    """Identifiers of all products of PIMs before 7.0."""

    name = "product_keys"


class CategoryKeys(Keys, CategoriesWithoutDates):
    """Codes of all categories."""

    name = "category_keys"


class AssetKeys(Keys, AssetsWithoutDates):
    """Codes of all assets."""

    name = "asset_keys"


class ReferenceEntityRecordKeys(Keys, RecordsWithoutDates):
    """Codes of all records of reference entities."""

    name = "reference_entity_record_keys"
