"""The law of isolation: a broken item is found by its key, and its neighbours come out."""

from __future__ import annotations

import json
from bisect import bisect_right

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_akeneo.client.errors import PimUnavailable
from tap_akeneo.client.responses import HalPage, decode_page, value_of
from tap_akeneo.pagination.broken_items import Isolation

FAILED = PimUnavailable("GET /products", "the PIM answers 500", 500)

LETTERS = st.characters(min_codepoint=1, exclude_categories=["Cs"])
TEXTS = st.text(LETTERS, min_size=1, max_size=12).map(str.lower).filter(lambda t: t == t.lower())
# As codes are: much alike, so that one begins with another.
CODES = st.text("ab-0é", min_size=1, max_size=6)


class ListRequest:
    """A list in the PIM's order, with items that fail each page that holds them."""

    def __init__(self, keys: set[str], broken: set[str], gone: set[str] | None = None) -> None:
        self.keys = sorted(keys)
        self.broken = broken
        self.gone = gone or set()
        self.asked = 0

    def page(self, size: int, cursor: str | None, /, *, gives_up_on_500: bool = False) -> HalPage:
        assert gives_up_on_500
        self.asked += 1
        start = bisect_right(self.keys, cursor.lower()) if cursor else 0
        page = self.keys[start : start + size]
        if not self.broken.isdisjoint(page):
            raise FAILED
        items = [{"key": key} for key in page if key not in self.gone]
        return decode_page(json.dumps({"_embedded": {"items": items}}).encode())

    def read(self, key: str | None) -> tuple[list[str], list[str]]:
        """All that comes out, and what is told to be broken."""
        isolation = Isolation(self.page, key, 4)
        read: list[str] = []
        while True:
            cursor = max([*read, *isolation.broken], default=None)
            try:
                page = self.page(4, cursor, gives_up_on_500=True)
            except PimUnavailable as failure:
                page = isolation.page(failure, cursor)
            if not page.items:
                return read, isolation.broken
            read += [value_of(item, "key") for item in page.items]


@pytest.mark.parametrize("kind", ["any text", "codes", "uuids"])
@given(data=st.data())
def test_a_broken_item_is_named_and_nothing_else_is_left_out(
    kind: str, data: st.DataObject
) -> None:
    items = {"any text": TEXTS, "codes": CODES, "uuids": st.uuids().map(str)}[kind]
    keys = data.draw(st.sets(items, min_size=1, max_size=9))
    broken = data.draw(st.sampled_from(sorted(keys)))
    # In the index, but no longer in SQL; fewer than fill a page, which nobody sees behind.
    gone = data.draw(st.sets(st.sampled_from(sorted(keys)), max_size=3)) - {broken}
    listing = ListRequest(keys, {broken}, gone)
    read, named = listing.read("uuid" if kind == "uuids" else "code")
    assert read == sorted(keys - {broken} - gone)
    assert named == [broken]


def test_a_code_is_found_by_few_requests_where_it_is_like_the_one_before() -> None:
    listing = ListRequest({f"product_model_{number:05}" for number in range(500, 600)}, set())
    listing.broken = {listing.keys[50]}
    read, named = listing.read("code")
    assert (len(read), named) == (99, ["product_model_00550"])
    assert listing.asked < 70
