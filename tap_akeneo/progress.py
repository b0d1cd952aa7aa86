"""How far a stream is, told every few seconds in plain English."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

INTERVAL = 5.0
"""Seconds between two lines."""

MINUTE = 60
HOUR = 3600


class Progress:
    """Tells how far one stream is.

    Args:
        name: The stream.
        tell: Takes a line.
        clock: Seconds that only go forward.
    """

    def __init__(
        self,
        name: str,
        tell: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._tell = tell
        self._clock = clock
        self._rows = 0
        self._start = self._told = clock()

    def advance(self, rows: int, total: int | None) -> None:
        """Counts rows, and tells if the last line is some seconds old.

        Args:
            rows: More rows that were read.
            total: How many there are in all, where the PIM has counted them.
        """
        self._rows += rows
        now = self._clock()
        if now - self._told >= INTERVAL:
            self._told = now
            self._tell(self._line(now - self._start, total))

    def _line(self, seconds: float, total: int | None) -> str:
        rate = self._rows / seconds
        parts = [f"{self._name}: {self._rows:,}"]
        if total and total > self._rows:
            parts[0] += f" of {total:,}"
            parts.append(f"{rate:,.0f}/s")
            parts.append(f"{_duration((total - self._rows) / rate)} left")
        else:
            parts.append(f"{rate:,.0f}/s")
        return ", ".join(parts)


def _duration(seconds: float) -> str:
    if seconds < MINUTE:
        return f"{seconds:.0f} s"
    if seconds < HOUR:
        return f"{seconds / MINUTE:.0f} min"
    return f"{seconds / HOUR:.1f} h"
