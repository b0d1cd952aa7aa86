"""Lists in the order of an immutable key, which can be read in several slices at once.

The PIM sorts some lists by a key that never changes, and accepts any key as a cursor, even if no
item has it: products and product models since 6.0, assets and records of reference entities. Each
item that exists during the whole reading comes exactly once, whatever else changes in the list
(seen on 6.0.90, 7.0.22 and master).

A slice ends at the first item beyond it, which belongs to the next slice. So only the last slice
needs an empty page to show its end. The PIM omits items from a page if its search index still has
them but its database does not (SqlGetConnectorProducts; api-php-client #197). So a short page is
no end, and not even an empty one if a whole page of such items follows; the count shows that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from http import HTTPStatus
from itertools import pairwise
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_akeneo.client.errors import PimUnavailable, RequestRefused
from tap_akeneo.client.responses import Page
from tap_akeneo.pagination.broken_items import find_broken_range
from tap_akeneo.pagination.by_link import LinkSlice
from tap_akeneo.pagination.by_number import RESULT_WINDOW, NumberedPages
from tap_akeneo.pagination.key_orders import TextOrder, lower_case, order_of
from tap_akeneo.pagination.key_pages import KeyPages, NotShown, next_by_position
from tap_akeneo.pagination.key_places import GapSlice, MiddleSlice
from tap_akeneo.pagination.links import CURSOR, Link
from tap_akeneo.pagination.request import MAX_PAGE_SIZE, ListRequest
from tap_akeneo.pagination.slices import (
    BrokenRange,
    EndOfList,
    KeyRange,
    ListFailed,
    OutOfOrder,
    Slice,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

    from tap_akeneo.client.pim import Pim
    from tap_akeneo.client.responses import HalPage, Item
    from tap_akeneo.pagination.key_orders import KeyOrder

MIN_PAGES_TO_SPLIT = 4
"""Minimum number of remaining pages for which splitting is worth an additional request."""


@dataclass(frozen=True)
class KeySlice(Slice):
    """The items of a list with keys greater than ``after`` and at most ``to``.

    Attributes:
        request: The list.
        after: Exclusive; ``None`` for the beginning of the list.
        to: Inclusive; ``None`` for its end.
        expected: Expected number of items; ``None`` if it is unknown.
        taken: Number of items read of the slice since it was split off.
        start: Position of ``after`` in the whole list, about; ``None`` if it is unknown.
        recent: A key before ``after``, ``None`` for the beginning of the list, and the keys of all
            items from there to ``after``; about a page.
        limit: Items to request at once, if the PIM lets us choose.
        counts: Whether to ask for the count too. Only numbered pages have it. The PIM sorts them
            like pages by cursor (ListProductsByUuidQueryHandler, ListProductModelsQueryHandler).
        is_confirmed: Whether the PIM's own cursors are known to be keys.
        is_failing: Whether the PIM has answered 500 for the next page.
        is_broken: Whether the slice had only broken items when it was last read.
        is_single: Whether it then had certainly one.
        is_divisible: Whether to look for a key in its middle.
        known: Broken ranges of the list that were found before.
    """

    request: ListRequest
    after: str | None = None
    to: str | None = None
    expected: float | None = None
    taken: int = 0
    start: float | None = None
    recent: tuple[str | None, ...] = (None,)
    limit: int = MAX_PAGE_SIZE
    counts: bool = False
    is_confirmed: bool = True
    is_failing: bool = False
    is_broken: bool = False
    is_single: bool = False
    is_divisible: bool = True
    known: tuple[BrokenRange, ...] = ()

    @classmethod
    def whole(cls, request: ListRequest) -> KeySlice:
        """Return a slice of a whole list."""
        return cls(
            request,
            start=0,
            limit=request.page_size,
            counts=request.has_limit,
            is_confirmed=bool(request.key_is_cursor),
        )

    @property
    def order(self) -> KeyOrder:
        """The order of the keys."""
        return order_of(self.request.keys[-1])

    @property
    @override
    def place(self) -> Hashable:
        flags = (self.is_divisible, self.is_failing, self.is_broken, self.counts)
        return ("key", self.after, self.to, self.limit, *flags)

    @property
    @override
    def is_search(self) -> bool:
        return self.is_failing

    @property
    @override
    def range(self) -> KeyRange:
        # A page that only shows whether a list has more begins with the last key that is known.
        is_probe = not self.is_confirmed and self.after is not None
        return KeyRange(self.after, self.after if is_probe else self.to)

    def remaining(self, counted: int | None) -> float:
        """Return the expected number of items that are left.

        Args:
            counted: The PIM's count of the whole list; ``None`` if it is unknown.
        """
        if not self.is_confirmed:
            return 0
        share = self.order.share(self.after, self.to)
        if share is not None and counted is not None:
            return share * counted
        left = (self.expected or 0) - self.taken
        # If it has more items than expected, assume that half of them have been read. A slice that
        # was split off has to show items first, because one without any would be divided for ever.
        return left if left > 0 else self.taken

    def divided(self, counted: int | None, samples: Sequence[str]) -> tuple[Slice, ...]:
        """Return parts of this slice, or only this slice if it is too small.

        Args:
            counted: The PIM's count of the whole list; ``None`` if it is unknown.
            samples: Some keys of the list.
        """
        if not self.request.takes_any_cursor:
            return (self,)
        left = self.remaining(counted)
        if left < MIN_PAGES_TO_SPLIT * self.request.page_size or not self.is_divisible:
            return (self,)
        if self.start is not None and counted is not None and isinstance(self.order, TextOrder):
            # Codes are not spread evenly, so ask for the one at a position.
            position = min(int(self.start + left / 2), RESULT_WINDOW)
            if position - self.start >= MIN_PAGES_TO_SPLIT / 2 * self.request.page_size:
                return (MiddleSlice(self, position, (position - self.start) / left),)
        key = self.order.between(self.after, self.to, samples)
        return (self,) if key is None else self.split(key)

    def split(self, at: str, share: float = 0.5) -> tuple[KeySlice, KeySlice]:
        """Return the parts up to a key and after it.

        Args:
            at: The key.
            share: Expected share of the items that are in the first part.
        """
        left = None if self.expected is None else max(self.expected - self.taken, 0)
        first = None if left is None else left * share
        second = None if left is None else left * (1 - share)
        start = None if self.start is None or first is None else self.start + first
        return (
            replace(self, to=at, expected=first, taken=0),
            replace(
                self,
                after=at,
                expected=second,
                taken=0,
                start=start,
                recent=(at,),
                limit=self.request.page_size,
                counts=False,
                is_failing=False,
            ),
        )

    def before_and_behind(
        self, counted: int | None, samples: Sequence[str]
    ) -> tuple[KeySlice, ...]:
        """Return the part with the next page, as short as can be told, and those behind it.

        Args:
            counted: The PIM's count of the whole list; ``None`` if it is unknown.
            samples: Some keys of the list.
        """
        first, behind = self, []
        while first.remaining(counted) > 2 * self.request.page_size:
            key = self.order.between(first.after, first.to, samples)
            if key is None:
                break
            first, rest = first.split(key)
            behind.append(rest)
        return (first, *behind)

    def around(self, broken: BrokenRange) -> tuple[KeySlice, ...] | None:
        """Return the parts of this slice around a broken item, and then the part behind it.

        The pages of the parts end before the item. ``None`` if the slice does not contain it, or
        where its pages end is unknown.
        """
        near = broken.near
        if not near or (self.to is not None and not self.order.is_beyond(self.to, broken.to)):
            return None
        rest, parts = replace(self, is_failing=False), []
        first = near[0]
        if self.after in near:
            readable = near[near.index(self.after) + 1 :]
        elif (
            # A page that ends this far behind the part does not reach the broken item.
            first is not None
            and len(near) > MAX_PAGE_SIZE
            and (self.after is None or self.order.is_beyond(first, self.after))
        ):
            before, rest = rest.split(first)
            parts.append(before)
            readable = near[1:]
        else:
            return None
        for start in range(0, len(readable), MAX_PAGE_SIZE):
            keys = readable[start : start + MAX_PAGE_SIZE]
            part, rest = rest.split(keys[-1] or "")
            parts.append(replace(part, limit=len(keys)))
        _, behind = rest.split(broken.to)
        return (*parts, behind)

    @override
    def step(self, pim: Pim) -> Step:
        pages = KeyPages(pim, self.request)
        if self.is_broken:
            return self._check_whether_still_broken(pages)
        if self.is_failing:
            return self._step_after_500(pages)
        try:
            page = pages.get(
                self.limit,
                self.after,
                with_count=self.counts,
                gives_up_on_500=self.request.has_limit,
            )
        except PimUnavailable as failure:
            without = self._after_failure(failure, pim)
            if without is None:
                raise
            return Step(rest=(without,))
        except RequestRefused:
            if self.is_confirmed or self.after is None:
                raise
            # The list had no link, so nothing showed that its keys are cursors.
            return Step()
        link = page.next_href
        if link is not None and not page.items and self.is_confirmed and not self.counts:
            return Step(rest=self._behind(Link.in_href(link)))
        return self._take(page, page.items_count if self.counts else None)

    def _after_failure(self, failure: PimUnavailable, pim: Pim) -> KeySlice | None:
        """Return what to try next, after a page has failed for good; ``None`` if nothing is."""
        if failure.status == HTTPStatus.INTERNAL_SERVER_ERROR:
            return replace(self, is_failing=True) if self.request.has_limit else None
        # A gateway may not wait until a large list has been counted.
        return replace(self, counts=False) if self.counts and pim.is_up() else None

    def _behind(self, link: Link) -> tuple[KeySlice, ...]:
        """Return what is left behind a page whose items the PIM has dropped, but not its link.

        Raises:
            OutOfOrder: The link does not lead to greater keys.
        """
        key = link.value
        leads_on = self.after is None or self.order.is_beyond(key, self.after)
        if link.parameter != CURSOR or not leads_on:
            raise OutOfOrder
        rest = replace(self, after=key, recent=(key,), start=None)
        return () if self._is_beyond(key) or self._ends_with(key) else (rest,)

    def _take(
        self, page: HalPage | Page, counted: int | None = None, broken: BrokenRange | None = None
    ) -> Step:
        """Return the items of a page that belong to the slice, and what is left after them."""
        link = page.next_href
        if not self.request.has_limit and not self.is_confirmed:
            if self.after is not None and not self._is_in_order(page.items):
                # There was no link, so this was the end, and this cursor leads to the start again.
                return Step()
            if link is not None and not self._shows_keys(page, link):
                shown = Page(page.items, page.size, page.invalid_text)
                return Step(shown, (LinkSlice(self.request, Link.in_href(link)),))
        if not self._is_in_order(page.items):
            raise OutOfOrder
        keys = [self.request.sort_key_of(item) for item in page.items]
        kept = len(keys)
        while kept and self._is_beyond(keys[kept - 1]):
            kept -= 1
        step = Step(
            Page(page.items[:kept], page.size, page.invalid_text),
            counted=counted,
            broken=broken,
            first=next(filter(None, keys), None),
            beyond=next(filter(None, keys[kept:]), None),
        )
        last = next(filter(None, reversed(keys[:kept])), None)
        if kept and last is None and step.beyond is None:
            msg = "the PIM sends a page of items without a key, so it cannot be read on"
            raise ListFailed(msg)
        following = replace(
            self,
            after=broken.to if broken else last or self.after,
            taken=self.taken + kept,
            expected=counted if self.counts else self.expected,
            start=None if self.start is None else self.start + kept,
            recent=(broken.to,) if broken else self._recent(keys),
            limit=self.request.page_size,
            counts=False,
            is_divisible=True,
            is_failing=False,
            is_confirmed=self.is_confirmed or link is not None,
        )
        if step.beyond is not None or self._is_beyond(following.after) or self._ends_with(last):
            # If a broken item is beyond, the next slice finds it again.
            return step
        if page.items or broken:
            return replace(step, rest=(following,))
        if self.request.has_limit and self.limit < MAX_PAGE_SIZE:
            # A larger page is certain to show whether items follow.
            return replace(step, rest=(replace(following, limit=MAX_PAGE_SIZE),))
        return replace(step, end=following)

    def _recent(self, keys: Sequence[str | None]) -> tuple[str | None, ...]:
        """Return `recent` after a page with these keys; empty if one of them is unknown."""
        if None in keys:
            # Nobody can tell where that item is.
            return ()
        return (*self.recent, *keys)[-MAX_PAGE_SIZE - 1 :]

    def _ends_with(self, key: str | None) -> bool:
        return key is not None and self.to is not None and lower_case(key) == lower_case(self.to)

    def _is_beyond(self, key: str | None) -> bool:
        return key is not None and self.to is not None and self.order.is_beyond(key, self.to)

    def _is_in_order(self, items: Sequence[Item]) -> bool:
        """Return whether the items of a page ascend, and come after this slice's start."""
        keys = [self.after, *map(self.request.sort_key_of, items)]
        return not any(
            lower_case(one) == lower_case(other) or self.order.is_beyond(one, other)
            for one, other in pairwise(key for key in keys if key is not None)
        )

    def _shows_keys(self, page: HalPage | Page, href: str) -> bool:
        """Return whether a link shows that the list can be read by its keys in ascending order."""
        link = Link.in_href(href)
        last = self.request.sort_key_of(page.items[-1]) if page.items else None
        is_key = (
            link.parameter == CURSOR
            and last is not None
            and lower_case(link.value) == lower_case(last)
        )
        return is_key and self._is_in_order(page.items)

    def _step_after_500(self, pages: KeyPages) -> Step:
        """Read the page without its broken item, if an item is the reason."""
        counted = None
        if self.counts:
            without_count = pages.get_or_none(self.limit, self.after)
            if without_count is not None:
                return self._take(without_count)
            counted = NumberedPages(pages.pim, self.request).count()
        found = find_broken_range(pages, self.after, self.limit, self.recent, self.known)
        if found is None:
            # The items are not the cause, so retry as often as for any other request.
            return self._take(pages.get(self.limit, self.after), counted)
        page, broken = found
        return self._take(page, counted, broken)

    def _check_whether_still_broken(self, pages: KeyPages) -> Step:
        """Read a slice whose items were broken when an earlier run read it."""
        if (
            self.to is not None
            and all(pages.get_or_none(1, self.after) is None for _ in range(2))
            and (self.is_single or not self._has_readable_item(pages))
        ):
            return Step(broken=BrokenRange(self.after, self.to, is_single=self.is_single))
        return Step(rest=(replace(self, is_broken=False, limit=self.request.page_size),))

    def _has_readable_item(self, pages: KeyPages) -> bool:
        """Return whether another item of several broken ones can be read now."""
        try:
            item = next_by_position(pages, self.after).item
        except NotShown:
            return False
        return item is not None and not self._is_beyond(self.request.sort_key_of(item))

    def is_before(self, key: str | None) -> bool:
        """Return whether the slice starts before a key; ``None`` comes before everything."""
        return key is not None and (self.after is None or self.order.is_beyond(key, self.after))

    @override
    def proof_of_end(self, ended: EndOfList) -> tuple[Slice, ...]:
        if not self.request.has_limit:
            return ()
        is_inside = self.is_before(ended.highest)
        if not is_inside and ended.counted == ended.read < MAX_PAGE_SIZE:
            # The count includes items that only the index has, and these are less than a page.
            return ()
        return (GapSlice(self, ended, is_inside=is_inside),)
