"""What a person reads while a long stream runs."""

from __future__ import annotations

from tap_akeneo.progress import Progress


def lines(rows: int, total: int | None, *, seconds: float = 60.0) -> list[str]:
    times = iter([0.0, seconds])
    told: list[str] = []
    Progress("products", told.append, lambda: next(times)).advance(rows, total)
    return told


def test_a_line_tells_rows_total_rate_and_time_left() -> None:
    assert lines(120_000, 1_034_000) == ["products: 120,000 of 1,034,000, 2,000/s, 8 min left"]
    assert lines(60, 120) == ["products: 60 of 120, 1/s, 1 min left"]
    assert lines(60, 90) == ["products: 60 of 90, 1/s, 30 s left"]
    assert lines(60, 10_000) == ["products: 60 of 10,000, 1/s, 2.8 h left"]


def test_without_a_count_a_line_tells_rows_and_rate() -> None:
    assert lines(120, None) == ["products: 120, 2/s"]


def test_a_total_that_was_passed_is_not_told() -> None:
    assert lines(120, 100) == ["products: 120, 2/s"]


def test_a_stream_of_a_few_seconds_tells_nothing() -> None:
    assert lines(120, 1000, seconds=4.9) == []
