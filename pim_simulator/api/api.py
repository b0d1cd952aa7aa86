"""From a request to its response: routing, firewall, headers, permissions, then the handlers."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from pim_simulator.api.community_routes import community_routes
from pim_simulator.api.enterprise_routes import FLAGS, enterprise_routes
from pim_simulator.http.call import PREFIX, TOKEN_PATH, Answer, Call, json_answer
from pim_simulator.http.errors import (
    ApiError,
    AuthenticationRequiredError,
    MethodNotAllowedError,
    no_route,
)
from pim_simulator.http.headers import with_cache_control, without_slash
from pim_simulator.http.oauth import TokenEndpoint, Tokens
from pim_simulator.resources.routes import Route, Routes

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pim_simulator.cloud.catalogs import CatalogLists
    from pim_simulator.cloud.lists import CloudLists
    from pim_simulator.database.clock import Clock
    from pim_simulator.database.profiles import Profile
    from pim_simulator.database.store import Store
    from pim_simulator.libraries.lists import LibraryLists
    from pim_simulator.products.lists import ItemLists
    from pim_simulator.structure.lists import StructureLists
    from pim_simulator.writes.calls import WriteCalls

_ITEMS = ("products", "products-uuid", "product-models", "published-products")
_READS = ("GET", "HEAD")
_ONE = "application/json"
_MANY = "application/vnd.akeneo.collection+json"
_FORM = "multipart/form-data"


class Api:
    """The REST API of the simulated PIM.

    Args:
        store: The tables.
        profile: The version.
        clock: The server's clock.
        tokens: The issued tokens.
        credentials: The only client and user.
        items: Lists products and models.
        structure: Lists the rest of the Community Edition.
        libraries: Lists reference entities and asset families.
        cloud: Lists the resources of the hosted edition, and the PAM of PIM 3.
        catalogs: Lists catalogs for apps.
        writes: Handles requests that change something.
        lifetime: Lifetime of access tokens in seconds.
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
        routes = [*enterprise_routes(profile), *community_routes(profile)]
        self.routes = Routes(routes, self.features)
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
        """Return the response to a request."""
        try:
            with self._store.lock:
                answer = self._answer(call)
        except ApiError as error:
            answer = json_answer(error.body(), error.status, error.headers())
        return with_cache_control(
            answer, self._profile, token=call.path == TOKEN_PATH, root=call.path == PREFIX
        )

    def _answer(self, call: Call) -> Answer:
        if call.path == PREFIX and call.method in _READS:  # requires no token
            self._check_accept(call)
            return json_answer(self.routes.listing(call.base))
        if call.path == TOKEN_PATH:
            return self._token_answer(call)
        route, parts, methods = self.routes.find(call.method, call.path)
        if route is None:
            return self._unrouted(call, methods)
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
            return self._structure.download(route.resource, call)
        lists = self._items if route.resource in _ITEMS else self._structure
        if route.action == "list":
            return lists.page(route.resource, call)
        if route.action == "get":
            return lists.get(route.resource, call)
        return self._writes.answer(route, call)

    def _newer(self, route: Route) -> LibraryLists | CloudLists | CatalogLists | None:
        """Return the handler of resources that have nothing in common with products."""
        if route.feature in (None, "drafts", "published_products"):
            return None
        if route.feature in ("reference_entities", "assets"):
            return self._libraries
        return self._catalogs if route.feature == "catalogs" else self._cloud

    def _token_answer(self, call: Call) -> Answer:
        if call.method != "POST":
            raise MethodNotAllowedError(call.method, self._shown_url(call), ["POST"])
        body = self._token_endpoint.answer(call.headers, call.content, self.lifetime)
        return json_answer(body)

    def _unrouted(self, call: Call, methods: list[str]) -> Answer:
        """Answer a request without a route, before any token is checked (``RouterListener``)."""
        bare = call.path.rstrip("/")
        known = bare == PREFIX or self.routes.has(bare)
        if call.path.endswith("/") and call.method in _READS and known:
            return without_slash(call)
        if methods:
            raise MethodNotAllowedError(call.method, self._shown_url(call), methods)
        raise no_route(call.method, self._shown_url(call))

    def _shown_url(self, call: Call) -> str:
        return call.base + call.path if self._profile.whole_url_in_messages else call.path

    def _token(self, call: Call) -> str:
        """Return the token of a request: from its header or ``?access_token=`` (recorded)."""
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            token = call.query.get("access_token", "")
        if not token:
            if not self._profile.by_uuid:
                raise AuthenticationRequiredError
            raise ApiError(401, "Full authentication is required to access this resource.")
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
        allowed = {"partial_update_list": _MANY, "upload": _FORM}.get(route.action, _ONE)
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
        # Only an app's role can be granted to read catalogs, because they belong to the app.
        for_apps = route.feature == "catalogs"
        granted = route.permission in self.permissions and (by_app or not for_apps)
        if route.permission is None or granted:
            return
        if route.denied is not None:
            raise ApiError(403, route.denied)
        if route.plural is None:  # categories: the same message as without access to the API
            raise ApiError(403, "You are not allowed to access the web API.")
        action = {"GET": "list", "DELETE": "delete"}.get(route.method, "create or update")
        message = f"Access forbidden. You are not allowed to {action} {route.plural}."
        raise ApiError(403, message)
