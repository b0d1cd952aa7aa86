"""Lists that are read by the PIM's own links, or in one response.

Only the PIM can create the cursors of some lists: products and product models up to 5.0, published
products, and lists whose first link has such a cursor. A list whose items do not come in the order
of their keys is read like this as well.

If items are deleted in the database but still in the search index, a page is short and has no link
although more items follow. Only the count shows this. The list is then read by page number, which
skips such items, and also those for which the PIM responds with 500. The PIM lists only the first
10,000 items by page number.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_akeneo.client.errors import PimUnavailable
from tap_akeneo.client.responses import (
    HalPage,
    Page,
    decode_array,
    decode_page,
    decode_single,
)
from tap_akeneo.pagination.by_number import RESULT_WINDOW, NumberedPages, NumberSlice
from tap_akeneo.pagination.links import CURSOR, Link
from tap_akeneo.pagination.request import ListRequest, Pagination
from tap_akeneo.pagination.slices import (
    NO_COUNT,
    ChangedBetweenRuns,
    EndOfList,
    KeyRange,
    ListFailed,
    Slice,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Hashable

    from tap_akeneo.client.pim import Pim

logger = logging.getLogger("tap-akeneo.pagination")


@dataclass(frozen=True)
class LinkSlice(Slice):
    """The rest of a list from a link on.

    Attributes:
        request: The list.
        link: The link; ``None`` for the first page.
        counted: The PIM's count when the reading began.
    """

    request: ListRequest
    link: Link | None = None
    counted: int | None = None

    @property
    @override
    def place(self) -> Hashable:
        return ("link", self.link)

    @property
    @override
    def range(self) -> KeyRange | None:
        if self.link is None:
            return KeyRange()
        return KeyRange(self.link.value) if self.link.parameter == CURSOR else None

    @override
    def step(self, pim: Pim) -> Step:
        counted = self.counted
        if self.link is None and counted is None and self.request.has_limit:
            counted = NumberedPages(pim, self.request).count()
        try:
            page = self._get(pim)
        except PimUnavailable as failure:
            if failure.status != HTTPStatus.INTERNAL_SERVER_ERROR or not self.request.has_limit:
                raise
            if NumberedPages(pim, self.request).get_or_none(RESULT_WINDOW, 1) is None:
                # The items are not the cause, so retry as often as for any other request.
                page = self._get(pim, gives_up_on_500=False)
            else:
                return Step(rest=(_by_number(self.request),), counted=counted)
        shown = Page(page.items, page.size, page.invalid_text)
        if page.next_href is None:
            return Step(shown, end=replace(self, counted=counted), counted=counted)
        following = Link.in_href(page.next_href)
        return Step(shown, (replace(self, link=following, counted=counted),), counted=counted)

    def _get(self, pim: Pim, *, gives_up_on_500: bool = True) -> HalPage:
        params: dict[str, str] = {}
        has_limit = self.request.has_limit
        if has_limit:
            params |= {"pagination_type": "search_after", "limit": str(self.request.page_size)}
        if self.link is not None:
            params[self.link.parameter] = self.link.value
        return self.request.get(
            pim, decode_page, params, gives_up_on_500=gives_up_on_500 and has_limit
        )

    @override
    def proof_of_end(self, ended: EndOfList) -> tuple[Slice, ...]:
        return (_Count(self.request, self.counted),) if self.request.has_limit else ()


@dataclass(frozen=True)
class _Count(Slice):
    """The count at the end of a list, which shows whether items are missing.

    Attributes:
        request: The list.
        before: The count when the reading began.
        now: The count at the end.
    """

    request: ListRequest
    before: int | None
    now: int | None = None

    @property
    @override
    def place(self) -> Hashable:
        return "count"

    @override
    def step(self, pim: Pim) -> Step:
        return Step(end=replace(self, now=NumberedPages(pim, self.request).count()))

    @override
    def proof_of_end(self, ended: EndOfList) -> tuple[Slice, ...]:
        counts = [one for one in (self.before, self.now, ended.counted) if one is not None]
        if not counts:
            raise ListFailed(NO_COUNT)
        # Use the larger of the counts before and after the reading: an item created meanwhile can
        # mask a missing one in the first count, and an item deleted meanwhile in the second.
        if max(counts) <= ended.read:
            return ()
        if ended.is_resumed and max(counts) > RESULT_WINDOW:
            # The PIM does not number all items, and the counts are of different times.
            raise ChangedBetweenRuns
        return (_by_number(self.request, max(counts)),)


def _by_number(request: ListRequest, least: int = 0) -> NumberSlice:
    """Return what reads the list once more by page number, because items are missing."""
    logger.info("%s: items are missing, so it is read by page number", request.path)
    return NumberSlice(replace(request, has_count=True), least=least, is_fallback=True)


@dataclass(frozen=True)
class WholeSlice(Slice):
    """A list that comes in one response."""

    request: ListRequest

    @property
    @override
    def place(self) -> Hashable:
        return "whole"

    @override
    def step(self, pim: Pim) -> Step:
        request = self.request
        decode = decode_array if request.pagination is Pagination.ARRAY else decode_single
        page = request.get(pim, decode, may_hang=request.may_hang)
        if page.next_href is None:
            return Step(page)
        # The PIM paginates this list after all.
        return Step(page, (LinkSlice(request, Link.in_href(page.next_href)),))
