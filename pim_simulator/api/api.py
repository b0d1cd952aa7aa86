"""The REST API: finds the route of a request, checks it, and calls the handler."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING

from pim_simulator.api.table import resources_of
from pim_simulator.http.errors import (
    ApiError,
    AuthenticationRequiredError,
    MethodNotAllowedError,
    no_route,
)
from pim_simulator.http.headers import with_cache_control, without_slash
from pim_simulator.http.lists import PlainLists
from pim_simulator.http.messages import PREFIX, TOKEN_PATH, Request, Response, json_response
from pim_simulator.http.oauth import TokenEndpoint, Tokens
from pim_simulator.http.routes import Route, Routes, routes_of
from pim_simulator.writes.handler import WriteHandler

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pim_simulator.database.installation import Installation
    from pim_simulator.database.profiles import Profile

# Names of the features in the PIM's configuration and in the 404 of a disabled one.
_FLAGS = {
    "reference_entities": "reference_entity",
    "assets": "asset_manager",
    "published_products": "published_product",
    "drafts": "proposal",
    "workflows": "workflow",
    "rules": "rule_engine",
}
_OVERALL_ACCESS = "pim_api_overall_access"
_READS = ("GET", "HEAD")
_ONE = "application/json"
_MANY = "application/vnd.akeneo.collection+json"
_FORM = "multipart/form-data"


def all_features(profile: Profile) -> set[str]:
    """Return the features that are enabled in a version by default."""
    features = {resource.feature for resource in resources_of(profile)}
    return {feature for feature in features if feature is not None} - profile.off


def all_permissions(profile: Profile) -> set[str]:
    """Return every permission that a version has."""
    routes = [route for one in resources_of(profile) for route in routes_of(one, profile)]
    return {_OVERALL_ACCESS} | {route.permission for route in routes if route.permission}


class Api:
    """The REST API of a simulated PIM."""

    def __init__(self, pim: Installation, tokens: Tokens, credentials: Mapping[str, str]) -> None:
        resources = resources_of(pim.profile)
        routes = [route for one in resources for route in routes_of(one, pim.profile)]
        self._pim = pim
        self._routes = Routes(routes, pim.features)
        self._tokens = tokens
        self._token_endpoint = TokenEndpoint(tokens, credentials)
        handlers = {resource.handler or PlainLists for resource in resources}
        self._handlers = {handler: handler(pim) for handler in handlers}
        self._writes = WriteHandler(pim)

    def respond(self, request: Request) -> Response:
        """Return the response to a request."""
        try:
            with self._pim.store.lock:
                response = self._respond(request)
        except ApiError as error:
            response = json_response(error.body(), error.status, error.headers())
        return with_cache_control(
            response,
            self._pim.profile,
            token=request.path == TOKEN_PATH,
            root=request.path == PREFIX,
        )

    def _respond(self, request: Request) -> Response:
        if request.path == PREFIX and request.method in _READS:  # requires no token
            self._check_accept(request)
            return json_response(self._routes.listing(request.base))
        if request.path == TOKEN_PATH:
            return self._token_response(request)
        route, parts, methods = self._routes.find(request.method, request.path)
        if route is None:
            return self._unrouted(request, methods)
        token = self._token(request)
        if not self._routes.is_on(route):
            flag = _FLAGS.get(route.resource.feature or "", route.resource.feature)
            raise ApiError(404, f'Feature "{flag}" is not enabled.')
        self._check_query(request)
        if route.method == "GET" and route.action not in ("download", "file"):
            self._check_accept(request)
        elif route.method in ("PATCH", "POST"):
            self._check_content_type(request, route)
        self._check_permissions(route, by_app=token == self._tokens.app)
        return self._handle(route, dataclasses.replace(request, parts=parts))

    def _handle(self, route: Route, request: Request) -> Response:
        if route.method != "GET" and route.action != "search":
            return self._writes.respond(route, request)
        handler = self._handlers[route.resource.handler or PlainLists]
        return handler.respond(route.resource, route.action, request)

    def _token_response(self, request: Request) -> Response:
        if request.method != "POST":
            raise MethodNotAllowedError(request.method, self._shown_url(request), ["POST"])
        body = self._token_endpoint.answer(
            request.headers, request.content, self._pim.access_token_lifetime
        )
        return json_response(body)

    def _unrouted(self, request: Request, methods: list[str]) -> Response:
        """Answer a request without a route, before any token is checked (``RouterListener``)."""
        bare = request.path.rstrip("/")
        known = bare == PREFIX or self._routes.has(bare)
        if request.path.endswith("/") and request.method in _READS and known:
            return without_slash(request)
        if methods:
            raise MethodNotAllowedError(request.method, self._shown_url(request), methods)
        raise no_route(request.method, self._shown_url(request))

    def _shown_url(self, request: Request) -> str:
        """Return the URL as messages name it: as a whole since 6.0 (recorded on 6.0.90)."""
        return request.base + request.path if self._pim.profile.since(6) else request.path

    def _token(self, request: Request) -> str:
        """Return the token of a request: from its header or ``?access_token=`` (recorded)."""
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            token = request.query.get("access_token", "")
        if not token:
            if not self._pim.profile.by_uuid:
                raise AuthenticationRequiredError
            raise ApiError(401, "Full authentication is required to access this resource.")
        self._tokens.check_access(token)
        return token

    def _check_query(self, request: Request) -> None:
        if self._pim.profile.by_uuid and any("[" in name for name in request.query):
            raise ApiError(400, "Bracket syntax is not supported in query parameters.")

    @staticmethod
    def _check_accept(request: Request) -> None:
        accept = request.headers.get("accept", _ONE)
        if accept != _ONE and "*/*" not in accept:
            message = f'"{accept}" in "Accept" header is not valid. Only "{_ONE}" is allowed.'
            raise ApiError(406, message)

    @staticmethod
    def _check_content_type(request: Request, route: Route) -> None:
        allowed = {"partial_update_list": _MANY, "upload": _FORM}.get(route.action, _ONE)
        given = request.headers.get("content-type", "").split(";")[0].strip()
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
        resource = route.resource
        if _OVERALL_ACCESS not in self._pim.permissions:
            raise ApiError(403, "You are not allowed to access the web API.")
        # Only an app's role can be granted to read catalogs, because they belong to the app.
        for_apps = resource.feature == "catalogs"
        granted = route.permission in self._pim.permissions and (by_app or not for_apps)
        if route.permission is None or granted:
            return
        action = {"GET": "list", "DELETE": "delete"}.get(route.method, "create or update")
        if route.action == "search":
            action = "list"
        plural = resource.table.replace("_", " ")
        message = f"Access forbidden. You are not allowed to {action} {plural}."
        raise ApiError(403, resource.denied or message)
