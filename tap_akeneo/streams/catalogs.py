"""Catalogs for Apps (SaaS). An App can read only its own catalogs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_akeneo.pagination.request import Pagination
from tap_akeneo.replication import exclusive_iso_end, exclusive_iso_start
from tap_akeneo.streams.base import AkeneoStream
from tap_akeneo.streams.children import ChildStream
from tap_akeneo.streams.incremental import IncrementalStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_akeneo.client.responses import Item
    from tap_akeneo.pagination.request import ListRequest
    from tap_akeneo.replication import DateRange


class Catalogs(AkeneoStream):
    """Catalogs."""

    name = "catalogs"
    path = "catalogs"
    since = "SaaS"
    primary_keys = ("id",)
    has_count = False
    needs_app = True


class CatalogChildStream(ChildStream):
    """A resource of which the PIM has one list for each catalog.

    If a catalog is disabled, the PIM responds with 200 and an error message.

    If a product is deleted but still in the search index, its page is short and has no link,
    although others follow. A cursor must be a valid uuid. Source: `GetProductsAction` and
    `GetProductsQuery` of akeneo/pim-community-dev.
    """

    since: ClassVar[str] = "SaaS"
    pagination: ClassVar[Pagination] = Pagination.CURSOR
    key_is_cursor: ClassVar[bool | None] = None
    takes_any_cursor = False
    needs_app = True
    may_be_disabled = True
    parent: ClassVar[type[AkeneoStream]] = Catalogs
    parent_key: ClassVar[str] = "catalog_id"


class CatalogProducts(CatalogChildStream, IncrementalStream):
    """Products of catalogs, with a bookmark for each catalog."""

    name = "catalog_products"
    path: ClassVar[str] = "catalogs/{catalog_id}/products"
    primary_keys = ("catalog_id", "uuid")

    @override
    def request_for(self, dates: DateRange, parents: Mapping[str, str]) -> ListRequest:
        params = {
            "updated_after": exclusive_iso_start(dates),
            "updated_before": exclusive_iso_end(dates),
        }
        given = {name: date for name, date in params.items() if date is not None}
        return self.bare_list_request(parents, given)


class CatalogMappedProducts(CatalogChildStream):
    """Products of catalogs, transformed by the catalog's mapping.

    If the mapping has models, variants are not in this list, but in `CatalogMappedVariants`.
    """

    name = "catalog_mapped_products"
    path = "catalogs/{catalog_id}/mapped-products"
    primary_keys = ("catalog_id", "uuid")

    @override
    def items(self, item: Item) -> Iterable[Mapping[str, Any]]:
        yield {**{key: item[key] for key in ("uuid",) if key in item}, "data": item}


class CatalogMappedModels(CatalogChildStream):
    """Product models of catalogs, transformed by the catalog's mapping."""

    name = "catalog_mapped_models"
    path = "catalogs/{catalog_id}/mapped-models"
    primary_keys = ("catalog_id", "code")

    @override
    def items(self, item: Item) -> Iterable[Mapping[str, Any]]:
        yield {**{key: item[key] for key in ("code",) if key in item}, "data": item}


class CatalogMappedVariants(CatalogChildStream):
    """Variants of the models of catalogs, transformed by the catalog's mapping."""

    name = "catalog_mapped_variants"
    path = "catalogs/{catalog_id}/mapped-models/{model_code}/variants"
    primary_keys = ("catalog_id", "uuid")
    # There are many of these lists, and almost all have less than a page.
    key_is_cursor = False
    parent = CatalogMappedModels
    parent_key = "model_code"

    @override
    def items(self, item: Item) -> Iterable[Mapping[str, Any]]:
        yield {**{key: item[key] for key in ("uuid",) if key in item}, "data": item}


class CatalogMappingSchemas(CatalogChildStream):
    """The JSON schema of each catalog's mapping, if it has one."""

    may_be_missing = True
    name = "catalog_mapping_schemas"
    path = "catalogs/{catalog_id}/mapping-schemas/product"
    primary_keys = ("catalog_id",)
    pagination = Pagination.SINGLE

    @override
    def items(self, item: Item) -> Iterable[Mapping[str, Any]]:
        yield {"schema": item}
