"""How a list of the PIM is walked from its first page to its last.

The PIM has a few ways (api.akeneo.com, pagination): products and product models by a cursor, what
lies in its SQL tables by page number, short lists as one array, and some things one by one.

Of a ``next`` link only the cursor or page is taken, and our own parameters are sent again to the
configured host: links lose parameters (#11722) and, behind proxies, carry another scheme and host
(akeneo/api-php-client #171, #245).
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tap_akeneo.client.responses import (
    ListIncomplete,
    Page,
    decode_array,
    decode_page,
    decode_single,
)
from tap_akeneo.pagination.base import (
    MAX_READINGS,
    ListRequest,
    Pagination,
    Paginator,
    refuse_circle,
)
from tap_akeneo.pagination.cursor import CursorPaginator

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_akeneo.client.pim import Pim
    from tap_akeneo.client.responses import HalPage, Item

logger = logging.getLogger("tap-akeneo.paging")


def walk(pim: Pim, listing: ListRequest) -> Paginator:
    """A walk through a list, in the way the PIM hands it out."""
    if listing.paging in {Pagination.SEARCH_AFTER, Pagination.CURSOR}:
        return CursorPaginator(pim, listing)
    if listing.paging is Pagination.PAGE:
        return Paginator(listing, _by_page(pim, listing))
    return Paginator(listing, _at_once(pim, listing))


def pages(pim: Pim, listing: ListRequest) -> Iterator[Page]:
    """All pages of a list, one after the other."""
    walking = walk(pim, listing)
    while (page := walking.next_page()) is not None:
        yield page


def _by_page(pim: Pim, listing: ListRequest) -> Iterator[Page]:
    """Walks pages by number, again where the list changed meanwhile.

    The pages are cut by offset: a deletion moves later items to the page before, which was read
    already. And media files come in no order at all, so that pages overlap and leave gaps.

    Raises:
        ListIncomplete: It changed each time.
    """
    handed_on: dict[tuple[bytes, ...], int] = {}
    there: set[tuple[bytes, ...]] = set()
    counted = 0
    for _ in range(MAX_READINGS):
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
                yield Page(fresh, page.size, page.flaws)
        if len(there) >= counted and not moved:
            return
        logger.info("%s: the list changed while it was read, reading it again", listing.path)
    msg = (
        f"the list changed each of {MAX_READINGS} times that it was read, so an item may be "
        "missing; the next run reads it again"
    )
    raise ListIncomplete(msg)


def _has_moved(pim: Pim, listing: ListRequest, item: Item, place: int) -> bool:
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


def _by_page_once(pim: Pim, listing: ListRequest) -> Iterator[HalPage]:
    number: str | None = "1"
    while number is not None:
        params = {**listing.params, "page": number, "limit": str(listing.page_size)}
        if listing.has_count:
            params["with_count"] = "true"
        page = pim.get(listing.path, decode_page, params, may_hang=listing.may_hang)
        yield page
        # A full last page links to an empty one.
        following = page.cursor("page")
        refuse_circle(listing, number, following)
        number = following


def _at_once(pim: Pim, listing: ListRequest) -> Iterator[Page]:
    decode = decode_array if listing.paging is Pagination.ARRAY else decode_single
    yield pim.get(listing.path, decode, listing.params, may_hang=listing.may_hang)
