"""Bodies of the resources of the catalogue structure, where they differ from their rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pim_simulator.catalogue.enterprise import TABLE_OPTIONS
from pim_simulator.catalogue.library_structure import option_body
from pim_simulator.database.php import php_array

if TYPE_CHECKING:
    from pim_simulator.database.installation import Installation
    from pim_simulator.database.rows import Entity
    from pim_simulator.http.messages import Request

_TABLE_OPTIONS = [option_body(code, texts) for code, texts in TABLE_OPTIONS.items()]
_COLORS = {"yes_color": "#67b373", "no_color": "#d4604f"}
_CATEGORY_ATTRIBUTES = "8f2c1d0a-5b6e-4c3d-9a7f-1e2d3c4b5a69"


def with_shown_labels(pim: Installation, row: Entity, _: Request) -> dict[str, Any]:
    """Return a row with its labels in activated locales."""
    return {**row.body, "labels": pim.store.shown_labels(row.body["labels"])}


def attribute(pim: Installation, row: Entity, request: Request) -> dict[str, Any]:
    """Return an attribute.

    ``with_table_select_options`` adds the options of the select columns of a table;
    ``with_table_select_options=false`` does so, too (``(bool) "false"``).
    """
    profile = pim.profile
    body = with_shown_labels(pim, row, request)
    group_labels = pim.store.shown_labels(body.pop("group_labels"))
    if request.query.get("with_table_select_options") and "table_configuration" in body:
        body["table_configuration"] = [
            {**column, "options": _TABLE_OPTIONS} if column["data_type"] == "select" else column
            for column in body["table_configuration"]
        ]
    for limit in ("date_min", "date_max"):
        if body[limit] is not None:
            body[limit] = pim.zone.midnight(body[limit])
    if not profile.since(6):
        del body["guidelines"]
    if not profile.since(5):
        del body["default_value"]
    if profile.since(8) and body["type"] == "pim_catalog_identifier":
        body["is_main_identifier"] = row.code == pim.store.identifier_attribute()
    if profile.since(4):  # the last key (recorded); `[]` where empty before 5.0
        body["group_labels"] = group_labels if profile.since(5) else php_array(group_labels)
    if profile.saas:
        body |= _newer_attribute_keys(row)
    return body


def _newer_attribute_keys(row: Entity) -> dict[str, Any]:
    kind = row.body["type"]
    select = kind in ("pim_catalog_simpleselect", "pim_catalog_multiselect")
    decimals = row.body["decimals_allowed"]
    return {
        "is_mandatory": False,
        "decimal_places_strategy": "round" if decimals else None,
        "decimal_places": 4 if decimals else None,
        "enable_option_creation_during_import": False if select else None,
        "display_time": False if kind == "pim_catalog_date" else None,
        # Akeneo's OpenAPI document of SaaS, September 2026, ``GET /attributes``.
        "color_configuration": _COLORS if kind == "pim_catalog_boolean" else None,
        "is_pinned": row.body["code"] == "name",
        "max_items_count": 10 if kind == "pim_catalog_multiselect" else None,
    }


def currency(pim: Installation, row: Entity, _: Request) -> dict[str, Any]:
    """Return a currency; SaaS has its label (Akeneo's OpenAPI document, ``GET /currencies``)."""
    return {**row.body, "label": row.code} if pim.profile.saas else row.body


def family(pim: Installation, row: Entity, request: Request) -> dict[str, Any]:
    """Return a family."""
    body = with_shown_labels(pim, row, request)
    return {**body, "parent": None} if pim.profile.saas else body


def family_variant(pim: Installation, row: Entity, request: Request) -> dict[str, Any]:
    """Return a family variant; only its path names its family."""
    body = with_shown_labels(pim, row, request)
    if pim.profile.saas:
        below = {code for level in body["variant_attribute_sets"] for code in level["attributes"]}
        attributes = pim.store.families[row.owner].body["attributes"]
        body["common_attributes"] = [code for code in attributes if code not in below]
    return body


def category(pim: Installation, row: Entity, request: Request) -> dict[str, Any]:
    """Return a category.

    Keys, their order and ``{}`` for no labels and no values were recorded; 7.0.22 ignores
    ``with_enriched_attributes``, and versions before 7.0 ignore ``with_position``.
    """
    profile, query = pim.profile, request.query
    body = {"code": row.body["code"], "parent": row.body["parent"]}
    if profile.since(6):
        right, wrong = pim.zone.date_c, pim.zone.utc_clock_with_server_offset
        body["updated"] = (right if profile.converts_category_dates else wrong)(row.updated)
    body["labels"] = pim.store.shown_labels(row.body["labels"])
    if query.get("with_position") == "true" and profile.by_uuid:
        body["position"] = row.body["position"]
    if query.get("with_enriched_attributes") == "true" and profile.since(8):
        body["values"] = _category_values(row)
    if profile.saas:
        body["channel_requirements"] = ["ecommerce"] if row.body["parent"] is None else []
        body["validations"] = {
            "max_categories_per_product": 5,
            "only_leaves": False,
            "is_mandatory": False,
        }
    return body


def _category_values(row: Entity) -> dict[str, Any]:
    if row.body["parent"] is not None:
        return {}
    key = f"teaser|{_CATEGORY_ATTRIBUTES}"
    return {
        f"{key}|ecommerce|en_US": {
            "data": f"<p>All of {row.code}</p>",
            "type": "textarea",
            "channel": "ecommerce",
            "locale": "en_US",
            "attribute_code": key,
        }
    }


def measure_family(_: Installation, row: Entity, __: Request) -> dict[str, Any]:
    """Return a family of the older ``/measure-families``."""
    return {
        "code": row.body["code"],
        "standard": row.body["standard_unit_code"],
        "units": [
            {
                "code": unit["code"],
                "convert": {step["operator"]: step["value"]},
                "symbol": unit["symbol"],
            }
            for unit in row.body["units"].values()
            for step in unit["convert_from_standard"]
        ],
    }
