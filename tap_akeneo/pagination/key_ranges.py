"""Reading a list in ranges of keys, several at a time.

The PIM sorts some lists by a key that never changes, and takes any key for a cursor, whether an
item has it or not. Such a list is read in disjoint ranges: each item that exists during the whole
reading comes out exactly once, whatever else is written meanwhile (seen on 6.0.90, 7.0.22 and
master).

An idle reader takes over the upper half of the largest range. A range ends at the first item beyond
it, which belongs to the next range, so only the last one needs an empty page to prove its end.

The PIM drops items from a page that its search index still has, but its database does not
(SqlGetConnectorProducts; api-php-client #197). So a short page is not the end. An empty page leaves
a gap if items follow it all the same. The gap is then read by page number, which deleted items do
not end, or from keys within it in a list that has more items than the PIM serves by number.
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from http import HTTPStatus
from itertools import pairwise
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_akeneo.client.errors import PimUnavailable
from tap_akeneo.client.responses import ListIncomplete, Page, decode_page, value_of
from tap_akeneo.pagination.base import (
    MAX_PAGE_SIZE,
    WHOLE_LIST,
    KeyRange,
    ListRequest,
    Pagination,
    Paginator,
)
from tap_akeneo.pagination.broken_items import find_broken_key
from tap_akeneo.pagination.keys import KeyOrder, TextOrder, UuidOrder
from tap_akeneo.pagination.page_number import (
    MAX_READINGS,
    RESULT_WINDOW,
    NumberedReading,
    broken_positions,
    count_items,
    unseen,
)

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from tap_akeneo.client.pim import Pim
    from tap_akeneo.client.responses import HalPage, Item

MIN_PAGES_TO_SPLIT = 4
"""Pages that must be left for another reader to be worth its first request."""

BOUNDS = 3
"""Keys that a list of codes is divided at first; four readers then have a quarter each."""

CUTS = 12
"""Keys within a gap from which it is read at a time."""

MAX_CUTS = 48
"""Cuts of a gap of deleted items after which nothing fits between it and its start."""

MAX_GAP_READS = 600
"""Requests that the gaps of one list may cost before it counts as incomplete."""


@dataclass(frozen=True)
class Gap:
    """A range in which the PIM showed nothing although it may hold items.

    Attributes:
        key_range: The range.
        cuts: How often it was cut.
        hides_broken_item: Whether an item that fails its page follows the deleted ones.
    """

    key_range: KeyRange
    cuts: int = 0
    hides_broken_item: bool = False


class RangedList:
    """A list that several paginators read, each a range of its keys.

    Args:
        pim: The PIM.
        request: The list.
        counted: See below.

    Attributes:
        counted: Items that the PIM counted at the start; ``None`` if it was not asked.
        follows_links: Whether only the PIM's links lead on, because its cursors are not keys.
        is_confirmed: Whether cursors are known to be keys.
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
        self._gaps: list[Gap] = []
        self._bounds: list[str] = []
        self._gap_reads = 0
        self._broken_items = 0
        self._hides_broken_item = False

    @property
    def gaps(self) -> list[KeyRange]:
        """The gaps that have not been read."""
        with self._lock:
            return [gap.key_range for gap in self._gaps]

    @property
    def has_limit(self) -> bool:
        """Whether a request can say how many items it wants."""
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
            limit: Items at most.
            cursor: Key before the first item; ``None`` for the start of the list.
            with_count: Also count the list. Only numbered pages are counted; the PIM sorts them
                as those by cursor (ListProductsByUuidQueryHandler, ListProductModelsQueryHandler).
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
        """Request a page once; ``None`` for a 500."""
        try:
            return self.get(limit, cursor, gives_up_on_500=True)
        except PimUnavailable as failure:
            if failure.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            return None

    def find_bounds(self) -> None:
        """Ask where to divide a list whose keys do not show it.

        Uuids are numbers. Codes are dense in places that nobody can guess, so the keys of a few
        positions are asked for; the PIM shows the first 10,000.
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
        """Return a key about halfway through a range, ``None`` if there is none."""
        after, to = key_range.after, key_range.to
        inside = [
            bound
            for bound in self._bounds
            if (after is None or self.order.is_beyond(bound, after.lower()))
            and (to is None or self.order.is_beyond(to, bound))
        ]
        return inside[len(inside) // 2] if inside else self.order.between(after, to)

    def first_readable_after(self, after: str | None) -> str | None:
        """Return the key of the first item after a key that the PIM can serve.

        Page numbers tell it exactly: a search by cursors alone can jump over readable items between
        two broken ones. ``None`` if there is none among those that the PIM serves by number.
        """
        reading = NumberedReading(self.pim, self.request)
        low, high = 1, min(count_items(self.pim, self.request) or 0, RESULT_WINDOW) + 1
        found = None
        while low < high:
            middle = position = (low + high) // 2
            key = None
            while key is None and position < high:
                page = reading.get_or_none(position, 1)
                key = self.key_of(page.items[0]) if page and page.items else None
                position += 1
            if key and after is not None and not self.order.is_beyond(key, after.lower()):
                low = position
            else:
                high, found = middle, key or found
        return found

    def is_alive(self) -> bool:
        """Return whether the PIM answers for a page without items, which no item can break."""
        return self.get_or_none(1, self.order.last) is not None

    def note_highest(self, key: str) -> None:
        """Remember the greatest key that was read."""
        with self._lock:
            if self._highest is None or self.order.is_beyond(key, self._highest.lower()):
                self._highest = key

    def note_gap(self, gap: Gap) -> None:
        """Remember that a range ended without a proof of its end."""
        with self._lock:
            self._gaps.append(gap)
            self._hides_broken_item |= gap.hides_broken_item

    def note_broken_item(self) -> None:
        """Count an item that fails its page."""
        with self._lock:
            self._broken_items += 1

    def gap_paginators(self, read: int) -> Sequence[Paginator]:
        """Return paginators for what deleted items may have hidden, none if nothing can be hidden.

        Call this when all paginators have ended, until it returns none.

        Args:
            read: Items of the list that were read.

        Raises:
            ListIncomplete: The gaps cannot be read.
        """
        gaps, self._gaps = self._gaps, []
        hidden = [gap for gap in gaps if gap.hides_broken_item or self._is_inside(gap.key_range)]
        reaches_end = any(gap.key_range.to is None for gap in gaps)
        if reaches_end and len(hidden) < len(gaps) and self._is_short(read):
            hidden = gaps
        if not hidden:
            return []
        if (count_items(self.pim, self.request) or 0) <= RESULT_WINDOW:
            return [GapPaginator(self, hidden, broken_items=self._broken_items)]
        paginators = [one for gap in hidden for one in self._cut(gap)]
        self._gap_reads += len(paginators)
        if self._gap_reads > MAX_GAP_READS or (
            not paginators and self._hides_broken_item and not self._broken_items
        ):
            msg = (
                "the PIM's search index holds so many items that its database does not have that "
                "others may be hidden behind them: have the index rebuilt"
            )
            raise ListIncomplete(msg)
        return paginators

    def _is_inside(self, key_range: KeyRange) -> bool:
        """Return whether items were read that come after the start of a range."""
        if self._highest is None:
            return False
        after = key_range.after
        return after is None or self.order.is_beyond(self._highest, after.lower())

    def _is_short(self, read: int) -> bool:
        """Return whether enough is missing to fill a page, so that it could hide the rest."""
        if self.counted == read:
            return False
        # Counted again, because items may have been created or deleted meanwhile, or the first
        # page, which counts, has a broken item.
        now = count_items(self.pim, self.request)
        return max(self.counted or 0, now or 0) - read >= MAX_PAGE_SIZE

    def _cut(self, gap: Gap) -> list[KeyRangePaginator]:
        after, to = gap.key_range.after, gap.key_range.to
        paginators: list[KeyRangePaginator] = []
        for _ in range(CUTS):
            middle = self.order.between(after, to or self.order.last)
            if middle is None:
                return paginators
            paginators.append(KeyRangePaginator(self, KeyRange(middle, to)))
            to = middle
        if gap.cuts + CUTS < MAX_CUTS or self.order.share(after, to) is None:
            self._gaps.append(Gap(KeyRange(after, to), gap.cuts + CUTS, gap.hides_broken_item))
        return paginators


class KeyRangePaginator(Paginator):
    """Reads one range of the keys of a list.

    Args:
        ranged: The list.
        key_range: The range.
        weight: Share of the list's items that the range is expected to hold, 0 to 1.
        is_known_broken: Whether the range held only broken items when it was read last: then one
            request shows whether it still does.
    """

    def __init__(
        self,
        ranged: RangedList,
        key_range: KeyRange = WHOLE_LIST,
        *,
        weight: float = 1,
        is_known_broken: bool = False,
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
        self._suspects: int | None = None
        """Items from the cursor on among which one is broken, if a page failed."""

    @override
    def _next_page(self) -> Page | None:
        while not self._ended:
            page = self._request()
            if page is not None and (items := self._take(page)):
                return Page(items, page.size, self._cursor())
        return None

    @property
    @override
    def remaining(self) -> float:
        ranged = self.ranged
        if self._ended or ranged.follows_links or not ranged.is_confirmed:
            return 0
        if ranged.counted is None:
            # Nothing is known: as much again as was read.
            return self._read
        share = ranged.order.share(self.key_range.after, self.key_range.to)
        if share is not None:
            return share * ranged.counted
        left = ranged.counted * self._weight - self._read
        # A range that has outgrown what was expected holds perhaps as much again.
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

    def _cursor(self) -> str | None:
        return self._link if self.ranged.follows_links else self.key_range.after

    def _request(self) -> HalPage | None:
        """Return the next page; ``None`` if there was none, but the range goes on or has ended."""
        ranged, cursor = self.ranged, self._cursor()
        if self._suspects is not None:
            return self._page_before_broken_item()
        # The first page of the list says how much there is.
        counts = cursor is None and ranged.has_limit and ranged.counted is None
        try:
            page = ranged.get(
                self._limit, cursor, with_count=counts, gives_up_on_500=ranged.has_limit
            )
        except PimUnavailable as failure:
            if failure.status != HTTPStatus.INTERNAL_SERVER_ERROR or not ranged.has_limit:
                raise
            if not ranged.is_alive():
                # The fault is not in the items, so retry as long as for any other request.
                return ranged.get(self._limit, cursor)
            self._suspects = self._limit
            return None
        if counts:
            ranged.counted = page.items_count
            if (page.items_count or 0) >= 2 * MIN_PAGES_TO_SPLIT * self.request.page_size:
                ranged.find_bounds()
        return page

    def _take(self, page: HalPage) -> list[Item]:
        """Return the items of a page that belong to the range, and move on behind them."""
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
        """Refuse a page that does not lead on.

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
        """Note the end of the range on an empty page, if the page is large enough to show it."""
        if self._limit < MAX_PAGE_SIZE:
            self._limit = MAX_PAGE_SIZE
            return
        self._ended = True
        self.ranged.note_gap(Gap(self.key_range))

    def _check_order(self, page: HalPage) -> None:
        """Find out whether the cursors of a list without a limit are its keys, in their order.

        Raises:
            ListIncomplete: They are not, but the list was read in ranges already.
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
        """Return the largest page before a broken item; step over the item if there is none."""
        ranged, after = self.ranged, self.key_range.after
        shows_nothing, fails = 0, self._suspects or 1
        while fails - shows_nothing > 1:
            size = (shows_nothing + fails) // 2
            page = ranged.get_or_none(size, after)
            if page is None:
                fails = size
            elif page.items:
                self._suspects = max(fails - len(page.items), 0) or None
                return page
            else:
                shows_nothing = size
        self._suspects = None
        if shows_nothing:
            # Deleted items come before it, so its key cannot be found from here.
            ranged.note_gap(Gap(self.key_range, hides_broken_item=True))
            self._ended = True
            return None
        # Once more: a 500 can also be a passing fault.
        page = ranged.get_or_none(1, after)
        if page is not None:
            return page
        self._step_over_broken_item()
        return None

    def _has_repaired_item(self) -> bool:
        """Return whether one of several items that were broken together can be read by now."""
        after, to = self.key_range.after, self.key_range.to
        key = self.ranged.first_readable_after(after)
        return key is not None and not (to is not None and self.ranged.order.is_beyond(key, to))

    def _step_over_broken_item(self) -> None:
        ranged, after = self.ranged, self.key_range.after
        if self._is_known_broken and not self._has_repaired_item():
            self.broken.append(self.key_range)
            self._ended = True
            return
        key = find_broken_key(ranged, after)
        with self._lock:
            to = self.key_range.to
            if key is None:
                return
            self.broken.append(KeyRange(after, key))
            if to is not None and ranged.order.is_beyond(key, to):
                # The next range finds it too, but not others before it that are in this range.
                self._ended = True
                return
            ranged.note_broken_item()
            self.key_range = KeyRange(key, to)
            self._ended = key == to


class GapPaginator(Paginator):
    """Reads what deleted items have hidden by page number, which they do not end.

    Args:
        ranged: The list.
        gaps: The ranges to read.
        broken_items: Items of the list that are known to be broken.
    """

    def __init__(self, ranged: RangedList, gaps: Sequence[Gap], *, broken_items: int) -> None:
        gaps = sorted(gaps, key=lambda gap: (gap.key_range.after or "").lower().encode())
        super().__init__(ranged.request, KeyRange(gaps[0].key_range.after, gaps[-1].key_range.to))
        self._ranged = ranged
        self._gaps = gaps
        self._broken_items = broken_items
        self._pages = self._read()

    @override
    def _next_page(self) -> Page | None:
        return next(self._pages, None)

    def _read(self) -> Iterator[Page]:
        seen: set[int] = set()
        for _ in range(MAX_READINGS):
            reading = NumberedReading(self._ranged.pim, self.request, RESULT_WINDOW)
            for page in reading.pages():
                hidden = [item for item in page.items if self._is_in_gap(item)]
                if items := unseen(self.request, hidden, seen):
                    yield Page(items, page.size)
            if not reading.has_moved:
                break
        if reading.has_moved:
            msg = f"the list changed each of the {MAX_READINGS} times it was read by page number"
            raise ListIncomplete(msg)
        if len(reading.broken) > self._broken_items:
            # Deleted items hide their keys, so only their positions are known.
            raise ListIncomplete(broken_positions(reading.broken))

    def _is_in_gap(self, item: Item) -> bool:
        """Return whether an item may be in a gap: rather twice than not at all."""
        order, key = self._ranged.order, self._ranged.key_of(item)
        return any(
            (after is None or (key != after and not order.is_beyond(after, key.lower())))
            and (to is None or not order.is_beyond(key, to))
            for after, to in ((gap.key_range.after, gap.key_range.to) for gap in self._gaps)
        )
