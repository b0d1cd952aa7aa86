"""Pagination by cursors that only the PIM can create: products and product models up to 5.0.

Published products, and lists whose first link has such a cursor, are read like this as well.

If items are deleted in the database but still in the search index, a page is short and has no link
although more items follow. Only the count shows this. The list is then read by page number, which
skips such items, and also those for which the PIM responds with 500. The PIM lists only the first
10,000 items by page number.
"""

from __future__ import annotations

import logging
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_akeneo.client.errors import PimUnavailable
from tap_akeneo.client.responses import ListIncomplete, Page, decode_page
from tap_akeneo.pagination.base import (
    WHOLE_LIST,
    KeyRange,
    ListRequest,
    Pagination,
    Paginator,
    refuse_loop,
)
from tap_akeneo.pagination.page_number import (
    MAX_READINGS,
    RESULT_WINDOW,
    NumberedReading,
    broken_positions,
    count_items,
    unseen,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_akeneo.client.pim import Pim
    from tap_akeneo.client.responses import HalPage

logger = logging.getLogger("tap-akeneo.pagination")


class CursorPaginator(Paginator):
    """Reads a list by following the PIM's cursors.

    Args:
        pim: The PIM.
        request: The list.
        key_range: The part of the list to read; ``after`` is the cursor of the first page.
        already_read: Number of items before that cursor, which an earlier run has read.
    """

    def __init__(
        self,
        pim: Pim,
        request: ListRequest,
        key_range: KeyRange = WHOLE_LIST,
        already_read: int = 0,
    ) -> None:
        super().__init__(request, key_range)
        self.counted: int | None = None
        self._pim = pim
        self._already_read = already_read
        # Hashes of keys, because an item that comes twice must not make up for a missing one.
        self._seen: set[int] = set()
        self._pages = self._read()

    @override
    def _next_page(self) -> Page | None:
        return next(self._pages, None)

    def _read(self) -> Iterator[Page]:
        if self.request.pagination is Pagination.CURSOR:
            yield from self._by_cursor()
            return
        self.counted = count_items(self._pim, self.request)
        try:
            yield from self._by_cursor()
        except PimUnavailable as failure:
            if failure.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
        else:
            if not self._is_short():
                return
        logger.info("%s: items are missing, so it is read by page number", self.request.path)
        yield from self._by_number()

    def _is_short(self) -> bool:
        # Use the larger of the counts before and after the reading: an item created meanwhile can
        # mask a missing one in the first count, and an item deleted meanwhile in the second.
        now = count_items(self._pim, self.request)
        return max(now or 0, self.counted or 0) > len(self._seen) + self._already_read

    def _by_cursor(self) -> Iterator[Page]:
        cursor = self.key_range.after
        while True:
            page = self._get(cursor)
            following = page.cursor("search_after")
            refuse_loop(self.request, cursor, following)
            if self.request.pagination is Pagination.SEARCH_AFTER:
                unseen(self.request, page.items, self._seen)
            if page.items:
                yield Page(page.items, page.size, page.flaws, following)
            if following is None:
                return
            cursor = following

    def _get(self, cursor: str | None) -> HalPage:
        params = dict(self.request.params)
        has_limit = self.request.pagination is Pagination.SEARCH_AFTER
        if has_limit:
            params |= {"pagination_type": "search_after", "limit": str(self.request.page_size)}
        if cursor is not None:
            params["search_after"] = cursor
        try:
            return self._pim.get(self.request.path, decode_page, params, gives_up_on_500=has_limit)
        except PimUnavailable as failure:
            if failure.status != HTTPStatus.INTERNAL_SERVER_ERROR or not has_limit:
                raise
            if NumberedReading(self._pim, self.request).get_or_none(RESULT_WINDOW, 1) is not None:
                # The PIM responds to another request, so an item of this page is broken.
                raise
            return self._pim.get(self.request.path, decode_page, params)

    def _by_number(self) -> Iterator[Page]:
        # Pages by number do not follow the cursor, so a later run has to begin again.
        self.is_resumable = False
        request = replace(self.request, has_count=True)
        for _ in range(MAX_READINGS):
            reading = NumberedReading(self._pim, request, RESULT_WINDOW)
            for page in reading.pages():
                if items := unseen(self.request, page.items, self._seen):
                    yield Page(items, page.size, page.flaws, self.key_range.after)
            if not reading.has_moved:
                break
        counted = count_items(self._pim, request) or 0
        missing = counted - len(self._seen) - len(reading.broken)
        if missing > 0 or reading.has_moved:
            msg = (
                f"the PIM counts {counted} items, but {len(self._seen)} could be read: its search "
                "index is out of step with its database, have it rebuilt. The next run reads the "
                "list again"
            )
            raise ListIncomplete(msg)
        if reading.broken:
            raise ListIncomplete(broken_positions(reading.broken))
