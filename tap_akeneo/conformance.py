"""Values as a JSON schema declares them: how those that differ are converted or taken out."""

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
"""What the largest integer columns of databases hold."""

DATE: Final = Annotated[datetime, msgspec.Meta(tz=True)]
LAST_SECOND: Final = 253_402_300_799
"""The end of the year 9999, in seconds since 1970."""

WORDS: Final = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "an object",
}
SWITCHES: Final = {"1": True, "true": True, "0": False, "false": False}

_is_number = re.compile(r"-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d{1,4})?").fullmatch
_begins_with_date = re.compile(r"\d{4}-\d\d-\d\d").match
_is_epoch = re.compile(r"\d{9,10}").fullmatch


class Misfit(Exception):
    """The schema declares neither the value, nor what it can be converted to, nor null."""


class Finding(NamedTuple):
    """How a value differs from what its schema declares.

    Attributes:
        path: Where it is: names of properties, ``*`` for the keys of a map, ``[]`` for items.
        what: What came, and what is declared.
        fits: Whether it could be converted without a loss.
    """

    path: str
    what: str
    fits: bool


def types_of(schema: Mapping[str, Any]) -> Sequence[str]:
    """Return the types that a schema declares; none where it takes any value."""
    types = schema.get("type") or ()
    known = [types] if isinstance(types, str) else types
    return [one for one in known if one in WORDS or one == "null"]


def _items_of(schema: Mapping[str, Any]) -> dict[str, Any]:
    items = schema.get("items")
    return items if isinstance(items, dict) else {}


def is_date(schema: Mapping[str, Any]) -> bool:
    """Return whether the texts that a schema declares are dates with a time."""
    return schema.get("format") == "date-time"


def is_free_object(schema: Mapping[str, Any]) -> bool:
    """Return whether a schema declares an object and nothing about what is in it."""
    inner = schema.get("properties") or isinstance(schema.get("additionalProperties"), dict)
    return not inner and "object" in types_of(schema) and {*types_of(schema)} <= {"object", "null"}


def type_to_check(schema: Mapping[str, Any], *, dates: bool = True) -> Any:  # noqa: ANN401
    """Return the type as which msgspec can decode a value exactly when it fits its schema.

    Args:
        schema: The schema.
        dates: Whether texts that are declared to be dates must be dates.

    Returns:
        The type, `msgspec.Raw` where any value fits.

    Raises:
        NotImplementedError: There is no such type.
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
        item: Any = type_to_check(_items_of(schema), dates=dates)
        parts.append(list[item])
    if "object" in types:
        parts.append(_object_to_check(schema, dates=dates))
    return Union[tuple(parts)]  # noqa: UP007 (the parts are not known before)


def _object_to_check(schema: Mapping[str, Any], *, dates: bool) -> Any:  # noqa: ANN401 (a type)
    properties = schema.get("properties") or {}
    others = schema.get("additionalProperties")
    if properties and isinstance(others, dict):
        raise NotImplementedError
    if not properties:
        other: Any = type_to_check(others if isinstance(others, dict) else {}, dates=dates)
        return dict[str, other]
    fields = []
    for number, inner in enumerate(properties.values()):
        declared: Any = type_to_check(inner, dates=dates)
        if declared is not msgspec.Raw:
            declared = Union[declared, msgspec.UnsetType]  # noqa: UP007 (at run time)
        fields.append((f"f{number}", declared, msgspec.UNSET))
    names = {f"f{number}": name for number, name in enumerate(properties)}
    return msgspec.defstruct("Checked", fields, rename=names)


def conform(
    value: Any,  # noqa: ANN401 (JSON)
    schema: Mapping[str, Any],
    note: Callable[[Finding], object],
    path: str = "",
    *,
    dates: bool = True,
) -> Any:  # noqa: ANN401
    """Return a decoded value as its schema declares it, null where it cannot be.

    What PHP does to maps and lists is undone without a note: an empty map is sent as ``[]``, one
    with the keys 0, 1, 2 as a list, and a list that was filtered as a map with numbers for keys.

    Args:
        value: JSON, or what an expression made of it.
        schema: The schema.
        note: Called with each difference.
        path: Where the value is.
        dates: Whether texts that are declared to be dates must be dates.

    Raises:
        Misfit: It cannot be, and the schema does not declare null.
    """
    types = types_of(schema)
    kind = kind_of(value)
    if kind == "text":
        value, kind = _as_text(value), "string"
    declared = " or ".join(WORDS[one] for one in types if one in WORDS)
    try:
        if not types or kind in types or (kind == "integer" and "number" in types):
            fitting = value
        elif (mended := _as_php_meant(value, types, schema)) is not None:
            fitting = mended
        else:
            fitting = _converted(value, kind, schema)
            what = f"{WORDS.get(kind, kind)} where {declared} is declared"
            note(Finding(path, what, fits=True))
        fitting = _in_range(fitting, types)
    except Misfit as misfit:
        what = str(misfit) or f"{WORDS.get(kind, kind)} where {declared} is declared"
        note(Finding(path, what, fits=False))
        if "null" in types:
            return None
        raise
    if isinstance(fitting, str) and is_date(schema) and dates:
        return _date_of(fitting, types, note, path)
    return _inner(fitting, schema, note, path, dates=dates)


def kind_of(value: object) -> str:
    """Return the name that JSON schema has for a value's type; ``text`` for what JSON has not."""
    if value is None:
        return "null"
    for kinds, name in (
        (bool, "boolean"),
        (int, "integer"),
        ((float, Decimal), "number"),
        (str, "string"),
        ((list, tuple), "array"),
        (dict, "object"),
    ):
        if isinstance(value, kinds):
            return name
    return "text"


def with_finite_numbers(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """Return a value with text for the numbers that are infinite to whoever reads them."""
    if isinstance(value, dict):
        return {key: with_finite_numbers(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [with_finite_numbers(inner) for inner in value]
    return str(value) if isinstance(value, (int, Decimal)) and not _is_finite(value) else value


def _as_text(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else str(value)


def _as_php_meant(value: Any, types: Sequence[str], schema: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """A map for a list, or a list for a map; None where PHP did not confuse the two."""
    if isinstance(value, list) and "object" in types:
        return {str(index): entry for index, entry in enumerate(value)}
    if not isinstance(value, dict) or "array" not in types:
        return None
    if all(key.isdecimal() for key in value):
        return list(value.values())
    # A list of one, without the list.
    return [value] if value.keys() & (_items_of(schema).get("properties") or {}) else None


def _converted(value: Any, kind: str, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401 (JSON)
    """Another type that loses nothing."""
    types = types_of(schema)
    if kind not in {"null", "array", "object"}:
        for candidate in _candidates(value, schema):
            return candidate
        if "array" in types:
            return [value]
    raise Misfit


def _candidates(value: Any, schema: Mapping[str, Any]) -> Iterator[Any]:  # noqa: ANN401 (JSON)
    types = types_of(schema)
    if isinstance(value, str):
        text = value.strip()
        if not text and "null" in types:
            yield None
        if "boolean" in types and text.lower() in SWITCHES:
            yield SWITCHES[text.lower()]
        if _is_number(text):
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


def _in_range(value: Any, types: Sequence[str]) -> Any:  # noqa: ANN401 (JSON)
    """A number, if a database holds it.

    Raises:
        Misfit: It holds none of that size.
    """
    if isinstance(value, (bool, str)) or not isinstance(value, (int, float, Decimal)):
        return value
    if not types or _is_finite(value):
        whole_only = "integer" in types and "number" not in types
        if not whole_only or value in INT64:
            return value
    msg = "a number that is too large for a database"
    raise Misfit(msg)


def _date_of(
    text: str, types: Sequence[str], note: Callable[[Finding], object], path: str
) -> str | None:
    try:
        msgspec.convert(text, DATE)
    except msgspec.ValidationError:
        pass
    else:
        return text
    try:
        if _is_epoch(text):
            found = datetime.fromtimestamp(int(text), timezone.utc)
        else:
            found = datetime.fromisoformat(text if _begins_with_date(text) else "")
    except ValueError:
        note(Finding(path, "text that is no date where a date is declared", fits=False))
        if "null" not in types:
            raise Misfit from None
        return None
    note(Finding(path, "a date that is not written with time and offset", fits=True))
    return (found if found.tzinfo else found.replace(tzinfo=timezone.utc)).isoformat()


def _inner(
    value: Any,  # noqa: ANN401 (JSON)
    schema: Mapping[str, Any],
    note: Callable[[Finding], object],
    path: str,
    *,
    dates: bool,
) -> Any:  # noqa: ANN401
    """A value with what is in it conformed; what cannot be is left out."""
    items = _items_of(schema)
    if isinstance(value, (list, tuple)) and items:
        entries = []
        for entry in value:
            try:
                entries.append(conform(entry, items, note, f"{path}[]", dates=dates))
            except Misfit:  # noqa: PERF203 (each on its own)
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
        except Misfit:
            continue
    return fitting
