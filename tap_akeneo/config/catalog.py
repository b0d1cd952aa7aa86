"""Catalogs of any origin: what they ask for, in the form that the SDK understands."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from singer_sdk.singerlib import Catalog, Metadata, Schema

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from singer_sdk.singerlib import CatalogEntry

METHODS = ("FULL_TABLE", "INCREMENTAL")


def as_catalog(content: Mapping[str, Any]) -> Catalog:
    """Make a catalog of JSON.

    Besides what the SDK reads, this obeys `replication-method` in the metadata of a stream, which
    is where Meltano writes it, and `selected` in a schema, which is where old catalogs have it.

    Raises:
        KeyError: It is not a catalog.
        TypeError: Neither.
    """
    streams = content["streams"]
    if isinstance(streams, dict):
        streams = [{"tap_stream_id": name, **entry} for name, entry in streams.items()]
    return Catalog.from_dict({"streams": [_as_understood(entry) for entry in streams]})


def _as_understood(entry: Mapping[str, Any]) -> dict[str, Any]:
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
    metadata.setdefault((), {})
    if isinstance(entry.get("selected"), bool):
        metadata[()]["selected"] = entry["selected"]
    for breadcrumb, chosen in _selected_in(schema):
        metadata.setdefault(breadcrumb, {})["selected"] = chosen
    root = metadata[()]
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


def _selected_in(
    schema: Mapping[str, Any], above: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], bool]]:
    """What a schema says about its own selection, by breadcrumb."""
    if isinstance(schema.get("selected"), bool):
        yield above, schema["selected"]
    properties = schema.get("properties")
    for name, inner in (properties if isinstance(properties, dict) else {}).items():
        if isinstance(inner, dict):
            yield from _selected_in(inner, (*above, "properties", name))


def corrected(
    entry: CatalogEntry,
    schema: Mapping[str, Any],
    keys: Sequence[str],
    replication_key: str | None,
) -> Iterator[str]:
    """Correct what a catalog says and a stream cannot do.

    Args:
        entry: The entry of the catalog, which is changed.
        schema: The stream's own schema.
        keys: The stream's own keys.
        replication_key: The stream's own, None where it is always read whole.

    Yields:
        What the user should know.
    """
    if entry.key_properties and list(entry.key_properties) != list(keys):
        yield (
            "the catalog is from another version of this PIM: the key is now "
            f"{', '.join(keys)}. Run the discovery again"
        )
    entry.key_properties = list(keys)
    root = entry.metadata.root
    asked = entry.replication_key or root.replication_key
    if replication_key is None:
        entry.replication_method = "FULL_TABLE"
    elif asked and asked != replication_key:
        yield (
            f"the catalog asks for the replication key {asked}, which the PIM cannot filter by: "
            f"{replication_key} is used"
        )
    if entry.replication_method and entry.replication_method not in METHODS:
        yield (
            f"the catalog asks for the replication method {entry.replication_method}, which does "
            f"not exist here: {METHODS[1]} is used"
        )
        entry.replication_method = METHODS[1]
    root.forced_replication_method = None
    entry.replication_key = root.replication_key = replication_key
    always = [*keys, replication_key] if replication_key else keys
    _declare(entry, schema, always, keys)
    for name in always:
        entry.metadata["properties", name].inclusion = Metadata.InclusionType.AUTOMATIC


def _declare(
    entry: CatalogEntry, schema: Mapping[str, Any], always: Sequence[str], keys: Sequence[str]
) -> None:
    """Declares what each record has, and everything where the catalog has no schema at all."""
    own, declared = schema["properties"], entry.schema.to_dict()
    properties = declared.get("properties") or own
    missing = {name: own[name] for name in always if name not in properties or name in keys}
    entry.schema = Schema.from_dict(
        {**declared, "type": "object", "properties": {**properties, **missing}}
    )
