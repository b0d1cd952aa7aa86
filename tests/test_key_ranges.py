"""Key ranges: each item that exists during the whole read is returned exactly once."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tap_akeneo.pagination.base import KeyRange

from tap_akeneo.pagination.keys import TextOrder, UuidOrder
from tap_akeneo.pagination.reading import merged
from tests.list_in_memory import ListInMemory, ListWithoutLimit, ReadingByHand

if TYPE_CHECKING:
    from collections.abc import Sequence

ANY_LETTER = st.characters(min_codepoint=1, exclude_categories=["Cs"])
KEYS = {
    "uuids": st.uuids().map(str),
    "any text": st.text(ANY_LETTER, min_size=1, max_size=8),
    "codes much alike": st.text("abAB-_0", min_size=1, max_size=5),
    "digits": st.integers(0, 10**4).map(str),
    "non-ASCII text": st.text("éÉßİıñ漢字😀aZ", min_size=1, max_size=4),
    "numbered codes": st.integers(0, 400).map(lambda number: f"product_model_{number:05}"),
}


def key_of(kind: str) -> str:
    return "uuid" if kind == "uuids" else "code"


def a_list(data: st.DataObject, kind: str, most: int = 80) -> list[str]:
    return data.draw(st.lists(KEYS[kind], max_size=most, unique_by=str.lower), label="keys")


@pytest.mark.parametrize("kind", KEYS)
@given(data=st.data())
def test_each_item_that_exists_throughout_is_read_exactly_once(
    kind: str, data: st.DataObject
) -> None:
    keys = a_list(data, kind)
    to_come = data.draw(st.lists(KEYS[kind], max_size=5), label="created meanwhile")
    dice = data.draw(st.randoms(use_true_random=False), label="dice")
    pim = ListInMemory(key_of(kind), keys)
    by_hand = ReadingByHand(
        pim,
        page_size=data.draw(st.integers(1, 7), label="page size"),
        threads=data.draw(st.integers(1, 4), label="threads"),
    )
    deleted: set[str] = set()
    while not by_hand.has_ended:
        by_hand.step(dice)
        chance = dice.randrange(12)
        if chance == 0 and to_come:
            pim.create(to_come.pop())
        elif chance == 1 and (left := sorted(pim.readable)):
            gone = dice.choice(left)
            deleted.add(gone)
            pim.delete(gone, from_index=dice.random() < 0.5)
    throughout = set(keys) - deleted
    assert throughout <= set(by_hand.read)
    assert len(by_hand.read) == len(set(by_hand.read)) or by_hand.reads_gaps
    assert by_hand.reading.is_complete
    assert by_hand.reading.left == []


@pytest.mark.parametrize("kind", KEYS)
@given(data=st.data())
def test_an_interrupted_read_resumes_with_the_remaining_ranges(
    kind: str, data: st.DataObject
) -> None:
    keys = a_list(data, kind)
    dice = data.draw(st.randoms(use_true_random=False), label="dice")
    pim = ListInMemory(key_of(kind), keys)
    page_size = data.draw(st.integers(1, 7), label="page size")
    threads = data.draw(st.integers(1, 4), label="threads")
    first = ReadingByHand(pim, page_size, threads)
    for _ in range(data.draw(st.integers(0, 60), label="steps")):
        if not first.has_ended:
            first.step(dice)
    left = first.reading.left
    if not left:
        assert sorted(first.read) == sorted(keys)
        return
    second = ReadingByHand(pim, page_size, threads, left, first).run(dice)
    assert sorted([*first.read, *second.read]) == sorted(keys)


@given(seed=st.integers(0, 10**6), ghosts=st.integers(100, 250), threads=st.integers(1, 4))
@pytest.mark.parametrize("kind", ["uuids", "numbers", "numbered codes", "words"])
def test_whole_pages_of_deleted_items_hide_no_other_items(
    kind: str, seed: int, ghosts: int, threads: int
) -> None:
    dice = Random(seed)  # noqa: S311 (no secret)
    keys = some_keys(kind, dice, 600)
    first = dice.randrange(len(keys) - ghosts)
    pim = ListInMemory(key_of(kind), keys, deleted=keys[first : first + ghosts])
    by_hand = ReadingByHand(pim, threads=threads).run(dice)
    assert set(by_hand.read) == pim.readable
    assert not by_hand.reading.failures


@pytest.mark.parametrize("kind", ["uuids", "numbers", "numbered codes", "words"])
def test_a_broken_item_after_whole_pages_of_deleted_items_is_reported_and_hides_no_others(
    kind: str,
) -> None:
    dice = Random(1)  # noqa: S311 (no secret)
    keys = some_keys(kind, dice, 600)
    pim = ListInMemory(key_of(kind), keys, deleted=keys[200:320], broken=[keys[320], keys[330]])
    by_hand = ReadingByHand(pim).run(dice)
    assert set(by_hand.read) == pim.readable
    assert {one.to for one in by_hand.reading.broken} == {keys[320], keys[330]}


def test_whole_pages_of_deleted_items_hide_no_others_if_the_first_item_is_broken() -> None:
    keys = some_keys("uuids", Random(1), 400)  # noqa: S311 (no secret)
    # Less than one page follows them, so no other page shows that these items exist.
    pim = ListInMemory("uuid", keys, deleted=keys[250:390], broken=keys[:1])
    by_hand = ReadingByHand(pim).run(Random(0))  # noqa: S311 (no secret)
    assert set(by_hand.read) == pim.readable


def test_deleted_items_after_a_non_ascii_key_hide_no_others_or_fail_the_list() -> None:
    keys = sorted(f"é{number:04}" for number in range(400))
    pim = ListInMemory("code", keys, deleted=keys[100:250])
    by_hand = ReadingByHand(pim).run(Random(0))  # noqa: S311 (no secret)
    assert set(by_hand.read) == pim.readable or by_hand.reading.failures


@pytest.mark.parametrize("kind", [kind for kind in KEYS if kind != "uuids"])
@given(data=st.data())
def test_a_list_without_a_limit_is_divided_where_its_links_show_that_cursors_are_keys(
    kind: str, data: st.DataObject
) -> None:
    keys = sorted(a_list(data, kind), key=lambda key: key.lower().encode())
    dice = data.draw(st.randoms(use_true_random=False), label="dice")
    pim = ListWithoutLimit(keys, cursors_are_keys=True)
    by_hand = ReadingByHand(pim, threads=4).run(dice)
    assert sorted(by_hand.read) == sorted(keys)
    assert not by_hand.reading.failures


@given(data=st.data())
def test_a_list_without_a_limit_whose_cursors_are_no_keys_is_read_by_its_links_alone(
    data: st.DataObject,
) -> None:
    keys = data.draw(st.permutations(a_list(data, "any text", 30)), label="order")
    dice = data.draw(st.randoms(use_true_random=False), label="dice")
    pim = ListWithoutLimit(keys, cursors_are_keys=False)
    by_hand = ReadingByHand(pim, threads=4).run(dice)
    assert by_hand.read == keys
    assert pim.made_up_cursors == 0


@given(data=st.data())
def test_a_list_without_a_limit_in_another_order_than_its_keys_comes_out_or_fails(
    data: st.DataObject,
) -> None:
    keys = data.draw(st.permutations(a_list(data, "digits", 60)), label="order")
    dice = data.draw(st.randoms(use_true_random=False), label="dice")
    # Its first cursors are keys, by chance.
    keys = sorted(keys[:7], key=str.encode) + keys[7:]
    pim = ListWithoutLimit(keys, cursors_are_keys=False)
    by_hand = ReadingByHand(pim, threads=4).run(dice)
    assert set(by_hand.read) == set(keys) or by_hand.reading.failures


@pytest.mark.parametrize("kind", ["uuids", "numbers", "numbered codes", "words"])
@given(seed=st.integers(0, 10**6))
def test_items_that_are_created_meanwhile_do_not_make_up_for_hidden_ones(
    kind: str, seed: int
) -> None:
    dice = Random(seed)  # noqa: S311 (no secret)
    keys = some_keys(kind, dice, 400)
    # At the end, where no page shows that others follow, and too few to matter in the count.
    pim = ListInMemory(key_of(kind), keys, deleted=keys[295:396])
    by_hand = ReadingByHand(pim, 10, threads=2)
    readable = pim.readable
    for number in range(10):
        pim.create(f"{keys[number][:-2]}{number:02}")
        for _ in range(5):
            by_hand.step(dice)
    by_hand.run(dice)
    assert set(by_hand.read) >= readable or by_hand.reading.failures


BEYOND = 10_000
"""Items that the PIM serves by number, so that nothing shows the positions of later ones."""


@pytest.mark.parametrize("kind", ["uuids", "numbered codes"])
@pytest.mark.parametrize("near", [2, 40])
def test_what_lies_near_broken_items_of_a_long_list_comes_out_or_is_reported(
    kind: str, near: int
) -> None:
    dice = Random(near)  # noqa: S311 (no secret)
    keys = some_keys(kind, dice, BEYOND + 1000)
    first = BEYOND + 500
    broken = {keys[first], keys[first + near], keys[first + near + 1]}
    pim = ListInMemory(key_of(kind), keys, broken=broken)
    by_hand = ReadingByHand(pim, threads=4).run(dice)
    reported = by_hand.reading.broken
    for key in pim.readable.difference(by_hand.read):
        assert any((one.after or "") < key < (one.to or "~") for one in reported)
        assert by_hand.reading.failures
    for key in broken:
        assert any((one.after or "") < key <= (one.to or "~") for one in reported)


@pytest.mark.parametrize("kind", ["uuids", "numbers", "numbered codes", "words"])
def test_whole_pages_of_deleted_items_in_a_long_list_hide_nothing_or_fail_it(kind: str) -> None:
    dice = Random(3)  # noqa: S311 (no secret)
    keys = some_keys(kind, dice, BEYOND + 1000)
    deleted = [*keys[BEYOND + 100 : BEYOND + 300], *keys[BEYOND + 700 : BEYOND + 850]]
    pim = ListInMemory(key_of(kind), keys, deleted=deleted)
    by_hand = ReadingByHand(pim, threads=4).run(dice)
    assert set(by_hand.read) == pim.readable or by_hand.reading.failures


def some_keys(kind: str, dice: Random, count: int) -> list[str]:
    if kind == "numbered codes":
        return [f"product_model_{number:05}0" for number in range(count)]
    made: set[str] = set()
    while len(made) < count:
        if kind == "uuids":
            digits = f"{dice.getrandbits(128):032x}"
            parts = (digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:])
            made.add("-".join(parts))
        elif kind == "numbers":
            made.add(str(dice.randrange(10**12, 10**13)))
        else:
            made.add("".join(dice.choices("abcdefghijklmnopqrstuvwxyz_-0123456789", k=7)))
    return sorted(made)


def test_a_list_without_deleted_items_needs_one_request_per_page_and_few_more() -> None:
    keys = some_keys("uuids", Random(0), 2000)  # noqa: S311 (no secret)
    pim = ListInMemory("uuid", keys)
    ReadingByHand(pim, 10).run(Random(0))  # noqa: S311 (no secret)
    # One request by page number for the count, and one that finds the end.
    assert pim.requests <= len(keys) / 10 + 2


def test_splitting_a_range_costs_only_a_few_requests() -> None:
    keys = some_keys("uuids", Random(0), 4000)  # noqa: S311 (no secret)
    pim = ListInMemory("uuid", keys)
    ReadingByHand(pim, 10, threads=4).run(Random(0))  # noqa: S311 (no secret)
    assert pim.requests <= 1.1 * len(keys) / 10


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
        assert middle.isascii()
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
