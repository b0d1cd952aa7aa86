"""Lists by key: each item that is there during the whole reading comes exactly once."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_akeneo.pagination.reading import Outcome
from tap_akeneo.pagination.slices import KeyRange
from tests.pagination.by_hand import ReadingByHand
from tests.pagination.list_in_memory import (
    ListInMemory,
    ListWithoutLimit,
    as_they_are,
    lower_case,
)
from tests.pagination.made import KEYS, LONG, key_of, seeded, some_keys, window_of

if TYPE_CHECKING:
    from collections.abc import Callable

TEXTS = [kind for kind in KEYS if not kind.startswith("uuids")]


def a_list(data: st.DataObject, kind: str, most: int = 80) -> list[str]:
    return data.draw(st.lists(KEYS[kind], max_size=most, unique_by=str.lower), label="keys")


@pytest.mark.parametrize("kind", KEYS)
@settings(max_examples=50)
@given(data=st.data())
def test_each_item_that_exists_throughout_is_read_exactly_once_and_never_lost_from_what_is_left(
    kind: str, data: st.DataObject
) -> None:
    keys = a_list(data, kind)
    to_come = data.draw(st.lists(KEYS[kind], max_size=5), label="created meanwhile")
    random = data.draw(st.randoms(use_true_random=False), label="random")
    pim = ListInMemory(key_of(kind), keys)
    by_hand = ReadingByHand(
        pim,
        page_size=data.draw(st.integers(1, 7), label="page size"),
        threads=data.draw(st.integers(1, 4), label="threads"),
        steps=data.draw(st.integers(1, 3), label="steps"),
    )
    throughout = set(keys)
    while not by_hand.has_ended:
        by_hand.act(random)
        chance = random.randrange(12)
        if chance == 0 and to_come:
            pim.create(to_come.pop())
        elif chance == 1 and (left := sorted(pim.readable)):
            gone = random.choice(left)
            throughout.discard(gone)
            pim.delete(gone, from_index=random.random() < 0.5)
        by_hand.check_state(throughout)
    assert throughout <= set(by_hand.read)
    # A list that is found not to be sorted is read twice.
    assert len(by_hand.read) == len(set(by_hand.read)) or not by_hand.reading.is_resumable
    assert by_hand.reading.outcome is Outcome.COMPLETE
    assert by_hand.reading.left == []


@pytest.mark.parametrize("kind", KEYS)
@settings(max_examples=50)
@given(data=st.data())
def test_an_interrupted_reading_is_resumed_with_exactly_what_is_left_as_often_as_it_breaks_off(
    kind: str, data: st.DataObject
) -> None:
    keys = a_list(data, kind)
    random = data.draw(st.randoms(use_true_random=False), label="random")
    pim = ListInMemory(key_of(kind), keys)
    page_size = data.draw(st.integers(1, 7), label="page size")
    threads = data.draw(st.integers(1, 4), label="threads")
    reading = ReadingByHand(pim, page_size, threads=threads, steps=2)
    read: list[str] = []
    for actions in data.draw(st.lists(st.integers(0, 40), max_size=4), label="actions"):
        for _ in range(actions):
            if not reading.has_ended:
                reading.act(random)
        read += reading.read
        if not reading.reading.left:
            assert sorted(read) == sorted(keys)
            return
        reading = ReadingByHand(
            pim,
            page_size,
            threads=threads,
            steps=2,
            ranges=reading.reading.left,
            earlier=reading,
        )
    reading.run(random)
    assert reading.is_whole
    assert sorted([*read, *reading.read]) == sorted(keys)


@pytest.mark.parametrize("kind", LONG)
@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), actions=st.integers(0, 500))
def test_a_list_longer_than_the_numbered_pages_is_read_and_resumed_anywhere(
    kind: str, seed: int, actions: int
) -> None:
    random = seeded(seed)
    keys = some_keys(kind, random, 1500)
    with pytest.MonkeyPatch.context() as monkeypatch:
        window_of(500, monkeypatch)
        pim = ListInMemory(key_of(kind), keys, window=500)
        first = ReadingByHand(pim, 20, threads=4, steps=3)
        for _ in range(actions):
            if not first.has_ended:
                first.act(random)
        first.check_state(set(keys))
        left = first.reading.left
        if not left:
            assert sorted(first.read) == keys
            return
        second = ReadingByHand(pim, 20, threads=4, steps=3, ranges=left, earlier=first).run(random)
    assert second.reading.outcome is Outcome.RESUMED
    assert sorted([*first.read, *second.read]) == keys


# Items that the search index still has, but the database has not.


@pytest.mark.parametrize("kind", KEYS)
@settings(max_examples=50)
@given(data=st.data())
def test_items_that_are_missing_anywhere_hide_no_others(kind: str, data: st.DataObject) -> None:
    keys = a_list(data, kind)
    missing = data.draw(st.sets(st.sampled_from(keys)) if keys else st.just(set()), label="missing")
    random = data.draw(st.randoms(use_true_random=False), label="random")
    pim = ListInMemory(key_of(kind), keys, missing=missing)
    by_hand = ReadingByHand(
        pim,
        page_size=data.draw(st.integers(1, 7), label="page size"),
        threads=data.draw(st.integers(1, 4), label="threads"),
    )
    while not by_hand.has_ended:
        by_hand.act(random)
        by_hand.check_state(pim.readable)
    assert sorted(by_hand.read) == sorted(pim.readable)
    assert by_hand.is_whole


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), hidden=st.integers(100, 250), threads=st.integers(1, 4))
@pytest.mark.parametrize("kind", LONG)
def test_whole_pages_of_missing_items_hide_no_other_items(
    kind: str, seed: int, hidden: int, threads: int
) -> None:
    random = seeded(seed)
    keys = some_keys(kind, random, 600)
    first = random.randrange(len(keys) - hidden)
    pim = ListInMemory(key_of(kind), keys, missing=keys[first : first + hidden])
    by_hand = ReadingByHand(pim, threads=threads)
    while not by_hand.has_ended:
        by_hand.act(random)
        by_hand.check_state(pim.readable)
    assert sorted(by_hand.read) == sorted(pim.readable)
    assert by_hand.is_whole


@settings(max_examples=20)
@given(seed=st.integers(0, 10**6), actions=st.integers(0, 60))
@pytest.mark.parametrize("kind", LONG)
def test_a_reading_with_whole_pages_of_missing_items_is_resumed_anywhere(
    kind: str, seed: int, actions: int
) -> None:
    random = seeded(seed)
    keys = some_keys(kind, random, 600)
    first_gone = random.randrange(len(keys) - 150)
    pim = ListInMemory(key_of(kind), keys, missing=keys[first_gone : first_gone + 150])
    first = ReadingByHand(pim, 20, threads=3, steps=3)
    for _ in range(actions):
        if not first.has_ended:
            first.act(random)
    left = first.reading.left
    if not left:
        assert sorted(first.read) == sorted(pim.readable)
    if not left or not first.read:
        # The state says nothing of a list of which no item was written.
        return
    second = ReadingByHand(pim, 20, threads=3, steps=3, ranges=left, earlier=first).run(random)
    assert second.is_whole
    assert sorted([*first.read, *second.read]) == sorted(pim.readable)


@pytest.mark.parametrize("kind", LONG)
def test_a_broken_item_after_whole_pages_of_missing_items_is_reported_and_hides_no_others(
    kind: str,
) -> None:
    random = seeded(1)
    keys = some_keys(kind, random, 600)
    pim = ListInMemory(key_of(kind), keys, missing=keys[200:320], broken=[keys[320], keys[330]])
    by_hand = ReadingByHand(pim).run(random)
    assert set(by_hand.read) == pim.readable
    for key in (keys[320], keys[330]):
        assert any((one.after or "") < key <= one.to for one in by_hand.reading.broken)


def test_a_broken_item_that_alone_follows_whole_pages_of_missing_items_is_reported() -> None:
    keys = some_keys("uuids", seeded(1), 600)
    pim = ListInMemory("uuid", keys, missing=keys[200:320], broken=[keys[320]])
    by_hand = ReadingByHand(pim).run(seeded(0))
    assert set(by_hand.read) == pim.readable
    assert by_hand.reading.outcome is Outcome.BROKEN


def test_whole_pages_of_missing_items_hide_no_others_if_the_first_item_is_broken() -> None:
    keys = some_keys("uuids", seeded(1), 400)
    # Less than one page follows them, so no other page shows that these items exist.
    pim = ListInMemory("uuid", keys, missing=keys[250:390], broken=keys[:1])
    by_hand = ReadingByHand(pim).run(seeded(0))
    assert set(by_hand.read) == pim.readable


def test_missing_items_after_a_non_ascii_key_hide_no_others_or_fail_the_list() -> None:
    keys = sorted(f"é{number:04}" for number in range(400))
    pim = ListInMemory("code", keys, missing=keys[100:250])
    by_hand = ReadingByHand(pim).run(seeded(0))
    assert set(by_hand.read) == pim.readable or not by_hand.is_whole


def test_a_long_list_whose_parts_do_not_make_up_its_count_is_read_in_one_run(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    window_of(100, monkeypatch)
    keys = some_keys("uuids", seeded(1), 400)
    pim = ListInMemory("uuid", keys, window=100)
    earlier = ReadingByHand(pim)
    # More than a page of broken items was between them, which have been repaired.
    earlier.reading.read, earlier.reading.counted = 40, 400
    by_hand = ReadingByHand(pim, ranges=[KeyRange(keys[199])], earlier=earlier).run(seeded(0))
    assert by_hand.reading.outcome is Outcome.COMPLETE
    assert set(by_hand.read) == set(keys)


@pytest.mark.parametrize("kind", LONG)
@settings(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_items_that_are_created_meanwhile_do_not_make_up_for_hidden_ones(
    kind: str, seed: int
) -> None:
    random = seeded(seed)
    keys = some_keys(kind, random, 400)
    # At the end, where no page shows that others follow, and too few to matter in the count.
    pim = ListInMemory(key_of(kind), keys, missing=keys[295:396])
    by_hand = ReadingByHand(pim, 10, threads=2)
    readable = pim.readable
    for number in range(10):
        pim.create(between(keys[number], keys[number + 1]))
        for _ in range(5):
            by_hand.act(random)
    by_hand.run(random)
    assert set(by_hand.read) >= readable or not by_hand.is_whole


@pytest.mark.parametrize(("created", "deleted"), [(101, 0), (8, 8), (60, 60), (150, 150)])
@pytest.mark.parametrize("counted_at", [0, 150])
def test_items_that_come_and_go_meanwhile_do_not_make_up_for_hidden_ones(
    created: int, deleted: int, counted_at: int
) -> None:
    keys = some_keys("uuids", seeded(0), 400)
    # As many as a page has, and four items behind them.
    pim = ListInMemory("uuid", keys, missing=keys[295:396])
    throughout = pim.readable - set(keys[:deleted])
    by_hand = ReadingByHand(pim, 10)
    random = seeded(0)
    while not by_hand.has_ended:
        by_hand.act(random)
        if by_hand.read and created and len(by_hand.read) > counted_at:
            start = UUID(keys[280]).int
            for number in range(created):
                pim.create(str(UUID(int=start + 1 + number)))
            created = 0
        if len(by_hand.read) > 200:
            for key in keys[:deleted]:
                pim.delete(key, from_index=True)
            deleted = 0
    assert set(by_hand.read) >= throughout or not by_hand.is_whole


def between(one: str, other: str) -> str:
    """Return a key that comes between two others."""
    try:
        return str(UUID(int=(UUID(one).int + UUID(other).int) // 2))
    except ValueError:
        return f"{one}0"


@pytest.mark.parametrize("counts", [None, False], ids=["500", "none"])
@pytest.mark.parametrize("kind", LONG)
@settings(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_a_list_without_a_count_is_read(kind: str, counts: bool | None, seed: int) -> None:  # noqa: FBT001 (a parameter)
    random = seeded(seed)
    keys = some_keys(kind, random, 300)
    pim = ListInMemory(key_of(kind), keys, counts=counts, missing=random.sample(keys, 20))
    by_hand = ReadingByHand(pim, 10, threads=3).run(random)
    assert sorted(by_hand.read) == sorted(pim.readable)
    assert by_hand.reading.outcome is Outcome.COMPLETE


@pytest.mark.parametrize("counts", [None, False], ids=["500", "none"])
@pytest.mark.parametrize("threads", [1, 3])
def test_whole_pages_of_missing_items_hide_nothing_or_fail_a_list_without_a_count(
    counts: bool | None,  # noqa: FBT001 (a parameter)
    threads: int,
) -> None:
    keys = some_keys("uuids", seeded(0), 1000)
    pim = ListInMemory("uuid", keys, counts=counts, missing=keys[700:850])
    by_hand = ReadingByHand(pim, threads=threads).run(seeded(0))
    assert set(by_hand.read) == pim.readable or by_hand.reading.outcome is Outcome.FAILED


BEYOND = 1000
"""Items that the PIM serves by number, so that nothing shows the positions of later ones."""


@pytest.mark.parametrize("kind", ["uuids", "numbered codes"])
@pytest.mark.parametrize("near", [2, 40])
def test_items_near_broken_ones_in_a_long_list_are_read_or_reported(
    kind: str, near: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    window_of(BEYOND, monkeypatch)
    random = seeded(near)
    keys = some_keys(kind, random, BEYOND + 1000)
    first = BEYOND + 500
    broken = {keys[first], keys[first + near], keys[first + near + 1]}
    pim = ListInMemory(key_of(kind), keys, broken=broken, window=BEYOND)
    by_hand = ReadingByHand(pim, threads=4).run(random)
    reported = by_hand.reading.broken
    for key in pim.readable.difference(by_hand.read):
        assert any((one.after or "") < key <= one.to for one in reported)
    for key in broken:
        assert any((one.after or "") < key <= one.to for one in reported)
    assert by_hand.reading.outcome is Outcome.BROKEN


@pytest.mark.parametrize("kind", LONG)
@pytest.mark.parametrize("hidden", [(BEYOND + 100, BEYOND + 300), (BEYOND - 40, BEYOND + 110)])
@settings(max_examples=20)
@given(seed=st.integers(0, 10**6))
def test_whole_pages_of_missing_items_in_a_long_list_hide_nothing_or_fail_it(
    kind: str, hidden: tuple[int, int], seed: int
) -> None:
    random = seeded(seed)
    keys = some_keys(kind, random, BEYOND + 1000)
    missing = [*keys[slice(*hidden)], *keys[BEYOND + 700 : BEYOND + 850]]
    pim = ListInMemory(key_of(kind), keys, missing=missing, window=BEYOND)
    with pytest.MonkeyPatch.context() as monkeypatch:
        window_of(BEYOND, monkeypatch)
        by_hand = ReadingByHand(pim, threads=random.randint(1, 4)).run(random)
    assert set(by_hand.read) == pim.readable or by_hand.reading.outcome is Outcome.FAILED


# What a reading costs.


def test_a_list_without_missing_items_needs_one_request_per_page_and_few_more() -> None:
    keys = some_keys("uuids", seeded(0), 2000)
    pim = ListInMemory("uuid", keys)
    ReadingByHand(pim, 10).run(seeded(0))
    # One request by page number for the count, one that finds the end, and the count once more.
    assert pim.requests <= len(keys) / 10 + 3


@pytest.mark.parametrize("kind", ["uuids", "words", "numbered codes", "two groups"])
def test_dividing_a_list_costs_only_a_few_requests(kind: str) -> None:
    keys = some_keys(kind, seeded(0), 4000)
    pim = ListInMemory(key_of(kind), keys)
    ReadingByHand(pim, 10, threads=4).run(seeded(0))
    assert pim.requests <= 1.15 * len(keys) / 10


@pytest.mark.parametrize("kind", ["uuids", "words"])
@pytest.mark.parametrize("seed", range(5))
def test_a_slice_without_readable_items_is_not_divided_for_ever_if_nothing_counts_them(
    kind: str, seed: int
) -> None:
    keys = sorted(some_keys(kind, seeded(seed), 80), key=lower_case)
    requests = []
    for threads in (1, 4):
        pim = ListInMemory(
            key_of(kind), keys[:40], missing=keys[40:60], broken=keys[60:], counts=None
        )
        by_hand = ReadingByHand(pim, 2, threads=threads).run(seeded(seed))
        assert set(by_hand.read) == pim.readable
        requests.append(pim.requests)
    alone, together = requests
    assert together <= 3 * alone


# Lists whose pages have a size that the PIM chooses.


@pytest.mark.parametrize("kind", TEXTS)
@settings(max_examples=50)
@given(data=st.data())
def test_a_list_without_a_limit_is_divided_where_its_links_show_that_cursors_are_keys(
    kind: str, data: st.DataObject
) -> None:
    keys = sorted(a_list(data, kind), key=lower_case)
    random = data.draw(st.randoms(use_true_random=False), label="random")
    pim = ListWithoutLimit(
        keys, cursors_are_keys=True, links_a_full_last_page=data.draw(st.booleans())
    )
    by_hand = ReadingByHand(pim, threads=4).run(random)
    assert sorted(by_hand.read) == sorted(keys)
    assert by_hand.reading.outcome is Outcome.COMPLETE


@settings(max_examples=50)
@given(data=st.data())
def test_a_page_without_items_that_links_to_another_one_does_not_end_the_list(
    data: st.DataObject,
) -> None:
    keys = sorted(a_list(data, "numbered codes"), key=lower_case)
    start = data.draw(st.integers(0, len(keys)), label="first hidden")
    hidden = keys[start : start + data.draw(st.integers(0, 20), label="hidden")]
    random = data.draw(st.randoms(use_true_random=False), label="random")
    pim = ListWithoutLimit(keys, cursors_are_keys=True, hidden=hidden)
    by_hand = ReadingByHand(pim, threads=data.draw(st.integers(1, 4))).run(random)
    assert sorted(by_hand.read) == sorted(pim.readable)
    assert by_hand.reading.outcome is Outcome.COMPLETE


@settings(max_examples=50)
@given(data=st.data())
def test_a_list_without_a_limit_whose_cursors_are_no_keys_is_read_by_its_links_alone(
    data: st.DataObject,
) -> None:
    keys = data.draw(st.permutations(a_list(data, "any text", 30)), label="order")
    random = data.draw(st.randoms(use_true_random=False), label="random")
    pim = ListWithoutLimit(keys, cursors_are_keys=False)
    by_hand = ReadingByHand(pim, threads=4).run(random)
    assert by_hand.read == keys
    assert by_hand.reading.outcome is Outcome.COMPLETE
    # A list of one page has no link that shows what its cursors are.
    assert pim.made_up_cursors <= (len(keys) < pim.page_size)


ORDERS: dict[str, Callable[[str], bytes]] = {
    "upper case first": as_they_are,
    "backwards": lambda key: bytes(255 - byte for byte in as_they_are(key)),
    "by length": lambda key: bytes([len(key)]) + lower_case(key),
    "at random": lambda key: bytes([hash(key.encode()) % 251]) + lower_case(key),
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", ["codes much alike", "digits", "any text", "two cases"])
@settings(max_examples=50)
@given(data=st.data())
def test_a_list_in_another_order_than_its_keys_loses_nothing_or_fails(
    kind: str, order: str, data: st.DataObject
) -> None:
    one = KEYS.get(kind, st.from_regex(r"[A-Za-d][0-9]{2}", fullmatch=True))
    keys = data.draw(st.lists(one, max_size=120, unique_by=str.lower), label="keys")
    random = data.draw(st.randoms(use_true_random=False), label="random")
    pim = ListWithoutLimit(
        sorted(keys, key=ORDERS[order]),
        cursors_are_keys=True,
        order=ORDERS[order],
        links_a_full_last_page=data.draw(st.booleans()),
    )
    by_hand = ReadingByHand(pim, threads=4, steps=2).run(random)
    assert set(by_hand.read) == set(keys) or by_hand.reading.outcome is Outcome.FAILED


@given(seed=st.integers(0, 999), actions=st.lists(st.integers(1, 80), max_size=3))
def test_a_list_whose_upper_case_comes_first_is_resumed_without_a_loss(
    seed: int, actions: list[int]
) -> None:
    random = seeded(seed)
    keys = [f"{'ABCDE'[number % 5]}{number:03}" for number in range(random.randrange(12, 120))]
    pim = ListWithoutLimit(sorted(keys, key=as_they_are), cursors_are_keys=True, order=as_they_are)
    reading, read = ReadingByHand(pim, threads=4, steps=2), set[str]()
    for times in actions:
        for _ in range(times):
            if not reading.has_ended:
                reading.act(random)
        read |= set(reading.read)
        left = reading.reading.left if reading.reading.is_resumable else []
        if reading.has_ended or not left or not reading.read:
            break
        reading = ReadingByHand(pim, threads=4, steps=2, ranges=left, earlier=reading)
    reading.run(random)
    assert {*read, *reading.read} == set(keys)


@pytest.mark.parametrize("order", ORDERS)
@settings(max_examples=50)
@given(data=st.data())
def test_a_list_with_a_limit_in_another_order_than_its_keys_loses_nothing_or_fails(
    order: str, data: st.DataObject
) -> None:
    keys = a_list(data, "codes much alike")
    random = data.draw(st.randoms(use_true_random=False), label="random")
    pim = ListInMemory("code", [key.lower() for key in keys], order=ORDERS[order])
    by_hand = ReadingByHand(pim, data.draw(st.integers(1, 7)), threads=4, steps=2).run(random)
    assert set(by_hand.read) == pim.readable or by_hand.reading.outcome is Outcome.FAILED


@settings(max_examples=50)
@given(data=st.data())
def test_a_list_without_a_limit_whose_first_cursors_are_keys_by_chance_is_read_or_fails(
    data: st.DataObject,
) -> None:
    keys = data.draw(st.permutations(a_list(data, "digits", 60)), label="order")
    random = data.draw(st.randoms(use_true_random=False), label="random")
    keys = sorted(keys[:7], key=str.encode) + keys[7:]
    pim = ListWithoutLimit(keys, cursors_are_keys=False)
    by_hand = ReadingByHand(pim, threads=4).run(random)
    assert set(by_hand.read) == set(keys) or by_hand.reading.outcome is Outcome.FAILED


def test_where_a_range_meets_one_that_an_earlier_run_has_read_one_more_page_is_enough() -> None:
    keys = some_keys("uuids", seeded(1), 300)
    pim = ListInMemory("uuid", keys)
    earlier = ReadingByHand(pim).run(seeded(0))
    pim.requests = 0
    rest = ReadingByHand(pim, ranges=[KeyRange(keys[119], keys[150])], earlier=earlier)
    rest.run(seeded(0))
    assert rest.reading.outcome is Outcome.RESUMED
    assert rest.read == keys[120:151]
    assert pim.requests == 2
