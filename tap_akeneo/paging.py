"""How a list of the PIM is walked from its first page to its last.

The PIM has three ways (api.akeneo.com, pagination): products and product models by a cursor,
what lies in its SQL tables by page number, and a few short lists as one array.

Of a ``next`` link only the cursor or page is taken, and our own parameters are sent again to the
configured host: links lose parameters (#11722) and, behind proxies, carry another scheme and host
(akeneo/api-php-client #171, #245).
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

import msgspec

from tap_akeneo.errors import PimUnavailable

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_akeneo.pim import Pim

Item: TypeAlias = "dict[str, Any]"

logger = logging.getLogger("tap-akeneo.paging")

MOST_WALKS = 3
"""Walks of a list which changes each time while it is walked."""


class Paging(Enum):
    """The PIM's ways to hand out a list."""

    SEARCH_AFTER = "search_after"
    PAGE = "page"
    ARRAY = "array"


@dataclass(frozen=True)
class Listing:
    """One list of the PIM.

    Attributes:
        path: Below ``/api/rest/v1/``, percent-encoded.
        paging: How the PIM hands it out.
        keys: Properties that tell its items apart.
        params: Query parameters besides those of paging.
        page_size: Items a page, 1 to 100.
    """

    path: str
    paging: Paging
    keys: tuple[str, ...]
    params: Mapping[str, str] = field(default_factory=dict)
    page_size: int = 100


class _Link(msgspec.Struct):
    href: str


class _Links(msgspec.Struct):
    next: _Link | None = None


class _Embedded(msgspec.Struct):
    items: list[dict[str, Any]]


class _Page(msgspec.Struct):
    """A page in HAL: the items and, where there may be more, the link to the next page."""

    embedded: _Embedded = msgspec.field(name="_embedded")
    links: _Links = msgspec.field(name="_links", default_factory=_Links)
    items_count: int | None = None

    @property
    def items(self) -> list[Item]:
        return self.embedded.items

    def cursor(self, parameter: str) -> str | None:
        """The value of one query parameter of the link to the next page."""
        if self.links.next is None:
            return None
        query = urlsplit(self.links.next.href).query
        return parse_qs(query, keep_blank_values=True)[parameter][0]


# Decimals are kept to the last digit; binary floats would not.
_decode_page = msgspec.json.Decoder(_Page, float_hook=Decimal).decode
_decode_array = msgspec.json.Decoder(list[dict[str, Any]], float_hook=Decimal).decode


def walk(pim: Pim, listing: Listing) -> Iterator[list[Item]]:
    """Yields the items of a list, page by page, in the PIM's order.

    An item can come again where the list changed while it was read; none is left out.

    Raises:
        RequestRefused: The PIM refuses to list this.
        PimUnavailable: A page got no usable answer.
    """
    if listing.paging is Paging.SEARCH_AFTER:
        yield from _walk_by_cursor(pim, listing)
    elif listing.paging is Paging.PAGE:
        yield from _walk_by_page(pim, listing)
    else:
        yield pim.get(listing.path, _decode_array, listing.params)


def count(pim: Pim, listing: Listing) -> int | None:
    """How many items the PIM counts in a list that has pages."""
    params = {**listing.params, "pagination_type": "page", "limit": "1", "with_count": "true"}
    return pim.get(listing.path, _decode_page, params).items_count


def first(pim: Pim, listing: Listing) -> Item | None:
    """Any one item of a list that has pages, None of an empty one."""
    items = pim.get(listing.path, _decode_page, {**listing.params, "limit": "1"}).items
    return items[0] if items else None


def _walk_by_cursor(pim: Pim, listing: Listing) -> Iterator[list[Item]]:
    params = {
        **listing.params,
        "pagination_type": "search_after",
        "limit": str(listing.page_size),
    }
    read = 0
    while True:
        page = pim.get(listing.path, _decode_page, params)
        if not page.items:
            return
        yield page.items
        read += len(page.items)
        cursor = page.cursor("search_after")
        if cursor is None:
            # Items that are in the index but no longer in SQL are dropped after the search: the
            # page is short and has no link although there is more (api-php-client #197). Only an
            # empty page is the end.
            if not pim.cursors_are_plain:
                _warn_of_missing(pim, listing, read)
                return
            cursor = str(page.items[-1][listing.keys[0]])
        _refuse_circle(listing, params.get("search_after"), cursor)
        params["search_after"] = cursor


def _warn_of_missing(pim: Pim, listing: Listing, read: int) -> None:
    """Says so where an old PIM, whose cursors cannot be made, ended its list early."""
    counted = count(pim, listing)
    if counted is not None and counted > read:
        logger.warning(
            "%s: the PIM counts %d, but its list ended after %d. Unless items were added just "
            "now, its search index is out of step: have it rebuilt, then run with --full-refresh",
            listing.path,
            counted,
            read,
        )


def _walk_by_page(pim: Pim, listing: Listing) -> Iterator[list[Item]]:
    """Walks pages by number, again where the list changed meanwhile.

    The pages are cut by offset: a deletion moves later items to the page before, which was read
    already. And media files come in no order at all, so that pages overlap and leave gaps.
    """
    seen: dict[tuple[str, ...], int] = {}
    for _ in range(MOST_WALKS):
        counts: set[int | None] = set()
        for page in _walk_by_page_once(pim, listing):
            counts.add(page.items_count)
            fresh = []
            for item in page.items:
                key = tuple(str(item.get(key)) for key in listing.keys)
                content = hash(msgspec.json.encode(item))
                if seen.get(key) != content:
                    seen[key] = content
                    fresh.append(item)
            if fresh:
                yield fresh
        if len(counts) == 1 and len(seen) >= (counts.pop() or 0):
            return
        logger.info("%s: the list changed while it was read, reading it again", listing.path)
    logger.warning(
        "%s: the list changed %d times while it was read; what was missed comes with the next run",
        listing.path,
        MOST_WALKS,
    )


def _walk_by_page_once(pim: Pim, listing: Listing) -> Iterator[_Page]:
    number: str | None = "1"
    while number is not None:
        params = {
            **listing.params,
            "page": number,
            "limit": str(listing.page_size),
            "with_count": "true",
        }
        page = pim.get(listing.path, _decode_page, params)
        yield page
        # A full last page links to an empty one.
        following = page.cursor("page")
        _refuse_circle(listing, number, following)
        number = following


def _refuse_circle(listing: Listing, cursor: str | None, following: str | None) -> None:
    if cursor is not None and following == cursor:
        reason = f"the page at {cursor!r} leads to itself, the list would never end"
        raise PimUnavailable(listing.path, reason)
