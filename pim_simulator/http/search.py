"""The ``search`` parameter of the lists that are read from SQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pim_simulator.database.clock import parse_atom
from pim_simulator.database.php import php_type
from pim_simulator.http.errors import ApiError, internal_error
from pim_simulator.http.messages import parse_json
from pim_simulator.http.resource import Filter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pim_simulator.database.installation import Installation
    from pim_simulator.database.php import Json
    from pim_simulator.database.profiles import Profile
    from pim_simulator.http.resource import Predicate, Resource

# Their message names the expected operator as the given one
# (AttributeRepository, AttributeGroupRepository: "{{ compared_value }} given"; recorded).
_NAME_THE_EXPECTED_ONE = ("attributes", "attribute-groups")


def _code(_: Installation, value: Json) -> Predicate:
    codes = {str(code).lower() for code in value}
    return lambda row: row.code.lower() in codes


def _updated(_: Installation, value: Json) -> Predicate:
    instant = parse_atom(value) or 0
    return lambda row: row.updated > instant


UPDATED = Filter("updated", ">", _updated)


def code_filter(words: str) -> Filter:
    """Return the filter by codes, which messages call ``family codes`` or the like."""
    return Filter("code", "IN", _code, words)


def search_predicates(
    pim: Installation, resource: Resource, query: Mapping[str, str]
) -> list[Predicate]:
    """Return the conditions of a request; lists without filters ignore them (recorded)."""
    # In the order of the PIM's messages (recorded).
    known = {one.name: one for one in resource.filters if pim.profile.name in one.profiles}
    if not known or "search" not in query:
        return []
    search = _decoded(resource, query["search"], pim.profile)
    if resource.path in ("locales", "currencies"):
        _check_enabled(search)
    else:
        _check(resource, search, known, pim.profile)
    return [
        known[name].matches(pim, condition["value"])
        for name, conditions in search.items()
        for condition in _listed(conditions)
    ]


def _decoded(resource: Resource, text: str, profile: Profile) -> dict[str, Any]:
    """Return the decoded parameter.

    Any other JSON than a map or list ends in a TypeError, a 500 (recorded: ``""`` and ``1``).
    """
    search = parse_json(text)
    if search is None:
        message = "The search query parameter must be a valid JSON."
        if resource.path == "categories" and profile.since(8):  # recorded
            message = f"{message[:-1]}: Syntax error"
        raise ApiError(400, message)
    if not isinstance(search, (dict, list)):
        raise internal_error()
    return search if isinstance(search, dict) else {}


def _check_enabled(search: dict[str, Any]) -> None:
    """Raise the errors of ``/locales``, which differ from those of other lists (recorded).

    Those of ``/currencies``, which only SaaS filters, are supposed to be the same.
    """
    for name, conditions in search.items():
        for condition in conditions if isinstance(conditions, list) else [conditions]:
            operator = condition.get("operator") if isinstance(condition, dict) else None
            if name != "enabled" or operator != "=":
                message = (
                    f'Filter on property "{name}" is not supported or does not support operator '
                    f'"{operator}".'
                )
                raise ApiError(422, message)
            if not isinstance(condition.get("value"), bool):
                # Recorded on 7.0.84.
                message = 'Filter "enabled" with operator "=" expects a boolean value.'
                raise ApiError(422, message)


def _check(
    resource: Resource, search: dict[str, Any], known: Mapping[str, Filter], profile: Profile
) -> None:
    """Raise the errors of the repository's ``validateSearchFilters``."""
    problems: list[str] = []
    for name, conditions in search.items():
        if name not in known:
            message = (
                f'Available search filters are "{", ".join(known)}" and you tried to search '
                f'on unavailable filter "{name}"'
            )
            raise ApiError(400, message)
        if not isinstance(conditions, (list, dict)):
            problems.append("This value should be of type iterable.")
            continue
        for condition in _listed(conditions):
            problems += _problems(resource, known[name], condition)
    if problems:
        # FamilyRepository put no space between them before 7.0 [derived].
        space = "" if resource.path == "families" and not profile.by_uuid else " "
        raise ApiError(400, space.join(problems))


def _listed(value: Json) -> list[Json]:
    """Return the items of a PHP array, which is a list or a map (recorded on 7.0.84)."""
    return list(value.values() if isinstance(value, dict) else value)


def _problems(resource: Resource, known: Filter, condition: Json) -> list[str]:
    if isinstance(condition, list):
        condition = dict(enumerate(condition))
    if not isinstance(condition, dict):
        return ["This value should be of type array|(Traversable&ArrayAccess)."]
    problems = [
        "This field is missing." for key in ("operator", "value") if key not in condition
    ] + ["This field was not expected." for key in condition if key not in ("operator", "value")]
    operator = known.operator
    if "operator" in condition and condition["operator"] != operator:
        given = operator if resource.path in _NAME_THE_EXPECTED_ONE else condition["operator"]
        must = _searching(known.words)
        problems.append(
            'Searching on the "updated" property require the ">" (greater than) operator, '
            f"{_shown(given)} given."
            if known.name == "updated"
            else f'{must} use "{operator}" operator, {_shown(given)} given.'
        )
    if "value" in condition:
        problems += _value_problems(resource, known, condition["value"])
    return problems


def _shown(value: Json) -> str:
    """Return a value as Symfony's validator prints it."""
    return f'"{value}"' if isinstance(value, str) else php_type(value).lower()


def _searching(what: str) -> str:
    return f"In order to search on {what} you must"


def _value_problems(resource: Resource, known: Filter, value: Json) -> list[str]:
    """Return what is wrong with a value; a list is checked item by item (recorded)."""
    if known.operator == "IN":
        return _list_problems(known.words, value)
    if known.name == "updated":
        iso = "This value is not in a valid ISO 8601 standard datetime format"
        message = iso if resource.path == "categories" else "This value is not a valid datetime."
        return [] if parse_atom(value) is not None else [message]
    if known.name == "parent":
        must = f"{_searching(known.words)} send a parent code category as value"
        # The message names the expected type as the given one (recorded on 7.0.84).
        return [] if isinstance(value, str) else [f"{must}, string given."]
    if isinstance(value, bool):
        return []
    if known.name == "is_root":
        must = _searching(known.words)
        return [f"{must} send a bool value, {_shown(value)} given."]
    return [f'The "{known.name}" filter requires a boolean value, and the submitted value is not.']


def _list_problems(plural: str, value: Json) -> list[str]:
    if isinstance(value, list):
        wrong = [code for code in value if not isinstance(code, str)]
        return ["This value should be of type string."] * len(wrong)
    # That of types names the expected one (recorded on 7.0.84).
    given = "array" if plural == "attribute types" else php_type(value)
    message = f"{_searching(plural)} send an array of {plural} as value, {given} given."
    return [message, "This value should be of type iterable."]
