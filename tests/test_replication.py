"""Which changes are read, and where the bookmark goes."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_akeneo.replication import (
    DateRange,
    ServerZone,
    iso_conditions,
    plan_incremental,
    window_of,
)

UTC = timezone.utc
LOOKBACK = timedelta(seconds=300)
NOW = datetime(2026, 3, 29, 12, 0, 0, tzinfo=UTC)

ZONES = (
    "UTC",
    "Europe/Paris",
    "America/New_York",
    "Pacific/Kiritimati",
    "Australia/Lord_Howe",
    "Asia/Kolkata",
)

moments = st.datetimes(
    min_value=datetime(2019, 1, 1),  # noqa: DTZ001 (Hypothesis adds the zone)
    max_value=datetime(2028, 1, 1),  # noqa: DTZ001
    timezones=st.just(UTC),
)
zones = st.sampled_from(ZONES).map(ZoneInfo)
PARIS = ZoneInfo("Europe/Paris")
WINTER = datetime(2025, 1, 1, tzinfo=UTC)
SECOND_TIME = datetime(2024, 10, 27, 1, 30, tzinfo=UTC)
"""When clocks in Paris show half past two for the second time that night."""
folds = st.sampled_from([0, 1])


def as_server_reads(wall: datetime, zone: ZoneInfo, fold: int) -> datetime:
    """The moment which a server takes a wall time for; it may mean either of two."""
    return wall.replace(tzinfo=zone, fold=fold).astimezone(UTC)


def product_conditions(span: DateRange, zone: ServerZone) -> list[dict[str, object]]:
    return window_of(span, zone).conditions("%Y-%m-%d %H:%M:%S")


@given(moment=moments, zone=zones, fold=folds)
@example(moment=SECOND_TIME, zone=PARIS, fold=0)
@example(moment=SECOND_TIME - timedelta(hours=1), zone=PARIS, fold=1)
def test_a_known_zone_brackets_each_moment_by_at_most_two_hours(
    moment: datetime, zone: ZoneInfo, fold: int
) -> None:
    moment = moment.replace(microsecond=0)
    before = as_server_reads(ServerZone(zone).before(moment), zone, fold)
    after = as_server_reads(ServerZone(zone).after(moment), zone, fold)
    assert moment - timedelta(hours=2) <= before <= moment
    assert moment <= after <= moment + timedelta(hours=2)


@given(moment=moments, seen_at=moments, zone=zones, fold=folds)
def test_an_offset_seen_in_summer_or_winter_brackets_each_moment(
    moment: datetime, seen_at: datetime, zone: ZoneInfo, fold: int
) -> None:
    moment = moment.replace(microsecond=0)
    offset = seen_at.astimezone(zone).utcoffset()
    assert offset is not None
    server_zone = ServerZone(offset=offset)
    assert as_server_reads(server_zone.before(moment), zone, fold) <= moment
    assert as_server_reads(server_zone.after(moment), zone, fold) >= moment


@given(moment=moments, seen_at=moments, zone=zones, fold=folds)
@example(moment=SECOND_TIME, seen_at=WINTER, zone=PARIS, fold=0)
@example(moment=SECOND_TIME, seen_at=WINTER, zone=PARIS, fold=1)
def test_the_earliest_reading_of_a_wall_time_is_never_later_than_the_servers(
    moment: datetime, seen_at: datetime, zone: ZoneInfo, fold: int
) -> None:
    wall = moment.astimezone(zone).replace(tzinfo=None, microsecond=0)
    offset = seen_at.astimezone(zone).utcoffset()
    assert offset is not None
    read = as_server_reads(wall, zone, fold)
    assert ServerZone(zone).earliest(wall) <= read
    assert ServerZone(offset=offset).earliest(wall) <= read


def test_a_wall_time_that_clocks_skip_is_taken_for_the_earlier_of_its_readings() -> None:
    skipped = datetime(2025, 3, 30, 2, 30)  # noqa: DTZ001 (a wall time)
    assert ServerZone(PARIS).earliest(skipped) == datetime(2025, 3, 30, 0, 30, tzinfo=UTC)


@given(written=moments, zone=zones)
def test_a_zone_never_contradicts_what_its_own_server_writes(
    written: datetime, zone: ZoneInfo
) -> None:
    assert not ServerZone(zone).contradicts(written.astimezone(zone))


def test_a_zone_contradicts_the_dates_of_another() -> None:
    written = datetime(2026, 7, 1, 12, tzinfo=ZoneInfo("Pacific/Kiritimati"))
    assert ServerZone(ZoneInfo("Europe/Paris")).contradicts(written)


@given(bookmark=moments, lookback=st.integers(0, 7200), now=moments)
def test_what_changed_at_or_after_the_bookmark_is_always_read(
    bookmark: datetime, lookback: int, now: datetime
) -> None:
    span = plan_incremental(
        since=bookmark, end_date=None, lookback=timedelta(seconds=lookback), now=now
    )
    assert span.end is None
    assert span.start is None or span.start <= bookmark - timedelta(seconds=lookback)


@given(bookmark=moments, now=moments, end=st.none() | moments)
def test_the_bookmark_is_never_later_than_the_clock_nor_than_what_was_read(
    bookmark: datetime, now: datetime, end: datetime | None
) -> None:
    span = plan_incremental(since=bookmark, end_date=end, lookback=LOOKBACK, now=now)
    assert span.bookmark <= now
    if end is not None:
        assert span.bookmark <= max(end, bookmark)


@given(bookmark=moments, gap=st.integers(0, 10**7), end=st.none() | moments)
def test_the_bookmark_never_moves_back(bookmark: datetime, gap: int, end: datetime | None) -> None:
    now = bookmark + timedelta(seconds=gap)
    span = plan_incremental(since=bookmark, end_date=end, lookback=LOOKBACK, now=now)
    assert span.bookmark >= bookmark


def test_without_bookmark_and_start_date_everything_is_read() -> None:
    span = plan_incremental(since=None, end_date=None, lookback=LOOKBACK, now=NOW)
    assert span.start is None
    assert product_conditions(span, ServerZone.utc()) == []
    assert iso_conditions(span) == []
    assert span.bookmark == NOW


def test_a_bookmark_ahead_of_the_pims_clock_reads_everything() -> None:
    span = plan_incremental(
        since=NOW + timedelta(days=1), end_date=None, lookback=LOOKBACK, now=NOW
    )
    assert span.start is None
    assert span.bookmark == NOW


def test_a_bounded_backfill_ends_with_the_end_date_as_bookmark() -> None:
    end = NOW - timedelta(days=30)
    span = plan_incremental(
        since=NOW - timedelta(days=60), end_date=end, lookback=timedelta(), now=NOW
    )
    assert span.bookmark == end
    assert product_conditions(span, ServerZone.utc()) == [
        {"operator": ">", "value": "2026-01-28 11:59:59"},
        {"operator": "BETWEEN", "value": ["2026-01-28 11:59:59", "2026-02-27 12:00:01"]},
    ]


def test_an_end_date_still_to_come_leaves_the_bookmark_at_the_pims_clock() -> None:
    span = plan_incremental(
        since=None, end_date=NOW + timedelta(days=1), lookback=LOOKBACK, now=NOW
    )
    assert span.bookmark == NOW


def test_a_backfill_that_ends_before_the_bookmark_has_nothing_to_read() -> None:
    span = plan_incremental(since=NOW, end_date=NOW - timedelta(days=1), lookback=LOOKBACK, now=NOW)
    assert span.is_empty
    assert span.bookmark == NOW


@pytest.mark.parametrize(
    ("zone", "wall"),
    [
        ("UTC", "2026-03-29 11:54:59"),
        ("Europe/Paris", "2026-03-29 13:54:59"),
        ("Pacific/Kiritimati", "2026-03-30 01:54:59"),
    ],
)
def test_product_filters_are_in_the_servers_wall_time_one_second_early_as_greater_excludes(
    zone: str, wall: str
) -> None:
    span = plan_incremental(since=NOW, end_date=None, lookback=LOOKBACK, now=NOW)
    condition = product_conditions(span, ServerZone(ZoneInfo(zone)))
    assert condition == [{"operator": ">", "value": wall}]


def test_other_filters_are_iso_8601_in_utc() -> None:
    span = plan_incremental(
        since=NOW.astimezone(ZoneInfo("America/New_York")),
        end_date=None,
        lookback=LOOKBACK,
        now=NOW,
    )
    assert iso_conditions(span) == [{"operator": ">", "value": "2026-03-29T11:54:59Z"}]
