"""Pagination by page number, and lists that come in one response.

A page number is an offset into a list that may change during the reading. A deletion moves later
items to a page that was already read. So the position of each page's last item is checked again
after the next page.
"""

from __future__ import annotations

import itertools
import logging
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_akeneo.client.errors import PimUnavailable
from tap_akeneo.client.responses import (
    HalPage,
    ListIncomplete,
    Page,
    decode_array,
    decode_page,
    decode_single,
)
from tap_akeneo.pagination.base import (
    ListRequest,
    Pagination,
    Paginator,
    refuse_loop,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_akeneo.client.pim import Pim
    from tap_akeneo.client.responses import Item

logger = logging.getLogger("tap-akeneo.pagination")

RESULT_WINDOW = 10_000
"""Maximum number of items in numbered pages (Elasticsearch's max_result_window)."""

MAX_POSITIONS = 50
"""Single items to request if larger pages have broken ones."""

MAX_READINGS = 3
"""Attempts to read a list that keeps changing, before giving up."""


class SinglePagePaginator(Paginator):
    """Reads a list that comes in one response."""

    def __init__(self, pim: Pim, request: ListRequest) -> None:
        super().__init__(request)
        self._pim = pim
        self._done = False

    @override
    def _next_page(self) -> Page | None:
        if self._done:
            return None
        self._done = True
        request = self.request
        decode = decode_array if request.pagination is Pagination.ARRAY else decode_single
        return self._pim.get(request.path, decode, request.params, may_hang=request.may_hang)


class PageNumberPaginator(Paginator):
    """Reads a list by page number, and again if it changes during the reading."""

    def __init__(self, pim: Pim, request: ListRequest) -> None:
        super().__init__(request)
        self._pim = pim
        self._pages = self._read()

    @override
    def _next_page(self) -> Page | None:
        return next(self._pages, None)

    def _read(self) -> Iterator[Page]:
        # The PIM does not sort media files (its SQL has no ORDER BY), so their pages may overlap,
        # and items may be missing.
        seen: set[int] | None = None if self.request.is_sorted else set()
        for _ in range(MAX_READINGS):
            reading = NumberedReading(self._pim, self.request)
            read = 0
            for page in reading.pages():
                items = page.items if seen is None else unseen(self.request, page.items, seen)
                read += len(page.items)
                if items:
                    yield Page(items, page.size, page.flaws)
            came = (read if seen is None else len(seen)) + len(reading.broken)
            if came >= reading.counted and not reading.has_moved:
                if reading.broken:
                    self.failure = f"{self.request.path}: {broken_positions(reading.broken)}"
                return
            logger.info("%s: changed while it was read, so it is read again", self.request.path)
        msg = (
            f"the list changed each of the {MAX_READINGS} times it was read, so items may be "
            "missing. The next run reads it again"
        )
        raise ListIncomplete(msg)


def broken_positions(positions: list[int]) -> str:
    """Return the error message for broken items of a list that is read by page number."""
    return (
        f"the PIM answers 500 for {len(positions)} items of this list, at position "
        f"{', '.join(map(str, positions[:10]))}. All others were read. Have them repaired or "
        "deleted in the PIM"
    )


def unseen(request: ListRequest, items: list[Item], seen: set[int]) -> list[Item]:
    """Return the items that are not in ``seen``, and add the hashes of their keys to it."""
    fresh = []
    for item in items:
        key = hash(request.key_of(item))
        if key not in seen:
            seen.add(key)
            fresh.append(item)
    return fresh


@dataclass
class NumberedReading:
    """One reading of a list by page number, from its first page to its last.

    Args:
        pim: The PIM.
        request: The list.
        max_items: Maximum number of items that the PIM lists by page number; ``None`` for no limit.

    Attributes:
        counted: The PIM's latest count of the items.
        broken: Positions, from 1, of items for which the PIM responds with 500.
        has_moved: Whether items changed their positions during the reading.
    """

    pim: Pim
    request: ListRequest
    max_items: int | None = None
    counted: int = 0
    broken: list[int] = field(default_factory=list)
    has_moved: bool = False

    def pages(self) -> Iterator[HalPage]:
        """Yield all pages that the PIM lists by number."""
        size, last = self.request.page_size, None
        counted_first = 0
        for number in itertools.count(1):
            if self.max_items is not None and number * size > self.max_items:
                return
            page, is_last = self._page(number, size)
            if last is not None and self.request.is_sorted and not self.has_moved:
                self.has_moved = self._is_elsewhere(last, (number - 1) * size)
            # If items are missing, the last item is not at the last position of the page.
            last = page.items[-1] if len(page.items) == size else None
            if page.items_count is not None:
                self.counted = page.items_count
            if number == 1:
                counted_first = self.counted
            yield page
            # A page is short and has no link if some of its items are deleted but still indexed.
            if is_last and number * size >= counted_first:
                return

    def _page(self, number: int, size: int) -> tuple[HalPage, bool]:
        """Return a page without its broken items, and whether it is the last."""
        may_hang = self.request.may_hang and number == 1
        try:
            page = self.get(number, size, may_hang=may_hang, gives_up_on_500=True)
        except PimUnavailable as failure:
            if failure.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
        else:
            # A full last page links to an empty one.
            following = page.cursor("page")
            refuse_loop(self.request, str(number), following)
            return page, following is None
        if self.get_or_none(RESULT_WINDOW, 1) is None:
            # The items are not the cause, so retry as often as for any other request.
            page = self.get(number, size)
            return page, not page.has_link
        broken: list[int] = []
        parts = list(self._parts(number, size, broken))
        self.broken += broken
        # If the last item is broken, only the next page shows whether more follow.
        is_last = bool(parts) and number * size not in broken and not parts[-1].has_link
        return HalPage.of(parts), is_last

    def _parts(self, number: int, size: int, broken: list[int]) -> Iterator[HalPage]:
        """Yield the same items in smaller pages, split until only broken items fail."""
        parts = next((part for part in range(2, size + 1) if size % part == 0), 1)
        for nth in range((number - 1) * parts + 1, number * parts + 1):
            page = self.get_or_none(nth, size // parts)
            if page is not None:
                yield page
            elif size // parts > 1:
                yield from self._parts(nth, size // parts, broken)
            else:
                broken.append(nth)

    def get_or_none(self, number: int, size: int) -> HalPage | None:
        """Return a page, or ``None`` if the PIM responds with 500."""
        # Request a single item twice, because a 500 can also be temporary.
        for _ in range(1 if size > 1 else 2):
            if (page := self._get_once(number, size)) is not None:
                return page
        return None

    def _get_once(self, number: int, size: int) -> HalPage | None:
        try:
            return self.get(number, size, gives_up_on_500=True)
        except PimUnavailable as failure:
            if failure.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            return None

    def get(
        self, number: int, size: int, *, may_hang: bool = False, gives_up_on_500: bool = False
    ) -> HalPage:
        """Return a page.

        Raises:
            PimUnavailable: The page could not be read.
        """
        params = {**self.request.params, "page": str(number), "limit": str(size)}
        if self.request.has_count:
            params["with_count"] = "true"
        if self.request.pagination is Pagination.SEARCH_AFTER:
            params["pagination_type"] = "page"
        return self.pim.get(
            self.request.path,
            decode_page,
            params,
            may_hang=may_hang,
            gives_up_on_500=gives_up_on_500,
        )

    def _is_elsewhere(self, item: Item, position: int) -> bool:
        """Return whether an item is no longer at its position, from 1.

        The count does not change if one item is deleted and another one is created.
        """
        page = self.get_or_none(position, 1)
        keys = [] if page is None else [self.request.key_of(one) for one in page.items]
        return keys != [self.request.key_of(item)]


def count_items(pim: Pim, request: ListRequest) -> int | None:
    """Return the PIM's count of the items in a list, or ``None`` if it has none."""
    reading = NumberedReading(pim, request)
    # Every page has the count, so use the first one without a broken item.
    for number in (1, 2, RESULT_WINDOW):
        page = reading.get_or_none(number, 1)
        if page is not None:
            return page.items_count
    return reading.get(1, 1).items_count


def any_item(pim: Pim, request: ListRequest) -> Item | None:
    """Return any item of a list, or ``None`` if the list is empty.

    Raises:
        PimUnavailable: The PIM counts items but shows none.
    """
    reading = NumberedReading(pim, request)
    counted = None
    # Request several items, because the first ones may be deleted but still indexed. Request other
    # pages, because one may contain a broken item.
    for limit, number in ((10, 1), (100, 1), (1, 2), (1, 3), (10, 2), (100, 2)):
        page = reading.get_or_none(number, limit)
        if page is not None and page.items:
            return page.items[0]
        if page is not None and (counted := page.items_count) == 0:
            return None
    # Many items may be broken, so request single ones throughout the list.
    shown = min(counted or 0, RESULT_WINDOW)
    for position in range(1, shown + 1, shown // MAX_POSITIONS + 1):
        page = reading.get_or_none(position, 1)
        if page is not None and page.items:
            return page.items[0]
    if counted is None:
        # Every request failed, so retry as often as for any other request.
        return next(iter(reading.get(1, 10).items), None)
    reason = f"the PIM counts {counted} items but shows none: have its search index rebuilt"
    raise PimUnavailable(request.path, reason)
