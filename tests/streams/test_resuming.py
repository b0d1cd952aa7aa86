"""A run that ended early is resumed: the next one reads what is left, and what changed since."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
from contextlib import suppress
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest

from tap_akeneo.client.errors import AkeneoError
from tap_akeneo.streams.fingerprints import has_unfinished
from tap_akeneo.tap import TapAkeneo
from tests.support import (
    BreakingPipe,
    Collector,
    Run,
    catalog_of,
    select,
    settings_for,
    started_tap,
    sync,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim
    from tests.support import Message

BETWEEN_STATES = 500
"""Items after which a run writes its state at the latest."""


def broken_off(pim: SimulatedPim, stream: str, records: int, **more: Any) -> Run:
    """A run whose target stops reading after some records."""
    return sync(pim, stream, collector=BreakingPipe(records), **more)


def resumed(pim: SimulatedPim, stream: str, run: Run, **more: Any) -> Run:
    """The run after another one."""
    return sync(pim, stream, state=run.state, **more)


def keys(run: Run, stream: str) -> list[str]:
    return [key for record in run.records(stream) for key in [record[key_name(run, stream)]]]


def key_name(run: Run, stream: str) -> str:
    (name,) = run.tap.streams[stream].primary_keys
    return name


def listed(pim: SimulatedPim, stream: str = "products") -> list[str]:
    """The keys of all items in the PIM's order."""
    run = sync(pim, stream)
    return sorted(keys(run, stream), key=str.lower)


@pytest.mark.parametrize("records", [520, 777, 1001, 1490])
@pytest.mark.parametrize(
    ("profile", "stream", "full_table"),
    [
        ("ce-7", "products", False),
        ("ce-7", "products", True),
        ("ce-7", "product_keys", False),
        ("ce-6", "products", False),
        ("ce-5", "products", False),
        ("ce-5", "product_keys", False),
    ],
)
def test_a_run_that_broke_off_anywhere_is_resumed_and_only_what_is_left_is_read(
    start_pim: StartPim, profile: str, stream: str, records: int, *, full_table: bool
) -> None:
    pim = start_pim(profile, products=1500)
    everything = listed(pim, stream)
    settings: dict[str, Any] = {"page_size": 20, "pim_timezone": "UTC", "full_table": full_table}
    first = broken_off(pim, stream, records, **settings)
    second = resumed(pim, stream, first, **settings)
    out, rest = keys(first, stream), keys(second, stream)
    assert {*out, *rest} == set(everything)
    assert len(rest) <= len(everything) - records + BETWEEN_STATES + 4 * 20
    assert not has_unfinished(second.state["bookmarks"][stream])
    third = resumed(pim, stream, second, **settings)
    reads_all = full_table or stream == "product_keys"
    assert len(keys(third, stream)) == (len(everything) if reads_all else 0)


def test_what_changed_in_the_meantime_is_read_as_well(start_pim: StartPim) -> None:
    pim = start_pim(products=1500)
    settings: dict[str, Any] = {"page_size": 20, "pim_timezone": "UTC"}
    for full_table in (False, True):
        first = broken_off(pim, "products", 1000, full_table=full_table, **settings)
        early, late = listed(pim)[0], listed(pim)[-1]
        pim.clock.advance(hours=1)
        for uuid in (early, late):
            pim.write.change("products", uuid, enabled=False)
            pim.write.change("products", uuid, enabled=True)
        pim.clock.advance(hours=1)
        second = resumed(pim, "products", first, full_table=full_table, **settings)
        dates = {key: row["updated"] for (key,), row in second.rows("products").items()}
        held = {row["uuid"]: row["updated"] for row in pim.truth("products")}
        assert dates[early] == held[early]
        assert dates[late] == held[late]


@pytest.mark.parametrize("full_table", [False, True])
def test_what_changed_in_the_meantime_is_read_although_the_rest_of_the_list_fails(
    start_pim: StartPim, *, full_table: bool
) -> None:
    pim = start_pim(products=700)
    settings: dict[str, Any] = {
        "page_size": 20,
        "pim_timezone": "UTC",
        "full_table": full_table,
        "max_concurrency": 1,
        "max_retries": 0,
    }
    everything = listed(pim)
    run = broken_off(pim, "products", 600, **settings)
    came = {*keys(run, "products")}
    for early in everything[:2]:
        pim.clock.advance(hours=1)
        pim.write.change("products", early, enabled=False)
        pim.write.change("products", early, enabled=True)
        # The first request is for the rest.
        pim.faults.add("status", "/products-uuid", status=504)
        run = resumed(pim, "products", run, **settings)
        assert run.tap.failed_streams == ["products"]
        assert early in keys(run, "products")
        assert not run.bookmark("products")
        came.update(keys(run, "products"))
    last = resumed(pim, "products", run, **settings)
    assert not last.tap.failed_streams
    assert came.union(keys(last, "products")) == {*everything}


def test_the_bookmark_of_a_resumed_run_is_that_of_its_last_reading(start_pim: StartPim) -> None:
    pim = start_pim(products=1500)
    first = broken_off(pim, "products", 1000, page_size=20)
    assert first.bookmark("products") is None
    pim.clock.advance(hours=5)
    second = resumed(pim, "products", first, page_size=20, pim_timezone="UTC")
    third = resumed(pim, "products", second, pim_timezone="UTC")
    assert second.bookmark("products") <= third.bookmark("products")
    assert not third.records("products")


@pytest.mark.parametrize(("stream", "full_table"), [("products", True), ("product_keys", False)])
def test_a_resumed_full_table_activates_no_version_and_the_next_one_does(
    start_pim: StartPim, stream: str, *, full_table: bool
) -> None:
    pim = start_pim(products=1500)
    settings: dict[str, Any] = {
        "full_table": full_table,
        "page_size": 20,
        "emit_activate_version_messages": True,
        "pim_timezone": "UTC",
    }
    first = broken_off(pim, stream, 1000, **settings)
    second = resumed(pim, stream, first, **settings)
    third = resumed(pim, stream, second, **settings)
    assert [bool(run.activated) for run in (first, second, third)] == [False, False, True]


def test_resumed_keys_have_the_time_when_their_reading_began(start_pim: StartPim) -> None:
    pim = start_pim(products=1500)
    first = broken_off(pim, "product_keys", 1000, page_size=20)
    pim.clock.advance(hours=5)
    second = resumed(pim, "product_keys", first, page_size=20)
    times = {record["read_at"] for run in (first, second) for record in run.records("product_keys")}
    assert len(times) == 1


def test_before_6_0_a_run_is_resumed_by_the_cursor_of_the_pim(start_pim: StartPim) -> None:
    pim = start_pim("ce-5", products=1500)
    first = broken_off(pim, "products", 1200, page_size=20)
    ((cursor, end),) = first.state["bookmarks"]["products"]["unfinished"]["ranges"]
    assert end is None
    pim.requests.clear()
    resumed(pim, "products", first, page_size=20, pim_timezone="UTC")
    cursors = [
        request.query["search_after"] for request in pim.requests if "search_after" in request.query
    ]
    assert cursors[0] == cursor
    assert len(cursors) < 1500 / 20 / 2


@pytest.mark.parametrize("nth", range(3, 12))
def test_before_6_0_a_run_that_dies_while_reading_by_page_number_starts_again(
    start_pim: StartPim, nth: int
) -> None:
    pim = start_pim("ce-5", products=20)
    identifiers = {product["identifier"] for product in pim.truth("products")}
    # Deleted from SQL, but still in the search index: the list has no link after its page.
    pim.missing.add(min(identifiers))
    collector = Collector()
    pim.faults.add("status", "/products", nth=nth, status=503, times=None)
    tap = TapAkeneo(config=settings_for(pim, page_size=9, max_retries=0), message_writer=collector)
    select(tap, ["products"])
    run = Run(tap, collector.messages)
    with suppress(AkeneoError):
        tap.sync_all()
    pim.faults.clear()
    again = sync(pim, "products", page_size=9, state=tap.state)
    read = run.rows("products").keys() | again.rows("products").keys()
    assert read >= {(identifier,) for identifier in identifiers - {min(identifiers)}}


def test_another_page_size_and_concurrency_resume_all_the_same(start_pim: StartPim) -> None:
    pim = start_pim(products=1500)
    everything = listed(pim)
    first = broken_off(pim, "products", 1000, page_size=20, max_concurrency=4)
    second = resumed(pim, "products", first, page_size=70, max_concurrency=1, pim_timezone="UTC")
    assert {*keys(first, "products"), *keys(second, "products")} == set(everything)
    assert len(keys(second, "products")) < len(everything)


@pytest.mark.parametrize(
    "changed",
    [
        {"channel": "ecommerce"},
        {"locales": ["en_US"]},
        {"attributes": ["name"]},
        {"with_completenesses": False},
        {"filters": {"products": {"enabled": [{"operator": "=", "value": True}]}}},
        {"end_date": "2040-01-01"},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_after_a_change_of_settings_that_shape_the_list_the_reading_begins_anew_and_says_so(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, changed: dict[str, Any]
) -> None:
    pim = start_pim(products=1500)
    first = broken_off(pim, "products", 1000, page_size=50)
    whole = sync(pim, "products", **changed)
    with caplog.at_level(logging.INFO):
        second = resumed(pim, "products", first, **changed)
    assert second.rows("products").keys() == whole.rows("products").keys()
    (name,) = changed
    lines = [
        f"{name} changed since the last run: reading everything once",
        "an earlier run did not finish this list, but the date filter or the PIM have changed",
    ]
    assert sum(caplog.text.count(line) for line in lines) == 1
    assert lines[name.endswith("_date")] in caplog.text


def test_a_later_start_date_resumes_the_list_and_an_earlier_one_begins_anew(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=1500)
    state = broken_off(pim, "products", 1000, page_size=50, start_date="2020-01-02").state
    later = sync(pim, "products", state=state, start_date="2020-01-03")
    assert 0 < len(later.rows("products")) < 1500
    earlier = sync(pim, "products", state=state, start_date="2020-01-01")
    assert len(earlier.rows("products")) == 1500


def test_the_state_of_another_pim_is_not_resumed(start_pim: StartPim) -> None:
    pim, other = start_pim(products=1500), start_pim(products=1500, seed=2)
    first = broken_off(pim, "products", 1000, page_size=50)
    second = resumed(other, "products", first)
    assert set(keys(second, "products")) == {row["uuid"] for row in other.truth("products")}


DAMAGES: dict[str, Callable[[dict[str, Any]], object]] = {
    "no ranges": lambda left: left.update(ranges=[]),
    "ranges that are text": lambda left: left.update(ranges="all"),
    "ranges that are null": lambda left: left.update(ranges=None),
    "a range of one": lambda left: left.update(ranges=[["a"]]),
    "a range of numbers": lambda left: left.update(ranges=[[1, 2]]),
    "a range of what is no uuid": lambda left: left.update(ranges=[["a", "b"]]),
    "a range of empty texts": lambda left: left.update(ranges=[["", ""]]),
    "a range of objects": lambda left: left.update(ranges=[[{}, []]]),
    "a start that is no date": lambda left: left.update(started="yesterday"),
    "a start that is null": lambda left: left.update(started=None),
    "a bookmark that is a number": lambda left: left.update(bookmark=5),
    "a count of texts": lambda left: left.update(read="5"),
    "a total that is text": lambda left: left.update(counted="many"),
    "no count": lambda left: left.pop("read"),
    "nothing": lambda left: left.clear(),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_unfinished_reading_is_ignored_and_everything_is_read(
    start_pim: StartPim, damage: str
) -> None:
    pim = start_pim(products=700)
    first = broken_off(pim, "products", 600, page_size=20)
    state = deepcopy(first.state)
    DAMAGES[damage](state["bookmarks"]["products"]["unfinished"])
    second = sync(pim, "products", state=state, pim_timezone="UTC")
    assert set(keys(second, "products")) == {row["uuid"] for row in pim.truth("products")}
    assert second.bookmark("products")


@pytest.mark.parametrize("left", [None, 5, "text", [], [1], {"of": "another tap"}])
def test_data_of_another_tap_under_the_same_name_is_ignored(
    start_pim: StartPim, left: object
) -> None:
    pim = start_pim()
    state = {"bookmarks": {"products": {"unfinished": left, "broken": left}}}
    run = sync(pim, "products", state=state)
    assert len(run.rows("products")) == len(pim.truth("products"))
    assert not has_unfinished(run.state["bookmarks"]["products"])
    assert not run.tap.failed_streams


def test_a_run_that_is_killed_leaves_the_state_of_its_last_message(start_pim: StartPim) -> None:
    pim = start_pim(products=3000)
    everything = {row["uuid"] for row in pim.truth("products")}
    catalog = catalog_of(pim, "products")
    messages: list[Message] = []
    with started_tap(settings_for(pim), catalog=catalog, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        for line in process.stdout:
            messages.append(json.loads(line))
            if sum(message["type"] == "STATE" for message in messages) == 3:
                process.send_signal(signal.SIGKILL)
                break
    assert process.returncode == -signal.SIGKILL
    state = messages[-1]["value"]
    out = {message["record"]["uuid"] for message in messages if message["type"] == "RECORD"}
    second = sync(pim, "products", state=state, pim_timezone="UTC")
    assert out | set(keys(second, "products")) == everything
    assert out.isdisjoint(keys(second, "products"))


# Broken items.


def broken_keys(pim: SimulatedPim, run: Run, stream: str = "products") -> list[str]:
    """Return the keys of the PIM's products in the broken ranges of the state."""
    return [
        uuid
        for item in run.state["bookmarks"][stream].get("broken", [])
        for uuid in sorted({*(row["uuid"] for row in pim.truth("products")), *pim.broken})
        if (item["after"] or "") < uuid <= item["key"]
    ]


def test_the_keys_of_broken_items_go_into_the_state_and_the_bookmark_moves_on(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=60)
    bad = [listed(pim)[7], listed(pim)[40]]
    pim.broken.update(bad)
    run = sync(pim, "products", max_retries=0)
    assert broken_keys(pim, run) == bad
    assert run.bookmark("products")
    assert run.tap.failed_streams == ["products"]


def test_the_next_run_asks_for_a_broken_item_alone_names_it_and_fails(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim(products=60)
    bad = listed(pim)[7]
    pim.broken.add(bad)
    first = sync(pim, "products", max_retries=0)
    pim.clock.advance(hours=3)
    pim.requests.clear()
    caplog.clear()
    second = sync(pim, "products", state=first.state, max_retries=0, pim_timezone="UTC")
    assert not second.records("products")
    assert broken_keys(pim, second) == [bad]
    assert second.tap.failed_streams == ["products"]
    assert "the PIM answers 500 for items whose uuid comes after " in caplog.text
    assert second.bookmark("products") >= first.bookmark("products")
    # Four show the zone, two that it is still broken, and one what has changed.
    asked = [request for request in pim.requests if "products-uuid" in request.path]
    assert len(asked) == 7


def test_a_repaired_item_comes_and_the_state_forgets_it(start_pim: StartPim) -> None:
    pim = start_pim(products=60)
    bad, other = listed(pim)[7], listed(pim)[30]
    pim.broken.update([bad, other])
    first = sync(pim, "products", max_retries=0)
    pim.broken.discard(bad)
    second = sync(pim, "products", state=first.state, max_retries=0, pim_timezone="UTC")
    assert keys(second, "products") == [bad]
    assert broken_keys(pim, second) == [other]
    pim.broken.clear()
    third = sync(pim, "products", state=second.state, max_retries=0, pim_timezone="UTC")
    assert keys(third, "products") == [other]
    assert broken_keys(pim, third) == []
    assert not third.tap.failed_streams
    assert "broken" not in third.state["bookmarks"]["products"]
    assert not has_unfinished(third.state["bookmarks"]["products"])


@pytest.mark.parametrize("from_index", [True, False])
def test_a_broken_item_that_is_deleted_is_forgotten(
    start_pim: StartPim, *, from_index: bool
) -> None:
    pim = start_pim(products=60)
    bad = listed(pim)[7]
    pim.broken.add(bad)
    first = sync(pim, "products", max_retries=0)
    if from_index:
        pim.write.delete("products", bad)
    else:
        pim.missing.add(bad)
    second = sync(pim, "products", state=first.state, max_retries=0, pim_timezone="UTC")
    assert broken_keys(pim, second) == []
    assert not second.records("products")
    assert not second.tap.failed_streams


@pytest.mark.parametrize(
    "item",
    [
        {"key": 5},
        {"key": "a", "after": 5},
        {"key": "a", "since": "soon"},
        {"key": "a", "since": 5},
        {"key": None},
    ],
    ids=json.dumps,
)
def test_a_damaged_broken_item_is_forgotten(start_pim: StartPim, item: dict[str, Any]) -> None:
    pim = start_pim()
    first = sync(pim, "products")
    state = deepcopy(first.state)
    state["bookmarks"]["products"]["broken"] = [item]
    second = sync(pim, "products", state=state, pim_timezone="UTC")
    assert not second.tap.failed_streams


@pytest.mark.parametrize("repaired", [0, 1, 2])
def test_of_several_broken_items_in_a_row_the_repaired_one_comes(
    start_pim: StartPim, repaired: int
) -> None:
    pim = start_pim(products=60)
    bad = listed(pim)[20:23]
    pim.broken.update(bad)
    first = sync(pim, "products", max_retries=0)
    assert first.tap.failed_streams == ["products"]
    pim.broken.discard(bad[repaired])
    second = sync(pim, "products", state=first.state, max_retries=0, pim_timezone="UTC")
    assert bad[repaired] in keys(second, "products")
    assert second.tap.failed_streams == ["products"]
    pim.broken.clear()
    third = sync(pim, "products", state=second.state, max_retries=0, pim_timezone="UTC")
    assert {*keys(second, "products"), *keys(third, "products")} >= set(bad)
    assert broken_keys(pim, third) == []


def test_a_broken_item_that_a_run_had_met_when_it_broke_off_is_not_forgotten(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=1500)
    everything = listed(pim)
    bad = everything[3]
    pim.broken.add(bad)
    first = broken_off(pim, "products", 1200, page_size=20, max_retries=0, max_concurrency=1)
    second = resumed(pim, "products", first, page_size=20, max_retries=0, pim_timezone="UTC")
    assert {*keys(first, "products"), *keys(second, "products")} == set(everything) - {bad}
    assert broken_keys(pim, second) == [bad]
    assert second.tap.failed_streams == ["products"]
    pim.broken.clear()
    third = resumed(pim, "products", second, pim_timezone="UTC")
    assert keys(third, "products") == [bad]


@pytest.mark.parametrize("profile", ["ce-6", "ce-7", "ce-5"])
def test_a_broken_first_item_prevents_neither_the_count_nor_finding_the_time_zone(
    start_pim: StartPim, profile: str
) -> None:
    pim = start_pim(profile, products=60)
    everything = [key for (key,) in sync(pim, "products").rows("products")]
    state = sync(pim, "products").state
    first = min(everything, key=str.lower) if profile != "ce-5" else everything[0]
    pim.broken.add(first)
    pim.clock.advance(hours=3)
    run = sync(pim, "products", state=state, max_retries=0)
    assert not run.records("products")
    assert not run.tap.failed_streams, "it did not change, so it was not read"
    whole = sync(pim, "products", max_retries=0)
    assert whole.rows("products").keys() == {(key,) for key in everything if key != first}
    assert whole.tap.failed_streams == ["products"]


def test_an_item_that_breaks_while_incremental_runs_go_on_is_asked_for_from_its_own_time_on(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=60)
    state = sync(pim, "products").state
    pim.clock.advance(hours=3)
    bad, good = listed(pim)[5], listed(pim)[6]
    for uuid in (bad, good):
        product = next(row for row in pim.truth("products") if row["uuid"] == uuid)
        pim.write.change("products", uuid, enabled=not product["enabled"])
    pim.clock.advance(hours=1)
    pim.broken.add(bad)
    first = sync(pim, "products", state=state, max_retries=0, pim_timezone="UTC")
    assert keys(first, "products") == [good]
    # Among those that changed, nothing comes before it.
    assert bad in broken_keys(pim, first)
    pim.clock.advance(hours=3)
    pim.broken.clear()
    second = sync(pim, "products", state=first.state, max_retries=0, pim_timezone="UTC")
    assert keys(second, "products") == [bad]


def test_a_pim_that_fails_for_another_reason_while_a_broken_item_is_asked_for_forgets_nothing(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=60)
    bad = listed(pim)[7]
    pim.broken.add(bad)
    first = sync(pim, "products", max_retries=0)
    pim.faults.add("status", "/products-uuid", status=500, times=None)
    second = sync(pim, "products", state=first.state, max_retries=0, pim_timezone="UTC")
    assert second.tap.failed_streams == ["products"]
    assert broken_keys(pim, second) == [bad]


def test_broken_keys_are_asked_for_again_and_hold_the_version_back_until_they_come(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=60)
    settings: dict[str, Any] = {"emit_activate_version_messages": True, "max_retries": 0}
    bad = listed(pim)[7]
    pim.broken.add(bad)
    first = sync(pim, "product_keys", **settings)
    second = sync(pim, "product_keys", state=first.state, **settings)
    pim.broken.clear()
    third = sync(pim, "product_keys", state=second.state, **settings)
    assert [bool(run.activated) for run in (first, second, third)] == [False, False, True]
    assert broken_keys(pim, second, "product_keys") == [bad]
    assert broken_keys(pim, third, "product_keys") == []
    assert set(keys(third, "product_keys")) == {row["uuid"] for row in pim.truth("products")}
