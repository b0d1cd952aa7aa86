"""Requests for lists of the PIM, and the base class of paginators."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from enum import Enum
from http import HTTPStatus
from typing import TYPE_CHECKING

from tap_akeneo.client.errors import PimUnavailable, RequestRefused
from tap_akeneo.client.responses import ListDisabled, ListIncomplete

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tap_akeneo.client.responses import Item, Page

logger = logging.getLogger("tap-akeneo.pagination")

MAX_PAGE_SIZE = 100
"""Maximum page size that the PIM allows (api.akeneo.com, pagination)."""


class Pagination(Enum):
    """How the PIM paginates a list."""

    SEARCH_AFTER = "by cursor, with a limit; also by page number up to 10,000 items"
    CURSOR = "by cursor, in pages of a size that the PIM chooses"
    PAGE = "by page number"
    ARRAY = "as one array"
    SINGLE = "one item at an address of its own"


@dataclass(frozen=True)
class ListRequest:
    """A request for one list of the PIM.

    Attributes:
        path: Path below ``/api/rest/v1/``, percent-encoded.
        pagination: How the PIM paginates the list.
        keys: Properties that identify an item.
        params: Query parameters, except those for pagination.
        page_size: Items per page, 1 to 100.
        parents: Keys of the parent item. It may be deleted before the list is read.
        key_is_cursor: Whether the cursor of a page is the key of the item before it. ``None`` if
            only the first ``next`` link shows this.
        has_count: Whether the PIM counts the items of a numbered page.
        may_hang: Whether the PIM may never answer the first request.
        is_sorted: Whether the items have the same order in each response.
    """

    path: str
    pagination: Pagination
    keys: tuple[str, ...]
    params: Mapping[str, str] = field(default_factory=dict)
    page_size: int = MAX_PAGE_SIZE
    parents: Mapping[str, str] = field(default_factory=dict)
    key_is_cursor: bool | None = False
    has_count: bool = True
    may_hang: bool = False
    is_sorted: bool = True

    def key_of(self, item: Item) -> tuple[bytes, ...]:
        """Return the JSON of the properties that identify an item within this list."""
        return tuple(bytes(item[key]) for key in self.keys if key in item)


@dataclass(frozen=True)
class KeyRange:
    """The items of a list whose keys are greater than ``after`` and at most ``to``.

    Attributes:
        after: Exclusive; ``None`` for the beginning of the list. If the PIM's cursors are not
            keys, the cursor of the next page.
        to: Inclusive; ``None`` for the end of the list.
    """

    after: str | None = None
    to: str | None = None


WHOLE_LIST = KeyRange()


class Paginator:
    """Reads one list, or a part of it, page by page.

    If the list changes during the reading, an item may come twice, but none is missing.

    Args:
        request: The list.
        key_range: The part of the list to read.

    Attributes:
        start: The part of the list to read, as given at first.
        key_range: The part of the list that is still to be read.
        is_resumable: Whether a later run can continue from `key_range`.
        incomplete: Whether reading stopped before the end of the list.
        is_disabled: Whether it stopped because the list is disabled in the PIM.
        refusal: The PIM's error, if it forbids this list but perhaps not those of other parents.
        failure: Why items may be missing; ``None`` if none are.
        broken: Ranges of items for which the PIM responds with 500.
    """

    def __init__(self, request: ListRequest, key_range: KeyRange = WHOLE_LIST) -> None:
        self.request = request
        self.start = self.key_range = key_range
        self.incomplete = False
        self.is_disabled = False
        self.is_resumable = True
        self.refusal: RequestRefused | None = None
        self.failure: str | None = None
        self.broken: Sequence[KeyRange] = ()

    def next_page(self) -> Page | None:
        """Return the next page, or ``None`` at the end.

        Raises:
            RequestRefused: The PIM refuses the request.
            PimUnavailable: A page could not be read.
        """
        try:
            return self._next_page()
        except RequestRefused as refusal:
            # A parent may be deleted or forbidden although the other parents are not. A 404 without
            # a message is from a proxy, and says nothing about the parent.
            if not self.request.parents or not refusal.message:
                raise
            if refusal.status == HTTPStatus.NOT_FOUND:
                logger.info("%s: deleted in the PIM meanwhile", self.request.path)
            elif refusal.status == HTTPStatus.FORBIDDEN:
                self.refusal = refusal
            else:
                raise
        except ListDisabled as message:
            self.is_disabled = True
            logger.warning("%s: %s", self.request.path, message)
        except ListIncomplete as reason:
            self.failure = f"{self.request.path}: {reason}"
        self.incomplete = True
        return None

    @property
    def remaining(self) -> float:
        """Estimated number of items left to read; 0 if no part can be split off."""
        return 0

    def split(self) -> Paginator | None:
        """Split off the upper half of the remaining items, or return ``None`` if there are too few.

        Another thread may call this while a page is being requested.
        """
        return None

    def _next_page(self) -> Page | None:
        """Return the next page, or ``None`` at the end."""
        raise NotImplementedError


def refuse_loop(request: ListRequest, cursor: str | None, following: str | None) -> None:
    """Raise an error if the ``next`` link of a page leads to the same page.

    Raises:
        PimUnavailable: The list would never end.
    """
    if cursor is not None and following == cursor:
        reason = (
            f"the page at {cursor!r} links to itself, so the list would never end: have the PIM's "
            "search index rebuilt"
        )
        raise PimUnavailable(request.path, reason)
