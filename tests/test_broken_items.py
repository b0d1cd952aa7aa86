"""Broken items: each is reported by its key, and all other items are read."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tests.list_in_memory import ListInMemory, ReadingByHand

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_akeneo.pagination.base import KeyRange

LETTERS = st.characters(min_codepoint=1, exclude_categories=["Cs"])
KEYS = {
    # Lower case only: which characters have a lower-case form depends on the PIM version.
    "any text": st.text(LETTERS, min_size=1, max_size=12)
    .map(str.lower)
    .filter(lambda text: text == text.lower()),
    "codes much alike": st.text("ab-0é", min_size=1, max_size=6),
    "codes in any case": st.text("aBcXyZ_09", min_size=1, max_size=6),
    "digits": st.integers(0, 10**13).map(lambda number: f"{number:013}"),
    "uuids": st.uuids().map(str),
    "uuids in a row": st.integers(0, 40).map(lambda number: f"{number:032x}").map(
        lambda digits: "-".join(
            (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
        )
    ),
}  # fmt: skip
MAX_REQUESTS = {"any text": 2500}
"""Requests that one broken item may cost: more if a character can be one of a million.

The default is 400: a UUID has 122 bits, and each takes one request, or two after a deleted item.
"""


def read(pim: ListInMemory, page_size: int) -> tuple[list[str], list[KeyRange]]:
    """Return the items that are read and the ranges that are reported as broken."""
    by_hand = ReadingByHand(pim, page_size).run(Random(0))  # noqa: S311 (no secret)
    assert by_hand.reading.is_complete
    assert not by_hand.reading.failures
    return by_hand.read, by_hand.reading.broken


def in_order(keys: Iterable[str]) -> list[str]:
    return sorted(keys, key=lambda key: key.lower().encode())


def lies_in(key: str, ranges: list[KeyRange]) -> bool:
    sort = key.lower().encode()
    return any(
        (one.after is None or one.after.lower().encode() < sort)
        and (one.to is None or sort <= one.to.lower().encode())
        for one in ranges
    )


@pytest.mark.parametrize("kind", KEYS)
@given(data=st.data())
def test_each_broken_item_is_reported_by_its_key_and_all_others_are_read(
    kind: str, data: st.DataObject
) -> None:
    keys = data.draw(st.lists(KEYS[kind], min_size=1, max_size=30, unique_by=str.lower))
    ordered = in_order(keys)
    broken = data.draw(st.sets(st.sampled_from(ordered), max_size=8))
    deleted = data.draw(st.sets(st.sampled_from(ordered), max_size=8)) - broken
    pim = ListInMemory(
        "uuid" if kind.startswith("uuid") else "code", keys, broken=broken, deleted=deleted
    )
    readable = pim.readable
    page_size = data.draw(st.integers(1, 9))
    came, ranges = read(pim, page_size)
    assert set(came) == readable
    for key in broken:
        assert lies_in(key, ranges)
    lowered = {key.lower() for key in broken}
    for one in ranges:
        assert one.to is not None
        assert one.to.lower() in lowered, "the key of a range is that of a broken item"
    per_item = MAX_REQUESTS.get(kind, 400)
    assert pim.requests <= 3 * len(keys) + 20 + per_item * len(broken)


@pytest.mark.parametrize("kind", ["sku", "words", "digits", "uuids"])
@given(seed=st.integers(0, 10**6), near=st.booleans())
@example(seed=0, near=True)
def test_readable_items_between_broken_ones_in_long_lists_are_read(
    kind: str, seed: int, *, near: bool
) -> None:
    dice = Random(seed)  # noqa: S311 (no secret)
    keys = in_order(MADE[kind](dice) for _ in range(400))
    if kind == "sku":
        keys = [f"sku_{number:05}" for number in range(400)]
    first = dice.randrange(len(keys) - 12)
    within = range(first, first + 12) if near else range(len(keys))
    broken = {keys[place] for place in dice.sample(within, 3)}
    pim = ListInMemory("uuid" if kind == "uuids" else "code", keys, broken=broken)
    readable = pim.readable
    came, ranges = read(pim, 100)
    assert set(came) == readable
    assert all(lies_in(key, ranges) for key in broken)


MADE = {
    "sku": lambda dice: f"sku_{dice.randrange(10**5):05}",
    "words": lambda dice: "".join(
        dice.choice("abcdefghijklmnopqrstuvwxyz_-0123456789") for _ in range(dice.randint(3, 9))
    ),
    "digits": lambda dice: str(dice.randrange(10**12, 10**13)),
    "uuids": lambda dice: "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}".format(
        *(dice.getrandbits(bits) for bits in (32, 16, 12, 12, 48))
    ),
}


def test_a_broken_code_similar_to_the_previous_one_is_found_with_few_requests() -> None:
    codes = [f"product_model_{number:05}" for number in range(500, 600)]
    pim = ListInMemory("code", codes, broken={codes[50]})
    came, ranges = read(pim, 100)
    assert len(came) == 99
    assert [one.to for one in ranges] == ["product_model_00550"]
    assert pim.requests < 90


def test_a_temporary_error_is_not_reported_as_a_broken_item() -> None:
    codes = [f"sku_{number:03}" for number in range(60)]
    pim = ListInMemory("code", codes)
    pim.passing_faults = 1
    came, ranges = read(pim, 10)
    assert (came, ranges) == (codes, [])


def test_a_list_with_only_broken_items_is_reported_completely() -> None:
    codes = [f"sku_{number:03}" for number in range(30)]
    pim = ListInMemory("code", codes, broken=codes)
    came, ranges = read(pim, 10)
    assert came == []
    assert all(lies_in(code, ranges) for code in codes)
