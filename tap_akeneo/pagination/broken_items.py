"""Search for the place of an item for which the PIM responds with 500.

Every page that contains a broken product fails (#10066, #10573). The largest page that does not
fail ends before it. A page of one item after a smaller key fails, and a page of one item after a
key from the broken item's own to the next item does not. The next item is found by its position, if
it is among those that the PIM lists by page number. Beyond these, a search among possible keys ends
as close to the broken item as `FAR_STEPS` halvings lead.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID

from tap_akeneo.client.errors import PimUnavailable
from tap_akeneo.client.responses import HalPage, Page
from tap_akeneo.pagination.key_orders import UUIDS, UuidOrder
from tap_akeneo.pagination.key_pages import KeyPages, NotShown, next_by_position
from tap_akeneo.pagination.slices import BrokenRange, ListFailed

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from tap_akeneo.client.responses import Item

MAX_SEARCHES = 5
"""Attempts to find a broken item before giving up, if other requests fail as well."""

CONFIRMATIONS = 2
"""Number of further requests that must fail as well before a failure counts."""

NEAR_STEPS = 16
"""Keys to try between two neighbours of a broken item; most often one or two are needed."""

FAR_STEPS = 22
"""Halvings of the keys behind a broken item whose next item is unknown."""

MAX_TEXT_STEPS = 66
"""The same for codes that do not begin like those before."""

FIRST_STEP = 1 << 110
"""First step of the search behind the first uuid of a list."""


def find_broken_range(
    pages: KeyPages,
    after: str | None,
    limit: int,
    recent: tuple[str | None, ...],
    known: Collection[BrokenRange] = (),
) -> tuple[Page, BrokenRange] | None:
    """Return the readable items before the next broken item, and the range that contains it.

    If several broken items have no readable item between them, the range contains all of them.

    Args:
        pages: The list.
        after: Key before the page that failed; ``None`` for the beginning of the list.
        limit: Size of that page.
        recent: A key before ``after``, ``None`` for the beginning of the list, and the keys of all
            items from there to ``after``.
        known: Ranges that were found before.

    Returns:
        The items, perhaps with the one after the range if no key between them was found. ``None``
        if the items are not the cause of the failure.

    Raises:
        PimUnavailable: Other requests fail at random as well.
    """
    for _ in range(MAX_SEARCHES):
        readable, size = _largest_readable(pages, after, 0, limit)
        if size == 1 and not pages.is_alive():
            return None
        if any(pages.get_or_none(size, after) is not None for _ in range(CONFIRMATIONS)):
            # A 500 can also be temporary.
            if pages.get_or_none(limit, after) is not None:
                return None
            continue
        keys = [key for key in map(pages.request.sort_key_of, readable.items) if key is not None]
        last = keys[-1] if keys else after
        near = (*recent, *keys)
        same = next((one for one in known if one.after == last and not one.ends_with_item), None)
        if same is not None and _is_behind(pages, same.to, size):
            page = Page(readable.items, readable.size, readable.invalid_text)
            return page, replace(same, near=near)
        place = _behind(pages, last, near, size)
        if place is None:
            # Other requests failed as well, so wait as long as for any other request.
            pages.get(1, pages.order.last)
            continue
        to, item, is_single = place
        items = [*readable.items, *([] if item is None else [item])]
        page = Page(items, readable.size, readable.invalid_text)
        # An item that came with the range would be missing in lists that step over it.
        near = () if item else near
        return page, BrokenRange(
            last, to, near, is_single=is_single, ends_with_item=item is not None
        )
    reason = "the PIM answers 500 at random, so the broken item cannot be identified"
    raise PimUnavailable(pages.request.path, reason, 500)


def _largest_readable(
    pages: KeyPages, after: str | None, low: int, high: int
) -> tuple[HalPage, int]:
    """Return the largest page after a key that does not fail, and the size of the next larger one.

    Args:
        pages: The list.
        after: The key.
        low: Size of a page that does not fail, and is empty.
        high: Size of a page that fails.
    """
    readable = HalPage.of([])
    while high - low > 1:
        middle = (low + high) // 2
        page = pages.get_or_none(middle, after)
        if page is None:
            high = middle
        else:
            low, readable = middle, page
    return readable, high


def _is_behind(pages: KeyPages, key: str | None, size: int) -> bool:
    """Return whether no broken item comes between a key and the next readable item.

    Args:
        pages: The list.
        key: The key.
        size: Size of a page that contains the broken item.
    """
    page = pages.get_or_none(1, key)
    if page is None or page.items:
        return page is not None
    # The first item is deleted, but the search index still has it.
    if pages.get_or_none(size, key) is not None:
        return True
    return bool(_largest_readable(pages, key, 1, size)[0].items)


def _behind(
    pages: KeyPages, last: str | None, near: tuple[str | None, ...], size: int
) -> tuple[str, Item | None, bool] | None:
    """Return a key behind a broken item, the item with that key, and whether one item is broken.

    The item is ``None`` unless the key is that of a readable item. Return ``None`` if other
    requests failed meanwhile, so that the key is not certain.

    Args:
        pages: The list.
        last: Key of the last readable item before the broken one.
        near: A key before it, ``None`` for the beginning of the list, and the keys of all items
            from there to the last one.
        size: Size of the page that failed.
    """
    keys = [key for key in near if key is not None]
    try:
        found = next_by_position(pages, last, near)
    except NotShown:
        return _far_behind(pages, last, keys or [*filter(None, [last])], size)
    item, is_single = found.item, found.is_next_but_one
    following = None if item is None else pages.request.sort_key_of(item)
    if following is None:
        return pages.order.last, None, False
    low = last
    for _ in range(NEAR_STEPS):
        key = pages.order.between(low, following, keys)
        if key is None:
            break
        if _is_behind(pages, key, size):
            return key, None, is_single
        low = key
    return following, item, is_single


def _far_behind(
    pages: KeyPages, last: str | None, keys: list[str], size: int
) -> tuple[str, None, bool] | None:
    """Return a key behind a broken item, close enough that a readable one between is unlikely.

    Return ``None`` if other requests failed meanwhile.
    """
    low, high = last, None
    for key in _steps_from(pages, last, keys):
        high = key
        if _is_behind(pages, key, size):
            break
        low = key
    # Codes have more places to halve than uuids, unless the next ones begin like those before.
    is_uuid = isinstance(pages.order, UuidOrder)
    for step in range(FAR_STEPS if is_uuid else MAX_TEXT_STEPS):
        is_like_known = step < FAR_STEPS and step % 2
        middle = pages.order.between(low, high, keys if is_like_known else ())
        if middle is None:
            break
        if _is_behind(pages, middle, size):
            high = middle
        else:
            low = middle
    if _is_behind(pages, low, size) or not pages.is_alive():
        return None
    if high is None:
        msg = f"nothing shows what follows the item after {last}, for which the PIM answers 500"
        raise ListFailed(msg)
    return high, None, False


def _steps_from(pages: KeyPages, last: str | None, keys: list[str]) -> Iterator[str]:
    """Yield keys after the last one at growing distances, if the keys are uuids."""
    if not isinstance(pages.order, UuidOrder):
        return
    start = UUID(last).int if last else 0
    first = UUID(keys[0]).int if keys else start
    step = 2 * (start - first) // len(keys) if start > first else FIRST_STEP
    while start + step < UUIDS:
        yield str(UUID(int=start + step))
        step *= 4
