"""The keys that the PIM sorts lists by, and keys between two others."""

from __future__ import annotations

from typing import Protocol
from uuid import UUID

from typing_extensions import override

UUIDS = 1 << 128
BOUND_CHARACTERS = b"0123456789abcdefghijklmnopqrstuvwxyz"
"""Made-up keys end with one of these, which every collation sorts alike."""

MAX_BOUND_LENGTH = 64
END_OF_TEXT = 0x80
"""Greater than any ASCII byte."""


class KeyOrder(Protocol):
    """An order of keys, as the PIM sorts them."""

    last: str
    """A key that no item's key is greater than."""

    def is_beyond(self, key: str, bound: str) -> bool:
        """Return whether a key is certainly greater than a bound."""

    def between(self, after: str | None, to: str | None) -> str | None:
        """Return a made-up key about halfway between two others, or ``None`` if there is none."""

    def share(self, after: str | None, to: str | None) -> float | None:
        """Return the share of all items that lies between two keys, ``None`` if nobody knows."""


class UuidOrder(KeyOrder):
    """Uuids in canonical form: they sort as the numbers they are."""

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
    # `to` is inclusive, so the end is one before 2**128.
    return UUID(after).int if after else -1, UUID(to).int if to else UUIDS - 1


class TextOrder(KeyOrder):
    """Codes and identifiers: in lower case, by their bytes in UTF-8.

    The PIM takes any text for a cursor and lower-cases it (ListProductModelsQueryHandler, 6.0+).
    """

    last = chr(0x10FFFF)

    @override
    def is_beyond(self, key: str, bound: str) -> bool:
        # Versions differ in what they lower-case beyond ASCII: a key counts as beyond the bound
        # only if it is so either way.
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
            # Nothing fits here, so follow the lower key, behind which there is room.
            if not 0 <= least < END_OF_TEXT:
                return None
            prefix.append(least)
        return None

    @override
    def share(self, after: str | None, to: str | None) -> float | None:
        return None
