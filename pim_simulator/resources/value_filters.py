"""Filters on the data of a value."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pim_simulator.database.json_types import Json


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
