"""Tests of the date range that an incremental run reads, and of the bookmark it writes."""

from __future__ import annotations

import logging
from contextlib import suppress
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, available_timezones

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_akeneo.client.errors import AkeneoError
from tap_akeneo.replication import (
    DateRange,
    ServerZone,
    bounded_iso_conditions,
    iso_conditions,
    plan_incremental,
    wall_time_conditions,
)
from tests.support import sync

if TYPE_CHECKING:
    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim
    from tests.support import Run

UTC = timezone.utc
LOOKBACK = timedelta(seconds=300)
NOW = datetime(2026, 3, 29, 12, 0, 0, tzinfo=UTC)

ZONES = (
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "America/Nuuk",  # changed its offset by an hour in 2023; daylight saving
    "America/St_Johns",  # offset with half an hour
    "Antarctica/Troll",  # two hours of daylight saving
    "Asia/Kolkata",
    "Asia/Magadan",  # changed its offset by two hours in 2014
    "Australia/Lord_Howe",  # half an hour of daylight saving
    "Pacific/Apia",
    "Pacific/Chatham",
    "Pacific/Kiritimati",
)
# Casey is the only zone whose offset changed by more than two hours since Akeneo's first release.
ALL_ZONES = sorted(available_timezones() - {"Antarctica/Casey"})

moments = st.datetimes(
    min_value=datetime(2013, 1, 1),  # noqa: DTZ001 (Hypothesis adds the zone)
    max_value=datetime(2030, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
zones = st.one_of(st.sampled_from(ZONES), st.sampled_from(ALL_ZONES)).map(ZoneInfo)
lookbacks = st.integers(0, 7200).map(lambda seconds: timedelta(seconds=seconds))
TROLL = ZoneInfo("Antarctica/Troll")
SUMMER = datetime(2025, 7, 1, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")
WINTER = datetime(2025, 1, 1, tzinfo=UTC)
SECOND_TIME = datetime(2024, 10, 27, 1, 30, tzinfo=UTC)
"""When clocks in Paris show half past two for the second time that night."""
folds = st.sampled_from([0, 1])


def as_server_reads(wall: datetime, zone: ZoneInfo, fold: int) -> datetime:
    """Return when the server shows a wall time; `fold` selects one of two if it is ambiguous."""
    return wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)


@given(moment=moments, zone=zones, fold=folds)
@example(moment=SECOND_TIME, zone=PARIS, fold=0)
@example(moment=SECOND_TIME - timedelta(hours=1), zone=PARIS, fold=1)
@example(moment=datetime(2024, 10, 26, 23, 30, tzinfo=UTC), zone=TROLL, fold=0)
def test_a_known_zone_brackets_each_moment_within_four_hours(
    moment: datetime, zone: ZoneInfo, fold: int
) -> None:
    moment = moment.replace(microsecond=0)
    before = as_server_reads(ServerZone(zone).before(moment), zone, fold)
    after = as_server_reads(ServerZone(zone).after(moment), zone, fold)
    assert moment - timedelta(hours=4) <= before <= moment
    assert moment <= after <= moment + timedelta(hours=4)


@given(moment=moments, seen_at=moments, zone=zones, fold=folds)
@example(moment=SUMMER, seen_at=WINTER, zone=TROLL, fold=0)
@example(moment=WINTER, seen_at=SUMMER, zone=TROLL, fold=0)
def test_an_offset_seen_in_summer_or_winter_brackets_each_moment(
    moment: datetime, seen_at: datetime, zone: ZoneInfo, fold: int
) -> None:
    moment = moment.replace(microsecond=0)
    offset = seen_at.astimezone(zone).utcoffset()
    assert offset is not None
    server_zone = ServerZone(offset=offset)
    assert as_server_reads(server_zone.before(moment), zone, fold) <= moment
    assert as_server_reads(server_zone.after(moment), zone, fold) >= moment


@given(written=moments, zone=zones)
def test_a_zone_never_contradicts_dates_of_its_own_server(
    written: datetime, zone: ZoneInfo
) -> None:
    assert not ServerZone(zone).contradicts(written.astimezone(zone))


def test_a_zone_contradicts_dates_of_another_zone() -> None:
    written = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Pacific/Kiritimati"))
    assert ServerZone(ZoneInfo("Europe/Paris")).contradicts(written)


def plan(**given: Any) -> DateRange:
    """Call `plan_incremental` with defaults for all arguments."""
    defaults: dict[str, Any] = {
        "bookmark": None,
        "start_date": None,
        "end_date": None,
        "lookback": LOOKBACK,
        "now": NOW,
    }
    return plan_incremental(**(defaults | given))


@given(bookmark=moments, lookback=lookbacks, now=moments)
def test_without_a_start_date_a_run_starts_at_the_bookmark_minus_the_lookback_or_earlier(
    bookmark: datetime, lookback: timedelta, now: datetime
) -> None:
    planned = plan(bookmark=bookmark, lookback=lookback, now=now)
    assert planned.end is None
    assert planned.start is None or planned.start <= bookmark - lookback


@given(
    bookmark=st.none() | moments,
    start_date=moments,
    end_date=st.none() | moments,
    lookback=lookbacks,
    now=moments,
)
def test_no_change_before_the_start_date_is_read(
    bookmark: datetime | None,
    start_date: datetime,
    end_date: datetime | None,
    lookback: timedelta,
    now: datetime,
) -> None:
    planned = plan(
        bookmark=bookmark, start_date=start_date, end_date=end_date, lookback=lookback, now=now
    )
    assert planned.start is not None
    assert planned.start >= start_date.replace(microsecond=0)


@given(bookmark=st.none() | moments, start_date=moments, now=moments)
def test_a_run_starts_at_a_start_date_after_the_bookmark(
    bookmark: datetime | None, start_date: datetime, now: datetime
) -> None:
    if bookmark is not None and bookmark >= start_date:
        bookmark = None
    planned = plan(bookmark=bookmark, start_date=start_date, now=now)
    assert planned.start == start_date.replace(microsecond=0)
    assert planned.starts_in_future is (start_date > now)
    assert planned.is_empty is planned.starts_in_future
    assert not planned.ignores_bookmark


def test_a_run_starts_at_a_bookmark_after_the_start_date_minus_the_lookback() -> None:
    bookmark = NOW - timedelta(days=1)
    planned = plan(bookmark=bookmark, start_date=NOW - timedelta(days=2))
    assert planned.start == bookmark - LOOKBACK


def test_the_lookback_does_not_reach_before_the_start_date() -> None:
    start_date = NOW - timedelta(days=1)
    for bookmark in (start_date, start_date + LOOKBACK / 2):
        assert plan(bookmark=bookmark, start_date=start_date).start == start_date


runs = st.lists(
    st.tuples(
        st.timedeltas(timedelta(), timedelta(days=3)),  # time before the run
        st.none() | moments,  # its end date, if any
    ),
    min_size=1,
    max_size=6,
)


@given(start_date=st.none() | moments, changed=moments, began=moments, runs=runs, data=st.data())
def test_a_change_after_the_start_date_is_read_by_one_of_the_next_runs(
    start_date: datetime | None,
    changed: datetime,
    began: datetime,
    runs: list[tuple[timedelta, datetime | None]],
    data: st.DataObject,
) -> None:
    lookback = data.draw(lookbacks)
    bookmark, now, is_read = None, began.replace(microsecond=0), False
    for wait, end_date in [*runs, (timedelta(days=1), None)]:
        now = (now + wait).replace(microsecond=0)
        planned = plan(
            bookmark=bookmark,
            start_date=start_date,
            end_date=end_date,
            lookback=lookback,
            now=now,
        )
        if planned.is_empty:
            continue
        starts = planned.start is None or planned.start <= changed
        ends = planned.end is None or changed <= planned.end
        is_read |= starts and ends and changed <= now
        bookmark = planned.bookmark
    is_wanted = start_date is None or changed >= start_date
    assert is_read or not is_wanted or changed > now


@given(
    bookmark=st.none() | moments,
    start_date=st.none() | moments,
    now=moments,
    end_date=st.none() | moments,
    zone=zones,
)
def test_the_next_bookmark_is_in_utc_and_never_later_than_the_clock_or_the_end_of_the_range(
    bookmark: datetime | None,
    start_date: datetime | None,
    now: datetime,
    end_date: datetime | None,
    zone: ZoneInfo,
) -> None:
    planned = plan(
        bookmark=bookmark and bookmark.astimezone(zone),
        start_date=start_date and start_date.astimezone(zone),
        end_date=end_date and end_date.astimezone(zone),
        now=now,
    )
    if planned.bookmark is None:
        assert planned.starts_in_future
        return
    assert planned.bookmark.tzinfo is UTC
    assert planned.bookmark <= now
    if end_date is not None:
        assert planned.bookmark <= max(end_date, bookmark or end_date)


@given(bookmark=moments, gap=st.integers(0, 10**7), end=st.none() | moments)
def test_the_bookmark_never_moves_back(bookmark: datetime, gap: int, end: datetime | None) -> None:
    planned = plan(bookmark=bookmark, end_date=end, now=bookmark + timedelta(seconds=gap))
    assert planned.bookmark is not None
    assert planned.bookmark >= bookmark


def test_without_a_bookmark_and_a_start_date_everything_is_read() -> None:
    planned = plan()
    assert planned.start is None
    assert wall_time_conditions(planned, ServerZone.utc()) == []
    assert iso_conditions(planned) == []
    assert planned.bookmark == NOW


@pytest.mark.parametrize("start_date", [None, NOW - timedelta(days=90)])
def test_a_bookmark_ahead_of_the_pims_clock_is_ignored(start_date: datetime | None) -> None:
    planned = plan(bookmark=NOW + timedelta(days=1), start_date=start_date)
    assert planned.ignores_bookmark
    assert planned.start == start_date
    assert planned.bookmark == NOW


def test_a_bookmark_ahead_of_the_pims_clock_by_less_than_the_lookback_is_used() -> None:
    planned = plan(bookmark=NOW + timedelta(seconds=2))
    assert not planned.ignores_bookmark
    assert planned.start == NOW + timedelta(seconds=2) - LOOKBACK
    assert planned.bookmark == NOW


def test_a_bounded_backfill_sets_the_bookmark_to_the_end_date() -> None:
    end = NOW - timedelta(days=30)
    planned = plan(bookmark=NOW - timedelta(days=60), end_date=end, lookback=timedelta())
    assert planned.bookmark == end
    assert wall_time_conditions(planned, ServerZone.utc()) == [
        {"operator": "BETWEEN", "value": ["2026-01-28 11:59:59", "2026-02-27 12:00:01"]},
    ]
    assert bounded_iso_conditions(planned) == [
        {"operator": "BETWEEN", "value": ["2026-01-28T11:59:59Z", "2026-02-27T12:00:01Z"]},
    ]


def test_a_backfill_without_a_start_has_no_lower_bound_that_could_exclude_zero_dates() -> None:
    planned = plan(end_date=NOW)
    assert wall_time_conditions(planned, ServerZone.utc()) == [
        {"operator": "<", "value": "2026-03-29 12:00:02"}
    ]


def test_with_an_end_date_in_the_future_the_bookmark_is_the_pims_clock() -> None:
    assert plan(end_date=NOW + timedelta(days=1)).bookmark == NOW


def test_a_backfill_that_ends_before_the_bookmark_has_nothing_to_read() -> None:
    planned = plan(bookmark=NOW, end_date=NOW - timedelta(days=1))
    assert planned.is_empty
    assert planned.bookmark == NOW


@pytest.mark.parametrize(
    ("zone", "wall"),
    [
        ("UTC", "2026-03-29 11:54:59"),
        ("Europe/Paris", "2026-03-29 13:54:59"),
        ("Pacific/Kiritimati", "2026-03-30 01:54:59"),
    ],
)
def test_product_filters_use_server_wall_time_minus_a_second_because_greater_excludes_it(
    zone: str, wall: str
) -> None:
    condition = wall_time_conditions(plan(bookmark=NOW), ServerZone(ZoneInfo(zone)))
    assert condition == [{"operator": ">", "value": wall}]


def test_other_filters_use_iso_8601_in_utc() -> None:
    planned = plan(bookmark=NOW.astimezone(ZoneInfo("America/New_York")))
    assert iso_conditions(planned) == [{"operator": ">", "value": "2026-03-29T11:54:59Z"}]


def later(pim: SimulatedPim, **more: float) -> str:
    return (pim.clock.now() + timedelta(**more)).isoformat()


def test_a_start_date_in_the_future_reads_nothing_logs_a_warning_and_writes_no_bookmark(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim(products=20)
    with caplog.at_level(logging.WARNING):
        run = sync(pim, "products", "categories", start_date=later(pim, days=1))
    assert not run.records("products")
    assert not run.records("categories")
    for bookmark in run.state["bookmarks"].values():
        assert bookmark.get("replication_key_value") is None
    assert caplog.text.count("is ahead of the PIM's clock: nothing to read yet") == 2


def test_a_later_run_reads_from_a_start_date_that_was_in_the_future(start_pim: StartPim) -> None:
    pim = start_pim(products=20)
    settings: dict[str, Any] = {"start_date": later(pim, hours=1), "pim_timezone": "UTC"}
    state = sync(pim, "products", **settings).state
    early, late = pim.truth("products")[:2]
    pim.clock.advance(minutes=30)
    pim.write.change("products", early["uuid"], enabled=not early["enabled"])
    pim.clock.advance(minutes=31)
    pim.write.change("products", late["uuid"], enabled=not late["enabled"])
    run = sync(pim, "products", state=state, **settings)
    assert run.rows("products").keys() == {(late["uuid"],)}
    assert run.bookmark("products")


def test_the_first_run_reads_nothing_before_the_start_date_despite_the_lookback(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=20)
    pim.write.product("new")
    last_change = max(datetime.fromisoformat(row["updated"]) for row in pim.truth("products"))
    start_date = (last_change + timedelta(seconds=60)).isoformat()
    settings: dict[str, Any] = {"start_date": start_date, "pim_timezone": "UTC"}
    run = sync(pim, "products", lookback_seconds=300, **settings)
    assert not run.records("products")


def test_an_end_date_with_an_offset_becomes_a_bookmark_in_utc(start_pim: StartPim) -> None:
    pim = start_pim(products=20)
    run = sync(pim, "products", end_date="2025-01-01T00:00:00+02:00")
    assert run.bookmark("products") == "2024-12-31T22:00:00+00:00"


def bookmark_of(run: Run, stream: str, key: tuple[str, ...]) -> str:
    """Return the bookmark of the list that contains a record."""
    state = run.state["bookmarks"][stream]
    if "partitions" in state:
        state = next(one for one in state["partitions"] if key[0] in one["context"].values())
    value: str = state["replication_key_value"]
    return value


LABEL = [{"locale": "en_US", "channel": None, "data": "Changed"}]


@pytest.mark.parametrize(
    ("stream", "changes"),
    {
        "products": {"categories": ["outlet"]},
        "product_models": {"categories": ["outlet"]},
        "categories": {"labels": {"en_US": "Changed"}},
        "assets": {"values": {"label": LABEL}},
        "reference_entity_records": {"values": {"label": LABEL}},
        "catalog_products": {"categories": ["outlet"]},
    }.items(),
)
def test_without_a_lookback_a_change_in_the_same_second_as_the_bookmark_is_read(
    start_pim: StartPim, stream: str, changes: dict[str, Any]
) -> None:
    pim = start_pim("saas", products=20)
    settings: dict[str, Any] = {"lookback_seconds": 0, "access_token": pim.app_token}
    settings |= dict.fromkeys(pim.credentials)
    run = sync(pim, stream, **settings)
    key = next(iter(run.rows(stream)))
    bookmark = datetime.fromisoformat(bookmark_of(run, stream, key))
    pim.clock.advance(seconds=(bookmark - pim.clock.now()).total_seconds())
    if stream == "catalog_products":
        pim.write.change("products", key[1], **changes)
    else:
        pim.write.change(stream, key if len(key) > 1 else key[0], **changes)
    again = sync(pim, stream, state=run.state, **settings)
    assert key in again.rows(stream)


@pytest.mark.parametrize("profile", ["ce-6", "ce-7"])
def test_a_time_zone_that_is_right_only_in_winter_loses_no_change_in_summer(
    start_pim: StartPim, profile: str
) -> None:
    pim = start_pim(
        profile, products=20, timezone="Africa/Lagos", clock_offset=SUMMER - datetime.now(UTC)
    )
    state = sync(pim, "products", pim_timezone="Europe/Paris").state
    pim.clock.advance(seconds=600)
    pim.write.product("new")
    pim.clock.advance(seconds=600)
    with suppress(AkeneoError):
        run = sync(pim, "products", state=state, pim_timezone="Europe/Paris")
        assert "new" in {row["identifier"] for row in run.records("products")}


def test_a_recent_product_that_only_the_index_has_fails_nothing(start_pim: StartPim) -> None:
    pim = start_pim("ce-6", products=20)
    state = sync(pim, "products", pim_timezone="UTC").state
    pim.clock.advance(days=8)
    pim.write.product("new")
    pim.missing.add("new")
    run = sync(pim, "products", state=state, pim_timezone="UTC")
    assert not run.tap.failed_streams


def test_a_window_before_the_bookmark_is_said_to_have_nothing(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    state = sync(pim, "products").state
    caplog.clear()
    run = sync(pim, "products", state=state, end_date="2020-01-01")
    assert not run.records("products")
    assert "is before the bookmark: nothing to read" in caplog.text


@pytest.mark.parametrize("start", [" 2024-01-31\n", "2024-01-31T12:00:00z", " "])
def test_a_start_date_that_the_settings_take_is_right_in_later_runs_too(
    start_pim: StartPim, start: str
) -> None:
    pim = start_pim()
    state = sync(pim, "products", start_date=start).state
    assert not sync(pim, "products", state=state, start_date=start).tap.failed_streams


@pytest.mark.parametrize("stream", ["assets", "reference_entity_records", "catalog_products"])
def test_an_end_date_includes_its_own_second_and_no_later_change(
    start_pim: StartPim, stream: str
) -> None:
    pim = start_pim("saas", products=20)
    settings: dict[str, Any] = {"access_token": pim.app_token, **dict.fromkeys(pim.credentials)}
    rows = sync(pim, stream, **settings).records(stream)
    dates = sorted({datetime.fromisoformat(row["updated"]) for row in rows})
    end = dates[len(dates) // 2]
    run = sync(pim, stream, end_date=end.isoformat(), **settings)
    # The end is rounded up to the next second.
    read = {datetime.fromisoformat(row["updated"]) for row in run.records(stream)}
    assert read == {date for date in dates if date <= end + timedelta(seconds=1)}
    assert read != set(dates)
