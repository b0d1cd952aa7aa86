"""A list that several paginators read in parallel, each one range of its keys."""

from __future__ import annotations

import threading
from http import HTTPStatus
from typing import TYPE_CHECKING

from tap_akeneo.client.errors import PimUnavailable
from tap_akeneo.client.responses import ListIncomplete, decode_page, value_of
from tap_akeneo.pagination.base import MAX_PAGE_SIZE, KeyRange, ListRequest, Pagination
from tap_akeneo.pagination.keys import KeyOrder, TextOrder, UuidOrder
from tap_akeneo.pagination.page_number import RESULT_WINDOW, NumberedReading, count_items

if TYPE_CHECKING:
    from tap_akeneo.client.pim import Pim
    from tap_akeneo.client.responses import HalPage, Item

BOUNDS = 3
"""Number of keys at which a list of codes is split first, so that four readers share it."""

MAX_GAPS = 100
"""Maximum number of gaps to read in one list before it counts as incomplete."""

OUT_OF_STEP = (
    "the PIM's search index holds so many items that its database does not have that others may be "
    "hidden behind them: have the index rebuilt"
)


class RangedList:
    """State shared by the paginators of one list, each of which reads one range of its keys.

    Args:
        pim: The PIM.
        request: The list.
        counted: The PIM's count of the items when the reading began, if an earlier run began it.

    Attributes:
        counted: The PIM's count of the items when the reading began; ``None`` if it is unknown.
        follows_links: Whether to follow the PIM's links, because its cursors are not keys.
        is_confirmed: Whether cursors are known to be keys.
        may_skip_items: Whether a broken item was found without knowing the next readable one.
    """

    def __init__(self, pim: Pim, request: ListRequest, counted: int | None = None) -> None:
        self.pim = pim
        self.request = request
        self.order: KeyOrder = UuidOrder() if request.keys[-1] == "uuid" else TextOrder()
        self.counted = counted
        self.follows_links = False
        self.is_confirmed = bool(request.key_is_cursor)
        self._lock = threading.Lock()
        self._highest: str | None = None
        self._gaps: list[KeyRange] = []
        self._bounds: list[str] = []
        self._gaps_read = 0
        self.may_skip_items = False
        self._broken_keys: set[str] = set()
        self._reaches_end = False

    @property
    def gaps(self) -> list[KeyRange]:
        """The gaps that have not been read."""
        with self._lock:
            return list(self._gaps)

    @property
    def has_limit(self) -> bool:
        """Whether requests can set the page size."""
        return self.request.pagination is Pagination.SEARCH_AFTER

    def key_of(self, item: Item) -> str:
        """Return the key that the list is sorted by."""
        return str(value_of(item, self.request.keys[-1]))

    def get(
        self,
        limit: int,
        cursor: str | None,
        *,
        with_count: bool = False,
        gives_up_on_500: bool = False,
    ) -> HalPage:
        """Request a page.

        Args:
            limit: Page size.
            cursor: Key before the first item; ``None`` for the start of the list.
            with_count: Also request the count. Only numbered pages have it. The PIM sorts them
                like pages by cursor (ListProductsByUuidQueryHandler,
                ListProductModelsQueryHandler).
            gives_up_on_500: Do not retry after a 500.
        """
        params = dict(self.request.params)
        if self.has_limit:
            params["limit"] = str(limit)
            params["pagination_type"] = "page" if with_count else "search_after"
        if with_count:
            params["with_count"] = "true"
        if cursor is not None:
            params["search_after"] = cursor
        return self.pim.get(self.request.path, decode_page, params, gives_up_on_500=gives_up_on_500)

    def get_or_none(self, limit: int, cursor: str | None) -> HalPage | None:
        """Request a page without retries; return ``None`` if the PIM responds with 500."""
        try:
            return self.get(limit, cursor, gives_up_on_500=True)
        except PimUnavailable as failure:
            if failure.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            return None

    def find_bounds(self) -> None:
        """Request keys at which to split the list, unless its keys are uuids.

        Uuids are distributed evenly. Codes are not, so request the keys at a few positions. The
        PIM lists only the first 10,000 items by position.
        """
        if isinstance(self.order, UuidOrder) or not self.counted:
            return
        reading = NumberedReading(self.pim, self.request)
        for nth in range(1, BOUNDS + 1):
            page = reading.get_or_none(min(self.counted, RESULT_WINDOW) * nth // (BOUNDS + 1), 1)
            for item in page.items if page else ():
                key = self.key_of(item).lower()
                if key.isascii():
                    self._bounds.append(key)

    def middle(self, key_range: KeyRange) -> str | None:
        """Return a key about halfway through a range, or ``None`` if there is none."""
        after, to = key_range.after, key_range.to
        inside = [
            bound
            for bound in self._bounds
            if (after is None or self.order.is_beyond(bound, after.lower()))
            and (to is None or self.order.is_beyond(to, bound))
        ]
        return inside[len(inside) // 2] if inside else self.order.between(after, to)

    def is_alive(self) -> bool:
        """Return whether the PIM can serve an empty page, which cannot contain a broken item."""
        return self.get_or_none(1, self.order.last) is not None

    def note_highest(self, key: str) -> None:
        """Record a key that was read, if it is the greatest so far."""
        with self._lock:
            if self._highest is None or self.order.is_beyond(key, self._highest.lower()):
                self._highest = key

    def note_gap(self, gap: KeyRange) -> None:
        """Record a range that ended with an empty page although items may follow."""
        with self._lock:
            self._gaps.append(gap)

    def note_broken_key(self, key: str) -> None:
        """Record the key of a broken item. Two ranges may find the same one."""
        with self._lock:
            self._broken_keys.add(key)

    def hidden_ranges(self, read: int) -> list[KeyRange]:
        """Return the ranges in which deleted items may hide others; an empty list if none do.

        Call this after all paginators have ended, and read the ranges, until it returns none.

        Args:
            read: Number of items that were read.

        Raises:
            ListIncomplete: There are too many gaps, or items may have been skipped.
        """
        gaps, self._gaps = self._gaps, []
        hidden = [gap for gap in gaps if self._is_inside(gap)]
        # What is read of a gap at the end is divided as well, so its parts may not reach the end.
        self._reaches_end |= any(gap.to is None for gap in gaps)
        if self._reaches_end and len(hidden) < len(gaps) and self._is_short(read):
            hidden = gaps
        self._gaps_read += len(hidden)
        if self._gaps_read > MAX_GAPS:
            raise ListIncomplete(OUT_OF_STEP)
        if not hidden and self.may_skip_items:
            self._check_skipped(read)
        return hidden

    def check_nothing_hidden(self, gap: KeyRange) -> None:
        """Make sure that a gap behind which nothing was found is the end of the list.

        Raises:
            ListIncomplete: It is not, and the PIM lists too few by number to show what follows.
        """
        if self._is_inside(gap) and (count_items(self.pim, self.request) or 0) > RESULT_WINDOW:
            raise ListIncomplete(OUT_OF_STEP)

    def _check_skipped(self, read: int) -> None:
        """Check that no readable item between two broken ones was skipped.

        Raises:
            ListIncomplete: Items are missing, and the list is too long for the PIM to list it by
                page number, which would show their positions.
        """
        counted = count_items(self.pim, self.request) or 0
        missing = counted - read - len(self._broken_keys)
        if counted > RESULT_WINDOW and missing > 0:
            msg = (
                f"{missing} items near those that the PIM answers with 500 may be missing. Have "
                "these repaired or deleted in the PIM; the next run reads the list again"
            )
            raise ListIncomplete(msg)

    def _is_inside(self, key_range: KeyRange) -> bool:
        """Return whether any item after the start of a range was read."""
        if self._highest is None:
            return False
        after = key_range.after
        return after is None or self.order.is_beyond(self._highest, after.lower())

    def _is_short(self, read: int) -> bool:
        """Return whether enough items are missing to fill a page, and thus to hide other items."""
        if self.counted == read:
            return False
        # Count again, because items may have been created or deleted meanwhile, or because the
        # first page, which has the count, contains a broken item.
        now = count_items(self.pim, self.request)
        return max(self.counted or 0, now or 0) - read >= MAX_PAGE_SIZE
