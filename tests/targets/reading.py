"""Converts rows that a loader has stored back to rows as the PIM sent them."""

from __future__ import annotations

import ast
import json
from contextlib import suppress
from datetime import datetime, timezone
from decimal import Decimal, InvalidOperation
from typing import Any

from demo.database import KEYS
from tap_akeneo.streams.readings import Readings
from tap_akeneo.streams.resource import load_schema
from tests.support import as_sent

READ_AT = "read_at"
Row = dict[str, Any]
Key = tuple[str, ...]
Numbers = dict[str, Decimal]


class NotJson(ValueError):
    """A nested value is stored as something other than JSON."""


def keys(stream: str) -> Key:
    """Return the names of the key of a stream, which may be `readings`."""
    return KEYS.get(stream, Readings.primary_keys)


def key_of(stream: str, row: Row) -> Key:
    """Return the key of a row. Before 7.0, products have no uuid but an identifier."""
    names = keys(stream)
    if names == ("uuid",) and row.get("uuid") is None:
        names = ("identifier",)
    return tuple(str(moment(row[key]) if key == READ_AT else row[key]) for key in names)


def numbers_in(row: Row) -> Numbers:
    """Return the numbers in the columns of `value_columns`, with all digits that they have."""
    found = {}
    for name, value in row.items():
        if name.startswith("value_") and not isinstance(value, bool):
            # Loaders may write numbers as text.
            with suppress(InvalidOperation):
                found[name] = Decimal(str(value))
    return found


def restored(stream: str, row: Row, *, strict: bool = True, keeps_empty: bool = False) -> Row:
    """Return a stored row as the PIM sent it, but with dates as `datetime` objects.

    Args:
        stream: The stream of the row.
        row: The stored row. Values may be stored as text, numbers as decimals; dates without a
            zone are in UTC.
        strict: Whether nested values that are stored as text must be JSON; if not, they may also
            be Python literals.
        keeps_empty: Whether an empty text differs from a missing one.

    Raises:
        NotJson: If a nested value is neither nested nor JSON.
    """
    # Some loaders convert all names to lower case.
    kept = {name.lower(): value for name, value in row.items()}
    properties = load_schema(stream, keys(stream))["properties"]
    found = {
        name: _restored(kept.get(name.lower()), schema, strict=strict, keeps_empty=keeps_empty)
        for name, schema in properties.items()
    }
    if not found.get("additional_fields", True):
        del found["additional_fields"]
    told: Row = _as_floats(as_sent(found))
    if kept.get(READ_AT):
        told[READ_AT] = moment(kept[READ_AT])
    return told


def _as_floats(value: Any) -> Any:
    """Return a value with the floats that its decimals are read as by default."""
    if isinstance(value, dict):
        return {name: _as_floats(one) for name, one in value.items()}
    if isinstance(value, list):
        return [_as_floats(one) for one in value]
    return float(value) if isinstance(value, Decimal) else value


def moment(value: str | datetime) -> datetime:
    """Return a stored or sent date in UTC, which it is in if it has no zone."""
    found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    found = found if found.tzinfo else found.replace(tzinfo=timezone.utc)
    return found.astimezone(timezone.utc)


def _restored(value: Any, schema: dict[str, Any], *, strict: bool, keeps_empty: bool) -> Any:
    types = schema["type"]
    if value is None or (value == "" and not keeps_empty):
        return None
    if isinstance(value, datetime) or schema.get("format") == "date-time":
        return moment(value)
    if not isinstance(value, str) or "string" in types:
        return value
    if not {"object", "array"} & set(types):
        # A number, or true or false in upper or lower case.
        return json.loads(value.lower())
    try:
        return json.loads(value)
    except ValueError:
        if strict:
            raise NotJson(value) from None
        return ast.literal_eval(value)
