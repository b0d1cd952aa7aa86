"""Broken items: each is reported in a range of keys, and all other items are read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_akeneo.pagination.reading import Outcome
from tap_akeneo.pagination.slices import BrokenRange, KeyRange
from tests.pagination.by_hand import ReadingByHand
from tests.pagination.list_in_memory import ListInMemory, lower_case
from tests.pagination.made import KEYS, key_of, seeded, some_keys, window_of

if TYPE_CHECKING:
    from collections.abc import Iterable


def lies_in(key: str, ranges: Iterable[BrokenRange]) -> bool:
    sort = lower_case(key)
    return any(
        (one.after is None or lower_case(one.after) < sort) and sort <= lower_case(one.to)
        for one in ranges
    )


def check(by_hand: ReadingByHand, broken: Iterable[str]) -> None:
    """Check that all readable items came once, and that all broken ones are reported."""
    assert by_hand.is_whole, by_hand.reading.reason
    assert sorted(by_hand.read) == sorted(by_hand.pim.readable)
    for key in broken:
        assert lies_in(key, by_hand.reading.broken)


# Which other items of the PIM have been read by another list in the same run.


@pytest.mark.parametrize("nth", [[350], [350, 351], [350, 720], [120, 121, 999], [0, 350], [101]])
@pytest.mark.parametrize("threads", [1, 4])
def test_another_list_of_the_same_items_uses_what_was_found(nth: list[int], threads: int) -> None:
    keys = some_keys("uuids", seeded(1), 1000)
    broken = [keys[one] for one in nth]
    pim = ListInMemory("uuid", keys, broken=broken)
    first = ReadingByHand(pim, threads=threads).run(seeded(0))
    check(first, broken)
    needed, pim.requests = pim.requests, 0
    second = ReadingByHand(pim, threads=threads, known=first.reading.broken).run(seeded(0))
    check(second, broken)
    assert second.reading.outcome is Outcome.BROKEN
    assert pim.requests <= needed


@pytest.mark.parametrize("nth", [[150], [150, 151], [120], [199], [101]])
def test_what_a_filtered_list_has_found_hides_no_items_of_the_whole_list(nth: list[int]) -> None:
    keys = some_keys("uuids", seeded(1), 1000)
    changed = keys[::5]
    broken = [changed[one] for one in nth]
    pim = ListInMemory("uuid", keys, broken=broken)
    filtered = ReadingByHand(ListInMemory("uuid", changed, broken=broken)).run(seeded(0))
    check(filtered, broken)
    whole = ReadingByHand(pim).run(seeded(0))
    check(whole, broken)
    # A reader shares ranges only among lists of the same items.
    request = whole.reading.request
    assert request.selection != replace(request, params={"search": "{}"}).selection
    assert request.selection == replace(request, params={"attributes": "sku"}).selection


def test_items_that_an_earlier_run_found_are_searched_for_by_one_list_only() -> None:
    keys = some_keys("uuids", seeded(1), 1000)
    broken = [keys[350], keys[720]]
    pim = ListInMemory("uuid", keys, broken=broken)
    first = ReadingByHand(pim).run(seeded(0))
    # The state does not have the keys of the items before.
    known = [replace(one, near=()) for one in first.reading.broken]
    pim.requests = 0
    second = ReadingByHand(pim, known=known).run(seeded(0))
    needed, pim.requests = pim.requests, 0
    third = ReadingByHand(pim, known=second.reading.broken).run(seeded(0))
    for one in (second, third):
        check(one, broken)
    # Each search takes at least the halvings of a page.
    assert pim.requests <= needed - 2 * 6


@pytest.mark.parametrize("nth", [[345, 376], [301, 399], [350, 352]])
def test_broken_items_on_one_page_cost_no_more_than_those_on_different_pages(
    nth: list[int],
) -> None:
    keys = some_keys("uuids", seeded(1), 1000)

    def cost(nth: list[int]) -> int:
        pim = ListInMemory("uuid", keys, broken=[keys[one] for one in nth])
        check(ReadingByHand(pim).run(seeded(0)), pim.broken)
        return pim.requests

    assert cost(nth) <= cost([350, 720]) + 6


# Items that an earlier run has found.


@pytest.mark.parametrize("size", [20, 100])
def test_a_repaired_item_comes_when_it_is_asked_for_again(size: int) -> None:
    keys = some_keys("uuids", seeded(1), 300)
    first = ReadingByHand(ListInMemory("uuid", keys, broken=[keys[150]]), size).run(seeded(0))
    (broken,) = first.reading.broken
    pim = ListInMemory("uuid", keys)
    again = ReadingByHand(
        pim, size, ranges=[KeyRange(broken.after, broken.to)], is_broken=True
    ).run(seeded(0))
    assert again.reading.outcome is Outcome.COMPLETE
    assert again.read == [keys[150]]
    assert pim.requests <= 4


@pytest.mark.parametrize("kind", ["uuids", "words"])
@pytest.mark.parametrize("gap", [99, 100, 250])
@pytest.mark.parametrize("place", ["in the middle", "at the end"])
def test_a_repaired_item_comes_from_behind_pages_of_deleted_ones(
    kind: str, gap: int, place: str
) -> None:
    keys = some_keys(kind, seeded(1), 600)
    first, last = 150, 150 + gap
    if place == "at the end":
        del keys[last + 1 :]
    pim = ListInMemory(key_of(kind), keys, broken=[keys[last]])
    pim.missing.update(keys[first:last])
    (broken,) = ReadingByHand(pim).run(seeded(0)).reading.broken
    pim.broken.clear()
    again = read_again(pim, broken)
    assert again.reading.outcome is Outcome.COMPLETE
    # The range may end with the next item.
    assert again.read in ([keys[last]], keys[last : last + 2])


@settings(max_examples=40)
@given(data=st.data())
def test_no_item_is_lost_that_was_broken_and_is_repaired_among_deleted_ones(
    data: st.DataObject,
) -> None:
    keys = some_keys("words", seeded(1), 500)
    positions = st.integers(0, 499)
    gaps = data.draw(st.lists(st.tuples(positions, st.integers(80, 230)), max_size=3), label="gaps")
    broken = data.draw(st.sets(st.sampled_from(keys), min_size=1, max_size=6), label="broken")
    missing = {key for first, size in gaps for key in keys[first : first + size]} - broken
    pim = ListInMemory("code", keys, broken=broken, missing=missing)
    first = ReadingByHand(pim).run(seeded(0))
    assert first.is_whole
    more = data.draw(st.sampled_from([[], *gaps]), label="deleted since")
    pim.broken = data.draw(st.sets(st.sampled_from(sorted(broken))), label="still broken")
    if more:
        pim.missing.update({*keys[more[0] : sum(more)]} - broken)
    again = [read_again(pim, one) for one in first.reading.broken]
    read = {*first.read, *(key for one in again for key in one.read)}
    assert all(one.is_whole for one in again)
    assert read >= pim.readable
    still = [found for one in again for found in one.reading.broken]
    assert all(lies_in(key, still) for key in pim.broken)


def test_a_range_of_broken_items_whose_end_nothing_shows_is_not_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window_of(100, monkeypatch)
    keys = some_keys("words", seeded(1), 400)
    pim = ListInMemory("code", keys, missing=keys[200:300], window=100)
    again = read_again(pim, BrokenRange(keys[199], keys[300]))
    assert again.reading.outcome is Outcome.FAILED
    assert "nothing shows whether more items follow" in again.reading.reason


def read_again(pim: ListInMemory, broken: BrokenRange) -> ReadingByHand:
    ranges = [KeyRange(broken.after, broken.to)]
    return ReadingByHand(pim, ranges=ranges, is_broken=True).run(seeded(0))


@pytest.mark.parametrize("kind", ["uuids", "words"])
@pytest.mark.parametrize("threads", [1, 4])
def test_a_page_that_fails_for_good_keeps_few_others_from_being_read(
    kind: str, threads: int
) -> None:
    keys = some_keys(kind, seeded(1), 2500)
    pim = ListInMemory(key_of(kind), keys, broken=[keys[700]], status=502)
    first = ReadingByHand(pim, threads=threads).run(seeded(0))
    assert first.reading.outcome is Outcome.FAILED
    assert first.reading.is_resumable
    assert first.reading.reason == "the PIM answers 502 [GET products]"
    assert len(first.read) >= len(keys) - (300 if kind == "uuids" else 1000)
    first.check_state(set(keys))
    pim.broken.clear()
    left = first.reading.left
    second = ReadingByHand(pim, ranges=left, earlier=first).run(seeded(0))
    assert second.is_whole
    assert {*first.read, *second.read} == set(keys)


def test_a_list_of_which_many_pages_fail_for_good_is_given_up() -> None:
    keys = some_keys("uuids", seeded(1), 2500)
    pim = ListInMemory("uuid", keys, broken=keys[::50], status=502)
    by_hand = ReadingByHand(pim).run(seeded(0))
    assert by_hand.reading.outcome is Outcome.FAILED
    assert pim.requests < 40


# Long lists.


@pytest.mark.parametrize(
    "kind", ["uuids", "numbered codes", "words", "two groups", "capitals outside ASCII"]
)
@pytest.mark.parametrize("place", [1500, 1600, 1950])
@pytest.mark.parametrize("threads", [1, 4])
def test_a_broken_item_beyond_the_numbered_pages_hides_few_others(
    kind: str, place: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    window_of(1000, monkeypatch)
    keys = some_keys(kind, seeded(1), 2000)
    pim = ListInMemory(key_of(kind), keys, broken=[keys[place]], window=1000)
    by_hand = ReadingByHand(pim, threads=threads).run(seeded(0))
    if kind == "two groups" and keys[place - 1][0] != keys[place][0]:
        # Nothing shows how the codes of the next group begin, so the list counts as incomplete.
        assert by_hand.reading.outcome is Outcome.FAILED
        return
    assert by_hand.reading.outcome is Outcome.BROKEN
    assert len(by_hand.read) >= len(keys) - 1 - 3
    assert lies_in(keys[place], by_hand.reading.broken)


def test_a_list_fails_if_nothing_can_be_made_between_its_keys_beyond_the_numbered_pages(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window_of(100, monkeypatch)
    # Too long a beginning that sorts after everything.
    keys = [f"{'~' * 70}{number:03}" for number in range(300)]
    pim = ListInMemory("code", keys, broken=[keys[250]], window=100)
    by_hand = ReadingByHand(pim).run(seeded(0))
    assert by_hand.reading.outcome is Outcome.FAILED
    assert "nothing shows what follows" in by_hand.reading.reason


@pytest.mark.parametrize("kind", KEYS)
@settings(max_examples=50)
@given(data=st.data())
def test_each_broken_item_is_reported_and_all_others_are_read(
    kind: str, data: st.DataObject
) -> None:
    keys = data.draw(st.lists(KEYS[kind], min_size=1, max_size=30, unique_by=str.lower))
    ordered = sorted(keys, key=lower_case)
    broken = data.draw(st.sets(st.sampled_from(ordered), max_size=8), label="broken")
    missing = data.draw(st.sets(st.sampled_from(ordered), max_size=8), label="missing") - broken
    random = data.draw(st.randoms(use_true_random=False), label="random")
    pim = ListInMemory(key_of(kind), keys, broken=broken, missing=missing)
    page_size = data.draw(st.integers(1, 9), label="page size")
    by_hand = ReadingByHand(pim, page_size, threads=data.draw(st.integers(1, 3))).run(random)
    check(by_hand, broken)
    assert pim.requests <= 3 * len(keys) + 20 + 80 * len(broken)
