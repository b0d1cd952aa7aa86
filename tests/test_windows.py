"""Windows cover what changed exactly once, however walks give parts of themselves away."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeVar, cast

from hypothesis import given
from hypothesis import strategies as st

from tap_akeneo.client.responses import value_of
from tap_akeneo.pagination.base import ListRequest, Pagination
from tap_akeneo.pagination.windows import Changes, WindowPaginator
from tap_akeneo.replication import Window

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_akeneo.client.pim import Pim
    from tap_akeneo.pagination.base import Paginator

T = TypeVar("T")
WRITTEN = "%Y-%m-%d %H:%M:%S"
START = datetime(2025, 1, 1)  # noqa: DTZ001 (a wall time)
NOW = START + timedelta(days=400)

# Spread, and many in few seconds, as a bulk import leaves them.
dates = st.one_of(
    st.integers(0, 390 * 86400),
    st.integers(86400, 86403),
).map(lambda seconds: START + timedelta(seconds=seconds))
# What the body shows can be older than what the index holds.
items = st.lists(st.tuples(dates, dates), max_size=120)


class ListInMemory:
    """A list that answers as the PIM does, for many cases in little time.

    Args:
        dated: Index date and body date of each item; its key is its place.
    """

    cursors_are_plain = True

    def __init__(self, dated: list[tuple[datetime, datetime]]) -> None:
        self._dated = dated
        self.requests = 0

    def get(
        self, _path: str, decode: Callable[[bytes], T], params: Mapping[str, str], **_more: object
    ) -> T:
        self.requests += 1
        keys = [
            f"{key:06}"
            for key, (index_date, _) in enumerate(self._dated)
            if matches(index_date, json.loads(params.get("search", "{}")).get("updated", []))
        ]
        found = len(keys)
        keys = [key for key in keys if key > params.get("search_after", "")]
        shown = keys[: int(params["limit"])]
        body: dict[str, Any] = {
            "_embedded": {
                "items": [
                    {"uuid": key, "updated": self._dated[int(key)][1].isoformat() + "+00:00"}
                    for key in shown
                ]
            }
        }
        if len(shown) == int(params["limit"]):
            body["_links"] = {"next": {"href": f"http://elsewhere/x?search_after={shown[-1]}"}}
        if params.get("with_count") == "true":
            body["items_count"] = found
        return decode(json.dumps(body).encode())


def matches(date: datetime, conditions: list[dict[str, Any]]) -> bool:
    written = date.strftime(WRITTEN)
    return all(
        written > condition["value"]
        if condition["operator"] == ">"
        else condition["value"][0] <= written <= condition["value"][1]
        for condition in conditions
    )


def changes_of(pim: ListInMemory, whole: Window = Window(), page_size: int = 3) -> Changes:  # noqa: B008
    def listing(window: Window) -> ListRequest:
        params = {"search": json.dumps({"updated": window.conditions(WRITTEN)})}
        return ListRequest(
            "x", Pagination.SEARCH_AFTER, ("uuid",), params, page_size, key_is_cursor=True
        )

    return Changes(cast("Pim", pim), listing, NOW, whole)


def read_all(
    changes: Changes, choose: Callable[[int], int], idle: Callable[[], int]
) -> tuple[list[str], list[WindowPaginator]]:
    """Reads as threads might: any walk may be the next to get its page."""
    read: list[str] = []
    finished: list[WindowPaginator] = []
    unfinished: list[Paginator] = [changes.walk()]
    while unfinished:
        walk = unfinished[choose(len(unfinished))]
        assert isinstance(walk, WindowPaginator)
        page = walk.next_page()
        if page is None:
            unfinished.remove(walk)
            finished.append(walk)
            continue
        read += [value_of(item, "uuid") for item in page.items]
        while part := walk.split(idle=idle()):
            unfinished.append(part)
    return read, finished


@given(dated=items, data=st.data())
def test_every_item_is_read_exactly_once_in_any_order_of_events(
    dated: list[tuple[datetime, datetime]], data: st.DataObject
) -> None:
    pim = ListInMemory(dated)
    read, _ = read_all(
        changes_of(pim),
        lambda walks: data.draw(st.integers(0, walks - 1)),
        lambda: data.draw(st.integers(0, 3)),
    )
    assert sorted(read) == [f"{key:06}" for key in range(len(dated))]


@given(dated=items, start=st.none() | dates, end=st.none() | dates)
def test_the_parts_of_a_window_hold_what_the_whole_holds(
    dated: list[tuple[datetime, datetime]], start: datetime | None, end: datetime | None
) -> None:
    window = Window(start, end)
    read, finished = read_all(
        changes_of(ListInMemory(dated), window), lambda walks: walks - 1, lambda: 1
    )
    assert sorted(read) == [
        f"{key:06}"
        for key, (index_date, _) in enumerate(dated)
        if (start is None or index_date > start) and (end is None or index_date <= end)
    ]
    ends = sorted(
        (walk.window for walk in finished), key=lambda part: (part.start is not None, part.start)
    )
    assert (ends[0].start, ends[-1].end) == (start, end)
    assert all(left.end == right.start for left, right in pairwise(ends))


@given(
    start=st.none() | dates,
    end=st.none() | dates,
    seen=st.lists(dates, max_size=20),
    share=st.floats(0.001, 0.5),
)
def test_a_cut_lies_within_the_window_and_leaves_both_parts_a_second(
    start: datetime | None, end: datetime | None, seen: list[datetime], share: float
) -> None:
    cut = Window(start, end).cut(seen, share, NOW)
    if cut is not None:
        assert start is None or cut > start
        assert cut < (end or NOW)


def test_a_window_of_one_second_is_not_cut() -> None:
    assert Window(START, START + timedelta(seconds=1)).cut([START], 0.5, NOW) is None


def test_a_list_of_one_page_is_neither_counted_nor_cut() -> None:
    pim = ListInMemory([(START, START)] * 2)
    read_all(changes_of(pim), lambda _: 0, lambda: 1)
    # The page, and a look behind its last item.
    assert pim.requests == 2


def test_a_long_walk_gives_away_what_is_later_even_if_nobody_is_idle() -> None:
    spread = [START + timedelta(hours=hour) for hour in range(4000)]
    changes = changes_of(ListInMemory([(date, date) for date in spread]), page_size=10)
    _, finished = read_all(changes, lambda _: 0, lambda: 0)
    assert len(finished) > 3
    ordered = [walk.window.end for walk in finished if walk.window.end]
    assert ordered == sorted(ordered), "in the order of time, so that a run can resume"
