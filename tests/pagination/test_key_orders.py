"""Orders of keys, keys made between two others, and ranges of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tap_akeneo.pagination.key_orders import TextOrder, UuidOrder
from tap_akeneo.pagination.slices import KeyRange, merged

if TYPE_CHECKING:
    from collections.abc import Sequence

letters = st.text("abzABZ019-_é漢", max_size=6)


@given(one=letters, other=letters, third=st.none() | letters)
@example(one="", other="z", third=None)
def test_a_generated_code_lies_strictly_between_two_others(
    one: str, other: str, third: str | None
) -> None:
    order = TextOrder()
    after, to = sorted([one.lower(), other.lower()], key=str.encode)
    middle = order.between(after or None, to) if after != to and to else None
    if middle is not None:
        assert after.encode() < middle.encode() < to.encode()
        assert middle == middle.lower()
    behind = order.between(third, None)
    assert behind is None or (third or "").lower().encode() < behind.encode()


@given(one=st.none() | st.uuids().map(str), other=st.none() | st.uuids().map(str))
def test_a_generated_uuid_lies_strictly_between_two_others(
    one: str | None, other: str | None
) -> None:
    if one is not None and other is not None and one >= other:
        one, other = other, one
    middle = UuidOrder().between(one, other)
    if middle is not None:
        assert (one or "") < middle
        assert other is None or middle < other


def test_there_is_no_uuid_between_two_neighbours() -> None:
    first, second = (f"00000000-0000-4000-8000-00000000000{digit}" for digit in "12")
    assert UuidOrder().between(first, second) is None
    assert UuidOrder().between(first, first) is None


Pairs = list[tuple[str | None, str | None]]

RANGES: dict[str, tuple[Pairs, Pairs]] = {
    "nothing": ([], []),
    "neighbours": ([("b", "c"), (None, "b"), ("c", None)], [(None, None)]),
    "with a hole": ([(None, "b"), ("c", None)], [(None, "b"), ("c", None)]),
    "an empty one at the end of another": (
        [(None, "b"), ("c", "c"), ("c", None)],
        [(None, "b"), ("c", None)],
    ),
    "an empty one before another": (
        [("c", "c"), ("c", None), ("a", "b")],
        [("a", "b"), ("c", None)],
    ),
    "an empty one between two": ([("a", "c"), ("c", "c"), ("c", "d")], [("a", "d")]),
    "an empty one alone": ([("c", "c")], []),
}


@pytest.mark.parametrize("given_ranges", RANGES)
def test_adjacent_ranges_are_merged(given_ranges: str) -> None:
    ranges, expected = RANGES[given_ranges]
    assert sorted(as_pairs(merged(as_ranges(ranges))), key=str) == sorted(expected, key=str)


def as_ranges(pairs: Sequence[tuple[str | None, str | None]]) -> list[KeyRange]:
    return [KeyRange(after, to) for after, to in pairs]


def as_pairs(ranges: Sequence[KeyRange]) -> list[tuple[str | None, str | None]]:
    return [(one.after, one.to) for one in ranges]
