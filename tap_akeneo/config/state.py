"""States of any origin: what of one a run can use, and what it sets aside."""

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
"""Where the state is in a STATE message, and in what ``meltano state get`` writes."""

OF_INCREMENTAL = ("partitions", "replication_key", "replication_key_value")
"""What full tables have no use for."""

MARKS = {
    "starting_replication_value",
    "replication_key_signpost",
    "progress_markers",
    "partitions",
    "unfinished",
    "broken",
}
"""What may stand beside a bookmark, or without one."""


class BookmarkKind(NamedTuple):
    """What the bookmarks of a stream look like.

    Attributes:
        replication_key: None for a full table.
        parent_key: What the bookmarks are for, None where the stream has a single one.
    """

    replication_key: str | None
    parent_key: str | None


def usable_state(state: Mapping[str, Any], kinds: Mapping[str, BookmarkKind]) -> dict[str, Any]:
    """Return what a run can use of a state, and log what it sets aside.

    Args:
        state: Of any origin.
        kinds: What the bookmarks of each stream look like.

    Raises:
        ConfigValidationError: It is not a state, or holds what is not a date; with all faults.
    """
    faults: list[str] = []
    bookmarks = _bookmarks_in(state, faults)
    unknown = ", ".join(sorted(bookmarks.keys() - kinds.keys()))
    if unknown:
        logger.warning("The state has bookmarks of streams that this tap has not: %s", unknown)
    usable = {}
    for stream, bookmark in bookmarks.items():
        if not isinstance(bookmark, dict):
            if stream in kinds:
                faults.append(f"the bookmark of {stream} is not an object")
        elif stream not in kinds:
            usable[stream] = _kept(bookmark)
        elif kinds[stream].replication_key is None:
            usable[stream] = _of_full_table(stream, bookmark)
        else:
            usable[stream] = _of_incremental(stream, bookmark, kinds[stream], faults)
    if faults:
        lines = [
            f"the state cannot be used: {fault}. Correct it, or run without it to read all"
            for fault in faults
        ]
        raise ConfigValidationError(lines[0], errors=lines)
    return {**state, "bookmarks": usable} if "bookmarks" in state else {"bookmarks": usable}


def _bookmarks_in(state: Mapping[str, Any], faults: list[str]) -> dict[str, Any]:
    for wrapper in WRAPPERS * 2:
        if "bookmarks" not in state and isinstance(state.get(wrapper), dict):
            logger.info("the state is taken from `%s` of the file", wrapper)
            state = state[wrapper]
    if "bookmarks" not in state and state.keys() - {"currently_syncing"}:
        faults.append(f"it has {', '.join(state)} where `bookmarks` should be")
    bookmarks = state.get("bookmarks")
    if bookmarks is None:
        return {}
    if isinstance(bookmarks, dict):
        return bookmarks
    faults.append("`bookmarks` is not an object")
    return {}


def _kept(bookmark: Bookmark) -> Bookmark:
    """A bookmark that is only kept, without what the SDK would stumble over."""
    kept = dict(bookmark)
    if not isinstance(kept.get("progress_markers", {}), dict):
        del kept["progress_markers"]
    partitions = kept.get("partitions", [])
    if not isinstance(partitions, list) or not all(isinstance(one, dict) for one in partitions):
        del kept["partitions"]
    return kept


def _of_full_table(stream: str, bookmark: Bookmark) -> Bookmark:
    if any(bookmark.get(name) for name in OF_INCREMENTAL):
        logger.warning(
            "the state has bookmarks of %s, which is always read whole: they are set aside", stream
        )
    kept = {key: value for key, value in bookmark.items() if key not in OF_INCREMENTAL}
    return _kept(kept)


def _of_incremental(
    stream: str, bookmark: Bookmark, kind: BookmarkKind, faults: list[str]
) -> Bookmark:
    bookmark = {key: value for key, value in bookmark.items() if value is not None}
    partitions = _as_list(bookmark.pop("partitions", ()), kind.parent_key)
    if not isinstance(bookmark.get("progress_markers", {}), dict):
        faults.append(f"the progress markers of {stream} are not an object")
    if partitions is None:
        faults.append(f"the bookmarks below {stream} are not a list of objects with a context")
        return bookmark
    fitting = [one for one in partitions if one["context"].keys() == {kind.parent_key}]
    if bookmark.get("replication_key", kind.replication_key) == kind.replication_key:
        faults.extend(_faults_of(stream, bookmark))
    for one in fitting:
        if one.get("replication_key") == kind.replication_key:
            faults.extend(_faults_of(stream, one))
    if faults:
        return bookmark
    of_this_tap = [
        one
        for one in (fitting if kind.parent_key else [bookmark])
        if one.get("replication_key") == kind.replication_key
    ]
    nothing = not partitions and not bookmark.keys() - MARKS
    others = len(partitions) - len(fitting)
    if not of_this_tap and not nothing and not any(one.keys() & MARKS for one in fitting):
        logger.warning(
            "The bookmark of %s is not one that this tap has written, so it is not used", stream
        )
    elif others:
        logger.warning(
            "the state has %d bookmarks below %s that are not of this tap: they are set aside",
            others,
            stream,
        )
    if fitting:
        bookmark["partitions"] = _without_repetition(stream, fitting)
    return bookmark


def _as_list(partitions: object, parent_key: str | None) -> list[Bookmark] | None:
    """The bookmarks below a stream, also from a map by parent; None where they are neither."""
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


def _without_repetition(stream: str, partitions: Iterable[Bookmark]) -> list[Bookmark]:
    """One bookmark for each parent: the earliest, because it misses nothing."""
    kept: dict[tuple[str, ...], Bookmark] = {}
    repeated = 0
    for one in partitions:
        parent = tuple(one["context"].values())
        repeated += parent in kept
        kept[parent] = min((kept.get(parent, one), one), key=_date_of)
    if repeated:
        logger.warning(
            "the state has more than one bookmark for %d parents of %s: the earliest is used",
            repeated,
            stream,
        )
    return list(kept.values())


def _date_of(bookmark: Bookmark) -> float:
    value = bookmark.get("replication_key_value")
    return parse_date(value).timestamp() if isinstance(value, str) else 0.0


def _faults_of(stream: str, bookmark: Bookmark) -> Iterator[str]:
    value = bookmark.get("replication_key_value")
    try:
        if value is not None and not isinstance(value, str):
            yield f"the bookmark of {stream}: {value!r} is not a date"
        elif value is not None:
            parse_date(value)
    except ValueError as fault:
        yield f"the bookmark of {stream}: {fault}"
