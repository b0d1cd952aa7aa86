"""Single places of a list that is read by key.

What follows an empty page, where two slices meet, and the key in the middle of a slice.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from typing_extensions import override

from tap_akeneo.client.responses import Page
from tap_akeneo.pagination.by_number import MAX_READINGS, RESULT_WINDOW, NumberedPages
from tap_akeneo.pagination.key_pages import KeyPages, NotShown, next_by_position
from tap_akeneo.pagination.request import MAX_PAGE_SIZE
from tap_akeneo.pagination.slices import (
    NO_COUNT,
    REBUILD_INDEX,
    BrokenRange,
    ChangedBetweenRuns,
    EndOfList,
    KeyRange,
    ListFailed,
    OutOfOrder,
    Slice,
    Step,
)

if TYPE_CHECKING:
    from collections.abc import Hashable

    from tap_akeneo.client.pim import Pim
    from tap_akeneo.pagination.by_key import KeySlice
    from tap_akeneo.pagination.request import ListRequest

OUT_OF_STEP = (
    "the PIM's search index holds so many items that its database does not have that others may be "
    f"hidden behind them: {REBUILD_INDEX}"
)

UNSHOWN = (
    "nothing shows whether more items follow where the PIM once answered 500 for one: have the "
    "PIM's search index rebuilt, and read everything once"
)


@dataclass(frozen=True)
class GapSlice(Slice):
    """A slice that ended with an empty page although items may follow.

    Attributes:
        rest: The slice.
        ended: What was read of the list.
        is_inside: Whether items after the slice were read, so that the page was certainly no end.
    """

    rest: KeySlice
    ended: EndOfList
    is_inside: bool

    @property
    @override
    def place(self) -> Hashable:
        return ("gap", self.rest.after, self.ended.read)

    @property
    @override
    def range(self) -> KeyRange:
        return self.rest.range

    def _is_inside(self, pim: Pim) -> bool:
        """Return whether items follow the slice, which an earlier run may have read."""
        if self.is_inside or self.rest.to is None:
            return self.is_inside
        page = KeyPages(pim, self.rest.request).get_or_none(1, self.rest.to)
        return page is None or bool(page.items)

    @override
    def step(self, pim: Pim) -> Step:
        rest, ended = self.rest, self.ended
        # Count again, because items may have been created or deleted meanwhile.
        counted = NumberedPages(pim, rest.request).count()
        if counted is not None and not ended.is_part and not self._is_inside(pim):
            # If less than a page is missing, the empty page was the end. Items that were created
            # behind a slice count only now, those that were deleted before it only at first, so
            # both counts have to miss a page. Positions are certain where the PIM shows them.
            is_sure = counted == ended.counted == ended.read
            least = min(counted, counted if ended.counted is None else ended.counted)
            if is_sure or (counted > RESULT_WINDOW and least - ended.read < MAX_PAGE_SIZE):
                return Step()
        try:
            found = next_by_position(KeyPages(pim, rest.request), rest.after)
        except NotShown:
            if ended.is_part:
                raise ListFailed(UNSHOWN) from None
            if ended.is_resumed and counted is not None:
                raise ChangedBetweenRuns from None
            raise ListFailed(OUT_OF_STEP if counted is not None else NO_COUNT) from None
        key = None if found.item is None else rest.request.sort_key_of(found.item)
        to, broken = key or rest.order.last, None
        if found.is_behind_broken and to != rest.after:
            broken = BrokenRange(rest.after, to, ends_with_item=key is not None)
        if found.item is None or key is None or (rest.to and rest.order.is_beyond(key, rest.to)):
            return Step(broken=broken)
        following = replace(
            rest, after=key, limit=rest.request.page_size, recent=(key,), start=None
        )
        return Step(Page([found.item], 0), (following,), broken=broken, first=key)


@dataclass(frozen=True)
class SeamSlice(Slice):
    """The place where two slices meet, if what they showed there differs.

    An item may have been created or deleted there meanwhile. Otherwise the list is not sorted by
    its keys.

    Attributes:
        request: The list.
        last: The last key of the first slice; ``None`` if it had no item.
        at: The key at which it ends, and after which the second one begins.
        beyond: The first key after the first slice, unless the second one showed another.
    """

    request: ListRequest
    last: str | None
    at: str
    beyond: str | None = None

    @property
    @override
    def place(self) -> Hashable:
        return ("seam", self.last, self.at)

    @property
    @override
    def range(self) -> KeyRange:
        # A run that resumes the list has to compare the slices, too.
        return KeyRange(self.last, self.at)

    @override
    def step(self, pim: Pim) -> Step:
        pages = KeyPages(pim, self.request)
        has_count = self.request.has_limit
        get = pages.get_or_none if has_count else pages.get
        if self.beyond is not None:
            page = get(MAX_PAGE_SIZE, self.at)
            if page and page.items and self.request.sort_key_of(page.items[0]) == self.beyond:
                return Step()
        for _ in range(MAX_READINGS):
            # A whole page, because the first items may be left only in the search index.
            shown = [get(MAX_PAGE_SIZE, key) for key in (self.last, self.at)]
            firsts = [
                self.request.keys_of(page.items[0]) if page and page.items else None
                for page in shown
            ]
            # All items of a page may be broken or deleted. Then the count shows what is missing.
            if firsts[0] == firsts[1] or (has_count and None in firsts):
                return Step()
        raise OutOfOrder


class Seams:
    """Compares what slices show where they meet.

    Args:
        request: The list.
    """

    def __init__(self, request: ListRequest) -> None:
        self._request = request
        self._lasts: dict[str, tuple[str | None, str]] = {}
        self._firsts: dict[str, str | None] = {}

    def compare(self, one: KeySlice, step: Step) -> list[SeamSlice]:
        """Take the result of a step, and return the places to check because of it."""
        if one.to is not None and step.beyond is not None:
            keys = map(self._request.sort_key_of, reversed(step.page.items))
            last = next((key for key in keys if key is not None), one.after)
            self._lasts[one.to] = last, step.beyond
        if one.after is not None and not one.taken and (step.first or not step.rest):
            self._firsts.setdefault(one.after, step.first)
        differ = []
        for at in (one.to, one.after):
            if at in self._lasts and at in self._firsts:
                last, beyond = self._lasts.pop(at)
                if self._firsts.pop(at) != beyond:
                    differ.append(SeamSlice(self._request, last, at))
        return differ

    @property
    def ranges(self) -> list[KeyRange]:
        """From the last item to the end of each first slice, while the second one is not read."""
        return [KeyRange(last, at) for at, (last, _) in self._lasts.items()]

    def left(self) -> list[SeamSlice]:
        """Return the places whose second slice was read by an earlier run, once."""
        lasts, self._lasts = self._lasts, {}
        return [SeamSlice(self._request, last, at, beyond) for at, (last, beyond) in lasts.items()]


@dataclass(frozen=True)
class MiddleSlice(Slice):
    """A slice of codes to divide at the key at a position, because codes are not spread evenly.

    Attributes:
        rest: The slice.
        position: Position of the key in the whole list, from 1.
        share: Expected share of the slice's items up to that position.
    """

    rest: KeySlice
    position: int
    share: float

    @property
    @override
    def place(self) -> Hashable:
        return ("middle", self.rest.after, self.rest.to)

    @property
    @override
    def range(self) -> KeyRange:
        return self.rest.range

    @override
    def step(self, pim: Pim) -> Step:
        rest = self.rest
        page = NumberedPages(pim, rest.request).get_or_none(self.position, 1, with_count=False)
        key = None if page is None or not page.items else rest.request.sort_key_of(page.items[0])
        is_inside = (
            key is not None
            and key.isascii()
            and (rest.after is None or rest.order.is_beyond(key, rest.after))
            and (rest.to is None or rest.order.is_beyond(rest.to, key))
        )
        if key is None or not is_inside:
            return Step(rest=(replace(rest, is_divisible=False),))
        return Step(rest=rest.split(key.lower(), self.share))
