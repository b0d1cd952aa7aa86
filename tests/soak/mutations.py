"""Rules of the tap, broken on purpose: the soak must see it."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta
from itertools import count, repeat
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from tap_akeneo import replication
from tap_akeneo.client.responses import value_of
from tap_akeneo.pagination.cursor import CursorPaginator
from tap_akeneo.pagination.windows import Changes, WindowPaginator
from tap_akeneo.replication import ServerZone, Window, plan_incremental
from tap_akeneo.streams import incremental
from tap_akeneo.streams.incremental import BookmarkedRead, IncrementalStream, WindowedStream
from tap_akeneo.streams.products import ProductModels
from tests.soak.scenario import changes_of_clocks, draw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tap_akeneo.client.responses import Page
    from tap_akeneo.replication import DateRange
    from tests.soak.scenario import Scenario


@contextmanager
def _bookmark_of_records() -> Iterator[None]:
    """The bookmark is the largest ``updated`` that was seen."""
    move, records = IncrementalStream._move_bookmark, IncrementalStream.records  # noqa: SLF001
    largest: dict[int, datetime] = {}

    def seeing(self: IncrementalStream, page: Page, parents: Any) -> Any:
        seen = [datetime.fromisoformat(value_of(item, "updated")) for item in page.items]
        largest[id(self)] = max([*seen, *filter(None, [largest.get(id(self))])])
        return records(self, page, parents)

    def moving(self: IncrementalStream, series: BookmarkedRead, reached: datetime) -> None:
        move(self, series, largest.get(id(self), reached))

    with (
        patch.object(IncrementalStream, "records", seeing),
        patch.object(IncrementalStream, "_move_bookmark", moving),
    ):
        yield


@contextmanager
def _bookmark_of_the_end() -> Iterator[None]:
    """The bookmark is the PIM's clock at the end of the run."""
    move = IncrementalStream._move_bookmark  # noqa: SLF001

    def moving(self: IncrementalStream, series: BookmarkedRead, reached: datetime) -> None:
        at_the_end = reached == series.span.bookmark
        move(self, series, self.pim.server_time() if at_the_end else reached)

    with patch.object(IncrementalStream, "_move_bookmark", moving):
        yield


def _no_lookback(**given: Any) -> DateRange:
    return plan_incremental(**{**given, "lookback": timedelta()})


def _window_from_the_second(span: DateRange, zone: ServerZone) -> Window:
    """The window of a span, without the second of its start."""
    return Window(
        None if span.start is None else zone.before(span.start),
        None if span.end is None else zone.after(span.end),
    )


def _bookmark_of_the_run(_: WindowedStream, series: BookmarkedRead) -> datetime | None:
    return series.span.bookmark


def _no_count() -> AbstractContextManager[object]:
    """Takes what came out for all there was, whatever the PIM counts."""
    return patch.object(Changes, "lacks", lambda *_, **__: False)


def _trusting_links() -> AbstractContextManager[object]:
    """Takes a list that ends for complete, whatever the PIM counts."""
    stack = ExitStack()
    stack.enter_context(patch.object(CursorPaginator, "_key_is_cursor", property(lambda _: False)))
    for walk in (CursorPaginator, WindowPaginator):
        stack.enter_context(patch.object(walk, "_check_end", lambda _: None))
    stack.enter_context(_no_count())
    return stack


MUTATIONS: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "the bookmark is the largest date seen": _bookmark_of_records,
    "the bookmark is the time at the end": _bookmark_of_the_end,
    "no lookback": lambda: patch.object(incremental, "plan_incremental", _no_lookback),
    "the second of the start is left out": lambda: patch.object(
        incremental, "window_of", _window_from_the_second
    ),
    "a page without a link is the last one": _trusting_links,
    "the count is not compared": _no_count,
    "the bookmark passes unfinished windows": lambda: patch.object(
        WindowedStream, "reached", _bookmark_of_the_run
    ),
    "the server is taken to be in UTC": lambda: patch.object(
        ProductModels, "zone", property(lambda _: ServerZone.utc())
    ),
    "no hour for daylight saving": lambda: patch.object(
        replication, "MAX_OFFSET_CHANGE", timedelta()
    ),
    "a part begins a page too late": lambda: patch.object(WindowPaginator, "split", _late_split),
}


# Scenarios in which the rule matters at all; the others would only take time.
_MATTERS: dict[str, Callable[[Scenario], bool]] = {
    "the count is not compared": lambda scenario: scenario.profile == "ce-5",
    "the second of the start is left out": lambda scenario: scenario.lookback == 0,
    "the bookmark passes unfinished windows": lambda scenario: scenario.concurrency > 1,
    "the server is taken to be in UTC": lambda scenario: scenario.zone == "America/New_York",
    "no hour for daylight saving": lambda scenario: (
        not scenario.zone_known and bool(changes_of_clocks(scenario.zone))
    ),
}


def scenarios_for(name: str) -> Iterator[Scenario]:
    """Scenarios that a mutation can show in, without end."""
    matters = _MATTERS.get(name, lambda _: True)
    return filter(matters, map(draw, repeat(1), count()))


def _late_split(self: WindowPaginator, *, idle: int) -> WindowPaginator | None:
    """Gives the later part away with its end cut off by a second."""
    part = _split(self, idle=idle)
    if part is not None and part.window.start is not None:
        start = part.window.start + timedelta(seconds=1)
        part.window = Window(start, part.window.end)
        part.listing = part._changes.listing(part.window)  # noqa: SLF001
    return part


_split = WindowPaginator.split


@contextmanager
def broken(name: str) -> Iterator[None]:
    """Breaks one of the rules of `MUTATIONS`."""
    with ExitStack() as stack:
        stack.enter_context(MUTATIONS[name]())
        yield
