"""Walking a list by cursor, and counting what it should hold."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_akeneo.client.errors import PimUnavailable
from tap_akeneo.client.responses import ListIncomplete, Page, decode_page, value_of
from tap_akeneo.pagination.base import ListRequest, Pagination, Paginator, refuse_circle
from tap_akeneo.pagination.broken_items import Isolation

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_akeneo.client.pim import Pim
    from tap_akeneo.client.responses import HalPage, Item


RESULT_WINDOW = 10_000
"""Products and models that the PIM shows by page number at most."""


def count(pim: Pim, listing: ListRequest) -> int | None:
    """How many items the PIM counts in a list that has pages."""
    return _peek(pim, listing, {"with_count": "true"}).items_count


def first(pim: Pim, listing: ListRequest) -> Item | None:
    """Any one item of a list that has pages, None of an empty one.

    Raises:
        PimUnavailable: The PIM counts items but shows none.
    """
    # More than one, as those at the front may be gone from SQL, though not yet from the index.
    if items := _peek(pim, listing, {"limit": "10"}).items:
        return items[0]
    counted = count(pim, listing)
    if not counted:
        return None
    if items := _peek(pim, listing, {"limit": "100"}).items:
        return items[0]
    reason = f"the PIM counts {counted} items but shows none: have its search index rebuilt"
    raise PimUnavailable(listing.path, reason)


def _peek(pim: Pim, listing: ListRequest, more: Mapping[str, str]) -> HalPage:
    """A page of few items, not always the first: that may hold one that the PIM cannot write."""
    params = {**listing.params, "pagination_type": "page", "limit": "1", **more}
    try:
        return pim.get(listing.path, decode_page, params)
    except PimUnavailable as failure:
        if failure.status != HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        return pim.get(listing.path, decode_page, {**params, "page": "2"})


class CursorPaginator(Paginator):
    """A walk by cursor.

    Items that are in the index but no longer in SQL are dropped after the search: a page is short
    then and has no link although there is more (api-php-client #197). From 6.0 on a cursor is the
    key of the last item (PIM-10182), so the walk goes on behind it, to a page without items.
    Where a whole page was dropped that is not the end either, so the items are counted too.

    Args:
        pim: The PIM.
        listing: The list.
        cursor: Where to begin; None for the start of the list.

    Attributes:
        cursor: Where the next page begins.
        has_link: Whether the PIM has linked to the next page.
        ended: Whether the end has been reached.
        has_gaps: Whether a page was shorter than it should have been, the last one aside.
        ended_oddly: Whether it ended without a page that was short.
        counted: How many items the list had at its first page; None where that is not counted.
    """

    def __init__(self, pim: Pim, listing: ListRequest, cursor: str | None = None) -> None:
        super().__init__(listing)
        self.pim = pim
        self.cursor = cursor
        self.has_link = False
        self.ended = False
        self.has_gaps = False
        self.ended_oddly = False
        self.counted: int | None = None
        key = listing.keys[-1] if self._key_is_cursor else None
        self._isolation = Isolation(self._ask, key, listing.page_size)
        self._read = 0
        self._last_size = 0

    @override
    def _next_page(self) -> Page | None:
        if self.ended:
            return None
        try:
            page = self._ask(self.listing.page_size, self.cursor)
        except PimUnavailable as failure:
            if self.listing.paging is not Pagination.SEARCH_AFTER:
                raise
            page = self._isolation.page(failure, self.cursor)
        self.has_link = page.has_link
        if self.counted is None:
            self.counted = page.items_count
        self._note_gaps(len(page.items))
        self._read += len(page.items)
        following = self._following(page)
        refuse_circle(self.listing, self.cursor, following)
        self.ended = following is None
        if self.ended:
            self._check_end()
        else:
            self.cursor = following
        return Page(page.items, page.size, page.flaws) if page.items else None

    @property
    @override
    def broken(self) -> Sequence[str]:
        return self._isolation.broken

    def ends_here(self) -> bool:
        """Whether the last page by number, which hides nothing but itself, holds no more."""
        counted = count(self.pim, self.listing) or 0
        if not counted:
            return True
        last = -(-counted // self.listing.page_size)
        if last * self.listing.page_size > RESULT_WINDOW:
            return False
        page = _peek(
            self.pim, self.listing, {"limit": str(self.listing.page_size), "page": str(last)}
        )
        keys = [str(value_of(item, self.listing.keys[-1])).lower() for item in page.items]
        cursor = (self.cursor or "").lower()
        return bool(keys) and max(keys) <= cursor

    def goes_on(self) -> bool:
        """Whether there is something behind the end, after all."""
        return bool(self._ask(self.listing.page_size, self.cursor).items)

    def _ask(self, limit: int, cursor: str | None, *, gives_up_on_500: bool = False) -> HalPage:
        params = dict(self.listing.params)
        if self.listing.paging is Pagination.SEARCH_AFTER:
            params["limit"] = str(limit)
            # Only pages by number are counted. The PIM sorts them as those by cursor
            # (ListProductsByUuidQueryHandler, ListProductModelsQueryHandler).
            params |= (
                {"pagination_type": "page", "with_count": "true"}
                if cursor is None and self._key_is_cursor
                else {"pagination_type": "search_after"}
            )
        if cursor is not None:
            params["search_after"] = cursor
        return self.pim.get(self.listing.path, decode_page, params, gives_up_on_500=gives_up_on_500)

    def _following(self, page: HalPage) -> str | None:
        """The cursor of the next page, None at the end."""
        if not page.items:
            return None
        if self._key_is_cursor:
            return str(value_of(page.items[-1], self.listing.keys[-1]))
        return page.cursor("search_after")

    def _note_gaps(self, size: int) -> None:
        before, self._last_size = self._last_size, size
        was_short = self._read > 0 and before < self.listing.page_size
        self.has_gaps |= was_short and size > 0
        self.ended_oddly |= not was_short and not size

    @property
    def _key_is_cursor(self) -> bool:
        return self.listing.key_is_cursor and self.pim.cursors_are_plain

    def _check_end(self) -> None:
        """Says so where the list ended before its count.

        Raises:
            ListIncomplete: It did.
        """
        if self.listing.paging is Pagination.CURSOR:
            return
        if hides_items(self.pim, self.listing, self._read, self.counted, [self]):
            msg = (
                f"the PIM counts more, but its list ended after {self._read}: unless items were "
                "added just now, its search index is out of step with its database, have it rebuilt"
            )
            raise ListIncomplete(msg)


def hides_items(  # noqa: PLR0913 (what it takes to know)
    pim: Pim,
    listing: ListRequest,
    read: int,
    counted: int | None,
    walks: Iterable[CursorPaginator],
    *,
    strict: bool = True,
) -> bool:
    """Whether there are items behind others that were dropped as they are gone from SQL.

    Args:
        pim: The PIM.
        listing: The list.
        read: How many items of it came out.
        counted: How many it had when it was begun, if that was counted.
        walks: The walks that it was read by, which have ended.
        strict: Before 6.0, takes what was added since its end for hidden too.
    """
    if not (listing.key_is_cursor and pim.cursors_are_plain):
        # Then and now: what has come meanwhile may stand in for what was hidden, and what was
        # deleted may have hidden others before the index forgot it.
        now = (count(pim, listing) or 0) if strict or counted is None else 0
        return max(now, counted or 0) > read
    if counted is not None and read >= counted:
        return False
    # Anew, as what the index has forgotten since hides nothing.
    left = (count(pim, listing) or 0) - read
    # Where less than a page is left, a page shows all of it that is still in SQL.
    return left >= listing.page_size or (left > 0 and any(walk.goes_on() for walk in walks))
