"""`refresh_within_days`: rows are read again in time, although the PIM did not move their dates."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.pagination.made import window_of
from tests.support import BreakingPipe, sync, uuids

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim
    from tests.support import Run

DAYS = 4
SETTINGS: dict[str, Any] = {"pim_timezone": "UTC", "refresh_within_days": DAYS}


def runs(
    pim: SimulatedPim, *streams: str, state: Mapping[str, Any] | None = None, **more: Any
) -> Iterator[Run]:
    """Run the tap twice a day, for as long as the setting says."""
    for _ in range(DAYS * 2):
        pim.clock.advance(days=0.5)
        run = sync(pim, *streams, state=state, **{**SETTINGS, **more})
        state = run.state
        yield run


def first(pim: SimulatedPim, *streams: str, **more: Any) -> Run:
    return sync(pim, *streams, **{**SETTINGS, **more})


@pytest.mark.parametrize(
    ("stream", "lists"),
    [
        ("products", 0),
        ("product_models", 0),
        ("assets", 3),
        ("reference_entity_records", 3),
        ("catalog_products", 2),
    ],
)
def test_each_row_comes_once_in_the_days_at_the_cost_of_one_full_reading(
    start_pim: StartPim, stream: str, lists: int
) -> None:
    is_of_libraries = stream in {"assets", "reference_entity_records"}
    pim = start_pim("saas", products=10 if is_of_libraries else 400, records=120)
    more: dict[str, Any] = {"page_size": 10}
    if stream == "catalog_products":
        more |= {"access_token": pim.app_token, **dict.fromkeys(pim.credentials)}
    begin = first(pim, stream, **more)
    first_load = len(pim.requests)
    pim.requests.clear()
    plain = list(runs(pim, stream, state=begin.state, refresh_within_days=None, **more))
    without = len(pim.requests)
    assert not any(run.records(stream) for run in plain)
    state = first(pim, stream, **more).state
    pim.requests.clear()
    found = [run.rows(stream).keys() for run in runs(pim, stream, state=state, **more)]
    assert Counter(key for keys in found for key in keys) == Counter([*begin.rows(stream)])
    # No run reads much more than its share and a page, or a page of each list, which has 100 items.
    share = max(2 * len(begin.rows(stream)) / len(found) + 10, lists * 100)
    assert max(map(len, found)) <= share < len(begin.rows(stream))
    assert len(pim.requests) <= without + first_load


def test_a_list_that_cannot_be_read_in_parts_is_read_when_all_of_it_is_due(
    start_pim: StartPim,
) -> None:
    pim, more = start_pim("saas"), {"with_position": False}
    begin = first(pim, "categories", **more)
    all_runs = runs(pim, "categories", state=begin.state, **more)
    found = [len(run.records("categories")) for run in all_runs]
    assert found == [0] * (len(found) - 1) + [len(begin.records("categories"))]


def test_a_list_that_each_run_reads_as_a_whole_is_not_read_twice(start_pim: StartPim) -> None:
    pim = start_pim()
    begin = first(pim, "categories", with_position=True)
    pim.clock.advance(days=2 * DAYS)
    run = first(pim, "categories", state=begin.state, with_position=True)
    assert len(run.records("categories")) == len(begin.records("categories"))


def test_the_rows_of_a_run_that_was_killed_are_read_again_by_the_next(start_pim: StartPim) -> None:
    pim = start_pim(products=1300)
    state = first(pim, "products").state
    pim.clock.advance(days=DAYS)
    killed = sync(pim, "products", state=state, collector=BreakingPipe(900), **SETTINGS)
    left = sync(pim, "products", state=killed.state, **SETTINGS)
    assert 0 < len(left.records("products")) < 1300
    came = killed.rows("products").keys() | left.rows("products").keys()
    assert came == {(row["uuid"],) for row in pim.truth("products")}


def test_refreshed_rows_come_after_changes_so_that_no_older_row_replaces_a_newer(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=150)
    state = first(pim, "products").state
    pim.clock.advance(days=DAYS)
    product = pim.truth("products")[0]
    pim.write.change("products", product["uuid"], enabled=not product["enabled"])
    run = sync(pim, "products", state=state, **SETTINGS)
    own = [row["enabled"] for row in run.records("products") if row["uuid"] == product["uuid"]]
    assert own == [not product["enabled"]] * 2


def test_without_the_setting_or_with_an_end_date_nothing_is_read_again(start_pim: StartPim) -> None:
    pim = start_pim()
    state = first(pim, "products").state
    pim.clock.advance(days=2 * DAYS)
    assert not sync(pim, "products", state=state, pim_timezone="UTC").records("products")
    end = (pim.clock.now() - timedelta(days=1)).isoformat()
    assert not first(pim, "products", state=state, end_date=end).records("products")


def test_what_is_older_than_the_start_date_is_not_read_again(start_pim: StartPim) -> None:
    pim = start_pim(products=120)
    start = datetime.fromisoformat(sorted(row["updated"] for row in pim.truth("products"))[60])
    more = {"start_date": start.isoformat()}
    begin = first(pim, "products", **more)
    pim.clock.advance(days=DAYS)
    again = first(pim, "products", state=begin.state, **more)
    assert again.rows("products").keys() == begin.rows("products").keys()
    assert 0 < len(again.rows("products").keys()) < 120


def test_a_start_date_that_moves_each_day_does_not_begin_the_list_anew(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=400)
    start = pim.clock.now() - timedelta(days=3650)
    state = first(pim, "products", start_date=start.isoformat()).state
    found: Counter[Any] = Counter()
    for day in range(1, DAYS + 1):
        pim.clock.advance(days=1)
        start += timedelta(days=day)
        run = first(pim, "products", state=state, start_date=start.isoformat())
        state = run.state
        found.update(run.rows("products").keys())
    assert found == Counter((row["uuid"],) for row in pim.truth("products"))


def test_before_6_0_a_long_list_that_changes_between_the_runs_is_read_to_its_end(
    start_pim: StartPim, monkeypatch: pytest.MonkeyPatch
) -> None:
    pim = start_pim("ce-5", products=60)
    window_of(40, monkeypatch)
    run = first(pim, "products", page_size=10)
    identifier = min(row["identifier"] for row in pim.truth("products"))
    living = {(row["identifier"],) for row in pim.truth("products")} - {(identifier,)}
    found: set[Any] = set()
    for _ in range(2):
        for run in runs(pim, "products", state=run.state, page_size=10):  # noqa: B020
            assert not run.tap.failed_streams
            if not found and run.records("products"):
                pim.write.delete("products", identifier)
            found |= run.rows("products").keys()
    assert found >= living
    assert run.state["bookmarks"]["products"]["refresh"]["items"] == len(pim.truth("products"))


def test_the_time_begins_when_the_setting_is_new(start_pim: StartPim) -> None:
    pim = start_pim()
    old = sync(pim, "products", pim_timezone="UTC")
    pim.clock.advance(days=400)
    new = first(pim, "products", state=old.state)
    assert not new.records("products")
    pim.clock.advance(days=DAYS)
    assert len(first(pim, "products", state=new.state).records("products")) == len(
        old.records("products")
    )


@pytest.mark.parametrize("until", ["2090-01-01T00:00:00Z", "yesterday", "2026-01-01", 7, None])
def test_a_state_with_another_time_begins_anew(start_pim: StartPim, until: object) -> None:
    pim = start_pim()
    state = first(pim, "products").state
    state["bookmarks"]["products"]["refresh"] = {"until": until}
    run = first(pim, "products", state=state)
    pim.clock.advance(days=DAYS)
    assert first(pim, "products", state=run.state).records("products")


def test_a_broken_product_is_found_by_the_refresh_and_stays_in_the_state(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=150)
    state = first(pim, "products").state
    broken = uuids(pim)[70]
    pim.broken.add(broken)
    pim.clock.advance(days=DAYS)
    run = first(pim, "products", state=state)
    assert len(run.rows("products").keys()) == 149
    (item,) = run.state["bookmarks"]["products"]["broken"]
    assert item["after"] < broken <= item["key"]


@pytest.mark.parametrize("changed", [0, 3])
def test_the_log_tells_refreshed_rows_from_changes(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, changed: int
) -> None:
    caplog.set_level(logging.INFO)
    pim = start_pim(products=150)
    state = first(pim, "products").state
    pim.clock.advance(days=DAYS)
    for product in pim.truth("products")[:changed]:
        pim.write.change("products", product["uuid"], enabled=not product["enabled"])
    pim.clock.advance(seconds=60)
    run = first(pim, "products", state=state)
    (line,) = [one for one in caplog.messages if "rows refreshed" in one]
    assert f"{changed} rows since" in line
    assert line.endswith("150 rows refreshed")
    summary = run.tap.summary()
    assert (summary.changed, summary.read_before, summary.refreshed) == (changed, 0, 150)


def test_a_list_that_begins_again_after_a_failure_does_not_count_as_read(
    start_pim: StartPim,
) -> None:
    pim = start_pim("saas")
    more: dict[str, Any] = {"with_position": False, "page_size": 10, "max_retries": 0}
    begin = first(pim, "categories", **more)
    pim.clock.advance(days=DAYS)
    # One page shows that nothing changed, and one comes of the list that is read again.
    pim.faults.add("status", "/categories", nth=3, times=None, status=500)
    failed = first(pim, "categories", state=begin.state, **more)
    assert failed.tap.failed_streams == ["categories"]
    assert len(failed.records("categories")) == 10
    pim.faults.clear()
    again = first(pim, "categories", state=failed.state, **more)
    assert again.rows("categories").keys() == begin.rows("categories").keys()
