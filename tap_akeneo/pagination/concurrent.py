"""Threads that read several paginators at once; idle ones take over parts of large lists.

Each of a few threads reads one list after the other. Finished pages wait in a queue that is bounded
by bytes, so a slow consumer slows the reading and memory does not grow. A thread that finds no list
left takes over a part of the largest one that others read.
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
"""What happens to a paginator: its next page, a part split off, its end."""

MAX_BYTES = 4 * 1024 * 1024
"""Finished pages that may wait. One more page for each thread can be held besides."""

PULSE = 0.5
"""Seconds between two calls of ``pulse`` while no page comes."""

MAX_JOIN = 30.0
"""Seconds to wait for the requests of a reading that was abandoned."""


def read_concurrently(
    paginators: Iterable[Paginator],
    *,
    threads: int,
    max_bytes: int = MAX_BYTES,
    pulse: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Paginator, PageEvent]]:
    """Yield the events of all paginators as they happen, those of one paginator in order.

    After a failure, and if it is closed early, it waits until no request is under way, so that the
    next reading does not add its requests to them.

    Args:
        paginators: Taken one by one, when a thread is free.
        threads: How many paginators are read at once.
        max_bytes: Bytes of pages that may wait for the consumer.
        pulse: Called between two pages, and while waiting for one; may raise.

    Yields:
        A paginator and its next page; a paginator and the part split off from it, before anything
        of that part; a paginator and ``None`` when all its pages have been consumed.

    Raises:
        Exception: What a paginator raised, after the pages that were read before.
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
                # The run ends at once, and its requests with it.
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
    """What the threads share; every attribute is guarded by `_lock`.

    No request is made while the lock is held, nor does iterating over the paginators make one.
    """

    def __init__(self, paginators: Iterator[Paginator], max_bytes: int) -> None:
        self._lock = threading.RLock()
        # Three things to wait for: an event, room for a page, a paginator to take. With one for
        # all, each page would wake every thread.
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
        """Return whether there is an event, or none to come, within some seconds."""
        with self._lock:
            return self._happened.wait_for(self._has_event, timeout)

    def next_event(self) -> tuple[Paginator, PageEvent] | None:
        """Return the next event, ``None`` if all paginators have ended.

        Raises:
            BaseException: What a paginator raised.
        """
        with self._lock:
            if self._events:
                return self._events.popleft()
            if self._failure:
                raise self._failure
            return None

    def note_consumed(self, event: PageEvent) -> None:
        """Make room for another page."""
        if isinstance(event, Page):
            with self._lock:
                self._waiting_bytes -= event.size
                self._room.notify()
                self._offer_work()

    def stop(self) -> None:
        """Let each thread end after the request it is at."""
        with self._lock:
            self._stopped = True
            self._wake_all()

    def _has_event(self) -> bool:
        return bool(self._events or self._failure) or (self._exhausted and not self._active)

    def _take(self) -> Paginator | None:
        """Return the next paginator, or a part of one that is being read."""
        with self._lock:
            while not self._stopped:
                try:
                    paginator = next(self._paginators, None)
                except BaseException as failure:  # noqa: BLE001 (raised again by the consumer)
                    # Noted before the lock is released: the next thread finds no paginator left,
                    # and the consumer would take that for the end.
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
        # Not while pages wait: the consumer could not take what one more thread reads.
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
        """Let an idle thread see whether there is something to split off by now."""
        if self._idle:
            self._work.notify()

    def _wake_all(self) -> None:
        for condition in (self._happened, self._room, self._work):
            condition.notify_all()
