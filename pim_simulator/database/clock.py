"""The clock of the simulated server, and dates as PHP formats and parses them."""

from __future__ import annotations

import re
import threading
import time
from datetime import datetime, timedelta, timezone
from email.utils import format_datetime
from zoneinfo import ZoneInfo

UTC = timezone.utc

_EPOCH = datetime.fromtimestamp(0, UTC).replace(tzinfo=None)  # as a wall time
_FIRST_ZONE_RULES = 1800

_WALL_TIME = re.compile(r"(\d{1,4})-(\d{1,2})-(\d{1,2}) (\d{1,2}):(\d{1,2}):(\d{1,2})", re.ASCII)
_ATOM = re.compile(r"(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(Z|[+-]\d{2}:\d{2})", re.ASCII)


class Clock:
    """The time on the simulated server: real time plus an offset.

    It never goes back, even if the clock of this computer is corrected.
    """

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        self._began = datetime.now(UTC) - timedelta(seconds=time.monotonic())
        self._offset = offset
        self._lock = threading.Lock()

    def now(self) -> datetime:
        """Return the server's time as an aware datetime in UTC."""
        with self._lock:
            return self._began + timedelta(seconds=time.monotonic()) + self._offset

    def timestamp(self) -> int:
        """Return the server's time in whole seconds, as MySQL stores it."""
        return int(self.now().timestamp())

    def advance(self, *, seconds: float = 0, **more: float) -> None:
        """Advance the clock by ``seconds`` or any argument of ``timedelta``."""
        with self._lock:
            self._offset += timedelta(seconds=seconds, **more)


class ServerZone:
    """The time zone of the server, in which PHP formats and parses."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._zone = ZoneInfo(name)

    def date_c(self, timestamp: int) -> str:
        """Return PHP's ``date('c')`` of an instant."""
        return datetime.fromtimestamp(timestamp, self._zone).isoformat(timespec="seconds")

    def utc_clock_with_server_offset(self, timestamp: int) -> str:
        """Return a date as PIM up to 5.0 writes it.

        The column holds UTC, which Doctrine reads as if it were the server's wall
        time (#13892).
        """
        wall = datetime.fromtimestamp(timestamp, UTC).replace(tzinfo=None)
        shown = datetime.fromtimestamp(self._as_php_does(wall), self._zone)
        return shown.isoformat(timespec="seconds")

    def midnight(self, date: str) -> str:
        """Return the value of a date attribute: midnight on the server (``2016-06-28``)."""
        day = datetime.fromisoformat(date)
        return datetime.fromtimestamp(self._as_php_does(day), self._zone).isoformat()

    def parse_wall_time(self, text: object) -> int | None:
        """Parse a text as ``DateTime::createFromFormat('Y-m-d H:i:s', …)`` does.

        ``Y`` accepts years of one to four digits, so a two-digit year is valid and means
        antiquity (magento2-connector-community#657). Days and hours that are too large
        roll over.

        Returns:
            Seconds since 1970, or None where PHP returns ``false``.
        """
        match = _WALL_TIME.fullmatch(text) if isinstance(text, str) else None
        if match is None:
            return None
        year, month, day, hour, minute, second = (int(group) for group in match.groups())
        most = {"month": 12, "day": 31, "hour": 24, "minute": 59, "second": 59}
        given = {"month": month, "day": day, "hour": hour, "minute": minute, "second": second}
        if any(given[unit] > limit for unit, limit in most.items()):
            return None
        if year < 1 or month < 1:
            return -(2**40)
        wall = _EPOCH.replace(year=year, month=month) + timedelta(
            days=day - 1, hours=hour, minutes=minute, seconds=second
        )
        return self._as_php_does(wall)

    def _as_php_does(self, wall: datetime) -> int:
        """Return the instant of a wall time.

        An ambiguous one is the first, in summer time; one in a gap is shifted forward by the
        gap. ``fold=0`` does both.
        """
        if wall.year < _FIRST_ZONE_RULES:
            return int((wall - _EPOCH).total_seconds())
        return int(wall.replace(tzinfo=self._zone, fold=0).timestamp())


def parse_atom(text: object) -> int | None:
    """Parse a date in PHP's ATOM format to seconds since 1970; None if it is invalid."""
    match = _ATOM.fullmatch(text) if isinstance(text, str) else None
    if match is None:
        return None
    zone = match[7]
    try:
        instant = datetime.fromisoformat(match[0][:19] + ("+00:00" if zone == "Z" else zone))
    except ValueError:
        return None
    return int(instant.timestamp())


def http_date(moment: datetime) -> str:
    """Format a moment for the ``Date`` header."""
    return format_datetime(moment, usegmt=True)
