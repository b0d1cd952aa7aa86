"""Progress of a stream: ever rarer log lines, or a progress bar on a terminal."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Advance: TypeAlias = "Callable[[int, int | None], None]"
"""Takes the number of rows read since the last call, and the total number if it is known."""

INTERVAL = 5.0
"""Seconds before the first log line. Each further interval is twice as long as the last one."""

MAX_INTERVAL = 600.0
"""The longest interval: an hour of reading takes about a dozen lines."""

MINUTE = 60
HOUR = 3600


@contextmanager
def progress(name: str, log: Callable[[str], None]) -> Iterator[Advance]:
    """Show the progress of a stream while it is read.

    Args:
        name: Name of the stream.
        log: Logs a line, if stderr is not a terminal.
    """
    # Meltano and schedulers read stderr through a pipe.
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield ProgressLog(name, log).advance
        return
    # Import it only if needed, because the import takes longer than an empty run.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task(name, total=None)
        yield lambda rows, total: bars.update(bar, advance=rows, total=total)


class ProgressLog:
    """Logs the progress of one stream.

    Args:
        name: Name of the stream.
        log: Logs a line.
        clock: A monotonic clock in seconds.
    """

    def __init__(
        self,
        name: str,
        log: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._name = name
        self._log = log
        self._clock = clock
        self._rows = 0
        self._interval = INTERVAL
        self._start = self._last_line = clock()

    def advance(self, rows: int, total: int | None) -> None:
        """Count rows, and log a line if the last one is older than the interval.

        Args:
            rows: Number of rows read since the last call.
            total: Total number of rows, if the PIM has counted them.
        """
        self._rows += rows
        now = self._clock()
        if now - self._last_line >= self._interval:
            self._last_line, self._interval = now, min(2 * self._interval, MAX_INTERVAL)
            self._log(self._line(now - self._start, total))

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
