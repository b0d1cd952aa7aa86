"""`refresh_within_days`: rows are read again in time, although the PIM did not move their dates."""

from __future__ import annotations

import logging
from collections import Counter
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import BreakingPipe, sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

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


def _requirements(pim: SimulatedPim) -> None:
    for row in pim.truth("families"):
        wanted: dict[str, Any] = {channel: [] for channel in row["attribute_requirements"]}
        pim.write.change("families", row["code"], attribute_requirements=wanted)


def _locale(pim: SimulatedPim) -> None:
    for row in pim.truth("channels"):
        pim.write.change("channels", row["code"], locales=row["locales"][:1])


def _attribute(pim: SimulatedPim) -> None:
    pim.write.delete("attributes", "color")


def _option(pim: SimulatedPim) -> None:
    for row in pim.truth("attribute_options")[:40]:
        key = (row["attribute"], row["code"])
        pim.write.change("attribute_options", key, labels={"en_US": "renamed"})


def _category(pim: SimulatedPim) -> None:
    used = Counter(code for row in pim.truth("products") for code in row["categories"])
    pim.write.delete("categories", used.most_common(1)[0][0])


def _associated(pim: SimulatedPim) -> None:
    links = Counter(
        uuid
        for row in pim.truth("products")
        for kind in row["associations"].values()
        for uuid in kind["products"]
    )
    for uuid, _ in links.most_common(3):
        pim.write.delete("products", uuid)


SILENT: dict[str, Callable[[SimulatedPim], None]] = {
    "the requirements of families change": _requirements,
    "a locale is removed from a channel": _locale,
    "an attribute is deleted": _attribute,
    "the labels of options change": _option,
    "a category is deleted": _category,
    "associated products are deleted": _associated,
}


@pytest.mark.parametrize("change", SILENT.values(), ids=SILENT)
def test_a_change_that_moves_no_date_is_in_all_rows_within_the_days(
    start_pim: StartPim, change: Callable[[SimulatedPim], None]
) -> None:
    pim, streams = start_pim(products=120), ("products", "product_models")
    more: dict[str, Any] = {"with_attribute_options": True, "page_size": 10}
    begin = first(pim, *streams, **more)
    rows = {name: begin.rows(name) for name in streams}
    change(pim)
    stale = first(pim, *streams, state=begin.state, **more)
    for run in runs(pim, *streams, state=stale.state, **more):
        for name in streams:
            rows[name] |= run.rows(name)
    true = sync(pim, *streams, pim_timezone="UTC", **more)
    changed = 0
    for name in streams:
        now = true.rows(name)
        changed += sum(row != begin.rows(name)[key] for key, row in now.items())
        assert {key: row for key, row in rows[name].items() if key in now} == now
    assert changed > 2, "the change changes rows"


def test_each_row_comes_once_in_the_days_and_each_run_reads_its_share(start_pim: StartPim) -> None:
    pim = start_pim(products=400)
    state = first(pim, "products", page_size=10).state
    first_load = len(pim.requests)
    pim.requests.clear()
    plain = list(runs(pim, "products", state=state, page_size=10, refresh_within_days=None))
    without = len(pim.requests)
    assert not any(run.records("products") for run in plain)
    state = first(pim, "products", page_size=10).state
    pim.requests.clear()
    refreshed = list(runs(pim, "products", state=state, page_size=10))
    found = [run.rows("products").keys() for run in refreshed]
    truth = [(row["uuid"],) for row in pim.truth("products")]
    assert Counter(key for keys in found for key in keys) == Counter(truth)
    assert max(map(len, found)) <= 2 * len(truth) / len(found)
    assert len(pim.requests) <= without + first_load


@pytest.mark.parametrize("stream", ["assets", "reference_entity_records", "catalog_products"])
def test_lists_of_parents_are_read_again_as_well(start_pim: StartPim, stream: str) -> None:
    pim = start_pim("saas", products=60)
    is_of_apps = stream == "catalog_products"
    more = {"access_token": pim.app_token, **dict.fromkeys(pim.credentials)} if is_of_apps else {}
    begin = first(pim, stream, **more)
    again: set[Any] = set()
    for run in runs(pim, stream, state=begin.state, **more):
        again |= run.rows(stream).keys()
    assert again == begin.rows(stream).keys()


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
    broken = sorted(row["uuid"] for row in pim.truth("products"))[70]
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


def test_a_list_that_begins_again_after_a_failure_is_not_taken_for_read(
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
