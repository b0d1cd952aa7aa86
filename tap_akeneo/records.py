"""Turns items of the PIM into records that satisfy the schema of their stream."""

from __future__ import annotations

import logging
import re
from contextlib import suppress
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import msgspec

from tap_akeneo.client.errors import AkeneoError, printable
from tap_akeneo.client.responses import decode
from tap_akeneo.conformance import (
    INVALID_JSON,
    Mismatch,
    NotConvertible,
    conform,
    infinite_numbers_as_text,
    is_untyped_object,
    msgspec_type,
)
from tap_akeneo.oddities import ADDITIONAL_FIELDS, Oddities

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

    from tap_akeneo.value_columns.filling import ColumnWriter

VALUES: Final = "values"

_OBJECT_OR_NULL: Final = frozenset(b"{n")
_EMPTY_MAP: Final = msgspec.Raw(b"{}")
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw] | None).decode
_nul = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")

Properties = dict[str, dict[str, Any]]


class _Plan(NamedTuple):
    """How to process all items that have the same keys.

    Attributes:
        unknown: Keys that the schema does not name.
        checked: Properties whose values are validated together.
        values: Returns the values of these properties.
        check: Raises an error if a JSON list of these values does not fit the schema.
        objects: Properties that are objects of any content, for which the first byte is enough.
        others: Properties that are always decoded.
    """

    unknown: tuple[str, ...]
    checked: tuple[str, ...]
    values: Callable[[Mapping[str, Any]], tuple[msgspec.Raw, ...]]
    check: Callable[[bytes], object]
    objects: tuple[str, ...]
    others: tuple[str, ...]


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
        oddities: Counts the changed values.

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
        oddities: Oddities | None = None,
    ) -> None:
        self._properties = properties
        self._whole = whole
        self.left_out = frozenset(left_out)
        self._nested_left_out = nested_left_out
        self._values_kept = {code.lower() for code in values_kept}
        self._columns = columns
        self._dates = not keeps_values
        self._removes_nul = not keeps_values
        self._oddities = oddities or Oddities(logging.getLogger(__name__))
        self._keeps_additional = ADDITIONAL_FIELDS in properties
        self._plans: dict[tuple[str, ...], _Plan] = {}
        self._types: dict[str, Any] = {}
        for name, schema in properties.items():
            with suppress(NotImplementedError):
                self._types[name] = msgspec_type(schema, dates=self._dates)
        self._untyped_objects = {
            name for name in self._types if is_untyped_object(properties[name])
        }
        for name in {path[0] for path in nested_left_out}:
            self._types.pop(name, None)
        self._checks = {
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
        plan = self._plans.get(keys) or self._plan_for(keys)
        record = dict(item)
        record.pop("_links", None)
        moved: dict[str, Any] = {}
        self._conform_all(record, plan, moved)
        if self._values_kept and VALUES in record:
            record[VALUES] = self._limit_attributes(record[VALUES])
        if self._columns:
            record |= self._columns(record.get(VALUES))
        if self._whole:
            for name, value in tuple(record.items()):
                self._decode(record, name, value, moved)
        if plan.unknown or moved:
            unknown = {name: record.pop(name) for name in plan.unknown if name in record}
            if self._keeps_additional:
                self._oddities.note_unknown(unknown)
                record[ADDITIONAL_FIELDS] = unknown | moved
        return record

    def _conform_all(self, record: dict[str, Any], plan: _Plan, moved: dict[str, Any]) -> None:
        """Conform all values, and decode only those that do not fit."""
        for name in plan.objects:
            value = record[name]
            if type(value) is not msgspec.Raw or memoryview(value)[0] not in _OBJECT_OR_NULL:
                self._conform(record, name, moved)
        try:
            plan.check(b"[%b]" % b",".join(plan.values(record)))
        except (*INVALID_JSON, TypeError):
            # A TypeError means that a value is decoded already.
            for name in plan.checked:
                self._conform(record, name, moved)
        for name in plan.others:
            self._conform(record, name, moved)

    def _plan_for(self, keys: tuple[str, ...]) -> _Plan:
        known = [name for name in keys if name in self._properties and name != ADDITIONAL_FIELDS]
        dropped = {"_links", *known, *self.left_out - {ADDITIONAL_FIELDS}}
        objects = [name for name in known if name in self._types and name in self._untyped_objects]
        checked = [
            name
            for name in known
            if self._types.get(name, msgspec.Raw) is not msgspec.Raw and name not in objects
        ]
        types = tuple(self._types[name] for name in checked)
        plan = self._plans[keys] = _Plan(
            tuple(name for name in keys if name not in dropped),
            tuple(checked),
            _getter(checked),
            msgspec.json.Decoder(tuple[types]).decode,  # type: ignore[valid-type]
            tuple(objects),
            tuple(name for name in known if name not in self._types),
        )
        return plan

    def _conform(self, record: dict[str, Any], name: str, moved: dict[str, Any]) -> None:
        """Conform one value, and keep the original in `moved` if a part of it does not fit."""
        value = record[name]
        if isinstance(value, msgspec.Raw) and name in self._checks:
            if name in self._untyped_objects and bytes(value) == b"[]":
                # A shortcut, because PHP's empty map is by far the most frequent mismatch.
                record[name] = _EMPTY_MAP
                return
            with suppress(*INVALID_JSON):
                self._checks[name](value)
                return
        mismatches: list[Mismatch] = []
        try:
            value = decoded(value)
            fitting = conform(
                value, self._properties[name], mismatches.append, name, dates=self._dates
            )
        except INVALID_JSON:
            mismatches.append(Mismatch(name, "JSON that cannot be decoded", is_converted=False))
            value, fitting = _raw_text(value), None
        except NotConvertible:
            fitting = None
        for path in self._nested_left_out:
            if path[0] == name:
                _delete_at(fitting, path[1:])
        self._note(mismatches)
        if not all(mismatch.is_converted for mismatch in mismatches):
            moved[name] = infinite_numbers_as_text(value)
        record[name] = fitting

    def _note(self, mismatches: Iterable[Mismatch]) -> None:
        for mismatch in mismatches:
            self._oddities.note(mismatch, kept=self._keeps_additional)

    def _decode(
        self, record: dict[str, Any], name: str, value: object, moved: dict[str, Any]
    ) -> None:
        try:
            record[name] = decoded(value)
        except INVALID_JSON:
            self._note([Mismatch(name, "JSON that cannot be decoded", is_converted=False)])
            record[name] = None
            moved[name] = _raw_text(value)

    def _limit_attributes(self, values: Any) -> Any:  # noqa: ANN401 (JSON)
        if isinstance(values, msgspec.Raw):
            # A property that is not selected was not conformed, and may be PHP's empty list.
            with suppress(*INVALID_JSON):
                values = _fields(values)
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
                self._oddities.note_text(f"U+0000 in `{printable(name)}`: removed", times)
        return cleaned


def check_keys(record: Mapping[str, Any], keys: Collection[str]) -> str | None:
    """Return the key that is null in a record, which no target accepts, or None.

    Raises:
        AkeneoError: A key is missing, so a target could not identify the record.
    """
    for key in keys:
        if record.get(key) is not None:
            continue
        if key in record:
            return key
        missing = [key for key in keys if key not in record]
        present = [f"{key} is {decoded(record[key])}" for key in keys if key in record]
        msg = f"the PIM sends an item without its key {', '.join(missing)}"
        raise AkeneoError(f"{msg} ({', '.join(present)})" if present else msg)
    return None


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
