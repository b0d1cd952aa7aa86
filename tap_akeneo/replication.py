"""Which changes to read, how the PIM is asked for them, and where the bookmark goes then.

Pure rules. The bookmark is a time of the PIM's clock, not the largest ``updated`` that was seen:
the filter matches the index, which holds the latest of the product's date and its models', while
the body shows the product's own; records come in the order of their keys while others write; and
the index lags behind. So a run notes the PIM's time before it starts, reads all changes since the
bookmark less a lookback, and when they are out moves the bookmark to the noted time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import MAXYEAR, datetime, timedelta, timezone
from typing import TYPE_CHECKING, TypeAlias
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

Condition: TypeAlias = "dict[str, object]"
"""One condition of the PIM's ``search``: ``{"operator": ">", "value": …}``."""

SECOND = timedelta(seconds=1)
FIRST_AKENEO = datetime(2013, 1, 1)  # noqa: DTZ001 (a wall time)
"""No PIM is older, so no change is, but for those that came into its database with their dates."""
EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 (a wall time)
HOUR = timedelta(hours=1)
DAY = timedelta(days=1)
EASTERNMOST = timedelta(hours=14)


@dataclass(frozen=True)
class DateRange:
    """The changes to read: those of ``start`` to ``end``, both included.

    Attributes:
        start: Aware, whole seconds; None for all there is.
        end: Aware, whole seconds; None for up to now.
        bookmark: Where the bookmark goes when they are out.
    """

    start: datetime | None
    end: datetime | None
    bookmark: datetime

    @property
    def is_empty(self) -> bool:
        """Whether a backfill ends before the bookmark, so that there is nothing to read."""
        return self.start is not None and self.end is not None and self.start > self.end


@dataclass(frozen=True)
class Window:
    """What changed after ``start`` and up to ``end``: wall times, whole seconds; None is open."""

    start: datetime | None = None
    end: datetime | None = None

    def conditions(self, written: str) -> list[Condition]:
        """The filter on the date: ``>`` excludes its second, ``BETWEEN`` includes both.

        Args:
            written: How the PIM wants its dates, for `datetime.strftime`.
        """
        start = None if self.start is None else self.start.strftime(written)
        end = None if self.end is None else self.end.strftime(written)
        conditions: list[Condition] = []
        if start is not None:
            conditions.append({"operator": ">", "value": start})
        if end is not None:
            since = start or EPOCH.strftime(written)
            conditions.append({"operator": "BETWEEN", "value": [since, end]})
        return conditions

    def cut(self, seen: Sequence[datetime], share: float, now: datetime) -> datetime | None:
        """Where to cut this window.

        Args:
            seen: Dates of some items in it, which may lie outside: the index holds the latest of
                an item's date and its models'.
            share: How much of what is left should come before the cut, 0 to 1.
            now: The end of a window that is open.

        Returns:
            The end of the earlier part; None for a window of one second.
        """
        start = self.start or FIRST_AKENEO
        last = (self.end or now) - SECOND
        within = sorted(date for date in seen if start < date <= last)
        if within:
            return within[int(len(within) * share)]
        middle = (start + (last - start) / 2).replace(microsecond=0)
        return middle if start < middle <= last else None


def usable_date(written: object) -> datetime | None:
    """A date as the PIM wrote it; None for what is none, or none of a PIM.

    Such as MySQL's zero date, which PHP writes as ``-0001-11-30T00:00:00+00:00``
    (doctrine/dbal#866). The offsets of old dates are not those of today either.
    """
    try:
        date = datetime.fromisoformat(written)  # type: ignore[arg-type]  # caught below
    except (TypeError, ValueError):
        return None
    is_of_a_pim = FIRST_AKENEO.year <= date.year < MAXYEAR
    return date if date.tzinfo and is_of_a_pim else None


def plan_incremental(
    *,
    since: datetime | None,
    end_date: datetime | None,
    lookback: timedelta,
    now: datetime,
) -> DateRange:
    """Plans one run of an incremental stream.

    Args:
        since: The bookmark or start date, None for neither.
        end_date: End of a bounded backfill.
        lookback: Covers the lag of the PIM's index.
        now: The PIM's clock before the first request.

    Returns:
        The span. It holds everything when ``since`` lies ahead of the PIM's clock, which happens
        when a PIM was restored from a backup or the state is another PIM's: nobody knows then
        what was missed. The bookmark never moves behind ``since`` otherwise.
    """
    if since is not None and since > now + lookback:
        since = None
    start = None if since is None else _whole_second(since - lookback)
    # Rounded up: a change within the last second belongs to the span.
    end = None if end_date is None else _whole_second(end_date + SECOND)
    reached = now if end_date is None else min(now, end_date)
    return DateRange(start, end, reached if since is None else max(reached, min(since, now)))


def _whole_second(moment: datetime) -> datetime:
    return moment.astimezone(timezone.utc).replace(microsecond=0)


class ServerZone:
    """Writes moments as the wall time of the PIM's server, which product filters are given in.

    The filters hold no offset, so a wall time can mean two moments when clocks are set back.
    `before` and `after` keep clear of that: whichever way the PIM reads them, they lie on their
    side of the moment, by two hours at the most.

    Args:
        zone: The server's zone; None where only an offset is known.
        offset: An offset that the server has at some time of the year.
    """

    def __init__(self, zone: ZoneInfo | None = None, offset: timedelta = timedelta()) -> None:
        self._zone = zone
        self._offset = offset

    @classmethod
    def utc(cls) -> ServerZone:
        """The zone of SaaS, and of a PIM which has nothing that shows another."""
        return cls(ZoneInfo("UTC"))

    def before(self, moment: datetime) -> datetime:
        """A wall time that the server takes for this moment or an earlier one."""
        return self._wall(moment, -1)

    def after(self, moment: datetime) -> datetime:
        """A wall time that the server takes for this moment or a later one."""
        return self._wall(moment, +1)

    def earliest(self, wall: datetime) -> datetime:
        """The earliest moment, in UTC, that the server can take a wall time for."""
        if self._zone is None:
            return (wall - self._offset - HOUR).replace(tzinfo=timezone.utc)
        readings = (wall.replace(tzinfo=self._zone, fold=fold) for fold in (0, 1))
        return min(reading.astimezone(timezone.utc) for reading in readings)

    def _wall(self, moment: datetime, side: int) -> datetime:
        if self._zone is None:
            # The offset may be the one of summer or of winter: an hour for daylight saving.
            return (moment.astimezone(timezone.utc) + self._offset + side * HOUR).replace(
                tzinfo=None
            )
        wall = moment.astimezone(self._zone).replace(fold=0)
        offsets = (wall.utcoffset(), wall.replace(fold=1).utcoffset())
        repeated = (offsets[0] or timedelta()) - (offsets[1] or timedelta())
        # The clocks show this time twice, and the PIM may mean the other one: step out of it.
        return (wall + side * repeated).replace(tzinfo=None)

    def contradicts(self, seen: datetime) -> bool:
        """Whether a date which the server wrote has an offset that the zone has not at its time.

        A day of grace either way: PIMs up to 5.0 write the clock of UTC with their own offset
        (#13892), so around a change of the clocks their dates are off.
        """
        if self._zone is None:
            return False
        possible = {
            (seen + grace).astimezone(self._zone).utcoffset() for grace in (-DAY, 0 * DAY, DAY)
        }
        return seen.utcoffset() not in possible


def latest_wall_time(moment: datetime) -> datetime:
    """What the clocks of the easternmost zone show, which no server's are ahead of."""
    return (moment.astimezone(timezone.utc) + EASTERNMOST).replace(tzinfo=None)


def window_of(span: DateRange, zone: ServerZone) -> Window:
    """The wall times of a span, as wide as the zone asks for. A start's own second belongs to it.

    Products and models are filtered by the wall time of the server; ISO 8601 is refused with 422.
    """
    return Window(
        None if span.start is None else zone.before(span.start - SECOND),
        None if span.end is None else zone.after(span.end),
    )


def iso_conditions(span: DateRange) -> list[Condition]:
    """The ``updated`` filter of what lies in SQL: only ``>``, only ISO 8601.

    Always in UTC with ``Z``: the value reaches MySQL as text, and how other offsets are read
    depends on its version. A span's end cannot be asked for, so more than the span is read.
    """
    if span.start is None:
        return []
    return [{"operator": ">", "value": (span.start - SECOND).strftime("%Y-%m-%dT%H:%M:%SZ")}]
