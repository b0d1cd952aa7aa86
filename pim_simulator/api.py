"""From a request to its answer: firewall, headers, permissions, then the handlers."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from pim_simulator.call import Answer, Call, json_answer
from pim_simulator.enterprise_routes import FLAGS, enterprise_routes
from pim_simulator.errors import ApiError, no_route
from pim_simulator.oauth import TokenEndpoint, Tokens
from pim_simulator.routes import PREFIX, Route, Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pim_simulator.catalog_lists import CatalogLists
    from pim_simulator.clock import Clock
    from pim_simulator.cloud_lists import CloudLists
    from pim_simulator.item_lists import ItemLists
    from pim_simulator.library_lists import LibraryLists
    from pim_simulator.profiles import Profile
    from pim_simulator.store import Store
    from pim_simulator.structure_lists import StructureLists
    from pim_simulator.write_calls import WriteCalls

_ITEMS = ("products", "products-uuid", "product-models", "published-products")
_ONE = "application/json"
_MANY = "application/vnd.akeneo.collection+json"


class Api:
    """The REST API of the simulated PIM.

    Args:
        store: The tables.
        profile: The version.
        clock: The server's clock.
        tokens: The tokens given out.
        credentials: The one client and user.
        items: Lists products and models.
        structure: Lists the rest of the Community Edition.
        libraries: Lists reference entities and asset families.
        cloud: Lists what the hosted edition has, and the PAM of PIM 3.
        catalogs: Lists catalogs for apps.
        writes: Changes things.
        lifetime: Seconds for which an access token is good.
    """

    def __init__(  # noqa: PLR0913 - the parts of the simulator it joins
        self,
        *,
        store: Store,
        profile: Profile,
        clock: Clock,
        tokens: Tokens,
        credentials: Mapping[str, str],
        items: ItemLists,
        structure: StructureLists,
        libraries: LibraryLists,
        cloud: CloudLists,
        catalogs: CatalogLists,
        writes: WriteCalls,
        lifetime: float,
    ) -> None:
        """Keep the parts; every permission is granted."""
        self.features = set(profile.features - profile.off)
        self.routes = Routes(profile, enterprise_routes(profile), self.features)
        self.permissions = self.routes.permissions()
        self.lifetime = lifetime
        self._store = store
        self._profile = profile
        self._clock = clock
        self._tokens = tokens
        self._token_endpoint = TokenEndpoint(tokens, credentials)
        self._items = items
        self._structure = structure
        self._libraries = libraries
        self._cloud = cloud
        self._catalogs = catalogs
        self._writes = writes

    def answer(self, call: Call) -> Answer:
        """Return the answer to a request."""
        try:
            with self._store.lock:
                return self._answer(call)
        except ApiError as error:
            return json_answer(error.body(), error.status)

    def _answer(self, call: Call) -> Answer:
        if call.path == PREFIX and call.method == "GET":  # no token is asked for
            self._check_accept(call)
            return json_answer(self.routes.listing(call.base))
        if call.path == "/api/oauth/v1/token" and call.method == "POST":
            body = self._token_endpoint.answer(call.headers, call.content, self.lifetime)
            return json_answer(body)
        route, parts, methods = self.routes.find(call.method, call.path)
        if route is None:
            raise self._no_route(call, methods)
        token = self._token(call)
        if not self.routes.is_on(route):
            flag = FLAGS.get(route.feature or "", route.feature)
            raise ApiError(404, f'Feature "{flag}" is not enabled.')
        self._check_query(call)
        if route.method == "GET" and route.action != "download":
            self._check_accept(call)
        elif route.method in ("PATCH", "POST"):
            self._check_content_type(call, route)
        self._check_permissions(route, by_app=token == self._tokens.app)
        return self._handle(route, dataclasses.replace(call, parts=parts))

    def _handle(self, route: Route, call: Call) -> Answer:
        newer = self._newer(route)
        if newer is not None:
            return newer.answer(route.resource, route.action, call)
        if route.action == "draft":
            return self._items.draft(route.resource, call)
        if route.action == "download":
            return self._structure.download(call)
        lists = self._items if route.resource in _ITEMS else self._structure
        if route.action == "list":
            return lists.page(route.resource, call)
        if route.action == "get":
            return lists.get(route.resource, call)
        return self._writes.answer(route, call)

    def _newer(self, route: Route) -> LibraryLists | CloudLists | CatalogLists | None:
        """Return what answers for resources that have nothing in common with products."""
        if route.feature in (None, "drafts", "published_products"):
            return None
        if route.feature in ("reference_entities", "assets"):
            return self._libraries
        return self._catalogs if route.feature == "catalogs" else self._cloud

    def _no_route(self, call: Call, methods: list[str]) -> ApiError:
        # Symfony 5.4, from 7.0 on, names the whole URL [derived].
        url = call.base + call.path if self._profile.by_uuid else call.path
        if not methods:
            return no_route(call.method, url)
        allowed = ", ".join(methods)
        message = f'No route found for "{call.method} {url}": Method Not Allowed (Allow: {allowed})'
        return ApiError(405, message)

    def _token(self, call: Call) -> str:
        """Return the token of a request, or fail with a 401."""
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise ApiError(401, "Authentication is required")
        self._tokens.check_access(token)
        return token

    def _check_query(self, call: Call) -> None:
        if self._profile.by_uuid and any("[" in name for name in call.query):
            raise ApiError(400, "Bracket syntax is not supported in query parameters.")

    @staticmethod
    def _check_accept(call: Call) -> None:
        accept = call.headers.get("accept", _ONE)
        if accept != _ONE and "*/*" not in accept:
            message = f'"{accept}" in "Accept" header is not valid. Only "{_ONE}" is allowed.'
            raise ApiError(406, message)

    @staticmethod
    def _check_content_type(call: Call, route: Route) -> None:
        allowed = _MANY if route.action == "partial_update_list" else _ONE
        given = call.headers.get("content-type", "").split(";")[0].strip()
        if not given:
            message = (
                f'The "Content-Type" header is missing. "{allowed}" has to be specified as value.'
            )
            raise ApiError(415, message)
        if given != allowed:
            message = (
                f'"{given}" in "Content-Type" header is not valid. Only "{allowed}" is allowed.'
            )
            raise ApiError(415, message)

    def _check_permissions(self, route: Route, *, by_app: bool) -> None:
        if "pim_api_overall_access" not in self.permissions:
            raise ApiError(403, "You are not allowed to access the web API.")
        # Only the role of an app can be granted to read catalogs: they are its own.
        for_apps = route.feature == "catalogs"
        granted = route.permission in self.permissions and (by_app or not for_apps)
        if route.permission is None or granted:
            return
        if route.denied is not None:
            raise ApiError(403, route.denied)
        if route.plural is None:  # categories say the same as without access to the API
            raise ApiError(403, "You are not allowed to access the web API.")
        action = {"GET": "list", "DELETE": "delete"}.get(route.method, "create or update")
        message = f"Access forbidden. You are not allowed to {action} {route.plural}."
        raise ApiError(403, message)
