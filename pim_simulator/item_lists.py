"""``/products``, ``/products-uuid`` and ``/product-models``."""

from __future__ import annotations

import json
from collections import OrderedDict
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pim_simulator.bodies import ItemBodies, View
from pim_simulator.call import Answer, Call, encode, json_answer, page_answer
from pim_simulator.errors import ApiError, documented
from pim_simulator.index import Document, Index, Order
from pim_simulator.paging import (
    RESULT_WINDOW,
    Paging,
    decrypt,
    encrypt,
    page_links,
    path_link,
    read_paging,
    search_after_links,
)
from pim_simulator.product_search import Filters, ProductSearch, read_search
from pim_simulator.routes import PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pim_simulator.clock import Clock
    from pim_simulator.profiles import Profile
    from pim_simulator.store import Item, Store

_CACHED_BODIES = 20_000
_CACHED_RESULTS = 16
_TOO_MANY_PAGES = (
    'You have reached the maximum number of pages you can retrieve with the "page" pagination '
    "type. Please use the search after pagination type instead"
)


class ItemLists:
    """Lists products and models.

    Args:
        store: The tables.
        profile: The version.
        bodies: Writes them.
        search: Finds them.
        indexes: The index of each, by resource as in the path.
        clock: The server's clock.
    """

    def __init__(  # noqa: PLR0913 - the parts of the simulator it joins
        self,
        *,
        store: Store,
        profile: Profile,
        bodies: ItemBodies,
        search: ProductSearch,
        indexes: Mapping[str, Index],
        clock: Clock,
    ) -> None:
        """Keep the parts."""
        self.ghosts: set[str] = set()
        self.broken: set[str] = set()
        self._store = store
        self._profile = profile
        self._bodies = bodies
        self._search = search
        self._indexes = indexes
        self._clock = clock
        self._encoded: OrderedDict[tuple[str, View], bytes] = OrderedDict()
        self._encoded_version = 0
        self._results: OrderedDict[tuple[Any, ...], list[Document]] = OrderedDict()

    def get(self, resource: str, call: Call) -> Answer:
        """Answer the request of a single product or model."""
        item, _ = self._found(resource, call)
        self._check_whole(item)
        view = self._view(resource, {**call.query}, call.base)
        return json_answer(self._body(resource, item, view))

    def draft(self, resource: str, call: Call) -> Answer:
        """Answer the request of the user's draft of a product or model (EE).

        Who owns the product has no drafts, nor has who may only view it; both see the
        same ``workflow_status`` in lists as someone without a draft, or ``read_only``
        (``GetProductDraftWithUuidController``, ``GetMetadata``).
        """
        item, name = self._found(resource, call)
        kind = "product model" if item.is_model else "product"
        what = f'{kind} "{name}"'
        denied = f"{what}, you cannot create or retrieve a draft from this {kind}."
        if item.uuid in self._store.view_only:
            raise ApiError(403, f"You only have view permission on the {denied}")
        if item.uuid not in self._store.editable:
            raise ApiError(403, f"You have ownership on the {denied}")
        if item.uuid not in self._store.drafts:
            raise ApiError(404, f"There is no draft created for the {what}.")
        view = replace(self._view(resource, {}, call.base), draft=True)
        return json_answer(self._body(resource, item, view))

    def _found(self, resource: str, call: Call) -> tuple[Item, str]:
        """Return a product or model and the name by which it was asked for."""
        name = call.parts.get("uuid") or call.parts["code"]
        what = "Product"
        if resource == "product-models":
            item, what = self._model(name), "Product model"
        elif resource == "products":
            item = self._store.product_by_identifier(name)
        elif resource == "published-products":
            item, what = self._published(name), "Published product"
        else:
            item = self._store.products.get(name.lower())
        if item is None:
            more = " or you do not have permission to access it" if self._profile.since(6) else ""
            raise ApiError(404, f'{what} "{name}" does not exist{more}.')
        return item, name

    def _body(self, resource: str, item: Item, view: View) -> dict[str, Any]:
        if resource == "product-models":
            return self._bodies.model(item, view)
        return self._bodies.product(item, view)

    def page(self, resource: str, call: Call) -> Answer:
        """Answer the request of a page."""
        models = resource == "product-models"
        query = dict(call.query)
        filters = read_search(query, models=models)
        paging = read_paging(query, search_after_allowed=True)
        self._check_parameters(query)
        self._search.check(filters)
        view = self._view(resource, query, call.base)
        order: Order = "id"
        if resource == "published-products" and not paging.search_after:
            pass  # sorted by primary key, and by identifier only with search_after
        elif self._profile.plain_search_after:
            order = "key" if resource == "products-uuid" else "code"
        documents = self._documents(resource, order, query, filters)
        if paging.search_after:
            start = Index.after(documents, order, self._cursor(paging, order))
        elif paging.offset + paging.limit > RESULT_WINDOW:
            raise documented(_TOO_MANY_PAGES, "documentation/pagination.html#search-after-type")
        else:
            start = paging.offset
        page = [
            document
            for document in documents[start : start + paging.limit]
            if not self._is_gone(resource, document)
        ]
        for document in page:
            self._check_whole(document.item)
        items = [self._item(resource, document.item, view) for document in page]
        kept = _kept_parameters(query, filters, paging, models=models, profile=self._profile)
        path = f"{PREFIX}/{resource}"
        if paging.search_after:
            following = self._following(page[-1].item, resource) if page else None
            links = search_after_links(
                call.base, path, kept, paging, count=len(items), following=following
            )
            return page_answer({"_links": links}, items)
        head: dict[str, Any] = {
            "_links": page_links(call.base, path, kept, paging, len(items)),
            "current_page": paging.page,
        }
        if paging.with_count:
            head["items_count"] = len(documents)
        return page_answer(head, items)

    def _check_whole(self, item: Item) -> None:
        """Fail for a product that the PIM cannot write: it fails the page (#10066, #10573)."""
        if not self.broken.isdisjoint((item.uuid, item.code or "")):
            raise ApiError(500, "Internal Server Error")

    def _cursor(self, paging: Paging, order: Order) -> str:
        if paging.cursor is None:
            return ""
        if order == "id":
            return f"product_{decrypt(paging.cursor) or ''}"
        return paging.cursor.lower()

    def _following(self, item: Item, resource: str) -> str:
        if not self._profile.plain_search_after:
            return encrypt(str(item.number))
        return item.uuid if resource == "products-uuid" else item.code or ""

    def _is_gone(self, resource: str, document: Document) -> bool:
        """Say whether SQL lacks the row: it is dropped after the search.

        So the page is short and has no ``next`` (``SqlGetConnectorProducts``).
        """
        tables = {
            "product-models": self._store.product_models,
            "published-products": self._store.published_products,
        }
        if document.key not in tables.get(resource, self._store.products):
            return True
        return not self.ghosts.isdisjoint((document.key, document.item.code or document.key))

    def _model(self, code: str) -> Item | None:
        return _by_code(self._store.product_models, code)

    def _published(self, code: str) -> Item | None:
        return _by_code(self._store.published_products, code)

    def _documents(
        self, resource: str, order: Order, query: Mapping[str, str], filters: Filters
    ) -> list[Document]:
        index = self._indexes[resource]
        index.refresh(self._clock.now().timestamp())
        scope = query.get("scope")
        predicates = self._search.predicates(
            filters, locale=query.get("search_locale"), scope=query.get("search_scope")
        )
        if scope is not None and "categories" not in filters:
            predicates.append(self._search.in_tree(scope))
        hidden = resource == "products" and self._profile.by_uuid
        if not predicates and not hidden:
            return index.documents(order)
        key = (
            *(resource, index.version, self._store.version, json.dumps(filters), scope),
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

    def _item(self, resource: str, item: Item, view: View) -> bytes:
        if self._encoded_version != self._store.version:
            self._encoded.clear()
            self._encoded_version = self._store.version
        key = (item.uuid, view)
        found = self._encoded.get(key)
        if found is None:
            name = item.uuid if view.by_uuid else item.code
            link = path_link(view.base, f"{PREFIX}/{resource}/{name}")
            body = self._body(resource, item, view)
            found = encode({"_links": {"self": {"href": link}}, **body})
            self._encoded[key] = found
            if len(self._encoded) > _CACHED_BODIES:
                self._encoded.popitem(last=False)
        return found

    def _check_parameters(self, query: Mapping[str, str]) -> None:
        """Fail for unknown attributes, channel or locales (``QueryParametersChecker``)."""
        store = self._store
        unknown = [
            code for code in _codes(query, "attributes") or () if code not in store.attributes
        ]
        if unknown:
            words = "Attributes {} do not" if len(unknown) > 1 else "Attribute {} does not"
            raise ApiError(422, words.format(f'"{", ".join(unknown)}"') + " exist.")
        scope = query.get("scope")
        if scope is not None and scope not in store.channels:
            raise ApiError(422, f'Scope "{scope}" does not exist.')
        locales = _codes(query, "locales") or ()
        self._check_locales(locales)
        if scope is not None:
            active = store.channels[scope].body["locales"]
            others = [code for code in locales if code not in active]
            if others:
                words = 'Locales "{}" are' if len(others) > 1 else 'Locale "{}" is'
                message = words.format(", ".join(others))
                raise ApiError(422, f'{message} not activated for the scope "{scope}".')
        searched = query.get("search_locale")
        if searched:
            self._check_locales([searched])

    def _check_locales(self, locales: Iterable[str]) -> None:
        active = self._store.active_locales()
        unknown = [code for code in locales if code not in active]
        if len(unknown) > 1:
            names = ", ".join(unknown)
            raise ApiError(422, f'Locales "{names}" do not exist or are not activated.')
        if unknown:
            message = f'Locale "{unknown[0]}" does not exist or is not activated.'
            raise ApiError(422, message)

    def _view(self, resource: str, query: Mapping[str, str], base: str) -> View:
        profile = self._profile
        scope = query.get("scope")
        locales = _codes(query, "locales")
        if scope in self._store.channels and locales is None:
            locales = self._store.channels[scope].body["locales"]
        attributes = _codes(query, "attributes")

        def asked(name: str, *, since: bool) -> bool:
            return since and query.get(name) == "true"

        view = View(
            base=base,
            by_uuid=resource == "products-uuid",
            channel=scope,
            locales=None if locales is None else tuple(locales),
            attributes=None if attributes is None else frozenset(attributes),
            attribute_options=asked(
                "with_attribute_options", since=profile.attribute_options_in_products
            ),
            quality_scores=asked("with_quality_scores", since=profile.since(5)),
            completenesses=asked("with_completenesses", since=profile.completenesses),
            root_parent=asked("with_root_parent", since=profile.saas)
            and resource == "products-uuid",
            readiness=_readiness(query) if profile.saas else None,
            workflows=asked("with_workflow_execution_statuses", since=profile.saas),
            enabled_assets=asked("with_enabled_assets_only", since=profile.saas),
            share_links=asked("with_asset_share_links", since=profile.saas),
            published=resource == "published-products",
        )
        if resource == "published-products":
            return replace(view, attribute_options=False, completenesses=False, readiness=None,
                           workflows=False)  # fmt: skip
        if resource != "product-models":
            return view
        scores = asked("with_quality_scores", since=profile.by_uuid)
        return replace(
            view,
            attribute_options=False,
            completenesses=False,
            root_parent=False,
            quality_scores=scores,
        )


def _readiness(query: Mapping[str, str]) -> str | None:
    """Return what is asked of the readiness; it takes no booleans."""
    asked = query.get("with_readiness")
    return asked if asked in ("scores_only", "detailed") else None


def _by_code(table: Mapping[str, Item], code: str) -> Item | None:
    """Return a row; MySQL compares codes without regard to case."""
    exact = table.get(code)
    if exact is not None:
        return exact
    lower = code.lower()
    return next((row for key, row in table.items() if key.lower() == lower), None)


def _codes(query: Mapping[str, str], name: str) -> list[str] | None:
    return None if name not in query else [code.strip() for code in query[name].split(",")]


def _kept_parameters(
    query: Mapping[str, str], filters: Filters, paging: Paging, *, models: bool, profile: Profile
) -> dict[str, str]:
    """Return the parameters which the links keep.

    They lose ``search_locale`` (#11722), and for models ``with_quality_scores``
    (``ProductModelController::normalizeProductModelsList``).
    """
    kept = {} if paging.search_after else {"page": str(paging.page)}
    kept |= {
        "with_count": query.get("with_count", "false"),
        "pagination_type": "search_after" if paging.search_after else "page",
        "limit": str(paging.limit),
    }
    if filters:
        kept["search"] = json.dumps(filters, separators=(",", ":")).replace("/", "\\/")
    for name in ("scope", "search_scope", "locales", "attributes"):
        if name in query:
            kept[name] = query[name]
    if profile.saas:  # api.akeneo.com shows links of models with them
        kept |= {name: text for name, text in query.items() if name.startswith("with_")}
    elif not models:
        since = {"with_attribute_options": 5, "with_quality_scores": 5, "with_completenesses": 6}
        for name, major in since.items():
            if query.get(name) == "true" and profile.since(major):
                kept[name] = "true"
    return kept
