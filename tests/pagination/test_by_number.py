"""Lists are read to their end, whatever links the PIM sends."""

from __future__ import annotations

import json
import tracemalloc
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_akeneo.client.responses import decode_array, value_of
from tap_akeneo.pagination.by_number import NumberedPages, any_item
from tap_akeneo.pagination.reading import ListReading, Outcome
from tap_akeneo.pagination.request import ListRequest, Pagination
from tap_akeneo.tap import TapAkeneo
from tests.pagination.by_hand import ReadingByHand
from tests.pagination.list_in_memory import ListByNumber, ListInMemory, RepairedMeanwhile
from tests.pagination.made import seeded, some_keys
from tests.support import settings_for, sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_akeneo.client.pim import Pim
    from tap_akeneo.client.responses import Page
    from tests.conftest import StartPim


@pytest.mark.parametrize("profile", ["ce-5", "ce-6", "ce-7", "saas"])
@pytest.mark.parametrize("page_size", [1, 7, 20, 100])
def test_every_product_is_read_once_with_any_page_size(
    start_pim: StartPim, profile: str, page_size: int
) -> None:
    pim = start_pim(profile, products=20)
    run = sync(pim, "products", "product_models", page_size=page_size)
    for stream in ("products", "product_models"):
        assert len(run.records(stream)) == len(run.rows(stream)) == len(pim.truth(stream))


@pytest.mark.parametrize("profile", ["ce-6", "ce-7"])
def test_a_short_page_without_a_next_link_is_not_the_end(start_pim: StartPim, profile: str) -> None:
    pim = start_pim(profile, products=40)
    key = "uuid" if profile == "ce-7" else "identifier"
    keys = sorted((product[key] for product in pim.truth("products")), key=str.lower)
    hidden = {keys[3], keys[4], keys[19]}
    for hidden_key in hidden:
        pim.missing.add(hidden_key)
    run = sync(pim, "products", page_size=10)
    assert {row for (row,) in run.rows("products")} == set(keys) - hidden


def test_missing_items_of_an_old_pim_are_counted_and_fail_the_stream(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim("ce-5", products=40)
    hidden_key = sync(pim, "products").records("products")[0]["identifier"]
    pim.missing.add(hidden_key)
    run = sync(pim, "products", page_size=10)
    listed = {product["identifier"] for product in pim.truth("products")}
    assert {key for (key,) in run.rows("products")} == listed - {hidden_key}
    assert "the PIM counts 40 items, but 39 could be read" in caplog.text
    assert run.tap.failed_streams == ["products"]
    assert run.state["bookmarks"]["products"].get("replication_key_value") is None


def test_parameters_missing_from_links_are_sent_with_each_page(start_pim: StartPim) -> None:
    pim = start_pim()
    run = sync(pim, "product_models", page_size=3)
    assert all("quality_scores" in record for record in run.records("product_models"))


def test_identifiers_with_any_character_are_read(start_pim: StartPim) -> None:
    pim = start_pim("ce-6", products=120)
    identifiers = {product["identifier"] for product in pim.truth("products")}
    assert {char for identifier in identifiers for char in identifier} >= set("/#?% ")
    run = sync(pim, "products", page_size=1)
    assert {key for (key,) in run.rows("products")} == identifiers


def test_a_deletion_during_a_read_hides_no_neighbour(start_pim: StartPim) -> None:
    pim = start_pim()
    before = sorted(row["code"] for row in pim.truth("families"))
    tap = TapAkeneo(config=settings_for(pim))
    request = ListRequest("families", Pagination.PAGE, ("code",), page_size=2)
    pages = pages_of(tap, request)
    read = [value_of(item, "code") for item in next(pages).items]
    pim.write.delete("families", before[0])
    read += [value_of(item, "code") for page in pages for item in page.items]
    assert set(read) >= set(before[1:])


def test_unsorted_media_files_are_each_read_exactly_once(start_pim: StartPim) -> None:
    pim = start_pim(products=250)
    run = sync(pim, "product_media_files", page_size=10)
    codes = [record["code"] for record in run.records("product_media_files")]
    assert sorted(codes) == sorted(row["code"] for row in pim.truth("product_media_files"))


@pytest.mark.parametrize("broken", [[0], [0, 1], [1], [0, 1, 2, 3]])
def test_a_count_does_not_depend_on_the_items_of_the_page_that_shows_it(broken: list[int]) -> None:
    codes = [f"sku_{number:03}" for number in range(60)]
    pim = ListInMemory("code", codes, broken=[codes[number] for number in broken])
    assert NumberedPages(cast("Pim", pim), pim.request()).count() == len(codes)


@pytest.mark.parametrize("status", [500, 504])
def test_a_list_is_read_without_its_count_if_only_the_count_fails(status: int) -> None:
    keys = some_keys("uuids", seeded(1), 250)
    pim = ListInMemory("uuid", keys, counts=None, status=status)
    by_hand = ReadingByHand(pim).run(seeded(0))
    assert by_hand.is_whole
    assert by_hand.read == keys


class MovedMeanwhile:
    """A list by page number, such as categories, that changes before its second page.

    Workflow tasks and catalogs have no count.
    """

    def __init__(self, move: Callable[[list[str]], None], *, counts: bool) -> None:
        self._counts = counts
        self.codes = [f"category_{number:02}" for number in range(40)]
        self._move: Callable[[list[str]], None] | None = move

    def get(
        self, _path: str, decode: Callable[[bytes], Page], params: Mapping[str, str], **_: object
    ) -> Page:
        """Behave like `tap_akeneo.client.pim.Pim.get`."""
        number, limit = int(params["page"]), int(params["limit"])
        if number == 2 and self._move is not None:
            self._move(self.codes)
            self._move = None
        shown = self.codes[(number - 1) * limit : number * limit]
        body: dict[str, Any] = {"_embedded": {"items": [{"code": code} for code in shown]}}
        if number * limit < len(self.codes):
            body["_links"] = {"next": {"href": f"http://pim/categories?page={number + 1}"}}
        if self._counts:
            body["items_count"] = len(self.codes)
        return decode(json.dumps(body).encode())


def swap_places(codes: list[str]) -> None:
    """Move one to the first page, and one away from it."""
    later, sooner = codes[15], codes[5]
    codes.remove(later)
    codes.insert(3, later)
    codes.remove(sooner)
    codes.insert(25, sooner)


def move_and_delete(codes: list[str]) -> None:
    """Move one to the first page, and delete one that was on it."""
    later = codes[15]
    codes.remove(later)
    codes.insert(3, later)
    del codes[6]


@pytest.mark.parametrize(
    ("move", "counts"), [(swap_places, True), (swap_places, False), (move_and_delete, True)]
)
def test_an_item_that_moves_to_a_page_that_was_read_is_not_missed(
    move: Callable[[list[str]], None], *, counts: bool
) -> None:
    pim = MovedMeanwhile(move, counts=counts)
    request = ListRequest("categories", Pagination.PAGE, ("code",), page_size=10, has_count=counts)
    reading = ListReading(request)
    read: set[Any] = set()
    while (one := reading.start_slice((), divides=False)) is not None:
        reading.arrive(one, one.step(cast("Pim", pim)))
        while (page := reading.next_page()) is not None:
            read.update(value_of(item, "code") for item in page.items)
            reading.consume()
    assert reading.outcome is Outcome.COMPLETE
    assert read >= set(pim.codes)


def test_a_numbered_page_is_read_without_its_count_if_only_the_count_fails() -> None:
    codes = [f"sku_{number:03}" for number in range(60)]
    pim = ListInMemory("code", codes, counts=None)
    pages = NumberedPages(cast("Pim", pim), pim.request(25))
    page, broken = pages.readable(1, 25, may_hang=False)
    assert [value_of(item, "code") for item in page.items] == codes[:25]
    assert broken == []
    assert pim.requests == 2


@given(
    size=st.integers(1, 40),
    page_size=st.integers(1, 9),
    broken=st.sets(st.integers(0, 39), max_size=20),
    counts=st.booleans(),
)
def test_all_items_of_numbered_pages_are_read_except_broken_ones(
    size: int, page_size: int, broken: set[int], *, counts: bool
) -> None:
    codes = [f"category_{number:02}" for number in range(size)]
    bad = [code for number, code in enumerate(codes) if number in broken]
    pim = ListByNumber("code", codes, broken=bad, counts=counts)
    by_hand = ReadingByHand(pim, page_size).run(seeded(0))
    assert by_hand.read == [code for code in codes if code not in bad]
    assert by_hand.reading.outcome is (Outcome.FAILED if bad else Outcome.COMPLETE)
    if bad:
        assert f"the PIM answers 500 for {len(bad)} items of this list" in by_hand.reading.reason


@pytest.mark.parametrize("key_is_cursor", [False, True])
@settings(max_examples=1000)
@given(
    items=st.lists(st.sampled_from(["shown", "deleted", "broken"]), min_size=1, max_size=12),
    page_size=st.integers(1, 6),
    repaired_after=st.integers(0, 20),
)
def test_a_list_is_not_complete_without_the_items_behind_deleted_ones(
    items: list[str], page_size: int, repaired_after: int, *, key_is_cursor: bool
) -> None:
    codes = {f"model_{number:02}": kind for number, kind in enumerate(items)}
    pim = RepairedMeanwhile(
        codes,
        missing=[code for code, kind in codes.items() if kind == "deleted"],
        broken=[code for code, kind in codes.items() if kind == "broken"],
        repaired_after=repaired_after,
        key_is_cursor=key_is_cursor,
    )
    by_hand = ReadingByHand(pim, page_size).run(seeded(0))
    if by_hand.reading.is_complete:
        assert pim.readable <= {*by_hand.read}


@pytest.mark.parametrize("broken", [[0], [0, 1], [0, 1, 2, 3, 12]])
@pytest.mark.parametrize("deleted", [[], [5, 6]])
def test_any_item_is_found_although_others_are_broken_or_deleted(
    broken: list[int], deleted: list[int]
) -> None:
    codes = [f"sku_{number:03}" for number in range(60)]
    pim = ListInMemory(
        "code",
        codes,
        broken=[codes[number] for number in broken if number not in deleted],
        missing=[codes[number] for number in deleted],
    )
    item = any_item(cast("Pim", pim), pim.request())
    assert item is not None
    assert value_of(item, "code") in pim.readable


def pages_of(tap: TapAkeneo, request: ListRequest) -> Iterator[Page]:
    """Yield the pages of a list one by one, as they are requested."""
    reading = ListReading(request)
    while (one := reading.start_slice((), divides=False)) is not None:
        step = one.step(tap.pim)
        reading.arrive(one, step)
        yield step.page


class ManyMediaFiles:
    """A list of any length that is paginated by page number."""

    def __init__(self, items: int) -> None:
        self._items = items

    def get(
        self, _path: str, decode: Callable[[bytes], Any], params: Mapping[str, str], **_more: object
    ) -> Any:
        page, limit = int(params["page"]), int(params["limit"])
        numbers = range((page - 1) * limit, min(page * limit, self._items))
        items = [
            {"code": f"a/b/c/d/{number:040x}_my_picture.jpg", "original_filename": "picture.jpg"}
            for number in numbers
        ]
        following = {"next": {"href": f"http://pim/media-files?page={page + 1}"}}
        links = following if len(numbers) == limit else {}
        body = {"_embedded": {"items": items}, "_links": links, "items_count": self._items}
        return decode(json.dumps(body).encode())


@pytest.mark.parametrize("is_sorted", [True, False])
def test_a_list_by_page_number_is_not_kept_in_memory(*, is_sorted: bool) -> None:
    length = 20_000
    # A hash of each key is kept.
    most = 160
    pim = cast("Pim", ManyMediaFiles(length))
    request = ListRequest("media-files", Pagination.PAGE, ("code",), is_sorted=is_sorted)
    reading = ListReading(request)
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        while (one := reading.start_slice((), divides=False)) is not None:
            reading.arrive(one, one.step(pim))
            while reading.next_page() is not None:
                reading.consume()
        now, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (reading.read, reading.outcome) == (length, Outcome.COMPLETE)
    assert (now - before) / length < most


def test_json_on_several_lines_is_compacted_to_one() -> None:
    (item,) = decode_array(b'[\n  {"code": "a", "labels": {\n    "en_US": "A"\n  }}\n]').items
    assert bytes(item["labels"]) == b'{"en_US":"A"}'
