"""The progress shown while a long stream is read."""

from __future__ import annotations

import os
import pty
from typing import TYPE_CHECKING

from tap_akeneo.progress import ProgressLog
from tests.support import settings_for, started_tap

if TYPE_CHECKING:
    from io import FileIO

    from tests.conftest import StartPim


def lines(rows: int, total: int | None, *, seconds: float = 60.0) -> list[str]:
    times = iter([0.0, seconds])
    logged: list[str] = []
    ProgressLog("products", logged.append, lambda: next(times)).advance(rows, total)
    return logged


def test_a_line_shows_rows_total_rate_and_time_left() -> None:
    assert lines(120_000, 1_034_000) == ["products: 120,000 of 1,034,000, 2,000/s, 8 min left"]
    assert lines(60, 120) == ["products: 60 of 120, 1/s, 1 min left"]
    assert lines(60, 90) == ["products: 60 of 90, 1/s, 30 s left"]
    assert lines(60, 10_000) == ["products: 60 of 10,000, 1/s, 2.8 h left"]


def test_without_a_total_a_line_shows_rows_and_rate() -> None:
    assert lines(120, None) == ["products: 120, 2/s"]


def test_a_total_that_was_exceeded_is_not_shown() -> None:
    assert lines(120, 100) == ["products: 120, 2/s"]


def test_a_stream_of_a_few_seconds_shows_nothing() -> None:
    assert lines(120, 1000, seconds=4.9) == []


def test_a_long_stream_shows_ever_rarer_lines() -> None:
    seconds = 0.0
    logged: list[float] = []
    shown = ProgressLog("products", lambda _line: logged.append(seconds), lambda: seconds)
    for _ in range(2 * 3600):
        seconds += 1
        shown.advance(100, None)
    assert logged[:4] == [5, 15, 35, 75]
    assert len([one for one in logged if one <= 3600]) <= 12
    assert logged[-1] - logged[-2] == logged[-2] - logged[-3] == 600


def test_a_terminal_shows_a_progress_bar(start_pim: StartPim) -> None:
    seen, terminal = pty.openpty()
    shown = b""
    environment = {**os.environ, "TAP_AKENEO_LOGLEVEL": "ERROR", "TERM": "xterm"}
    with started_tap(settings_for(start_pim()), stderr=terminal, env=environment) as running:
        os.close(terminal)
        with os.fdopen(seen, "rb", buffering=0) as screen:
            while piece := read(screen):
                shown += piece
        assert running.wait(timeout=30) == 0
    assert "product_models" in shown.decode()
    assert "━" in shown.decode()


def read(screen: FileIO) -> bytes:
    """Read from a terminal; Linux raises an error once the writing end is closed."""
    try:
        return screen.read(65_536)
    except OSError:
        return b""
