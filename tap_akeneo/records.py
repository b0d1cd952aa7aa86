"""From an item of the PIM to a record of a stream."""

from __future__ import annotations

from typing import Any

ADDITIONAL_FIELDS = "additional_fields"
"""The property that takes what a stream's schema does not name."""


def shape(item: dict[str, Any], properties: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """Makes a record of an item: links go, maps are maps, unknown keys are kept.

    Args:
        item: As the PIM sent it; taken over, not copied.
        properties: The stream's schema by property.

    Returns:
        The record. What the schema does not name stands in ``additional_fields``, since newer
        versions of the PIM add keys at any time.
    """
    item.pop("_links", None)
    unknown = {key: item.pop(key) for key in item.keys() - properties.keys()}
    record = {key: as_declared(value, properties[key]) for key, value in item.items()}
    if unknown:
        record[ADDITIONAL_FIELDS] = unknown
    return record


def as_declared(value: Any, schema: dict[str, Any]) -> Any:  # noqa: ANN401 (JSON)
    """Undoes what PHP does to maps: an empty one is sent as ``[]``, as are sequential keys.

    And the other way round: 6.0 sends an empty list of completenesses as ``{}`` (#18050).
    """
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
                key: as_declared(entry, inner.get(key) or other or {})
                for key, entry in value.items()
            }
    return value
