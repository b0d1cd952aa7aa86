"""The reading of one list: its slices, the pages that arrived, and how it ended.

Only the main thread uses it. It is the only owner of what is left of the list.
"""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, replace
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING, ClassVar

from tap_akeneo.client.errors import NoResponse, PimUnavailable, RequestRefused
from tap_akeneo.client.responses import ListDisabled, Page
from tap_akeneo.pagination.by_key import KeySlice
from tap_akeneo.pagination.by_link import LinkSlice, WholeSlice
from tap_akeneo.pagination.by_number import NumberSlice
from tap_akeneo.pagination.key_orders import lower_case, order_of
from tap_akeneo.pagination.key_places import Seams
from tap_akeneo.pagination.links import CURSOR, Link
from tap_akeneo.pagination.request import ListRequest, Pagination
from tap_akeneo.pagination.slices import (
    REBUILD_INDEX,
    BrokenRange,
    ChangedBetweenRuns,
    EndOfList,
    ItemsBroken,
    KeyRange,
    ListFailed,
    OutOfOrder,
    Slice,
    Step,
    merged,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Sequence

    from tap_akeneo.client.responses import Item

logger = logging.getLogger("tap-akeneo.pagination")

MAX_EMPTY_PAGES = 100
"""Pages without items, all of which link to another one, after which a list counts as endless."""

MAX_SET_ASIDE = 3
"""Places of a list that may fail for good before the rest of the list is not read either."""

MAX_SAMPLES = 100
"""Keys of a list to remember, which show what its other keys are made of."""


class Outcome(Enum):
    """How the reading of a list ended."""

    COMPLETE = "everything came"
    RESUMED = "everything came, but over several runs"
    BROKEN = "everything came, except items for which the PIM answers 500"
    REFUSED = "the PIM forbids the list"
    DISABLED = "the list is disabled in the PIM"
    GONE = "the PIM no longer has the list, or its parent"
    FAILED = "the list could not be read to its end"
    PAUSED = "a part of the list came, which was enough for this run"

    @property
    def is_read(self) -> bool:
        """Whether everything came that the PIM can show, so that the bookmark may move."""
        return self in {Outcome.COMPLETE, Outcome.RESUMED, Outcome.BROKEN}


@dataclass(frozen=True)
class _Arrived:
    """A page that has not been consumed, and the keys that it covers."""

    page: Page
    covers: KeyRange | None


class ListReading:
    """Reads one list in slices, and decides how it ended.

    Args:
        request: The list.
        ranges: The parts of the list to read; ``None`` for all of it.
        read: Number of items that an earlier run has read.
        counted: The PIM's count of the items when the reading began.
        is_resumed: Whether an earlier run began it.
        is_by_key: Whether an earlier run has read the list by its keys.
        is_broken: Whether the ranges had only broken items when they were last read.
        is_single: Whether each had certainly one.

    Attributes:
        read: Number of items that were consumed, including those of an earlier run.
        counted: The PIM's count of the items when the reading began; ``None`` if it is unknown.
        broken: Ranges with items for which the PIM responds with 500.
        outcome: How the reading ended; ``None`` if it has not.
        reason: Why it failed or was skipped.
        lacks_only_broken: Whether it failed only because of items for which the PIM answers 500.
        refusal: The PIM's error, if it refused the list.
        is_resumable: Whether a later run can continue from what is left.
    """

    is_divisible: ClassVar[bool] = True
    """Whether several parts may be read at once."""

    def __init__(  # noqa: PLR0913 (what is known of an earlier run)
        self,
        request: ListRequest,
        ranges: Sequence[KeyRange] | None = None,
        *,
        read: int = 0,
        counted: int | None = None,
        is_resumed: bool = False,
        is_by_key: bool = False,
        is_broken: bool = False,
        is_single: bool = False,
    ) -> None:
        self.request = request
        self.read = read
        self.counted = counted
        self.is_resumed = is_resumed
        self.broken: list[BrokenRange] = []
        self.outcome: Outcome | None = None
        self.reason = ""
        self.lacks_only_broken = False
        self.refusal: RequestRefused | None = None
        first = _slices(
            request, ranges, is_by_key=is_by_key, is_broken=is_broken, is_single=is_single
        )
        self.is_resumable = all(one.range is not None for one in first)
        if counted is not None:
            share = max(counted - read, 0) / len(first)
            first = [
                replace(one, expected=share) if isinstance(one, KeySlice) else one for one in first
            ]
        self._is_broken = is_broken
        self._waiting: deque[Slice] = deque(first)
        self._running: list[Slice] = []
        self._ends: list[Slice] = []
        self._aside: list[Slice] = []
        self._reason_aside = ""
        self._pages: deque[_Arrived] = deque()
        self._places: set[Hashable] = {one.place for one in first}
        self._arrived = read
        self._has_page = False
        self._empty_pages = 0
        # Hashes of keys, because an item that comes twice must not make up for a missing one.
        self._seen: set[int] | None = None
        self._seen_before = read
        self._again: set[int] | None = None
        self._order = order_of(request.keys[-1] if request.keys else "")
        self._highest: str | None = None
        self._samples: list[str] = []
        self._seams = Seams(request)

    # What the reader asks for.

    @property
    def is_read(self) -> bool:
        """Whether everything came that the PIM can show."""
        return self.outcome is not None and self.outcome.is_read

    @property
    def is_complete(self) -> bool:
        """Whether everything came, so that what did not come is not in the PIM."""
        return self.outcome in {Outcome.COMPLETE, Outcome.RESUMED}

    @property
    def is_enough(self) -> bool:
        """Whether as much of the list came as this run is to read."""
        return False

    @property
    def has_work(self) -> bool:
        """Whether a slice waits to be read."""
        return bool(self._waiting) and self.outcome is None

    @property
    def has_ended(self) -> bool:
        """Whether no further page will arrive."""
        return self.outcome is not None and not self._running

    def start_slice(
        self, known: Collection[BrokenRange], *, divides: bool, searches: bool = True
    ) -> Slice | None:
        """Return a slice to read now, or ``None`` if there is none.

        Args:
            known: Broken ranges that another reading of the same items has found in this run.
            divides: Whether to divide the slice, because other threads are idle.
            searches: Whether it may search for a broken item.
        """
        if not self.has_work:
            return None
        self._step_over(known)
        one = next((one for one in self._waiting if searches or not one.is_search), None)
        if one is None:
            return None
        self._waiting.remove(one)
        if isinstance(one, KeySlice) and one.is_search:
            one = replace(one, known=tuple(known))
        if divides and self.is_divisible and isinstance(one, KeySlice):
            one, *parts = one.divided(self.counted, self._samples)
            self._waiting.extend(parts)
        self._running.append(one)
        return one

    def pages_left(self) -> float:
        """Return the expected number of pages that are left; 1 if it is unknown."""
        left = sum(
            one.remaining(self.counted)
            for one in (*self._waiting, *self._running)
            if isinstance(one, KeySlice)
        )
        return max(left / self.request.page_size, 1)

    # What the threads report.

    def arrive(self, one: Slice, step: Step, *, goes_on: bool = False) -> None:
        """Take the result of a step: its page, and what is left of the list after it.

        Args:
            one: The slice that was read.
            step: The result.
            goes_on: Whether the same thread is reading what is left of it.
        """
        if one not in self._running:
            # The list is being read again.
            return
        self._running.remove(one)
        if self.counted is None:
            self.counted = step.counted
        if step.broken and step.broken not in self.broken:
            self.broken.append(step.broken)
        self._empty_pages = 0 if step.page.items or not step.rest else self._empty_pages + 1
        if self._empty_pages > MAX_EMPTY_PAGES:
            msg = f"{MAX_EMPTY_PAGES} pages without items follow each other"
            self._fail(f"{msg}: {REBUILD_INDEX}")
        self._add_page(one, step)
        if isinstance(one, KeySlice) and not self._is_broken:
            self._waiting.extend(self._seams.compare(one, step))
        if any(rest.place in self._places for rest in step.rest):
            self._fail(
                "the PIM's links lead back to a page that was already read, so the list would "
                f"never end: {REBUILD_INDEX}"
            )
        self._places.update(rest.place for rest in step.rest)
        if goes_on:
            self._running.extend(step.rest)
        else:
            self._waiting.extendleft(reversed(step.rest))
        if step.end is not None:
            self._ends.append(step.end)
        self._finish_if_nothing_is_left()
        if self.is_enough:
            self._stop(Outcome.PAUSED, "")

    def fail(self, one: Slice, failure: Exception, *, pim_is_up: bool) -> None:
        """End the list because of a failure, or raise the failure if it ends the run.

        Args:
            one: The slice that was read.
            failure: What happened.
            pim_is_up: Whether the PIM answers other requests.

        Raises:
            Exception: The failure is not only that of this list.
        """
        if one not in self._running:
            return
        self._running.remove(one)
        # What was not read is left.
        self._waiting.appendleft(one)
        if isinstance(failure, OutOfOrder):
            why = "its items do not come in the order of their keys"
            self._begin_again(LinkSlice(self.request), f"{why}, so it is read by the PIM's links")
        elif isinstance(failure, ChangedBetweenRuns):
            self._read_in_one_run()
        elif isinstance(failure, ListFailed):
            self._fail(str(failure))
        elif isinstance(failure, RequestRefused):
            outcome = self._outcome_of(failure, one)
            self.refusal = None if outcome is Outcome.COMPLETE else failure
            self._stop(outcome, str(failure))
        elif isinstance(failure, NoResponse):
            self._stop(Outcome.DISABLED, f"it seems to be disabled in this PIM ({failure})")
        elif isinstance(failure, ListDisabled):
            self._stop(Outcome.FAILED if self._has_page else Outcome.DISABLED, str(failure))
        elif isinstance(failure, PimUnavailable) and pim_is_up:
            self._set_aside(one, str(failure))
        else:
            raise failure

    def _set_aside(self, one: Slice, reason: str) -> None:
        """Leave the place of a page that fails for good to a later run, and read the others."""
        self._reason_aside = self._reason_aside or reason
        may_read_on = self.is_divisible and len(self._aside) < MAX_SET_ASIDE
        if isinstance(one, KeySlice) and one.is_confirmed and not one.is_broken and may_read_on:
            self._waiting.remove(one)
            first, *behind = one.before_and_behind(self.counted, self._samples)
            self._aside.append(first)
            self._waiting.extend(reversed(behind))
            self._finish_if_nothing_is_left()
        else:
            self._stop(Outcome.FAILED, self._reason_aside)

    def _outcome_of(self, refusal: RequestRefused, one: Slice) -> Outcome:
        """Return whether the PIM forbids the list, has none, or only failed to send it."""
        is_forbidden = refusal.is_from_pim and refusal.status == HTTPStatus.FORBIDDEN
        # An earlier run has read a part of a resumed list, and before a search for a broken item
        # the PIM did not refuse the list.
        if is_forbidden and not (self._has_page or self.is_resumed or one.is_search):
            return Outcome.REFUSED
        if refusal.is_from_pim and refusal.status == HTTPStatus.NOT_FOUND and self.request.parents:
            return Outcome.COMPLETE if self.request.may_be_missing else Outcome.GONE
        return Outcome.FAILED

    # What the consumer asks for.

    @property
    def came(self) -> int:
        """Number of different items that came, including those of an earlier run."""
        return self._arrived if self._seen is None else len(self._seen) + self._seen_before

    @property
    def came_in_this_run(self) -> bool:
        """Whether an earlier run has read nothing of it, or this one has read it again."""
        return self._seen_before == 0

    @property
    def waiting_pages(self) -> int:
        """Number of pages that have not been consumed."""
        return len(self._pages)

    def next_page(self) -> Page | None:
        """Return the next page, or ``None`` if none has arrived. Call `consume` after it."""
        return self._pages[0].page if self._pages else None

    def consume(self) -> None:
        """Count the page as consumed. It is left until then."""
        self.read += len(self._pages.popleft().page.items)

    @property
    def is_by_key(self) -> bool:
        """Whether the list is read by its keys, which are known to be its cursors."""
        left = (*self._running, *self._waiting, *self._ends)
        return any(isinstance(one, KeySlice) and one.is_confirmed for one in left)

    @property
    def left(self) -> list[KeyRange]:
        """The parts of the list that are left, disjoint and with adjacent ones merged."""
        ranges = [
            *(arrived.covers for arrived in self._pages),
            *(one.range for one in (*self._running, *self._waiting, *self._ends, *self._aside)),
            *self._seams.ranges,
        ]
        return merged(one for one in ranges if one is not None)

    # Details.

    def _add_page(self, one: Slice, step: Step) -> None:
        """Keep the page of a step for the consumer, without the items that came before."""
        page = step.page
        self.is_resumable &= all(rest.range is not None for rest in step.rest)
        is_linked = isinstance(one, LinkSlice)
        if isinstance(one, NumberSlice):
            self._count_by_number(one, page)
        if isinstance(one, (LinkSlice, NumberSlice)):
            # A list that changes while it is read by page number is read again.
            items = self._unseen(page.items)
            if is_linked and page.items and not items:
                msg = "a page has only items that came before, so the list would never end"
                self._fail(f"{msg}: {REBUILD_INDEX}")
            page = replace(page, items=items)
        if not page.items:
            return
        self._has_page = True
        self._arrived += len(page.items)
        last = None
        if isinstance(one, KeySlice):
            last = self.request.sort_key_of(page.items[-1])
        following = step.rest[0] if step.rest else step.end
        start, end = one.range, None if following is None else following.range
        covers = None
        if start is not None:
            # What follows the last item of a slice is left until the next slice is compared.
            to = last if step.beyond is not None else start.to
            covers = KeyRange(start.after, end.after if end else to)
        self._pages.append(_Arrived(page, covers))
        if last is not None:
            self._remember_highest(last)
            if len(self._samples) < MAX_SAMPLES:
                self._samples.append(last)

    def _count_by_number(self, one: NumberSlice, page: Page) -> None:
        """Count the items since page 1, which must all come without those from before.

        Items that came before and were deleted must not make up for missing ones.
        """
        if one.is_sorted:
            if one.number == 1 and one.attempt > 1:
                self._again = set()
            if self._again is not None:
                self._again.update(hash(self.request.keys_of(item)) for item in page.items)
            return
        # It reads the whole list, also what an earlier run has read.
        self._seen_before = 0
        if one.number == 1 and not one.is_fallback:
            self._seen = set()

    def _unseen(self, items: list[Item]) -> list[Item]:
        """Return the items that did not come before."""
        if self._seen is None:
            self._seen = set()
        fresh = []
        for item in items:
            key = hash(self.request.keys_of(item))
            if key not in self._seen:
                self._seen.add(key)
                fresh.append(item)
        return fresh

    def _remember_highest(self, key: str) -> None:
        if self._highest is None or self._order.is_beyond(key, self._highest):
            self._highest = key

    def _step_over(self, known: Collection[BrokenRange]) -> None:
        """Divide the slices that wait around broken items that are known."""
        for broken in known:
            for one in [*self._waiting] if broken not in self.broken else ():
                parts = None
                if isinstance(one, KeySlice) and not one.is_broken:
                    parts = one.around(broken)
                if parts is not None:
                    place = self._waiting.index(one)
                    self._waiting.remove(one)
                    for part in reversed(parts):
                        self._waiting.insert(place, part)
                    self.broken.append(broken)
                    break

    def _read_in_one_run(self) -> None:
        """Read the list once more, as if no earlier run had begun it."""
        self.is_resumed, self.counted = False, None
        reason = "it changed between the runs that read it, so it is read in one"
        is_linked = self.request.key_is_cursor is False
        first = LinkSlice(self.request) if is_linked else KeySlice.whole(self.request)
        self._begin_again(first, reason)

    def _begin_again(self, first: Slice, reason: str) -> None:
        logger.info("%s: %s, once more from its start", self.request.path, reason)
        self._waiting = deque([first])
        self._running, self._ends, self._aside, self.broken = [], [], [], []
        self._places, self._seams, self._highest = {first.place}, Seams(self.request), None
        self._seen = None if isinstance(first, KeySlice) else set()
        self._arrived = self._seen_before = 0
        self.is_resumable = False

    def _finish_if_nothing_is_left(self) -> None:
        """Decide whether the list is complete, or what else to read until that is proven."""
        if self._waiting or self._running or self.outcome is not None:
            return
        if self._aside:
            self._stop(Outcome.FAILED, self._reason_aside)
            return
        self._waiting.extend(self._seams.left())
        if self._waiting:
            return
        ends, self._ends = self._ends, []
        # The PIM counts broken items too.
        came = self.came if self._again is None else len(self._again)
        came += sum(one.is_single for one in self.broken)
        ended = EndOfList(
            came, self.counted, self._highest, self.is_resumed, is_part=self._is_broken
        )
        try:
            for end in self._without_later(ends):
                self._waiting.extend(end.proof_of_end(ended))
        except ChangedBetweenRuns:
            self._read_in_one_run()
            return
        except ListFailed as failure:
            self.lacks_only_broken = isinstance(failure, ItemsBroken)
            self._fail(str(failure))
            return
        self.is_resumable &= all(one.range is not None for one in self._waiting)
        if not self._waiting:
            complete = Outcome.RESUMED if self.is_resumed else Outcome.COMPLETE
            self.outcome = Outcome.BROKEN if self.broken else complete

    def _without_later(self, ends: list[Slice]) -> list[Slice]:
        """Return the ends to check: of those behind the last item, the first shows what follows."""
        behind = [
            one for one in ends if isinstance(one, KeySlice) and not one.is_before(self._highest)
        ]
        if self.is_resumed or self._is_broken or len(behind) < 2:  # noqa: PLR2004 (not to join)
            return ends
        first = min(behind, key=lambda one: lower_case(one.after or "").encode())
        return [*(one for one in ends if one not in behind), replace(first, to=None)]

    def _fail(self, reason: str) -> None:
        """End the list as failed, so that a later run reads it from its start."""
        self.is_resumable = False
        self._stop(Outcome.FAILED, f"{self.request.path}: {reason}")

    def _stop(self, outcome: Outcome, reason: str) -> None:
        if self.outcome is None:
            self.outcome, self.reason = outcome, reason


def _slices(
    request: ListRequest,
    ranges: Sequence[KeyRange] | None,
    *,
    is_by_key: bool,
    is_broken: bool,
    is_single: bool,
) -> list[Slice]:
    """Return the slices with which the reading of a list begins."""
    if request.pagination is Pagination.PAGE:
        return [NumberSlice(request)]
    if request.pagination in {Pagination.ARRAY, Pagination.SINGLE}:
        return [WholeSlice(request)]
    if ranges is None:
        is_linked = request.key_is_cursor is False
        return [LinkSlice(request) if is_linked else KeySlice.whole(request)]
    # A range with an end shows that an earlier run found keys to be cursors.
    if request.key_is_cursor or is_by_key or any(one.to is not None for one in ranges):
        return [
            replace(
                KeySlice.whole(request),
                after=one.after,
                to=one.to,
                recent=(one.after,),
                start=None,
                counts=False,
                is_confirmed=True,
                is_broken=is_broken,
                is_single=is_single,
            )
            for one in ranges
        ]
    return [
        LinkSlice(request, None if one.after is None else Link(CURSOR, one.after)) for one in ranges
    ]
