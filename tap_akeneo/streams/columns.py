"""Reads from the PIM which columns the setting ``value_columns`` adds."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from tap_akeneo.client.errors import AkeneoError, WrongSetting, printable
from tap_akeneo.client.responses import value_of
from tap_akeneo.pagination.reader import read_all
from tap_akeneo.pagination.reading import ListReading, Outcome
from tap_akeneo.permissions import refusal_message
from tap_akeneo.streams.channels import Channels
from tap_akeneo.streams.structure import Attributes
from tap_akeneo.value_columns.definitions import (
    MAX_COLUMNS,
    Attribute,
    Channel,
    Column,
    columns_of,
    matches,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from tap_akeneo.client.responses import Item
    from tap_akeneo.config.settings import Settings
    from tap_akeneo.streams.base import AkeneoStream
    from tap_akeneo.streams.tap_interface import TapInterface

SETTING = "value_columns"


def read_columns(tap: TapInterface) -> Sequence[Column]:
    """Return the columns for the attributes that the PIM has now.

    Raises:
        WrongSetting: There are too many columns.
        AkeneoError: The PIM does not list its attributes or channels.
    """
    settings = tap.settings
    if not settings.value_columns:
        return ()
    try:
        attributes = list(_attributes(_items(Attributes(tap))))
        channels = list(_channels(_items(Channels(tap)), settings))
    except AkeneoError as error:
        msg = f"{SETTING}: {error}"
        raise AkeneoError(msg) from error
    _warn_of_unmatched(tap, attributes)
    only = {code.lower() for code in settings.attributes}
    columns = [
        column
        for attribute in sorted(attributes)
        if matches(attribute.code, settings.value_columns)
        and (not only or attribute.code.lower() in only)
        for column in columns_of(attribute, channels)
    ]
    if len(columns) > MAX_COLUMNS:
        raise WrongSetting(_too_many(columns))
    return columns


def _items(stream: AkeneoStream) -> list[Item]:
    """Return all items of a list.

    Raises:
        AkeneoError: The list could not be read completely.
    """
    reading = ListReading(stream.bare_list_request())
    items = read_all(stream.pim, reading)
    if reading.refusal is not None:
        message = refusal_message(reading.refusal, stream.permission, stream.settings, stream.name)
        raise AkeneoError(message) from reading.refusal
    if reading.outcome is not Outcome.COMPLETE:
        raise AkeneoError(reading.reason or f"the PIM does not list its {stream.name}")
    return items


def _attributes(items: Iterable[Item]) -> Iterator[Attribute]:
    for item in items:
        if code := value_of(item, "code"):
            yield Attribute(
                str(code),
                str(value_of(item, "type")),
                is_scopable=bool(value_of(item, "scopable")),
                is_localizable=bool(value_of(item, "localizable")),
                locales=_codes(item, "available_locales"),
            )


def _channels(items: Iterable[Item], settings: Settings) -> Iterator[Channel]:
    """Yield the channels with their locales, as far as the settings do not exclude them."""
    only = {locale.lower() for locale in settings.locales}
    for item in items:
        code = str(value_of(item, "code"))
        if not settings.channel or settings.channel.lower() == code.lower():
            locales = _codes(item, "locales")
            yield Channel(
                code,
                tuple(one for one in locales if not only or one.lower() in only),
                _codes(item, "currencies"),
            )


def _codes(item: Item, key: str) -> tuple[str, ...]:
    """Return the codes in a list of an item, such as its locales."""
    codes = value_of(item, key)
    if isinstance(codes, dict):
        # PHP turns a list with gaps into a map.
        codes = list(codes.values())
    return tuple(map(str, codes)) if isinstance(codes, list) else ()


def _warn_of_unmatched(tap: TapInterface, attributes: Sequence[Attribute]) -> None:
    unmatched = [
        pattern
        for pattern in tap.settings.value_columns
        if not any(matches(attribute.code, [pattern]) for attribute in attributes)
    ]
    if unmatched:
        tap.logger.warning(
            "%s: the PIM has no attribute %s", SETTING, printable(", ".join(unmatched))
        )


def _too_many(columns: Sequence[Column]) -> str:
    """Return the message about more columns than databases allow."""
    most = Counter(column.attribute for column in columns).most_common(3)
    examples = ", ".join(f"{number} of {code}" for code, number in most)
    return (
        f"{SETTING}: {len(columns):,} columns ({examples}, …), but databases allow about "
        f"{MAX_COLUMNS}: name fewer attributes, or limit the values with locales or channel"
    )
