"""Conversion of the PIM's items to records."""

from __future__ import annotations

from typing import Any

import msgspec
from hypothesis import given
from hypothesis import strategies as st
from singer_sdk.contrib.msgspec import serialize_jsonl

from tap_akeneo.conformance import conform
from tap_akeneo.records import RecordTransformer

MAP = {"type": ["object", "null"], "additionalProperties": {"type": ["string", "null"]}}
LIST = {"type": ["array", "null"], "items": {"type": "string"}}

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


def mended(value: Any, schema: dict[str, Any]) -> Any:
    return conform(value, schema, print)


def test_an_empty_list_becomes_a_map_if_the_schema_has_a_map() -> None:
    assert mended([], MAP) == {}


def test_a_list_becomes_a_map_with_its_indexes_as_keys() -> None:
    assert mended(["zero", "one"], MAP) == {"0": "zero", "1": "one"}


def test_an_empty_map_becomes_a_list_if_the_schema_has_a_list() -> None:
    assert mended({}, LIST) == []


def test_nested_maps_are_converted_too() -> None:
    schema = {
        "type": "object",
        "additionalProperties": {"type": "object", "properties": {"labels": MAP}},
    }
    assert mended({"KILOGRAM": {"labels": []}}, schema) == {"KILOGRAM": {"labels": {}}}
    assert mended([{"labels": []}], {"type": "array", "items": schema["additionalProperties"]}) == [
        {"labels": {}}
    ]


def test_null_stays_null() -> None:
    assert mended(None, MAP) is None


@given(value=json_values)
def test_values_without_a_schema_are_unchanged(value: Any) -> None:
    assert mended(value, {}) == value


@given(value=st.dictionaries(st.text(), st.none() | st.text()) | st.lists(st.text()))
def test_converting_twice_has_no_further_effect(value: Any) -> None:
    once = mended(value, MAP)
    assert mended(once, MAP) == once
    assert isinstance(once, dict)


def test_links_are_dropped_and_unknown_keys_go_into_additional_fields() -> None:
    item = {"_links": {"self": {"href": "x"}}, "code": "a", "new": [1], "newer": None}
    properties: dict[str, Any] = {"code": {"type": "string"}, "additional_fields": {}}
    assert RecordTransformer(properties)(item) == {
        "code": "a",
        "additional_fields": {"new": [1], "newer": None},
    }
    del properties["additional_fields"]
    assert RecordTransformer(properties)(item) == {"code": "a"}


def test_numbers_keep_all_their_digits() -> None:
    sent = b'{"code":"a","amount":12345678901234567890123456789012345678901,"rate":1.10}'
    raw = msgspec.json.decode(sent, type=dict[str, msgspec.Raw])
    properties: dict[str, Any] = {"code": {}, "amount": {}, "rate": {}}
    for whole in (False, True):
        record = RecordTransformer(properties, whole=whole)(raw)
        assert bytes(serialize_jsonl(record)).strip() == sent
