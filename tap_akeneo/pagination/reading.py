"""The reading of a list: choose its paginators, and track which parts are left."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tap_akeneo.client.responses import ListIncomplete, Page
from tap_akeneo.pagination.base import WHOLE_LIST, KeyRange, ListRequest, Pagination, Paginator
from tap_akeneo.pagination.concurrent import read_concurrently
from tap_akeneo.pagination.cursor import CursorPaginator
from tap_akeneo.pagination.key_ranges import KeyRangePaginator
from tap_akeneo.pagination.page_number import PageNumberPaginator, SinglePagePaginator
from tap_akeneo.pagination.ranged_list import RangedList

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from tap_akeneo.client.errors import RequestRefused
    from tap_akeneo.client.pim import Pim
    from tap_akeneo.pagination.concurrent import PageEvent


class ListReading:
    """Reads one list with the paginators that suit it, and tracks what is left.

    Args:
        pim: The PIM.
        request: The list.
        ranges: The parts of the list to read.
        read: Number of items that an earlier run has read.
        counted: The PIM's count of the items when the reading began.
        is_known_broken: Whether the parts had only broken items when they were last read.

    Attributes:
        read: Number of items read so far.
        broken: Ranges of items for which the PIM responds with 500.
        is_complete: Whether everything was read, except broken items.
        failures: Why items may be missing.
        refusals: The PIM's errors for lists that it refused.
    """

    def __init__(  # noqa: PLR0913 (what is known of an earlier run)
        self,
        pim: Pim,
        request: ListRequest,
        ranges: Sequence[KeyRange] = (WHOLE_LIST,),
        *,
        read: int = 0,
        counted: int | None = None,
        is_known_broken: bool = False,
    ) -> None:
        self.request = request
        self.read = read
        self.broken: list[KeyRange] = []
        self.is_complete = False
        self.is_disabled = False
        self.failures: list[str] = []
        self.refusals: list[RequestRefused] = []
        self._pim = pim
        self._unstarted = list(ranges)
        self._is_known_broken = is_known_broken
        self._counted = counted
        self._was_cut_short = False
        self._active: set[Paginator] = set()
        self._ranged: RangedList | None = None
        self._left: dict[Paginator, KeyRange] = {}
        self._next: Iterable[Paginator] = self._first_paginators()

    @property
    def counted(self) -> int | None:
        """The PIM's count of the items when the reading began; ``None`` if it is unknown."""
        return self._ranged.counted if self._ranged else self._counted

    @property
    def is_resumable(self) -> bool:
        """Whether a later run can continue from what is left."""
        return all(paginator.is_resumable for paginator in tuple(self._left))

    @property
    def has_ended(self) -> bool:
        """Whether all paginators have been started and have ended."""
        return not self._active and not self._unstarted

    @property
    def left(self) -> list[KeyRange]:
        """The ranges that are not completely read, with adjacent ones merged."""
        gaps = self._ranged.gaps if self._ranged else []
        return merged([*self._left.values(), *self._unstarted, *gaps])

    @property
    def broken_so_far(self) -> list[KeyRange]:
        """The broken ranges found so far, including those of active paginators."""
        return [*self.broken, *(one for active in self._active for one in tuple(active.broken))]

    def paginators(self) -> Iterator[Paginator]:
        """Yield the next paginators to read, without sending a request."""
        for paginator in self._next:
            self._left[paginator] = paginator.start
            self._active.add(paginator)
            self._unstarted = self._unstarted[1:]
            yield paginator

    def note(self, paginator: Paginator, event: PageEvent) -> None:
        """Record an event, after its items have been consumed."""
        left = self._left[paginator]
        if isinstance(event, Page):
            if event.cursor is not None or self._ranged:
                # Items of a last page come again if a later run continues from its cursor.
                self.read += len(event.items)
            self._left[paginator] = KeyRange(event.cursor or left.after, left.to)
        elif event is not None:
            middle = event.start.after
            self._left[paginator] = KeyRange(left.after, middle)
            self._left[event] = KeyRange(middle, left.to)
            self._active.add(event)
        else:
            self._note_end(paginator)

    def has_more(self) -> bool:
        """Return whether further paginators are needed, after all others have ended."""
        if not self.has_ended or self._was_cut_short:
            return False
        hidden: list[KeyRange] = []
        ranged = self._ranged
        if ranged:
            try:
                hidden = ranged.hidden_ranges(self.read)
            except ListIncomplete as reason:
                self.failures.append(f"{self.request.path}: {reason}")
                return False
            self._next = [KeyRangePaginator(ranged, gap, is_gap=True) for gap in hidden]
            self._left = {paginator: paginator.start for paginator in self._next}
            self._active = set(self._left)
        self.is_complete = not hidden
        return not self.is_complete

    def _note_end(self, paginator: Paginator) -> None:
        self._active.discard(paginator)
        self.is_disabled |= paginator.is_disabled
        self.broken += paginator.broken
        if paginator.failure:
            self.failures.append(paginator.failure)
        if paginator.refusal:
            self.refusals.append(paginator.refusal)
        if paginator.incomplete or paginator.failure:
            self._was_cut_short = True
        else:
            del self._left[paginator]

    def _first_paginators(self) -> Iterator[Paginator]:
        pim, request = self._pim, self.request
        if request.pagination is Pagination.PAGE:
            yield PageNumberPaginator(pim, request)
        elif request.pagination in {Pagination.ARRAY, Pagination.SINGLE}:
            yield SinglePagePaginator(pim, request)
        elif request.key_is_cursor is False:
            yield CursorPaginator(pim, request, self._unstarted[0], already_read=self.read)
        else:
            self._ranged = RangedList(pim, request, self._counted)
            for key_range in () if self._is_known_broken else self._unstarted:
                if key_range.to is not None:
                    # An earlier run has read the items after this range.
                    self._ranged.note_highest(key_range.to)
            weight = 1 / len(self._unstarted)
            for key_range in list(self._unstarted):
                yield KeyRangePaginator(
                    self._ranged, key_range, weight=weight, is_known_broken=self._is_known_broken
                )


def merged(ranges: Sequence[KeyRange]) -> list[KeyRange]:
    """Return the ranges with adjacent ones merged, and without empty ones."""
    # A range is empty if its last item has been read, but its end has not been recorded yet.
    ranges = [one for one in ranges if one.after is None or one.after != one.to]
    starts = {one.after: one for one in ranges}
    joined = []
    for one in ranges:
        if one.after is None or not any(other.to == one.after for other in ranges):
            end = one
            while end.to is not None and end.to in starts:
                end = starts[end.to]
            joined.append(KeyRange(one.after, end.to))
    return joined


def read_lists(
    readings: Sequence[ListReading],
    *,
    threads: int,
    pulse: Callable[[], None],
    on_progress: Callable[[ListReading], None],
    on_end: Callable[[ListReading], None],
) -> Iterator[tuple[ListReading, Page]]:
    """Yield the pages of several lists, which are read in parallel.

    Args:
        readings: The lists.
        threads: Number of parallel requests.
        pulse: Called between two pages, and while waiting for one; may raise.
        on_progress: Called after each page of a list has been consumed.
        on_end: Called when a list has ended.
    """
    pending = list(readings)
    while pending:
        owners: dict[Paginator, ListReading] = {}
        unfinished: list[ListReading] = []
        paginators = _paginators(pending, owners)
        for paginator, event in read_concurrently(paginators, threads=threads, pulse=pulse):
            reading = owners[paginator]
            if isinstance(event, Page):
                yield reading, event
            elif event is not None:
                owners[event] = reading
            # The consumer has finished with the page only now.
            reading.note(paginator, event)
            if event is not None:
                on_progress(reading)
                continue
            del owners[paginator]
            if reading.has_more():
                unfinished.append(reading)
            elif reading.has_ended:
                on_end(reading)
        pending = unfinished


def _paginators(
    readings: Iterable[ListReading], owners: dict[Paginator, ListReading]
) -> Iterator[Paginator]:
    """Yield the paginators of all readings, and add the reading of each to ``owners``."""
    for reading in readings:
        for paginator in reading.paginators():
            owners[paginator] = reading
            yield paginator
