"""Catalogs for Apps (SaaS); the PIM lets only an app in, and shows it its own."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_akeneo.pagination.base import Pagination
from tap_akeneo.streams.base import AkeneoStream
from tap_akeneo.streams.children import ChildStream
from tap_akeneo.streams.incremental import IncrementalStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_akeneo.client.responses import Item
    from tap_akeneo.pagination.base import ListRequest
    from tap_akeneo.streams.incremental import BookmarkedRead


class Catalogs(AkeneoStream):
    """Catalogs."""

    name = "catalogs"
    path = "catalogs"
    since = "SaaS"
    primary_keys = ("id",)
    has_count = False
    needs_app = True


class OfCatalog(ChildStream):
    """A list of each catalog. A disabled one answers 200 with an error, which is logged."""

    since: ClassVar[str] = "SaaS"
    paging: ClassVar[Pagination] = Pagination.CURSOR
    needs_app = True
    parent = Catalogs
    parent_key = "catalog_id"


class CatalogProducts(OfCatalog, IncrementalStream):
    """Products of catalogs, with a bookmark for each catalog."""

    name = "catalog_products"
    path: ClassVar[str] = "catalogs/{catalog_id}/products"
    primary_keys = ("catalog_id", "uuid")

    @override
    def listing_since(self, series: BookmarkedRead) -> ListRequest:
        start = series.span.start
        params = {} if start is None else {"updated_after": start.strftime("%Y-%m-%dT%H:%M:%SZ")}
        return self.bare_listing(series.parents, params)


class CatalogMappedProducts(OfCatalog):
    """Products of catalogs as their mapping shapes them."""

    name = "catalog_mapped_products"
    path = "catalogs/{catalog_id}/mapped-products"
    primary_keys = ("catalog_id", "uuid")

    @override
    def items(self, item: Item) -> Iterable[Mapping[str, Any]]:
        yield {**{key: item[key] for key in ("uuid",) if key in item}, "data": item}


class CatalogMappedModels(OfCatalog):
    """Product models of catalogs as their mapping shapes them."""

    name = "catalog_mapped_models"
    path = "catalogs/{catalog_id}/mapped-models"
    primary_keys = ("catalog_id", "code")

    @override
    def items(self, item: Item) -> Iterable[Mapping[str, Any]]:
        yield {**{key: item[key] for key in ("code",) if key in item}, "data": item}


class CatalogMappingSchemas(OfCatalog):
    """The JSON schema of each catalog's mapping."""

    name = "catalog_mapping_schemas"
    path = "catalogs/{catalog_id}/mapping-schemas/product"
    primary_keys = ("catalog_id",)
    paging = Pagination.SINGLE

    @override
    def items(self, item: Item) -> Iterable[Mapping[str, Any]]:
        yield {"schema": item}
