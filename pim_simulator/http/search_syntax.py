"""The ``search`` parameter of products and models, and filters on the data of values."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pim_simulator.database.php import php_type
from pim_simulator.http.errors import ApiError
from pim_simulator.http.messages import parse_json

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pim_simulator.database.php import Json

Filters = dict[str, list[dict[str, Any]]]


def read_search(query: Mapping[str, str], *, models: bool) -> Filters:
    """Return the filters of a request; invalid JSON is a 400, for models a 422 (recorded)."""
    if "search" not in query:
        return {}
    search = parse_json(query["search"])
    if not isinstance(search, (dict, list)):
        status = 422 if models else 400
        raise ApiError(status, "Search query parameter should be valid JSON.")
    if isinstance(search, list):  # a PHP array is both
        search = {str(number): filters for number, filters in enumerate(search)}
    for name, filters in search.items():
        if not isinstance(filters, list) or not filters:
            structure = f'{{"{name}":[{{"operator": "my_operator", "value": "my_value"}}]}}'
            message = f'Structure of filter "{name}" should respect this structure: {structure}'
            raise ApiError(422, message)
        for condition in filters:
            if not isinstance(condition, dict) or condition.get("operator") is None:
                raise ApiError(422, f'Operator is missing for the property "{name}".')
            operator = condition["operator"]
            if not isinstance(operator, str):
                kind = php_type(operator)
                raise ApiError(422, f'Operator has to be a string, "{kind}" given.')
    return search


def unsupported(name: str, operator: str) -> ApiError:
    """Return the 422 of a filter that does not exist or lacks an operator."""
    return ApiError(
        422,
        f'Filter on property "{name}" is not supported or does not support operator "{operator}"',
    )


def code_list(name: str, value: Json) -> list[str]:
    """Return the codes in a filter's value, which has to be a list."""
    if not isinstance(value, list):
        message = f'Property "{name}" expects an array as data, "{php_type(value)}" given.'
        raise ApiError(422, message)
    return [str(code) for code in value]


def value_test(operator: str, value: Json) -> Callable[[Any], bool] | None:
    """Return a test of a value's data, which is None if there is no value."""
    if operator in ("EMPTY", "NOT EMPTY"):
        return lambda data: (data in (None, [])) is (operator == "EMPTY")
    if operator in ("IN", "NOT IN") and isinstance(value, list):
        wanted = {str(code).lower() for code in value}

        def among(data: Json) -> bool:
            given = data if isinstance(data, list) else [data]
            found = not wanted.isdisjoint(str(code).lower() for code in given)
            return data is not None and found is (operator == "IN")

        return among
    if operator in ("=", "!="):
        return lambda data: data is not None and (_same(data, value) is (operator == "="))
    if operator == "CONTAINS" and isinstance(value, str):
        return lambda data: isinstance(data, str) and value.lower() in data.lower()
    if operator == "STARTS WITH" and isinstance(value, str):
        return lambda data: isinstance(data, str) and data.lower().startswith(value.lower())
    return None


def _same(data: Json, value: Json) -> bool:
    if isinstance(data, str) and isinstance(value, str):
        return data.lower() == value.lower()
    if isinstance(data, str) and isinstance(value, (int, float)):
        return float(data) == value
    return bool(data == value)
