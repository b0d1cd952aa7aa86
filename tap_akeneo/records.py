"""From an item of the PIM to a record of a stream, which satisfies the schema in force."""

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
    Finding,
    Misfit,
    conform,
    is_free_object,
    type_to_check,
    with_finite_numbers,
)
from tap_akeneo.oddities import ADDITIONAL_FIELDS, Oddities

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Mapping

UNREADABLE: Final = (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError)
"""What decoding a value raises, for example for a number with more digits than Python reads."""

VALUES: Final = "values"

_OBJECT_OR_NULL: Final = frozenset(b"{n")
_EMPTY_MAP: Final = msgspec.Raw(b"{}")
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw] | None).decode
_nul = re.compile(rb"(?<!\\)((?:\\\\)*)\\u0000")

Properties = dict[str, dict[str, Any]]


class _Plan(NamedTuple):
    """What to do with items that have the same keys.

    Attributes:
        unknown: Keys that the schema in force does not name.
        checked: Properties whose values are checked together, and how to get them.
        values: Gets the values of those.
        check: Raises where a list of those values does not fit.
        objects: Properties that hold an object of any kind, of which the first byte tells enough.
        others: Properties that are always decoded.
    """

    unknown: tuple[str, ...]
    checked: tuple[str, ...]
    values: Callable[[Mapping[str, Any]], tuple[msgspec.Raw, ...]]
    check: Callable[[bytes], object]
    objects: tuple[str, ...]
    others: tuple[str, ...]


class RecordTransformer:
    """Turn API items into records: drop links, conform values, keep what is unknown.

    A product is tens of kilobytes of values which are only handed on, so values stay the JSON
    that the PIM sent unless one does not fit the schema or something must look inside.

    Args:
        properties: The schema in force, by property.
        whole: Decode all values, for what works on them later.
        left_out: Properties that are not selected: they stay as they are.
        nested_left_out: The same of properties inside others, as paths.
        keeps_values: Keep U+0000 and texts that are no dates.
        values_kept: Attributes to which the property `values` is limited; all where none is named.
        oddities: Counts what is changed.

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
        oddities: Oddities | None = None,
    ) -> None:
        self._properties = properties
        self._whole = whole
        self.left_out = frozenset(left_out)
        self._nested_left_out = nested_left_out
        self._values_kept = {code.lower() for code in values_kept}
        self._dates = not keeps_values
        self._removes_nul = not keeps_values
        self._oddities = oddities or Oddities(logging.getLogger(__name__))
        self._keeps_additional = ADDITIONAL_FIELDS in properties
        self._plans: dict[tuple[str, ...], _Plan] = {}
        self._types: dict[str, Any] = {}
        for name, schema in properties.items():
            with suppress(NotImplementedError):
                self._types[name] = type_to_check(schema, dates=self._dates)
        self._free_objects = {name for name in self._types if is_free_object(properties[name])}
        for name in {path[0] for path in nested_left_out}:
            self._types.pop(name, None)
        self._checks = {
            name: msgspec.json.Decoder(type_).decode for name, type_ in self._types.items()
        }

    def __call__(self, item: Mapping[str, Any], *, may_hold_nul: bool = False) -> dict[str, Any]:
        """Make a record.

        Args:
            item: Values are decoded or still `msgspec.Raw`.
            may_hold_nul: Whether to look for U+0000 in it.

        Returns:
            The record. What the schema in force does not name stands in ``additional_fields``,
            since newer versions of the PIM add keys at any time, and so does what does not fit.
        """
        if may_hold_nul and self._removes_nul:
            item = self._without_nul(item)
        keys = tuple(item)
        plan = self._plans.get(keys) or self._plan_for(keys)
        record = dict(item)
        record.pop("_links", None)
        moved: dict[str, Any] = {}
        self._make_fit(record, plan, moved)
        if self._values_kept and VALUES in record:
            record[VALUES] = self._limited(record[VALUES])
        if self._whole:
            for name, value in tuple(record.items()):
                self._decode(record, name, value, moved)
        if plan.unknown or moved:
            unknown = {name: record.pop(name) for name in plan.unknown if name in record}
            if self._keeps_additional:
                self._oddities.note_unknown(unknown)
                record[ADDITIONAL_FIELDS] = unknown | moved
        return record

    def _make_fit(self, record: dict[str, Any], plan: _Plan, moved: dict[str, Any]) -> None:
        """Conforms all values, without a look into those that are only handed on."""
        for name in plan.objects:
            value = record[name]
            if type(value) is not msgspec.Raw or memoryview(value)[0] not in _OBJECT_OR_NULL:
                self._conform(record, name, moved)
        try:
            plan.check(b"[%b]" % b",".join(plan.values(record)))
        except (*UNREADABLE, TypeError):
            # The last where a value is decoded already.
            for name in plan.checked:
                self._conform(record, name, moved)
        for name in plan.others:
            self._conform(record, name, moved)

    def _plan_for(self, keys: tuple[str, ...]) -> _Plan:
        known = [name for name in keys if name in self._properties and name != ADDITIONAL_FIELDS]
        dropped = {"_links", *known, *self.left_out - {ADDITIONAL_FIELDS}}
        objects = [name for name in known if name in self._types and name in self._free_objects]
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
        """Conforms one value; what of it does not fit is moved, as it was sent."""
        value = record[name]
        if isinstance(value, msgspec.Raw) and name in self._checks:
            if name in self._free_objects and bytes(value) == b"[]":
                # By far the most frequent of all: PHP's empty map.
                record[name] = _EMPTY_MAP
                return
            with suppress(*UNREADABLE):
                self._checks[name](value)
                return
        findings: list[Finding] = []
        try:
            value = decoded(value)
            fitting = conform(
                value, self._properties[name], findings.append, name, dates=self._dates
            )
        except UNREADABLE:
            findings.append(Finding(name, "JSON that cannot be read", fits=False))
            value, fitting = _as_sent(value), None
        except Misfit:
            fitting = None
        for path in self._nested_left_out:
            if path[0] == name:
                _leave_out(fitting, path[1:])
        self._note(findings)
        if not all(finding.fits for finding in findings):
            moved[name] = with_finite_numbers(value)
        record[name] = fitting

    def _note(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self._oddities.note(finding, kept=self._keeps_additional)

    def _decode(
        self, record: dict[str, Any], name: str, value: object, moved: dict[str, Any]
    ) -> None:
        try:
            record[name] = decoded(value)
        except UNREADABLE:
            self._note([Finding(name, "JSON that cannot be read", fits=False)])
            record[name] = None
            moved[name] = _as_sent(value)

    def _limited(self, values: Any) -> Any:  # noqa: ANN401 (JSON)
        if isinstance(values, msgspec.Raw):
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
    """Return the key that is null in a record, which no target can take.

    Raises:
        AkeneoError: A key is missing, so that a target could not tell the record from others.
    """
    for key in keys:
        if record.get(key) is not None:
            continue
        if key in record:
            return key
        missing = [key for key in keys if key not in record]
        there = [f"{key} is {decoded(record[key])}" for key in keys if key in record]
        msg = f"the PIM sends an item without its key {', '.join(missing)}"
        raise AkeneoError(f"{msg} ({', '.join(there)})" if there else msg)
    return None


def decoded(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """Return a value, decoded if it is not yet."""
    if isinstance(value, msgspec.Raw):
        return decode(value)
    # What a stream has put together of several values.
    return {key: decoded(inner) for key, inner in value.items()} if type(value) is dict else value


def selected(
    properties: Mapping[str, dict[str, Any]],
    mask: Mapping[tuple[str, ...], bool],
    above: tuple[str, ...] = (),
) -> Properties:
    """Return the properties that a catalog selects, and of those the ones inside.

    Args:
        properties: Of the catalog's schema.
        mask: Which breadcrumbs are selected.
        above: The breadcrumb of what has these properties.
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
    """Return whether there is a property at a path."""
    name, *below = path
    if name not in properties:
        return False
    return not below or is_declared(tuple(below), properties[name].get("properties") or {})


def _as_sent(value: Any) -> str:  # noqa: ANN401 (JSON)
    return str(bytes(value), "utf-8") if isinstance(value, msgspec.Raw) else str(value)


def _getter(names: list[str]) -> Callable[[Mapping[str, Any]], tuple[msgspec.Raw, ...]]:
    if len(names) > 1:
        return itemgetter(*names)
    return lambda item: tuple(item[name] for name in names)


def _leave_out(value: Any, path: tuple[str, ...]) -> None:  # noqa: ANN401 (JSON)
    *above, name = path
    for part in above:
        value = value.get(part) if isinstance(value, dict) else None
    if isinstance(value, dict):
        value.pop(name, None)
