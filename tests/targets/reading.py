"""Rows as a loader keeps them, brought back to what the PIM told."""

from __future__ import annotations

import ast
import json
from datetime import datetime, timezone
from typing import Any

from demo.database import KEYS
from tap_akeneo.streams.base import load_schema
from tests.support import as_told

Row = dict[str, Any]
Key = tuple[str, ...]


class NotJson(ValueError):
    """A nested value is kept as something else."""


def key_of(stream: str, row: Row) -> Key:
    return tuple(str(row[key]) for key in KEYS[stream])


def restored(stream: str, row: Row, *, strict: bool = True) -> Row:
    """A row as the PIM told it, with dates as such.

    Args:
        stream: Where it comes from.
        row: Values may be texts of what they were; dates without a zone are in UTC.
        strict: Whether nested values that are kept as a text must be JSON; else they may be
            written as Python does.

    Raises:
        NotJson: If a nested value is neither nested nor JSON.
    """
    # Some loaders write all names in small letters.
    kept = {name.lower(): value for name, value in row.items()}
    properties = load_schema(stream, KEYS[stream])["properties"]
    found = {
        name: _restored(kept.get(name.lower()), schema, strict=strict)
        for name, schema in properties.items()
    }
    if not found.get("additional_fields", True):
        del found["additional_fields"]
    return as_told(found)


def _restored(value: Any, schema: dict[str, Any], *, strict: bool) -> Any:
    types = schema["type"]
    if value in (None, ""):
        return None
    if isinstance(value, datetime) or schema.get("format") == "date-time":
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return moment if moment.tzinfo else moment.replace(tzinfo=timezone.utc)
    if not isinstance(value, str) or "string" in types:
        return value
    if not {"object", "array"} & set(types):
        # A number, or true and false in any case.
        return json.loads(value.lower())
    try:
        return json.loads(value)
    except ValueError:
        if strict:
            raise NotJson(value) from None
        return ast.literal_eval(value)
