"""``/products``, ``/products-uuid`` and ``/product-models``."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pim_simulator.database.index import Document, Index, Order, lower_case
from pim_simulator.database.store import by_code
from pim_simulator.http.errors import ApiError, documented, internal_error
from pim_simulator.http.messages import (
    PREFIX,
    Request,
    Response,
    encode,
    json_response,
    page_response,
)
from pim_simulator.http.pages import offset_page
from pim_simulator.http.paging import (
    RESULT_WINDOW,
    Paging,
    decrypt,
    encrypt,
    path_link,
    read_paging,
    search_after_links,
)
from pim_simulator.http.search_syntax import read_search
from pim_simulator.products.bodies import ItemBodies, View
from pim_simulator.products.parameters import ItemParameters
from pim_simulator.products.posted import PAGING, posted
from pim_simulator.products.search import ProductSearch

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pim_simulator.database.installation import Installation
    from pim_simulator.database.rows import Item
    from pim_simulator.http.resource import Resource
    from pim_simulator.http.search_syntax import Filters

_CACHED_BODIES = 20_000
_CACHED_RESULTS = 16
_TOO_MANY_PAGES = (
    'You have reached the maximum number of pages you can retrieve with the "page" pagination '
    "type. Please use the search after pagination type instead"
)


class ItemLists:
    """Lists products and models."""

    def __init__(self, pim: Installation) -> None:
        self._pim = pim
        self._store = pim.store
        self._profile = pim.profile
        self._bodies = ItemBodies(pim)
        self._search = ProductSearch(pim, self._bodies)
        self._parameters = ItemParameters(pim.store, pim.profile)
        self._encoded: OrderedDict[tuple[str, View], bytes] = OrderedDict()
        self._encoded_version = 0
        self._results: OrderedDict[tuple[Any, ...], list[Document]] = OrderedDict()

    def respond(self, resource: Resource, action: str, request: Request) -> Response:
        """Return the response to a request."""
        if action == "list":
            return self._page(resource, request)
        if action == "search":
            return self._page(resource, posted(request))
        item = self._found(resource, request)
        if action == "draft":
            return self._draft(resource, item, request)
        self._check_whole(item)
        view = self._parameters.view(resource.path, request.query, request.base)
        return json_response(self._bodies.of(item, view))

    def _draft(self, resource: Resource, item: Item, request: Request) -> Response:
        """Return the user's draft of a product or model (EE).

        Owners have no drafts, nor have users who may only view the product
        (``GetProductDraftWithUuidController``, ``GetMetadata``).
        """
        kind = "product model" if item.is_model else "product"
        what = f'{kind} "{request.parts[resource.placeholder]}"'
        denied = f"{what}, you cannot create or retrieve a draft from this {kind}."
        if item.uuid in self._store.view_only:
            raise ApiError(403, f"You only have view permission on the {denied}")
        if item.uuid not in self._store.editable:
            raise ApiError(403, f"You have ownership on the {denied}")
        if item.uuid not in self._store.drafts:
            raise ApiError(404, f"There is no draft created for the {what}.")
        view = replace(self._parameters.view(resource.path, {}, request.base), draft=True)
        body = self._bodies.of(item, view)
        if self._profile.saas and request.query.get("with_proposal_review_status") == "true":
            body["proposal_review_status"] = self._review_status(item)
        return json_response(body)

    def _review_status(self, item: Item) -> dict[str, Any]:
        """Return the status of each change of a draft.

        Source: schallym/node-akeneo-api-client, product-model.type.ts, of September 2026.
        """
        draft = self._store.drafts[item.uuid]
        status = "to_review" if draft.ready else "draft"
        return {
            "values": {
                code: [
                    {"locale": one["locale"], "scope": one["scope"], "review_status": status}
                    for one in values
                ]
                for code, values in draft.values.items()
            }
        }

    def _found(self, resource: Resource, request: Request) -> Item:
        """Return the requested product or model."""
        key = request.parts[resource.placeholder]
        if resource.path == "products":
            item = self._store.product_by_identifier(key)
        else:
            item = by_code(getattr(self._store, resource.table), key)
        if item is None:
            # Recorded from 5.0.118 on; older ones [derived].
            more = " or you do not have permission to access it" if self._profile.since(5) else ""
            raise ApiError(404, f'{resource.title} "{key}" does not exist{more}.')
        return item

    def _page(self, resource: Resource, request: Request) -> Response:
        path, query = resource.path, dict(request.query)
        models = path == "product-models"
        filters = read_search(query, models=models)
        paging = read_paging(query, search_after_allowed=True)
        self._parameters.check(query)
        self._search.check(filters, path)
        view = self._parameters.view(path, query, request.base)
        order = self._order(path, paging)
        documents = self._documents(resource, order, query, filters)
        if paging.search_after:
            start = Index.after(documents, order, self._cursor(paging, order))
        elif paging.offset + paging.limit > RESULT_WINDOW:
            if not self._profile.catches_too_many_pages:
                raise internal_error()
            method = "the-search-after-method" if self._profile.by_uuid else "search-after-type"
            raise documented(_TOO_MANY_PAGES, f"documentation/pagination.html#{method}")
        else:
            start = paging.offset
        page = [
            document
            for document in documents[start : start + paging.limit]
            if not self._is_missing(resource.table, document)
        ]
        for document in page:
            self._check_whole(document.item)
        items = [self._item(path, document.item, view) for document in page]
        repeated = self._parameters.repeated(query, filters, paging, models=models)
        if request.method == "POST":
            repeated = {name: text for name, text in repeated.items() if name in PAGING}
        if not paging.search_after:
            return offset_page(request, paging, items, len(documents), repeated)
        following = self._following(page[-1].item, path) if page else None
        links = search_after_links(
            request.base, request.path, repeated, paging, count=len(items), following=following
        )
        return page_response({"_links": links}, items)

    def _order(self, path: str, paging: Paging) -> Order:
        """Return the sort key: row id up to 5.0, then uuid or lower-cased code (recorded)."""
        if not self._profile.plain_search_after:
            return "id"
        if path == "published-products" and not paging.search_after:
            return "id"  # the identifier is the key with search_after only
        return "key" if path == "products-uuid" else "code"

    def _check_whole(self, item: Item) -> None:
        """Raise a 500 for an item whose stored values cannot be normalised.

        It breaks every page that holds it, even with ``limit=1``, which clients use to
        count (#10066, #10573, recorded).
        """
        if not self._pim.broken.isdisjoint((item.uuid, item.code or "")):
            raise internal_error()
        if self._profile.breaks_on_nameless_quantities and any(
            (product := self._store.products.get(row["uuid"])) is not None and product.code is None
            for one in (item, *self._store.ancestors(item))
            for targets in one.quantified.values()
            for row in targets["products"]
        ):
            raise internal_error()

    @staticmethod
    def _cursor(paging: Paging, order: Order) -> str:
        """Return the sort key in a cursor, which may be any text (recorded).

        Products by uuid are sorted by ``product_<uuid>``, so ``m`` is a cursor after the
        last one, not an error.
        """
        if paging.cursor is None:
            return ""
        if order == "id":
            return f"product_{decrypt(paging.cursor)}"
        return f"product_{paging.cursor}" if order == "key" else lower_case(paging.cursor)

    def _following(self, item: Item, path: str) -> str:
        if not self._profile.plain_search_after:
            return encrypt(str(item.number))
        return item.uuid if path == "products-uuid" else item.code or ""

    def _is_missing(self, table: str, document: Document) -> bool:
        """Return whether an item is in the index but missing from the database.

        The PIM drops it after the search, so the page is short and lacks ``next``
        (``SqlGetConnectorProducts``). Up to 6.0 it looks for the identifiers in the index
        (``fromProductIdentifiers``, akeneo/pim-community-dev 0040a4da), so it also drops a
        product whose new identifier is not indexed.
        """
        item = getattr(self._store, table).get(document.key)
        if item is None:
            return True
        if not self._profile.by_uuid and lower_case(item.code or "") != document.sort:
            return True
        return not self._pim.missing.isdisjoint((document.key, document.item.code or document.key))

    def _documents(
        self, resource: Resource, order: Order, query: Mapping[str, str], filters: Filters
    ) -> list[Document]:
        index = self._pim.indexes[resource.table]
        index.refresh(self._pim.clock.now().timestamp())
        scope = query.get("scope")
        predicates = self._search.predicates(
            filters,
            locale=query.get("search_locale"),
            scope=query.get("search_scope"),
            models=resource.path == "product-models",
        )
        if scope is not None and "categories" not in filters:
            predicates.append(self._search.in_tree(scope))
        hidden = resource.path == "products" and self._profile.by_uuid
        if not predicates and not hidden:
            return index.documents(order)
        key = (
            *(resource.path, index.version, self._store.version, json.dumps(filters), scope),
            *(query.get("search_locale"), query.get("search_scope")),
        )
        relative = "SINCE LAST" in key[3]
        if relative or key not in self._results:
            self._results[key] = [
                document
                for document in index.documents(order)
                if not (hidden and document.item.code is None)
                and all(predicate(document) for predicate in predicates)
            ]
            if len(self._results) > _CACHED_RESULTS:
                self._results.popitem(last=False)
        return self._results[key]

    def _item(self, path: str, item: Item, view: View) -> bytes:
        if self._encoded_version != self._store.version:
            self._encoded.clear()
            self._encoded_version = self._store.version
        key = (item.uuid, view)
        found = self._encoded.get(key)
        if found is None:
            name = item.uuid if view.by_uuid else item.code
            link = path_link(view.base, f"{PREFIX}/{path}/{name}")
            found = encode({"_links": {"self": {"href": link}}, **self._bodies.of(item, view)})
            self._encoded[key] = found
            if len(self._encoded) > _CACHED_BODIES:
                self._encoded.popitem(last=False)
        return found
