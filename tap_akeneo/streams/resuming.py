"""Readings that a later run can resume if this one is interrupted, and their part of the state.

The bookmark is updated when a list is complete. Until then the state has the rest of the list:

    "unfinished": {
        "started": the PIM's clock when the reading began,
        "bookmark": the bookmark after the list is complete; null if the stream has none,
        "fingerprint": hash of everything that determines the list; if it differs, start again
            (`tap_akeneo.streams.fingerprints` names what is not specific to one list);
            null after the list is complete,
        "ranges": [[after, to], ...] still to read; null for the start or the end of the list,
        "read": number of items read so far,
        "counted": number of items that the PIM counted at the start
    }

The state also has the items for which the PIM responds with 500. Each run requests them again until
they are repaired or deleted:

    "broken": [{"after": key before it, "key": its key, "since": start of the date filter}, ...]
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tap_akeneo.pagination.base import KeyRange
from tap_akeneo.pagination.reading import ListReading
from tap_akeneo.streams.fingerprints import NOTHING_LEFT, digest, has_unfinished

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_akeneo.client.pim import Pim
    from tap_akeneo.pagination.base import ListRequest

logger = logging.getLogger("tap-akeneo.state")

State = dict[str, Any]

ITEMS_BETWEEN_STATES = 500
"""Items between two state messages; about as many are read again after an interruption."""


@dataclass(frozen=True)
class BrokenItem:
    """An item for which the PIM responds with 500.

    Attributes:
        after: Key of the item before it in that list, or ``None`` at the start.
        key: Key of the item.
        since: Start of the date filter of that list in ISO 8601, or ``None`` without a filter.
    """

    after: str | None
    key: str
    since: str | None


def broken_items(state: State) -> Iterator[BrokenItem]:
    """Yield the broken items in the state."""
    known = state.get("broken")
    for one in known if isinstance(known, list) else []:
        if isinstance(one, dict) and isinstance(one.get("key"), str):
            after, since = one.get("after"), one.get("since")
            if (after is None or isinstance(after, str)) and _is_date_or_none(since):
                yield BrokenItem(after, one["key"], since)


def broken_items_of(state: State, key: str) -> list[BrokenItem]:
    """Return the broken items in the state whose keys a list can have.

    Before PIM 7.0, the keys of products were identifiers.

    Args:
        state: The bookmark that contains the items.
        key: Name of the list's key.
    """
    items = list(broken_items(state))
    return [item for item in items if _is_uuid(item.key)] if key == "uuid" else items


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True


def _is_date_or_none(text: object) -> bool:
    if text is None:
        return True
    try:
        datetime.fromisoformat(str(text))
    except ValueError:
        return False
    return True


def write_broken_items(state: State, items: list[BrokenItem]) -> None:
    """Write broken items to the state, each key once, with its widest range and date filter."""
    by_key: dict[str, BrokenItem] = {}
    for item in items:
        known = by_key.get(item.key, item)
        after = min(known.after or "", item.after or "", key=lambda one: one.lower().encode())
        # All dates have the same UTC offset, so they sort as text.
        since = min(known.since or "", item.since or "")
        by_key[item.key] = BrokenItem(after or None, item.key, since or None)
    if by_key:
        state["broken"] = [vars(item) for item in by_key.values()]
    else:
        state.pop("broken", None)


class ResumableReading(ListReading):
    """A reading that saves the rest of the list to the state until it is complete.

    Args:
        pim: The PIM.
        request: The list.
        state: The bookmark of the stream, or of one of its partitions.
        fingerprints: What shapes the rows of the stream.
        started: The PIM's clock now.
        bookmark: The bookmark after the list is complete, or ``None`` if the stream has none.
        since: Start of the date filter in ISO 8601, or ``None`` without a filter.
        until: End of the date filter.

    Attributes:
        state: The bookmark of the stream, or of one of its partitions.
        started: The PIM's clock when the reading began, perhaps in an earlier run.
        bookmark: The bookmark after the list is complete.
        since: Start of the date filter.
        is_resumed: Whether an earlier run began it.
    """

    def __init__(  # noqa: PLR0913 (each by name)
        self,
        pim: Pim,
        request: ListRequest,
        state: State,
        fingerprints: Mapping[str, str | None],
        *,
        started: datetime,
        bookmark: datetime | None,
        since: str | None,
        until: str | None = None,
    ) -> None:
        self.state = state
        self.started = started
        self.bookmark = bookmark
        self.since = since
        self.is_resumed = False
        self._fingerprint = digest(
            [fingerprints, request.path, request.key_is_cursor, since, until]
        )
        left: Any = state.get("unfinished")
        ranges = _ranges(left, self._fingerprint, request)
        if ranges is None and has_unfinished(state):
            logger.info(
                "%s: an earlier run did not finish this list, but the date filter or the PIM have "
                "changed since: reading it from the start",
                request.path,
            )
        if ranges is None:
            super().__init__(pim, request)
        else:
            self.is_resumed = True
            self.started = datetime.fromisoformat(left["started"])
            self.bookmark = left["bookmark"] and datetime.fromisoformat(left["bookmark"])
            super().__init__(pim, request, ranges, read=left["read"], counted=left["counted"])
        self._saved = self.read

    @property
    def is_state_due(self) -> bool:
        """Whether enough items were read since the last state message to write another one."""
        due = self.read - self._saved >= ITEMS_BETWEEN_STATES
        if due:
            self._saved = self.read
        return due

    def save(self) -> None:
        """Write the rest of the list, and the broken items that were skipped, to the state."""
        if self.is_resumable:
            self.state["unfinished"] = {
                "started": self.started.isoformat(),
                "bookmark": self.bookmark and self.bookmark.isoformat(),
                "fingerprint": self._fingerprint,
                "ranges": [[one.after, one.to] for one in self.left],
                "read": self.read,
                "counted": self.counted,
            }
        else:
            self._leave_nothing()
        self._save_broken_items()

    def end(self) -> None:
        """Write the result of the reading to the state."""
        if self.is_complete or self.failures:
            # After a failure the next run starts again, because a resumed reading would not include
            # the changes since its start.
            self._leave_nothing()
            self._save_broken_items()
        else:
            self.save()

    def _leave_nothing(self) -> None:
        if "unfinished" in self.state:
            self.state["unfinished"] = dict(NOTHING_LEFT)

    def _save_broken_items(self) -> None:
        if broken := _as_items(self.broken_so_far, self.since):
            write_broken_items(self.state, [*broken_items(self.state), *broken])


class BrokenItemReading(ListReading):
    """Reads an item again that was broken in an earlier run.

    Args:
        pim: The PIM.
        request: The list that contains the item.
        state: The bookmark that contains the item.
        item: The item.
    """

    is_resumed = False

    def __init__(self, pim: Pim, request: ListRequest, state: State, item: BrokenItem) -> None:
        super().__init__(pim, request, [KeyRange(item.after, item.key)], is_known_broken=True)
        self._state = state
        self._item = item

    def end(self) -> None:
        """Update the broken items in the state: keep only those that are still broken."""
        others = [item for item in broken_items(self._state) if item.key != self._item.key]
        if not self.is_complete:
            others.append(self._item)
        still = _as_items(self.broken, self._item.since)
        write_broken_items(self._state, [*others, *still])


def _as_items(ranges: list[KeyRange], since: str | None) -> list[BrokenItem]:
    return [BrokenItem(one.after, one.to, since) for one in ranges if one.to is not None]


def _ranges(
    left: Any,  # noqa: ANN401 (JSON of any origin)
    fingerprint: str,
    request: ListRequest,
) -> list[KeyRange] | None:
    """Return the ranges that an earlier run left, or ``None`` if they cannot be used."""
    try:
        if left["fingerprint"] != fingerprint:
            return None
        datetime.fromisoformat(left["started"])
        if left["bookmark"] is not None:
            datetime.fromisoformat(left["bookmark"])
        ranges = [KeyRange(after, to) for after, to in left["ranges"]]
        ends: list[Any] = [end for one in ranges for end in (one.after, one.to) if end is not None]
        if request.key_is_cursor and request.keys[-1] == "uuid":
            ends = [str(UUID(end)) for end in ends]
        counts = left["read"], left["counted"] or 0
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    is_sound = all(isinstance(end, str) and end for end in ends) and all(
        isinstance(count, int) for count in counts
    )
    return ranges if ranges and is_sound else None
