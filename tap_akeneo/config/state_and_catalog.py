"""The state and the catalog that a run is given, checked before they are used."""

from __future__ import annotations

import json
import logging
from typing import IO, TYPE_CHECKING, Any

from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.singerlib import Catalog

from tap_akeneo.config.settings import parse_date
from tap_akeneo.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

logger = logging.getLogger("tap-akeneo.inputs")

NO_BOOKMARK = {"starting_replication_value", "progress_markers", "partitions"}
"""What the SDK keeps beside a bookmark."""


def read_json(file: IO[str] | None, name: str) -> dict[str, Any] | None:
    """Reads a file of the command line.

    Args:
        file: None where it was not given.
        name: What it is, for the message.

    Raises:
        ConfigValidationError: It is no JSON object.
    """
    if file is None:
        return None
    try:
        content = json.loads(file.read())
    except ValueError as fault:
        msg = f"the {name} file is not JSON: {fault}"
        raise ConfigValidationError(msg, errors=[msg]) from None
    if not isinstance(content, dict):
        msg = f"the {name} file must hold a JSON object"
        raise ConfigValidationError(msg, errors=[msg])
    return content


def read_catalog(file: IO[str] | None) -> Catalog | None:
    """Reads the catalog of the command line.

    Raises:
        ConfigValidationError: It is no catalog.
    """
    content = read_json(file, "catalog")
    if content is None:
        return None
    try:
        _ = content["streams"]
        return Catalog.from_dict(content)
    except (AttributeError, KeyError, TypeError, ValueError) as fault:
        msg = f"the catalog file is no Singer catalog ({fault!r}): run the discovery again"
        raise ConfigValidationError(msg, errors=[msg]) from None


def check_state(state: Mapping[str, Any]) -> None:
    """Refuses a state whose bookmarks are no dates, and tells of bookmarks that are of no use.

    Raises:
        ConfigValidationError: With all faults.
    """
    faults = [
        f"the state cannot be used: {fault}. Correct it, or run without it to read all"
        for fault in _faults(state)
    ]
    if faults:
        raise ConfigValidationError(faults[0], errors=faults)
    bookmarks = state.get("bookmarks", {})
    known = {stream.name: stream for stream in STREAMS}
    if unknown := ", ".join(sorted(bookmarks.keys() - known.keys())):
        logger.warning("The state has bookmarks of streams that this tap has not: %s", unknown)
    for name, bookmark in bookmarks.items():
        if (
            name in known
            and (key := known[name].replication_key)
            and (bookmark.keys() - NO_BOOKMARK or bookmark.get("partitions"))
            and not _is_usable(bookmark, key, getattr(known[name], "parent_key", None))
        ):
            logger.warning(
                "The bookmark of %s is not one that this tap has written, so it is not used", name
            )


def _is_usable(bookmark: Mapping[str, Any], key: str, parent_key: str | None) -> bool:
    """Whether a run would go on from a bookmark, or from one below it."""
    if parent_key is None:
        ones = [bookmark]
    else:
        parts = bookmark.get("partitions", ())
        ones = [part for part in parts if part["context"].keys() == {parent_key}]
    return any(one.get("replication_key") == key for one in ones)


def _faults(state: Mapping[str, Any]) -> Iterator[str]:
    bookmarks = state.get("bookmarks", {})
    if state and "bookmarks" not in state:
        yield f"it has {', '.join(state)} where `bookmarks` should be"
    if not isinstance(bookmarks, dict):
        yield "`bookmarks` is not an object"
        return
    for stream, bookmark in bookmarks.items():
        if not isinstance(bookmark, dict):
            yield f"the bookmark of {stream} is not an object"
            continue
        partitions = bookmark.get("partitions", [])
        if not isinstance(partitions, list) or not all(
            isinstance(part, dict) and isinstance(part.get("context"), dict) for part in partitions
        ):
            yield f"the bookmarks below {stream} are not a list of objects with a context"
            continue
        for one in (bookmark, *partitions):
            yield from _faults_of(stream, one)


def _faults_of(stream: str, bookmark: Mapping[str, Any]) -> Iterator[str]:
    if not isinstance(bookmark.get("progress_markers", {}), dict):
        yield f"the progress markers of {stream} are not an object"
    value = bookmark.get("replication_key_value")
    try:
        if value is not None and not isinstance(value, str):
            yield f"the bookmark of {stream}: {value!r} is not a date"
        elif value is not None:
            parse_date(value)
    except ValueError as fault:
        yield f"the bookmark of {stream}: {fault}"
