"""Pagination in ranges of keys that can be read in parallel: products and models since 6.0.

The PIM sorts some lists by a key that never changes, and accepts any key as a cursor, even if no
item has it. Such a list is read in disjoint ranges. Each item that exists during the whole reading
is read exactly once, regardless of other changes to the list (seen on 6.0.90, 7.0.22 and master).

An idle reader takes over the upper half of the largest range. A range ends at the first item beyond
it, which belongs to the next range. So only the last range needs an empty page to prove its end.

The PIM omits items from a page if its search index still has them but its database does not
(SqlGetConnectorProducts; api-php-client #197). So a short page does not mean the end. If items
follow an empty page, it leaves a gap, which is then read from keys within it.
"""

from __future__ import annotations

import threading
from http import HTTPStatus
from itertools import pairwise
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_akeneo.client.errors import PimUnavailable
from tap_akeneo.client.responses import ListIncomplete, Page
from tap_akeneo.pagination.base import MAX_PAGE_SIZE, WHOLE_LIST, KeyRange, Paginator
from tap_akeneo.pagination.broken_items import (
    can_read_after,
    find_broken_key,
    find_key_before_next_item,
    next_readable_key,
    page_before_broken_item,
)
from tap_akeneo.pagination.page_number import count_items

if TYPE_CHECKING:
    from tap_akeneo.client.responses import HalPage, Item
    from tap_akeneo.pagination.ranged_list import RangedList

MIN_PAGES_TO_SPLIT = 4
"""Minimum number of remaining pages for which splitting is worth an additional request."""


class KeyRangePaginator(Paginator):
    """Reads one range of the keys of a list.

    Args:
        ranged: The list.
        key_range: The range.
        weight: Expected share of the list's items that are in the range, 0 to 1.
        is_known_broken: Whether the range had only broken items when it was last read. One request
            shows whether this is still the case.
        is_gap: Whether the PIM returned an empty page at the start of the range.
    """

    def __init__(
        self,
        ranged: RangedList,
        key_range: KeyRange = WHOLE_LIST,
        *,
        weight: float = 1,
        is_known_broken: bool = False,
        is_gap: bool = False,
    ) -> None:
        super().__init__(ranged.request, key_range)
        self.ranged = ranged
        self.broken: list[KeyRange] = []
        self._lock = threading.Lock()
        self._weight = weight
        self._read = 0
        self._ended = False
        self._link: str | None = None
        self._limit = 1 if is_known_broken else ranged.request.page_size
        self._is_known_broken = is_known_broken
        self._is_gap = is_gap
        self._suspects: int | None = None
        """Number of items after the cursor that include a broken one, if a page failed."""

    @override
    def _next_page(self) -> Page | None:
        if self._is_gap:
            self._skip_deleted_items()
        while not self._ended:
            page = self._request()
            if page is not None and (items := self._take(page)):
                return Page(items, page.size, page.flaws, self._cursor())
        return None

    @property
    @override
    def remaining(self) -> float:
        ranged = self.ranged
        if self._ended or self._is_gap or ranged.follows_links or not ranged.is_confirmed:
            return 0
        if ranged.counted is None:
            # The count is unknown, so assume that half of the items have been read.
            return self._read
        share = ranged.order.share(self.key_range.after, self.key_range.to)
        if share is not None:
            return share * ranged.counted
        left = ranged.counted * self._weight - self._read
        # If the range has more items than expected, assume that half of them have been read.
        return left if left > 0 else self._read

    @override
    def split(self) -> KeyRangePaginator | None:
        with self._lock:
            if self.remaining < MIN_PAGES_TO_SPLIT * self.request.page_size:
                return None
            after, to = self.key_range.after, self.key_range.to
            middle = self.ranged.middle(self.key_range)
            if middle is None:
                return None
            self._weight /= 2
            self.key_range = KeyRange(after, middle)
            upper = KeyRange(middle, to)
            return KeyRangePaginator(self.ranged, upper, weight=self._weight)

    def _skip_deleted_items(self) -> None:
        ranged, to = self.ranged, self.key_range.to
        key = find_key_before_next_item(ranged, self.key_range.after)
        if key is None:
            ranged.check_nothing_hidden(self.key_range)
        with self._lock:
            self._is_gap = False
            if key is None or (to is not None and not ranged.order.is_beyond(to, key.lower())):
                self._ended = True
            else:
                self.key_range = KeyRange(key, to)

    def _cursor(self) -> str | None:
        return self._link if self.ranged.follows_links else self.key_range.after

    def _request(self) -> HalPage | None:
        """Return the next page, or ``None`` if the caller has to check `_ended` and call again."""
        ranged, cursor = self.ranged, self._cursor()
        if self._suspects is not None:
            return self._page_before_broken_item()
        # Request the count with the first page of the list.
        counts = cursor is None and ranged.has_limit and ranged.counted is None
        try:
            page = ranged.get(
                self._limit, cursor, with_count=counts, gives_up_on_500=ranged.has_limit
            )
        except PimUnavailable as failure:
            if failure.status != HTTPStatus.INTERNAL_SERVER_ERROR or not ranged.has_limit:
                raise
            if not ranged.is_alive():
                # The items are not the cause, so retry as often as for any other request.
                return ranged.get(self._limit, cursor)
            self._suspects = self._limit
            if counts:
                ranged.counted = count_items(ranged.pim, ranged.request)
            return None
        if counts:
            ranged.counted = page.items_count
            if (page.items_count or 0) >= 2 * MIN_PAGES_TO_SPLIT * self.request.page_size:
                ranged.find_bounds()
        return page

    def _take(self, page: HalPage) -> list[Item]:
        """Return the items of a page that belong to the range, and move the cursor after them."""
        ranged = self.ranged
        if not ranged.has_limit:
            self._check_order(page)
        with self._lock:
            items, to = page.items, self.key_range.to
            count = len(items)
            while count and to and ranged.order.is_beyond(ranged.key_of(items[count - 1]), to):
                count -= 1
            kept = items[:count]
            self._ended = count < len(items)
            if kept:
                last = ranged.key_of(kept[-1])
                if not self._ended and not ranged.follows_links:
                    self._refuse_earlier(last)
                self.key_range = KeyRange(last, to)
                self._read += count
                ranged.note_highest(last)
                self._ended |= to is not None and last.lower() == to
            if not ranged.has_limit:
                self._ended |= not page.has_link
            elif not items:
                self._check_end()
            elif self._suspects is None:
                self._limit = self.request.page_size
            self._is_known_broken &= not items
        return kept

    def _refuse_earlier(self, key: str) -> None:
        """Raise an error if the last key of a page is not greater than the cursor.

        Raises:
            PimUnavailable: The list would never end.
        """
        after = self.key_range.after
        if after is not None and (key == after or self.ranged.order.is_beyond(after, key.lower())):
            reason = (
                f"the page after {after!r} ends with {key!r}, so the list would never end: have "
                "the PIM's search index rebuilt"
            )
            raise PimUnavailable(self.request.path, reason)

    def _check_end(self) -> None:
        """End the range after an empty page, if the page size is large enough to be certain."""
        if self._limit < MAX_PAGE_SIZE:
            self._limit = MAX_PAGE_SIZE
            return
        self._ended = True
        self.ranged.note_gap(self.key_range)

    def _check_order(self, page: HalPage) -> None:
        """Check whether the cursors of a list without a page size are its keys in ascending order.

        Raises:
            ListIncomplete: They are not, but part of the list was already read in ranges.
        """
        ranged = self.ranged
        self._link = page.cursor("search_after")
        if ranged.follows_links or self._link is None:
            return
        keys = [ranged.key_of(item).lower().encode() for item in page.items]
        before = [] if self.key_range.after is None else [self.key_range.after.lower().encode()]
        are_sorted = all(one < other for one, other in pairwise([*before, *keys]))
        if are_sorted and keys and self._link.lower().encode() == keys[-1]:
            ranged.is_confirmed = True
            return
        if self.key_range.to is not None:
            msg = "its items do not come in the order of their keys; the next run reads it again"
            raise ListIncomplete(msg)
        ranged.follows_links = True

    def _page_before_broken_item(self) -> HalPage | None:
        """Return a page of the items before a broken item; skip that item if it comes next."""
        ranged, after = self.ranged, self.key_range.after
        page, fails = page_before_broken_item(ranged, after, self._suspects or 1)
        self._suspects = None
        if page is not None:
            # The page does not include deleted items, so there may be fewer suspects.
            self._suspects = fails - len(page.items)
            return page
        # Try again, because a 500 can also be temporary.
        if not can_read_after(ranged, after, fails):
            self._step_over_broken_item(fails)
        return None

    def _has_readable_item(self) -> bool:
        """Return whether a range of several broken items has a readable one now."""
        key = next_readable_key(self.ranged, self.key_range.after)
        to = self.key_range.to
        return key is not None and not (to is not None and self.ranged.order.is_beyond(key, to))

    def _step_over_broken_item(self, size: int) -> None:
        ranged, after = self.ranged, self.key_range.after
        if self._is_known_broken and not self._has_readable_item():
            self.broken.append(self.key_range)
            self._ended = True
            return
        key = find_broken_key(ranged, after, size)
        with self._lock:
            to = self.key_range.to
            if key is None:
                return
            self.broken.append(KeyRange(after, key))
            ranged.note_broken_key(key)
            if to is not None and ranged.order.is_beyond(key, to):
                # The next range finds this item again, but not broken items in the current range.
                self._ended = True
                return
            self.key_range = KeyRange(key, to)
            self._ended = key == to
