"""The sort orders of keys in the PIM, and how to make keys between two others."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Sequence

UUIDS = 1 << 128
BOUND_CHARACTERS = b"0123456789abcdefghijklmnopqrstuvwxyz"
"""Last characters of generated keys; every collation sorts these in the same order."""

DIGITS = BOUND_CHARACTERS[:10]

MAX_BOUND_LENGTH = 64
END_OF_TEXT = 0x80
"""Greater than any ASCII byte."""


class KeyOrder(Protocol):
    """The order in which the PIM sorts keys."""

    last: str
    """A key that is at least as great as the key of any item."""

    def is_beyond(self, key: str, bound: str) -> bool:
        """Return whether a key is greater than a bound."""

    def between(self, after: str | None, to: str | None, samples: Sequence[str] = ()) -> str | None:
        """Return a generated key about halfway between two others, or ``None`` if there is none.

        Args:
            after: The lower key; ``None`` for the beginning of the list.
            to: The greater key; ``None`` for its end.
            samples: Keys of the same list, which show what its other keys are made of.
        """

    def share(self, after: str | None, to: str | None) -> float | None:
        """Return the expected share of items between two keys, or ``None`` if it is unknown."""


def lower_case(key: str) -> str:
    """Return a key as the PIM's search index stores it, and sorts by it.

    Elasticsearch maps each character by itself (Lucene's `LowerCaseFilter`). Python and PHP make
    two of "İ", and a cursor with these is behind all keys that begin with "i" and a letter.
    """
    return key.lower() if key.isascii() else "".join(one.lower()[0] for one in key)


def order_of(key: str) -> KeyOrder:
    """Return the order of a list that is sorted by a property, by the property's name."""
    return UuidOrder() if key == "uuid" else TextOrder()


class UuidOrder(KeyOrder):
    """Uuids in canonical form, which sort in numerical order."""

    last = str(UUID(int=UUIDS - 1))

    @override
    def is_beyond(self, key: str, bound: str) -> bool:
        return key.lower() > bound.lower()

    @override
    def between(self, after: str | None, to: str | None, samples: Sequence[str] = ()) -> str | None:
        low, high = _bounds(after, to)
        return str(UUID(int=(low + high) // 2)) if high - low > 1 else None

    @override
    def share(self, after: str | None, to: str | None) -> float | None:
        low, high = _bounds(after, to)
        return (high - low) / UUIDS


def _bounds(after: str | None, to: str | None) -> tuple[int, int]:
    # `to` is inclusive, so the greatest number is 2**128 - 1.
    return UUID(after).int if after else -1, UUID(to).int if to else UUIDS - 1


class TextOrder(KeyOrder):
    """Codes and identifiers, sorted in lower case by their UTF-8 bytes.

    The PIM accepts any text as a cursor and lower-cases it (ListProductModelsQueryHandler, 6.0+).
    """

    last = chr(0x10FFFF)

    @override
    def is_beyond(self, key: str, bound: str) -> bool:
        return lower_case(key).encode() > lower_case(bound).encode()

    @override
    def between(self, after: str | None, to: str | None, samples: Sequence[str] = ()) -> str | None:
        low = lower_case(after or "").encode()
        high = None if to is None else lower_case(to).encode()
        if high is not None and low >= high:
            return None
        seen = [lower_case(key).encode() for key in samples]
        return self._between(low, high, seen) or self._between(low, high, ())

    def _between(self, low: bytes, high: bytes | None, seen: Sequence[bytes]) -> str | None:
        prefix = bytearray()
        while len(prefix) < MAX_BOUND_LENGTH:
            place = len(prefix)
            least = low[place] if place < len(low) and low.startswith(prefix) else -1
            most = high[place] if high is not None and high.startswith(prefix) else END_OF_TEXT
            known = {key[place] for key in seen if len(key) > place}
            if not known.isdisjoint(DIGITS):
                known.update(DIGITS)
            choices = [
                one for one in BOUND_CHARACTERS if least < one < most and (not seen or one in known)
            ]
            if choices:
                return (prefix + bytes([choices[len(choices) // 2]])).decode()
            # No character fits here, so extend the prefix of the lower key. Within a character
            # outside ASCII none does, because its bytes are greater than all of these.
            if least < 0:
                return None
            prefix.append(least)
        return None

    @override
    def share(self, after: str | None, to: str | None) -> float | None:
        return None
