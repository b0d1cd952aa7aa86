"""Converts rows that a loader has stored back to rows as the PIM sent them."""

from __future__ import annotations

import ast
import json
from datetime import datetime, timezone
from typing import Any

from demo.database import KEYS
from tap_akeneo.streams.readings import Readings
from tap_akeneo.streams.resource import load_schema
from tests.support import as_sent

READ_AT = "read_at"
Row = dict[str, Any]
Key = tuple[str, ...]


class NotJson(ValueError):
    """A nested value is stored as something other than JSON."""


def keys(stream: str) -> Key:
    """Return the names of the key of a stream, which may be `readings`."""
    return KEYS.get(stream, Readings.primary_keys)


def key_of(stream: str, row: Row) -> Key:
    return tuple(str(_moment(row[key]) if key == READ_AT else row[key]) for key in keys(stream))


def restored(stream: str, row: Row, *, strict: bool = True, keeps_empty: bool = False) -> Row:
    """Return a stored row as the PIM sent it, but with dates as `datetime` objects.

    Args:
        stream: The stream of the row.
        row: The stored row. Values may be stored as text; dates without a zone are in UTC.
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
    told = as_sent(found)
    if kept.get(READ_AT):
        told[READ_AT] = _moment(kept[READ_AT])
    return told


def _moment(value: str | datetime) -> datetime:
    moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    return moment.astimezone(timezone.utc)


def _restored(value: Any, schema: dict[str, Any], *, strict: bool, keeps_empty: bool) -> Any:
    types = schema["type"]
    if value is None or (value == "" and not keeps_empty):
        return None
    if isinstance(value, datetime) or schema.get("format") == "date-time":
        return _moment(value)
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
