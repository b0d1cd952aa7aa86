"""Find the route of a request, and list the routes of a version."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pim_simulator.http.messages import PREFIX, TOKEN_PATH

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from pim_simulator.database.profiles import Profile
    from pim_simulator.http.resource import Resource

# Codes with slashes: products, models and media files (`requirements: {code: .+}`).
_SLASHES = (
    *("/products/", "/product-models/", "/media-files/", "/published-products/"),
    *("/reference-entities-media-files/", "/asset-media-files/", "/category-media-files/"),
)
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_PATTERNS: dict[str, re.Pattern[str]] = {}


_METHODS = {
    "create": "POST",
    "upload": "POST",
    "partial_update": "PATCH",
    "partial_update_list": "PATCH",
    "create_or_update": "PATCH",
    "delete": "DELETE",
    "search": "POST",
}
# What the path of an action adds to that of the list.
_TAILS = {
    **dict.fromkeys(("get", "partial_update", "delete", "file"), "/{%s}"),
    "draft": "/{%s}/draft",
    "download": "/{%s}/download",
    "search": "/search",
}
_RIGHTS = {"GET": "list", "DELETE": "remove"}


@dataclass(frozen=True)
class Route:
    """A route.

    Attributes:
        name: Its name in the PIM, ``pim_api_product_list``.
        path: Path with placeholders.
        method: HTTP method.
        resource: The resource.
        action: ``list``, ``get``, ``create``, ``partial_update``, ``partial_update_list``,
            ``create_or_update``, ``delete``, ``download``, ``file``, ``upload``, ``draft`` or
            ``search``.
        permission: ACL that it requires, besides that of the API itself.
    """

    name: str
    path: str
    method: str
    resource: Resource
    action: str
    permission: str | None = None

    def match(self, path: str) -> dict[str, str] | None:
        """Return the values of the placeholders, None if the path does not match."""
        found = _pattern(self.path).fullmatch(path)
        return None if found is None else found.groupdict()


def _pattern(path: str) -> re.Pattern[str]:
    """Return the expression of a path; only a uuid matches ``{uuid}`` of a product."""
    if path not in _PATTERNS:

        def of_product(found: re.Match[str]) -> bool:
            return found[0] == "{uuid}" and "/products-uuid/" in path

        inside = ".+" if any(f"{slashes}{{" in path for slashes in _SLASHES) else "[^/]+"
        expression = re.sub(
            r"\{(\w+)\}",
            lambda found: f"(?P<{found[1]}>{_UUID if of_product(found) else inside})",
            path,
        )
        if path.endswith("/{code}") and "/media-files/" in path:
            expression += "(?<!/download)"
        _PATTERNS[path] = re.compile(expression, re.DOTALL)
    return _PATTERNS[path]


def routes_of(resource: Resource, profile: Profile) -> Iterator[Route]:
    """Iterate over the routes of a resource in a version."""
    for action in resource.actions:
        if profile.name not in resource.later_actions.get(action, resource.profiles):
            continue
        method = _METHODS.get(action, "GET")
        tail = _TAILS.get(action, "")
        right = "list" if action == "search" else _RIGHTS.get(method, "edit")
        guarded = resource.permission and profile.name not in resource.unguarded.get(right, ())
        yield Route(
            name=resource.route_names.get(action, f"pim_api_{resource.name}_{action}"),
            path=f"{PREFIX}/{resource.path}{tail.replace('%s', resource.placeholder)}",
            method=method,
            resource=resource,
            action=action,
            permission=f"pim_api_{resource.permission}_{right}" if guarded else None,
        )


class Routes:
    """The routes of a version.

    Args:
        routes: All routes, in the order in which the PIM lists them.
        features: The enabled features; may change.
    """

    def __init__(self, routes: Iterable[Route], features: AbstractSet[str]) -> None:
        self._routes = list(routes)
        self._features = features

    def is_on(self, route: Route) -> bool:
        """Return whether the feature of a route is enabled."""
        feature = route.resource.feature
        return feature is None or feature in self._features

    def find(self, method: str, path: str) -> tuple[Route | None, dict[str, str], list[str]]:
        """Return the route of a request, the placeholders' values, and the path's methods.

        Symfony treats HEAD as GET (recorded: HEAD is a 200 without a body).
        """
        wanted = "GET" if method == "HEAD" else method
        methods = []
        for route in self._routes:
            parts = route.match(path)
            if parts is None:
                continue
            if route.method == wanted:
                return route, parts, []
            methods.append(route.method)
        return None, {}, list(dict.fromkeys(methods))

    def has(self, path: str) -> bool:
        """Return whether GET has a route at a path."""
        return self.find("GET", path)[0] is not None

    def listing(self, host: str) -> dict[str, Any]:
        """Return the body of ``GET /api/rest/v1`` (``RootEndpointController``)."""
        token = {"route": TOKEN_PATH, "methods": ["POST"]}
        return {
            "host": host,
            "authentication": {"fos_oauth_server_token": token},
            "routes": {
                route.name: {"route": route.path, "methods": [route.method]}
                for route in self._routes
                if self.is_on(route)
            },
        }
