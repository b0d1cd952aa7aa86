"""States: later versions can read the states of this one; unusable states are reported."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import suppress
from datetime import datetime, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_akeneo.streams.fingerprints import has_unfinished
from tests.support import command, settings_for, started_tap, sync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim

STATES = Path(__file__).parent / "states"
NOW = datetime(2027, 1, 1, 12, tzinfo=timezone.utc)
"""The PIM's time at the start of the runs that wrote the golden files."""

RUNS = {
    "plain.json": ("ce-7", ("products", "product_models", "categories", "families")),
    "partitions.json": ("ee-7", ("reference_entity_records", "assets")),
}


def golden(name: str) -> dict[str, Any]:
    state: dict[str, Any] = json.loads((STATES / name).read_text())
    return state


def at_golden_time(pim: SimulatedPim) -> SimulatedPim:
    pim.clock.advance(seconds=(NOW - pim.clock.now()).total_seconds())
    return pim


def bookmarks(state: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the parts of a state that contain a date, at any level."""
    for stream in state["bookmarks"].values():
        yield from (
            one
            for one in (stream, *stream.get("partitions", ()))
            if one.get("replication_key_value")
        )


def dates(state: dict[str, Any]) -> list[datetime]:
    return [datetime.fromisoformat(one["replication_key_value"]) for one in bookmarks(state)]


def dated(state: dict[str, Any]) -> dict[str, Any]:
    """Return a copy of the state with the golden time in each bookmark, as the golden files are.

    They have no fingerprints, which differ from run to run, because the PIM's address is one of
    their inputs, and nothing that no longer counts.
    """
    copy: dict[str, Any] = json.loads(json.dumps(state))
    for stream in copy["bookmarks"].values():
        stream.pop("fingerprints", None)
        if stream.get("replication_key_value", "") is None:
            del stream["replication_key_value"]
        for one in (stream, *stream.get("partitions", ())):
            if not has_unfinished(one):
                one.pop("unfinished", None)
    for one in bookmarks(copy):
        one["replication_key_value"] = NOW.isoformat()
    return copy


@pytest.mark.parametrize("name", RUNS)
def test_a_new_state_equals_the_golden_state(start_pim: StartPim, name: str) -> None:
    profile, streams = RUNS[name]
    state = sync(at_golden_time(start_pim(profile)), *streams).state
    assert dated(state) == golden(name)
    assert all(is_start(date) for date in dates(state))


def is_start(date: datetime) -> bool:
    """Return whether a date is that of the start of a run at the golden time.

    The PIM tells its time in whole seconds, so the date may be up to two seconds early.
    """
    return -2 <= (date - NOW).total_seconds() < 60


def test_the_state_of_a_stopped_run_equals_the_golden_state(start_pim: StartPim) -> None:
    pim = at_golden_time(start_pim(products=250))
    pim.broken.add(BROKEN)
    state = stopped_in_mid_stream(pim)
    expected = golden("unfinished.json")
    left, expected_left = (unfinished(one) for one in (state, expected))
    (rest,) = left["ranges"]
    (expected_rest,) = expected_left["ranges"]
    # The exact position of the stop varies between runs.
    assert rest[1:] == expected_rest[1:]
    assert left["read"] > 50
    left |= {name: expected_left[name] for name in ("ranges", "read", "fingerprint")}
    # That version had the start of the date filter in the fingerprint only.
    assert left.pop("since") is None
    for name in ("started", "bookmark"):
        assert is_start(datetime.fromisoformat(left[name]))
        left[name] = expected_left[name]
    # That version wrote the key of the item itself, not one between it and the next item, and not
    # that the item is the only one there.
    (broken,), (expected_broken,) = (
        one["bookmarks"]["products"]["broken"] for one in (state, expected)
    )
    uuids = sorted(product["uuid"] for product in pim.truth("products"))
    following = uuids[uuids.index(BROKEN) + 1]
    assert expected_broken["key"] == BROKEN <= broken["key"] < following
    broken["key"] = BROKEN
    assert broken.pop("is_single")
    assert dated(state) == expected


BROKEN = "0521b1e3-dbcd-4175-b18c-5f1cba27e68f"
"""The broken product in the run that wrote the golden file."""


def unfinished(state: dict[str, Any]) -> dict[str, Any]:
    left: dict[str, Any] = state["bookmarks"]["products"]["unfinished"]
    return left


def test_a_run_resumes_from_the_golden_state_of_a_stopped_run(start_pim: StartPim) -> None:
    pim = at_golden_time(start_pim(products=250))
    pim.broken.add(BROKEN)
    state = golden("unfinished.json")
    # The fingerprint includes the PIM's address, which varies between runs.
    unfinished(state)["fingerprint"] = unfinished(stopped_in_mid_stream(pim))["fingerprint"]
    ((after, _),) = unfinished(state)["ranges"]
    pim.broken.clear()
    run = sync(pim, "products", state=state, pim_timezone="UTC")
    everything = {product["uuid"] for product in pim.truth("products")}
    rest = {uuid for uuid in everything if uuid > after}
    assert {uuid for (uuid,) in run.rows("products")} == rest | {BROKEN}
    assert 0 < len(rest) < len(everything)
    assert set(run.state["bookmarks"]["products"]) == {*PRODUCTS, "fingerprints", "unfinished"}


def stopped_in_mid_stream(pim: SimulatedPim) -> dict[str, Any]:
    """Stop a run while it reads products, and return its last state."""
    settings = settings_for(pim, page_size=1, max_concurrency=1)
    with started_tap(settings, stdout=subprocess.PIPE) as process:

        def stop() -> None:
            with suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGTERM)

        pim.faults.add("event", "/products-uuid", nth=200, do=stop)
        assert process.stdout is not None
        messages = [json.loads(line) for line in process.stdout]
    assert process.returncode == 128 + signal.SIGTERM
    state: dict[str, Any] = messages[-1]["value"]
    return state


@pytest.mark.parametrize("name", [*RUNS, "stopped.json"])
def test_a_run_from_a_golden_state_reads_only_what_changed_since(
    start_pim: StartPim, name: str
) -> None:
    profile, streams = RUNS.get(name, RUNS["plain.json"])
    pim = at_golden_time(start_pim(profile, products=250))
    state = golden(name)
    before = {stream: pim.truth(stream) for stream in streams}
    pim.clock.advance(hours=3)
    for stream in streams:
        change_one(pim, stream)
    run = sync(pim, *streams, state=state, pim_timezone="UTC")
    for stream in streams:
        since = min(dates({"bookmarks": {stream: state["bookmarks"][stream]}}), default=None)
        keys = run.tap.streams[stream].primary_keys
        changed = {
            tuple(row[key] for key in keys)
            for row in pim.truth(stream)
            if row not in before[stream] or (since and is_since(row, since))
        }
        assert changed
        assert changed <= run.rows(stream).keys()
        if stream not in READ_WHOLE:
            assert len(run.rows(stream)) < len(before[stream])


READ_WHOLE = {"families", "categories"}
"""Streams that are always read in full; 7.0 does not report all changes of categories."""


def is_since(row: dict[str, Any], since: datetime) -> bool:
    return datetime.fromisoformat(row["updated"]) >= since


def change_one(pim: SimulatedPim, stream: str) -> None:
    row = pim.truth(stream)[-1]
    if stream in RUNS["partitions.json"][1]:
        parent = "asset_family" if stream == "assets" else "reference_entity"
        label = [{"locale": "en_US", "channel": None, "data": "New name"}]
        pim.write.change(stream, (row[parent], row["code"]), values={"label": label})
    elif stream in READ_WHOLE:
        pim.write.change(stream, row["code"], labels={"en_US": "New name"})
    else:
        categories = ["outlet"] if row["categories"] != ["outlet"] else []
        pim.write.change(stream, row.get("uuid") or row["code"], categories=categories)


PRODUCTS = {"replication_key": "updated", "replication_key_value": "2024-11-18T03:00:00Z"}
"""A bookmark of products; some products of the simulated PIM changed after it."""

REFUSED: dict[str, tuple[object, str]] = {
    "cut off": ('{"bookmarks": {"products": {"repl', "the state file is not JSON: "),
    "empty": ("", "the state file is not JSON: "),
    "a date of year 1": (
        {"bookmarks": {"products": {**PRODUCTS, "replication_key_value": "0001-01-01T00:00:00Z"}}},
        "the bookmark of products: '0001-01-01T00:00:00Z' must be between the years",
    ),
    "a list": ([], "the state file must contain a JSON object"),
    "no date": (
        {"bookmarks": {"products": {**PRODUCTS, "replication_key_value": "soon"}}},
        "the bookmark of products: 'soon' is not a date",
    ),
    "no object of bookmarks": ({"bookmarks": []}, "`bookmarks` is not an object"),
    "no bookmarks": ({"products": "2025-01-01"}, "it has products instead of `bookmarks`"),
}


@pytest.mark.parametrize("state", REFUSED)
def test_an_invalid_state_is_rejected_with_one_line_before_anything_is_read(
    start_pim: StartPim, state: str
) -> None:
    pim = start_pim(products=10)
    content, named = REFUSED[state]
    ended = command(config=settings_for(pim), state=content)
    assert ended.code == 1
    (line,) = ended.errors
    assert named in line
    assert ("--full-refresh" in line) is ("the state cannot be used" in line)
    assert not ended.stdout
    assert "Traceback" not in ended.log


RECORDS = "reference_entity_records"


def partition(code: str, **more: Any) -> dict[str, Any]:
    return {"context": {"reference_entity": code}, **PRODUCTS, **more}


FOREIGN: dict[str, tuple[str, object]] = {
    "text": ("products", "2025-01-01"),
    "null": ("products", None),
    "another property": ("products", {**PRODUCTS, "replication_key": "updated_at"}),
    "no property": ("products", {"replication_key_value": "2024-11-18T03:00:00Z"}),
    "a number": ("products", {**PRODUCTS, "replication_key_value": 1735689600}),
    "no keys of the SDK": ("products", {"updated": "2024-11-18T03:00:00Z"}),
    "a list of marks": ("products", {**PRODUCTS, "progress_markers": []}),
    "partitions of a plain list": ("products", {"partitions": [partition("brands")]}),
    "a date of all parents": (RECORDS, PRODUCTS),
    "a mapping of parents": (RECORDS, {"partitions": {"brands": partition("brands")}}),
    "another parent": (RECORDS, {"partitions": [{**PRODUCTS, "context": {"shop": "a"}}]}),
    "no context": (RECORDS, {"partitions": [PRODUCTS]}),
    "another property below": (RECORDS, {"partitions": [partition("a", replication_key="id")]}),
    "a parent twice": (RECORDS, {"partitions": [partition("brands"), partition("brands")]}),
    "a date of a full table": ("families", PRODUCTS),
    "partitions of a full table": ("attribute_options", {"partitions": [{"context": {}}]}),
}


@pytest.mark.parametrize("of", FOREIGN)
def test_a_bookmark_that_this_tap_did_not_write_is_ignored_with_one_line(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, of: str
) -> None:
    stream, bookmark = FOREIGN[of]
    pim = start_pim("ee-7", products=120)
    run = sync(pim, stream, state={"bookmarks": {stream: bookmark}}, pim_timezone="UTC")
    assert len(run.records(stream)) == len(pim.truth(stream))
    (line,) = (one.getMessage() for one in caplog.records if one.levelname == "WARNING")
    assert f"this tap did not write the bookmark of {stream} in the state: it is ignored" in line
    assert "run once with --full-refresh in Meltano" in line
    caplog.clear()
    sync(pim, stream, state=run.state, pim_timezone="UTC")
    assert "WARNING" not in {one.levelname for one in caplog.records}


def test_bookmarks_of_unknown_streams_are_logged_and_kept_and_the_others_are_used(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim(products=120)
    other = {"replication_key": "id", "replication_key_value": "2020-01-01"}
    state = {"bookmarks": {"orders": other, "products": PRODUCTS}}
    run = sync(pim, "products", state=state, pim_timezone="UTC")
    assert (
        "bookmarks of unknown streams: orders. If another tap wrote it, run once with"
        in caplog.text
    )
    assert run.state["bookmarks"]["orders"] == other
    assert 0 < len(run.rows("products")) < len(pim.truth("products"))


USED: dict[str, dict[str, Any]] = {
    "in UTC where no offset is written": {"replication_key_value": "2024-11-18T03:00:00"},
    "with the marks of a run that died": {
        "starting_replication_value": "2020-01-01T00:00:00Z",
        "replication_key_signpost": "2020-01-01T00:00:00Z",
        "progress_markers": {**PRODUCTS, "replication_key_value": "2090-01-01T00:00:00Z"},
    },
}


@pytest.mark.parametrize("more", USED.values(), ids=USED.keys())
def test_a_valid_bookmark_is_used(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, more: dict[str, Any]
) -> None:
    pim = start_pim(products=120)
    since = datetime.fromisoformat("2024-11-18T03:00:00+00:00")
    run = sync(
        pim, "products", state={"bookmarks": {"products": PRODUCTS | more}}, pim_timezone="UTC"
    )
    newer = {(row["uuid"],) for row in pim.truth("products") if is_since(row, since)}
    assert newer <= run.rows("products").keys()
    assert len(run.rows("products")) < len(pim.truth("products"))
    assert set(run.state["bookmarks"]["products"]) == {*PRODUCTS, "fingerprints", "unfinished"}
    assert "the bookmark" not in caplog.text


def test_an_empty_state_starts_a_full_run(start_pim: StartPim) -> None:
    pim = start_pim(products=10)
    for empty in ("{}", '{"bookmarks": {"products": {}}}'):
        ended = command(config=settings_for(pim), state=empty)
        assert (ended.code, ended.errors) == (0, [])
        assert "WARNING" not in ended.log
        records = [one for one in ended.messages if one["type"] == "RECORD"]
        read = sum(one["stream"] == "products" for one in records)
        assert read == len(pim.truth("products"))


WRAPPED: dict[str, Any] = {
    "meltano state get": lambda state: {"singer_state": state},
    "what Meltano keeps": lambda state: {"completed": {"singer_state": state}},
    "a message": lambda state: {"type": "STATE", "value": state},
    "another top": lambda state: {"currently_syncing": "products", **state},
}


@pytest.mark.parametrize("wrapped", WRAPPED.values(), ids=WRAPPED.keys())
def test_a_wrapped_state_is_used(start_pim: StartPim, wrapped: Any) -> None:
    pim = start_pim(products=120)
    state = wrapped({"bookmarks": {"products": PRODUCTS}})
    run = sync(pim, "products", state=state, pim_timezone="UTC")
    assert 0 < len(run.rows("products")) < len(pim.truth("products"))


def test_bookmarks_of_unknown_streams_may_contain_anything(start_pim: StartPim) -> None:
    state = {
        "bookmarks": {
            "orders": {"replication_key_value": 5, "partitions": [{"context": 5}]},
            "shops": 5,
            "customers": {"progress_markers": []},
        }
    }
    run = sync(start_pim(products=10), "families", state=state)
    assert run.state["bookmarks"]["orders"] == state["bookmarks"]["orders"]
    assert not {"shops", "customers"} & run.state["bookmarks"].keys()


def test_unknown_keys_of_a_bookmark_are_kept_without_a_warning(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim(products=10)
    bookmark = {"unfinished": {"windows": []}, "broken": []}
    for one in (bookmark, {**PRODUCTS, **bookmark, "newest": 1}):
        run = sync(pim, "families", state={"bookmarks": {"products": one}})
        assert run.state["bookmarks"]["products"] == one
    assert "WARNING" not in {one.levelname for one in caplog.records}
