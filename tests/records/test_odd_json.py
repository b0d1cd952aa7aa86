"""Records match their schema whatever JSON the PIM sends."""

from __future__ import annotations

import json
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING, Any, cast

import msgspec
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker
from singer_sdk.contrib.msgspec import serialize_jsonl
from typing_extensions import override

from pim_simulator import SimulatedPim, serve
from tap_akeneo.changed_values import ADDITIONAL_FIELDS
from tap_akeneo.client.responses import InvalidText, Page
from tap_akeneo.conformance import INT64, types_of
from tap_akeneo.streams import STREAMS
from tap_akeneo.streams.readings import Readings
from tap_akeneo.tap import TapAkeneo
from tests.support import Collector, settings_for

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_akeneo.streams.base import AkeneoStream

PROFILES = ("saas", "pim-3")
"""Together these two PIMs have all streams."""

PATHS: dict[str, dict[str, Any]] = {
    "raw": {},
    "whole": {"stream_maps": {"*": {"source": "'akeneo'"}}},
    "flat": {"flattening_enabled": True, "flattening_max_depth": 2},
}

ODD = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.integers(min_value=-(2**70), max_value=2**70)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=5)
    | st.sampled_from(
        [
            *(
                "",
                "0",
                "1",
                "true",
                "12",
                "-7",
                "1.50",
                "007",
                "a\0b",
                "1700000000",
                "NaN",
                "1e400",
            ),
            *("0000-00-00T00:00:00+00:00", "-0001-11-30T00:00:00+00:00", "2024-02-30T00:00:00Z"),
            *("2024-01-01", "2024-01-01 10:00:00", "2024-01-01T10:00:00+02:00", "2024-W01-1"),
            *(1_700_000_000, 1_700_000_000.5, -1, 10**30),
        ]
    ),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["0", "1", "code", "labels", "en_US", "x\0"]), inner)
    ),
    max_leaves=6,
)

checker = FormatChecker(())


@checker.checks("date-time")
def is_date_time(value: object) -> bool:
    """Check an RFC 3339 date, which jsonschema does only if another package is installed."""
    if not isinstance(value, str):
        return True
    try:
        return datetime.fromisoformat(value.upper()).tzinfo is not None
    except ValueError:
        return False


def of_schema(schema: Mapping[str, Any]) -> st.SearchStrategy[Any]:
    """Return a strategy for values that mostly match the schema, with exceptions at any depth."""
    simple: dict[str, st.SearchStrategy[Any]] = {
        "string": st.text(max_size=5),
        "integer": st.integers(),
        "number": st.integers() | st.floats(allow_nan=False, allow_infinity=False),
        "boolean": st.booleans(),
        "null": st.none(),
    }
    choices = [simple[kind] for kind in types_of(schema) if kind in simple]
    if "array" in types_of(schema):
        choices.append(st.lists(of_schema(schema.get("items") or {}), max_size=2))
    if "object" in types_of(schema):
        inner = {name: of_schema(one) for name, one in schema.get("properties", {}).items()}
        choices.append(st.fixed_dictionaries({}, optional=inner))
        if isinstance(others := schema.get("additionalProperties"), dict):
            choices.append(st.dictionaries(st.text(max_size=3), of_schema(others), max_size=2))
    return st.one_of(*choices, ODD)


class Streams(dict[tuple[str, str], "list[AkeneoStream]"]):
    """Streams by path and name."""

    @override
    def __repr__(self) -> str:
        return "streams"


@pytest.fixture(scope="module")
def streams() -> Streams:
    """Streams of two PIMs by path and name, including those only available to an Akeneo App."""
    found = Streams()
    for profile in PROFILES:
        pim = SimulatedPim(profile=profile, seed=1, products=5)
        app = {**dict.fromkeys(pim.credentials), "access_token": pim.app_token}
        with serve(pim):
            for login in ({}, app) if profile == "saas" else ({},):
                for path, more in PATHS.items():
                    settings = settings_for(pim, with_personal_data=True, **login, **more)
                    tap = TapAkeneo(config=settings, message_writer=Collector())
                    for name, one in tap.streams.items():
                        if isinstance(one, Readings):
                            continue
                        stream = cast("AkeneoStream", one)
                        stream.selected = True
                        # Looks up the identifier attribute while the PIM is there.
                        assert stream.fingerprints
                        found.setdefault((path, name), []).append(stream)
    return found


def written(stream: AkeneoStream, items: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the records of a page of items as a target reads them."""
    sent = msgspec.json.decode(msgspec.json.encode(items), type=list[dict[str, msgspec.Raw]])
    parents = dict.fromkeys(stream.primary_keys[:-1], "above")
    return [
        json.loads(serialize_jsonl(message.record))
        for record in stream.records(Page(sent, 1, InvalidText(nul=True)), parents)
        for message in stream._generate_record_messages(record)  # noqa: SLF001 (as the SDK does)
    ]


def faults(record: Mapping[str, Any], schema: Mapping[str, Any]) -> list[str]:
    """Return everything in a record that a loader could reject."""
    found = [
        f"{error.json_path}: {error.message}"
        for error in Draft7Validator(schema, format_checker=checker).iter_errors(record)
    ]
    if "\\u0000" in json.dumps(record).replace("\\\\", ""):
        found.append("U+0000")
    found += [
        f"{name}: {value} is beyond 64 bits"
        for name, value in record.items()
        if types_of(schema["properties"].get(name, {}))[:1] == ["integer"]
        and value is not None
        and value not in INT64
    ]
    return found


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("name", sorted({stream.name for stream in STREAMS}))
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_records_match_their_schema_whatever_the_pim_sends(
    streams: Streams, name: str, path: str, data: st.DataObject
) -> None:
    for stream in streams[path, name]:
        schema = stream.stream_maps[-1].transformed_schema
        item = data.draw(items_of(stream))
        for record in written(stream, [item]):
            assert not faults(record, schema)
            assert all(record[key] is not None for key in stream.primary_keys)


@cache
def items_of(stream: AkeneoStream) -> st.SearchStrategy[dict[str, Any]]:
    """Return a strategy for items of a stream whose properties mostly match its schema."""
    properties = {
        name: of_schema(schema)
        for name, schema in stream.schema["properties"].items()
        if name != ADDITIONAL_FIELDS
    }
    inside = {"steps": ODD, "units": ODD, "standard": ODD, "convert": ODD}
    keys = {key: st.text(min_size=1, max_size=3) | ODD for key in stream.primary_keys}
    newer = {"newer": ODD, "_links": ODD, ADDITIONAL_FIELDS: ODD}
    optional = {**inside, **newer, **properties}
    return st.fixed_dictionaries(
        keys, optional={name: one for name, one in optional.items() if name not in keys}
    )


@given(value=ODD)
@settings(deadline=None)
def test_raw_and_decoded_records_are_the_same(streams: Streams, value: Any) -> None:
    for name in ("families", "attributes", "products", "categories"):
        raw, whole = (streams[path, name][0] for path in ("raw", "whole"))
        for key in raw.schema["properties"].keys() - {*raw.primary_keys, ADDITIONAL_FIELDS}:
            item = {**dict.fromkeys(raw.primary_keys, "a"), key: value}
            (one,), (other,) = written(raw, [item]), written(whole, [item])
            other.pop("source")
            assert one == other


def test_an_invalid_value_does_not_affect_the_others(streams: Streams) -> None:
    stream = streams["raw", "families"][0]
    labels = {"en_US": "Shoes", "fr_FR": ["a"], "de_DE": 12}
    (record,) = written(stream, [{"code": "shoes", "labels": labels, "attributes": "sku"}])
    assert record == {
        "code": "shoes",
        "labels": {"en_US": "Shoes", "fr_FR": None, "de_DE": "12"},
        "attributes": ["sku"],
        "additional_fields": {"labels": labels},
        "read_at": None,
    }
