"""Lists by page number, and items at a position of any list.

A page number is an offset into a list that may change during the reading. A deletion moves later
items to a page that was already read. So the position of each page's last item is checked again
after the next page.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_akeneo.client.errors import PimUnavailable
from tap_akeneo.client.responses import HalPage, Page, decode_page
from tap_akeneo.pagination.links import Link
from tap_akeneo.pagination.slices import (
    NO_COUNT,
    REBUILD_INDEX,
    EndOfList,
    ItemsBroken,
    ListFailed,
    Slice,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Hashable, Iterator

    from tap_akeneo.client.pim import Pim
    from tap_akeneo.client.responses import Item
    from tap_akeneo.pagination.request import ListRequest

logger = logging.getLogger("tap-akeneo.pagination")

RESULT_WINDOW = 10_000
"""Maximum number of items in numbered pages (Elasticsearch's max_result_window)."""

MAX_POSITIONS = 50
"""Single items to request if larger pages have broken ones."""

MAX_READINGS = 3
"""Attempts to read a list that keeps changing, before giving up."""


@dataclass(frozen=True)
class NumberedPages:
    """Requests pages of a list by their number, from 1.

    Args:
        pim: The PIM.
        request: The list.
    """

    pim: Pim
    request: ListRequest

    def get(
        self,
        number: int,
        size: int,
        *,
        may_hang: bool = False,
        gives_up_on_500: bool = False,
        with_count: bool = True,
    ) -> HalPage:
        """Return a page.

        Raises:
            RequestFailed: The page could not be read.
        """
        params = {"page": str(number), "limit": str(size)}
        if self.request.has_count and with_count:
            params["with_count"] = "true"
        if self.request.has_limit:
            params["pagination_type"] = "page"
        return self.request.get(
            self.pim, decode_page, params, may_hang=may_hang, gives_up_on_500=gives_up_on_500
        )

    def get_or_none(self, number: int, size: int, *, with_count: bool = True) -> HalPage | None:
        """Return a page, or ``None`` if the PIM responds with 500."""
        page = self._get_once(number, size, with_count=with_count)
        if page is None and size == 1:
            # Request a single item twice, because a 500 can also be temporary.
            page = self._get_once(number, size, with_count=with_count)
        return page

    def _get_once(self, number: int, size: int, *, with_count: bool) -> HalPage | None:
        try:
            return self.get(number, size, gives_up_on_500=True, with_count=with_count)
        except PimUnavailable as failure:
            if failure.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            return None

    def count(self) -> int | None:
        """Return the PIM's count of the items in the list, or ``None`` if it does not count them.

        Raises:
            PimUnavailable: The PIM answers no request.
        """
        # Every page has the count, so use the first one without a broken item.
        for number in (1, 2, RESULT_WINDOW):
            try:
                page = self.get_or_none(number, 1)
            except PimUnavailable:
                # A gateway may not wait until a large list has been counted.
                if self.get_or_none(number, 1, with_count=False) is None:
                    raise
                return None
            if page is not None:
                return page.items_count
        if any(self.get_or_none(number, 1, with_count=False) for number in (1, 2, RESULT_WINDOW)):
            # The PIM answers 500 for the count, which may take too long in a large list.
            return None
        return self.get(1, 1).items_count

    def holds(self, item: tuple[bytes, ...], position: int) -> bool:
        """Return whether the item with these keys is at a position, from 1."""
        page = self.get_or_none(position, 1)
        return page is not None and item in map(self.request.keys_of, page.items)

    def readable(self, number: int, size: int, *, may_hang: bool) -> tuple[HalPage, list[int]]:
        """Return a page without its broken items, and their positions, from 1."""
        try:
            return self.get(number, size, may_hang=may_hang, gives_up_on_500=True), []
        except PimUnavailable as failure:
            if failure.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
        page = self.get_or_none(number, size, with_count=False) if self.request.has_count else None
        if page is not None:
            # Only the count fails.
            return page, []
        if self.get_or_none(RESULT_WINDOW, 1) is None:
            # The items are not the cause, so retry as often as for any other request.
            return self.get(number, size), []
        broken: list[int] = []
        parts = list(self._parts(number, size, broken))
        # The link that the PIM would have sent.
        href = f"?page={number + 1}" if parts and parts[-1].has_link else None
        return HalPage.of(parts, href), broken

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


@dataclass(frozen=True)
class NumberSlice(Slice):
    """The rest of a list that is read by page number, and again if it changes meanwhile.

    Attributes:
        request: The list.
        number: Number of the next page.
        link: The link to it; ``None`` if the page before had none.
        attempt: How often the list was begun.
        last: Keys of the last item of the page before, if that was full.
        counted: The PIM's latest count of the items.
        counted_first: The first count. A page has none if all its items are broken, or if the PIM
            answers 500 for the count.
        came: Number of items on the pages before.
        broken: Positions, from 1, of items for which the PIM responds with 500.
        is_moved: Whether items changed their positions during the reading.
        least: A count that was seen before this reading.
        is_fallback: Whether other pages of the list showed that items are missing there, so that
            this reading must show all of them. The PIM numbers only the first 10,000 items.
    """

    request: ListRequest
    number: int = 1
    link: Link | None = None
    attempt: int = 1
    last: tuple[bytes, ...] | None = None
    counted: int = 0
    counted_first: int = 0
    came: int = 0
    broken: tuple[int, ...] = ()
    is_moved: bool = False
    least: int = 0
    is_fallback: bool = False

    @property
    @override
    def place(self) -> Hashable:
        return ("number", self.attempt, self.link or self.number)

    @property
    def is_sorted(self) -> bool:
        """Whether an item is at the same position in each response, if the list stays the same."""
        return self.request.is_sorted and not self.is_fallback

    @override
    def step(self, pim: Pim) -> Step:
        size, number = self.request.page_size, self.number
        pages = NumberedPages(pim, self.request)
        may_hang = self.request.may_hang and number == 1
        page, broken = pages.readable(number, size, may_hang=may_hang)
        is_moved = self.is_moved or (
            # If items are missing, the last item is not at the last position of the page.
            self.last is not None
            and self.request.is_sorted
            and not pages.holds(self.last, (number - 1) * size)
        )
        counted = self.counted if page.items_count is None else page.items_count
        # A page is short and has no link if some of its items are deleted but still indexed. If its
        # last item is broken, only the next page shows whether more follow.
        is_last = not page.has_link and number * size not in broken
        if is_last and self.is_fallback and not counted:
            # The PIM answered 500 for the page with its count, but not for that without.
            found = pages.count()
            if found is None:
                raise ListFailed(NO_COUNT)
            counted = found
        following = replace(
            self,
            number=number + 1,
            link=None if page.next_href is None else Link.in_href(page.next_href),
            last=self.request.keys_of(page.items[-1]) if len(page.items) == size else None,
            counted=counted,
            counted_first=self.counted_first or counted,
            came=self.came + len(page.items),
            broken=(*self.broken, *broken),
            is_moved=is_moved,
        )
        is_beyond_window = self.is_fallback and (number + 1) * size > RESULT_WINDOW
        has_ended = (is_last and number * size >= following.counted_first) or is_beyond_window
        return Step(
            Page(page.items, page.size, page.invalid_text),
            rest=() if has_ended else (following,),
            end=following if has_ended else None,
        )

    @override
    def proof_of_end(self, ended: EndOfList) -> tuple[Slice, ...]:
        # The PIM does not sort media files (its SQL has no ORDER BY), and categories that are moved
        # change their positions. So pages may overlap, and items may be missing. Also, an item that
        # is deleted may move another to a page before.
        counted = max(self.counted, self.counted_first)
        if self.least > RESULT_WINDOW:
            # The PIM does not number all items, so deleted ones may make up for missing ones.
            counted = max(counted, self.least)
        missing = counted - ended.read - len(self.broken)
        # Without a count, an item that came twice shows that others may have moved the other way.
        is_moved = self.is_moved or (not self.request.has_count and ended.read < self.came)
        if missing <= 0 and not is_moved:
            if self.broken:
                raise ItemsBroken(_broken_positions(self.broken))
            return ()
        if self.attempt < MAX_READINGS and (is_moved or not self.is_fallback):
            logger.info("%s: changed while it was read, so it is read again", self.request.path)
            return (
                NumberSlice(self.request, attempt=self.attempt + 1, is_fallback=self.is_fallback),
            )
        if self.is_fallback:
            msg = (
                f"the PIM counts {self.counted} items, but {ended.read} could be read: its "
                f"search index is out of step with its database, {REBUILD_INDEX}. The next run "
                "reads the list again"
            )
        else:
            msg = (
                f"the list changed each of the {MAX_READINGS} times it was read, so items may be "
                "missing. The next run reads it again"
            )
        raise ListFailed(msg)


def _broken_positions(positions: tuple[int, ...]) -> str:
    """Return the error message for broken items of a list that is read by page number."""
    return (
        f"the PIM answers 500 for {len(positions)} items of this list, at position "
        f"{', '.join(map(str, positions[:10]))}. All others were read. Have them repaired or "
        "deleted in the PIM"
    )


def any_item(
    pim: Pim, request: ListRequest, suits: Callable[[Item], bool] = lambda _: True
) -> Item | None:
    """Return an item of a list that suits, or else any, or ``None`` if the list is empty.

    Raises:
        PimUnavailable: The PIM counts items but shows none.
    """
    pages = NumberedPages(pim, request)
    counted, other = None, None
    # Request several items, because the first ones may be deleted but still indexed. Request other
    # pages, because one may contain a broken item.
    for limit, number in ((10, 1), (100, 1), (1, 2), (1, 3), (10, 2), (100, 2)):
        page = pages.get_or_none(number, limit)
        items = [] if page is None else page.items
        if (item := next(filter(suits, items), None)) is not None:
            return item
        other = other or next(iter(items), None)
        if page is not None and (counted := page.items_count) == 0:
            return None
    if other is not None:
        return other
    # Many items may be broken, so request single ones throughout the list.
    shown = min(counted or 0, RESULT_WINDOW)
    for position in range(1, shown + 1, shown // MAX_POSITIONS + 1):
        page = pages.get_or_none(position, 1)
        if page is not None and page.items:
            return page.items[0]
    if counted is None:
        # Every request failed, perhaps because of the count, so retry without it.
        return next(iter(pages.get(1, 10, with_count=False).items), None)
    reason = f"the PIM counts {counted} items but shows none: {REBUILD_INDEX}"
    raise PimUnavailable(request.path, reason)
