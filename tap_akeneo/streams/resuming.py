"""Readings that a later run resumes: what they leave in the state of their stream.

The bookmark moves when all of a list is out. Until then the state holds what is left:

    "unfinished": {
        "started": the PIM's clock when the reading began,
        "bookmark": where the bookmark moves when all is out; null if the stream has none,
        "fingerprint": of what shapes the list; with another one the reading begins anew,
        "ranges": [[after, to], ...], not yet read; null for the start or the end of the list,
        "read": items read so far,
        "counted": items that the PIM counted at the start
    }

and the items that the PIM answers with 500, which each run asks for until they are repaired or
deleted:

    "broken": [{"after": key before it, "key": its key, "since": start of the date filter}, ...]
"""

from __future__ import annotations

import hashlib
import json
import logging
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tap_akeneo.pagination.base import KeyRange
from tap_akeneo.pagination.reading import ListReading

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_akeneo.client.pim import Pim
    from tap_akeneo.pagination.base import ListRequest

logger = logging.getLogger("tap-akeneo.state")

State = dict[str, Any]

ITEMS_BETWEEN_STATES = 500
"""A run that is killed reads about as many items twice."""


@dataclass(frozen=True)
class BrokenItem:
    """An item that the PIM answers with 500.

    Attributes:
        after: Key of the item before it, in the list that was read then; ``None`` for the start.
        key: Its key, as the PIM sorts it.
        since: Start of the date filter of that list, in ISO 8601; ``None`` for no filter.
    """

    after: str | None
    key: str
    since: str | None


def broken_items(state: State) -> Iterator[BrokenItem]:
    """Yield the broken items that earlier runs left in the state."""
    known = state.get("broken")
    for one in known if isinstance(known, list) else []:
        if isinstance(one, dict) and isinstance(one.get("key"), str):
            after, since = one.get("after"), one.get("since")
            if (after is None or isinstance(after, str)) and _is_date_or_none(since):
                yield BrokenItem(after, one["key"], since)


def _is_date_or_none(text: object) -> bool:
    try:
        return text is None or bool(datetime.fromisoformat(str(text)))
    except ValueError:
        return False


def write_broken_items(state: State, items: list[BrokenItem]) -> None:
    """Keep broken items in the state, each key once, with the widest range that it ended."""
    by_key: dict[str, BrokenItem] = {}
    for item in items:
        known = by_key.get(item.key, item)
        after = min(known.after or "", item.after or "", key=lambda one: one.lower().encode())
        # Dates of one stream have the same offset, so they sort as texts.
        since = min(known.since or "", item.since or "")
        by_key[item.key] = BrokenItem(after or None, item.key, since or None)
    if by_key:
        state["broken"] = [vars(item) for item in by_key.values()]
    else:
        state.pop("broken", None)


class ResumableReading(ListReading):
    """A reading that the state keeps until it is complete.

    Args:
        pim: The PIM.
        request: The list.
        state: The bookmark of the stream, or of one of its partitions.
        shape: The list without its date filter, whose text may differ between two runs.
        started: The PIM's clock now.
        bookmark: Where the bookmark moves when all is out; ``None`` if the stream has none.
        since: Start of the date filter of the list, in ISO 8601; ``None`` for no filter.
        until: End of it.

    Attributes:
        state: See above.
        started: The PIM's clock when the reading began, perhaps in an earlier run.
        bookmark: See above.
        since: See above.
        is_resumed: Whether an earlier run began it.
    """

    def __init__(  # noqa: PLR0913 (what a state has to know)
        self,
        pim: Pim,
        request: ListRequest,
        state: State,
        shape: ListRequest,
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
        self._fingerprint = _fingerprint(pim, shape, since, until)
        left: Any = state.get("unfinished")
        ranges = _ranges(left, self._fingerprint, shape)
        if left is not None and ranges is None:
            logger.info(
                "%s: an earlier run left its reading unfinished, but settings or the PIM have "
                "changed since, so it begins anew",
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
        """Return whether enough was read since the last time to write the state out."""
        due = self.read - self._saved >= ITEMS_BETWEEN_STATES
        if due:
            self._saved = self.read
        return due

    def save(self) -> None:
        """Keep in the state what is left, and the broken items that were stepped over."""
        self.state["unfinished"] = {
            "started": self.started.isoformat(),
            "bookmark": self.bookmark and self.bookmark.isoformat(),
            "fingerprint": self._fingerprint,
            "ranges": [[one.after, one.to] for one in self.left],
            "read": self.read,
            "counted": self.counted,
        }
        self._save_broken_items()

    def end(self) -> None:
        """Keep in the state what the reading has come to."""
        if self.is_complete or self.failures:
            # After a failure the next run reads all of it again: the changes since the start would
            # wait as long as the failure lasts.
            self.state.pop("unfinished", None)
            self._save_broken_items()
        else:
            self.save()

    def _save_broken_items(self) -> None:
        found = [
            BrokenItem(one.after, one.to, self.since)
            for one in self.broken_so_far
            if one.to is not None
        ]
        if found:
            write_broken_items(self.state, [*broken_items(self.state), *found])


class BrokenItemReading(ListReading):
    """Asks again for an item that the PIM answered with 500.

    Args:
        pim: The PIM.
        request: The list in which it was found.
        state: The bookmark that it is kept in.
        item: The item.
    """

    is_resumed = False

    def __init__(self, pim: Pim, request: ListRequest, state: State, item: BrokenItem) -> None:
        super().__init__(pim, request, [KeyRange(item.after, item.key)], is_known_broken=True)
        self._state = state
        self._item = item

    def end(self) -> None:
        """Keep in the state what is still broken."""
        others = [item for item in broken_items(self._state) if item.key != self._item.key]
        if not self.is_complete:
            others.append(self._item)
        still = [
            BrokenItem(one.after, one.to, self._item.since)
            for one in self.broken
            if one.to is not None
        ]
        write_broken_items(self._state, [*others, *still])


def _fingerprint(pim: Pim, shape: ListRequest, *dates: str | None) -> str:
    facts = [pim.base_url, shape.path, dict(shape.params), shape.keys, shape.key_is_cursor, dates]
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:16]


def _ranges(left: Any, fingerprint: str, shape: ListRequest) -> list[KeyRange] | None:  # noqa: ANN401 (of any origin)
    """Return the ranges that an earlier run left, ``None`` if they are of no use."""
    try:
        if left["fingerprint"] != fingerprint:
            return None
        datetime.fromisoformat(left["started"])
        if left["bookmark"] is not None:
            datetime.fromisoformat(left["bookmark"])
        ranges = [KeyRange(after, to) for after, to in left["ranges"]]
        ends = [end for one in ranges for end in (one.after, one.to) if end is not None]
        if shape.key_is_cursor and shape.keys[-1] == "uuid":
            ends = [str(UUID(end)) for end in ends]
        counts = left["read"], left["counted"] or 0
    except (AttributeError, KeyError, TypeError, ValueError):
        return None
    is_sound = all(isinstance(end, str) and end for end in ends) and all(
        isinstance(count, int) for count in counts
    )
    return ranges if ranges and is_sound else None
