"""Reads many lists with a few parallel requests.

Threads get slices from one queue and put steps into another; they share nothing else. The main
thread owns everything that changes. It consumes the pages of one plan after the other, and while it
does, the threads read ahead for the next plans as far as memory allows.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict
from contextlib import suppress
from dataclasses import dataclass, replace
from queue import Empty, SimpleQueue
from typing import TYPE_CHECKING, Any, TypeVar

from tap_akeneo.client.errors import NoResponse, PimUnavailable
from tap_akeneo.pagination.plans import Ask, Collect, Emit, Plan, RunningPlan
from tap_akeneo.pagination.slices import ListFailed

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Iterable, Iterator

    from tap_akeneo.client.pim import Pim
    from tap_akeneo.client.responses import Item, Page
    from tap_akeneo.pagination.reading import ListReading
    from tap_akeneo.pagination.slices import BrokenRange, Slice, Step

T = TypeVar("T")

MAX_BYTES = 4 * 1024 * 1024
"""Size in bytes of the pages of one plan that may wait, and of all that are read ahead."""

MAX_PAGES = 3
"""Pages of a list that may wait once it is its turn. After a kill, a run reads them again."""

PULSE = 0.5
"""Seconds between two calls of ``pulse`` while waiting for a page."""

MAX_JOIN = 30.0
"""Seconds to wait for active requests after a failure, or if the consumer stops early."""

QUEUED = 2
"""Jobs that may wait for a thread, so that it need not wait for the consumer of the pages."""

STEPS_AT_ONCE = 3
"""Pages that a thread reads of a long slice before it returns the slice."""

MIN_PAGES = 16
"""Pages per thread from which a list is long enough for that."""


@dataclass(frozen=True)
class _Job:
    """What a thread does: read a slice (``work``) some times, or call a function."""

    plan: RunningPlan
    reading: ListReading | None
    work: Any
    times: int = 1


@dataclass(frozen=True)
class _Result:
    """What came of a job.

    Attributes:
        job: The job.
        work: The slice that was read, or the function that was called.
        value: The step, or the function's value.
        failure: What happened instead.
        pim_is_up: Whether the PIM answers other requests after the failure.
        goes_on: Whether the thread is reading what is left of the slice.
    """

    job: _Job
    work: Any
    value: Any = None
    failure: Exception | None = None
    pim_is_up: bool = False
    goes_on: bool = False


class Reader:
    """Reads the lists of plans, one after the other for the consumer, and ahead of it.

    Args:
        pim: The PIM.
        threads: Number of parallel requests.
        pulse: Called between two pages, and while waiting for one; may raise.
        max_bytes: Size in bytes of the pages of one plan that may wait, and of all read ahead.
    """

    def __init__(
        self,
        pim: Pim,
        threads: int,
        pulse: Callable[[], None] = lambda: None,
        max_bytes: int = MAX_BYTES,
    ) -> None:
        self._pim = pim
        self._count = threads
        self._pulse = pulse
        self._max_bytes = max_bytes
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._results: SimpleQueue[_Result] = SimpleQueue()
        self._threads: list[threading.Thread] = []
        self._active = 0
        self._ahead: dict[object, RunningPlan] = {}
        self._following: Iterator[tuple[object, Callable[[], Plan[None]]]] = iter(())
        self._broken: dict[tuple[str, ...], list[BrokenRange]] = defaultdict(list)
        # Items in which a thread searches for a broken one, so that each is searched for once.
        self._searched: set[tuple[str, ...]] = set()

    def read(
        self,
        name: object,
        plan: Callable[[], Plan[None]],
        following: Iterable[tuple[object, Callable[[], Plan[None]]]] = (),
    ) -> Generator[tuple[ListReading, Page | None], None, None]:
        """Yield the pages of a plan's lists, and ``None`` after the last page of each list.

        The caller has to call `ListReading.consume` after each page, and `close` after the last
        plan if it reads fewer plans than it named.

        Args:
            name: Identifies the plan.
            plan: Returns the plan, unless it has begun ahead of its turn.
            following: The names and plans to read ahead.

        Raises:
            Exception: What the plan raises, or a failure that is not only that of one list.
        """
        self._following = iter(following)
        running = self._ahead.pop(name, None) or RunningPlan(plan())
        try:
            while running.need is not None:
                self._hand_out(running)
                if running.events:
                    yield from self._next_event(running)
                    self._pulse()
                    self._take_results()
                elif isinstance(running.need, Emit) and running.is_read:
                    running.answer(None)
                else:
                    self._wait()
            if running.failure is not None:
                raise running.failure
            if not self._ahead:
                self._begin_next()
        finally:
            running.end()
            if not self._ahead:
                self.close()

    def close(self) -> None:
        """End the threads, and wait until no request is active.

        So the next reading does not exceed the number of parallel requests.
        """
        with suppress(Empty):
            while True:
                self._jobs.get_nowait()
        for _ in self._threads:
            self._jobs.put(None)
        deadline = time.monotonic() + MAX_JOIN
        for thread in self._threads:
            while thread.is_alive() and time.monotonic() < deadline:
                thread.join(PULSE)
                # A run that is stopped does not wait for its requests.
                self._pulse()
        for running in self._ahead.values():
            running.end()
        self._jobs, self._results, self._threads = SimpleQueue(), SimpleQueue(), []
        self._active, self._ahead, self._following = 0, {}, iter(())
        self._searched = set()

    def _next_event(self, running: RunningPlan) -> Iterator[tuple[ListReading, Page | None]]:
        reading, is_end = running.events.popleft()
        page = None if is_end else reading.next_page()
        if isinstance(running.need, Emit) and (is_end or page is not None):
            yield reading, page
            running.waiting_bytes -= page.size if page else 0

    # The work of the threads.

    def _hand_out(self, current: RunningPlan) -> None:
        """Give work to idle threads: that of the current plan first, then that of the next ones."""
        while self._active < self._count + QUEUED:
            job = self._next_job(current)
            if job is None and self._has_room_ahead():
                ahead = (self._next_job(one, is_ahead=True) for one in self._ahead.values())
                job = next(filter(None, ahead), None)
                if job is None and self._active < self._count and self._begin_next():
                    continue
            if job is None:
                return
            self._active += 1
            self._jobs.put(job)
            if len(self._threads) < min(self._active, self._count):
                self._start_thread()

    def _has_room_ahead(self) -> bool:
        return sum(one.waiting_bytes for one in self._ahead.values()) < self._max_bytes

    def _begin_next(self) -> bool:
        """Begin a plan ahead of its turn, unless there is none."""
        for name, plan in self._following:
            if name not in self._ahead:
                self._ahead[name] = RunningPlan(plan())
                return True
        return False

    def _next_job(self, running: RunningPlan, *, is_ahead: bool = False) -> _Job | None:
        if running.asks and isinstance(running.need, Ask):
            running.asks = False
            return _Job(running, None, running.need.function)
        for _ in range(len(running.work) if running.waiting_bytes < self._max_bytes else 0):
            reading = running.work.popleft()
            if reading.waiting_pages >= MAX_PAGES and not is_ahead:
                running.work.append(reading)
                continue
            selection = reading.request.selection
            # While pages wait, the consumer is too slow for another thread.
            is_awaited = reading.waiting_pages <= 1 or is_ahead
            divides = is_awaited and not running.work and self._active + 1 < self._count
            try:
                one = reading.start_slice(
                    self._broken[selection],
                    divides=divides,
                    searches=selection not in self._searched,
                )
                is_long = one is not None and reading.pages_left() >= MIN_PAGES * self._count
            except Exception as failure:  # noqa: BLE001 (raised when it is the plan's turn)
                running.end(failure)
                return None
            running.settle(reading)
            if one is not None and one.is_search:
                self._searched.add(selection)
                return _Job(running, reading, one)
            if one is not None:
                return _Job(running, reading, one, STEPS_AT_ONCE if is_long and is_awaited else 1)
        return None

    def _start_thread(self) -> None:
        thread = threading.Thread(
            target=_work,
            args=(self._pim, self._jobs, self._results),
            name=f"pim-{len(self._threads)}",
            daemon=True,
        )
        self._threads.append(thread)
        thread.start()

    # The results of the threads.

    def _wait(self) -> None:
        """Wait until a thread has a result."""
        while True:
            self._pulse()
            with suppress(Empty):
                self._take(self._results.get(timeout=PULSE))
                return

    def _take_results(self) -> None:
        """Take all results that are there."""
        with suppress(Empty):
            while True:
                self._take(self._results.get_nowait())

    def _take(self, result: _Result) -> None:
        running, reading = result.job.plan, result.job.reading
        self._active -= not result.goes_on
        if reading is not None and result.work.is_search:
            self._searched.discard(reading.request.selection)
        if running.need is None:
            return
        if reading is None:
            if result.failure is None:
                running.answer(result.value)
            else:
                running.refuse(result.failure)
            return
        try:
            if result.failure is not None:
                reading.fail(result.work, result.failure, pim_is_up=result.pim_is_up)
            else:
                self._take_step(running, reading, result)
        except Exception as failure:  # noqa: BLE001 (raised when it is the plan's turn)
            running.end(failure)
            return
        running.settle(reading)
        if isinstance(running.need, Collect) and running.is_read:
            running.answer(None)

    def _take_step(self, running: RunningPlan, reading: ListReading, result: _Result) -> None:
        step: Step = result.value
        before = reading.waiting_pages
        reading.arrive(result.work, step, goes_on=result.goes_on)
        if isinstance(running.need, Collect):
            while (page := reading.next_page()) is not None:
                running.need.take(reading, page)
                reading.consume()
        elif reading.waiting_pages > before:
            running.events.append((reading, False))
            running.waiting_bytes += step.page.size
        if step.broken is not None:
            _add_broken(self._broken[reading.request.selection], step.broken)


def _add_broken(known: list[BrokenRange], broken: BrokenRange) -> None:
    """Add a broken range, or what is known of the items before it."""
    same = next((one for one in known if (one.after, one.to) == (broken.after, broken.to)), None)
    if same is None:
        known.append(broken)
    elif not same.near:
        known[known.index(same)] = broken


def _work(pim: Pim, jobs: SimpleQueue[_Job | None], results: SimpleQueue[_Result]) -> None:
    """Do one job after the other. This runs in a thread of its own."""
    while (job := jobs.get()) is not None:
        if job.reading is None:
            results.put(_call(job, pim))
            continue
        work = job.work
        for nth in range(job.times):
            result = _read(job, work, pim)
            rest: tuple[Slice, ...] = () if result.value is None else result.value.rest
            goes_on = nth + 1 < job.times and len(rest) == 1 and not rest[0].is_search
            results.put(replace(result, goes_on=goes_on))
            if not goes_on:
                break
            (work,) = rest


def _call(job: _Job, pim: Pim) -> _Result:
    try:
        return _Result(job, job.work, job.work())
    except PimUnavailable as failure:
        if isinstance(failure, NoResponse) or not pim.is_up():
            return _Result(job, job.work, failure=failure)
        return _Result(job, job.work, failure=ListFailed(str(failure)))
    except Exception as failure:  # noqa: BLE001 (the main thread raises it)
        return _Result(job, job.work, failure=failure)


def _read(job: _Job, one: Slice, pim: Pim) -> _Result:
    try:
        return _Result(job, one, one.step(pim))
    except PimUnavailable as failure:
        is_up = not isinstance(failure, NoResponse) and pim.is_up()
        return _Result(job, one, failure=failure, pim_is_up=is_up)
    except Exception as failure:  # noqa: BLE001 (the main thread raises it)
        return _Result(job, one, failure=failure)


def read_all(pim: Pim, reading: ListReading) -> list[Item]:
    """Read a list to its end, and return its items.

    Raises:
        Exception: A failure that is not only that of the list.
    """
    items: list[Item] = []

    def plan() -> Plan[None]:
        yield Collect([reading], lambda _, page: items.extend(page.items))

    for _ in Reader(pim, threads=1).read(None, plan):
        pass
    return items
