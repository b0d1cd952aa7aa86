"""Several walks at once: all pages come out, in bounds, and failures are told."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from typing_extensions import override

from tap_akeneo.client.responses import Page
from tap_akeneo.pagination import concurrent as prefetch
from tap_akeneo.pagination.base import ListRequest, Pagination, Paginator
from tap_akeneo.pagination.concurrent import PageEvent, read_ahead

if TYPE_CHECKING:
    from collections.abc import Iterator

LISTING = ListRequest("x", Pagination.PAGE, ("code",))


class Counted(Paginator):
    """A walk of some pages, that notes what is asked of it."""

    def __init__(self, pages: int, size: int = 1, *, may_split: bool = False) -> None:
        super().__init__(LISTING)
        self.left = pages
        self.given = 0
        self._size = size
        self._may_split = may_split

    @override
    def next_page(self) -> Page | None:
        if not self.left:
            return None
        self.left -= 1
        self.given += 1
        return Page([], self._size)

    @override
    def split(self, *, idle: int) -> Paginator | None:
        if not self._may_split or not idle or self.left < 2:
            return None
        part = Counted(self.left // 2, self._size, may_split=True)
        self.left -= part.left
        return part


@settings(deadline=None, max_examples=50)
@given(
    lengths=st.lists(st.integers(0, 6), max_size=12),
    threads=st.integers(1, 6),
    most_bytes=st.integers(1, 5),
    may_split=st.booleans(),
)
def test_what_is_consumed_equals_what_was_fetched_and_each_walk_ends_once(
    lengths: list[int], threads: int, most_bytes: int, *, may_split: bool
) -> None:
    walks = [Counted(length, may_split=may_split) for length in lengths]
    known: set[Paginator] = set(walks)
    pages = 0
    for walk, news in read_ahead(walks, threads=threads, most_bytes=most_bytes):
        assert walk in known, "a part is told before anything of it, and an end is the last"
        if isinstance(news, Page):
            pages += 1
        elif isinstance(news, Paginator):
            known.add(news)
        else:
            known.remove(walk)
    assert pages == sum(lengths)
    assert not known


def test_pages_wait_in_bounds_while_the_consumer_is_slow() -> None:
    walk = Counted(100, size=10)
    reading = read_ahead([walk], threads=1, most_bytes=30)
    next(reading)
    time.sleep(0.2)
    # One consumed, three waiting, one in hand.
    assert walk.given <= 5
    reading.close()  # type: ignore[attr-defined]


def test_the_next_page_is_fetched_while_one_is_consumed() -> None:
    walk = Counted(3)
    reading = read_ahead([walk], threads=1)
    next(reading)
    deadline = time.monotonic() + 5
    while walk.given < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert walk.given == 3


def test_an_idle_thread_takes_over_a_part_of_a_long_walk() -> None:
    class Long(Counted):
        @override
        def next_page(self) -> Page | None:
            if self.left > 1:
                time.sleep(0.001)
            return super().next_page()

    walks = [Long(200, may_split=True)]
    parts = sum(isinstance(news, Paginator) for _, news in read_ahead(walks, threads=3))
    assert parts >= 1


class Failing(Paginator):
    @override
    def next_page(self) -> Page | None:
        msg = "no"
        raise ValueError(msg)


def test_a_failure_is_told_after_what_was_read_before() -> None:
    def walks() -> Iterator[Paginator]:
        yield Counted(3)
        yield Failing(LISTING)

    pages: list[PageEvent] = []
    reading = (news for _, news in read_ahead(walks(), threads=1) if isinstance(news, Page))
    with pytest.raises(ValueError, match="no"):
        pages.extend(reading)
    assert len(pages) == 3


def test_a_failure_to_find_the_next_walk_is_never_taken_for_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def walks() -> Iterator[Paginator]:
        yield from ()
        msg = "no parents"
        raise ValueError(msg)

    fail = prefetch._Pool._fail  # noqa: SLF001 (a race is shown by widening its gap)

    def fail_late(pool: prefetch._Pool, failure: BaseException) -> None:
        # Widens the gap in which another thread asks the same list, and finds it at its end.
        time.sleep(0.1)
        fail(pool, failure)

    monkeypatch.setattr(prefetch._Pool, "_fail", fail_late)  # noqa: SLF001
    with pytest.raises(ValueError, match="no parents"):
        list(read_ahead(walks(), threads=4))


def test_no_thread_is_left_behind() -> None:
    before = threading.active_count()
    list(read_ahead([Counted(5) for _ in range(9)], threads=4))
    deadline = time.monotonic() + 5
    while threading.active_count() > before and time.monotonic() < deadline:
        time.sleep(0.01)
    assert threading.active_count() == before
