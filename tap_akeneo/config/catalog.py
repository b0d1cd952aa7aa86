"""Parses catalogs of any origin, and corrects what a stream does not support."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib import Catalog, Metadata, Schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from singer_sdk.singerlib import CatalogEntry

METHODS = ("FULL_TABLE", "INCREMENTAL")


def parse_catalog(content: Mapping[str, Any]) -> Catalog:
    """Parse a catalog.

    Beyond what the SDK supports, this reads `replication-method` from the metadata of a stream,
    where Meltano writes it, and `selected` from a schema, where old catalogs have it.

    Raises:
        KeyError, TypeError: It is not a catalog.
    """
    streams = content["streams"]
    if isinstance(streams, dict):
        streams = [{"tap_stream_id": name, **entry} for name, entry in streams.items()]
    return Catalog.from_dict({"streams": [_normalized_entry(entry) for entry in streams]})


def _normalized_entry(entry: Mapping[str, Any]) -> dict[str, Any]:
    name = entry.get("tap_stream_id") or entry["stream"]
    schema = entry.get("schema")
    schema = schema if isinstance(schema, dict) else {}
    metadata = {
        tuple(one["breadcrumb"]): dict(one["metadata"])
        for one in entry.get("metadata") or ()
        if isinstance(one, dict)
        and isinstance(one.get("breadcrumb"), (list, tuple))
        and isinstance(one.get("metadata"), dict)
    }
    # An entry without metadata is selected as a whole, as in the SDK.
    root = metadata.setdefault((), {} if metadata else {"selected": True})
    if isinstance(entry.get("selected"), bool):
        root["selected"] = entry["selected"]
    for breadcrumb, chosen in _selections_in(schema):
        metadata.setdefault(breadcrumb, {})["selected"] = chosen
    method = (
        root.get("replication-method")
        or entry.get("replication_method")
        or root.get("forced-replication-method")
    )
    return {
        **entry,
        "tap_stream_id": name,
        "schema": schema,
        "replication_method": str(method).upper() if method else None,
        "metadata": [
            {"breadcrumb": list(breadcrumb), "metadata": values}
            for breadcrumb, values in metadata.items()
        ],
    }


def _selections_in(
    schema: Mapping[str, Any], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], bool]]:
    """Yield the breadcrumbs in a schema that have the key `selected`, and its value."""
    if isinstance(schema.get("selected"), bool):
        yield above, schema["selected"]
    properties = schema.get("properties")
    for name, inner in (properties if isinstance(properties, dict) else {}).items():
        if isinstance(inner, dict):
            yield from _selections_in(inner, (*above, "properties", name))


def correct_entry(
    entry: CatalogEntry,
    schema: Mapping[str, Any],
    keys: Sequence[str],
    replication_key: str | None,
) -> Iterator[str]:
    """Correct an entry of a catalog where the stream does not support it.

    Args:
        entry: The entry, which is changed.
        schema: The stream's schema.
        keys: The stream's keys.
        replication_key: The stream's replication key, or None for a full table.

    Yields:
        Warnings for the user.
    """
    if entry.key_properties and list(entry.key_properties) != list(keys):
        yield (
            "the catalog is from another version of this PIM: the key is now "
            f"{', '.join(keys)}. Run discovery again"
        )
    entry.key_properties = list(keys)
    root = entry.metadata.root
    requested_key = entry.replication_key or root.replication_key
    if replication_key is None:
        entry.replication_method = "FULL_TABLE"
    elif requested_key and requested_key != replication_key:
        yield (
            f"the catalog has the replication key {requested_key}, but the PIM cannot filter by "
            f"it: using {replication_key}"
        )
    if entry.replication_method and entry.replication_method not in METHODS:
        yield (
            f"the catalog has the replication method {entry.replication_method}, but the tap does "
            f"not support it: using {METHODS[1]}"
        )
        entry.replication_method = METHODS[1]
    root.forced_replication_method = None
    entry.replication_key = root.replication_key = replication_key
    always = [*keys, replication_key] if replication_key else keys
    _add_missing_properties(entry, schema, always, keys)
    for name in always:
        entry.metadata["properties", name].inclusion = Metadata.InclusionType.AUTOMATIC


def _add_missing_properties(
    entry: CatalogEntry, schema: Mapping[str, Any], always: Sequence[str], keys: Sequence[str]
) -> None:
    """Add the properties that each record has; all properties if the entry has no schema."""
    own, declared = schema["properties"], entry.schema.to_dict()
    properties = declared.get("properties") or own
    missing = {name: own[name] for name in always if name not in properties or name in keys}
    entry.schema = Schema.from_dict(
        {**declared, "type": "object", "properties": {**properties, **missing}}
    )
