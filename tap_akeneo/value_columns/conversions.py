"""From the data of a value to the content of its columns."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec

from tap_akeneo.client.responses import objects_in
from tap_akeneo.conformance import NotConvertible, is_number

if TYPE_CHECKING:
    from collections.abc import Callable

_date_at_start = re.compile(r"\d{4}-\d\d-\d\d").match
_encode = msgspec.json.Encoder(decimal_format="number").encode


def amount_of(data: Any) -> Any:  # noqa: ANN401 (JSON)
    """Return the amount of a measurement."""
    return number_of(_entry(data, "amount"))


def unit_of(data: Any) -> Any:  # noqa: ANN401 (JSON)
    """Return the unit of a measurement."""
    return _entry(data, "unit")


def price_in(currency: str) -> Callable[[Any], Any]:
    """Return a function that returns the price in a currency."""

    def price(data: Any) -> Any:  # noqa: ANN401 (JSON)
        amounts = (one.get("amount") for one in objects_in(data) if one.get("currency") == currency)
        return number_of(next(amounts, None))

    return price


def number_of(data: Any) -> Any:  # noqa: ANN401 (JSON)
    """Return the number in a text, as the PIM sends numbers that may have decimals."""
    return Decimal(data) if isinstance(data, str) and is_number(data) else data


def date_of(data: Any) -> Any:  # noqa: ANN401 (JSON)
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


def text_of(data: Any) -> str | None:  # noqa: ANN401 (JSON)
    """Return text as it is, codes joined by commas as Akeneo exports them, or else JSON."""
    if data is None or isinstance(data, str):
        return data
    if isinstance(data, list) and all(isinstance(one, str) for one in data):
        return ",".join(data)
    return _encode(data).decode()


def _entry(data: Any, name: str) -> Any:  # noqa: ANN401 (JSON)
    if data is None or isinstance(data, dict):
        return data and data.get(name)
    msg = "a value instead of an amount with a unit"
    raise NotConvertible(msg)
