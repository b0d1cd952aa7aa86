"""Checks states: what this tap did not write is ignored."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated, Any, NamedTuple

import msgspec
from singer_sdk.exceptions import ConfigValidationError

from tap_akeneo.config.settings import parse_date

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

logger = logging.getLogger("tap-akeneo.state")

WRAPPERS = ("value", "singer_state", "completed", "partial")
"""Keys of the state in a STATE message, and in the output of ``meltano state get``."""

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


_NoPartitions = Annotated[list[Any], msgspec.Meta(max_length=0)]


class _Bookmark(msgspec.Struct):
    """What a run leaves in any bookmark, until or beside its date."""

    progress_markers: dict[str, Any] = {}
    starting_replication_value: str | None = None
    replication_key_signpost: str | None = None
    unfinished: Any = None
    broken: Any = None
    refresh: Any = None
    fingerprints: Any = None


class _FullTable(_Bookmark):
    """The bookmark of a full table."""

    replication_key: None = None
    replication_key_value: None = None
    partitions: _NoPartitions = []


class _Incremental(_Bookmark):
    """The bookmark of one list; its context names the parent that has the list."""

    replication_key: str | None = None
    replication_key_value: str | None = None
    partitions: _NoPartitions = []
    context: dict[str, str] = {}


class _Partitioned(_Bookmark):
    """The bookmarks of a stream that has one list for each parent."""

    replication_key: None = None
    replication_key_value: None = None
    partitions: list[_Incremental] = []


class _Unknown(msgspec.Struct):
    """The bookmark of a stream that this version does not have. The SDK must be able to read it."""

    progress_markers: dict[str, Any] = {}
    partitions: list[dict[str, Any]] = []


def usable_state(state: Mapping[str, Any], kinds: Mapping[str, BookmarkKind]) -> dict[str, Any]:
    """Return the usable part of a state, and log what is ignored.

    A bookmark of another form than this tap writes is ignored, so its stream is read in full.

    Args:
        state: The state.
        kinds: The form of the bookmarks of each stream.

    Raises:
        ConfigValidationError: It is not a state, or contains invalid dates; it has all messages.
    """
    errors: list[str] = []
    bookmarks = _bookmarks_in(state, errors)
    if unknown := sorted(bookmarks.keys() - kinds.keys()):
        logger.warning(
            "the state has bookmarks of unknown streams: %s. If another tap wrote it, %s",
            ", ".join(unknown),
            READ_EVERYTHING,
        )
    usable = {}
    for stream, bookmark in bookmarks.items():
        lists = _own_bookmarks(bookmark, kinds.get(stream))
        if lists is not None:
            errors += [f"the bookmark of {stream}: {error}" for error in _date_errors(lists)]
            usable[stream] = bookmark
        elif stream in kinds:
            logger.warning(
                "this tap did not write the bookmark of %s in the state: it is ignored. If another "
                "tap wrote the state, %s",
                stream,
                READ_EVERYTHING,
            )
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


def _own_bookmarks(bookmark: Any, kind: BookmarkKind | None) -> list[_Incremental] | None:  # noqa: ANN401 (JSON)
    """Return the bookmarks of a stream's lists, or None if this tap did not write them."""
    form: type[_Partitioned | _Incremental]
    try:
        if kind is None or kind.replication_key is None:
            msgspec.convert(bookmark, _FullTable if kind else _Unknown)
            return []
        form = _Partitioned if kind.parent_key else _Incremental
        content = msgspec.convert(bookmark, form)
    except msgspec.ValidationError:
        return None
    lists = content.partitions if isinstance(content, _Partitioned) else [content]
    parents = {tuple(one.context.items()) for one in lists}
    is_ours = (
        # Later versions may add keys, but those that we know do not go away.
        (not bookmark or bool(bookmark.keys() & {*form.__struct_fields__}))
        and all(one.context.keys() == {kind.parent_key} - {None} for one in lists)
        and all(_has_replication_key(one, kind.replication_key) for one in lists)
        and len(parents) == len(lists)
    )
    return lists if is_ours else None


def _has_replication_key(bookmark: _Incremental, replication_key: str) -> bool:
    if bookmark.replication_key is None:
        return bookmark.replication_key_value is None
    return bookmark.replication_key == replication_key


def _date_errors(lists: Iterable[_Incremental]) -> Iterator[str]:
    for one in lists:
        try:
            if one.replication_key_value is not None:
                parse_date(one.replication_key_value)
        except ValueError as error:  # noqa: PERF203 (all errors)
            yield str(error)
