"""The routes of the Community Edition, with the names and the order of the PIM.

Names, methods and order were recorded on 5.0.118, 6.0.90, 7.0.22 and master of April 2024.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pim_simulator.http.call import PREFIX
from pim_simulator.resources.routes import Route

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pim_simulator.database.profiles import Profile

_READS = ("list", "get")
_LIST_GET_WRITE = ("list", "get", "create", "partial_update", "partial_update_list")
_METHODS = {
    "list": "GET",
    "get": "GET",
    "create": "POST",
    "partial_update": "PATCH",
    "partial_update_list": "PATCH",
    "delete": "DELETE",
}
_OF_THE_WHOLE_LIST = ("list", "create", "partial_update_list")
_RIGHTS = {"list": "list", "get": "list", "delete": "remove"}


@dataclass(frozen=True)
class _Resource:
    """What the routes of a resource have in common.

    Attributes:
        resource: Name, as in the path.
        name: Name in the names of its routes.
        actions: Actions in the order of the PIM's list.
        acl: Name in the names of its permissions.
        plural: Name in the 403; None for the general message.
        path: Path below the prefix, if it is not the resource's name.
        key: Placeholder of a single one.
    """

    resource: str
    name: str
    actions: tuple[str, ...]
    acl: str
    plural: str | None
    path: str = ""
    key: str = "code"


_STRUCTURE = (
    _Resource("locales", "locale", _READS, "locale", "locales"),
    _Resource("channels", "channel", _LIST_GET_WRITE, "channel", "channels"),
    _Resource("currencies", "currency", _READS, "currency", "currencies"),
    _Resource(
        "attributes",
        "attribute",
        ("list", "create", "partial_update", "get", "partial_update_list"),
        "attribute",
        "attributes",
    ),
    _Resource(
        "attribute-options",
        "attribute_option",
        ("list", "create", "partial_update", "partial_update_list", "get"),
        "attribute_option",
        "attribute options",
        path="attributes/{attributeCode}/options",
    ),
    _Resource(
        "attribute-groups",
        "attribute_group",
        ("list", "create", "get", "partial_update", "partial_update_list"),
        "attribute_group",
        "attribute groups",
    ),
    _Resource("families", "family", _LIST_GET_WRITE, "family", "families"),
    _Resource(
        "family-variants",
        "family_variant",
        _LIST_GET_WRITE,
        "family_variant",
        "family variants",
        path="families/{familyCode}/variants",
    ),
    _Resource(
        "association-types", "association_type", _LIST_GET_WRITE, "association_type",
        "association types",
    ),
)  # fmt: skip
_CATEGORIES = _Resource("categories", "category", _LIST_GET_WRITE, "category", None)
_MODELS = _Resource("product-models", "product_model", _LIST_GET_WRITE, "product", "product models")
_PRODUCTS = _Resource("products", "product", (*_LIST_GET_WRITE, "delete"), "product", "products")
_PRODUCTS_BY_UUID = _Resource(
    "products-uuid", "product_uuid", ("delete", *_LIST_GET_WRITE), "product", "products", key="uuid"
)


def community_routes(profile: Profile) -> Iterator[Route]:
    """Iterate over the routes of a version, in the order in which it lists them."""
    for resource in _STRUCTURE:
        yield from _of(resource, profile)
    if profile.saas:
        yield _route(_STRUCTURE[6], "delete", profile)
    yield from _of(_MODELS, profile)
    if profile.delete_product_models:
        yield _route(_MODELS, "delete", profile)
    if not profile.by_uuid:
        yield from _of(_CATEGORIES, profile)
    yield from _of(_PRODUCTS, profile)
    if profile.by_uuid:
        yield from _of(_PRODUCTS_BY_UUID, profile)
    if profile.system_information:
        name = "pim_analytics_external_api_system_info_get"
        yield _unguarded(name, "system-information", "system-information", "list")
    yield from _media_files()
    yield from _measurements(profile)
    if profile.by_uuid:
        yield from _of(_CATEGORIES, profile)
    if profile.category_media_files:
        yield Route(
            name="pim_api_category_media_file_download",
            path=f"{PREFIX}/category-media-files/{{code}}/download",
            method="GET",
            resource="category-media-files",
            action="download",
            permission="pim_api_category_list",
        )


def _of(resource: _Resource, profile: Profile) -> Iterator[Route]:
    for action in resource.actions:
        yield _route(resource, action, profile)


def _route(resource: _Resource, action: str, profile: Profile) -> Route:
    tail = "" if action in _OF_THE_WHOLE_LIST else f"/{{{resource.key}}}"
    right = _RIGHTS.get(action, "edit")
    free = resource.acl == "product" and not profile.product_permissions
    if resource is _CATEGORIES and right == "list" and not profile.category_list_permission:
        free = True
    return Route(
        name=f"pim_api_{resource.name}_{action}",
        path=f"{PREFIX}/{resource.path or resource.resource}{tail}",
        method=_METHODS[action],
        resource=resource.resource,
        action=action,
        permission=None if free else f"pim_api_{resource.acl}_{right}",
        plural=resource.plural,
    )


def _media_files() -> Iterator[Route]:
    """Media files require no permission of their own (``MediaFileController``)."""
    path = "media-files"
    yield _unguarded("pim_api_media_file_list", path, path, "list")
    yield _unguarded("pim_api_media_file_download", f"{path}/{{code}}/download", path, "download")
    yield _unguarded("pim_api_media_file_get", f"{path}/{{code}}", path, "get")
    yield _unguarded("pim_api_media_file_create", path, path, "upload", method="POST")


def _measurements(profile: Profile) -> Iterator[Route]:
    """Measurement families require no permission of their own (``MeasureFamilyController``)."""
    old, new = "measure-families", "measurement-families"
    legacy = "legacy_" if profile.measurement_families else ""
    yield _unguarded(f"{legacy}pim_api_measure_family_list", old, old, "list")
    yield _unguarded(f"{legacy}pim_api_measure_family_get", f"{old}/{{code}}", old, "get")
    if profile.measurement_families:
        yield _unguarded("pim_api_measurement_family_get", new, new, "list")
        name = "pim_api_measurement_family_create_or_update"
        yield _unguarded(name, new, new, "create_or_update", method="PATCH")


def _unguarded(name: str, path: str, resource: str, action: str, method: str = "GET") -> Route:
    return Route(name, f"{PREFIX}/{path}", method, resource, action)
