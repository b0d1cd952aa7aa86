"""The clock of a PIM's servers, read from the ``Date`` headers of their responses."""

from __future__ import annotations

import logging
import math
import threading
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, NamedTuple

from tap_akeneo.client.errors import AkeneoError

if TYPE_CHECKING:
    from collections.abc import Mapping

logger = logging.getLogger("tap-akeneo.http")

MAX_DIFFERENCE = timedelta(seconds=60)
"""Time by which the clocks of a PIM's servers may differ without a warning."""


class _Reading(NamedTuple):
    """The server's time in a response, and our monotonic times around it."""

    server: datetime
    sent: float
    arrived: float

    def ahead_of(self, other: _Reading) -> timedelta:
        """Return the time by which this clock is ahead of another one, at least."""
        # The server wrote its time after the request was sent and before the response arrived.
        return self.server - other.server - timedelta(seconds=self.arrived - other.sent)

    def is_before(self, other: _Reading) -> bool:
        """Return whether `ServerClock.at` is earlier with this reading than with another one."""
        passed = timedelta(seconds=self.arrived - other.arrived)
        return self.server - other.server < passed


class ServerClock:
    """The earliest of the clocks of all servers that have responded. Thread-safe.

    Several servers may share the work of a PIM, and their clocks may differ. A bookmark that is
    ahead of one of them would skip changes, so the earliest reading counts.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._earliest: _Reading | None = None
        self._latest: _Reading | None = None
        self._has_warned = False

    def record(self, headers: Mapping[str, str], sent: float, arrived: float) -> None:
        """Record the time in a response.

        Args:
            headers: Its headers, by names in any case. From a cache, ``Date`` is ``Age`` seconds
                old (RFC 9111, 5.1).
            sent: Our monotonic time when the request was sent.
            arrived: Our monotonic time when the header arrived.
        """
        server = parse_http_date(headers.get("Date", ""))
        if server is None:
            return
        if (age := headers.get("Age", "")).isdecimal():
            # Both are rounded, and the clock must not be ahead.
            server += timedelta(seconds=max(int(age) - 1, 0))
        reading = _Reading(server, sent, arrived)
        with self._lock:
            if self._earliest is None or reading.is_before(self._earliest):
                self._earliest = reading
            if self._latest is None or self._latest.is_before(reading):
                self._latest = reading
            difference = self._latest.ahead_of(self._earliest)
            if difference > MAX_DIFFERENCE and not self._has_warned:
                self._has_warned = True
                logger.warning(
                    "the clocks of the PIM's servers differ by %.0f s: the tap uses the one that "
                    "is behind; have them corrected",
                    difference.total_seconds(),
                )

    def at(self, moment: float) -> datetime:
        """Return the servers' time at a moment of our monotonic clock.

        Returns:
            An aware datetime in UTC, in whole seconds.

        Raises:
            AkeneoError: No response so far had a ``Date`` header.
        """
        with self._lock:
            if self._earliest is None:
                msg = (
                    "the PIM's responses have no Date header, which bookmarks depend on: "
                    "do not let a proxy remove it"
                )
                raise AkeneoError(msg)
            server, _, arrived = self._earliest
        return server + timedelta(seconds=math.floor(moment - arrived))


def parse_http_date(text: str) -> datetime | None:
    """Parse the date of a header into UTC; return None if it is invalid."""
    try:
        date = parsedate_to_datetime(text)
        # A date with the offset -0000, which means UTC, is parsed as a naive one.
        return date.astimezone(timezone.utc) if date.tzinfo else date.replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError):
        return None
