"""What a list of the PIM is, and what it is to walk through one."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING

from tap_akeneo.client.errors import PimUnavailable, RequestRefused
from tap_akeneo.client.responses import ListIncomplete, ListSwitchedOff

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from tap_akeneo.client.responses import Item, Page

logger = logging.getLogger("tap-akeneo.paging")

MAX_READINGS = 3
"""Walks of a list which changes each time while it is walked."""


class Pagination(Enum):
    """The PIM's ways to hand out a list."""

    SEARCH_AFTER = "by cursor, where pages are possible too"
    CURSOR = "by cursor, in pages of the PIM's own size"
    PAGE = "by page number"
    ARRAY = "as one array"
    SINGLE = "one item at an address of its own"


@dataclass(frozen=True)
class ListRequest:
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
    paging: Pagination
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


class Paginator:
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

    def __init__(self, listing: ListRequest, pages: Iterator[Page] | None = None) -> None:
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

    def split(self, *, idle: int) -> Paginator | None:  # noqa: ARG002 (for subclasses)
        """Gives away a part of what is left to read, where that helps; asked again until not.

        Args:
            idle: Readers that have nothing to do.
        """
        return None

    def _next_page(self) -> Page | None:
        return next(self._pages, None)


def refuse_circle(listing: ListRequest, cursor: str | None, following: str | None) -> None:
    """Refuses a page that leads to itself.

    Raises:
        PimUnavailable: It does; the list would never end.
    """
    if cursor is not None and following == cursor:
        reason = f"the page at {cursor!r} leads to itself, the list would never end"
        raise PimUnavailable(listing.path, reason)
