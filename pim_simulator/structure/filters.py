"""What the parameter ``search`` of the catalogue structure can name."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pim_simulator.database.profiles import SAAS, since
from pim_simulator.http.errors import ApiError
from pim_simulator.http.resource import Filter
from pim_simulator.http.search import UPDATED, code_filter

if TYPE_CHECKING:
    from pim_simulator.database.installation import Installation
    from pim_simulator.database.php import Json
    from pim_simulator.http.resource import Predicate


def _type(_: Installation, value: Json) -> Predicate:
    return lambda row: row.body["type"] in value


def _enabled(_: Installation, value: Json) -> Predicate:
    return lambda row: bool(row.body["enabled"]) is value


def _below(pim: Installation, value: Json) -> Predicate:
    if value not in pim.store.categories:
        raise ApiError(400, f"Parent code {value} does not exist.")
    below = pim.store.category_and_below(value) - {value}
    return lambda row: row.code in below


def _is_root(_: Installation, value: Json) -> Predicate:
    return lambda row: (row.body["parent"] is None) is value


def _has_products(pim: Installation, value: Json) -> Predicate:
    used = {item.family for item in pim.store.products.values()}
    return lambda row: (row.code in used) is value


def _is_main_identifier(pim: Installation, value: Json) -> Predicate:
    main = pim.store.identifier_attribute()
    return lambda row: (row.code == main) is value


FAMILY_FILTERS = (
    code_filter("family codes"),
    UPDATED,
    Filter("has_products", "=", _has_products, "family has_product", since(7)),
)
ATTRIBUTE_FILTERS = (
    code_filter("attribute codes"),
    UPDATED,
    Filter("type", "IN", _type, "attribute types"),
    Filter("is_main_identifier", "=", _is_main_identifier, "attribute is_main_identifier",
           since(8)),
)  # fmt: skip
CATEGORY_FILTERS = (
    code_filter("category codes"),
    Filter("parent", "=", _below, "category parent"),
    Filter("is_root", "=", _is_root, "category is_root", since(6)),
    replace(UPDATED, profiles=since(6)),
)
LOCALE_FILTERS = (Filter("enabled", "=", _enabled),)
# akeneo/pim-api-docs at 61ef548d, filter.md, "Filter currencies"
CURRENCY_FILTERS = (Filter("enabled", "=", _enabled, profiles=SAAS),)
