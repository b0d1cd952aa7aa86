"""The routes of the REST API, named as in the PIM."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from collections.abc import Set as AbstractSet

    from pim_simulator.profiles import Profile

PREFIX = "/api/rest/v1"


@dataclass(frozen=True)
class Route:
    """A route.

    Attributes:
        name: Its name in the PIM, ``pim_api_product_list``.
        path: Path with placeholders.
        method: HTTP method.
        resource: Resource as it stands in the path.
        action: ``list``, ``get``, ``create``, ``partial_update``, ``partial_update_list``,
            ``delete`` or ``download``.
        permission: ACL that is needed, besides that of the API at large.
        plural: What the 403 calls the resource; none for the general text.
        feature: Feature that has to be switched on.
        denied: What the 403 says, where it is not "list <plural>".
    """

    name: str
    path: str
    method: str
    resource: str
    action: str
    permission: str | None = None
    plural: str | None = None
    feature: str | None = None
    denied: str | None = None

    def match(self, path: str) -> dict[str, str] | None:
        """Return the parts of a path which stand for the placeholders."""
        found = _pattern(self.path).fullmatch(path)
        return None if found is None else found.groupdict()


_PATTERNS: dict[str, re.Pattern[str]] = {}

# Codes with slashes: products, models and media files (`requirements: {code: .+}`).
_SLASHES = (
    *("/products/", "/product-models/", "/media-files/", "/published-products/"),
    *("/reference-entities-media-files/", "/asset-media-files/"),
)


def _pattern(path: str) -> re.Pattern[str]:
    if path not in _PATTERNS:
        inside = ".+" if any(f"{slashes}{{" in path for slashes in _SLASHES) else "[^/]+"
        expression = re.sub(r"\{(\w+)\}", rf"(?P<\1>{inside})", path)
        if path.endswith("/{code}") and "/media-files/" in path:
            expression += "(?<!/download)"
        _PATTERNS[path] = re.compile(expression, re.DOTALL)
    return _PATTERNS[path]


# Resource: (path, route name, ACL name or None, plural in the 403, actions besides reading).
_WRITES = ("create", "partial_update", "partial_update_list")
_RESOURCES: tuple[tuple[str, str, str, str | None, str | None, tuple[str, ...]], ...] = (
    ("products-uuid", "/products-uuid", "product_uuid", "product", "products",
     (*_WRITES, "delete")),
    ("products", "/products", "product", "product", "products", (*_WRITES, "delete")),
    ("product-models", "/product-models", "product_model", "product", "product models",
     (*_WRITES, "delete")),
    ("families", "/families", "family", "family", "families", (*_WRITES, "delete")),
    ("family-variants", "/families/{familyCode}/variants", "family_variant", "family_variant",
     "family variants", _WRITES),
    ("attributes", "/attributes", "attribute", "attribute", "attributes", _WRITES),
    ("attribute-options", "/attributes/{attributeCode}/options", "attribute_option",
     "attribute_option", "attribute options", _WRITES),
    ("attribute-groups", "/attribute-groups", "attribute_group", "attribute_group",
     "attribute groups", _WRITES),
    ("association-types", "/association-types", "association_type", "association_type",
     "association types", _WRITES),
    ("categories", "/categories", "category", "category", None, _WRITES),
    ("channels", "/channels", "channel", "channel", "channels", _WRITES),
    ("locales", "/locales", "locale", "locale", "locales", ()),
    ("currencies", "/currencies", "currency", "currency", "currencies", ()),
    # Neither of these two asks for a permission of its own (MeasureFamilyController,
    # MediaFileController have no AclAncestor).
    ("measure-families", "/measure-families", "measure_family", None, None, ()),
    ("media-files", "/media-files", "media_file", None, None, ("download",)),
)  # fmt: skip
_METHODS = {
    "list": "GET",
    "get": "GET",
    "create": "POST",
    "partial_update": "PATCH",
    "partial_update_list": "PATCH",
    "delete": "DELETE",
    "download": "GET",
}


def _routes(profile: Profile) -> Iterator[Route]:
    for resource, path, name, acl, plural, writes in _RESOURCES:
        if resource == "products-uuid" and not profile.by_uuid:
            continue
        free = acl is None or (acl == "product" and not profile.product_permissions)
        key = "{uuid}" if resource == "products-uuid" else "{code}"
        for action in ("list", "get", *writes):
            if action == "delete" and not _can_delete(resource, profile):
                continue
            tail = {"list": "", "create": "", "partial_update_list": ""}
            tail["download"] = f"/{key}/download"
            right = {"list": "list", "get": "list", "delete": "remove"}.get(action, "edit")
            yield Route(
                name=f"pim_api_{name}_{action}",
                path=PREFIX + path + tail.get(action, f"/{key}"),
                method=_METHODS[action],
                resource=resource,
                action=action,
                permission=None if free else f"pim_api_{acl}_{right}",
                plural=plural,
            )
    if profile.measurement_families:
        path = f"{PREFIX}/measurement-families"
        yield Route("pim_api_measurement_family_list", path, "GET",
                    "measurement-families", "list")  # fmt: skip
    if profile.system_information:
        path = f"{PREFIX}/system-information"
        yield Route("pim_api_system_information_get", path, "GET", "system-information", "list")


def _can_delete(resource: str, profile: Profile) -> bool:
    if resource == "families":
        return profile.saas
    return resource != "product-models" or profile.delete_product_models


class Routes:
    """The routes of a version.

    Args:
        profile: The version.
        more: Routes of the Enterprise Edition, which are looked at first: the draft of
            a product is no product whose identifier ends in ``/draft``.
        features: The features that are switched on; may change.
    """

    def __init__(self, profile: Profile, more: Iterable[Route], features: AbstractSet[str]) -> None:
        """Make the table."""
        self._routes = [*more, *_routes(profile)]
        self._features = features

    def permissions(self) -> set[str]:
        """Return every permission that there is."""
        return {"pim_api_overall_access"} | {
            route.permission for route in self._routes if route.permission is not None
        }

    def is_on(self, route: Route) -> bool:
        """Say whether the feature of a route is switched on."""
        return route.feature is None or route.feature in self._features

    def find(self, method: str, path: str) -> tuple[Route | None, dict[str, str], list[str]]:
        """Return the route of a request, the parts of its path, and the methods there are."""
        methods = []
        for route in self._routes:
            parts = route.match(path)
            if parts is None:
                continue
            if route.method == method:
                return route, parts, []
            methods.append(route.method)
        return None, {}, methods

    def listing(self, host: str) -> dict[str, Any]:
        """Return the body of ``GET /api/rest/v1``."""
        token = {"route": "/api/oauth/v1/token", "methods": ["POST"]}
        return {
            "host": host,
            "authentication": {"fos_oauth_server_token": token},
            "routes": {
                route.name: {"route": route.path, "methods": [route.method]}
                for route in self._routes
                if self.is_on(route)
            },
        }
