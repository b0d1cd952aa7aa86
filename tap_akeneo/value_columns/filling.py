"""Fills the columns of records."""

from __future__ import annotations

from decimal import Decimal
from functools import cache
from typing import TYPE_CHECKING, Any

import msgspec

from tap_akeneo.conformance import (
    INVALID_JSON,
    Conformer,
    Mismatch,
    NotConvertible,
    is_date,
    types_of,
)
from tap_akeneo.value_columns.definitions import COLUMN_PREFIX

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_akeneo.changed_values import ChangedValues
    from tap_akeneo.value_columns.definitions import Column

_decode_object = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


class _Entry(msgspec.Struct):
    """One entry of the property `values`: the data of an attribute in one place."""

    scope: str | int | None = None
    locale: str | int | None = None
    data: Any = None


# PHP turns a list with gaps into a map.
_Entries = list[_Entry] | dict[str, _Entry]
_decode_entries = msgspec.json.Decoder(_Entries, float_hook=Decimal).decode


class ColumnWriter:
    """Fills the columns of records.

    Args:
        columns: All columns of the stream.
        properties: The schema of each selected property. Other columns are not filled.
        changed_values: Counts the values that do not fit.
    """

    def __init__(
        self,
        columns: Iterable[Column],
        properties: Mapping[str, Mapping[str, Any]],
        changed_values: ChangedValues,
    ) -> None:
        self._properties = properties
        self._changed_values = changed_values
        self._conform = Conformer(self._count).conform
        # Null tells the target that a value was removed. A catalog may still have columns of
        # attributes that are no longer in the PIM.
        self._empty: dict[str, Any] = {
            name: None
            for name, schema in properties.items()
            if name.startswith(COLUMN_PREFIX) and "null" in (types_of(schema) or ("null",))
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
                entries = _decode_entries(content) if raw else msgspec.convert(content, _Entries)
            except INVALID_JSON:
                column = next(iter(places.values()))[0]
                self._count_misfit(column.name, "part of JSON that is not a list of values")
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
                content = self._conform(content, self._properties[name], name)
        except NotConvertible as error:
            if str(error):
                self._count_misfit(name, str(error))
        else:
            filled[name] = content

    def _count_misfit(self, name: str, difference: str) -> None:
        self._count(Mismatch(name, difference, is_converted=False))

    def _count(self, mismatch: Mismatch) -> None:
        # `values` keeps the original.
        self._changed_values.count(mismatch, kept=False)


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
            values = _decode_object(values)
        except INVALID_JSON:
            # PHP encodes an empty map as a list.
            return ()
    return values.items() if isinstance(values, dict) else ()
