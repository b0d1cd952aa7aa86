"""Several walks at once, their pages handed to one consumer.

Each of a few threads walks one list after the other. Finished pages wait in a buffer that is
bounded by bytes, so a slow consumer slows the reading and memory does not grow. A thread that
finds no walk left takes over a part of another's, where that can be split.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, TypeAlias

from tap_akeneo.client.responses import Page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_akeneo.pagination.base import Paginator

PageEvent: TypeAlias = "Page | Paginator | None"
"""What happens to a walk: its next page, a part given away, its end."""

MAX_BYTES = 4 * 1024 * 1024
"""Finished pages that may wait. One page more for each thread can be there besides."""

PULSE = 0.5
"""Seconds between two pulses while nothing comes."""

LAST_REQUESTS = 2.0
"""Seconds to wait, after a failure, for requests that are still under way."""


def read_ahead(
    walks: Iterable[Paginator],
    *,
    threads: int,
    most_bytes: int = MAX_BYTES,
    pulse: Callable[[], None] = lambda: None,
) -> Iterator[tuple[Paginator, PageEvent]]:
    """Yields what happens to all walks as it happens, that of one walk in its order.

    Args:
        walks: Taken one by one, when a thread is free.
        threads: How many walks are walked at once.
        most_bytes: Bytes of pages that may wait for the consumer.
        pulse: Called between two pages, and while waiting for one; may raise.

    Yields:
        A walk and its next page; a walk and the part that it gave away, before anything of that
        part; a walk and None when all its pages have been consumed.

    Raises:
        Exception: What a walk raised, after the pages that were read before.
    """
    pool = _Pool(iter(walks), most_bytes, pulse)
    workers = [
        threading.Thread(target=pool.work, name=f"pim-{number}", daemon=True)
        for number in range(threads)
    ]
    pool.free = len(workers)
    for worker in workers:
        worker.start()
    try:
        yield from pool.consume()
    except Exception:
        pool.stop()
        for worker in workers:
            worker.join(LAST_REQUESTS / len(workers))
        raise
    finally:
        pool.stop()


class _Pool:
    """What the threads share; every attribute is guarded by `_lock`.

    Attributes:
        free: Threads without a walk.
    """

    def __init__(
        self, walks: Iterator[Paginator], most_bytes: int, pulse: Callable[[], None]
    ) -> None:
        self.free = 0
        self._lock = threading.RLock()
        # Three things to wait for: news, room for a page, a walk to take. With one for all, each
        # page would wake every thread.
        self._happened = threading.Condition(self._lock)
        self._room = threading.Condition(self._lock)
        self._work = threading.Condition(self._lock)
        self._walks = walks
        self._parts: deque[Paginator] = deque()
        self._news: deque[tuple[Paginator, PageEvent]] = deque()
        self._waiting_bytes = 0
        self._most_bytes = most_bytes
        self._pulse = pulse
        self._walking = 0
        self._exhausted = False
        self._failure: BaseException | None = None
        self._stopped = False

    def work(self) -> None:
        """What each thread does."""
        try:
            while (walk := self._take()) is not None:
                while (page := walk.next_page()) is not None:
                    if not self._hand_over(walk, page):
                        return
                    while part := walk.split(idle=self._idle()):
                        self._give_away(walk, part)
                self._end(walk)
        except BaseException as failure:  # noqa: BLE001 (raised again by the consumer)
            self._fail(failure)

    def consume(self) -> Iterator[tuple[Paginator, PageEvent]]:
        """Yields what the threads hand over until all walks have ended."""
        while True:
            self._pulse()
            with self._lock:
                if not self._happened.wait_for(self._has_news, timeout=PULSE):
                    continue
                if not self._news:
                    if self._failure:
                        raise self._failure
                    return
                walk, news = self._news.popleft()
            yield walk, news
            if isinstance(news, Page):
                with self._lock:
                    self._waiting_bytes -= news.size
                    self._room.notify()

    def _has_news(self) -> bool:
        return bool(self._news or self._failure) or self._all_ended()

    def stop(self) -> None:
        """Lets each thread end after the request it is at."""
        with self._lock:
            self._stopped = True
            self._wake_all()

    def _take(self) -> Paginator | None:
        """The next walk: a part of another's first, as it comes earlier in time."""
        with self._lock:
            while not self._stopped:
                try:
                    walk = self._parts.popleft() if self._parts else next(self._walks, None)
                except BaseException as failure:  # noqa: BLE001 (raised again by the consumer)
                    # Noted before the lock is let go: the next to ask finds no walk left, and the
                    # consumer would take that for the end.
                    self._fail(failure)
                    return None
                if walk is not None:
                    self._walking += 1
                    self.free -= 1
                    return walk
                self._exhausted = True
                if self._walking == 0:
                    self._wake_all()
                    return None
                self._work.wait()
        return None

    def _idle(self) -> int:
        """Threads that have nothing to do, where the consumer could take what they would read."""
        with self._lock:
            keeps_up = self._waiting_bytes < self._most_bytes / 2
            return max(self.free - len(self._parts), 0) if self._exhausted and keeps_up else 0

    def _give_away(self, walk: Paginator, part: Paginator) -> None:
        with self._lock:
            self._news.append((walk, part))
            self._parts.append(part)
            self._work.notify()
            self._happened.notify()

    def _hand_over(self, walk: Paginator, page: Page) -> bool:
        with self._lock:
            self._room.wait_for(lambda: self._stopped or self._waiting_bytes < self._most_bytes)
            if self._stopped:
                return False
            self._news.append((walk, page))
            self._waiting_bytes += page.size
            self._happened.notify()
            self._room.notify()
            return True

    def _end(self, walk: Paginator) -> None:
        with self._lock:
            self._news.append((walk, None))
            self._walking -= 1
            self.free += 1
            self._wake_all()

    def _fail(self, failure: BaseException) -> None:
        with self._lock:
            self._failure = self._failure or failure
            self._stopped = True
            self._wake_all()

    def _wake_all(self) -> None:
        for waited_for in (self._happened, self._room, self._work):
            waited_for.notify_all()

    def _all_ended(self) -> bool:
        return self._exhausted and self._walking == 0 and not self._parts
