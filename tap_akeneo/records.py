"""From an item of the PIM to a record of a stream."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import msgspec

from tap_akeneo.client.errors import AkeneoError
from tap_akeneo.client.responses import decode

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

ADDITIONAL_FIELDS = "additional_fields"
"""The property that takes what a stream's schema does not name."""

# Quality scores have the codes of channels from the keys of an array, and PHP makes integers of
# keys that are all digits (ConnectorProductWithUuidNormalizer::normalizeQualityScores).
_has_channel_as_integer = re.compile(rb'"scope":\s*\d').search


class RecordTransformer:
    """Makes records of items: links go, maps are maps, unknown keys are kept.

    A product is tens of kilobytes of values which are only handed on, so values stay the JSON
    that the PIM sent unless something must look inside.

    Args:
        properties: What the items are made of, by property.
        whole: Decodes all values, for what works on them later.
    """

    def __init__(self, properties: Mapping[str, dict[str, Any]], *, whole: bool = False) -> None:
        self._properties = properties
        self._whole = whole
        # Properties that are not simply handed on, and what their JSON must begin with to be
        # decoded; None decodes it always. PHP may send a map as a list, and the other way round.
        self._looked_at: dict[str, int | None] = {}
        self._with_channels = {
            name
            for name, schema in properties.items()
            if "scope" in schema.get("items", {}).get("properties", {})
        }
        for name, schema in properties.items():
            types = schema.get("type", ())
            if whole or _has_maps_inside(schema):
                self._looked_at[name] = None
            elif "object" in types and "array" not in types:
                self._looked_at[name] = ord("[")
            elif "array" in types and "object" not in types:
                self._looked_at[name] = ord("{")

    def __call__(self, item: Mapping[str, Any]) -> dict[str, Any]:
        """Makes a record.

        Args:
            item: Values are decoded or still `msgspec.Raw`.

        Returns:
            The record. What the schema does not name stands in ``additional_fields``, since newer
            versions of the PIM add keys at any time.

        Raises:
            AkeneoError: A value that must be decoded cannot be.
        """
        record = dict(item)
        record.pop("_links", None)
        for key, start in self._looked_at.items():
            value = record.get(key)
            if value is None:
                continue
            if (
                start is None
                or not isinstance(value, msgspec.Raw)
                or memoryview(value)[0] == start
                or (key in self._with_channels and _has_channel_as_integer(value))
            ):
                record[key] = as_declared(self._decoded(key, item), self._properties[key])
        if not record.keys() <= self._properties.keys():
            unknown = {
                key: self._decoded(key, item) if self._whole else item[key]
                for key in item
                if key in record and key not in self._properties
            }
            for key in unknown:
                del record[key]
            record[ADDITIONAL_FIELDS] = unknown
        return record

    def _decoded(self, name: str, item: Mapping[str, Any]) -> Any:  # noqa: ANN401 (JSON)
        try:
            return decoded(item[name])
        except (msgspec.MsgspecError, ValueError, ArithmeticError) as fault:
            # Such as an integer or an exponent with more digits than Python reads.
            keys = (
                key for key, schema in self._properties.items() if schema.get("type") == "string"
            )
            of = ", ".join(str(decoded(item[key])) for key in keys if key in item and key != name)
            msg = f"`{name}` of {of} cannot be read: {fault}"
            raise AkeneoError(msg) from None


def check_keys(record: Mapping[str, Any], keys: Collection[str]) -> None:
    """Refuses a record without its keys, as a target could not tell it from others.

    Raises:
        AkeneoError: With the keys that are missing, and those that are not.
    """
    missing = [key for key in keys if key not in record]
    if missing:
        there = [f"{key} is {decoded(record[key])}" for key in keys if key in record]
        msg = f"the PIM sends an item without its key {', '.join(missing)}"
        raise AkeneoError(f"{msg} ({', '.join(there)})" if there else msg)


def decoded(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """A value, decoded if it is not yet."""
    return decode(value) if isinstance(value, msgspec.Raw) else value


def _has_maps_inside(schema: Mapping[str, Any]) -> bool:
    """Whether PHP could have sent a map or list below this one in the other's shape."""
    return any(
        "additionalProperties" in inner
        or "array" in inner.get("type", ())
        or _has_maps_inside(inner)
        for inner in _inner_schemas(schema)
    )


def _inner_schemas(schema: Mapping[str, Any]) -> list[dict[str, Any]]:
    inner = [schema.get("items"), schema.get("additionalProperties")]
    return [entry for entry in [*inner, *schema.get("properties", {}).values()] if entry]


def _is_text(schema: Mapping[str, Any]) -> bool:
    types = schema.get("type", ())
    return "string" in types and not {"integer", "number"}.intersection(types)


def as_declared(value: Any, schema: Mapping[str, Any]) -> Any:  # noqa: ANN401 (JSON)
    """Undoes what PHP does to maps: an empty one is sent as ``[]``, as are sequential keys.

    And the other way round: 6.0 sends an empty list of completenesses as ``{}`` (#18050). Codes
    of digits alone, which it may send as integers, are text again.
    """
    if not isinstance(value, (list, dict)):
        return value
    types = schema.get("type", ())
    if isinstance(value, list):
        if "array" in types:
            items = schema.get("items")
            return [as_declared(entry, items) for entry in value] if items else value
        if "object" in types:
            value = {str(index): entry for index, entry in enumerate(value)}
    if isinstance(value, dict):
        if "object" not in types and "array" in types:
            return [as_declared(entry, schema.get("items", {})) for entry in value.values()]
        inner = schema.get("properties", {})
        other = schema.get("additionalProperties")
        if inner or isinstance(other, dict):
            return {
                key: str(entry)
                if type(entry) is int and _is_text(inner.get(key, {}))
                else as_declared(entry, inner.get(key) or other or {})
                for key, entry in value.items()
            }
    return value
