"""Names and types of the columns that an attribute has."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from hashlib import sha256
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tap_akeneo.value_columns.conversions import (
    amount_of,
    date_of,
    number_of,
    price_in,
    text_of,
    unit_of,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

COLUMN_PREFIX: Final = "value_"
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
    name = COLUMN_PREFIX + "__".join(lowered)
    if len(name) <= MAX_NAME_LENGTH and all(map(_is_plain, lowered)):
        return name
    ending = "___" + sha256("\0".join(lowered).encode()).hexdigest()[:_HASH_LENGTH]
    safe = COLUMN_PREFIX + "__".join(_unsafe.sub("_", part).strip("_") for part in lowered)
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
        yield "amount", _NUMBER, amount_of
        yield "unit", _TEXT, unit_of
    elif type_ == "pim_catalog_price_collection":
        for currency in currencies:
            yield currency, _NUMBER, price_in(currency)
    elif type_ == "pim_catalog_number":
        yield None, _NUMBER, number_of
    elif type_ == "pim_catalog_boolean":
        yield None, _BOOLEAN, lambda data: data
    elif type_ == "pim_catalog_date":
        yield None, _DATE, date_of
    else:
        yield None, _TEXT, text_of


def _description(attribute: str, channel: str | None, locale: str | None, part: str | None) -> str:
    places = [f"channel {channel}"] if channel else []
    places += [f"locale {locale}"] if locale else []
    what = f"Value of {attribute}" if part is None else f"{part} of {attribute}"
    return f"{what[0].upper()}{what[1:]}{', ' if places else ''}{', '.join(places)}."
