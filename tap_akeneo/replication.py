"""Which changes an incremental run reads, how the PIM filters them, and the next bookmark.

These are pure functions. The bookmark is a time of the PIM's clock and not the largest ``updated``
of the records, for three reasons. The PIM filters by the date in its search index, which is the
latest of the dates of a product and its models, while a record shows the product's own date.
Records come in the order of their keys while others write. And the index lags behind the database.
So a run takes the PIM's time when it starts, reads all changes since the bookmark less a lookback,
and moves the bookmark to that time when all of them are written.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MAXYEAR, datetime, timedelta, timezone
from typing import TypeAlias
from zoneinfo import ZoneInfo

ISO_8601 = "%Y-%m-%dT%H:%M:%SZ"
"""How the PIM wants dates that are not of products or models; always in UTC."""

Condition: TypeAlias = "dict[str, object]"
"""One condition of the PIM's ``search``: ``{"operator": ">", "value": …}``."""

SECOND = timedelta(seconds=1)
DAY = timedelta(days=1)

FIRST_AKENEO = datetime(2013, 1, 1)  # noqa: DTZ001 (a wall time)
"""Akeneo's first release. A PIM cannot have written an earlier date."""

MAX_OFFSET_CHANGE = timedelta(hours=2)
"""Largest difference between two UTC offsets of one time zone since Akeneo's first release.

Daylight saving is two hours in Antarctica/Troll, and zones such as America/Nuuk moved by as much.
Only Antarctica/Casey, a research station, moved by three."""


@dataclass(frozen=True)
class DateRange:
    """The changes to read: those from ``start`` to ``end``, both included.

    Attributes:
        start: Aware, in whole seconds. None means everything since the beginning.
        end: Aware, in whole seconds. None means everything up to now.
        bookmark: The next bookmark, in UTC, to be written when all changes are out. None means
            that the present bookmark must stay, because the start date is in the future.
        ignores_bookmark: The present bookmark is ahead of the PIM's clock, so nobody knows which
            changes were read: read all of them.
    """

    start: datetime | None
    end: datetime | None
    bookmark: datetime | None
    ignores_bookmark: bool = False

    @property
    def starts_in_future(self) -> bool:
        """Whether the start date is in the future, so that there is nothing to read yet."""
        return self.bookmark is None

    @property
    def is_empty(self) -> bool:
        """Whether there is nothing to read."""
        if self.starts_in_future:
            return True
        return self.start is not None and self.end is not None and self.start > self.end


def usable_date(text: object) -> datetime | None:
    """Parse a date from the PIM; return None if it is invalid or implausible.

    An example is MySQL's zero date, which PHP writes as ``-0001-11-30T00:00:00+00:00``
    (doctrine/dbal#866). UTC offsets of early dates also differ from those of today.
    """
    try:
        date = datetime.fromisoformat(text)  # type: ignore[arg-type]  # caught below
    except (TypeError, ValueError):
        return None
    is_plausible = FIRST_AKENEO.year <= date.year < MAXYEAR
    return date if date.tzinfo and is_plausible else None


def plan_incremental(
    *,
    bookmark: datetime | None,
    start_date: datetime | None,
    end_date: datetime | None,
    lookback: timedelta,
    now: datetime,
) -> DateRange:
    """Plan one run of an incremental stream.

    The run begins at the bookmark less the lookback, but never before the start date. Without a
    bookmark, or with an earlier one, it begins exactly at the start date.

    Args:
        bookmark: The bookmark of an earlier run.
        start_date: The setting.
        end_date: The setting. It makes the run a bounded backfill.
        lookback: Covers the lag of the PIM's index.
        now: The PIM's clock before the first request.

    Returns:
        The changes to read. A bookmark that is ahead of the PIM's clock by more than the lookback
        is ignored: the PIM was restored from a backup, or the state belongs to another PIM.
        Otherwise the bookmark does not move back, except to the PIM's clock.
    """
    if bookmark is not None and start_date is not None and bookmark < start_date:
        bookmark = None
    if bookmark is None and start_date is not None and start_date > now:
        # Without a new bookmark, a later run begins exactly at the start date.
        return DateRange(_whole_second(start_date), _whole_second_after(end_date), None)
    ignores_bookmark = bookmark is not None and bookmark > now + lookback
    if ignores_bookmark:
        bookmark = None
    starts = (start_date, bookmark and bookmark - lookback)
    start = max((moment for moment in starts if moment), default=None)
    reached = now if end_date is None else min(now, end_date)
    if bookmark is not None:
        reached = max(reached, min(bookmark, now))
    return DateRange(
        start and _whole_second(start),
        _whole_second_after(end_date),
        reached.astimezone(timezone.utc),
        ignores_bookmark,
    )


def _whole_second(moment: datetime) -> datetime:
    return moment.astimezone(timezone.utc).replace(microsecond=0)


def _whole_second_after(moment: datetime | None) -> datetime | None:
    """Round up, because a change within the last second belongs to the range."""
    return moment and _whole_second(moment + SECOND)


class ServerZone:
    """Converts moments to the wall time of the PIM's server, in which products are filtered.

    The filters hold no UTC offset, so a wall time is ambiguous when clocks are set back. `before`
    (`after`) is never later (earlier) than the moment, however the PIM resolves an ambiguous time.

    Args:
        zone: The server's time zone. None if only an offset is known.
        offset: A UTC offset that the server has at some time of the year.
    """

    def __init__(self, zone: ZoneInfo | None = None, offset: timedelta = timedelta()) -> None:
        self._zone = zone
        self._offset = offset

    @classmethod
    def utc(cls) -> ServerZone:
        """Return the zone of SaaS, and of a PIM without any date that shows another."""
        return cls(ZoneInfo("UTC"))

    def before(self, moment: datetime) -> datetime:
        """Return a wall time that the server reads as this moment or an earlier one."""
        return self._wall_time(moment, -1)

    def after(self, moment: datetime) -> datetime:
        """Return a wall time that the server reads as this moment or a later one."""
        return self._wall_time(moment, +1)

    def _wall_time(self, moment: datetime, direction: int) -> datetime:
        if self._zone is None:
            # The offset was seen in a date of another season or year.
            wall_time = moment.astimezone(timezone.utc) + self._offset
            return (wall_time + direction * MAX_OFFSET_CHANGE).replace(tzinfo=None)
        wall_time = moment.astimezone(self._zone).replace(fold=0)
        offsets = (wall_time.utcoffset(), wall_time.replace(fold=1).utcoffset())
        repeated = (offsets[0] or timedelta()) - (offsets[1] or timedelta())
        # If the clocks show this time twice, step out of the repeated hour.
        return (wall_time + direction * repeated).replace(tzinfo=None)

    def contradicts(self, seen: datetime) -> bool:
        """Return whether a date's UTC offset is impossible in this zone at that time.

        The date may be off by a day around a change of the clocks, because PIMs up to 5.0 write
        the clock of UTC with the offset of their server (#13892).
        """
        if self._zone is None:
            return False
        possible = {
            (seen + error).astimezone(self._zone).utcoffset() for error in (-DAY, 0 * DAY, DAY)
        }
        return seen.utcoffset() not in possible


def wall_time_conditions(date_range: DateRange, zone: ServerZone) -> list[Condition]:
    """Return the date filter of products and models, in wall times of the server.

    The PIM responds with 422 to ISO 8601.
    """
    return _conditions(date_range, zone, "%Y-%m-%d %H:%M:%S")


def bounded_iso_conditions(date_range: DateRange) -> list[Condition]:
    """Return the date filter of assets and records, which has an end and takes ISO 8601."""
    return _conditions(date_range, ServerZone.utc(), ISO_8601)


def _conditions(date_range: DateRange, zone: ServerZone, date_format: str) -> list[Condition]:
    """Return a date filter: ``>`` and ``<`` exclude their second, ``BETWEEN`` includes both."""
    if date_range.start is None:
        if date_range.end is None:
            return []
        # Not BETWEEN: no start is early enough for MySQL's zero dates.
        before = zone.after(date_range.end) + SECOND
        return [{"operator": "<", "value": before.strftime(date_format)}]
    start = zone.before(date_range.start - SECOND).strftime(date_format)
    if date_range.end is None:
        return [{"operator": ">", "value": start}]
    return [
        {
            "operator": "BETWEEN",
            "value": [start, zone.after(date_range.end).strftime(date_format)],
        }
    ]


def bounds(condition: Condition) -> list[Condition]:
    """Return a condition as the logical operators of assets take it: without ``BETWEEN``.

    Source: akeneo/pim-api-docs at 61ef548d, assets-filter-logical-operators.md.
    """
    value = condition["value"]
    if condition["operator"] != "BETWEEN" or not isinstance(value, list):
        return [condition]
    return [
        {"operator": operator, "value": one}
        for operator, one in zip((">=", "<="), value, strict=True)
    ]


def iso_conditions(date_range: DateRange) -> list[Condition]:
    """Return the ``updated`` filter of resources in SQL, which only know ``>`` and ISO 8601.

    They have no filter for the end of a range, so the PIM lists later changes too.
    """
    start = exclusive_iso_start(date_range)
    return [] if start is None else [{"operator": ">", "value": start}]


def exclusive_iso_start(date_range: DateRange) -> str | None:
    """Return the date for a filter that excludes its own second, or None without a start.

    It is in UTC with ``Z``, because the value reaches MySQL as text, and MySQL's version decides
    how it reads other offsets.
    """
    if date_range.start is None:
        return None
    return (date_range.start - SECOND).strftime(ISO_8601)


def exclusive_iso_end(date_range: DateRange) -> str | None:
    """Return the date for a filter that excludes its own second, or None without an end."""
    if date_range.end is None:
        return None
    return (date_range.end + SECOND).strftime(ISO_8601)
