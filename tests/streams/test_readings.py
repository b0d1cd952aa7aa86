"""The stream of readings: a row for what was read to its end, after its last record."""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator

from tap_akeneo.client.errors import AkeneoError
from tap_akeneo.tap import TapAkeneo
from tests.support import Collector, Run, errors, select, settings_for, sync, uuids

if TYPE_CHECKING:
    from pathlib import Path

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim
    from tests.support import Message

FORBIDDEN = {"code": 403, "message": "Access forbidden."}


def read(pim: SimulatedPim, *streams: str, **options: Any) -> Run:
    """Run the tap on some streams, and on `readings`."""
    return sync(pim, *streams, "readings", **{"pim_timezone": "UTC", **options})


def readings(run: Run) -> dict[tuple[str, str], Message]:
    """Return the rows of `readings` by stream and parent."""
    return {(row["stream"], row["parent"]): row for row in run.records("readings")}


def test_each_stream_that_was_read_has_one_row_with_the_number_of_its_rows(
    any_pim: SimulatedPim,
) -> None:
    before = any_pim.clock.now().replace(microsecond=0)
    run = sync(any_pim)
    streams = {*run.tap.streams} - {"readings", "system_information"}
    found = readings(run)
    assert found.keys() == {(stream, "*") for stream in streams}
    for (stream, _), row in found.items():
        assert row["row_count"] == len(run.rows(stream)) == len(run.records(stream))
        assert row["is_full"]
        assert before <= datetime.fromisoformat(row["read_at"])
        assert row["read_at"] <= row["ended_at"]
    (schema,) = [
        one["schema"]
        for one in run.messages
        if one["type"] == "SCHEMA" and one["stream"] == "readings"
    ]
    for row in found.values():
        Draft7Validator(schema).validate(row)


def test_all_rows_of_a_full_table_have_the_time_of_its_reading(any_pim: SimulatedPim) -> None:
    run = sync(any_pim)
    found = readings(run)
    for name, stream in run.tap.streams.items():
        if name in {"readings", "system_information"}:
            continue
        times = {row.get("read_at") for row in run.records(name)}
        assert times == ({None} if stream.replication_key else {found[name, "*"]["read_at"]}), name


@pytest.mark.parametrize(
    ("stream", "path"),
    [
        ("reference_entity_record_keys", "/reference-entities"),
        ("family_variants", "/families"),
        ("product_keys", "/attributes"),
    ],
)
def test_rows_and_their_reading_have_one_time_however_long_the_requests_before_take(
    start_pim: StartPim, stream: str, path: str
) -> None:
    pim = start_pim("saas", products=10)
    pim.faults.add("slow", path, delay=1.1)
    run = read(pim, stream)
    (row,) = run.records("readings")
    assert {one["read_at"] for one in run.records(stream)} == {row["read_at"]}


@pytest.mark.parametrize(
    ("stream", "path", "parents"),
    [("families", "/families", "families"), ("attribute_options", "/attributes", "attributes")],
)
def test_a_list_that_is_read_again_because_it_changed_counts_each_row_once(
    start_pim: StartPim, stream: str, path: str, parents: str
) -> None:
    pim = start_pim()
    first = min(row["code"] for row in pim.truth(parents))
    # It was on the first page, so the others move up.
    pim.faults.add("event", path, nth=2, do=lambda: pim.write.delete(parents, first))
    run = read(pim, stream, page_size=3, max_concurrency=1)
    assert run.rows(stream).keys() >= {
        tuple(row[key] for key in run.tap.streams[stream].primary_keys) for row in pim.truth(stream)
    }
    assert readings(run)[stream, "*"]["row_count"] == len(run.rows(stream))
    assert len(run.records(stream)) == len(run.rows(stream))


def test_the_row_of_a_stream_comes_after_its_last_record_and_after_its_schema(
    start_pim: StartPim,
) -> None:
    run = sync(start_pim("ee-7"))
    seen: set[str] = set()
    has_schema = False
    for message in run.messages:
        if message.get("stream") != "readings":
            assert message["type"] != "RECORD" or message["stream"] not in seen
        elif message["type"] == "SCHEMA":
            assert not has_schema, "one schema"
            has_schema = True
        else:
            assert has_schema
            seen.add(message["record"]["stream"])
    assert {"assets", "products", "families"} <= seen


def test_the_row_of_a_stream_comes_after_its_last_batch(
    start_pim: StartPim, tmp_path: Path
) -> None:
    batches = {"encoding": {"format": "jsonl"}, "storage": {"root": tmp_path.as_uri()}}
    run = read(start_pim(), "families", "products", batch_config=batches)
    order = [
        (message["type"], message.get("record", {}).get("stream", message["stream"]))
        for message in run.messages
        if message["type"] in {"BATCH", "RECORD"}
    ]
    assert order == [
        (kind, one) for one in ("families", "products") for kind in ("BATCH", "RECORD")
    ]


def test_a_stream_that_is_not_selected_gets_no_message(start_pim: StartPim) -> None:
    run = sync(start_pim(), "families")
    assert "readings" not in {message.get("stream") for message in run.messages}
    assert run.records("families")[0]["read_at"]


def test_the_row_about_changes_is_not_full(start_pim: StartPim) -> None:
    pim = start_pim()
    first = read(pim, "products")
    assert readings(first)["products", "*"]["is_full"]
    pim.clock.advance(hours=3)
    second = read(pim, "products", state=first.state)
    row = readings(second)["products", "*"]
    assert (row["is_full"], row["row_count"]) == (False, 0)
    since = datetime.fromisoformat(row["read_at"]) - pim.clock.now()
    assert abs(since) < timedelta(hours=1)


@pytest.mark.parametrize(
    "settings",
    [
        {"channel": "ecommerce"},
        {"filters": {"products": {"enabled": [{"operator": "=", "value": True}]}}},
    ],
)
def test_a_reading_that_leaves_out_rows_is_not_full(
    start_pim: StartPim, settings: dict[str, Any]
) -> None:
    found = readings(read(start_pim(), "products", "product_keys", **settings))
    assert not found["products", "*"]["is_full"]
    assert found["product_keys", "*"]["is_full"]


def test_a_backfill_that_ends_before_now_has_no_row(start_pim: StartPim) -> None:
    run = read(start_pim(), "products", "families", end_date="2025-06-01T00:00:00Z")
    assert readings(run).keys() == {("families", "*")}


@pytest.mark.parametrize(
    "fault",
    [
        {"status": 403, "body": FORBIDDEN},
        {"status": 422},
        {"status": 404},
        {"status": 500},
        {"status": 200, "body": {"message": "Not now."}},
    ],
)
@pytest.mark.parametrize("stream", ["families", "product_keys", "products"])
def test_a_list_that_was_not_read_to_its_end_has_no_row(
    start_pim: StartPim, stream: str, fault: dict[str, Any]
) -> None:
    path = "/families" if stream == "families" else "/products-uuid"
    pim = start_pim(products=250)
    nth = 1 if stream == "families" else 2
    pim.faults.add("status", path, nth=nth, times=None, **fault)
    collector = Collector()
    settings = settings_for(pim, pim_timezone="UTC", on_forbidden="skip", max_retries=0)
    tap = TapAkeneo(config=settings, message_writer=collector)
    select(tap, [stream, "channels", "readings"])
    with suppress(AkeneoError):
        tap.sync_all()
    run = Run(tap, collector.messages)
    assert readings(run).keys() <= {("channels", "*")}


def test_a_stream_with_a_broken_item_has_no_row_until_it_is_repaired(start_pim: StartPim) -> None:
    pim = start_pim()
    broken = uuids(pim)[7]
    pim.broken.add(broken)
    first = read(pim, "products", "product_keys")
    assert readings(first) == {}
    pim.clock.advance(hours=3)
    assert readings(read(pim, "products", "product_keys", state=first.state)) == {}
    pim.broken.clear()
    pim.clock.advance(hours=3)
    third = readings(read(pim, "products", "product_keys", state=first.state))
    assert third["product_keys", "*"]["row_count"] == len(pim.truth("products"))
    assert not third["products", "*"]["is_full"]


def test_an_item_without_a_key_leaves_its_stream_without_a_row(start_pim: StartPim) -> None:
    pim = start_pim()
    code = pim.truth("families")[0]["code"]
    pim.faults.add("odd", "/families", odd={f'"code":"{code}"': '"code":null'}, times=None)
    run = read(pim, "families", "channels")
    assert readings(run).keys() == {("channels", "*")}


def test_an_item_without_a_key_is_reported_although_a_list_was_skipped(
    start_pim: StartPim,
) -> None:
    pim = start_pim()
    rows = read(pim, "attribute_options").records("attribute_options")
    first, second, *_ = dict.fromkeys(row["attribute"] for row in rows)
    code = next(row["code"] for row in rows if row["attribute"] == second)
    pim.faults.add("status", f"/{first}/options", status=403, body=FORBIDDEN, times=None)
    odd = {f'"code":"{code}"': '"code":null'}
    pim.faults.add("odd", f"/{second}/options", odd=odd, times=None)
    run = read(pim, "attribute_options", on_forbidden="skip", max_concurrency=1)
    assert run.tap.failed_streams == ["attribute_options"]


def test_a_list_with_an_item_without_a_key_is_not_resumed(start_pim: StartPim) -> None:
    pim = start_pim(products=60)
    uuid = min(row["uuid"] for row in pim.truth("products"))
    pim.faults.add("odd", "/products-uuid", odd={f'"uuid":"{uuid}"': '"uuid":null'}, times=2)
    pim.faults.add("status", "/products-uuid", nth=4, status=503, times=None)
    settings: dict[str, Any] = {"page_size": 10, "max_concurrency": 1, "max_retries": 0}
    state = read(pim, "product_keys", **settings).state
    pim.faults.clear()
    run = read(pim, "product_keys", state=state, **settings)
    assert readings(run)["product_keys", "*"]["row_count"] == 60
    assert len(run.rows("product_keys")) == 60


def test_lists_that_were_read_have_rows_of_their_own_if_others_failed(start_pim: StartPim) -> None:
    pim = start_pim("ee-7")
    first, *others = sorted(row["code"] for row in pim.truth("asset_families"))
    pim.faults.add("status", f"/asset-families/{first}/assets", status=422, times=None)
    run = read(pim, "asset_keys", "assets")
    found = readings(run)
    assert found.keys() == {(one, code) for one in ("asset_keys", "assets") for code in others}
    for (stream, family), row in found.items():
        own = [one for one in run.records(stream) if one["asset_family"] == family]
        assert row["row_count"] == len(own)
        assert {one.get("read_at") for one in own} == (
            {row["read_at"]} if stream == "asset_keys" else {None}
        )


def test_lists_below_two_parents_are_named_by_both(start_pim: StartPim) -> None:
    pim = start_pim("ee-7")
    stream = "reference_entity_attribute_options"
    paths = {f"{one['reference_entity']}/{one['attribute']}": one for one in pim.truth(stream)}
    failing = paths.pop(min(paths))
    entity, attribute = failing["reference_entity"], failing["attribute"]
    path = f"/reference-entities/{entity}/attributes/{attribute}/options"
    pim.faults.add("status", path, status=422, times=None)
    found = readings(read(pim, stream))
    assert paths
    assert {parent for _, parent in found} >= paths.keys()
    assert (stream, "*") not in found


def test_no_row_is_full_if_the_parents_could_not_all_be_read(start_pim: StartPim) -> None:
    pim = start_pim("ee-7")
    pim.faults.add("status", "/asset-families", status=403, body=FORBIDDEN, times=None)
    assert readings(read(pim, "asset_keys", on_forbidden="skip")) == {}


def test_a_resumed_reading_has_one_row_and_one_time(start_pim: StartPim) -> None:
    pim = start_pim(products=250)
    pim.faults.add("status", "/products-uuid", nth=2, status=422, times=None)
    first = read(pim, "product_keys", max_concurrency=1)
    assert readings(first) == {}
    pim.faults.clear()
    pim.clock.advance(hours=5)
    second = read(pim, "product_keys", state=first.state)
    row = readings(second)["product_keys", "*"]
    rows = [*first.records("product_keys"), *second.records("product_keys")]
    assert {one["read_at"] for one in rows} == {row["read_at"]}
    assert row["row_count"] == len({one["uuid"] for one in rows}) == 250
    assert row["is_full"]
    assert row["ended_at"] > row["read_at"]


@pytest.mark.parametrize("setting", ["start_date", "end_date"])
def test_lists_with_no_date_to_read_have_no_row(start_pim: StartPim, setting: str) -> None:
    pim = start_pim("ee-7")
    state = sync(pim, "assets", "readings").state
    settings: dict[str, Any] = {"start_date": "2090-01-01", "end_date": "2020-01-01"}
    run = sync(pim, "assets", "readings", state=state, **{setting: settings[setting]})
    assert not run.records("assets")
    assert not run.records("readings")


def test_an_empty_list_has_a_row(start_pim: StartPim) -> None:
    pim = start_pim("ee-7")
    for row in pim.truth("assets"):
        pim.write.delete("assets", (row["asset_family"], row["code"]))
    found = readings(read(pim, "asset_keys"))
    assert found["asset_keys", "*"]["row_count"] == 0


def test_fields_that_the_tap_does_not_know_are_named(start_pim: StartPim) -> None:
    pim = start_pim()
    pim.faults.add("odd", "/families", odd={'"labels":': '"newer":1,"labels":'}, times=None)
    found = readings(read(pim, "families", "channels"))
    assert found["families", "*"]["unknown_fields"] == ["newer"]
    assert found["channels", "*"]["unknown_fields"] == []


def test_an_expression_that_fails_for_readings_is_reported_once_and_costs_no_other_stream(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    run = read(pim, "families", "channels", stream_maps={"readings": {"half": "1 / 0"}})
    (line,) = errors(caplog)
    assert line.startswith("readings: check the setting stream_maps: the expression 1 / 0 raises")
    assert run.tap.failed_streams == ["readings"]
    assert not run.records("readings")
    for stream in ("families", "channels"):
        assert run.as_sent(stream) == pim.truth(stream)
