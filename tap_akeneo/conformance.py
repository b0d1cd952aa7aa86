"""Makes values conform to a JSON schema: converts them, dates to UTC, or replaces them by null."""

from __future__ import annotations

import math
import re
from contextlib import suppress
from datetime import date, datetime, timezone
from decimal import Decimal
from typing import TYPE_CHECKING, Annotated, Any, Final, NamedTuple, Union

import msgspec

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

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

is_number = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,4})?").fullmatch
_begins_with_date = re.compile(r"\d{4}-\d\d-\d\d").match
_is_epoch = re.compile(r"\d{9,10}").fullmatch
_ends_like_local_date = re.compile(rb'[+-](?!00:?00")\d\d:?\d\d"|\\').search


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


def has_dates(schema: Mapping[str, Any]) -> bool:
    """Return whether a schema declares dates, at any level."""
    others = schema.get("additionalProperties")
    inner = [_items_of(schema), others if isinstance(others, dict) else {}]
    inner += (schema.get("properties") or {}).values()
    return is_date(schema) or any(has_dates(one) for one in inner if one)


def may_have_local_dates(json: bytes) -> bool:
    """Return whether JSON may have a date with another UTC offset than zero."""
    return _ends_like_local_date(json) is not None


def in_utc(local: datetime) -> bytes:
    """Return a date as JSON in UTC, with the offset as the PIM writes it: ``+00:00``.

    Raises:
        OverflowError: The date is before the year 1 or after the year 9999 in UTC.
    """
    return msgspec.json.encode(local.astimezone(timezone.utc))[:-2] + b'+00:00"'


def _declares_entries(schema: Mapping[str, Any]) -> bool:
    """Return whether a schema says what an object contains."""
    return bool(schema.get("properties")) or isinstance(schema.get("additionalProperties"), dict)


def is_untyped_object(schema: Mapping[str, Any]) -> bool:
    """Return whether a schema declares an object but not its properties."""
    types = {*types_of(schema)}
    return "object" in types and types <= {"object", "null"} and not _declares_entries(schema)


def msgspec_type(schema: Mapping[str, Any], *, dates: bool = True) -> Any:  # noqa: ANN401
    """Return a type to which msgspec decodes exactly the values that fit the schema.

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
    on_mismatch: Callable[[Mismatch], object],
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
        on_mismatch: Called with each mismatch.
        path: Path of the value, for mismatches.
        dates: Whether to validate dates.

    Raises:
        NotConvertible: The value cannot be converted, and the schema does not declare null.
    """
    return Conformer(on_mismatch, dates).conform(value, schema, path)


class Conformer(NamedTuple):
    """Makes values conform.

    Attributes:
        on_mismatch: Called with each mismatch.
        dates: Whether to validate dates.
    """

    on_mismatch: Callable[[Mismatch], object]
    dates: bool = True

    def conform(self, value: Any, schema: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401
        """Return a value that fits, or null. See the function `conform`."""
        try:
            fitting = self._of_declared_type(value, schema, path)
            _check_range(fitting, schema)
            if isinstance(fitting, str) and is_date(schema) and self.dates:
                fitting = self._date(fitting, path)
        except NotConvertible as error:
            self.on_mismatch(Mismatch(path, str(error), is_converted=False))
            if "null" not in types_of(schema):
                raise NotConvertible from None
            return None
        return self._with_conforming_entries(fitting, schema, path)

    def _of_declared_type(self, value: Any, schema: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401
        types = types_of(schema)
        json_type = json_type_of(value)
        if json_type == "text":
            value, json_type = _as_text(value), "string"
        if not types or json_type in types or (json_type == "integer" and "number" in types):
            return value
        restored = _undo_php_encoding(value, types, schema)
        if restored is not None:
            return restored
        declared = " or ".join(TYPE_NAMES[one] for one in types if one in TYPE_NAMES)
        difference = f"{TYPE_NAMES.get(json_type, json_type)} instead of {declared}"
        try:
            converted = _convert(value, schema)
        except NotConvertible:
            raise NotConvertible(difference) from None
        self.on_mismatch(Mismatch(path, difference, is_converted=True))
        return converted

    def _date(self, text: str, path: str) -> str:
        """Return a date with time, in UTC.

        Raises:
            NotConvertible: The text is not a date.
        """
        try:
            parsed = msgspec.convert(text, DATE)
            if parsed.tzinfo is timezone.utc:
                return text
        except msgspec.ValidationError:
            parsed = _parse_loose_date(text)
            difference = "a date instead of a date with time and UTC offset"
            self.on_mismatch(Mismatch(path, difference, is_converted=True))
        try:
            return in_utc(parsed).decode().strip('"')
        except OverflowError:
            msg = "a date that has no year of four digits in UTC"
            raise NotConvertible(msg) from None

    def _with_conforming_entries(self, value: Any, schema: Mapping[str, Any], path: str) -> Any:  # noqa: ANN401
        if isinstance(value, (list, tuple)) and (items := _items_of(schema)):
            return self._list(value, items, f"{path}[]")
        if isinstance(value, dict) and _declares_entries(schema):
            return self._object(value, schema, path)
        return value

    def _list(self, entries: Iterable[Any], schema: Mapping[str, Any], path: str) -> list[Any]:
        """Make the entries of a list conform, and drop those that cannot."""
        conforming = []
        for entry in entries:
            try:
                conforming.append(self.conform(entry, schema, path))
            except NotConvertible:  # noqa: PERF203 (each entry alone)
                continue
        return conforming

    def _object(
        self, value: Mapping[str, Any], schema: Mapping[str, Any], path: str
    ) -> dict[str, Any]:
        """Make the properties of an object conform, and drop those that cannot."""
        properties = schema.get("properties") or {}
        others = schema.get("additionalProperties")
        others = others if isinstance(others, dict) else {}
        conforming = {}
        for name, entry in value.items():
            below = f"{path}.{name if name in properties else '*'}"
            try:
                conforming[name] = self.conform(entry, properties.get(name) or others, below)
            except NotConvertible:
                continue
        return conforming


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


def _convert(value: Any, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401 (JSON)
    """Convert a value to another type without a loss.

    Raises:
        NotConvertible: No declared type can hold the value.
    """
    if value is not None and not isinstance(value, (list, tuple, dict)):
        for candidate in _candidates(value, schema):
            return candidate
        if "array" in types_of(schema):
            return [value]
    raise NotConvertible


def _candidates(value: Any, schema: Mapping[str, Any]) -> Iterator[Any]:  # noqa: ANN401 (JSON)
    """Yield what a value can be as one of the declared types, without a loss."""
    types = types_of(schema)
    if isinstance(value, str):
        text = value.strip()
        if not text and "null" in types:
            yield None
        if "boolean" in types:
            with suppress(msgspec.ValidationError):
                yield msgspec.convert(text, bool, strict=False)
        if is_number(text):
            yield from _number_candidates(Decimal(text), types)
    elif "string" in types and not is_date(schema):
        yield str(value).lower() if isinstance(value, bool) else str(value)
    elif "string" in types and not isinstance(value, bool) and 0 <= value <= LAST_SECOND:
        yield datetime.fromtimestamp(float(value), timezone.utc).isoformat()
    elif "boolean" in types and value in {0, 1}:
        yield bool(value)
    else:
        yield from _number_candidates(Decimal(value), types)


def _number_candidates(value: Decimal, types: Sequence[str]) -> Iterator[int | Decimal]:
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


def _check_range(value: object, schema: Mapping[str, Any]) -> None:
    """Check that a value is not a number that no database column can hold.

    Raises:
        NotConvertible: It is such a number.
    """
    if isinstance(value, bool) or not isinstance(value, (int, float, Decimal)):
        return
    types = types_of(schema)
    whole_only = "integer" in types and "number" not in types
    if (types and not _is_finite(value)) or (whole_only and value not in INT64):
        msg = "a number that is too large for a database"
        raise NotConvertible(msg)


def _parse_loose_date(text: str) -> datetime:
    """Parse a date that lacks its time or UTC offset, or a Unix timestamp.

    Raises:
        NotConvertible: The text is neither.
    """
    try:
        if _is_epoch(text):
            return datetime.fromtimestamp(int(text), timezone.utc)
        parsed = datetime.fromisoformat(text if _begins_with_date(text) else "")
    except ValueError:
        msg = "text instead of a date"
        raise NotConvertible(msg) from None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=timezone.utc)
