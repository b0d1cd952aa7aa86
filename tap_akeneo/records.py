"""Turns items of the PIM into records that satisfy the schema of their stream."""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from datetime import datetime, timezone
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec

from tap_akeneo.changed_values import ADDITIONAL_FIELDS, ChangedValues
from tap_akeneo.client.errors import printable
from tap_akeneo.client.responses import decode
from tap_akeneo.conformance import (
    INVALID_JSON,
    Mismatch,
    NotConvertible,
    conform,
    has_dates,
    in_utc,
    infinite_numbers_as_text,
    is_date,
    is_untyped_object,
    may_have_local_dates,
    msgspec_type,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from tap_akeneo.value_columns.filling import ColumnWriter

VALUES: Final = "values"

_OBJECT_OR_NULL: Final = frozenset(b"{n")
_EMPTY_LIST: Final = msgspec.Raw(b"[]")
_EMPTY_MAP: Final = msgspec.Raw(b"{}")
_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw] | None).decode
_nul = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")

Record = dict[str, Any]
Properties = dict[str, dict[str, Any]]


class _QuickCheck:
    """Finds values that may not fit the schema, in items that all have the same keys.

    Args:
        unknown: Keys that the schema does not name.
        types: For each property that the schema names, a type that msgspec decodes its value to if
            and only if it fits; None if there is no such type.
        objects: Properties that are objects of any content. Their first byte is enough, because
            the values of a product take tens of kilobytes.
        dates: Properties that are dates, which become UTC.
    """

    def __init__(
        self,
        unknown: Collection[str],
        types: Mapping[str, Any],
        objects: Collection[str],
        dates: Collection[str],
    ) -> None:
        self.unknown = unknown
        self._objects = [name for name in types if name in objects]
        self._typed = [
            name
            for name, type_ in types.items()
            if type_ not in {None, msgspec.Raw} and name not in objects
        ]
        self._others = [name for name, type_ in types.items() if type_ is None]
        self._dates = [(place, name) for place, name in enumerate(self._typed) if name in dates]
        self._values_of = _getter(self._typed)
        # One call for all properties, because each call takes time.
        together = tuple(types[name] for name in self._typed)
        self._decode = msgspec.json.Decoder(tuple[together]).decode  # type: ignore[valid-type]

    def suspects(self, record: dict[str, Any]) -> list[str]:
        """Return the properties whose values may not fit, and turn dates into UTC."""
        found = [*self._others]
        for name in self._objects:
            value = record[name]
            if type(value) is not msgspec.Raw or memoryview(value)[0] not in _OBJECT_OR_NULL:
                found.append(name)
        try:
            values: tuple[Any, ...] = self._decode(b"[%b]" % b",".join(self._values_of(record)))
            for place, name in self._dates:
                date = values[place]
                if isinstance(date, datetime) and date.tzinfo is not timezone.utc:
                    record[name] = msgspec.Raw(in_utc(date))
        except (*INVALID_JSON, TypeError):
            # A TypeError means that a value is decoded already.
            found += self._typed
        return found


class RecordTransformer:
    """Turns API items into records: drops links, conforms values, keeps unknown fields.

    The values of a product take tens of kilobytes, so values stay the JSON that the PIM sent,
    unless one does not fit the schema or a later step needs it decoded.

    Args:
        properties: The schema of each property.
        whole: Decode all values, because a later step needs them.
        left_out: Properties that are not selected. They are not changed.
        nested_left_out: Paths of properties inside others that are not selected.
        keeps_values: Keep U+0000 and invalid dates.
        values_kept: Codes of the attributes to keep in the property `values`; all if empty.
        columns: Adds columns with the content of the property `values`.
        changed_values: Counts the changed values.

    Attributes:
        left_out: Properties that are not selected.
    """

    def __init__(  # noqa: PLR0913 (each by name)
        self,
        properties: Mapping[str, dict[str, Any]],
        *,
        whole: bool = False,
        left_out: Collection[str] = (),
        nested_left_out: Collection[tuple[str, ...]] = (),
        keeps_values: bool = False,
        values_kept: Collection[str] = (),
        columns: ColumnWriter | None = None,
        changed_values: ChangedValues | None = None,
    ) -> None:
        self._properties = properties
        self._whole = whole
        self.left_out = frozenset(left_out)
        self._nested_left_out = nested_left_out
        self._values_kept = {code.lower() for code in values_kept}
        self._columns = columns
        self._dates = not keeps_values
        self._removes_nul = not keeps_values
        self._changed_values = changed_values or ChangedValues(logging.getLogger(__name__))
        self._keeps_additional = ADDITIONAL_FIELDS in properties
        self._quick_checks: dict[tuple[str, ...], _QuickCheck] = {}
        self._types: dict[str, Any] = {}
        for name in properties.keys() - {path[0] for path in nested_left_out}:
            with suppress(NotImplementedError):
                self._types[name] = msgspec_type(properties[name], dates=self._dates)
        self._untyped_objects = {
            name for name in self._types if is_untyped_object(properties[name])
        }
        self._with_dates = {
            name for name in self._types if self._dates and has_dates(properties[name])
        }
        self._date_properties = {name for name in self._with_dates if is_date(properties[name])}
        self._decoders = {
            name: msgspec.json.Decoder(type_).decode for name, type_ in self._types.items()
        }

    def __call__(self, item: Mapping[str, Any], *, may_hold_nul: bool = False) -> dict[str, Any]:
        """Return the record of an item.

        Args:
            item: The item. Its values are decoded or `msgspec.Raw`.
            may_hold_nul: Whether the item may contain U+0000.

        Returns:
            The record. Its ``additional_fields`` have the keys that the schema does not name,
            because new versions of the PIM add keys, and the values that do not fit.
        """
        if may_hold_nul and self._removes_nul:
            item = self._without_nul(item)
        keys = tuple(item)
        check = self._quick_checks.get(keys) or self._quick_check_for(keys)
        record = dict(item)
        record.pop("_links", None)
        misfits: dict[str, Any] = {}
        for name in check.suspects(record):
            original = record[name]
            record[name], is_lossless = self._conform(name, original)
            if not is_lossless:
                misfits[name] = _readable(original)
        if self._values_kept and VALUES in record:
            record[VALUES] = self._limit_attributes(record[VALUES])
        if self._columns:
            record |= self._columns(record.get(VALUES))
        if self._whole:
            misfits |= self._decode_all(record)
        if check.unknown or misfits:
            unknown = {name: record.pop(name) for name in check.unknown if name in record}
            if self._keeps_additional:
                self._changed_values.log_unknown(unknown)
                record[ADDITIONAL_FIELDS] = unknown | misfits
        return record

    def _quick_check_for(self, keys: tuple[str, ...]) -> _QuickCheck:
        known = [name for name in keys if name in self._properties and name != ADDITIONAL_FIELDS]
        dropped = {"_links", *known, *self.left_out - {ADDITIONAL_FIELDS}}
        nested = self._with_dates - self._date_properties
        check = self._quick_checks[keys] = _QuickCheck(
            [name for name in keys if name not in dropped],
            # `_fits` looks for dates inside other values.
            {name: None if name in nested else self._types.get(name) for name in known},
            self._untyped_objects,
            self._date_properties,
        )
        return check

    def _conform(self, name: str, value: Any) -> tuple[Any, bool]:  # noqa: ANN401 (JSON)
        """Return a value that fits, and whether it has everything that the original has."""
        if name in self._untyped_objects and value == _EMPTY_LIST:
            # PHP's empty map, by far the most frequent mismatch.
            return _EMPTY_MAP, True
        if self._fits(name, value):
            return value, True
        mismatches: list[Mismatch] = []
        fitting = None
        try:
            fitting = conform(
                decoded(value), self._properties[name], mismatches.append, name, dates=self._dates
            )
        except INVALID_JSON:
            mismatches.append(_undecodable_value(name))
        except NotConvertible:
            pass  # It is among the mismatches.
        for path in self._nested_left_out:
            if path[0] == name:
                _delete_at(fitting, path[1:])
        self._count(mismatches)
        return fitting, all(mismatch.is_converted for mismatch in mismatches)

    def _fits(self, name: str, value: object) -> bool:
        """Return whether a value fits as it is."""
        if not isinstance(value, msgspec.Raw) or name not in self._decoders:
            return False
        if name in self._with_dates and may_have_local_dates(bytes(value)):
            return False
        try:
            self._decoders[name](value)
        except INVALID_JSON:
            return False
        return True

    def _count(self, mismatches: Iterable[Mismatch]) -> None:
        for mismatch in mismatches:
            self._changed_values.count(mismatch, kept=self._keeps_additional)

    def _decode_all(self, record: dict[str, Any]) -> dict[str, str]:
        """Decode all values of a record, and return the text of those that are no JSON."""
        misfits = {}
        for name, value in tuple(record.items()):
            try:
                record[name] = decoded(value)
            except INVALID_JSON:  # noqa: PERF203 (each value alone)
                self._count([_undecodable_value(name)])
                record[name], misfits[name] = None, _raw_text(value)
        return misfits

    def _limit_attributes(self, values: Any) -> Any:  # noqa: ANN401 (JSON)
        if isinstance(values, msgspec.Raw):
            # A property that is not selected was not conformed, and may be PHP's empty list.
            with suppress(*INVALID_JSON):
                values = _decode_object(values)
        if not isinstance(values, dict):
            return values
        return {key: one for key, one in values.items() if key.lower() in self._values_kept}

    def _without_nul(self, item: Mapping[str, Any]) -> Mapping[str, Any]:
        cleaned = {}
        for name, value in item.items():
            raw = bytes(value) if isinstance(value, msgspec.Raw) else msgspec.json.encode(value)
            text, times = _nul.subn(rb"\1", raw)
            cleaned[name.replace("\0", "")] = msgspec.Raw(text) if times else value
            if times:
                self._changed_values.count_text(f"U+0000 in `{printable(name)}`: removed", times)
        return cleaned


def keyless(record: Mapping[str, Any], keys: Collection[str]) -> str | None:
    """Return a text about missing keys, without which no target could store a record, or None."""
    for key in keys:
        if record.get(key) is None:
            break
    else:
        return None
    null = [f"{key} is null" for key in keys if key in record and record[key] is None]
    if null:
        return f"an item whose key {', '.join(null)}"
    missing = ", ".join(key for key in keys if key not in record)
    present = [f"{key} is {decoded(record[key])}" for key in keys if key in record]
    others = f" ({', '.join(present)})" if present else ""
    return f"an item without its key {missing}{others}"


def decoded(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """Decode a value if it is not decoded yet."""
    if isinstance(value, msgspec.Raw):
        return decode(value)
    # A stream may build an object of values that are not decoded.
    return {key: decoded(inner) for key, inner in value.items()} if type(value) is dict else value


def selected(
    properties: Mapping[str, dict[str, Any]],
    mask: Mapping[tuple[str, ...], bool],
    above: tuple[str, ...] = (),
) -> Properties:
    """Return the properties that a catalog selects, at all levels.

    Args:
        properties: The properties of the catalog's schema.
        mask: Whether each breadcrumb is selected.
        above: The breadcrumb of the object that has these properties.
    """
    chosen = {}
    for name, schema in properties.items():
        breadcrumb = (*above, "properties", name)
        if mask[breadcrumb]:
            inner = schema.get("properties")
            below = {"properties": selected(inner, mask, breadcrumb)} if inner else {}
            chosen[name] = {**schema, **below}
    return chosen


def is_declared(path: tuple[str, ...], properties: Mapping[str, dict[str, Any]]) -> bool:
    """Return whether a schema declares the property at a path."""
    name, *below = path
    if name not in properties:
        return False
    return not below or is_declared(tuple(below), properties[name].get("properties") or {})


def _undecodable_value(name: str) -> Mismatch:
    return Mismatch(name, "JSON that cannot be decoded", is_converted=False)


def _readable(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """Return a value as JSON that every target accepts, or else its text."""
    try:
        return infinite_numbers_as_text(decoded(value))
    except INVALID_JSON:
        return _raw_text(value)


def _raw_text(value: Any) -> str:  # noqa: ANN401 (JSON)
    return str(bytes(value), "utf-8") if isinstance(value, msgspec.Raw) else str(value)


def _getter(names: list[str]) -> Callable[[Mapping[str, Any]], tuple[msgspec.Raw, ...]]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda item: tuple(item[name] for name in names)


def _delete_at(value: Any, path: tuple[str, ...]) -> None:  # noqa: ANN401 (JSON)
    *above, name = path
    for part in above:
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, dict):
        value.pop(name, None)
