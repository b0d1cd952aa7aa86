"""Readings that a later run can resume if this one is interrupted, and their part of the state.

The bookmark is updated when a list is complete. Until then the state has the rest of the list:

    "unfinished": {
        "started": the PIM's clock when the reading began,
        "bookmark": the bookmark after the list is complete; null if the stream has none,
        "fingerprint": hash of everything that determines the list; if it differs, start again
            (`tap_akeneo.streams.fingerprints` names what is not specific to one list);
            null after the list is complete,
        "since": start of the date filter; an earlier one starts again as well,
        "ranges": [[after, to], ...] still to read; null for the start or the end of the list,
        "read": number of items read so far,
        "counted": number of items that the PIM counted at the start,
        "by_key": true if the list's links showed that the ends of the ranges are keys
    }

The state also has the items for which the PIM responds with 500. Each run requests them again until
they are repaired or deleted:

    "broken": [{"after": key before it, "key": a key behind it, "since": start of the date filter,
                "is_single": true if no other broken item lies beside it}, ...]
"""

from __future__ import annotations

import logging
import time
from datetime import datetime  # noqa: TC003 (msgspec reads the annotations)
from typing import TYPE_CHECKING
from uuid import UUID

import msgspec

from tap_akeneo.pagination.key_orders import lower_case
from tap_akeneo.pagination.reading import ListReading
from tap_akeneo.pagination.slices import KeyRange
from tap_akeneo.streams.fingerprints import NOTHING_LEFT, digest, has_unfinished

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_akeneo.pagination.request import ListRequest
    from tap_akeneo.pagination.slices import BrokenRange
    from tap_akeneo.streams.fingerprints import State

logger = logging.getLogger("tap-akeneo.state")

ITEMS_BETWEEN_STATES = 300
"""Items between two state messages; about as many are read again after an interruption."""


class BrokenItem(msgspec.Struct, frozen=True):
    """An item for which the PIM responds with 500.

    Attributes:
        after: Key of the item before it in that list, or ``None`` at the start.
        key: Its own key, or one between it and the next item.
        since: Start of the date filter of that list, or ``None`` without a filter.
        is_single: Whether no other broken item lies beside it.
    """

    after: str | None
    key: str
    since: datetime | None = None
    is_single: bool = False


class _Unfinished(msgspec.Struct):
    """What the state has of a list that was not read to its end."""

    started: datetime
    bookmark: datetime | None
    fingerprint: str
    ranges: list[tuple[str | None, str | None]]
    read: int
    counted: int | None
    since: datetime | None = None
    by_key: bool = False


def broken_items(state: State, key: str | None = None) -> list[BrokenItem]:
    """Return the broken items in the state.

    Args:
        state: The bookmark that contains the items.
        key: Name of the list's key. Items whose keys such a list cannot have are left out: before
            PIM 7.0, the keys of products were identifiers.
    """
    known = state.get("broken")
    items = []
    for one in known if isinstance(known, list) else []:
        try:
            item = msgspec.convert(one, BrokenItem)
        except msgspec.ValidationError:
            continue
        if key != "uuid" or _are_uuids([item.after, item.key]):
            items.append(item)
    return items


def write_broken_items(state: State, items: Iterable[BrokenItem]) -> None:
    """Write broken items to the state, each key once, with its widest range and date filter."""
    by_key: dict[str, BrokenItem] = {}
    for item in items:
        known = by_key.get(item.key, item)
        after = min(known.after or "", item.after or "", key=lambda one: lower_case(one).encode())
        dates = [known.since, item.since]
        since = None if None in dates else min(date for date in dates if date is not None)
        is_single = known.is_single and item.is_single
        by_key[item.key] = BrokenItem(after or None, item.key, since, is_single)
    if by_key:
        state["broken"] = [
            {
                "after": one.after,
                "key": one.key,
                "since": _iso(one.since),
                **({"is_single": True} if one.is_single else {}),
            }
            for one in by_key.values()
        ]
    else:
        state.pop("broken", None)


class ResumableReading(ListReading):
    """A reading that saves the rest of the list to the state until it is complete.

    Args:
        request: The list.
        state: The bookmark of the stream, or of one of its partitions.
        fingerprints: What shapes the rows of the stream.
        started: The PIM's clock now.
        bookmark: The bookmark after the list is complete, or ``None`` if the stream has none.
        since: Start of the date filter, or ``None`` without a filter.
        until: End of the date filter.

    Attributes:
        state: The bookmark of the stream, or of one of its partitions.
        state_of_broken_items: The bookmark that keeps broken items.
        started: The PIM's clock when the reading began, perhaps in an earlier run.
        bookmark: The bookmark after the list is complete.
        begun_at: Our monotonic time when the reading began in this run.
        since: Start of the date filter, or ``None`` without a filter.
        until: End of the date filter.
        read_before: Number of items that an earlier run has read.
    """

    def __init__(  # noqa: PLR0913 (each by name)
        self,
        request: ListRequest,
        state: State,
        fingerprints: Mapping[str, str | None],
        *,
        started: datetime,
        bookmark: datetime | None,
        since: datetime | None,
        until: datetime | None = None,
    ) -> None:
        self.state = self.state_of_broken_items = state
        self.started = started
        self.bookmark = bookmark
        self.begun_at = time.monotonic()
        self.since = self._since = since
        self.until = until
        self._fingerprint = digest([fingerprints, request.path, request.key_is_cursor, _iso(until)])
        left = _usable_rest(state, self._fingerprint, request, since)
        if left is None:
            super().__init__(request)
        else:
            self.started, self.bookmark = left.started, left.bookmark
            super().__init__(
                request,
                [KeyRange(after, to) for after, to in left.ranges],
                read=left.read,
                counted=left.counted,
                is_by_key=left.by_key,
                is_resumed=True,
            )
        self._saved = self.read_before = self.read

    @property
    def is_state_due(self) -> bool:
        """Whether enough items were read since the last state message to write another one."""
        due = self.read - self._saved >= ITEMS_BETWEEN_STATES
        if due:
            self._saved = self.read
        return due

    def set_back(self, began: datetime) -> None:
        """Count the reading as begun earlier, by the clock of a server that answered later."""
        self.started = min(self.started, began)
        if self.bookmark is not None:
            self.bookmark = min(self.bookmark, began)

    def save(self) -> None:
        """Write the rest of the list, and the broken items that were skipped, to the state."""
        ranges = self.left
        if self.is_resumable and ranges and (self.is_resumed or self.read):
            self.state["unfinished"] = {
                "started": self.started.isoformat(),
                "bookmark": _iso(self.bookmark),
                "fingerprint": self._fingerprint,
                "since": _iso(self._since),
                "ranges": [[one.after, one.to] for one in ranges],
                "read": self.read,
                "counted": self.counted,
                **({"by_key": True} if self._shows_only_now_that_keys_are_cursors else {}),
            }
        else:
            self._leave_nothing()
        self._save_broken_items()

    def end(self) -> None:
        """Write the result of the reading to the state."""
        if self.is_read:
            self._leave_nothing()
            self._save_broken_items()
        else:
            self.save()

    @property
    def _shows_only_now_that_keys_are_cursors(self) -> bool:
        return self.request.key_is_cursor is None and self.is_by_key

    def _leave_nothing(self) -> None:
        if "unfinished" in self.state:
            self.state["unfinished"] = dict(NOTHING_LEFT)

    def _save_broken_items(self) -> None:
        if self.broken:
            broken = [_as_item(one, self.since) for one in self.broken]
            known = broken_items(self.state_of_broken_items)
            write_broken_items(self.state_of_broken_items, [*known, *broken])


class BrokenItemReading(ListReading):
    """Reads an item again that was broken in an earlier run.

    Args:
        request: The list that contains the item.
        state: The bookmark that contains the item.
        item: The item.
    """

    def __init__(self, request: ListRequest, state: State, item: BrokenItem) -> None:
        ranges = [KeyRange(item.after, item.key)]
        super().__init__(request, ranges, is_broken=True, is_single=item.is_single)
        self._state = state
        self._item = item

    def end(self) -> None:
        """Update the broken items in the state: keep only those that are still broken."""
        others = [item for item in broken_items(self._state) if item.key != self._item.key]
        still = [_as_item(one, self._item.since) for one in self.broken]
        if not self.is_read:
            still.append(self._item)
        write_broken_items(self._state, [*others, *still])


def _as_item(broken: BrokenRange, since: datetime | None) -> BrokenItem:
    return BrokenItem(broken.after, broken.to, since, broken.is_single)


def _usable_rest(
    state: State, fingerprint: str, request: ListRequest, since: datetime | None
) -> _Unfinished | None:
    """Return what an earlier run left of a list, or ``None`` if it left nothing usable.

    What it has read may be older than a later start of the date filter, which is no harm.
    """
    if not has_unfinished(state):
        return None
    try:
        left = msgspec.convert(state["unfinished"], _Unfinished)
    except msgspec.ValidationError:
        left = None
    is_uuid = bool(request.key_is_cursor) and request.keys[-1] == "uuid"
    is_usable = (
        left is not None
        and left.fingerprint == fingerprint
        and (left.since is None or (since is not None and since >= left.since))
        and bool(left.ranges)
        and "" not in {end for one in left.ranges for end in one}
        and (not is_uuid or _are_uuids(end for one in left.ranges for end in one))
    )
    if is_usable:
        return left
    logger.info(
        "%s: an earlier run did not finish this list, but the date filter or the PIM have "
        "changed since: reading it from the start",
        request.path,
    )
    return None


def _are_uuids(keys: Iterable[str | None]) -> bool:
    try:
        return all(UUID(key) for key in keys if key is not None)
    except ValueError:
        return False


def _iso(date: datetime | None) -> str | None:
    return None if date is None else date.isoformat()
