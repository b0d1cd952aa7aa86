"""The routes of the Enterprise Edition and the hosted one.

Names and ACLs are the PIM's for reference entities, the asset manager, drafts and catalogs.
The names for workflows, rules, readiness, the data architect, extensions and hooks are made up,
but not their paths.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pim_simulator.database.libraries import ASSET_FAMILY, REFERENCE_ENTITY, Kind
from pim_simulator.http.call import PREFIX
from pim_simulator.resources.routes import Route

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pim_simulator.database.profiles import Profile

# Names of the features in the PIM's configuration and in the 404 of a disabled one.
FLAGS = {
    "reference_entities": "reference_entity",
    "assets": "asset_manager",
    "published_products": "published_product",
    "drafts": "proposal",
    "workflows": "workflow",
    "rules": "rule_engine",
}
_CATALOGS_DENIED = "Access forbidden. You are not allowed to access app catalogs."
_CATALOG_LISTS = {
    "product-uuids": "product_uuids",
    "products": "products",
    "mapped-products": "mapped_products",
    "mapped-models": "mapped_models",
    "mapped-models/{code}/variants": "mapped_variants",
}


def enterprise_routes(profile: Profile) -> Iterator[Route]:
    """Iterate over the routes of a version that the Community Edition lacks."""
    makers: dict[str, Callable[[], Iterator[Route]]] = {
        "reference_entities": lambda: _libraries(profile, REFERENCE_ENTITY, "reference_entity",
                                                 "reference_entity_record"),
        "assets": lambda: _libraries(profile, ASSET_FAMILY, "asset_family", "asset"),
        "drafts": lambda: _drafts(profile),
        "published_products": lambda: _published(profile),
        "pam": _pam,
        "workflows": _workflows,
        "rules": lambda: _pages("rules", "rule-definitions", "rule_definition"),
        "readiness": lambda: _pages("readiness", "readiness", "readiness", single=True),
        "data_model_designer": _suggestions,
        "catalogs": _catalogs,
        "ui_extensions": lambda: _bare("ui_extensions", "ui-extensions", "ui_extension"),
        "http_hooks": lambda: _bare("http_hooks", "http-hook", "http_hook"),
    }  # fmt: skip
    for feature, routes in makers.items():
        if feature in profile.features:
            yield from routes()


def _libraries(profile: Profile, kind: Kind, library: str, row: str) -> Iterator[Route]:
    feature = kind.table if kind is REFERENCE_ENTITY else "assets"
    guarded = profile.product_permissions  # all these ACLs came with 6.0
    acl = f"pim_api_{library}_list" if guarded else None
    plural = "asset families" if kind is ASSET_FAMILY else "reference entities"
    row_acl = f"pim_api_{row}_list" if guarded else None
    row_plural = "assets" if kind is ASSET_FAMILY else "reference entity records"
    stem = "akeneo_asset_manager" if kind is ASSET_FAMILY else "akeneo_reference_entities"
    base = f"{PREFIX}/{kind.path}"
    below = f"{base}/{{{kind.placeholder}}}"
    options = f"{below}/attributes/{{attributeCode}}/options"
    many = f"{library[:-1]}ies"
    rows = kind.rows.removesuffix("s")
    for name, path, resource, action, mine in (
        (many, base, "", "list", False),
        (library, f"{base}/{{code}}", "", "get", False),
        (f"{library}_attributes", f"{below}/attributes", "/attributes", "list", False),
        (f"{library}_attribute", f"{below}/attributes/{{code}}", "/attributes", "get", False),
        (f"{library}_attribute_options", options, "/options", "list", False),
        (f"{library}_attribute_option", f"{options}/{{optionCode}}", "/options", "get", False),
        (f"{rows}s", f"{below}/{kind.rows}", "/rows", "list", True),
        (rows, f"{below}/{kind.rows}/{{code}}", "/rows", "get", True),
        ("media_file", f"{PREFIX}/{kind.media}/{{fileCode}}", "", "download", True),
    ):
        yield Route(
            name=f"{stem}_{name}_rest_connector_get",
            path=path,
            method="GET",
            resource=kind.path + resource,
            action=action,
            permission=row_acl if mine else acl,
            plural=row_plural if mine else plural,
            feature=feature,
        )


def _drafts(profile: Profile) -> Iterator[Route]:
    acl = "pim_api_product_list" if profile.product_permissions else None
    found = [("product_draft_get", "products", "{code}")]
    if profile.by_uuid:
        found.append(("product_draft_get_with_uuid", "products-uuid", "{uuid}"))
    found.append(("product_model_draft_get", "product-models", "{code}"))
    for name, resource, key in found:
        plural = "product models" if resource == "product-models" else "products"
        path = f"{PREFIX}/{resource}/{key}/draft"
        yield Route(
            *(f"pimee_api_{name}", path, "GET", resource, "draft", acl, plural), feature="drafts"
        )


def _published(_: Profile) -> Iterator[Route]:
    # It has no AclAncestor (PublishedProductController).
    path = f"{PREFIX}/published-products"
    for action, tail in (("list", ""), ("get", "/{code}")):
        yield Route(
            *(f"pimee_api_published_product_{action}", path + tail, "GET", "published-products"),
            action,
            feature="published_products",
        )


def _pam() -> Iterator[Route]:
    for resource, name in (
        ("assets", "asset"),
        ("asset-categories", "asset_category"),
        ("asset-tags", "asset_tag"),
    ):
        yield from _pages("pam", resource, name, single=True, stem="pimee_api")


def _pages(
    feature: str, resource: str, name: str, *, single: bool = False, stem: str = "pim_api"
) -> Iterator[Route]:
    path = f"{PREFIX}/{resource}"
    yield Route(f"{stem}_{name}_list", path, "GET", resource, "list", feature=feature)
    if single:
        yield Route(
            f"{stem}_{name}_get", f"{path}/{{code}}", "GET", resource, "get", feature=feature
        )


def _bare(feature: str, resource: str, name: str) -> Iterator[Route]:
    path = f"{PREFIX}/{resource}"
    yield Route(f"pim_api_{name}_list", path, "GET", resource, "list", feature=feature)


def _workflows() -> Iterator[Route]:
    yield from _pages("workflows", "workflows/tasks", "workflow_task")
    yield from _pages("workflows", "workflows", "workflow", single=True)
    path = f"{PREFIX}/workflows/steps/{{uuid}}/assignees"
    yield Route(
        *("pim_api_workflow_step_assignee_list", path, "GET", "workflows/assignees", "list"),
        feature="workflows",
    )


def _suggestions() -> Iterator[Route]:
    resource = "data-model-designer/modelization-suggestions"
    yield from _pages("data_model_designer", resource, "modelization_suggestion")


def _catalogs() -> Iterator[Route]:
    base = f"{PREFIX}/catalogs"
    found = [("get_catalogs", base, "catalogs", "list"),
             ("get_catalog", f"{base}/{{id}}", "catalogs", "get"),
             ("get_product_mapping_schema", f"{base}/{{id}}/mapping-schemas/product",
              "catalogs/mapping-schemas", "get")]  # fmt: skip
    found += [
        (f"get_{name}", f"{base}/{{id}}/{tail}", f"catalogs/{tail}", "list")
        for tail, name in _CATALOG_LISTS.items()
    ]
    for name, path, resource, action in found:
        yield Route(
            *(f"akeneo_catalogs_public_{name}", path, "GET", resource, action),
            permission="pim_api_catalog_list",
            feature="catalogs",
            denied=_CATALOGS_DENIED,
        )
