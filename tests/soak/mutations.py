"""Rules of the tap, broken on purpose: the soak has to find each."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count, repeat
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

from tap_akeneo.pagination.base import KeyRange
from tap_akeneo.pagination.cursor import CursorPaginator
from tap_akeneo.pagination.key_ranges import KeyRangePaginator
from tap_akeneo.pagination.ranged_list import RangedList

from tap_akeneo import replication
from tap_akeneo.client.responses import value_of
from tap_akeneo.pagination import broken_items
from tap_akeneo.replication import SECOND, ServerZone, plan_incremental, wall_time_conditions
from tap_akeneo.streams import incremental, products, resuming
from tap_akeneo.streams.base import AkeneoStream
from tap_akeneo.streams.fingerprints import has_unfinished
from tap_akeneo.streams.incremental import IncrementalStream
from tap_akeneo.streams.keys import KeyStream
from tap_akeneo.streams.products import ProductModels
from tap_akeneo.streams.resuming import ResumableReading
from tap_akeneo.streams.workflows import WorkflowStepChildStream
from tests.soak import families
from tests.soak.scenario import DAMAGE, changes_of_clocks, draw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from contextlib import AbstractContextManager

    from tap_akeneo.client.responses import Item, Page
    from tap_akeneo.pagination.reading import ListReading
    from tap_akeneo.replication import Condition, DateRange
    from tests.soak.scenario import Scenario

FEW = 10
"""Messages, looks or requests after which a run has read little."""

_split = KeyRangePaginator.split
_take = KeyRangePaginator._take  # noqa: SLF001
_note_end = IncrementalStream.note_end


@contextmanager
def _bookmark_of_records() -> Iterator[None]:
    """Move the bookmark to the largest ``updated`` that was seen."""
    records = IncrementalStream.records
    largest: dict[int, datetime] = {}

    def seeing(self: IncrementalStream, page: Page, parents: Any) -> Any:
        seen = [datetime.fromisoformat(value_of(item, "updated")) for item in page.items]
        largest[id(self)] = max([*seen, *filter(None, [largest.get(id(self))])])
        return records(self, page, parents)

    def moving(self: IncrementalStream, reading: ListReading) -> None:
        if isinstance(reading, ResumableReading) and reading.bookmark:
            reading.bookmark = largest.get(id(self), reading.bookmark)
        _note_end(self, reading)

    with (
        patch.object(IncrementalStream, "records", seeing),
        patch.object(IncrementalStream, "note_end", moving),
    ):
        yield


def _bookmark_of_the_end(self: IncrementalStream, reading: ListReading) -> None:
    """Move the bookmark to the PIM's clock at the end of the reading."""
    if isinstance(reading, ResumableReading) and reading.bookmark:
        reading.bookmark = self.pim.server_time()
    _note_end(self, reading)


def _no_lookback(**given: Any) -> DateRange:
    return plan_incremental(**{**given, "lookback": timedelta()})


def _conditions_after_the_second(dates: DateRange, zone: ServerZone) -> list[Condition]:
    """Filter by a date range without the second of its start."""
    start = dates.start and dates.start + SECOND
    return wall_time_conditions(replace(dates, start=start), zone)


def _resumed_with_a_new_bookmark() -> AbstractContextManager[object]:
    """Move the bookmark to the time of the run that reads the rest of a list."""
    start = ResumableReading.__init__

    def starting(self: ResumableReading, *args: Any, **given: Any) -> None:
        start(self, *args, **given)
        self.started, self.bookmark = given["started"], given["bookmark"]

    return patch.object(ResumableReading, "__init__", starting)


def _one_range_is_left() -> AbstractContextManager[object]:
    """Keep only the first of the ranges that are left."""
    save = ResumableReading.save

    def saving(self: ResumableReading) -> None:
        save(self)
        # A list that has been read to its end, or by page number, leaves nothing to resume.
        if has_unfinished(self.state):
            unfinished = self.state["unfinished"]
            unfinished["ranges"] = unfinished["ranges"][:1]

    return patch.object(ResumableReading, "save", saving)


def _late_part(self: KeyRangePaginator) -> KeyRangePaginator | None:
    """Split off a part that begins a little too late."""
    part = _split(self)
    if part is not None:
        after, to = part.key_range.after, part.key_range.to
        later = self.ranged.order.between(after, self.ranged.order.between(after, to) or to)
        part.key_range = KeyRange(later or after, to)
    return part


def _early_end(self: KeyRangePaginator) -> KeyRangePaginator | None:
    """Drop items at the end of the range that was split."""
    part = _split(self)
    if part is not None:
        after, to = self.key_range.after, self.key_range.to
        earlier = self.ranged.order.between(self.ranged.order.between(after, to), to)
        self.key_range = KeyRange(after, earlier or to)
    return part


def _trusting_links(self: KeyRangePaginator, page: Any) -> list[Item]:
    """Take a page without a link for the last one."""
    kept = _take(self, page)
    self._ended |= not page.has_link
    return kept


@contextmanager
def _broken_items_are_forgotten() -> Iterator[None]:
    """Fail for broken items, but do not keep them in the state."""
    note_end = AkeneoStream.note_end

    def failing(self: AkeneoStream, reading: ListReading) -> None:
        note_end(self, reading)
        if isinstance(reading, ResumableReading) and reading.broken:
            self.tap.stream_failed(self.name, "there are broken items")

    with (
        patch.object(resuming, "write_broken_items", lambda *_: None),
        patch.object(AkeneoStream, "note_end", failing),
    ):
        yield


def _read_at_the_end() -> AbstractContextManager[object]:
    """Let keys carry the time when their page was read, which is later than the beginning."""
    records = KeyStream.records

    def stamping(self: KeyStream, page: Page, parents: Any) -> Any:
        for record in records(self, page, parents):
            record["read_at"] = self.pim.server_time().isoformat()
            yield record

    return patch.object(KeyStream, "records", stamping)


def _no_readable_key(_: RangedList, __: str | None) -> None:
    """Search for broken items without knowing where the next readable one is."""


def _no_fingerprints() -> AbstractContextManager[object]:
    """Read as if the settings had never changed."""
    return patch.object(AkeneoStream, "fingerprints", {})


def _always_whole() -> AbstractContextManager[object]:
    """Activate versions of whatever was read."""
    return patch.object(
        AkeneoStream, "is_whole", property(lambda _: True, lambda *_: None), create=True
    )


MUTATIONS: dict[str, Callable[[], AbstractContextManager[object]]] = {
    "the bookmark is the largest date seen": _bookmark_of_records,
    "the bookmark is the time at the end": lambda: patch.object(
        IncrementalStream, "note_end", _bookmark_of_the_end
    ),
    "no lookback": lambda: patch.object(incremental, "plan_incremental", _no_lookback),
    "the second of the start is left out": lambda: patch.object(
        products, "wall_time_conditions", _conditions_after_the_second
    ),
    "the server is taken to be in UTC": lambda: patch.object(
        ProductModels, "zone", property(lambda _: ServerZone.utc())
    ),
    "no hours for daylight saving": lambda: patch.object(
        replication, "MAX_OFFSET_CHANGE", timedelta()
    ),
    "a part begins too late": lambda: patch.object(KeyRangePaginator, "split", _late_part),
    "a range ends too early": lambda: patch.object(KeyRangePaginator, "split", _early_end),
    "a page without a link is the last one": lambda: patch.object(
        KeyRangePaginator, "_take", _trusting_links
    ),
    "a page without items is the last one": lambda: patch.object(
        RangedList, "hidden_ranges", lambda *_: []
    ),
    "the count is not compared": lambda: patch.object(
        CursorPaginator, "_is_short", lambda _: False
    ),
    "a reading is resumed with other settings": _no_fingerprints,
    "the fingerprints of the rows are ignored": _no_fingerprints,
    "a resumed reading moves the bookmark to now": _resumed_with_a_new_bookmark,
    "only one of the ranges left is resumed": _one_range_is_left,
    "keys are read at the end": _read_at_the_end,
    "broken items are not kept in the state": _broken_items_are_forgotten,
    "broken items are searched by steps alone": lambda: patch.object(
        broken_items, "next_readable_key", _no_readable_key
    ),
    "versions are activated whatever was read": _always_whole,
    "tasks without an answer are switched off": lambda: patch.object(
        WorkflowStepChildStream, "may_hang", new=True
    ),
}


def _has(scenario: Scenario, *kinds: str) -> bool:
    """Return whether writes of some kinds are in a scenario."""
    return any(
        write.kind in kinds
        for step in scenario.steps
        for write in (*step.before, *step.at_requests, *step.at_messages)
    )


def _is_cut_short(scenario: Scenario) -> bool:
    """Return whether a run of a scenario ends early, after some while."""
    return any(step.ending != "whole" and step.after > FEW for step in scenario.steps)


def _is_light(scenario: Scenario) -> bool:
    """Return whether a scenario has neither damage nor silence, which take most of the time."""
    return not _has(scenario, *DAMAGE) and not scenario.tasks


# Scenarios in which the rule matters at all; the others would only take time.
_MATTERS: dict[str, Callable[[Scenario], bool]] = {
    "the count is not compared": lambda scenario: (
        scenario.profile == "ce-5" and scenario.ghosts + scenario.ghost_page > 0
    ),
    "the second of the start is left out": lambda scenario: (
        scenario.lookback == 0 and _is_light(scenario)
    ),
    "the bookmark is the largest date seen": lambda scenario: (
        scenario.lookback <= 1 and scenario.tick > 0 and _is_light(scenario)
    ),
    "no lookback": lambda scenario: scenario.lag > 0 and _is_light(scenario),
    "a resumed reading moves the bookmark to now": lambda scenario: (
        _is_light(scenario) and _is_cut_short(scenario)
    ),
    "the server is taken to be in UTC": lambda scenario: scenario.zone == "America/New_York",
    "no hours for daylight saving": lambda scenario: (
        not scenario.zone_known and bool(changes_of_clocks(scenario.zone))
    ),
    "a page without items is the last one": lambda scenario: scenario.ghost_page > 0,
    "only one of the ranges left is resumed": lambda scenario: (
        scenario.concurrency > 1 and _is_light(scenario) and _is_cut_short(scenario)
    ),
    "keys are read at the end": lambda scenario: scenario.keys and _is_light(scenario),
    "broken items are not kept in the state": lambda scenario: _has(
        scenario, "break product", "break products", "break model"
    ),
    "versions are activated whatever was read": lambda scenario: scenario.versions,
}

# Families in which it shows sooner.
_FAMILIES: dict[str, Callable[[], Iterator[Scenario]]] = {
    "a reading is resumed with other settings": families.stopped_with_a_filter,
    "the fingerprints of the rows are ignored": families.read_with_a_filter,
    "broken items are searched by steps alone": families.several_broken,
    "tasks without an answer are switched off": families.a_silent_request,
}


def scenarios_for(name: str) -> Iterator[Scenario]:
    """Return scenarios in which a mutation can show."""
    if name in _FAMILIES:
        return _FAMILIES[name]()
    matters = _MATTERS.get(name, _is_light)
    return filter(matters, map(draw, repeat(1), count()))


@contextmanager
def broken(name: str) -> Iterator[None]:
    """Break one of the rules of `MUTATIONS`."""
    with ExitStack() as stack:
        stack.enter_context(MUTATIONS[name]())
        yield
