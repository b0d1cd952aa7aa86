"""What must be true after a run. Each check returns what is wrong, in words."""

from __future__ import annotations

import json
from collections import defaultdict
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from tap_akeneo.streams.fingerprints import has_unfinished
from tests.support import KEYS_OF

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Mapping

    from pim_simulator import SimulatedPim
    from tests.soak.target import Key, Target, TargetWriter
    from tests.support import Message

Item = tuple[str, "Key"]
"""A stream and a key."""

COMPARED = ("enabled", "parent", "family", "labels")
"""Properties that writes change, besides categories and one text among the values."""

INDEX_MARGIN = timedelta(minutes=10)
DATE_MARGIN = timedelta(days=1)
"""Time that docs/deletions.md subtracts from `read_at`; the second where dates can be wrong."""


def contents(pim: SimulatedPim, keys: Mapping[str, Key]) -> dict[Item, str]:
    """Return the content of each item that the PIM shows.

    Args:
        pim: The PIM.
        keys: The streams, and the names of their keys.
    """
    found = {}
    for stream, names in keys.items():
        for row in pim.truth(KEYS_OF.get(stream, stream)):
            key = tuple(row[name] for name in names)
            if key[-1] not in pim.missing:
                found[stream, key] = content(stream, row)
    return found


def content(stream: str, row: Message) -> str:
    """Return the part of a row that writes change, without its dates."""
    if stream in KEYS_OF:
        return ""
    values = row.get("values") or {}
    texts = [one["data"] for name in ("name", "label") for one in values.get(name, ())]
    kept = {name: row[name] for name in COMPARED if row.get(name)}
    return json.dumps([kept, sorted(row.get("categories") or ()), sorted(texts)], sort_keys=True)


def missing(expected: Mapping[Item, str], target: Target) -> Iterator[str]:
    """Yield what the target does not have as the PIM shows it."""
    for (stream, key), own in expected.items():
        row = target.rows[stream].get(key)
        if row is None:
            yield f"{stream} {key} never came"
        elif content(stream, row) != own:
            yield f"{stream} {key} is old: {content(stream, row)}, but the PIM has {own}"


def deleted(there: Iterable[Item], target: Target) -> Iterator[str]:
    """Yield the rows that ACTIVATE_VERSION deleted although the PIM had them all the time."""
    for stream, key in there:
        if key not in target.rows[stream]:
            yield f"{stream} {key} was deleted in the target, but not in the PIM"


def not_deleted(living: Collection[Item], target: Target, streams: Iterable[str]) -> Iterator[str]:
    """Yield the rows of full tables that the target should have deleted."""
    for stream in streams:
        for key in target.rows[stream]:
            if (stream, key) not in living:
                yield f"{stream} {key} was deleted in the PIM, but not in the target"


def came_twice(writer: TargetWriter) -> Iterator[str]:
    """Yield the keys that came more than once in a run."""
    for stream, times in writer.times.items():
        for key, count in times.items():
            if count > 1:
                yield f"{stream} {key} came {count} times in one run"


class DeletionRule:
    """The rule of docs/deletions.md and of the dbt package, for one table.

    A row is deleted if a complete reading that covers it did not find it, and all rows of that
    reading are in the table. A row of an incremental table must also have changed last well before
    the reading of the keys.

    Args:
        target: The target.
        proof: The full table, or the stream of the keys of an incremental table.
        is_old: Whether the PIM is of version 5.0 or older, whose dates can be wrong.
    """

    def __init__(self, target: Target, proof: str, *, is_old: bool) -> None:
        self.stream = KEYS_OF.get(proof, proof)
        self._rows = target.rows[self.stream]
        self._read_at = {key: _date(row["read_at"]) for key, row in target.rows[proof].items()}
        self._has_keys = proof in KEYS_OF
        has_wrong_dates = is_old or proof == "category_keys"
        self._margin = DATE_MARGIN if has_wrong_dates else INDEX_MARGIN
        self._readings: dict[str, datetime] = {}
        for row in target.rows["readings"].values():
            if row["stream"] == proof and row["is_full"] and self._is_loaded(row):
                times = (self._readings.get(row["parent"]), _date(row["read_at"]))
                self._readings[row["parent"]] = max(one for one in times if one is not None)

    def _is_loaded(self, reading: Message) -> bool:
        parent, read_at = reading["parent"], _date(reading["read_at"])
        own = [
            key
            for key, date in self._read_at.items()
            if date == read_at and parent in {"*", "/".join(key[:-1])}
        ]
        return len(own) == int(reading["row_count"])

    def deleted(self) -> set[Key]:
        """Return the keys of the rows that count as deleted."""
        return {key for key in self._rows if self._is_deleted(key)}

    def not_found(self, living: Collection[Item]) -> Iterator[str]:
        """Yield the deleted rows that the rule does not find."""
        for key, row in self._rows.items():
            is_gone = (self.stream, key) not in living
            is_dated = not self._has_keys or row.get("updated")
            if is_gone and is_dated and not self._is_deleted(key):
                yield f"{self.stream} {key} was deleted in the PIM, but counts as living"

    def _is_deleted(self, key: Key) -> bool:
        covering = [self._readings.get(parent) for parent in ("*", "/".join(key[:-1]))]
        reading = max((one for one in covering if one is not None), default=None)
        read_at = self._read_at.get(key)
        if reading is None or (read_at is not None and read_at >= reading):
            return False
        updated = self._rows[key].get("updated")
        is_older = updated is not None and _date(updated) < reading - self._margin
        return is_older or not self._has_keys


def several_readings(writer: TargetWriter) -> Iterator[str]:
    """Yield the key streams whose rows of one run have different times."""
    times = defaultdict(set)
    for stream, _, row in writer.history:
        if stream in KEYS_OF:
            times[stream].add(row["read_at"])
    for stream, found in times.items():
        if len(found) > 1:
            yield f"{stream} has rows with {sorted(found)} in one run"


def mixed_readings(living: Iterable[Item], target: Target) -> Iterator[str]:
    """Yield the keys that were there all the time, but do not have the time of the last reading."""
    for stream, key in living:
        row = target.rows[stream].get(key)
        if row is not None:
            last = max(other["read_at"] for other in target.rows[stream].values())
            if row["read_at"] != last:
                yield f"{stream} {key} has {row['read_at']}, but the keys were read at {last}"


def not_covered(
    history: Iterable[tuple[str, Key, Message]],
    expected: Mapping[Item, str],
    before: Mapping[Item, Message],
    settled_at: Mapping[Item, datetime],
    ignored: Collection[str],
) -> Iterator[str]:
    """Yield items that are neither in the rows before a STATE nor in the ranges that it has.

    Args:
        history: The rows and states of the run, in their order.
        expected: Items that were there during the whole run, and their content.
        before: The rows that the target had before the run.
        settled_at: When the index showed an item as it is.
        ignored: Fingerprints of lists with a filter, which a run without it does not resume.
    """
    rows = dict(before)
    for stream, key, value in history:
        if stream:
            rows[stream, key] = value
            continue
        for name, one in _unfinished(value):
            if one["unfinished"]["fingerprint"] in ignored:
                continue
            ranges = [*map(tuple, one["unfinished"]["ranges"])]
            if overlapping := _overlapping(ranges):
                yield f"{name}: the state has ranges that overlap: {overlapping}"
            ranges += [(broken["after"], broken["key"]) for broken in one.get("broken", ())]
            started, parents = one["unfinished"]["started"], tuple(one.get("context", {}).values())
            for item, text in expected.items():
                is_here = item[0] == name and item[1][:-1] == parents
                if is_here and settled_at[item] < _date(started):
                    came = _has_come(item, text, rows.get(item), started)
                    if not came and not any(_is_in(item[1][-1], one) for one in ranges):
                        yield f"{item} is neither read nor left in the state: {ranges}"


def unfinished_lists(history: Iterable[tuple[str, Key, Message]], stream: str) -> set[str]:
    """Return the fingerprints of a stream's unfinished lists in the states of a run."""
    return {
        one["unfinished"]["fingerprint"]
        for row_of, _, value in history
        if not row_of
        for name, one in _unfinished(value)
        if name == stream
    }


def _unfinished(state: Message) -> Iterator[tuple[str, Message]]:
    """Yield the streams and bookmarks in a state that have an unfinished list."""
    for name, bookmark in state.get("bookmarks", {}).items():
        for one in (bookmark, *bookmark.get("partitions", ())):
            if has_unfinished(one):
                yield name, one


def _has_come(item: Item, text: str, row: Message | None, started: str) -> bool:
    """Return whether a row is that of the item as it is, or of this reading of the keys."""
    if row is None or item[0] not in KEYS_OF:
        return row is not None and content(item[0], row) == text
    return bool(row["read_at"] == started)


def _overlapping(ranges: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    ordered = sorted(ranges, key=lambda one: _order(one[0]))
    return [
        pair
        for pair in pairwise(ordered)
        if pair[0][1] is None or _order(pair[0][1]) > _order(pair[1][0])
    ]


def _is_in(key: str, part: tuple[Any, ...]) -> bool:
    after, to = part
    is_after = after is None or _order(key) > _order(after)
    return is_after and (to is None or _order(key) <= _order(to))


def _order(key: str | None) -> bytes:
    return (key or "").lower().encode()


def _date(text: str) -> datetime:
    return datetime.fromisoformat(text)
