"""Compare the facts of a description with the tap, its settings and the simulated PIM."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, NamedTuple

import requests

from pim_simulator import SimulatedPim, serve
from tap_akeneo.config.schema import SETTINGS_SCHEMA
from tap_akeneo.streams import STREAMS
from tap_akeneo.streams.resource import load_schema
from tests.reference.facts import PREFIX
from tests.support import sync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_akeneo.streams.base import AkeneoStream
    from tests.reference.facts import Json

LINKS = {"_link", "_links"}
PAGING = {"limit", "page", "pagination_type", "search_after", "with_count"}
SENT = {
    "catalog_products": {"updated_after", "updated_before"},
    "workflow_tasks": {"search", "with_attributes"},
}
"""Query parameters that no setting stands for, by stream."""

WRAPPED = {
    *("catalog_mapped_products", "catalog_mapped_models", "catalog_mapped_variants"),
    "catalog_mapping_schemas",
}
"""Streams whose items are one column, because a mapping decides what they hold."""


class Difference(NamedTuple):
    """Something that the description has, and we do not, or not like that."""

    path: str
    what: str


def anonymous(path: str) -> str:
    """Return a path without the names of its placeholders."""
    return re.sub(r"\{[^}]*\}", "{}", path)


def stream_at(path: str) -> type[AkeneoStream] | None:
    """Return the first stream that reads a path."""
    return next((one for one in STREAMS if anonymous(one.path) == anonymous(path)), None)


def paths_of(facts: Json) -> Iterator[tuple[str, Json]]:
    """Yield the paths below the root of the API, and what is known of each."""
    for path, methods in facts["paths"].items():
        if path != PREFIX:
            yield path.removeprefix(f"{PREFIX}/"), methods["get"]


def properties_of(schema: Json) -> Iterator[tuple[str, Json]]:
    """Yield the properties of a schema, including those of its parts."""
    for name in ("allOf", "anyOf", "oneOf"):
        for part in schema.get(name, ()):
            yield from properties_of(part)
    for name, declared in schema.get("properties", {}).items():
        if name not in LINKS:
            yield name, declared


def record_of(operation: Json) -> Json:
    """Return the schema of one item of a response."""
    schema: Json = operation["responses"]["200"]["schema"]
    embedded = dict(properties_of(schema)).get("_embedded")
    if embedded is not None:
        items: Json = dict(properties_of(embedded))["items"]["items"]
        return items
    inner: Json = schema.get("items", schema)
    return inner


def differences(facts: Json) -> list[Difference]:
    """Return everything in which we differ from a description, in the order of its paths."""
    sent = _sent_by_the_simulator()
    routes = _routes_of_the_simulator()
    return [
        Difference(path, what)
        for path, operation in paths_of(facts)
        for what in _at(path, operation, facts, routes, sent)
    ]


def _at(
    path: str, operation: Json, facts: Json, routes: set[str], sent: dict[str, set[str]]
) -> Iterator[str]:
    if anonymous(path) not in routes:
        yield "no route in the simulator"
    stream = stream_at(path)
    if stream is None:
        if not _is_single(path, facts):
            yield "no stream"
        return
    for name in sorted(operation["parameters"].keys() - _parameters(stream)):
        yield f"parameter {name} never sent"
    yield from _new_choices(operation["parameters"], stream)
    if stream.name in WRAPPED:
        return
    record = record_of(operation)
    schema = load_schema(stream.name, stream.primary_keys)
    yield from _fields(record, schema, "")
    for name in sorted({name for name, _ in properties_of(record)} - sent.get(stream.name, set())):
        yield f"field {name} never sent by the simulator"


def _is_single(path: str, facts: Json) -> bool:
    """Return whether a path leads to an item of a list that is a path as well."""
    return path.endswith("}") and f"{PREFIX}/{path.rpartition('/')[0]}" in facts["paths"]


def _parameters(stream: type[AkeneoStream]) -> set[str]:
    """Return the query parameters that the tap sends, or that are settings."""
    known = {one.name for one in stream.parameters()}
    return known | set(PAGING) | SENT.get(stream.name, set())


def _new_choices(theirs: Json, stream: type[AkeneoStream]) -> Iterator[str]:
    """Yield the parameters that may have values which our setting refuses."""
    for one in stream.parameters():
        allowed = SETTINGS_SCHEMA["properties"][one.setting].get("enum")
        found = theirs.get(one.name, {}).get("enum", ())
        if allowed and (missing := sorted({*found} - {*allowed})):
            yield f"parameter {one.name} may be {' or '.join(missing)}"


def _fields(theirs: Json, ours: Json, prefix: str) -> Iterator[str]:
    """Yield the fields that our schema lacks, or whose type it contradicts."""
    declared: dict[str, Any] = ours.get("properties", {})
    for name, schema in properties_of(theirs):
        if name not in declared:
            yield f"field {prefix}{name} in no column"
            continue
        types = {one for one in _types(schema) if not _is_declared(one, declared[name])}
        if types:
            yield f"field {prefix}{name} may be {' or '.join(sorted(types))}"
        if "properties" in declared[name]:
            yield from _fields(schema, declared[name], f"{prefix}{name}.")
        elif "properties" in declared[name].get("items", {}) and "items" in schema:
            yield from _fields(schema["items"], declared[name]["items"], f"{prefix}{name}[].")


def _types(schema: Json) -> set[str]:
    """Return the types that a value may have, except null."""
    types = schema.get("type", [])
    found = {types} if isinstance(types, str) else set(types)
    for name in ("anyOf", "oneOf"):
        for part in schema.get(name, ()):
            found |= _types(part)
    return found - {"null"}


def _is_declared(one: str, ours: Json) -> bool:
    types = ours["type"]
    return one in types or (one == "integer" and "number" in types)


def _routes_of_the_simulator() -> set[str]:
    with serve(SimulatedPim("saas", products=0)) as url:
        routes = requests.get(f"{url}{PREFIX}", timeout=10).json()["routes"].values()
    return {
        anonymous(one["route"].removeprefix(f"{PREFIX}/"))
        for one in routes
        if "GET" in one["methods"]
    }


def _sent_by_the_simulator() -> dict[str, set[str]]:
    """Return the names of the fields that the simulator sends, by stream.

    The tap leaves out none of them: what it does not know is in ``additional_fields``.
    """
    settings: dict[str, Any] = {
        name: (schema.get("enum") or [True])[-1]
        for name, schema in SETTINGS_SCHEMA["properties"].items()
        if name.startswith("with_")
    }
    pim = SimulatedPim("saas", seed=1, products=120)
    found: dict[str, set[str]] = {}
    with serve(pim):
        app = {**dict.fromkeys(pim.credentials), "access_token": pim.app_token}
        for more in ({}, app):
            run = sync(pim, **{**settings, **more})
            for message in run.messages:
                if message["type"] == "RECORD":
                    record = message["record"]
                    names = record.keys() | (record.get("additional_fields") or {}).keys()
                    found.setdefault(message["stream"], set()).update(names)
    return found
