"""How a list of the PIM is walked from its first page to its last.

The PIM has a few ways (api.akeneo.com, pagination): products and product models by a cursor, what
lies in its SQL tables by page number, short lists as one array, and some things one by one.

Of a ``next`` link only the cursor or page is taken, and our own parameters are sent again to the
configured host: links lose parameters (#11722) and, behind proxies, carry another scheme and host
(akeneo/api-php-client #171, #245).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_akeneo.errors import PimUnavailable, RequestRefused
from tap_akeneo.isolation import Isolation
from tap_akeneo.pages import (
    ListIncomplete,
    ListSwitchedOff,
    Page,
    decode_array,
    decode_page,
    decode_single,
    value_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from tap_akeneo.pages import HalPage, Item
    from tap_akeneo.pim import Pim


logger = logging.getLogger("tap-akeneo.paging")

MOST_WALKS = 3
"""Walks of a list which changes each time while it is walked."""


class Paging(Enum):
    """The PIM's ways to hand out a list."""

    SEARCH_AFTER = "by cursor, where pages are possible too"
    CURSOR = "by cursor, in pages of the PIM's own size"
    PAGE = "by page number"
    ARRAY = "as one array"
    SINGLE = "one item at an address of its own"


@dataclass(frozen=True)
class Listing:
    """One list of the PIM.

    Attributes:
        path: Below ``/api/rest/v1/``, percent-encoded.
        paging: How the PIM hands it out.
        keys: Properties that tell its items apart.
        params: Query parameters besides those of paging.
        page_size: Items a page, 1 to 100.
        parents: Keys of the parent below which the list is; it may be gone when it is read.
        key_is_cursor: Whether a cursor is the key of the item before it.
        has_count: Whether the PIM counts the items of its pages.
        may_hang: Whether the PIM may leave a request without an answer, so that waiting for long,
            and again, is of no use.
        is_sorted: Whether its items come in the same order each time.
    """

    path: str
    paging: Paging
    keys: tuple[str, ...]
    params: Mapping[str, str] = field(default_factory=dict)
    page_size: int = 100
    parents: Mapping[str, str] = field(default_factory=dict)
    key_is_cursor: bool = False
    has_count: bool = True
    may_hang: bool = False
    is_sorted: bool = True

    def key_of(self, item: Item) -> tuple[bytes, ...]:
        """What tells an item apart from the others of this list, as JSON."""
        return tuple(bytes(item[key]) for key in self.keys if key in item)


class Walk:
    """A walk through one list.

    An item can come again where the list changed while it was read; none is left out.

    Args:
        listing: The list.
        pages: Reads it.

    Attributes:
        incomplete: Whether it ended before the list did.
        refusal: Why, where the PIM forbids this list, though perhaps not its neighbours.
        failure: Why, where there may be more that did not come out.
    """

    def __init__(self, listing: Listing, pages: Iterator[Page] | None = None) -> None:
        self.listing = listing
        self.incomplete = False
        self.refusal: RequestRefused | None = None
        self.failure: str | None = None
        self._pages = pages or iter(())

    def next_page(self) -> Page | None:
        """The next page, None at the end.

        Raises:
            RequestRefused: The PIM refuses to list this.
            PimUnavailable: A page got no usable answer.
        """
        try:
            return self._next_page()
        except RequestRefused as refusal:
            # Of one parent among many, and by the PIM itself: a 404 of a proxy has no words of it.
            if not self.listing.parents or not refusal.message:
                raise
            if refusal.status == HTTPStatus.NOT_FOUND:
                logger.info("%s: gone meanwhile", self.listing.path)
            elif refusal.status == HTTPStatus.FORBIDDEN:
                self.refusal = refusal
            else:
                raise
        except ListSwitchedOff as words:
            logger.warning("%s: %s", self.listing.path, words)
        except ListIncomplete as reason:
            self.failure = f"{self.listing.path}: {reason}"
        self.incomplete = True
        return None

    @property
    def broken(self) -> Sequence[str]:
        """Keys of items that the PIM cannot write, and that are left out."""
        return ()

    def split(self, *, idle: int) -> Walk | None:  # noqa: ARG002 (for subclasses)
        """Gives away a part of what is left to read, where that helps; asked again until not.

        Args:
            idle: Readers that have nothing to do.
        """
        return None

    def _next_page(self) -> Page | None:
        return next(self._pages, None)


def walk(pim: Pim, listing: Listing) -> Walk:
    """A walk through a list, in the way the PIM hands it out."""
    if listing.paging in {Paging.SEARCH_AFTER, Paging.CURSOR}:
        return CursorWalk(pim, listing)
    if listing.paging is Paging.PAGE:
        return Walk(listing, _by_page(pim, listing))
    return Walk(listing, _at_once(pim, listing))


def pages(pim: Pim, listing: Listing) -> Iterator[Page]:
    """All pages of a list, one after the other."""
    walking = walk(pim, listing)
    while (page := walking.next_page()) is not None:
        yield page


def count(pim: Pim, listing: Listing) -> int | None:
    """How many items the PIM counts in a list that has pages."""
    return _peek(pim, listing, {"with_count": "true"}).items_count


def first(pim: Pim, listing: Listing) -> Item | None:
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


def _peek(pim: Pim, listing: Listing, more: Mapping[str, str]) -> HalPage:
    """A page of few items, not always the first: that may hold one that the PIM cannot write."""
    params = {**listing.params, "pagination_type": "page", "limit": "1", **more}
    try:
        return pim.get(listing.path, decode_page, params)
    except PimUnavailable as failure:
        if failure.status != HTTPStatus.INTERNAL_SERVER_ERROR:
            raise
        return pim.get(listing.path, decode_page, {**params, "page": "2"})


class CursorWalk(Walk):
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
        counted: How many items the list had at its first page; None where that is not counted.
    """

    def __init__(self, pim: Pim, listing: Listing, cursor: str | None = None) -> None:
        super().__init__(listing)
        self.pim = pim
        self.cursor = cursor
        self.has_link = False
        self.ended = False
        self.has_gaps = False
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
            if self.listing.paging is not Paging.SEARCH_AFTER:
                raise
            page = self._isolation.page(failure, self.cursor)
        self.has_link = page.has_link
        if self.counted is None:
            self.counted = page.items_count
        self._note_gaps(len(page.items))
        self._read += len(page.items)
        following = self._following(page)
        _refuse_circle(self.listing, self.cursor, following)
        self.ended = following is None
        if self.ended:
            self._compare_with_count()
        else:
            self.cursor = following
        return Page(page.items, page.size) if page.items else None

    @property
    @override
    def broken(self) -> Sequence[str]:
        return self._isolation.broken

    def goes_on(self) -> bool:
        """Whether there is something behind the end, after all."""
        return bool(self._ask(self.listing.page_size, self.cursor).items)

    def _ask(self, limit: int, cursor: str | None, *, once: bool = False) -> HalPage:
        params = dict(self.listing.params)
        if self.listing.paging is Paging.SEARCH_AFTER:
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
        return self.pim.get(self.listing.path, decode_page, params, once=once)

    def _following(self, page: HalPage) -> str | None:
        """The cursor of the next page, None at the end."""
        if not self._key_is_cursor:
            return page.cursor("search_after") if page.items else None
        return str(value_of(page.items[-1], self.listing.keys[-1])) if page.items else None

    def _note_gaps(self, size: int) -> None:
        before, self._last_size = self._last_size, size
        was_short = self._read > 0 and before < self.listing.page_size
        # A list that ends with a full page is followed by an empty one too, though seldom.
        self.has_gaps |= was_short if size else not was_short

    @property
    def _key_is_cursor(self) -> bool:
        return self.listing.key_is_cursor and self.pim.cursors_are_plain

    def _compare_with_count(self) -> None:
        """Says so where a list ended before its count.

        Raises:
            ListIncomplete: It did.
        """
        if self.listing.paging is Paging.CURSOR:
            return
        if hides_items(self.pim, self.listing, self._read, self.counted, [self]):
            msg = (
                f"the PIM counts more, but its list ended after {self._read}: unless items were "
                "added just now, its search index is out of step with its database, have it rebuilt"
            )
            raise ListIncomplete(msg)


def hides_items(
    pim: Pim, listing: Listing, read: int, counted: int | None, walks: Iterable[CursorWalk]
) -> bool:
    """Whether there are items behind others that were dropped as they are gone from SQL.

    Args:
        pim: The PIM.
        listing: The list.
        read: How many items of it came out.
        counted: How many it had when it was begun, if that was counted.
        walks: The walks that it was read by, which have ended.
    """
    if counted is not None and read >= counted:
        return False
    # Anew, as what the index has forgotten since hides nothing.
    left = (count(pim, listing) or 0) - read
    if not (listing.key_is_cursor and pim.cursors_are_plain):
        return left > 0
    # Where less than a page is left, a page shows all of it that is still in SQL.
    return left >= listing.page_size or (left > 0 and any(walk.goes_on() for walk in walks))


def _by_page(pim: Pim, listing: Listing) -> Iterator[Page]:
    """Walks pages by number, again where the list changed meanwhile.

    The pages are cut by offset: a deletion moves later items to the page before, which was read
    already. And media files come in no order at all, so that pages overlap and leave gaps.

    Raises:
        ListIncomplete: It changed each time.
    """
    handed_on: dict[tuple[bytes, ...], int] = {}
    there: set[tuple[bytes, ...]] = set()
    counted = 0
    for _ in range(MOST_WALKS):
        moved = False
        last: Item | None = None
        for number, page in enumerate(_by_page_once(pim, listing)):
            if last is not None and listing.is_sorted:
                moved = moved or _has_moved(pim, listing, last, number * listing.page_size)
            last = page.items[-1] if page.items else None
            before, counted = counted, page.items_count or 0
            if counted < before:
                # Some of them are gone, so they must not stand in for others.
                there.clear()
            fresh = []
            for item in page.items:
                key = listing.key_of(item)
                there.add(key)
                content = hash(tuple(map(bytes, item.values())))
                if handed_on.get(key) != content:
                    handed_on[key] = content
                    fresh.append(item)
            if fresh:
                yield Page(fresh, page.size)
        if len(there) >= counted and not moved:
            return
        logger.info("%s: the list changed while it was read, reading it again", listing.path)
    msg = f"the list changed each of {MOST_WALKS} times that it was read, so an item may be missing"
    raise ListIncomplete(msg)


def _has_moved(pim: Pim, listing: Listing, item: Item, place: int) -> bool:
    """Whether an item is no longer where it was, so that one may have moved past the next page.

    The count does not tell where one was deleted and another one made meanwhile.

    Args:
        pim: The PIM.
        listing: The list.
        item: The last one of a page.
        place: Where it was, from 1 on.
    """
    params = {**listing.params, "page": str(place), "limit": "1"}
    page = pim.get(listing.path, decode_page, params, may_hang=listing.may_hang)
    return [listing.key_of(one) for one in page.items] != [listing.key_of(item)]


def _by_page_once(pim: Pim, listing: Listing) -> Iterator[HalPage]:
    number: str | None = "1"
    while number is not None:
        params = {**listing.params, "page": number, "limit": str(listing.page_size)}
        if listing.has_count:
            params["with_count"] = "true"
        page = pim.get(listing.path, decode_page, params, may_hang=listing.may_hang)
        yield page
        # A full last page links to an empty one.
        following = page.cursor("page")
        _refuse_circle(listing, number, following)
        number = following


def _at_once(pim: Pim, listing: Listing) -> Iterator[Page]:
    decode = decode_array if listing.paging is Paging.ARRAY else decode_single
    yield pim.get(listing.path, decode, listing.params, may_hang=listing.may_hang)


def _refuse_circle(listing: Listing, cursor: str | None, following: str | None) -> None:
    if cursor is not None and following == cursor:
        reason = f"the page at {cursor!r} leads to itself, the list would never end"
        raise PimUnavailable(listing.path, reason)
