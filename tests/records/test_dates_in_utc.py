"""Dates leave the tap in UTC, because some loaders drop the offset; dates among values do not."""

from __future__ import annotations

import gzip
import json
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_akeneo.changed_values import ADDITIONAL_FIELDS
from tap_akeneo.records import RecordTransformer
from tap_akeneo.streams import STREAMS
from tap_akeneo.streams.resource import load_schema
from tests.support import sync

if TYPE_CHECKING:
    from tests.conftest import StartPim

DATE = {"type": ["string", "null"], "format": "date-time"}
SCHEMA: dict[str, dict[str, Any]] = {
    "code": {"type": "string"},
    "created": DATE,
    "updated": DATE,
    "values": {"type": ["object", "null"]},
    "steps": {
        "type": ["array", "null"],
        "items": {"type": "object", "properties": {"at": DATE, "name": {"type": "string"}}},
    },
    ADDITIONAL_FIELDS: {"type": ["object", "null"]},
}
PATHS: dict[str, dict[str, Any]] = {
    "raw": {},
    "whole": {"stream_maps": {"*": {"source": "'akeneo'"}}},
    "flat": {"flattening_enabled": True, "flattening_max_depth": 1},
}
ZONES = ("America/New_York", "Europe/Paris", "Asia/Kolkata")

moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=st.just(timezone.utc))  # noqa: DTZ001
offsets = st.integers(-23 * 60 - 59, 23 * 60 + 59).map(lambda one: timedelta(minutes=one))
dates = st.builds(
    lambda moment, offset: moment.astimezone(timezone(offset)).isoformat(), moments, offsets
) | moments.map(lambda one: one.isoformat().replace("+00:00", "Z"))


def item(first: str, second: str) -> dict[str, Any]:
    return {
        "code": "a",
        "created": first,
        "updated": second,
        "values": {"on": [{"data": first}]},
        "steps": [{"at": second, "name": "é"}, {"at": first, "name": "b"}],
    }


def record(sent: dict[str, Any], **options: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return an item as it was sent and the record as a target reads it."""
    raw = msgspec.json.decode(json.dumps(sent), type=dict[str, msgspec.Raw])
    return raw, msgspec.json.decode(
        msgspec.json.encode(RecordTransformer(SCHEMA, **options)(raw), enc_hook=str)
    )


@pytest.mark.parametrize("whole", [False, True])
@given(first=dates, second=dates)
@example(first="2026-03-29T03:00:00+02:00", second="2026-03-29T01:59:59+01:00")
@example(first="2026-01-01T00:00:00.123456-11:30", second="2026-01-01T00:00:00-00:00")
def test_a_date_of_any_offset_is_the_same_moment_in_utc(
    first: str, second: str, *, whole: bool
) -> None:
    sent = item(first, second)
    _, row = record(sent, whole=whole)
    times = [row["created"], row["updated"], *(step["at"] for step in row["steps"])]
    for text, original in zip(times, (first, second, second, first), strict=True):
        assert datetime.fromisoformat(text) == datetime.fromisoformat(original)
        assert text.endswith(("+00:00", "Z", "-00:00"))
    assert row["values"] == sent["values"]
    assert ADDITIONAL_FIELDS not in row


@given(first=dates, second=dates)
def test_a_date_that_is_in_utc_stays_the_bytes_that_the_pim_sent(first: str, second: str) -> None:
    raw = msgspec.json.decode(json.dumps(item(first, second)), type=dict[str, msgspec.Raw])
    row = RecordTransformer(SCHEMA)(raw)
    assert row["values"] is raw["values"]
    for name, text in (("created", first), ("updated", second)):
        assert (row[name] is raw[name]) == text.endswith(("+00:00", "Z"))


@pytest.mark.parametrize("whole", [False, True])
@pytest.mark.parametrize("date", ["0001-01-01T00:00:00+02:00", "9999-12-31T23:00:00-05:00"])
def test_a_date_that_utc_cannot_hold_is_kept_among_the_additional_fields(
    date: str, *, whole: bool
) -> None:
    _, row = record(item(date, "2026-01-01T01:00:00+01:00"), whole=whole)
    assert (row["created"], row["updated"]) == (None, "2026-01-01T00:00:00+00:00")
    assert row[ADDITIONAL_FIELDS]["created"] == date


def test_a_bad_neighbour_does_not_keep_a_date_from_utc() -> None:
    _, row = record({**item("2026-01-01T01:00:00+01:00", "never"), "code": 7})
    assert (row["created"], row["updated"]) == ("2026-01-01T00:00:00+00:00", None)


def test_a_date_without_an_offset_counts_as_utc() -> None:
    _, row = record(item("2026-01-01 10:00:00", "2026-01-01T01:00:00+01:00"))
    assert row["created"] == "2026-01-01T10:00:00+00:00"


def test_dates_stay_as_sent_with_keep_values_as_sent() -> None:
    sent = item("2026-01-01T01:00:00+01:00", "never")
    _, row = record(sent, keeps_values=True)
    assert row == sent


def normal(value: Any, schema: dict[str, Any]) -> Any:
    """Return a value with each declared date as a moment."""
    if value is None:
        return None
    if schema.get("format") == "date-time":
        return datetime.fromisoformat(value)
    if isinstance(value, list):
        return [normal(one, schema.get("items") or {}) for one in value]
    if isinstance(value, dict):
        inner = schema.get("properties") or {}
        return {name: normal(one, inner.get(name) or {}) for name, one in value.items()}
    return value


def texts(value: Any, schema: dict[str, Any]) -> list[str]:
    """Return all declared dates of a value."""
    if isinstance(value, str) and schema.get("format") == "date-time":
        return [value]
    if isinstance(value, list):
        return [text for one in value for text in texts(one, schema.get("items") or {})]
    inner = schema.get("properties") or {}
    pairs = value.items() if isinstance(value, dict) else ()
    return [text for name, one in pairs if name in inner for text in texts(one, inner[name])]


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("path", PATHS)
def test_every_date_of_every_stream_is_in_utc_whatever_the_zone_of_the_pim(
    start_pim: StartPim, path: str, zone: str
) -> None:
    pim = start_pim("saas", products=15, records=20, timezone=zone)
    run = sync(pim, **PATHS[path], with_workflow_execution_statuses=True)
    schemas = {one["stream"]: one["schema"] for one in run.messages if one["type"] == "SCHEMA"}
    found = {
        (stream, text)
        for stream, schema in schemas.items()
        for row in run.records(stream)
        for text in texts(row, schema)
    }
    assert {stream for stream, _ in found} > {"products", "product_models", "attributes", "assets"}
    assert [one for one in found if not one[1].endswith(("+00:00", "Z"))] == []
    local = {row["uuid"]: row for row in pim.truth("products")}
    assert any(not row["updated"].endswith("+00:00") for row in local.values())
    for row in run.records("products"):
        for name in ("created", "updated"):
            own = datetime.fromisoformat(local[row["uuid"]][name])
            assert datetime.fromisoformat(row[name]) == own


def test_the_dates_of_batch_files_are_in_utc(start_pim: StartPim, tmp_path: Path) -> None:
    pim = start_pim("ce-7", timezone="Europe/Paris")
    batches = {"encoding": {"format": "jsonl"}, "storage": {"root": tmp_path.as_uri()}}
    run = sync(pim, "products", batch_config=batches)
    files = [
        Path(urlsplit(file).path)
        for message in run.messages
        if message["type"] == "BATCH"
        for file in message["manifest"]
    ]
    lines = [gzip.decompress(file.read_bytes()).splitlines() for file in files]
    rows = [json.loads(line) for some in lines for line in some]
    assert len(rows) == len(pim.truth("products"))
    assert all(row[name].endswith("+00:00") for row in rows for name in ("created", "updated"))


def test_a_bookmark_does_not_depend_on_the_zone_of_the_dates(start_pim: StartPim) -> None:
    pim = start_pim("ce-7", timezone="America/New_York")
    first = sync(pim, "products")
    pim.clock.advance(hours=3)
    changed = pim.truth("products")[3]
    pim.write.change("products", changed["uuid"], enabled=not changed["enabled"])
    second = sync(pim, "products", state=first.state)
    assert [row["uuid"] for row in second.records("products")] == [changed["uuid"]]


def test_all_streams_with_dates_declare_them() -> None:
    """A date-time that no schema declares would keep its offset."""
    for stream in STREAMS:
        properties = load_schema(stream.name, stream.primary_keys)["properties"]
        for name in ("created", "updated", "read_at"):
            assert properties.get(name, DATE)["format"] == "date-time"
