"""The sort orders of keys in the PIM, and how to make keys between two others."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from typing_extensions import override

UUIDS = 1 << 128
BOUND_CHARACTERS = b"0123456789abcdefghijklmnopqrstuvwxyz"
"""Last characters of generated keys; every collation sorts these in the same order."""

MAX_BOUND_LENGTH = 64
END_OF_TEXT = 0x80
"""Greater than any ASCII byte."""


class KeyOrder(Protocol):
    """The order in which the PIM sorts keys."""

    last: str
    """A key that is at least as great as the key of any item."""

    def is_beyond(self, key: str, bound: str) -> bool:
        """Return whether a key is certainly greater than a bound."""

    def between(self, after: str | None, to: str | None) -> str | None:
        """Return a generated key about halfway between two others, or ``None`` if there is none."""

    def share(self, after: str | None, to: str | None) -> float | None:
        """Return the expected share of items between two keys, or ``None`` if it is unknown."""


class UuidOrder(KeyOrder):
    """Uuids in canonical form, which sort in numerical order."""

    last = str(UUID(int=UUIDS - 1))

    @override
    def is_beyond(self, key: str, bound: str) -> bool:
        return key.lower() > bound

    @override
    def between(self, after: str | None, to: str | None) -> str | None:
        low, high = _numbers(after, to)
        return str(UUID(int=(low + high) // 2)) if high - low > 1 else None

    @override
    def share(self, after: str | None, to: str | None) -> float | None:
        low, high = _numbers(after, to)
        return (high - low) / UUIDS


def _numbers(after: str | None, to: str | None) -> tuple[int, int]:
    # `to` is inclusive, so the greatest number is 2**128 - 1.
    return UUID(after).int if after else -1, UUID(to).int if to else UUIDS - 1


class TextOrder(KeyOrder):
    """Codes and identifiers, sorted in lower case by their UTF-8 bytes.

    The PIM accepts any text as a cursor and lower-cases it (ListProductModelsQueryHandler, 6.0+).
    """

    last = chr(0x10FFFF)

    @override
    def is_beyond(self, key: str, bound: str) -> bool:
        # Versions of the PIM differ in how they lower-case characters outside ASCII. A key counts
        # as beyond the bound only if it is in both cases.
        limit = bound.encode()
        return key.encode().lower() > limit and key.lower().encode() > limit

    @override
    def between(self, after: str | None, to: str | None) -> str | None:
        low = (after or "").lower().encode()
        high = None if to is None else to.encode()
        if high is not None and low >= high:
            return None
        prefix = bytearray()
        while len(prefix) < MAX_BOUND_LENGTH:
            place = len(prefix)
            least = low[place] if place < len(low) and low.startswith(prefix) else -1
            most = high[place] if high is not None and high.startswith(prefix) else END_OF_TEXT
            choices = [one for one in BOUND_CHARACTERS if least < one < most]
            if choices:
                return (prefix + bytes([choices[len(choices) // 2]])).decode()
            # No character fits here, so extend the prefix of the lower key.
            if not 0 <= least < END_OF_TEXT:
                return None
            prefix.append(least)
        return None

    @override
    def share(self, after: str | None, to: str | None) -> float | None:
        return None
