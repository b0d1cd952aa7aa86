"""The setting ``value_columns``: one typed property for each value of the chosen attributes."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from fnmatch import fnmatchcase
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from tap_akeneo.client.responses import objects_in
from tap_akeneo.conformance import (
    DECODE_ERRORS,
    Mismatch,
    NotConvertible,
    conform,
    is_date,
    is_number,
    types_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from tap_akeneo.oddities import Oddities

PREFIX: Final = "value_"
"""Prefix of the names, so that they never equal a property of the stream, now or later."""

MAX_NAME_LENGTH: Final = 63
"""Longest name of a column in PostgreSQL, in bytes (its documentation, "Limits")."""

MAX_COLUMNS: Final = 900
"""Columns of one stream beside its own properties.

MySQL allows 1,017 columns in a table, SQL Server 1,024, and PostgreSQL and Redshift 1,600.
"""

_HASH_LENGTH = 10
_TEXT: Final = {"type": ["string", "null"]}
_NUMBER: Final = {"type": ["number", "null"]}
_BOOLEAN: Final = {"type": ["boolean", "null"]}
_DATE: Final = {"type": ["string", "null"], "format": "date"}

_is_plain = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*").fullmatch
_unsafe = re.compile(r"[^a-z0-9]+")
_date_at_start = re.compile(r"\d{4}-\d\d-\d\d").match
_encode = msgspec.json.Encoder(decimal_format="number").encode
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class Attribute(NamedTuple):
    """The properties of an attribute that determine its columns.

    Attributes:
        code: Its code.
        type: Its type, such as ``pim_catalog_text``.
        is_scopable: Whether it has a value for each channel.
        is_localizable: Whether it has a value for each locale.
        locales: The only locales for which it has values; all if empty.
    """

    code: str
    type: str
    is_scopable: bool = False
    is_localizable: bool = False
    locales: tuple[str, ...] = ()


class Channel(NamedTuple):
    """A channel with its locales and currencies.

    The PIM shows no values of other locales, and no prices in other currencies
    (``NonExistentPriceCollectionValueFilter`` in akeneo/pim-community-dev).
    """

    code: str
    locales: tuple[str, ...]
    currencies: tuple[str, ...]


class Column(NamedTuple):
    """One property with a part of one value.

    Attributes:
        name: Name of the property.
        schema: Its JSON schema.
        attribute: Code of the attribute.
        channel: Code of the channel, or None if the value belongs to all.
        locale: Code of the locale, or None if the value belongs to all.
        convert: Returns the content of the property for the data of the value.
    """

    name: str
    schema: Mapping[str, Any]
    attribute: str
    channel: str | None
    locale: str | None
    convert: Callable[[Any], Any]


def column_name(*parts: str) -> str:
    """Return the name of a column, which depends only on its parts.

    Therefore new attributes never rename a column. The PIM ignores the case of codes, so names are
    in lower case. Two underscores separate the parts. A name that would be ambiguous or too long
    ends with three underscores and a hash.

    Args:
        parts: Codes of the attribute and, if the value has them, of the channel, the locale and
            the currency, or ``amount`` or ``unit``.
    """
    lowered = [part.lower() for part in parts]
    name = PREFIX + "__".join(lowered)
    if len(name) <= MAX_NAME_LENGTH and all(map(_is_plain, lowered)):
        return name
    ending = "___" + sha256("\0".join(lowered).encode()).hexdigest()[:_HASH_LENGTH]
    safe = PREFIX + "__".join(_unsafe.sub("_", part).strip("_") for part in lowered)
    return safe[: MAX_NAME_LENGTH - len(ending)].rstrip("_") + ending


def matches(code: str, patterns: Iterable[str]) -> bool:
    """Return whether one of the patterns, which may have wildcards, matches a code."""
    return any(fnmatchcase(code.lower(), pattern.lower()) for pattern in patterns)


def columns_of(attribute: Attribute, channels: Sequence[Channel]) -> Iterator[Column]:
    """Yield the columns of an attribute: one for each channel, locale and part of its values."""
    for channel, locale, currencies in _places(attribute, channels):
        for part, schema, convert in _parts(attribute.type, currencies):
            codes = (attribute.code, channel, locale, part)
            yield Column(
                column_name(*(code for code in codes if code is not None)),
                {**schema, "description": _description(attribute.code, channel, locale, part)},
                attribute.code,
                channel,
                locale,
                convert,
            )


def _places(
    attribute: Attribute, channels: Sequence[Channel]
) -> Iterator[tuple[str | None, str | None, list[str]]]:
    """Yield each channel and locale for which an attribute has a value, and the currencies."""
    groups: list[tuple[str | None, Sequence[Channel]]] = [(None, channels)]
    if attribute.is_scopable:
        groups = [(channel.code, [channel]) for channel in channels]
    for code, group in groups:
        currencies = sorted({currency for channel in group for currency in channel.currencies})
        if not attribute.is_localizable:
            yield code, None, currencies
            continue
        for locale in sorted({locale for channel in group for locale in channel.locales}):
            if not attribute.locales or locale in attribute.locales:
                yield code, locale, currencies


def _parts(
    type_: str, currencies: Iterable[str]
) -> Iterator[tuple[str | None, Mapping[str, Any], Callable[[Any], Any]]]:
    """Yield the parts of a value that become columns: name, schema and conversion."""
    if type_ == "pim_catalog_metric":
        yield "amount", _NUMBER, lambda data: _as_number(_entry(data, "amount"))
        yield "unit", _TEXT, lambda data: _entry(data, "unit")
    elif type_ == "pim_catalog_price_collection":
        for currency in currencies:
            yield currency, _NUMBER, _price_in(currency)
    elif type_ == "pim_catalog_number":
        yield None, _NUMBER, _as_number
    elif type_ == "pim_catalog_boolean":
        yield None, _BOOLEAN, lambda data: data
    elif type_ == "pim_catalog_date":
        yield None, _DATE, _as_date
    else:
        yield None, _TEXT, _as_text


def _description(attribute: str, channel: str | None, locale: str | None, part: str | None) -> str:
    places = [f"channel {channel}"] if channel else []
    places += [f"locale {locale}"] if locale else []
    what = f"Value of {attribute}" if part is None else f"{part} of {attribute}"
    return f"{what[0].upper()}{what[1:]}{', ' if places else ''}{', '.join(places)}."


def _entry(data: Any, name: str) -> Any:  # noqa: ANN401 (JSON)
    if data is None or isinstance(data, dict):
        return data and data.get(name)
    msg = "a value instead of an amount with a unit"
    raise NotConvertible(msg)


def _price_in(currency: str) -> Callable[[Any], Any]:
    def price(data: Any) -> Any:  # noqa: ANN401 (JSON)
        amounts = (one.get("amount") for one in objects_in(data) if one.get("currency") == currency)
        return _as_number(next(amounts, None))

    return price


def _as_number(data: Any) -> Any:  # noqa: ANN401 (JSON)
    """Return the number in a text, as the PIM sends numbers that may have decimals."""
    return Decimal(data) if isinstance(data, str) and is_number(data) else data


def _as_date(data: Any) -> Any:  # noqa: ANN401 (JSON)
    """Return the day of a date, which the PIM sends as midnight in the server's time zone.

    Raises:
        NotConvertible: It is not a date.
    """
    if data is None:
        return None
    found = _date_at_start(data) if isinstance(data, str) else None
    try:
        return date.fromisoformat(found[0] if found else "").isoformat()
    except ValueError:
        msg = "a value instead of a date"
        raise NotConvertible(msg) from None


def _as_text(data: Any) -> str | None:  # noqa: ANN401 (JSON)
    """Return text as it is, codes joined by commas as Akeneo exports them, or else JSON."""
    if data is None or isinstance(data, str):
        return data
    if isinstance(data, list) and all(isinstance(one, str) for one in data):
        return ",".join(data)
    return _encode(data).decode()


class _Value(msgspec.Struct):
    """One entry of the property `values`: the data of an attribute in one place."""

    scope: str | int | None = None
    locale: str | int | None = None
    data: Any = None


# PHP turns a list with gaps into a map.
_Entries = list[_Value] | dict[str, _Value]
_entries = msgspec.json.Decoder(_Entries, float_hook=Decimal).decode


class ColumnWriter:
    """Fills the columns of records.

    Args:
        columns: All columns of the stream.
        properties: The schema of each selected property. Other columns are not filled.
        oddities: Counts the values that do not fit.
    """

    def __init__(
        self,
        columns: Iterable[Column],
        properties: Mapping[str, Mapping[str, Any]],
        oddities: Oddities,
    ) -> None:
        self._properties = properties
        self._oddities = oddities
        # Null tells the target that a value was removed. A catalog may still have columns of
        # attributes that are no longer in the PIM.
        self._empty: dict[str, Any] = {
            name: None
            for name, schema in properties.items()
            if name.startswith(PREFIX) and "null" in (types_of(schema) or ("null",))
        }
        self._columns: dict[str, dict[tuple[str, str], list[Column]]] = {}
        for one in columns:
            if one.name in properties:
                places = self._columns.setdefault(one.attribute.lower(), {})
                places.setdefault(_place(one.channel, one.locale), []).append(one)
        self._fitting = {name: _types_that_fit(schema) for name, schema in properties.items()}

    def __call__(self, values: Any) -> dict[str, Any]:  # noqa: ANN401 (JSON)
        """Return the columns of a record.

        Args:
            values: The property `values` of the record, decoded or not.
        """
        filled = dict(self._empty)
        for code, content in _by_attribute(values):
            places = self._columns.get(code.lower())
            if places is None:
                continue
            try:
                raw = isinstance(content, msgspec.Raw)
                entries = _entries(content) if raw else msgspec.convert(content, _Entries)
            except DECODE_ERRORS:
                column = next(iter(places.values()))[0]
                self._note(column.name, "part of JSON that is not a list of values")
                continue
            for entry in entries if isinstance(entries, list) else entries.values():
                for column in places.get(_place(entry.scope, entry.locale), ()):
                    self._fill(filled, column, entry.data)
        return filled

    def _fill(self, filled: dict[str, Any], column: Column, data: Any) -> None:  # noqa: ANN401
        name = column.name
        try:
            content = column.convert(data)
            if type(content) not in self._fitting[name]:
                content = conform(content, self._properties[name], self._note_mismatch, name)
        except NotConvertible as error:
            if str(error):
                self._note(name, str(error))
        else:
            filled[name] = content

    def _note(self, name: str, difference: str) -> None:
        self._note_mismatch(Mismatch(name, difference, is_converted=False))

    def _note_mismatch(self, mismatch: Mismatch) -> None:
        # `values` keeps the original.
        self._oddities.note(mismatch, kept=False)


@cache
def _place(channel: str | int | None, locale: str | int | None) -> tuple[str, str]:
    """Return a key for the channel and the locale of a value. The PIM ignores their case."""
    return (
        "" if channel is None else str(channel).lower(),
        "" if locale is None else str(locale).lower(),
    )


def _types_that_fit(schema: Mapping[str, Any]) -> frozenset[type]:
    """Return the Python types of which every value satisfies a schema."""
    types = types_of(schema)
    names: dict[type, str] = {bool: "boolean", type(None): "null"}
    if not is_date(schema):
        names[str] = "string"
    return frozenset(type_ for type_, name in names.items() if name in types)


def _by_attribute(values: Any) -> Iterable[tuple[str, Any]]:  # noqa: ANN401 (JSON)
    if isinstance(values, msgspec.Raw):
        try:
            values = _fields(values)
        except DECODE_ERRORS:
            # PHP encodes an empty map as a list.
            return ()
    return values.items() if isinstance(values, dict) else ()
