"""A reader yields each page of its plans once, in turn, with a limited number of requests."""

from __future__ import annotations

import json
import statistics
import threading
import time
from typing import TYPE_CHECKING, Any, cast

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tap_akeneo.client.errors import PimUnavailable
from tap_akeneo.client.responses import value_of
from tap_akeneo.pagination.plans import Collect, Emit, ask
from tap_akeneo.pagination.reader import MAX_PAGES, Reader
from tap_akeneo.pagination.reading import ListReading, Outcome
from tap_akeneo.pagination.request import ListRequest, Pagination
from tap_akeneo.pagination.slices import ListFailed
from tests.pagination.list_in_memory import ListInMemory
from tests.pagination.made import seeded, some_keys
from tests.support import sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tap_akeneo.client.pim import Pim
    from tap_akeneo.pagination.plans import Plan
    from tests.conftest import StartPim


class Lists:
    """A PIM with lists of some pages, each of one item, that are read by their links.

    Args:
        pages: Number of pages of each list, by its path.
        before: Called with the path and the number of a page before it is sent.

    Attributes:
        sent: The pages that were requested, in order.
        most_at_once: Largest number of parallel requests.
    """

    def __init__(
        self, pages: Mapping[str, int], before: Callable[[str, int], None] = lambda *_: None
    ) -> None:
        self.sent: list[tuple[str, int]] = []
        self.most_at_once = 0
        self.root_is_up = True
        self._pages = pages
        self._before = before
        self._at_once = 0
        self._lock = threading.Lock()

    def get(
        self, path: str, decode: Callable[[bytes], Any], params: Mapping[str, str], **_: object
    ) -> Any:
        number = int(params.get("search_after", "1"))
        with self._lock:
            self.sent.append((path, number))
            self._at_once += 1
            self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            self._before(path, number)
        finally:
            with self._lock:
                self._at_once -= 1
        items = [{"code": f"{path}-{number}"}] if self._pages[path] else []
        links = {}
        if number < self._pages[path]:
            links = {"next": {"href": f"http://pim/?search_after={number + 1}"}}
        return decode(json.dumps({"_embedded": {"items": items}, "_links": links}).encode())

    def is_up(self) -> bool:
        return self.root_is_up

    def reader(self, threads: int = 4, **more: Any) -> Reader:
        return Reader(cast("Pim", self), threads, **more)


def a_list(path: str) -> ListReading:
    return ListReading(ListRequest(path, Pagination.CURSOR, ("code",)))


def emitting(*readings: ListReading) -> Callable[[], Plan[None]]:
    def plan() -> Plan[None]:
        yield Emit(readings)

    return plan


def consume(events: Iterator[Any]) -> list[str]:
    """Consume all pages, and return the codes of their items."""
    codes = []
    for reading, page in events:
        if page is not None:
            codes += [str(value_of(item, "code")) for item in page.items]
            reading.consume()
    return codes


def refuse(path: str, number: int) -> None:
    request, reason = f"GET {path}", f"the PIM answers 503 for page {number}"
    raise PimUnavailable(request, reason, 503)


@settings(max_examples=30, deadline=None)
@given(
    lengths=st.lists(st.lists(st.integers(0, 5), max_size=4), min_size=1, max_size=5),
    threads=st.integers(1, 5),
    max_bytes=st.integers(1, 200),
)
def test_each_page_of_each_plan_comes_once_and_in_the_order_of_its_list(
    lengths: list[list[int]], threads: int, max_bytes: int
) -> None:
    pages = {
        f"{plan}.{nth}": length
        for plan, lists in enumerate(lengths)
        for nth, length in enumerate(lists)
    }
    pim = Lists(pages)
    reader = pim.reader(threads, max_bytes=max_bytes)
    plans = {
        plan: emitting(*(a_list(f"{plan}.{nth}") for nth in range(len(lists))))
        for plan, lists in enumerate(lengths)
    }
    before = threading.active_count()
    for plan, begin in plans.items():
        following = [(one, plans[one]) for one in plans if one > plan]
        codes = consume(reader.read(plan, begin, following))
        for nth, length in enumerate(lengths[plan]):
            own = [code for code in codes if code.startswith(f"{plan}.{nth}-")]
            assert own == [f"{plan}.{nth}-{number}" for number in range(1, length + 1)]
        assert len(codes) == sum(lengths[plan])
    assert len(pim.sent) == len(set(pim.sent)) == sum(max(length, 1) for length in pages.values())
    assert pim.most_at_once <= threads
    assert threading.active_count() == before


def test_other_plans_are_read_ahead_while_a_page_is_consumed() -> None:
    pim = Lists({"first": 1, "second": 2, "third": 1})
    reader = pim.reader()
    third = emitting(a_list("third"))
    events = reader.read(
        1, emitting(a_list("first")), [(2, emitting(a_list("second"))), (3, third)]
    )
    next(events)
    deadline = time.monotonic() + 5
    while ("third", 1) not in pim.sent and time.monotonic() < deadline:
        time.sleep(0.01)
    assert {("second", 1), ("third", 1)} <= set(pim.sent)
    events.close()


def test_what_is_read_ahead_is_limited_in_bytes() -> None:
    pim = Lists({"first": 1, "second": 100})
    reader = pim.reader(max_bytes=300)
    events = reader.read(1, emitting(a_list("first")), [(2, emitting(a_list("second")))])
    _, page = next(events)
    assert page is not None
    time.sleep(0.2)
    # What waits may exceed the limit by what was requested before.
    assert len(pim.sent) < 20
    events.close()


def test_few_pages_of_a_long_list_wait_for_a_slow_consumer() -> None:
    # A run that is killed loses them.
    pim = ListInMemory("uuid", some_keys("uuids", seeded(1), 10_000))
    waiting = []
    for reading, page in Reader(cast("Pim", pim), 4).read(1, emitting(ListReading(pim.request()))):
        waiting.append(reading.waiting_pages)
        time.sleep(0.005)
        if page is not None:
            reading.consume()
    assert statistics.median(waiting) <= MAX_PAGES + 4


def test_a_list_fails_alone_while_the_pim_is_up() -> None:
    pim = Lists(
        {"good": 2, "bad": 2}, lambda path, number: refuse(path, number) if path == "bad" else None
    )
    good, bad = a_list("good"), a_list("bad")
    assert consume(pim.reader().read(1, emitting(good, bad))) == ["good-1", "good-2"]
    assert (good.outcome, bad.outcome) == (Outcome.COMPLETE, Outcome.FAILED)
    assert "the PIM answers 503" in bad.reason


def test_a_failure_ends_the_plan_if_the_pim_is_down() -> None:
    pim = Lists({"bad": 2}, refuse)
    pim.root_is_up = False
    with pytest.raises(PimUnavailable, match="503"):
        consume(pim.reader().read(1, emitting(a_list("bad"))))


def test_a_failure_ahead_is_raised_only_at_the_turn_of_its_plan() -> None:
    def before(path: str, number: int) -> None:
        if path == "bad":
            refuse(path, number)
        time.sleep(0.05)

    pim = Lists({"good": 3, "bad": 1}, before)
    pim.root_is_up = False
    reader, bad = pim.reader(), emitting(a_list("bad"))
    codes = consume(reader.read(1, emitting(a_list("good")), [(2, bad)]))
    assert codes == ["good-1", "good-2", "good-3"]
    with pytest.raises(PimUnavailable):
        consume(reader.read(2, bad))


def test_a_plan_gets_values_and_exceptions_of_what_it_asks_for() -> None:
    def fail(error: Exception) -> None:
        raise error

    got: list[object] = []

    def plan() -> Plan[None]:
        got.append((yield from ask(lambda: threading.current_thread().name)))
        try:
            yield from ask(lambda: fail(ValueError("no")))
        except ValueError as error:
            got.append(str(error))
        try:
            yield from ask(lambda: fail(PimUnavailable("GET x", "the PIM answers 500", 500)))
        except ListFailed as error:
            got.append(str(error))
        yield Emit([a_list("x")])

    assert consume(Lists({"x": 1}).reader().read(1, plan)) == ["x-1"]
    assert got == ["pim-0", "no", "the PIM answers 500 [GET x]"]


def test_a_plan_takes_the_pages_that_it_collects_as_they_arrive() -> None:
    found: list[str] = []

    def plan() -> Plan[None]:
        parents = [a_list("parents"), a_list("none")]
        yield Collect(
            parents, lambda _, page: found.extend(str(value_of(one, "code")) for one in page.items)
        )
        yield Collect([], lambda *_: None)
        assert [one.outcome for one in parents] == [Outcome.COMPLETE] * 2
        yield Emit([a_list("x")])

    # More than the pages that may wait.
    reader = Lists({"parents": 50, "none": 0, "x": 1}).reader(max_bytes=100)
    assert consume(reader.read(1, plan)) == ["x-1"]
    assert found == [f"parents-{number}" for number in range(1, 51)]


def test_a_reader_waits_for_pending_requests_if_its_consumer_stops_early() -> None:
    under_way, ended = threading.Event(), threading.Event()

    def before(path: str, _number: int) -> None:
        if path == "slow":
            under_way.set()
            time.sleep(0.3)
            ended.set()

    events = (
        Lists({"fast": 1, "slow": 1}, before)
        .reader()
        .read(1, emitting(a_list("fast"), a_list("slow")))
    )
    next(events)
    under_way.wait(5)
    events.close()
    assert ended.is_set()


def test_a_stopped_reader_does_not_wait_for_pending_requests() -> None:
    under_way, let_go = threading.Event(), threading.Event()

    def before(_path: str, _number: int) -> None:
        under_way.set()
        let_go.wait(10)

    def stop() -> None:
        under_way.wait(10)
        raise KeyboardInterrupt

    started = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        consume(Lists({"x": 1}, before).reader(pulse=stop).read(1, emitting(a_list("x"))))
    assert time.monotonic() - started < 5
    let_go.set()


def test_the_concurrency_limit_also_holds_after_a_rejected_list(start_pim: StartPim) -> None:
    pim = start_pim("ee-7", products=20)
    refusal = {"code": 400, "message": "no"}
    pim.faults.add("status", "/options", nth=4, status=400, body=refusal)
    # Requests of the rejected stream are still in progress when the next stream begins.
    pim.faults.add("slow", "/options", times=None, delay=0.3)
    pim.faults.add("slow", "/variants", times=None, delay=0.3)
    run = sync(pim, "attribute_options", "family_variants", max_concurrency=4)
    assert run.tap.failed_streams == ["attribute_options"]
    assert run.rows("family_variants")
    assert pim.requests.highest_concurrency <= 4
