"""Time windows: a list of changes, read in several walks at once.

A window is a span of the PIM's index dates. Its ends are the wall times that go into the filter,
word for word: the windows to the left and right of an end name it with the same words, so they
meet exactly, whatever the PIM takes those words for when clocks change.

There is no plan. A walk that is long, or that has idle readers beside it, cuts its window in two,
goes on with the earlier part and gives the later one away. Both go on behind the cursor that it
had reached, a cursor of the PIM's own, so nothing is read twice for it. Where to cut, the dates on
the page at hand tell; the time between the ends is halved where they do not. A wrong guess costs a
request, never a row.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING

import msgspec
from typing_extensions import override

from tap_akeneo.pagination.base import ListRequest, Pagination
from tap_akeneo.pagination.cursor import CursorPaginator, count, hides_items
from tap_akeneo.replication import Window, usable_date

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tap_akeneo.client.pim import Pim
    from tap_akeneo.client.responses import Page

MIN_PAGES = 4
"""Pages that must be left for another reader to be worth its first request."""

MAX_PAGES = 100
"""Pages of a walk, unless it cannot be cut. A run that dies resumes at the first unfinished one."""


SAMPLE = 500
"""Dates that a cut is guessed from."""


class Changes:
    """A list of the PIM that can be narrowed to a window.

    Args:
        pim: The PIM.
        listing: The list of what changed within a window.
        now: A wall time that no change is later than.
        whole: The window to read.

    Attributes:
        counted: How many items the PIM counts in the whole window; None until it was asked.
        has_count: Whether it counts this list.
        walks: All walks through it.
    """

    def __init__(
        self, pim: Pim, listing: Callable[[Window], ListRequest], now: datetime, whole: Window
    ) -> None:
        self.pim = pim
        self.listing = listing
        self.now = now
        self.whole = whole
        self.counted: int | None = None
        self.has_count = listing(whole).paging is Pagination.SEARCH_AFTER
        self.walks: list[WindowPaginator] = []
        self._counting = threading.Lock()

    def walk(self) -> WindowPaginator:
        """A walk through the whole window."""
        return WindowPaginator(self, self.whole)

    def count(self) -> None:
        """Asks the PIM how many items there are, unless another thread is at it."""
        if self.counted is None and self._counting.acquire(blocking=False):
            self.counted = count(self.pim, self.listing(self.whole))

    def lacks(self, read: int, *, strict: bool) -> bool:
        """Whether some are hidden behind others that were deleted while they were read.

        Args:
            read: How many came out.
            strict: See `hides_items`.
        """
        if not self.has_count:
            return False
        return hides_items(
            self.pim, self.listing(self.whole), read, self.counted, self.walks, strict=strict
        )


class WindowPaginator(CursorPaginator):
    """A walk through one window, which can give away the later part of it.

    Args:
        changes: The list.
        window: The window.
        cursor: The cursor behind which to begin.
        weight: How much of the whole list it should have from there on, 0 to 1.

    Attributes:
        window: What is left of the window.
        may_hide_items: Whether there may be more behind its end.
    """

    def __init__(
        self, changes: Changes, window: Window, cursor: str | None = None, weight: float = 1
    ) -> None:
        super().__init__(changes.pim, changes.listing(window), cursor)
        self.window = window
        self.may_hide_items = False
        self._changes = changes
        changes.walks.append(self)
        self._weight = weight
        self._since_cut = 0
        self._dates: deque[msgspec.Raw] = deque(maxlen=SAMPLE)

    @override
    def _next_page(self) -> Page | None:
        page = super()._next_page()
        if self._changes.counted is None:
            self._changes.counted = self.counted
        if page is not None:
            self._since_cut += len(page.items)
            self._dates.extend(item["updated"].copy() for item in page.items if "updated" in item)
        return page

    @override
    def _check_end(self) -> None:
        # A part has no count of its own; the whole is compared when all of it has come. What may
        # move the bookmark before that is looked at where something seems to be deleted.
        if not self._changes.has_count:
            return
        if not self.pim.cursors_are_plain:
            self._changes.count()
            return
        walks = tuple(self._changes.walks)
        if len(walks) > 1 and (self.ended_oddly or any(walk.has_gaps for walk in walks)):
            self.may_hide_items = not self.ends_here()

    @override
    def split(self, *, idle: int) -> WindowPaginator | None:
        if not self.has_link:
            return None
        if self._changes.has_count and self._since_cut > self.listing.page_size:
            # After the second page, so that others can begin meanwhile.
            self._changes.count()
        left = self._left()
        most = MAX_PAGES * self.listing.page_size
        if left < (MIN_PAGES * self.listing.page_size if idle else 2 * most):
            return None
        # Each idle reader gets as much as is kept, unless that is too much for a walk.
        share = idle / (idle + 1) if idle else 0.5
        if self._changes.counted is not None and left > most * (idle + 1):
            share = most / left
        seen = [date for written in self._dates if (date := _wall_time(written))]
        cut = self.window.cut(seen, share, self._changes.now)
        if cut is None:
            return None
        weight = self._weight if not self._changes.counted else left / self._changes.counted
        later = WindowPaginator(
            self._changes, Window(cut, self.window.end), self.cursor, weight * (1 - share)
        )
        self.window = Window(self.window.start, cut)
        self.listing = self._changes.listing(self.window)
        self._weight = weight * share
        self._since_cut = 0
        return later

    def _left(self) -> float:
        """Items that are left, by expectation; as many again for a walk that has outgrown it."""
        counted = self._changes.counted
        if counted is None:
            # Not known yet: enough to share. Never known: as much again.
            unknown = MIN_PAGES * self.listing.page_size
            return unknown if self._changes.has_count else self._since_cut
        left = counted * self._weight - self._since_cut
        return left if left > 0 else self._since_cut


def _wall_time(written: msgspec.Raw) -> datetime | None:
    """The wall time of a date with an offset, None of what is no date."""
    date = usable_date(msgspec.json.decode(written))
    return date and date.replace(tzinfo=None, microsecond=0)
