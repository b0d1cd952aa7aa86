"""Concurrent paginators return all pages within the memory limit and report failures."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tap_akeneo.pagination.base import ListRequest, Pagination, Paginator
from tap_akeneo.pagination.concurrent import PageEvent, read_concurrently
from typing_extensions import override

from tap_akeneo.client.responses import Page
from tap_akeneo.pagination import concurrent
from tests.support import sync

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import StartPim

REQUEST = ListRequest("x", Pagination.PAGE, ("code",))


class Counted(Paginator):
    """A paginator with a fixed number of pages that counts the requested ones."""

    def __init__(self, pages: int, size: int = 1, *, may_split: bool = False) -> None:
        super().__init__(REQUEST)
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

    @property
    @override
    def remaining(self) -> float:
        return self.left if self._may_split else 0

    @override
    def split(self) -> Paginator | None:
        if not self._may_split or self.left < 2:
            return None
        part = Counted(self.left // 2, self._size, may_split=True)
        self.left -= part.left
        return part


@settings(max_examples=50)
@given(
    lengths=st.lists(st.integers(0, 6), max_size=12),
    threads=st.integers(1, 6),
    max_bytes=st.integers(1, 5),
    may_split=st.booleans(),
)
def test_every_fetched_page_is_returned_and_each_paginator_ends_once(
    lengths: list[int], threads: int, max_bytes: int, *, may_split: bool
) -> None:
    paginators = [Counted(length, may_split=may_split) for length in lengths]
    known: set[Paginator] = set(paginators)
    pages = 0
    for paginator, event in read_concurrently(paginators, threads=threads, max_bytes=max_bytes):
        assert paginator in known, "a part comes before anything of it, and an end is the last"
        if isinstance(event, Page):
            pages += 1
        elif isinstance(event, Paginator):
            known.add(event)
        else:
            known.remove(paginator)
    assert pages == sum(lengths)
    assert not known


def test_prefetched_pages_are_limited_while_the_consumer_is_slow() -> None:
    paginator = Counted(100, size=10)
    reading = read_concurrently([paginator], threads=1, max_bytes=30)
    next(reading)
    time.sleep(0.2)
    # One page is consumed, three are queued, and one is being fetched.
    assert paginator.given <= 5
    reading.close()  # type: ignore[attr-defined]


def test_the_next_page_is_fetched_while_the_current_one_is_consumed() -> None:
    paginator = Counted(3)
    reading = read_concurrently([paginator], threads=1)
    next(reading)
    deadline = time.monotonic() + 5
    while paginator.given < 3 and time.monotonic() < deadline:
        time.sleep(0.01)
    assert paginator.given == 3


def test_an_idle_thread_takes_over_part_of_the_largest_list() -> None:
    class Long(Counted):
        @override
        def next_page(self) -> Page | None:
            if self.left > 1:
                time.sleep(0.001)
            return super().next_page()

    paginators = [Long(200, may_split=True)]
    events = [event for _, event in read_concurrently(paginators, threads=3)]
    assert any(isinstance(event, Paginator) for event in events)


class Failing(Paginator):
    @override
    def next_page(self) -> Page | None:
        msg = "no"
        raise ValueError(msg)


def test_a_failure_is_raised_after_the_pages_read_before_it() -> None:
    def paginators() -> Iterator[Paginator]:
        yield Counted(3)
        yield Failing(REQUEST)

    pages: list[PageEvent] = []
    reading = read_concurrently(paginators(), threads=1)
    with pytest.raises(ValueError, match="no"):
        pages.extend(event for _, event in reading if isinstance(event, Page))
    assert len(pages) == 3


def test_a_failure_to_create_the_next_paginator_is_not_mistaken_for_the_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def paginators() -> Iterator[Paginator]:
        yield from ()
        msg = "no parents"
        raise ValueError(msg)

    fail = concurrent._Pool._fail  # noqa: SLF001 (to widen the window of a race)

    def fail_late(pool: concurrent._Pool, failure: BaseException) -> None:
        # Gives another thread time to read from the same iterator and find it exhausted.
        time.sleep(0.1)
        fail(pool, failure)

    monkeypatch.setattr(concurrent._Pool, "_fail", fail_late)  # noqa: SLF001
    with pytest.raises(ValueError, match="no parents"):
        list(read_concurrently(paginators(), threads=4))


def test_no_thread_is_left_running() -> None:
    before = threading.active_count()
    list(read_concurrently([Counted(5) for _ in range(9)], threads=4))
    assert threading.active_count() == before


class Held(Paginator):
    """A request that stays in progress until it is released."""

    def __init__(self, under_way: threading.Event, let_go: threading.Event) -> None:
        super().__init__(REQUEST)
        self._under_way = under_way
        self._let_go = let_go
        self.has_ended = False

    @override
    def next_page(self) -> Page | None:
        self._under_way.set()
        self._let_go.wait(10)
        self.has_ended = True
        return None


class FailingBeside(Paginator):
    """Fails while another request is in progress."""

    def __init__(self, under_way: threading.Event) -> None:
        super().__init__(REQUEST)
        self._under_way = under_way

    @override
    def next_page(self) -> Page | None:
        self._under_way.wait(10)
        msg = "no"
        raise ValueError(msg)


def test_a_failure_is_raised_only_after_the_last_request_has_ended() -> None:
    under_way, let_go = threading.Event(), threading.Event()
    held = Held(under_way, let_go)
    timer = threading.Timer(0.2, let_go.set)
    timer.start()
    with pytest.raises(ValueError, match="no"):
        list(read_concurrently([held, FailingBeside(under_way)], threads=2))
    assert held.has_ended
    timer.join()


def test_closing_the_iterator_waits_for_pending_requests() -> None:
    under_way, let_go = threading.Event(), threading.Event()
    held = Held(under_way, let_go)
    reading = read_concurrently([Counted(1), held], threads=2)
    next(reading)
    under_way.wait(10)
    timer = threading.Timer(0.2, let_go.set)
    timer.start()
    reading.close()  # type: ignore[attr-defined]
    assert held.has_ended
    timer.join()


def test_an_interrupted_run_does_not_wait_for_pending_requests() -> None:
    under_way, let_go = threading.Event(), threading.Event()
    held = Held(under_way, let_go)

    def stop() -> None:
        under_way.wait(10)
        msg = "stopped"
        raise KeyboardInterrupt(msg)

    with pytest.raises(KeyboardInterrupt):
        list(read_concurrently([held], threads=1, pulse=stop))
    assert not held.has_ended
    let_go.set()


def test_the_concurrency_limit_also_holds_after_a_rejected_list(
    start_pim: StartPim,
) -> None:
    pim = start_pim("ee-7", products=20)
    refusal = {"code": 400, "message": "no"}
    pim.faults.add("status", "/options", nth=4, status=400, body=refusal)
    # Requests of the rejected stream are still in progress when the next stream begins.
    pim.faults.add("slow", "/options", times=None, delay=0.3)
    pim.faults.add("slow", "/variants", times=None, delay=0.3)
    run = sync(pim, "attribute_options", "family_variants", max_concurrency=4)
    assert run.tap.failed_streams == ["attribute_options"]
    assert run.rows("family_variants")
    assert pim.requests.highest_concurrency <= 4
