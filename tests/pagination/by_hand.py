"""Reads a list step by step, with threads and a consumer that a test lets act in any order."""

from __future__ import annotations

from collections import Counter, deque
from typing import TYPE_CHECKING, cast

from tap_akeneo.client.responses import value_of
from tap_akeneo.pagination.reading import ListReading, Outcome

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from random import Random

    from tap_akeneo.client.pim import Pim
    from tap_akeneo.pagination.slices import BrokenRange, KeyRange, Slice, Step
    from tests.pagination.list_in_memory import ListInMemory

WHOLE = {Outcome.COMPLETE, Outcome.RESUMED, Outcome.BROKEN}
"""How a reading ends that has brought everything that can be read."""

MAX_ACTIONS = 100_000
"""Actions after which a list counts as one without end."""

_Result = tuple["Slice", "Step | Exception", bool]


class ReadingByHand:
    """A `ListReading` whose threads are simulated one action at a time.

    Args:
        pim: The PIM's list.
        page_size: Items per page.
        threads: Number of slices that may be read at the same time.
        ranges: The parts of the list to read; ``None`` for all of it.
        earlier: The reading that this one resumes.
        steps: Pages that a thread may read of a slice before it returns it.
        known: Broken ranges that another reading of the same items has found.
        is_broken: Whether the ranges had only broken items when they were last read.

    Attributes:
        read: Keys of the consumed items, in order.
    """

    def __init__(  # noqa: PLR0913 (each by name)
        self,
        pim: ListInMemory,
        page_size: int = 100,
        *,
        threads: int = 1,
        ranges: Sequence[KeyRange] | None = None,
        earlier: ReadingByHand | None = None,
        steps: int = 1,
        known: Sequence[BrokenRange] = (),
        is_broken: bool = False,
    ) -> None:
        self.pim = pim
        self.read: list[str] = []
        self.reading: ListReading = ListReading(
            pim.request(page_size),
            ranges,
            read=earlier.reading.read if earlier else 0,
            counted=earlier.reading.counted if earlier else None,
            is_resumed=earlier is not None,
            is_broken=is_broken,
        )
        self._threads = threads
        self._steps = steps
        self._known = known
        self._started: list[Slice] = []
        self._results: list[deque[_Result]] = []

    @property
    def has_ended(self) -> bool:
        """Whether the reading has ended, and all pages have been consumed."""
        return self.reading.has_ended and not self.reading.waiting_pages

    @property
    def is_whole(self) -> bool:
        """Whether everything that can be read has come."""
        return self.reading.outcome in WHOLE

    def act(self, random: Random) -> None:
        """Let a thread or the consumer do one random thing."""
        # Slices are handed out as soon as threads are free, as the reader does.
        while self.reading.has_work and self._busy < self._threads:
            self._start()
        choices: list[Callable[[Random], None]] = []
        if self._started:
            choices.append(self._fetch)
        if self._results:
            choices.append(self._arrive)
        if self.reading.waiting_pages:
            choices.append(self._consume)
        random.choice(choices)(random)

    def run(self, random: Random) -> ReadingByHand:
        """Read the list to its end."""
        for _ in range(MAX_ACTIONS):
            if self.has_ended:
                return self
            self.act(random)
        msg = "the list has no end"
        raise AssertionError(msg)

    def check_state(self, throughout: set[str]) -> None:
        """Check the invariant of the state: what is left, and what was read, is the whole list.

        Args:
            throughout: Keys of the readable items that are there during the whole reading.
        """
        if not self.reading.is_resumable:
            return
        left, order = self.reading.left, self.pim.order
        for key in throughout - set(self.read):
            assert any(
                (one.after is None or order(key) > order(one.after))
                and (one.to is None or order(key) <= order(one.to))
                for one in left
            ), f"{key} is neither read nor left: {left}"
        ends = Counter(one.to for one in left)
        starts = Counter(one.after for one in left)
        assert all(times == 1 for times in (ends | starts).values()), left

    @property
    def _busy(self) -> int:
        return len(self._started) + len(self._results)

    def _start(self) -> None:
        one = self.reading.start_slice(self._known, divides=self._busy + 1 < self._threads)
        if one is not None:
            self._started.append(one)

    def _fetch(self, random: Random) -> None:
        one = self._started.pop(random.randrange(len(self._started)))
        results: deque[_Result] = deque()
        for left in reversed(range(random.randint(1, self._steps))):
            try:
                step = one.step(cast("Pim", self.pim))
            except Exception as failure:  # noqa: BLE001 (the reading decides what it means)
                results.append((one, failure, False))
                break
            goes_on = bool(left) and len(step.rest) == 1
            results.append((one, step, goes_on))
            if not goes_on:
                break
            (one,) = step.rest
        self._results.append(results)

    def _arrive(self, random: Random) -> None:
        results = random.choice(self._results)
        one, result, goes_on = results.popleft()
        if not results:
            self._results.remove(results)
        if isinstance(result, Exception):
            self.reading.fail(one, result, pim_is_up=self.pim.is_up())
        else:
            self.reading.arrive(one, result, goes_on=goes_on)

    def _consume(self, _dice: Random) -> None:
        page = self.reading.next_page()
        assert page is not None
        self.read += [str(value_of(item, self.pim.key)) for item in page.items]
        self.reading.consume()
