"""Every answer that Akeneo's description allows reaches its record whole.

All lists of the newest PIM are generated from the facts, and read by the tap's command.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest

from tap_akeneo.streams import STREAMS
from tap_akeneo.streams.readings import Readings
from tap_akeneo.tap import TapAkeneo
from tests.reference.compare import WRAPPED, properties_of, record_of, stream_at
from tests.reference.facts import Json
from tests.reference.generated import OPERATIONS, items_at, serve_generated
from tests.support import KEYS_OF, SCORES_OF, as_sent, command, without_links

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_akeneo.streams.base import AkeneoStream

OFFERED = {stream.name: stream for stream in reversed(STREAMS)}
"""The streams of the newest PIM, which come first."""

ADDED = {"identifier", "download_url", "position", "step_uuid", "workflow_uuid"}
"""What the tap adds to items, besides the keys in their paths."""

CHANGED = {"ui_extensions": {"configuration", "credentials", "newer"}}
"""Fields that may hold secrets, so that the tap removes them or a part of them."""

Served = dict[tuple[str, tuple[str, ...]], list[Json]]
Records = dict[str, list[Json]]


def same(received: Any, sent: Any) -> bool:
    """Return whether a value came as it was sent; dates may have another offset."""
    if isinstance(received, str) and isinstance(sent, str) and received != sent:
        try:
            return datetime.fromisoformat(received) == datetime.fromisoformat(sent)
        except ValueError:
            return False
    if isinstance(received, dict) and isinstance(sent, dict):
        are_same = (same(received[key], sent[key]) for key in sent)
        return received.keys() == sent.keys() and all(are_same)
    if isinstance(received, list) and isinstance(sent, list):
        return len(received) == len(sent) and all(map(same, received, sent))
    return bool(received == sent) and type(received) is type(sent)


def value(record: Json, name: str, sent: Json) -> Any:
    """Return a value of a record as the PIM sent it. The column of default values is text."""
    is_text = name != "default_value" or isinstance(sent[name], (str, type(None)))
    return record.get(name) if is_text else json.loads(record[name])


def all_selected(config: Json) -> Json:
    catalog: Json = TapAkeneo(config=config).catalog_dict
    for entry in catalog["streams"]:
        for metadata in entry["metadata"]:
            metadata["metadata"]["selected"] = True
    return catalog


def rows_of(stream: type[AkeneoStream], parts: tuple[str, ...], item: Json) -> Iterator[Json]:
    """Yield what the records of an item should have, with the keys of the items above it."""
    placeholders = stream.path.split("{")[1:]
    names = (one.partition("}")[0] for one in placeholders)
    parents = dict(zip(names, parts, strict=True))
    if stream.name == "workflow_steps":
        yield from item.get("steps", ())
    elif stream.name == "catalog_mapping_schemas":
        yield {**parents, "schema": item}
    elif stream.name in WRAPPED:
        yield {**parents, stream.primary_keys[-1]: item[stream.primary_keys[-1]], "data": item}
    else:
        yield {**parents, **item}


PATHS = [pytest.param((whole, seed), id=f"{name}-{seed}")
         for name, whole in (("raw", False), ("flattened", True)) for seed in range(3)]  # fmt: skip


@pytest.fixture(scope="module", params=PATHS)
def read(request: pytest.FixtureRequest) -> tuple[Served, Records]:
    """Return what the PIM sent by path, and the records by stream."""
    # Nested values stay JSON, or are decoded.
    is_flattened, seed = request.param
    flattening = {"flattening_enabled": True, "flattening_max_depth": 0} if is_flattened else {}
    with serve_generated(seed) as (pim, url):
        config = {"base_url": url, "access_token": "app", "with_personal_data": True, **flattening}
        ended = command(config=config, catalog=all_selected(config))
    assert (ended.code, ended.errors) == (0, [])
    records: Records = {}
    for message in ended.messages:
        if message["type"] == "RECORD":
            records.setdefault(message["stream"], []).append(as_sent(message["record"]))
    return pim.served, records


def test_each_item_reaches_its_record_whole(read: tuple[Served, Records]) -> None:
    served, records = read
    compared = set()
    for (path, parts), items in served.items():
        stream = stream_at(path)
        assert stream is not None
        if OFFERED[stream.name] is not stream:
            continue
        keys = stream.primary_keys
        received = {tuple(one[key] for key in keys): one for one in records[stream.name]}
        for item in items:
            for sent in rows_of(stream, parts, without_links(item)):
                record = received[tuple(sent[key] for key in keys)]
                wrong = {name for name in sent if not same(value(record, name, sent), sent[name])}
                assert wrong <= CHANGED.get(stream.name, set()), (stream.name, record, sent)
                added = {name for name in record.keys() - sent.keys() if record[name] is not None}
                assert added <= ADDED, (stream.name, record, sent)
                compared.add(stream.name)
    # The others have parts of the same items, or hold facts of the run.
    others = {*KEYS_OF, *SCORES_OF, "system_information", Readings.name}
    assert compared == records.keys() - others


@pytest.mark.parametrize("path", [path for path in OPERATIONS if "{" not in path])
def test_every_alternative_of_a_field_is_generated(path: str) -> None:
    stream, items = stream_at(path), items_at(path, ())
    assert stream is not None
    for name, schema in properties_of(record_of(OPERATIONS[path])):
        sent = [item[name] for item in items if name in item]
        assert 0 < len(sent) < len(items) or name in stream.primary_keys
        assert set(schema.get("enum", ())) <= {str(one) for one in sent}
        assert "null" not in schema.get("type", ()) or None in sent
