"""Every answer that Akeneo's description allows reaches its record whole.

Items are generated from the facts: absent fields, nulls, all types and enums, further fields, empty
and odd texts.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from pim_simulator import SimulatedPim, serve
from tap_akeneo.pagination.request import Pagination
from tap_akeneo.streams import STREAMS
from tests.reference.compare import paths_of, properties_of, record_of, stream_at
from tests.reference.facts import load
from tests.support import as_told, sync, without_links

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.reference.facts import Json

ODD = ("", "0", "true", "é\u2028ß", 'a"b\\c', "a/b c", "[]", "x" * 300, "2020-02-30")
CODES = ("en_US", "0", "a-b", "É", "_links2")
ADDED = {"identifier", "download_url"}
"""What the tap adds to items."""

NOT_PLAIN = {"system_information", "ui_extensions"}
"""One row that is no list, and items from which secrets are removed."""

PATHS: tuple[dict[str, Any], ...] = ({}, {"flattening_enabled": True, "flattening_max_depth": 0})
"""Settings with which nested values stay JSON, or are decoded."""


def _lists() -> Iterator[tuple[str, Json]]:
    offered = {stream.name: stream for stream in reversed(STREAMS)}
    for path, operation in paths_of(load("saas")):
        stream = stream_at(path)
        if stream is None or stream.parent is not None or stream.needs_app:
            continue
        if offered[stream.name] is stream and stream.name not in NOT_PLAIN:
            yield path, record_of(operation)


LISTS = dict(_lists())
"""The plain lists of the newest PIM, and the schema of an item of each."""


def texts(schema: Json) -> st.SearchStrategy[str]:
    if schema.get("format") == "date-time":
        zones = st.sampled_from(["+00:00", "-05:00", "+12:45"])
        moments = st.datetimes(datetime(1990, 1, 1), datetime(2090, 1, 1)).map(  # noqa: DTZ001
            lambda moment: moment.replace(microsecond=0).isoformat()
        )
        return st.builds(str.__add__, moments, zones)
    return st.sampled_from(ODD)


def values(schema: Json) -> st.SearchStrategy[Any]:
    """Return everything that a schema allows."""
    if "enum" in schema:
        return st.sampled_from(schema["enum"])
    for name in ("anyOf", "oneOf"):
        if name in schema:
            return st.one_of([values(part) for part in schema[name]])
    kinds = schema.get("type", "object")
    return st.one_of(
        [value_of(kind, schema) for kind in ([kinds] if isinstance(kinds, str) else kinds)]
    )


def value_of(kind: str, schema: Json) -> st.SearchStrategy[Any]:
    simple: dict[str, st.SearchStrategy[Any]] = {
        "null": st.none(),
        "boolean": st.booleans(),
        "integer": st.integers(-5, 10**9),
        "number": st.integers(0, 9) | st.sampled_from([0.5, -1.25, 1e-7]),
        "string": texts(schema),
    }
    if kind in simple:
        return simple[kind]
    if kind == "array":
        return st.lists(values(schema.get("items", {"type": "string"})), max_size=2)
    known = dict(properties_of(schema))
    if known:
        optional = {name: values(inner) for name, inner in known.items()}
        return st.fixed_dictionaries({}, optional={**optional, "newer": st.sampled_from(ODD)})
    inner = next(iter(schema.get("patternProperties", {}).values()), None)
    inner = schema.get("additionalProperties", inner)
    return st.dictionaries(st.sampled_from(CODES), values(inner or {"type": "string"}), max_size=2)


def same(told: Any, sent: Any) -> bool:
    """Return whether a value came as it was sent; dates may have another offset."""
    if isinstance(told, str) and isinstance(sent, str) and told != sent:
        try:
            return datetime.fromisoformat(told) == datetime.fromisoformat(sent)
        except ValueError:
            return False
    if isinstance(told, dict) and isinstance(sent, dict):
        return told.keys() == sent.keys() and all(same(told[key], sent[key]) for key in sent)
    if isinstance(told, list) and isinstance(sent, list):
        return len(told) == len(sent) and all(map(same, told, sent))
    return bool(told == sent) and type(told) is type(sent)


@pytest.fixture(scope="module")
def pim() -> Iterator[SimulatedPim]:
    empty = SimulatedPim("saas", products=0)
    with serve(empty):
        yield empty


@pytest.mark.parametrize("path", LISTS)
# Without shrinking, because each example is a run of the tap.
@settings(max_examples=6, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_each_item_reaches_its_record_whole(
    pim: SimulatedPim, path: str, data: st.DataObject
) -> None:
    stream, schema = stream_at(path), LISTS[path]
    assert stream is not None
    item_of = value_of("object", {**schema, "type": "object"})
    drawn = data.draw(st.lists(item_of, min_size=4, max_size=12))
    more = data.draw(st.sampled_from(PATHS))
    key = stream.primary_keys[-1]
    items = [
        {**item, key: f"00000000-0000-4000-8000-{number:012}"} for number, item in enumerate(drawn)
    ]
    page: Any = {
        "_links": {"self": {"href": "http://pim/"}, "first": {"href": "http://pim/"}},
        "current_page": 1,
        "items_count": len(items),
        "_embedded": {"items": items},
    }
    pim.faults.clear()
    body = items if stream.pagination is Pagination.ARRAY else page
    pim.faults.add("status", f"/v1/{path}", status=200, body=body)
    run = sync(pim, stream.name, with_personal_data=True, **more)
    records = [as_told(record) for record in run.records(stream.name)]
    assert not run.tap.failed_streams
    # What the simulator itself has comes only in lists that are read again.
    rows = {record[key]: record for record in records}
    for item in items:
        sent, told = without_links(item), rows[item[key]]
        for name in sent.keys() - {"steps"}:
            if name == "default_value" and not isinstance(sent[name], (str, type(None))):
                assert json.loads(told[name]) == sent[name]
            else:
                assert same(told.get(name), sent[name]), (name, told.get(name), sent[name])
        assert {name for name in told.keys() - sent.keys() if told[name] is not None} <= ADDED


def test_all_plain_lists_are_generated() -> None:
    names = {stream.name for path in LISTS if (stream := stream_at(path)) is not None}
    assert {"products", "product_models", "families", "attributes", "categories"} <= names
    assert names <= {stream.name for stream in STREAMS}
