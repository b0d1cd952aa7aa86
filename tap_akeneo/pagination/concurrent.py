"""Read several paginators in parallel threads; idle threads take over parts of large lists.

Each thread reads one list after the other. Pages wait in a queue whose size is limited in bytes, so
that a slow consumer slows down the reading instead of using more memory. If no list is left, an
idle thread takes over a part of the largest list that is being read.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from typing import TYPE_CHECKING, TypeAlias

from tap_akeneo.client.responses import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_akeneo.pagination.base import Paginator

PageEvent: TypeAlias = "Page | Paginator | None"
"""An event of a paginator: its next page, a part split off from it, or ``None`` for its end."""

MAX_BYTES = 4 * 1024 * 1024
"""Size in bytes of pages that may wait. Each thread may hold one more page."""

PULSE = 0.5
"""Seconds between two calls of ``pulse`` while waiting for a page."""

MAX_JOIN = 30.0
"""Seconds to wait for active requests after a failure, or if the consumer stops early."""


def read_concurrently(
    paginators: Iterable[Paginator],
    *,
    threads: int,
    max_bytes: int = MAX_BYTES,
    pulse: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Paginator, PageEvent]]:
    """Yield the events of all paginators as they happen; those of one paginator in order.

    After a failure, or if the generator is closed early, wait until no request is active, so that
    the next reading does not exceed the number of parallel requests.

    Args:
        paginators: The paginators; each is started when a thread is free.
        threads: Number of paginators that are read in parallel.
        max_bytes: Size in bytes of pages that may wait for the consumer.
        pulse: Called between two pages, and while waiting for one; may raise.

    Yields:
        A paginator and its next page; a paginator and the part split off from it, before any
        event of that part; a paginator and ``None`` after all its pages have been consumed.

    Raises:
        Exception: A paginator's exception, after the pages that were read before it.
    """
    pool = _Pool(iter(paginators), max_bytes)
    workers = [
        threading.Thread(target=pool.work, name=f"pim-{number}", daemon=True)
        for number in range(threads)
    ]
    for worker in workers:
        worker.start()
    patience = MAX_JOIN
    try:
        while True:
            try:
                pulse()
            except BaseException:
                # The run ends immediately, so do not wait for its requests.
                patience = 0
                raise
            if pool.wait(PULSE):
                if not (event := pool.next_event()):
                    return
                yield event
                pool.note_consumed(event[1])
    finally:
        pool.stop()
        deadline = time.monotonic() + patience
        for worker in workers:
            worker.join(max(deadline - time.monotonic(), 0))


class _Pool:
    """State shared by the threads; `_lock` guards every attribute.

    No request is sent while the lock is held. Iterating over the paginators sends none either.
    """

    def __init__(self, paginators: Iterator[Paginator], max_bytes: int) -> None:
        self._lock = threading.RLock()
        # Threads wait for an event, for room for a page, or for a paginator to read. With a single
        # condition, each page would wake every thread.
        self._happened = threading.Condition(self._lock)
        self._room = threading.Condition(self._lock)
        self._work = threading.Condition(self._lock)
        self._paginators = paginators
        self._active: set[Paginator] = set()
        self._events: deque[tuple[Paginator, PageEvent]] = deque()
        self._waiting_bytes = 0
        self._max_bytes = max_bytes
        self._idle = 0
        self._exhausted = False
        self._failure: BaseException | None = None
        self._stopped = False

    def work(self) -> None:
        """Read one paginator after the other."""
        try:
            while (paginator := self._take()) is not None:
                while (page := paginator.next_page()) is not None:
                    if not self._hand_over(paginator, page):
                        return
                self._end(paginator)
        except BaseException as failure:  # noqa: BLE001 (raised again by the consumer)
            self._fail(failure)

    def wait(self, timeout: float) -> bool:
        """Wait for an event or the end of all paginators; return ``False`` after a timeout."""
        with self._lock:
            return self._happened.wait_for(self._has_event, timeout)

    def next_event(self) -> tuple[Paginator, PageEvent] | None:
        """Return the next event, or ``None`` if all paginators have ended.

        Raises:
            BaseException: A paginator's exception.
        """
        with self._lock:
            if self._events:
                return self._events.popleft()
            if self._failure:
                raise self._failure
            return None

    def note_consumed(self, event: PageEvent) -> None:
        """Make room for another page, after an event has been consumed."""
        if isinstance(event, Page):
            with self._lock:
                self._waiting_bytes -= event.size
                self._room.notify()
                self._offer_work()

    def stop(self) -> None:
        """Stop each thread after its current request."""
        with self._lock:
            self._stopped = True
            self._wake_all()

    def _has_event(self) -> bool:
        return bool(self._events or self._failure) or (self._exhausted and not self._active)

    def _take(self) -> Paginator | None:
        """Return the next paginator, a part of one that is being read, or ``None`` at the end."""
        with self._lock:
            while not self._stopped:
                try:
                    paginator = next(self._paginators, None)
                except BaseException as failure:  # noqa: BLE001 (raised again by the consumer)
                    # Before the lock is released, because the next thread finds no paginator left,
                    # which would look like the end to the consumer.
                    self._fail(failure)
                    return None
                self._exhausted = paginator is None
                if paginator is None:
                    paginator = self._split_largest()
                if paginator is not None:
                    self._active.add(paginator)
                    self._offer_work()
                    return paginator
                if not self._active:
                    self._wake_all()
                    return None
                self._idle += 1
                self._work.wait()
                self._idle -= 1
        return None

    def _split_largest(self) -> Paginator | None:
        # Not while many pages wait, because the consumer is too slow for another thread.
        if self._waiting_bytes >= self._max_bytes / 2 or not self._active:
            return None
        largest = max(self._active, key=lambda paginator: paginator.remaining)
        part = largest.split()
        if part is not None:
            self._add((largest, part))
        return part

    def _hand_over(self, paginator: Paginator, page: Page) -> bool:
        with self._lock:
            self._room.wait_for(lambda: self._stopped or self._waiting_bytes < self._max_bytes)
            if self._stopped:
                return False
            self._waiting_bytes += page.size
            self._add((paginator, page))
            self._room.notify()
            self._offer_work()
            return True

    def _end(self, paginator: Paginator) -> None:
        with self._lock:
            self._active.discard(paginator)
            self._add((paginator, None))
            self._wake_all()

    def _fail(self, failure: BaseException) -> None:
        with self._lock:
            self._failure = self._failure or failure
            self._stopped = True
            self._wake_all()

    def _add(self, event: tuple[Paginator, PageEvent]) -> None:
        self._events.append(event)
        self._happened.notify()

    def _offer_work(self) -> None:
        """Wake an idle thread, so that it checks whether it can split off a part now."""
        if self._idle:
            self._work.notify()

    def _wake_all(self) -> None:
        for condition in (self._happened, self._room, self._work):
            condition.notify_all()
