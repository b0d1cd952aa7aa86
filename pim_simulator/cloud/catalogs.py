"""Catalogs for apps (SaaS): selections of products that an app reads.

Only the app that owns them can read them; connections lack the permission.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

from pim_simulator.database.clock import parse_atom
from pim_simulator.http.errors import ApiError, violations
from pim_simulator.http.messages import Request, Response, encode, json_response, page_response
from pim_simulator.http.pages import offset_page, self_link
from pim_simulator.http.paging import Paging, list_link, path_link
from pim_simulator.products.bodies import ItemBodies, View

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pim_simulator.database.installation import Installation
    from pim_simulator.database.php import Json
    from pim_simulator.database.rows import Entity, Item
    from pim_simulator.http.resource import Resource

_DEFAULT_LIMIT = 100
_HIGHEST_LIMIT = {"product-uuids": 1000}  # the others: 100 (GetMappedProductsQuery)
_DATES = ("updated_after", "updated_before")
_FROM_DATABASE = ("products", "mapped-products")
"""Lists that drop what only the search index has, after the search, so that a page is short and has
no link (`GetProductsQuery`, `GetRawProductsQuery`, `GetProductsAction`)."""


class CatalogLists:
    """Lists catalogs and their products."""

    def __init__(self, pim: Installation) -> None:
        self._pim = pim
        self._store = pim.store
        self._bodies = ItemBodies(pim)

    def respond(self, resource: Resource, action: str, request: Request) -> Response:
        """Return the response to a request."""
        what = resource.path.removeprefix("catalogs/{id}/")
        if what == "catalogs" and action == "list":
            return self._catalogs(request)
        key = request.parts["id"]
        catalog = self._store.table("catalogs").get(key)
        if catalog is None:
            raise ApiError(404, f'Catalog "{key}" does not exist or you can\'t access it.')
        if what == "catalogs":
            return json_response(catalog.body)
        schema = self._store.table("catalog_mapping_schemas").get(key)
        if what != "mapping-schemas/product":
            return self._selection(what, catalog, schema, request)
        if schema is None:
            raise ApiError(404, f'Catalog "{key}" does not have a product mapping schema.')
        return json_response(schema.body)

    def _catalogs(self, request: Request) -> Response:
        page, limit = (
            _number(request.query.get(name, str(default)))
            for name, default in (("page", 1), ("limit", _DEFAULT_LIMIT))
        )
        if page < 1 or not 1 <= limit <= _DEFAULT_LIMIT:
            raise ApiError(400, "Bad Request")
        paging = Paging(search_after=False, limit=limit, page=page, cursor=None, with_count=False)
        bodies = sorted((row.body for row in self._store.table("catalogs").values()),
                        key=lambda body: str(body["id"]))  # fmt: skip
        items = [
            encode({**self_link(request.base, f"{request.path}/{body['id']}"), **body})
            for body in bodies[paging.offset : paging.offset + limit]
        ]
        return offset_page(request, paging, items, len(bodies))

    def _selection(
        self, kind: str, catalog: Entity, schema: Entity | None, request: Request
    ) -> Response:
        key = catalog.body["id"]
        limit = self._limit(kind, request.query)
        if not catalog.body["enabled"]:  # a 200 all the same
            message = (
                f'No products to synchronize. The catalog "{key}" has been disabled on the PIM '
                "side. Note that you can get catalogs status with the GET /api/rest/v1/catalogs "
                "endpoint."
            )
            return json_response({"error": message})
        if kind.startswith("mapped") and schema is None:
            message = (
                "Impossible to map products: no product mapping schema available for this catalog."
            )
            return json_response({"error": message})
        rows = self._rows(kind, request)
        cursor = request.query.get("search_after")
        after = [row for row in rows if cursor is None or row[0] > cursor]
        page = after[:limit]
        if kind in _FROM_DATABASE:
            page = [row for row in page if row[0] not in self._pim.missing]
        path = request.path
        links = {
            "self": _link(request, path, limit, cursor),
            "first": _link(request, path, limit, None),
        }
        if len(page) >= limit:
            links["next"] = _link(request, path, limit, page[-1][0])
        head: dict[str, Any] = {"_links": links}
        if kind == "product-uuids" and request.query.get("with_count") == "true":
            head["items_count"] = len(rows)
        return page_response(head, [encode(write()) for _, write in page])

    @staticmethod
    def _limit(kind: str, query: Mapping[str, str]) -> int:
        limit = _number(query.get("limit", str(_DEFAULT_LIMIT)))
        highest = _HIGHEST_LIMIT.get(kind, 100)
        if not 1 <= limit <= highest:
            raise violations(("limit", f"This value should be between 1 and {highest}."))
        for name in _DATES:
            if name in query and parse_atom(query[name]) is None:
                raise violations((name, "ISO 8601 format is required."))
        return limit

    def selected(self) -> list[Item]:
        """Return the products in every catalog: the default selection is all enabled ones."""
        return sorted((item for item in self._store.products.values() if item.enabled),
                      key=lambda item: item.uuid)  # fmt: skip

    def _rows(self, kind: str, request: Request) -> list[tuple[str, Callable[[], Json]]]:
        """Return the cursor of each item of a list, and what makes its body."""
        after = parse_atom(request.query.get("updated_after"))
        before = parse_atom(request.query.get("updated_before"))
        items = [
            item
            for item in self.selected()
            if (after is None or item.updated > after) and (before is None or item.updated < before)
        ]
        if kind == "product-uuids":
            return [(item.uuid, partial(str, item.uuid)) for item in items]
        if kind == "products":
            view = View(base=request.base, by_uuid=True)
            return [(item.uuid, partial(self._bodies.product, item, view)) for item in items]
        if kind == "mapped-products":
            return [
                (item.uuid, partial(self._mapped, item)) for item in items if item.parent is None
            ]
        roots = {self._root(item).code or "": self._root(item) for item in items if item.parent}
        if kind == "mapped-models":
            return [(code, partial(self._model, roots[code], request)) for code in sorted(roots)]
        code = request.parts["code"]
        if code not in roots:
            raise ApiError(404, f'Product model "{code}" does not exist.')
        variants = [item for item in items if item.parent and self._root(item) is roots[code]]
        return [(item.uuid, partial(self._variant, item)) for item in variants]

    def _root(self, item: Item) -> Item:
        return list(self._store.ancestors(item))[-1]

    def _mapped(self, item: Item) -> dict[str, Any]:
        """Return a mapped product, without empty values."""
        names = [value["data"] for value in item.values.get("name", ())]
        mapped = {"uuid": item.uuid, "title": names[0] if names else None, "code": item.code}
        return {name: text for name, text in mapped.items() if text is not None}

    def _axes(self, item: Item) -> list[str]:
        variant = self._store.family_variants[item.family_variant or ""]
        levels = variant.body["variant_attribute_sets"]
        return [axis for level in levels for axis in level["axes"]]

    def _model(self, model: Item, request: Request) -> dict[str, Any]:
        path = f"{request.path}/{model.code}/variants"
        names = [value["data"] for value in model.values.get("name", ())]
        return {
            "code": model.code,
            "title": names[0] if names else model.code,
            "variants": path_link(request.base, path),
            "variation_axes": [
                {"code": axis, "label": self._labels(self._store.attributes[axis])}
                for axis in self._axes(model)
            ],
        }

    def _variant(self, item: Item) -> dict[str, Any]:
        values = dict(item.values)
        for ancestor in self._store.ancestors(item):
            values = {**ancestor.values, **values}
        return {
            "is_published": item.enabled,
            "sku": item.code,
            "uuid": item.uuid,
            "variant_axes_values": [
                {
                    "code": axis,
                    "label": self._labels(
                        self._store.attribute_options[axis][values[axis][0]["data"]]
                    ),
                    "value": values[axis][0]["data"],
                }
                for axis in self._axes(item)
                if axis in values
            ],
        }

    @staticmethod
    def _labels(row: Entity) -> list[dict[str, Any]]:
        return [
            {"locale": locale, "value": text}
            for locale, text in row.body["labels"].items()
            if text is not None
        ]


def _link(request: Request, path: str, limit: int, cursor: str | None) -> dict[str, str]:
    query = {} if cursor is None else {"search_after": cursor}
    query["limit"] = str(limit)
    query |= {name: request.query[name] for name in _DATES if name in request.query}
    return {"href": list_link(request.base, path, query)}


def _number(text: str) -> int:
    """Return a text as PHP's ``(int)`` converts it."""
    return int(text) if text.lstrip("-").isdigit() else 0
