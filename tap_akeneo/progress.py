"""How far a stream is: a line every few seconds, or a bar on a terminal."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

Advance: TypeAlias = "Callable[[int, int | None], None]"
"""Takes more rows that were read, and how many there are in all where that is known."""

INTERVAL = 5.0
"""Seconds between two lines."""

MINUTE = 60
HOUR = 3600


@contextmanager
def progress(name: str, tell: Callable[[str], None]) -> Iterator[Advance]:
    """Shows how far a stream is, for as long as it is read.

    Args:
        name: The stream.
        tell: Takes a line, where no person looks at a terminal.
    """
    # Meltano and schedulers read stderr through a pipe.
    if not sys.stderr.isatty() or sys.stdout.isatty():
        yield Progress(name, tell).advance
        return
    # Here, as it takes longer to import than a run with nothing to do.
    from rich.console import Console  # noqa: PLC0415
    from rich.progress import Progress as Bars  # noqa: PLC0415

    with Bars(console=Console(stderr=True), transient=True) as bars:
        bar = bars.add_task(name, total=None)
        yield lambda rows, total: bars.update(bar, advance=rows, total=total)


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
