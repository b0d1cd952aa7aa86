"""Places where a description of the API is wrong about the PIM."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from jsonschema import ValidationError


class Wrong(NamedTuple):
    """A place where a description is wrong."""

    paths: str  # the beginning of its paths
    place: str  # in the answer; items are *
    given: str  # type of what the PIM really sends
    why: str


def place_of(error: ValidationError) -> str:
    """Return where in an answer an error is."""
    return "/".join("*" if isinstance(part, int) else part for part in error.absolute_path)


def excuse(path: str, error: ValidationError, known: Iterable[Wrong]) -> Wrong | None:
    """Return the known mistake of the description that is the reason for an error."""
    for wrong in known:
        if (
            path.startswith(wrong.paths)
            and re.fullmatch(wrong.place, place_of(error))
            and re.fullmatch(wrong.given, type(error.instance).__name__)
        ):
            return wrong
    return None
