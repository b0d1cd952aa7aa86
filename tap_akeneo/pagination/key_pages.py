"""Pages of a list by key, and the next readable item after a key by its position."""

from __future__ import annotations

from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING

from tap_akeneo.client.errors import PimUnavailable
from tap_akeneo.client.responses import decode_page
from tap_akeneo.pagination.by_number import MAX_READINGS, RESULT_WINDOW, NumberedPages
from tap_akeneo.pagination.key_orders import lower_case, order_of
from tap_akeneo.pagination.slices import ListFailed

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from tap_akeneo.client.pim import Pim
    from tap_akeneo.client.responses import HalPage, Item
    from tap_akeneo.pagination.key_orders import KeyOrder
    from tap_akeneo.pagination.request import ListRequest

SIZES = (100, 10, 1)
"""Sizes of the numbered pages in a search. Smaller ones show what lies beside a broken item."""


MAX_GUESSES = 12
"""Positions to try that may be those of known items."""


class NotShown(Exception):
    """The PIM does not list what follows a key by page number."""


@dataclass(frozen=True)
class KeyPages:
    """Requests pages of a list, each by the key after which it begins.

    Args:
        pim: The PIM.
        request: The list.
    """

    pim: Pim
    request: ListRequest

    @property
    def order(self) -> KeyOrder:
        """The order of the keys."""
        return order_of(self.request.keys[-1])

    def get(
        self,
        limit: int,
        cursor: str | None,
        *,
        with_count: bool = False,
        gives_up_on_500: bool = False,
    ) -> HalPage:
        """Return a page.

        Args:
            limit: Page size, if the PIM lets us choose it.
            cursor: Key before the first item; ``None`` for the start of the list.
            with_count: Also request the count, which only numbered pages have.
            gives_up_on_500: Do not retry after a 500.

        Raises:
            RequestFailed: The page could not be read.
        """
        params: dict[str, str] = {}
        if self.request.has_limit:
            params["limit"] = str(limit)
            params["pagination_type"] = "page" if with_count else "search_after"
        if with_count:
            params["with_count"] = "true"
        if cursor is not None:
            # PIM 6.0.0 to 6.0.43 lower-cases only ASCII, but sorts by lower case (PIM-10435).
            params["search_after"] = lower_case(cursor) if self.request.has_limit else cursor
        return self.request.get(self.pim, decode_page, params, gives_up_on_500=gives_up_on_500)

    def get_or_none(self, limit: int, cursor: str | None) -> HalPage | None:
        """Return a page, or ``None`` if the PIM responds with 500. Do not retry then."""
        try:
            return self.get(limit, cursor, gives_up_on_500=True)
        except PimUnavailable as failure:
            if failure.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            return None

    def is_alive(self) -> bool:
        """Return whether the PIM can serve an empty page, which cannot contain a broken item."""
        return self.get_or_none(1, self.order.last) is not None

    def is_after(self, item: Item, key: str | None) -> bool:
        """Return whether an item comes after a key."""
        own = self.request.sort_key_of(item)
        return own is not None and (key is None or self.order.is_beyond(own, key))


@dataclass(frozen=True)
class NextItem:
    """The next readable item after a key.

    Attributes:
        item: The item; ``None`` if certainly none follows.
        is_behind_broken: Whether an item before it cannot be read.
        is_next_but_one: Whether there is exactly one such item.
    """

    item: Item | None
    is_behind_broken: bool = False
    is_next_but_one: bool = False


def next_by_position(
    pages: KeyPages, after: str | None, near: Sequence[str | None] = ()
) -> NextItem:
    """Return the next readable item after a key.

    The items between may be broken, or only left in the search index.

    Args:
        pages: The list.
        after: The key.
        near: A key before it, ``None`` for the beginning of the list, and the keys of all items
            from there to ``after``, if they are known.

    Raises:
        NotShown: The PIM lists too few items by page number.
        ListFailed: The list changes too fast.
    """
    for _ in range(MAX_READINGS):
        search = _Search(pages, after)
        found = search.guess(near)
        if found is None:
            found = search.next_item()
            if not search.fails_again():
                # A 500 was temporary, so items may have been passed over.
                continue
        if search.is_stable():
            return found
    msg = "the list changes while the tap looks for missing items; the next run reads it again"
    raise ListFailed(msg)


class _Search:
    """One search for the next item after a key, among the numbered pages of a list."""

    def __init__(self, pages: KeyPages, after: str | None) -> None:
        self._pages = pages
        self._after = after
        counted = NumberedPages(pages.pim, pages.request).count()
        # Without a count, look at all pages that the PIM may show.
        self._counted = RESULT_WINDOW if counted is None else counted
        self._is_behind_broken = False
        self._known: dict[tuple[int, int], HalPage | None] = {}
        self._last = -(-min(self._counted, RESULT_WINDOW) // SIZES[0])
        # Size and number of a page before the key, which shows whether items have moved.
        self._anchor = (SIZES[0], 0)

    def next_item(self) -> NextItem:
        """Return the next item."""
        if self._counted > RESULT_WINDOW:
            page = self._page(SIZES[0], RESULT_WINDOW // SIZES[0])
            if (
                page is None
                or not page.items
                or not self._pages.is_after(page.items[-1], self._after)
            ):
                raise NotShown
        before, behind = self._bracket(SIZES[0], 1, self._last)
        self._anchor = (SIZES[0], before)
        item = self._first_after(SIZES[0], before, behind, self._last)
        if item is None and (self._counted > RESULT_WINDOW or self._reaches_window()):
            raise NotShown
        return NextItem(item, self._is_behind_broken, self._is_next_but_one(item))

    def _is_next_but_one(self, item: Item | None) -> bool:
        """Return whether an item was seen two positions after the one with the key."""
        keys = {
            number: self._pages.request.sort_key_of(page.items[0])
            for (size, number), page in self._known.items()
            if size == 1 and page is not None and page.items
        }
        found = None if item is None else self._pages.request.sort_key_of(item)
        return found is not None and any(
            key == self._after and keys.get(number + 2) == found for number, key in keys.items()
        )

    def _reaches_window(self) -> bool:
        """Return whether the key is on the last page that the PIM may show."""
        size, number = self._anchor
        return number * size >= RESULT_WINDOW and self._counted >= RESULT_WINDOW

    def guess(self, near: Sequence[str | None]) -> NextItem | None:
        """Return the item two positions after the last of some known ones, if that is the next."""
        position = self._position_of_last(near)
        if position is None:
            return None
        known, following = self._page(1, position), self._page(1, position + 2)
        items = [] if known is None else known.items
        if [self._pages.request.sort_key_of(item) for item in items] != [self._after]:
            return None
        items = [] if following is None else following.items
        return NextItem(items[0], is_behind_broken=True, is_next_but_one=True) if items else None

    def _position_of_last(self, near: Sequence[str | None]) -> int | None:
        """Return the position of the last of some known items, if another of them is found.

        This requests single items, because a page of several may contain a broken one.
        """
        if not near or near[0] is None:
            return len(near) - 1 if near else None
        share = self._pages.order.share(None, self._after) or 0
        position = max(int(share * self._counted), len(near)) - len(near) // 2
        low, high, step = 0, min(self._counted, RESULT_WINDOW) + 1, len(near)
        for _ in range(MAX_GUESSES if position < high else 0):
            page = self._page(1, position)
            item = page.items[0] if page is not None and page.items else None
            key = None if item is None else self._pages.request.sort_key_of(item)
            if key is not None and key in near:
                self._anchor = (1, position)
                return position + len(near) - near.index(key) - 1
            if item is None or self._pages.is_after(item, self._after):
                high = position
                position -= step if item else 1
            else:
                low = position
                position += step
            if high - low <= 1:
                break
            position = position if low < position < high else (low + high) // 2
            step *= 2
        return None

    def fails_again(self) -> bool:
        """Return whether each page that failed fails once more, and the PIM serves others.

        Raises:
            PimUnavailable: It does not serve others.
        """
        failed = [place for place, page in self._known.items() if page is None]
        if any(self._request(size, number) is not None for size, number in failed):
            return False
        if failed and not self._pages.is_alive():
            # Wait as long as for any other request.
            self._pages.get(1, self._pages.order.last)
            return False
        return True

    def is_stable(self) -> bool:
        """Return whether the items before did not move, so that none was passed over."""
        size, number = self._anchor
        page = self._known.get(self._anchor)
        if page is None or not page.items:
            return True
        again = self._request(size, number)
        keys = self._pages.request.keys_of
        return again is not None and [*map(keys, again.items[-1:])] == [keys(page.items[-1])]

    def _request(self, size: int, number: int) -> HalPage | None:
        """Request a numbered page; return ``None`` if the PIM responds with 500."""
        numbered = NumberedPages(self._pages.pim, self._pages.request)
        return numbered.get_or_none(number, size, with_count=False)

    def _page(self, size: int, number: int) -> HalPage | None:
        """Return a numbered page, requested once; ``None`` also beyond what the PIM numbers."""
        if number <= 0 or number * size > RESULT_WINDOW:
            return None
        place = (size, number)
        if place not in self._known:
            self._known[place] = self._request(size, number)
        return self._known[place]

    def _bracket(self, size: int, first: int, last: int) -> tuple[int, int | None]:
        """Return the last page that comes before the key, and the first one that goes on.

        Pages between them are empty or cannot be read.
        """
        low, high, behind = first - 1, last + 1, None
        guesses = self._guesses(size)
        while high - low > 1:
            middle = next((one for one in guesses if low < one < high), (low + high) // 2)
            page, number = self._readable(size, range(middle, high))
            if page is not None and not self._pages.is_after(page.items[-1], self._after):
                low = number
            else:
                high, behind = middle, behind if page is None else number
        return low, behind

    def _guesses(self, size: int) -> tuple[int, ...]:
        share = self._pages.order.share(None, self._after) if self._after else None
        if share is None or size != SIZES[0]:
            return ()
        guess = int(share * self._counted) // size + 1
        return guess, guess - 1, guess + 1

    def _readable(self, size: int, numbers: Iterable[int]) -> tuple[HalPage | None, int]:
        """Return the first readable page with items, and its number."""
        for number in numbers:
            page = self._page(size, number)
            if page is not None and page.items:
                return page, number
        return None, 0

    def _first_after(self, size: int, low: int, behind: int | None, last: int) -> Item | None:
        """Return the first item after the key, in the pages after ``low`` up to ``behind``."""
        page = None if behind is None else self._page(size, behind)
        items = [] if page is None else page.items
        following = [item for item in items if self._pages.is_after(item, self._after)]
        if size > 1 and len(following) == len(items):
            smaller = SIZES[SIZES.index(size) + 1]
            parts = size // smaller
            for number in range(low + 1, behind or last + 1):
                if self._page(size, number) is None:
                    end = number * parts
                    bracket = self._bracket(smaller, end - parts + 1, end)
                    if (found := self._first_after(smaller, *bracket, end)) is not None:
                        return found
        elif size == 1:
            between = range(low + 1, behind or last + 1)
            self._is_behind_broken |= any(self._page(1, number) is None for number in between)
        return following[0] if following else None
