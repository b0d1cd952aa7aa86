"""The table of resources: what the API of each version offers. A new list is a row here.

Names, methods and order of the Community Edition were recorded on 5.0.118, 6.0.90, 7.0.22 and
master of April 2024. Names and ACLs of the Enterprise Edition are the PIM's for reference entities,
the asset manager, drafts and catalogs. The names for workflows, rules, readiness, the data
architect, extensions and hooks are made up, but not their paths.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from pim_simulator.catalogue import cloud as shop
from pim_simulator.catalogue import pam
from pim_simulator.cloud import lists as cloud
from pim_simulator.cloud.catalogs import CatalogLists
from pim_simulator.database.libraries import ASSET_FAMILY, LIBRARY_TABLES, REFERENCE_ENTITY, Kind
from pim_simulator.database.profiles import ENTERPRISE, SAAS, before, since
from pim_simulator.database.random_numbers import SeededRandom
from pim_simulator.database.rows import Entity
from pim_simulator.http.resource import EDIT, READ, RIGHTS, Resource, equal_to, one_of
from pim_simulator.http.search import UPDATED, code_filter
from pim_simulator.libraries.lists import LibraryLists, library_attributes, library_options
from pim_simulator.products.lists import ItemLists
from pim_simulator.structure import bodies
from pim_simulator.structure.filters import (
    ATTRIBUTE_FILTERS,
    CATEGORY_FILTERS,
    CURRENCY_FILTERS,
    FAMILY_FILTERS,
    LOCALE_FILTERS,
)
from pim_simulator.structure.lists import (
    SystemInformation,
    categories_by_tree,
    options_of_attribute,
    variants_of_family,
)
from pim_simulator.structure.media_files import MediaFiles

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pim_simulator.database.profiles import Profile
    from pim_simulator.database.store import Store

_NO_ACCESS = "You are not allowed to access the web API."
_BOOLEAN = ("true", "false")
_PIM_3 = frozenset({"pim-3"})
_V7 = since(7) - since(8)
# `pim_api_product_list` and similar permissions came with 6.0.
_SINCE_6 = dict.fromkeys(RIGHTS, before(6))


def _libraries(kind: Kind, feature: str, stem: str) -> Iterator[Resource]:
    """Iterate over the resources of reference entities or asset families."""
    library, row = kind.library_name.replace(" ", "_"), kind.link
    attribute, rows = f"{library}_attribute", kind.rows.removesuffix("s")
    below = f"{kind.path}/{{{kind.placeholder}}}"
    options = f"{below}/attributes/{{attributeCode}}/options"
    # By level: path, placeholder, a list and an item in the names of routes.
    levels = {
        "library": (kind.path, "code", kind.table, library),
        "attributes": (f"{below}/attributes", "code", f"{attribute}s", attribute),
        "options": (options, "optionCode", f"{attribute}_options", f"{attribute}_option"),
        "rows": (f"{below}/{kind.rows}", "code", f"{rows}s", rows),
        "files": (kind.media, "fileCode", "", "media_file"),
    }
    of_library = f'the {kind.library_name} "{{{kind.placeholder}}}"'
    not_found = {
        "attributes": f'Attribute "{{key}}" does not exist for {of_library}.',
        "options": 'Attribute option "{key}" does not exist for the attribute "{attributeCode}".',
    }
    select = {
        "attributes": partial(library_attributes, kind),
        "options": partial(library_options, kind),
    }
    tables = {level: table for table, (of, level) in LIBRARY_TABLES.items() if of is kind}
    for level, (path, placeholder, many, one) in levels.items():
        of_rows = level in ("rows", "files")
        allowed = f"{row.replace('_', ' ')}s" if of_rows else kind.table.replace("_", " ")
        yield Resource(
            path,
            one,
            ("file",) if level == "files" else READ,
            ENTERPRISE,
            feature=feature,
            placeholder=placeholder,
            route_names={
                action: f"{stem}_{name}_rest_connector_get"
                for action, name in (("list", many), ("get", one), ("file", one))
            },
            permission=row if of_rows else library,
            unguarded=_SINCE_6,
            denied=f"Access forbidden. You are not allowed to list {allowed}.",
            not_found=not_found.get(level, ""),
            handler=None if level in select else LibraryLists,
            table=tables.get(level, ""),
            paging="array",
            select=select.get(level),
            by_code=False,
        )


def _draft(resource: Resource, route_name: str) -> Resource:
    return replace(
        resource,
        actions=("draft",),
        profiles=resource.profiles & ENTERPRISE,
        later_actions={},
        feature="drafts",
        route_names={"draft": f"pimee_api_{route_name}"},
    )


def _enterprise(name: str) -> dict[str, str]:
    """Return the names of the routes of a resource of the Enterprise Edition."""
    return {action: f"pimee_api_{name}_{action}" for action in READ}


def _catalogs(path: str, name: str, *more: str) -> Resource:
    """Return a resource of catalogs, which only an app's role can be granted to read."""
    names = {"list": f"akeneo_catalogs_public_get_{name}"}
    return Resource(
        path,
        name,
        ("list", *more),
        _V7 | SAAS,
        feature="catalogs",
        placeholder="id",
        route_names=names | {"get": "akeneo_catalogs_public_get_catalog"},
        permission="catalog",
        denied="Access forbidden. You are not allowed to access app catalogs.",
        handler=CatalogLists,
    )


# fmt: off
_MODELS = Resource("product-models", "product_model", (*EDIT, "delete"), permission="product",
    later_actions={"delete": since(6)}, unguarded=_SINCE_6, handler=ItemLists)
_PRODUCTS = Resource("products", "product", (*EDIT, "delete"), permission="product",
    key="identifier", unguarded=_SINCE_6, handler=ItemLists)
_PRODUCTS_BY_UUID = Resource("products-uuid", "product_uuid", ("delete", *EDIT, "search"), since(7),
    later_actions={"search": SAAS}, permission="product", key="uuid", placeholder="uuid",
    title="Product", handler=ItemLists, table="products")
# *List categories* is checked everywhere but in 7.0 (GRF-829, recorded on 7.0.22).
_CATEGORIES = Resource("categories", "category", EDIT, permission="category",
    unguarded={"list": _V7}, denied=_NO_ACCESS, select=categories_by_tree, by_code=False,
    body=bodies.category, filters=CATEGORY_FILTERS)
_MEASURE_FAMILIES = Resource("measure-families", "measure_family", READ, since(5),
    route_names={action: f"legacy_pim_api_measure_family_{action}" for action in READ},
    not_found='Measure family with code "{key}" does not exist.', table="measurement_families",
    body=bodies.measure_family)

# The routes of the Enterprise Edition come first: a product's draft is not a product whose
# identifier ends in ``/draft``.
RESOURCES: tuple[Resource, ...] = (
    *_libraries(REFERENCE_ENTITY, "reference_entities", "akeneo_reference_entities"),
    *_libraries(ASSET_FAMILY, "assets", "akeneo_asset_manager"),
    _draft(_PRODUCTS, "product_draft_get"),
    _draft(_PRODUCTS_BY_UUID, "product_draft_get_with_uuid"),
    _draft(_MODELS, "product_model_draft_get"),
    # It has no AclAncestor (PublishedProductController).
    Resource("published-products", "published_product", READ, ENTERPRISE,
        feature="published_products", route_names=_enterprise("published_product"),
        handler=ItemLists),
    Resource("assets", "asset", READ, _PIM_3, feature="pam", route_names=_enterprise("asset"),
        table="pam_assets", rows=pam.assets, paging="search_after", body=cloud.pam_asset),
    Resource("asset-categories", "asset_category", READ, _PIM_3, feature="pam",
        route_names=_enterprise("asset_category"), table="pam_asset_categories",
        rows=pam.categories),
    Resource("asset-tags", "asset_tag", READ, _PIM_3, feature="pam",
        route_names=_enterprise("asset_tag"), table="pam_asset_tags", rows=pam.tags),
    Resource("workflows/tasks", "workflow_task", profiles=SAAS, feature="workflows", key="uuid",
        table="workflow_tasks", fill=shop.add_workflows, select=cloud.tasks_of_step, linked=False,
        body=cloud.task),
    Resource("workflows", "workflow", READ, SAAS, feature="workflows", key="uuid", linked=False),
    Resource("workflows/steps/{uuid}/assignees", "workflow_step_assignee", profiles=SAAS,
        feature="workflows", key="uuid", table="workflow_step_assignees",
        select=cloud.assignees_of_step, linked=False),
    # Akeneo's OpenAPI document of SaaS, September 2026, ``GET /permissions/{uuid}/locales``.
    *(Resource(f"permissions/{{uuid}}/{what}s", f"user_{what}_permissions", profiles=SAAS,
        feature="workflows", key="userUuid", table=f"user_{what}_permissions", paging="one",
        select=partial(cloud.rights_of_user, what)) for what in ("locale", "channel")),
    # The list has no conditions and actions (Akeneo's OpenAPI document of SaaS, September 2026).
    Resource("rule-definitions", "rule_definition", READ, SAAS, feature="rules", rows=shop.rules,
        body=cloud.rule,
        parameters={"codes": one_of("code"), "type": equal_to("type", "product", "record"),
            "execution_type": equal_to("execution_type", "scheduled", "triggered",
                "workflow_based"),
            "enabled": equal_to("enabled", *_BOOLEAN)}),
    # Parameters and shape: Akeneo's OpenAPI document of 2 September 2026, ``get_readinesses``
    # (snapshot of schallym/node-akeneo-api-client at 1e9acd8).
    Resource("readiness", "readiness", READ, SAAS, feature="readiness", rows=shop.readiness,
        by_code=False,
        parameters={"codes": one_of("code"), "is_draft": equal_to("is_draft", *_BOOLEAN)}),
    Resource("data-model-designer/modelization-suggestions", "modelization_suggestion",
        profiles=SAAS, feature="data_model_designer", key="uuid", rows=shop.suggestions,
        linked=False,
        parameters={"status": equal_to("status"), "source": equal_to("source"),
            "author": equal_to("author"), "codes": cloud.suggests}),
    replace(_catalogs("catalogs", "catalogs", "get"), fill=shop.add_catalogs),
    _catalogs("catalogs/{id}/mapping-schemas/product", "product_mapping_schema"),
    _catalogs("catalogs/{id}/product-uuids", "product_uuids"),
    _catalogs("catalogs/{id}/products", "products"),
    _catalogs("catalogs/{id}/mapped-products", "mapped_products"),
    _catalogs("catalogs/{id}/mapped-models", "mapped_models"),
    _catalogs("catalogs/{id}/mapped-models/{code}/variants", "mapped_variants"),
    Resource("ui-extensions", "ui_extension", profiles=SAAS, feature="ui_extensions", key="uuid",
        rows=shop.extensions, paging="array"),
    Resource("http-hook", "http_hook", profiles=SAAS, feature="http_hooks", key="hookType",
        table="http_hooks", rows=shop.hooks, paging="array"),
    Resource("locales", "locale", READ, permission="locale", filters=LOCALE_FILTERS),
    Resource("channels", "channel", EDIT, permission="channel", body=bodies.with_shown_labels),
    Resource("currencies", "currency", READ, permission="currency", body=bodies.currency,
        filters=CURRENCY_FILTERS),
    Resource("attributes", "attribute",
        ("list", "create", "partial_update", "get", "partial_update_list"), permission="attribute",
        body=bodies.attribute, filters=ATTRIBUTE_FILTERS),
    Resource("attributes/{attributeCode}/options", "attribute_option",
        ("list", "create", "partial_update", "partial_update_list", "get"),
        permission="attribute_option",
        not_found='Attribute option "{key}" does not exist or is not an option of the attribute '
            '"{attributeCode}".',
        table="attribute_options", select=options_of_attribute, body=bodies.with_shown_labels),
    Resource("attribute-groups", "attribute_group",
        ("list", "create", "get", "partial_update", "partial_update_list"),
        permission="attribute_group", body=bodies.with_shown_labels,
        filters=(code_filter("attribute group codes"), UPDATED)),
    Resource("families", "family", (*EDIT, "delete"), later_actions={"delete": SAAS},
        permission="family", body=bodies.family, filters=FAMILY_FILTERS),
    Resource("families/{familyCode}/variants", "family_variant", EDIT, permission="family_variant",
        not_found='Family variant "{key}" does not exist or is not a variant of the family '
            '"{familyCode}".',
        table="family_variants", select=variants_of_family, body=bodies.family_variant),
    Resource("association-types", "association_type", EDIT, permission="association_type",
        body=bodies.with_shown_labels),
    _MODELS,
    replace(_CATEGORIES, profiles=before(7)),
    _PRODUCTS,
    _PRODUCTS_BY_UUID,
    Resource("system-information", "system_information", profiles=since(6),
        route_names={"list": "pim_analytics_external_api_system_info_get"},
        handler=SystemInformation),
    # Media files require no permission of their own (MediaFileController).
    Resource("media-files", "media_file", ("list", "download", "get", "upload"),
        route_names={"upload": "pim_api_media_file_create"}, handler=MediaFiles),
    # Nor do measurement families (MeasureFamilyController).
    replace(_MEASURE_FAMILIES, profiles=before(5), route_names={}),
    _MEASURE_FAMILIES,
    Resource("measurement-families", "measurement_family", ("list", "create_or_update"), since(5),
        route_names={"list": "pim_api_measurement_family_get"}, paging="array", by_code=False),
    replace(_CATEGORIES, profiles=since(7)),
    # It came after 7.0 (recorded on master of April 2024).
    Resource("category-media-files", "category_media_file", ("download",), since(8),
        permission="category", denied=_NO_ACCESS, handler=MediaFiles),
)
# fmt: on


def resources_of(profile: Profile) -> list[Resource]:
    """Return the resources of a version, in the order in which it lists their routes."""
    return [resource for resource in RESOURCES if profile.name in resource.profiles]


def add_rows(store: Store, profile: Profile, seed: int) -> None:
    """Fill the data tables for which the table of resources names a source of rows."""
    random = SeededRandom(f"cloud/{seed}")
    for resource in resources_of(profile):
        if resource.feature in profile.off:
            continue
        if resource.fill is not None:
            resource.fill(store, random)
        for body in () if resource.rows is None else resource.rows(random):
            store.table(resource.table)[str(body[resource.key])] = Entity(body, 0, 0)
