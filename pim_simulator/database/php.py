"""JSON values as PHP sees and writes them."""

from __future__ import annotations

from typing import Any, TypeAlias

Json: TypeAlias = Any


def php_array(mapping: dict[str, Any]) -> dict[str, Any] | list[Any]:
    """Return a map as ``json_encode`` writes a PHP array.

    An empty one is a list, and so is one whose keys count up from zero.
    """
    if list(mapping) == [str(number) for number in range(len(mapping))]:
        return list(mapping.values())
    return mapping


def array_key(code: str) -> str | int:
    """Return a code as the key of a PHP array, where digits become an integer.

    Quality scores take their ``scope`` from such keys
    (``ConnectorProductWithUuidNormalizer::normalizeQualityScores``).
    """
    return int(code) if code.isdecimal() and str(int(code)) == code else code


def php_type(value: object) -> str:
    """Return PHP's ``gettype()`` of a decoded JSON value."""
    names = {bool: "boolean", int: "integer", float: "double", str: "string"}
    return "NULL" if value is None else names.get(type(value), "array")
