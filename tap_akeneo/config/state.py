"""Validates states, also those that another tap, another version or a user wrote."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, NamedTuple

from singer_sdk.exceptions import ConfigValidationError

from tap_akeneo.config.settings import parse_date

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

logger = logging.getLogger("tap-akeneo.state")

Bookmark = dict[str, Any]

WRAPPERS = ("value", "singer_state", "completed", "partial")
"""Keys of the state in a STATE message, and in the output of ``meltano state get``."""

INCREMENTAL_KEYS = ("partitions", "replication_key", "replication_key_value")
"""Keys in the bookmark of an incremental stream that a full table does not use."""

PROGRESS_KEYS = {
    "starting_replication_value",
    "replication_key_signpost",
    "progress_markers",
    "partitions",
    "unfinished",
    "broken",
    "fingerprints",
}
"""Keys that a run may leave in the state before it has a bookmark."""


READ_EVERYTHING = "run once with --full-refresh in Meltano, or without --state"
"""How to read everything again. The next runs are incremental, because they write a new state."""


class BookmarkKind(NamedTuple):
    """The form of a stream's bookmarks.

    Attributes:
        replication_key: The replication key, or None for a full table.
        parent_key: Key in the context of each bookmark, or None if the stream has only one.
    """

    replication_key: str | None
    parent_key: str | None


def usable_state(state: Mapping[str, Any], kinds: Mapping[str, BookmarkKind]) -> dict[str, Any]:
    """Return the usable part of a state, and log what is ignored.

    Args:
        state: The state.
        kinds: The form of the bookmarks of each stream.

    Raises:
        ConfigValidationError: It is not a state, or contains invalid dates; it has all messages.
    """
    errors: list[str] = []
    bookmarks = _bookmarks_in(state, errors)
    unknown = ", ".join(sorted(bookmarks.keys() - kinds.keys()))
    if unknown:
        logger.warning(
            "the state has bookmarks of unknown streams: %s. If another tap wrote it, %s",
            unknown,
            READ_EVERYTHING,
        )
    usable = {}
    for stream, bookmark in bookmarks.items():
        if not isinstance(bookmark, dict):
            if stream in kinds:
                errors.append(f"the bookmark of {stream} is not an object")
        elif stream not in kinds:
            usable[stream] = _without_invalid_parts(bookmark)
        elif kinds[stream].replication_key is None:
            usable[stream] = _full_table_bookmark(stream, bookmark)
        else:
            usable[stream] = _incremental_bookmark(stream, bookmark, kinds[stream], errors)
    if errors:
        lines = [
            f"the state cannot be used: {error}. Correct it, or {READ_EVERYTHING}"
            for error in errors
        ]
        raise ConfigValidationError(lines[0], errors=lines)
    return {**state, "bookmarks": usable} if "bookmarks" in state else {"bookmarks": usable}


def _bookmarks_in(state: Mapping[str, Any], errors: list[str]) -> dict[str, Any]:
    for wrapper in WRAPPERS * 2:
        if "bookmarks" not in state and isinstance(state.get(wrapper), dict):
            logger.info("the state was found under `%s` in the file", wrapper)
            state = state[wrapper]
    if "bookmarks" not in state and state.keys() - {"currently_syncing"}:
        errors.append(f"it has {', '.join(state)} instead of `bookmarks`")
    bookmarks = state.get("bookmarks")
    if bookmarks is None:
        return {}
    if isinstance(bookmarks, dict):
        return bookmarks
    errors.append("`bookmarks` is not an object")
    return {}


def _without_invalid_parts(bookmark: Bookmark) -> Bookmark:
    """Remove the parts of a bookmark that the SDK cannot read."""
    kept = dict(bookmark)
    if not isinstance(kept.get("progress_markers", {}), dict):
        del kept["progress_markers"]
    partitions = kept.get("partitions", [])
    if not isinstance(partitions, list) or not all(isinstance(one, dict) for one in partitions):
        del kept["partitions"]
    return kept


def _full_table_bookmark(stream: str, bookmark: Bookmark) -> Bookmark:
    if any(bookmark.get(name) for name in INCREMENTAL_KEYS):
        logger.warning(
            "the state has bookmarks of %s, which is always read in full: they are ignored",
            stream,
        )
    kept = {key: value for key, value in bookmark.items() if key not in INCREMENTAL_KEYS}
    return _without_invalid_parts(kept)


def _incremental_bookmark(
    stream: str, bookmark: Bookmark, kind: BookmarkKind, errors: list[str]
) -> Bookmark:
    bookmark = {key: value for key, value in bookmark.items() if value is not None}
    partitions = _parse_partitions(bookmark.pop("partitions", ()), kind.parent_key)
    if not isinstance(bookmark.get("progress_markers", {}), dict):
        errors.append(f"the progress markers of {stream} are not an object")
    if partitions is None:
        errors.append(f"the bookmarks below {stream} are not a list of objects with a context")
        return bookmark
    known = [one for one in partitions if one["context"].keys() == {kind.parent_key}]
    if bookmark.get("replication_key", kind.replication_key) == kind.replication_key:
        errors.extend(_date_errors(stream, bookmark))
    for one in known:
        if one.get("replication_key") == kind.replication_key:
            errors.extend(_date_errors(stream, one))
    if errors:
        return bookmark
    usable = [
        one
        for one in (known if kind.parent_key else [bookmark])
        if one.get("replication_key") == kind.replication_key
    ]
    nothing = not partitions and not bookmark.keys() - PROGRESS_KEYS
    others = len(partitions) - len(known)
    if not usable and not nothing and not any(one.keys() & PROGRESS_KEYS for one in known):
        logger.warning(
            "this tap did not write the bookmark of %s in the state: it is ignored. If another "
            "tap wrote the state, %s",
            stream,
            READ_EVERYTHING,
        )
    elif others:
        logger.warning(
            "the state has %d bookmarks below %s that this tap did not write: they are ignored",
            others,
            stream,
        )
    if known:
        bookmark["partitions"] = _without_duplicates(stream, known)
    return bookmark


def _parse_partitions(partitions: object, parent_key: str | None) -> list[Bookmark] | None:
    """Return the bookmarks of each parent, from a list or a map; None if they are neither."""
    if isinstance(partitions, dict) and parent_key:
        partitions = [
            one if "context" in one else {"context": {parent_key: code}, **one}
            for code, one in partitions.items()
            if isinstance(one, dict)
        ]
    elif isinstance(partitions, dict):
        partitions = [
            {**one, "context": {}} for one in partitions.values() if isinstance(one, dict)
        ]
    if not isinstance(partitions, (list, tuple)):
        return None
    for one in partitions:
        if not isinstance(one, dict) or not isinstance(one.get("context"), dict):
            return None
    return [
        {**one, "context": {key: str(code) for key, code in one["context"].items()}}
        for one in partitions
    ]


def _without_duplicates(stream: str, partitions: Iterable[Bookmark]) -> list[Bookmark]:
    """Keep one bookmark for each parent: the earliest one, which cannot miss changes."""
    kept: dict[tuple[str, ...], Bookmark] = {}
    duplicates = 0
    for one in partitions:
        parent = tuple(one["context"].values())
        duplicates += parent in kept
        kept[parent] = min((kept.get(parent, one), one), key=_timestamp)
    if duplicates:
        logger.warning(
            "the state has more than one bookmark for %d parents of %s: the earliest is used",
            duplicates,
            stream,
        )
    return list(kept.values())


def _timestamp(bookmark: Bookmark) -> float:
    value = bookmark.get("replication_key_value")
    return parse_date(value).timestamp() if isinstance(value, str) else 0.0


def _date_errors(stream: str, bookmark: Bookmark) -> Iterator[str]:
    value = bookmark.get("replication_key_value")
    try:
        if value is not None and not isinstance(value, str):
            yield f"the bookmark of {stream}: {value!r} is not a date"
        elif value is not None:
            parse_date(value)
    except ValueError as error:
        yield f"the bookmark of {stream}: {error}"
