"""Finding the key of an item that the PIM cannot serve.

One broken product makes every page that holds it a 500 (#10066, #10573). A page of one item from
any key before it fails, and a page of one item from its own key does not: so the first key from
which such a page can be read is its key.
"""

from __future__ import annotations

from itertools import chain, takewhile
from typing import TYPE_CHECKING
from uuid import UUID

from tap_akeneo.client.errors import PimUnavailable
from tap_akeneo.pagination.keys import UUIDS, UuidOrder

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_akeneo.pagination.key_ranges import RangedList

MAX_SEARCHES = 10
"""Attempts to find a key while other requests fail as well."""

CONFIRMATIONS = 2
"""Further requests that a failure must outlast to count."""

FIRST_STEP = 1 << 96
"""Between two of four billion random uuids that is the usual distance."""

LAST_CODE_POINT = 0x10FFFF
SURROGATES = range(0xD800, 0xE000)


def _code_points() -> Iterator[int]:
    """Yield code points in geometric steps of 1/8, so that near letters are tried first."""
    code = ord(" ")
    while code < LAST_CODE_POINT:
        yield code
        code += code // 8
    yield LAST_CODE_POINT


CODE_POINTS = tuple(_code_points())


def find_broken_key(ranged: RangedList, after: str | None) -> str | None:
    """Return the key of the broken item that follows a key.

    Of several broken items without a readable one between them, it is the last one's key.

    Args:
        ranged: The list.
        after: Key of the item before it; ``None`` for the beginning of the list.

    Returns:
        The key as the PIM sorts it; ``None`` if the item can be read after all.

    Raises:
        PimUnavailable: Requests fail for other reasons as well.
    """
    # Keys before the item, each greater than the one before.
    failed = [after]
    readable = ranged.first_readable_after(after)
    bound = readable and readable.lower()

    def can_read_after(key: str) -> bool:
        if bound is not None and (key == bound or ranged.order.is_beyond(key, bound)):
            return True
        if ranged.get_or_none(1, key) is not None:
            return True
        failed.append(key)
        return False

    for _ in range(MAX_SEARCHES):
        if isinstance(ranged.order, UuidOrder):
            key = _first_uuid(failed[-1], can_read_after)
        else:
            key = _first_text((failed[-1] or "").lower(), can_read_after)
        # A 500 that was a passing fault leads past readable items, so go back to one that lasts.
        found = len(failed)
        while failed and any(ranged.get_or_none(1, failed[-1]) for _ in range(CONFIRMATIONS)):
            failed.pop()
        if len(failed) == found:
            return key
        if not failed:
            return None
    reason = "the PIM answers 500 at random, so a broken item cannot be told from others"
    raise PimUnavailable(ranged.request.path, reason, 500)


def _first_uuid(after: str | None, can_read_after: Callable[[str], bool]) -> str:
    """Return the first uuid from which the next item can be read."""
    before = UUID(after).int if after else -1
    steps = (before + (FIRST_STEP << doubled) for doubled in range(UUIDS.bit_length()))
    candidates = chain(takewhile(lambda number: number < UUIDS - 1, steps), [UUIDS - 1])
    number = _first(lambda number: can_read_after(str(UUID(int=number))), before, candidates)
    return str(UUID(int=number))


def _first_text(before: str, can_read_after: Callable[[str], bool]) -> str:
    """Return the first text from which the next item can be read, character by character."""
    last = chr(LAST_CODE_POINT)
    # What it has in common with the key before, which is most of it in a sorted list.
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


def _first(can_read: Callable[[int], bool], before: int, candidates: Iterable[int]) -> int:
    """Return the first number that can be read, which is at most the last of growing candidates."""
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
