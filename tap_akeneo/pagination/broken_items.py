"""Search for keys that the PIM does not show: keys of broken items, and keys after deleted ones.

The PIM responds with 500 for every page that contains a broken product (#10066, #10573). A page of
one item after any smaller key fails, and a page of one item after the broken item's own key does
not. So its key is the first one after which such a page can be read. This is true up to the next
readable item, because another broken item may follow that one. The next readable item is found by
its position, if it is among those that the PIM lists by page number.
"""

from __future__ import annotations

from itertools import chain, takewhile
from typing import TYPE_CHECKING
from uuid import UUID

from tap_akeneo.client.errors import PimUnavailable
from tap_akeneo.pagination.base import MAX_PAGE_SIZE
from tap_akeneo.pagination.keys import UUIDS, UuidOrder
from tap_akeneo.pagination.page_number import RESULT_WINDOW, NumberedReading, count_items

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_akeneo.client.responses import HalPage
    from tap_akeneo.pagination.ranged_list import RangedList

MAX_SEARCHES = 10
"""Attempts to find a key before giving up, if other requests fail as well."""

CONFIRMATIONS = 2
"""Number of further requests that must fail as well before a failure counts."""

MAX_LOOKS = 400
"""Maximum number of numbered pages to request when searching for the position of an item."""

FIRST_STEP = 1 << 96
"""First step of the search; the average distance between four billion random uuids."""

LAST_CODE_POINT = 0x10FFFF
SURROGATES = range(0xD800, 0xE000)


CODE_CHARACTERS = "-0123456789_abcdefghijklmnopqrstuvwxyz"
"""What most codes are made of; what lies between two of them is read from the first."""


def _code_points() -> Iterator[int]:
    """Yield code points in geometric steps of 1/8, so that near letters are tried first."""
    code = ord(" ")
    while code < LAST_CODE_POINT:
        yield code
        code += code // 8
    yield LAST_CODE_POINT


CODE_POINTS = tuple(_code_points())


def page_before_broken_item(
    ranged: RangedList, after: str | None, fails: int, *, shows_nothing: int = 0
) -> tuple[HalPage | None, int]:
    """Return a page of the items before a broken item, and the size of a page that fails.

    The page is ``None`` if no item precedes the broken one, except deleted items. Then the broken
    item is the last one of the page that fails.

    Args:
        ranged: The list.
        after: Key before the page; ``None`` for the beginning of the list.
        fails: Size of a page that fails.
        shows_nothing: Size of a page that is empty because its items are deleted.
    """
    while fails - shows_nothing > 1:
        size = (shows_nothing + fails) // 2
        page = ranged.get_or_none(size, after)
        if page is None:
            fails = size
        elif page.items:
            return page, fails
        else:
            shows_nothing = size
    return None, fails


def find_broken_key(ranged: RangedList, after: str | None, size: int) -> str | None:
    """Return the key of the next broken item after a key; deleted items may precede it.

    If several broken items have no readable item between them, return the key of the last one.

    Args:
        ranged: The list.
        after: Key of the item before it; ``None`` for the beginning of the list.
        size: Size of the page after that key whose last item is the broken one.

    Returns:
        The key in the PIM's sort order; ``None`` if the item can be read after all.

    Raises:
        PimUnavailable: Requests fail for other reasons as well.
    """
    # Keys before the broken item, in ascending order.
    failed = [after]
    following = next_readable_key(ranged, after)
    if following is None:
        ranged.may_skip_items = True

    def is_behind_it(key: str) -> bool:
        if following is not None and not ranged.order.is_beyond(following, key.lower()):
            return True
        if can_read_after(ranged, key, size):
            return True
        failed.append(key)
        return False

    for _ in range(MAX_SEARCHES):
        key = _first_key(ranged, failed[-1], is_behind_it, following)
        # After a temporary 500 the search may have passed readable items, so go back to a key that
        # still fails.
        found = len(failed)
        while failed and any(
            can_read_after(ranged, failed[-1], size) for _ in range(CONFIRMATIONS)
        ):
            failed.pop()
        if len(failed) == found:
            return key
        if not failed:
            return None
    reason = "the PIM answers 500 at random, so a broken item cannot be told from others"
    raise PimUnavailable(ranged.request.path, reason, 500)


def can_read_after(ranged: RangedList, key: str | None, size: int) -> bool:
    """Return whether no broken item comes between a key and the next readable item."""
    page = ranged.get_or_none(1, key)
    if page is None or page.items or size == 1:
        return page is not None
    # The first item is deleted, but the search index still has it.
    if ranged.get_or_none(size, key) is not None:
        return True
    return page_before_broken_item(ranged, key, size, shows_nothing=1)[0] is not None


def find_key_before_next_item(ranged: RangedList, after: str | None) -> str | None:
    """Return the first key after which a page has an item, or ``None`` if none is found.

    Args:
        ranged: The list.
        after: Key that is followed by whole pages of items that are deleted but still indexed.
    """
    following = next_readable_key(ranged, after)
    is_found = following is not None

    def shows_item(key: str) -> bool:
        nonlocal is_found
        if following is not None and not ranged.order.is_beyond(following, key.lower()):
            return True
        page = ranged.get_or_none(MAX_PAGE_SIZE, key)
        shows = page is None or bool(page.items)
        is_found |= shows
        return shows

    if following is None and not isinstance(ranged.order, UuidOrder):
        return _nearest_text((after or "").lower(), shows_item)
    key = _first_key(ranged, after, shows_item, following)
    return key if is_found else None


def _first_key(
    ranged: RangedList,
    after: str | None,
    is_behind_it: Callable[[str], bool],
    following: str | None,
) -> str:
    if isinstance(ranged.order, UuidOrder):
        return _first_uuid(after, is_behind_it, following)
    return _first_text((after or "").lower(), is_behind_it)


def next_readable_key(ranged: RangedList, after: str | None) -> str | None:
    """Return the key of the next readable item, or ``None`` if it does not exist or is not found.

    The search is by position, so it only finds items among the first 10,000.
    """
    positions = _Positions(ranged)

    def is_after(key: str) -> bool:
        return after is None or ranged.order.is_beyond(key, after.lower())

    found: str | None = None
    low, high = 1, min(count_items(ranged.pim, ranged.request) or 0, RESULT_WINDOW) + 1
    while low < high:
        middle = (low + high) // 2
        keys, end = positions.first_keys(middle, high)
        behind = [key for key in keys if is_after(key)]
        if behind and len(behind) < len(keys):
            return behind[0]
        if behind or not keys:
            high, found = middle, behind[0] if behind else found
        else:
            low = end
    before, _ = positions.first_keys(low - 1, low)
    if positions.looks > MAX_LOOKS or any(map(is_after, before)):
        # Too many items are broken, or positions changed during the search.
        return None
    return found


class _Positions:
    """Looks up keys by their position in a list, from 1."""

    def __init__(self, ranged: RangedList) -> None:
        self.looks = 0
        self._ranged = ranged
        self._reading = NumberedReading(ranged.pim, ranged.request)

    def first_keys(self, start: int, end: int) -> tuple[list[str], int]:
        """Return the keys of the first page with items, and the position after it."""
        position = max(start, 1)
        while position < end and self.looks <= MAX_LOOKS:
            page, size = self._page_at(position)
            if page is not None and page.items:
                return [self._ranged.key_of(item) for item in page.items], position + size
            position += size
        return [], end

    def _page_at(self, position: int) -> tuple[HalPage | None, int]:
        """Return the largest readable page that begins at a position, and its size."""
        page = None
        for size in (100, 10, 1):
            if (position - 1) % size == 0:
                self.looks += 1
                page = self._reading.get_or_none((position - 1) // size + 1, size)
                if page is not None:
                    return page, size
        return None, 1


def _first_uuid(
    after: str | None, can_read_after: Callable[[str], bool], following: str | None
) -> str:
    """Return the first uuid from which the next item can be read.

    Args:
        after: A uuid before it; ``None`` for the beginning of the list.
        can_read_after: Return whether the next item can be read from a uuid.
        following: A uuid from which it can, if one is known.
    """
    before = UUID(after).int if after else -1
    steps = (before + (FIRST_STEP << doubled) for doubled in range(UUIDS.bit_length()))
    candidates = chain(takewhile(lambda number: number < UUIDS - 1, steps), [UUIDS - 1])
    if following is not None:
        candidates = chain([UUID(following).int])
    number = _first(lambda number: can_read_after(str(UUID(int=number))), before, candidates)
    return str(UUID(int=number))


def _first_text(before: str, can_read_after: Callable[[str], bool]) -> str:
    """Return the first text after which the next item can be read; search by character."""
    last = chr(LAST_CODE_POINT)
    # The prefix that it shares with the key before it. In a sorted list, that is most of it.
    known = before
    while known and not can_read_after(known + last):
        known = known[:-1]
    least = ord(before[len(known)]) if len(known) < len(before) else 0
    while True:

        def can_read_after_character(code: int, known: str = known) -> bool:
            return can_read_after(known + _lower_from(code))

        candidates = [code for code in CODE_POINTS if code > least]
        first = _first(can_read_after_character, least, candidates)
        least = 0
        inside = known + chr(first - 1)
        if first == 1 or not can_read_after(inside + last):
            return known + _lower_from(first)
        known = inside


def _nearest_text(before: str, shows_item: Callable[[str], bool]) -> str | None:
    """Return the first text from which an item is shown; ``None`` if there seems to be none.

    Further texts may show nothing again, so all characters are tried, those of the last place
    first.
    """
    known, character, least = before, None, None
    for length in range(len(before), -1, -1):
        known, least = before[:length], before[length : length + 1]
        character, least = _first_character(known, least, shows_item)
        if character:
            break
    while character and least:
        # Behind the character before, further places may show more.
        inner, before_inner = _first_character(known + least, "", shows_item)
        if not inner:
            break
        known, character, least = known + least, inner, before_inner
    return known + character if character else None


def _first_character(
    known: str, least: str, shows_item: Callable[[str], bool]
) -> tuple[str | None, str]:
    """Return the first character of codes behind which an item is shown, and the one before it."""
    for character in CODE_CHARACTERS:
        if character > least:
            if shows_item(known + character):
                return character, least
            least = character
    return None, least


def _first(can_read: Callable[[int], bool], before: int, candidates: Iterable[int]) -> int:
    """Return the first number that can be read; it is at most the last of ascending candidates."""
    first = before
    for first in candidates:
        if can_read(first):
            break
        before = first
    while first - before > 1:
        middle = (before + first) // 2
        if can_read(middle):
            first = middle
        else:
            before = middle
    return first


def _lower_from(code: int) -> str:
    """Return the first character at or after a code point that lower-casing leaves unchanged."""
    while code in SURROGATES or chr(code).lower() != chr(code):
        code += 1
    return chr(code)
