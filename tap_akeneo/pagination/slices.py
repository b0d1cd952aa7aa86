"""Slices of a list as values, and the steps that read them.

A slice is what is left to read of a list, or of a part of it. A step sends the requests for its
next page, and returns the page and the slices that are left after it. Neither changes anything, so
any thread can read a slice, and what is left of a list is always the slices whose pages have not
been consumed.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tap_akeneo.client.responses import Page

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from tap_akeneo.client.pim import Pim

REBUILD_INDEX = "have the PIM's search index rebuilt"


NO_COUNT = (
    "the PIM answers 500 if it is asked for the count of this list, and without that nothing shows "
    "whether items are hidden behind others which only its search index has"
)

EMPTY = Page([], 0)


class ListFailed(Exception):
    """The list cannot be read completely; the message says why.

    What was read of it does not help a later run, which starts again.
    """


class ItemsBroken(ListFailed):
    """The list was read, except items for which the PIM answers 500."""


class ChangedBetweenRuns(Exception):
    """A list that several runs have read is not proven complete, because it changed between them.

    Only one reading from its start can prove that, as the PIM numbers only its first items.
    """


class OutOfOrder(Exception):
    """The items do not come in the order of their keys, which slices of the list depend on."""


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


@dataclass(frozen=True)
class BrokenRange:
    """A range of keys in which the PIM answers 500 for an item, and which has no readable item.

    Attributes:
        after: Key before the item; ``None`` for the beginning of the list.
        to: A key from which the list can be read on.
        near: A key before it, ``None`` for the beginning of the list, and then the keys of all
            readable items from there to ``after``; empty if they are unknown.
        is_single: Whether it certainly contains only one item.
        ends_with_item: Whether ``to`` is the key of the next readable item, which came with it.
    """

    after: str | None
    to: str
    near: tuple[str | None, ...] = ()
    is_single: bool = False
    ends_with_item: bool = False


@dataclass(frozen=True)
class EndOfList:
    """What was read of a list when all of its slices have ended.

    Attributes:
        read: Number of different items, including those of earlier runs, and broken ones whose
            number is certain.
        counted: The PIM's count when the reading began; ``None`` if it is unknown.
        highest: The greatest key; ``None`` if no item came or the list is not read by key.
        is_resumed: Whether an earlier run has read a part of it.
        is_part: Whether only a part was to be read, of which the PIM has no count.
    """

    read: int
    counted: int | None = None
    highest: str | None = None
    is_resumed: bool = False
    is_part: bool = False


class Slice(ABC):
    """A part of a list that is left to read."""

    @abstractmethod
    def step(self, pim: Pim) -> Step:
        """Request the next page.

        Raises:
            ListFailed: The list cannot be read completely.
            OutOfOrder: Its items are not sorted by their keys.
            ListDisabled: The PIM sends a message instead of a page.
            RequestFailed: The PIM did not send the page.
        """

    @property
    @abstractmethod
    def place(self) -> Hashable:
        """What the next request asks for. A list that comes to a place again would never end."""

    @property
    def is_search(self) -> bool:
        """Whether the next step searches for a broken item, with many requests."""
        return False

    @property
    def range(self) -> KeyRange | None:
        """The keys that are left, from which a later run can continue; ``None`` if it cannot."""
        return None

    def proof_of_end(self, ended: EndOfList) -> tuple[Slice, ...]:  # noqa: ARG002 (for subclasses)
        """Return what else to read until it is proven that nothing follows this last slice.

        Raises:
            ListFailed: Items are missing, and cannot be found.
            ChangedBetweenRuns: The list has to be read from its start.
        """
        return ()


@dataclass(frozen=True)
class Step:
    """The result of reading a slice once.

    Attributes:
        page: The next items of the slice; perhaps none.
        rest: What is left of it.
        end: The slice as it ended, if its end is still to be checked.
        counted: The PIM's count of the items in the list, if it was asked for.
        broken: A range in which the PIM answers 500 for an item.
        first: Key of the first item that the PIM sent; ``None`` without one.
        beyond: Key of the first item after the end of the slice, if the PIM sent one.
    """

    page: Page = EMPTY
    rest: tuple[Slice, ...] = ()
    end: Slice | None = None
    counted: int | None = None
    broken: BrokenRange | None = None
    first: str | None = None
    beyond: str | None = None


def merged(ranges: Iterable[KeyRange]) -> list[KeyRange]:
    """Return disjoint ranges with adjacent ones merged, and without empty ones."""
    ranges = [one for one in ranges if one.after is None or one.after != one.to]
    ends = {one.to for one in ranges if one.to is not None}
    following: dict[str | None, list[KeyRange]] = {}
    for one in ranges:
        following.setdefault(one.after, []).append(one)
    joined = []
    for one in ranges:
        if one.after is not None and one.after in ends:
            continue
        end = one
        while end.to is not None and following.get(end.to):
            end = following[end.to].pop()
        joined.append(KeyRange(one.after, end.to))
    return joined
