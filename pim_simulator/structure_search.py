"""The search of the lists that come straight from SQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pim_simulator.clock import parse_atom
from pim_simulator.errors import ApiError
from pim_simulator.product_search import php_type
from pim_simulator.store import Entity, Store

if TYPE_CHECKING:
    from pim_simulator.json_types import Json
    from pim_simulator.profiles import Profile

Predicate = Callable[[Entity], bool]

# Operator of a filter, in the order in which the error names them.
_OPERATORS: dict[str, dict[str, str]] = {
    "families": {"code": "IN", "updated": ">"},
    "attributes": {"code": "IN", "updated": ">", "type": "IN"},
    "attribute-groups": {"code": "IN", "updated": ">"},
    "categories": {"code": "IN", "parent": "=", "is_root": "=", "updated": ">"},
    "locales": {"enabled": "="},
    "currencies": {"enabled": "="},
}
_NAMES = {
    ("families", "code"): "family codes",
    ("attributes", "code"): "attribute codes",
    ("attributes", "type"): "attribute types",
    ("attribute-groups", "code"): "attribute group codes",
    ("categories", "code"): "category codes",
    ("categories", "parent"): "category parent",
    ("categories", "is_root"): "category is_root",
    ("locales", "enabled"): "locale enabled",
    ("currencies", "enabled"): "currency enabled",
    ("families", "has_products"): "family has_product",
    ("attributes", "is_main_identifier"): "attribute is_main_identifier",
}
_FLAGS = ("enabled", "is_root", "has_products", "is_main_identifier")
# These put the expected operator where the text speaks of the given one
# (AttributeRepository, AttributeGroupRepository: "{{ compared_value }} given").
_NAME_THE_EXPECTED_ONE = ("attributes", "attribute-groups")


def structure_predicates(
    resource: str, query: Mapping[str, str], store: Store, profile: Profile
) -> list[Predicate]:
    """Return the conditions of a request; resources without search ignore it."""
    operators = dict(_OPERATORS.get(resource, {}))
    if not operators or "search" not in query:
        return []
    if not profile.category_updated and resource == "categories":
        del operators["updated"]
    if profile.saas and resource == "families":
        operators["has_products"] = "="
    if profile.saas and resource == "attributes":
        operators["is_main_identifier"] = "="
    try:
        search = json.loads(query["search"])
    except ValueError:
        search = None
    if search is None:
        raise ApiError(400, "The search query parameter must be a valid JSON.")
    filters = search if isinstance(search, dict) else {}
    _check(resource, filters, operators)
    return [
        _predicate(name, condition["value"], store)
        for name, conditions in filters.items()
        for condition in conditions
    ]


def _check(resource: str, filters: dict[str, Any], operators: dict[str, str]) -> None:
    """Fail as the repository's ``validateSearchFilters`` does."""
    problems: list[str] = []
    for name, conditions in filters.items():
        if name not in operators:
            message = (
                f'Available search filters are "{", ".join(operators)}" and you tried to search '
                f'on unavailable filter "{name}"'
            )
            raise ApiError(400, message)
        for condition in conditions if isinstance(conditions, list) else [conditions]:
            problems += _problems(resource, name, operators[name], condition)
    if problems:
        raise ApiError(400, " ".join(problems))


def _problems(resource: str, name: str, operator: str, condition: Json) -> list[str]:
    if not isinstance(condition, dict):
        return ["This value should be of type array."]
    problems = [
        "This field is missing." for key in ("operator", "value") if key not in condition
    ] + ["This field was not expected." for key in condition if key not in ("operator", "value")]
    if "operator" in condition and condition["operator"] != operator:
        given = operator if resource in _NAME_THE_EXPECTED_ONE else condition["operator"]
        shown = f'"{given}"' if isinstance(given, str) else php_type(given).lower()
        must = _searching(_NAMES.get((resource, name), ""))
        problems.append(
            'Searching on the "updated" property require the ">" (greater than) operator, '
            f"{shown} given."
            if name == "updated"
            else f'{must} use "{operator}" operator, {shown} given.'
        )
    if "value" in condition:
        problems += _value_problems(resource, name, operator, condition["value"])
    return problems


def _searching(what: str) -> str:
    return f"In order to search on {what} you must"


def _value_problems(resource: str, name: str, operator: str, value: Json) -> list[str]:
    given = php_type(value)
    if operator == "IN" and not isinstance(value, list):
        plural = _NAMES[resource, name]
        return [f"{_searching(plural)} send an array of {plural} as value, {given} given."]
    if name == "updated" and parse_atom(value) is None:
        if resource == "categories":
            return ["This value is not in a valid ISO 8601 standard datetime format"]
        return ["This value is not a valid datetime."]
    if name == "parent" and not isinstance(value, str):
        must = _searching("category parent")
        return [f"{must} send a parent code category as value, {given} given."]
    if name in _FLAGS and not isinstance(value, bool):
        return [f'The "{name}" filter requires a boolean value, and the submitted value is not.']
    return []


def _predicate(name: str, value: Json, store: Store) -> Predicate:
    if name == "updated":
        since = parse_atom(value) or 0
        return lambda row: row.updated > since
    if name == "code":
        codes = {str(code).lower() for code in value}
        return lambda row: row.code.lower() in codes
    if name == "type":
        return lambda row: row.body["type"] in value
    if name == "parent":
        if value not in store.categories:
            raise ApiError(400, f"Parent code {value} does not exist.")
        below = store.category_and_below(value) - {value}
        return lambda row: row.code in below
    used = {item.family for item in store.products.values()} if name == "has_products" else set()
    facts: dict[str, Predicate] = {
        "enabled": lambda row: bool(row.body["enabled"]),
        "is_root": lambda row: row.body["parent"] is None,
        "has_products": lambda row: row.code in used,
        "is_main_identifier": lambda row: row.body["type"] == "pim_catalog_identifier",
    }
    fact = facts[name]
    return lambda row: fact(row) is value
