"""The ``search`` parameter of the lists that are read from SQL."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from pim_simulator.database.clock import parse_atom
from pim_simulator.database.entities import Entity
from pim_simulator.database.php import php_type
from pim_simulator.http.errors import ApiError, internal_error

if TYPE_CHECKING:
    from pim_simulator.database.json_types import Json
    from pim_simulator.database.profiles import Profile
    from pim_simulator.database.store import Store

Predicate = Callable[[Entity], bool]
Operators = dict[str, str]

_CODE_AND_DATE = {"code": "IN", "updated": ">"}
_NAMES = {
    ("families", "code"): "family codes",
    ("attributes", "code"): "attribute codes",
    ("attributes", "type"): "attribute types",
    ("attribute-groups", "code"): "attribute group codes",
    ("categories", "code"): "category codes",
    ("categories", "parent"): "category parent",
    ("categories", "is_root"): "category is_root",
    ("families", "has_products"): "family has_product",
    ("attributes", "is_main_identifier"): "attribute is_main_identifier",
}
# Their message names the expected operator as the given one
# (AttributeRepository, AttributeGroupRepository: "{{ compared_value }} given"; recorded).
_NAME_THE_EXPECTED_ONE = ("attributes", "attribute-groups")


def structure_predicates(
    resource: str, query: Mapping[str, str], store: Store, profile: Profile
) -> list[Predicate]:
    """Return the conditions of a request; currencies and others ignore them (recorded)."""
    operators = _operators(resource, profile)
    if operators is None or "search" not in query:
        return []
    filters = _filters(resource, query["search"], profile)
    if resource == "locales":
        _check_locales(filters)
    else:
        _check(resource, filters, operators, profile)
    return [
        _predicate(name, condition["value"], store)
        for name, conditions in filters.items()
        for condition in conditions
    ]


def _operators(resource: str, profile: Profile) -> Operators | None:
    """Return the operator of each filter, in the order of the PIM's messages (recorded)."""
    if resource == "families":
        return _CODE_AND_DATE | ({"has_products": "="} if profile.by_uuid else {})
    if resource == "attributes":
        main = {"is_main_identifier": "="} if profile.since(8) else {}
        return {**_CODE_AND_DATE, "type": "IN", **main}
    if resource == "categories":
        newer = {"is_root": "=", "updated": ">"} if profile.category_updated else {}
        return {"code": "IN", "parent": "=", **newer}
    if resource == "attribute-groups":
        return _CODE_AND_DATE
    return {"enabled": "="} if resource == "locales" else None


def _filters(resource: str, text: str, profile: Profile) -> dict[str, Any]:
    """Return the decoded parameter.

    Any other JSON than a map or list ends in a TypeError, a 500 (recorded: ``""`` and ``1``).
    """
    try:
        search = json.loads(text)
    except ValueError:
        search = None
    if search is None:
        message = "The search query parameter must be a valid JSON."
        if resource == "categories" and profile.since(8):  # recorded
            message = f"{message[:-1]}: Syntax error"
        raise ApiError(400, message)
    if not isinstance(search, (dict, list)):
        raise internal_error()
    return search if isinstance(search, dict) else {}


def _check_locales(filters: dict[str, Any]) -> None:
    """Raise the errors of ``/locales``, which differ from those of other lists (recorded)."""
    for name, conditions in filters.items():
        for condition in conditions if isinstance(conditions, list) else [conditions]:
            operator = condition.get("operator") if isinstance(condition, dict) else None
            if name != "enabled" or operator != "=":
                message = (
                    f'Filter on property "{name}" is not supported or does not support operator '
                    f'"{operator}".'
                )
                raise ApiError(422, message)
            if not isinstance(condition.get("value"), bool):
                given = php_type(condition.get("value"))
                message = f'Property "enabled" expects a boolean as data, "{given}" given.'
                raise ApiError(422, message)


def _check(resource: str, filters: dict[str, Any], operators: Operators, profile: Profile) -> None:
    """Raise the errors of the repository's ``validateSearchFilters``."""
    problems: list[str] = []
    for name, conditions in filters.items():
        if name not in operators:
            message = (
                f'Available search filters are "{", ".join(operators)}" and you tried to search '
                f'on unavailable filter "{name}"'
            )
            raise ApiError(400, message)
        if not isinstance(conditions, list):
            problems.append("This value should be of type iterable.")
            continue
        for condition in conditions:
            problems += _problems(resource, name, operators[name], condition)
    if problems:
        # FamilyRepository put no space between them before 7.0 [derived].
        space = "" if resource == "families" and not profile.by_uuid else " "
        raise ApiError(400, space.join(problems))


def _problems(resource: str, name: str, operator: str, condition: Json) -> list[str]:
    if not isinstance(condition, dict):
        return ["This value should be of type array|(Traversable&ArrayAccess)."]
    problems = [
        "This field is missing." for key in ("operator", "value") if key not in condition
    ] + ["This field was not expected." for key in condition if key not in ("operator", "value")]
    if "operator" in condition and condition["operator"] != operator:
        given = operator if resource in _NAME_THE_EXPECTED_ONE else condition["operator"]
        must = _searching(_NAMES.get((resource, name), ""))
        problems.append(
            'Searching on the "updated" property require the ">" (greater than) operator, '
            f"{_shown(given)} given."
            if name == "updated"
            else f'{must} use "{operator}" operator, {_shown(given)} given.'
        )
    if "value" in condition:
        problems += _value_problems(resource, name, operator, condition["value"])
    return problems


def _shown(value: Json) -> str:
    """Return a value as Symfony's validator prints it."""
    return f'"{value}"' if isinstance(value, str) else php_type(value).lower()


def _searching(what: str) -> str:
    return f"In order to search on {what} you must"


def _value_problems(resource: str, name: str, operator: str, value: Json) -> list[str]:
    """Return what is wrong with a value; a list is checked item by item (recorded)."""
    if operator == "IN":
        return _list_problems(_NAMES[resource, name], value)
    if name == "updated":
        iso = "This value is not in a valid ISO 8601 standard datetime format"
        message = iso if resource == "categories" else "This value is not a valid datetime."
        return [] if parse_atom(value) is not None else [message]
    if name == "parent":
        must = f"{_searching('category parent')} send a parent code category as value"
        return [] if isinstance(value, str) else [f"{must}, {php_type(value)} given."]
    if isinstance(value, bool):
        return []
    if name == "is_root":
        must = _searching("category is_root")
        return [f"{must} send a bool value, {_shown(value)} given."]
    return [f'The "{name}" filter requires a boolean value, and the submitted value is not.']


def _list_problems(plural: str, value: Json) -> list[str]:
    if isinstance(value, list):
        wrong = [code for code in value if not isinstance(code, str)]
        return ["This value should be of type string."] * len(wrong)
    given = php_type(value)
    message = f"{_searching(plural)} send an array of {plural} as value, {given} given."
    return [message, "This value should be of type iterable."]


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
