"""Makes values conform to a JSON schema: converts them, or replaces them by null."""

from __future__ import annotations

import math
import re
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, Union

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

INT64: Final = range(-(2**63), 2**63)
"""Integers that fit the largest integer type of databases."""

DATE: Final = Annotated[datetime, msgspec.Meta(tz=True)]
LAST_SECOND: Final = 253_402_300_799
"""Last second of the year 9999, as a Unix timestamp."""

TYPE_NAMES: Final = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
}
INVALID_JSON: Final = (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError)
"""Errors of decoding a value, for example a number with more digits than Python parses."""

BOOLEANS_AS_TEXT: Final = {"1": True, "true": True, "0": False, "false": False}

is_number = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,4})?").fullmatch
_begins_with_date = re.compile(r"\d{4}-\d\d-\d\d").match
_is_epoch = re.compile(r"\d{9,10}").fullmatch


class NotConvertible(Exception):
    """The value cannot be converted to any type that its schema declares, which may not be null."""


class Mismatch(NamedTuple):
    """A value that differs from its schema.

    Attributes:
        path: Path of the value: names of properties, ``*`` for keys of a map, ``[]`` for items.
        difference: What the value is, and what the schema declares instead.
        is_converted: Whether it was converted without a loss.
    """

    path: str
    difference: str
    is_converted: bool


def types_of(schema: Mapping[str, Any]) -> Sequence[str]:
    """Return the types that a schema declares, or none if it accepts any value."""
    types = schema.get("type") or ()
    known = [types] if isinstance(types, str) else types
    return [one for one in known if one in TYPE_NAMES or one == "null"]


def _items_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    items = schema.get("items")
    return items if isinstance(items, dict) else {}


def is_date(schema: Mapping[str, Any]) -> bool:
    """Return whether a schema declares text to be a date with a time."""
    return schema.get("format") == "date-time"


def is_untyped_object(schema: Mapping[str, Any]) -> bool:
    """Return whether a schema declares an object but not its properties."""
    inner = schema.get("properties") or isinstance(schema.get("additionalProperties"), dict)
    return not inner and "object" in types_of(schema) and {*types_of(schema)} <= {"object", "null"}


def msgspec_type(schema: Mapping[str, Any], *, dates: bool = True) -> Any:  # noqa: ANN401
    """Return a type that msgspec can decode a value to if and only if it fits its schema.

    Args:
        schema: The schema.
        dates: Whether to validate dates.

    Returns:
        The type, or `msgspec.Raw` if any value fits.

    Raises:
        NotImplementedError: No type is equivalent to the schema.
    """
    types = {*types_of(schema)}
    if not types and {"properties", "items", "additionalProperties"} & schema.keys():
        raise NotImplementedError
    if not types or types >= {"string", "number", "boolean", "array", "object"}:
        return msgspec.Raw
    parts: list[Any] = []
    if "string" in types:
        parts.append(DATE if dates and is_date(schema) else str)
    if "number" in types:
        parts.append(float)
    elif "integer" in types:
        parts.append(Annotated[int, msgspec.Meta(ge=INT64[0], le=INT64[-1])])
    if "boolean" in types:
        parts.append(bool)
    if "null" in types:
        parts.append(None)
    if "array" in types:
        item: Any = msgspec_type(_items_of(schema), dates=dates)
        parts.append(list[item])
    if "object" in types:
        parts.append(_msgspec_object_type(schema, dates=dates))
    return Union[tuple(parts)]  # noqa: UP007 (the parts are only known at run time)


def _msgspec_object_type(schema: Mapping[str, Any], *, dates: bool) -> Any:  # noqa: ANN401 (a type)
    properties = schema.get("properties") or {}
    others = schema.get("additionalProperties")
    if properties and isinstance(others, dict):
        raise NotImplementedError
    if not properties:
        other: Any = msgspec_type(others if isinstance(others, dict) else {}, dates=dates)
        return dict[str, other]
    fields = []
    for number, inner in enumerate(properties.values()):
        declared: Any = msgspec_type(inner, dates=dates)
        if declared is not msgspec.Raw:
            declared = Union[declared, msgspec.UnsetType]  # noqa: UP007 (at run time)
        fields.append((f"f{number}", declared, msgspec.UNSET))
    names = {f"f{number}": name for number, name in enumerate(properties)}
    return msgspec.defstruct("Checked", fields, rename=names)


def conform(
    value: Any,  # noqa: ANN401 (JSON)
    schema: Mapping[str, Any],
    note: Callable[[Mismatch], object],
    path: str = "",
    *,
    dates: bool = True,
) -> Any:  # noqa: ANN401
    """Make a decoded value conform to its schema; return null if that is not possible.

    PHP confuses maps and lists, which is undone silently: it encodes an empty map as ``[]``, a map
    with the keys 0, 1, 2 as a list, and a filtered list as a map with numeric keys.

    Args:
        value: JSON, or the result of an expression in ``stream_maps``.
        schema: The schema.
        note: Called with each mismatch.
        path: Path of the value, for mismatches.
        dates: Whether to validate dates.

    Raises:
        NotConvertible: The value cannot be converted, and the schema does not declare null.
    """
    types = types_of(schema)
    json_type = json_type_of(value)
    if json_type == "text":
        value, json_type = _as_text(value), "string"
    declared = " or ".join(TYPE_NAMES[one] for one in types if one in TYPE_NAMES)
    try:
        if not types or json_type in types or (json_type == "integer" and "number" in types):
            fitting = value
        elif (restored := _undo_php_encoding(value, types, schema)) is not None:
            fitting = restored
        else:
            fitting = _convert(value, json_type, schema)
            difference = f"{TYPE_NAMES.get(json_type, json_type)} instead of {declared}"
            note(Mismatch(path, difference, is_converted=True))
        fitting = _check_range(fitting, types)
    except NotConvertible as error:
        name = TYPE_NAMES.get(json_type, json_type)
        note(Mismatch(path, str(error) or f"{name} instead of {declared}", is_converted=False))
        if "null" in types:
            return None
        raise
    if isinstance(fitting, str) and is_date(schema) and dates:
        return _conform_date(fitting, types, note, path)
    return _conform_children(fitting, schema, note, path, dates=dates)


def json_type_of(value: object) -> str:
    """Return the JSON Schema type of a value, or ``text`` for a type that JSON does not have."""
    if value is None:
        return "null"
    for types_, name in (
        (bool, "boolean"),
        (int, "integer"),
        ((float, Decimal), "number"),
        (str, "string"),
        ((list, tuple), "array"),
        (dict, "object"),
    ):
        if isinstance(value, types_):
            return name
    return "text"


def infinite_numbers_as_text(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """Turn numbers that overflow a float into text, because JSON parsers read them as infinity."""
    if isinstance(value, dict):
        return {key: infinite_numbers_as_text(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [infinite_numbers_as_text(inner) for inner in value]
    return str(value) if isinstance(value, (int, Decimal)) and not _is_finite(value) else value


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _undo_php_encoding(value: Any, types: Sequence[str], schema: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """Turn a list into the map that it was in PHP, or back; return None if neither applies."""
    if isinstance(value, list) and "object" in types:
        return {str(index): entry for index, entry in enumerate(value)}
    if not isinstance(value, dict) or "array" not in types:
        return None
    if all(key.isdecimal() for key in value):
        return list(value.values())
    # Some PIMs send the only entry of a list without the list.
    return [value] if value.keys() & (_items_of(schema).get("properties") or {}) else None


def _convert(value: Any, json_type: str, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401 (JSON)
    """Convert a value to another type without a loss.

    Raises:
        NotConvertible: No declared type can hold the value.
    """
    types = types_of(schema)
    if json_type not in {"null", "array", "object"}:
        for candidate in _candidates(value, schema):
            return candidate
        if "array" in types:
            return [value]
    raise NotConvertible


def _candidates(value: Any, schema: Mapping[str, Any]) -> Iterator[Any]:  # noqa: ANN401 (JSON)
    types = types_of(schema)
    if isinstance(value, str):
        text = value.strip()
        if not text and "null" in types:
            yield None
        if "boolean" in types and text.lower() in BOOLEANS_AS_TEXT:
            yield BOOLEANS_AS_TEXT[text.lower()]
        if is_number(text):
            yield from _numbers(Decimal(text), types)
    elif "string" in types and not is_date(schema):
        yield str(value).lower() if isinstance(value, bool) else str(value)
    elif "string" in types and not isinstance(value, bool) and 0 <= value <= LAST_SECOND:
        yield datetime.fromtimestamp(float(value), timezone.utc).isoformat()
    elif "boolean" in types and value in {0, 1}:
        yield bool(value)
    else:
        yield from _numbers(Decimal(value), types)


def _numbers(value: Decimal, types: Sequence[str]) -> Iterator[int | Decimal]:
    if value.is_finite() and value == value.to_integral_value():
        if {"integer", "number"}.intersection(types) and _is_finite(value):
            yield int(value)
    elif "number" in types:
        yield value


def _is_finite(value: float | Decimal) -> bool:
    try:
        return math.isfinite(float(value))
    except (OverflowError, ValueError):
        return False


def _check_range(value: Any, types: Sequence[str]) -> Any:  # noqa: ANN401 (JSON)
    """Return a value unless it is a number that no database column can hold.

    Raises:
        NotConvertible: It is such a number.
    """
    if isinstance(value, (bool, str)) or not isinstance(value, (int, float, Decimal)):
        return value
    if not types or _is_finite(value):
        whole_only = "integer" in types and "number" not in types
        if not whole_only or value in INT64:
            return value
    msg = "a number that is too large for a database"
    raise NotConvertible(msg)


def _conform_date(
    text: str, types: Sequence[str], note: Callable[[Mismatch], object], path: str
) -> str | None:
    try:
        msgspec.convert(text, DATE)
    except msgspec.ValidationError:
        pass
    else:
        return text
    try:
        if _is_epoch(text):
            parsed = datetime.fromtimestamp(int(text), timezone.utc)
        else:
            parsed = datetime.fromisoformat(text if _begins_with_date(text) else "")
    except ValueError:
        note(Mismatch(path, "text instead of a date", is_converted=False))
        if "null" not in types:
            raise NotConvertible from None
        return None
    note(Mismatch(path, "a date instead of a date with time and UTC offset", is_converted=True))
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)).isoformat()


def _conform_children(
    value: Any,  # noqa: ANN401 (JSON)
    schema: Mapping[str, Any],
    note: Callable[[Mismatch], object],
    path: str,
    *,
    dates: bool,
) -> Any:  # noqa: ANN401
    """Make the entries of a list or object conform, and drop those that cannot."""
    items = _items_of(schema)
    if isinstance(value, (list, tuple)) and items:
        entries = []
        for entry in value:
            try:
                entries.append(conform(entry, items, note, f"{path}[]", dates=dates))
            except NotConvertible:  # noqa: PERF203 (each entry alone)
                continue
        return entries
    properties = schema.get("properties") or {}
    others = schema.get("additionalProperties")
    if not isinstance(value, dict) or not (properties or isinstance(others, dict)):
        return value
    fitting = {}
    for key, entry in value.items():
        inner = properties.get(key) or (others if isinstance(others, dict) else {})
        below = f"{path}.{key if key in properties else '*'}"
        try:
            fitting[key] = conform(entry, inner, note, below, dates=dates)
        except NotConvertible:
            continue
    return fitting
