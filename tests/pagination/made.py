"""Keys for lists in memory."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING
from uuid import UUID

from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable

    import pytest

ANY_LETTER = st.characters(min_codepoint=1, exclude_categories=["Cs"])

KEYS: dict[str, st.SearchStrategy[str]] = {
    "uuids": st.uuids().map(str),
    "uuids in a row": st.integers(0, 99).map(lambda number: str(UUID(int=number))),
    "any text": st.text(ANY_LETTER, min_size=1, max_size=8),
    "codes much alike": st.text("abAB-_0", min_size=1, max_size=5),
    "digits": st.integers(0, 10**4).map(str),
    "non-ASCII text": st.text("éÉßİıñ漢字😀aZ", min_size=1, max_size=4),
    "numbered codes": st.integers(0, 400).map(lambda number: f"product_model_{number:05}"),
}

LONG = (
    *("uuids", "uuids in order of time", "numbers", "numbered codes", "words", "two groups"),
    "capitals outside ASCII",
)
"""Kinds of keys for `some_keys`."""


def seeded(seed: int) -> Random:
    return Random(seed)  # noqa: S311 (no secret)


def key_of(kind: str) -> str:
    return "uuid" if kind.startswith("uuids") else "code"


def some_keys(kind: str, random: Random, count: int) -> list[str]:
    """Make many different keys, in order."""
    made: dict[str, Callable[[int], str]] = {
        "uuids": lambda _: str(UUID(int=random.getrandbits(128))),
        "uuids in order of time": lambda number: str(
            UUID(int=(0x019A00000000 + number) << 80 | 7 << 76 | 2 << 62 | random.getrandbits(60))
        ),
        "numbers": lambda _: str(random.randrange(10**12, 10**13)),
        "numbered codes": lambda number: f"product_model_{number:05}0",
        "words": lambda _: "".join(random.choices("abcdefghijklmnopqrstuvwxyz_-0123456789", k=7)),
        "capitals outside ASCII": lambda number: f"ÖL-{number:05}0",
        "two groups": lambda number: (
            f"shirt_{number:05}" if number < 0.8 * count else f"trousers_{number:05}"
        ),
    }
    keys: set[str] = set()
    while len(keys) < count:
        keys.add(made[kind](len(keys)))
    return sorted(keys)


def window_of(items: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the PIM list fewer items by page number, so that short lists are longer than that."""
    for module in ("by_key", "by_link", "by_number", "key_pages", "key_places"):
        monkeypatch.setattr(f"tap_akeneo.pagination.{module}.RESULT_WINDOW", items)
