"""Mutants of the tap: each breaks one rule on purpose, and the soak has to find it."""

from __future__ import annotations

import itertools
import time
from contextlib import contextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeAlias
from unittest.mock import patch

from tap_akeneo import replication
from tap_akeneo.pagination.by_key import KeySlice
from tap_akeneo.pagination.key_places import Seams
from tap_akeneo.pagination.reading import ListReading, Outcome
from tap_akeneo.pagination.slices import merged
from tap_akeneo.replication import ServerZone, plan_incremental
from tap_akeneo.streams import incremental
from tap_akeneo.streams.base import AkeneoStream
from tap_akeneo.streams.incremental import IncrementalStream
from tap_akeneo.streams.keys import KeyStream
from tap_akeneo.streams.products import ProductModels
from tap_akeneo.streams.resuming import ResumableReading
from tests.soak.machine import Fixed, Soak, soak
from tests.soak.play import CheckFailed
from tests.soak.steps import FOREVER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager

    from tap_akeneo.client.errors import RequestRefused
    from tap_akeneo.client.responses import Page
    from tap_akeneo.pagination.plans import Plan
    from tap_akeneo.pagination.slices import KeyRange, Slice
    from tap_akeneo.replication import DateRange
    from tests.soak.pim import Server

Mutant: TypeAlias = "Callable[[], AbstractContextManager[object]]"

PLAYS = 10
"""Number of plays with one seed."""

_split = KeySlice.split
_stop = ListReading._stop  # noqa: SLF001
_end_list = IncrementalStream.end_list
_start = ResumableReading.__init__


def _part_begins_too_late(self: KeySlice, at: str, share: float = 0.5) -> tuple[KeySlice, KeySlice]:
    first, second = _split(self, at, share)
    late = self.order.between(at, self.order.between(at, second.to) or second.to)
    return first, _split(second, late)[1] if late else second


def _part_ends_too_early(self: KeySlice, at: str, share: float = 0.5) -> tuple[KeySlice, KeySlice]:
    first, second = _split(self, at, share)
    early = self.order.between(self.order.between(first.after, at), at)
    return _split(first, early)[0] if early else first, second


def _end_is_exclusive(self: KeySlice, key: str | None) -> bool:
    return key is not None and self.to is not None and key.lower() >= self.to.lower()


def _failed_is_complete(self: ListReading, outcome: Outcome, reason: str) -> None:
    _stop(self, Outcome.COMPLETE if outcome is Outcome.FAILED else outcome, reason)


def _refused_at_any_time(_self: ListReading, refusal: RequestRefused, _one: Slice) -> Outcome:
    return Outcome.REFUSED if refusal.is_from_pim else Outcome.FAILED


def _no_parent_is_checked(_self: AkeneoStream) -> Plan[None]:
    yield from ()


def _left_without_pages(self: ListReading) -> list[KeyRange]:
    slices = (*self._running, *self._waiting, *self._ends)
    return merged(one.range for one in slices if one.range is not None)


def _left_without_running(self: ListReading) -> list[KeyRange]:
    ranges = [
        *(arrived.covers for arrived in self._pages),
        *(one.range for one in (*self._waiting, *self._ends)),
    ]
    return merged(one for one in ranges if one is not None)


def _read_at_per_run() -> AbstractContextManager[object]:
    records = KeyStream.records

    def stamp(self: KeyStream, page: Page, parents: Any) -> Iterator[dict[str, Any]]:
        began = vars(self).setdefault("_began", self.pim.server_time().isoformat())
        for record in records(self, page, parents):
            yield {**record, "read_at": began}

    return patch.object(KeyStream, "records", stamp)


def _resumed_is_complete() -> AbstractContextManager[object]:
    def finish(self: ResumableReading, *args: Any, **given: Any) -> None:
        _start(self, *args, **given)
        vars(self)["is_resumed"] = False

    return patch.object(ResumableReading, "__init__", finish)


def _resumed_with_new_bookmark() -> AbstractContextManager[object]:
    def start(self: ResumableReading, *args: Any, **given: Any) -> None:
        _start(self, *args, **given)
        self.started, self.bookmark = given["started"], given["bookmark"]

    return patch.object(ResumableReading, "__init__", start)


@contextmanager
def _bookmark_of_the_end() -> Iterator[None]:
    def end(self: IncrementalStream, reading: ListReading, **more: Any) -> None:
        if isinstance(reading, ResumableReading) and reading.bookmark:
            reading.bookmark = self.pim.server_time()
        _end_list(self, reading, **more)

    # `min` of two dates is the first one; that of a list is right.
    later = patch.object(
        incremental, "min", lambda one, *others: one if others else min(one), create=True
    )
    with patch.object(IncrementalStream, "end_list", end), later:
        yield


def _no_lookback(**given: Any) -> DateRange:
    return plan_incremental(**{**given, "lookback": timedelta()})


def _replaced(owner: object, name: str, new: object) -> Mutant:
    return lambda: patch.object(owner, name, new)


_WHOLE = property(lambda _: True, lambda *_: None)
# Rows that are read again heal what a mutant loses.
_PRODUCTS: Mapping[str, object] = {"profile": "ce-7", "topics": ("products",), "refresh": 0}
_MODELS: Mapping[str, object] = {**_PRODUCTS, "topics": ("models",)}
_RECORDS: Mapping[str, object] = {
    "profile": "saas",
    "topics": ("records",),
    "zone": "UTC",
    "refresh": 0,
}
_DIVIDED: Mapping[str, object] = {"threads": 4, "page_size": 2}
_EXACT: Mapping[str, object] = {"lag": 0, "lookback": 0}

MUTATIONS: dict[str, tuple[Mutant, Fixed]] = {
    "a part begins too late": (
        _replaced(KeySlice, "split", _part_begins_too_late),
        Fixed({**_PRODUCTS, **_DIVIDED}),
    ),
    "a part ends too early": (
        _replaced(KeySlice, "split", _part_ends_too_early),
        Fixed({**_PRODUCTS, **_DIVIDED}),
    ),
    "the end of a part is exclusive": (
        _replaced(KeySlice, "_is_beyond", _end_is_exclusive),
        Fixed({**_MODELS, **_DIVIDED, "keys": "sequential"}),
    ),
    "the places where parts meet are not compared": (
        _replaced(Seams, "compare", lambda *_: []),
        Fixed({**_RECORDS, **_DIVIDED, "sorts_bytes": True, "keys": "mixed case"}),
    ),
    "a page without items is the end": (
        _replaced(KeySlice, "proof_of_end", lambda *_: ()),
        Fixed({**_PRODUCTS, "threads": 2}),
    ),
    "a list that failed is complete": (
        _replaced(ListReading, "_stop", _failed_is_complete),
        Fixed(_PRODUCTS, {"ending": ""}, {"kind": "422", "times": FOREVER}),
    ),
    "a list may be refused at any time": (
        _replaced(ListReading, "_outcome_of", _refused_at_any_time),
        Fixed(_PRODUCTS, {"skips": True}, {"kind": "403", "times": FOREVER}),
    ),
    "a list that is not found has no parent": (
        _replaced(AkeneoStream, "_check_parents", _no_parent_is_checked),
        Fixed(_RECORDS, failure={"kind": "404"}),
    ),
    "lists of parents may be incomplete": (
        _replaced(AkeneoStream, "report_parents", lambda *_: None),
        Fixed({**_RECORDS, "page_size": 2}, failure={"kind": "422", "nth": 2}),
    ),
    "versions are activated whatever was read": (
        lambda: patch.object(AkeneoStream, "is_whole", _WHOLE, create=True),
        Fixed({"versions": True}),
    ),
    "a resumed reading is complete": (
        _resumed_is_complete,
        Fixed({**_PRODUCTS, "versions": True}, {"ending": "killed"}),
    ),
    "each run has its own `read_at`": (
        _read_at_per_run,
        Fixed({**_PRODUCTS, "versions": False}, {"ending": "killed"}),
    ),
    "the settings are not compared": (
        lambda: patch.object(AkeneoStream, "fingerprints", {}),
        Fixed(_PRODUCTS, {"is_filtered": True}),
    ),
    "broken items are not kept": (
        _replaced(ResumableReading, "_save_broken_items", lambda *_: None),
        Fixed(_PRODUCTS),
    ),
    "pages that were not consumed are not left": (
        _replaced(ListReading, "left", property(_left_without_pages)),
        Fixed(_PRODUCTS, {"is_slow": True}),
    ),
    "pages that are being read are not left": (
        _replaced(ListReading, "left", property(_left_without_running)),
        Fixed({**_PRODUCTS, **_DIVIDED}),
    ),
    "a resumed reading moves the bookmark to now": (_resumed_with_new_bookmark, Fixed(_PRODUCTS)),
    "the bookmark is the time at the end": (
        _bookmark_of_the_end,
        Fixed({**_PRODUCTS, **_EXACT, "tick": 20.0}, {"ending": "", "failures": ()}),
    ),
    "no lookback": (
        _replaced(incremental, "plan_incremental", _no_lookback),
        Fixed({**_PRODUCTS, "lag": 120}, {"ending": "", "failures": ()}),
    ),
    "the server is in UTC": (
        _replaced(ProductModels, "zone", property(lambda _: ServerZone.utc())),
        Fixed({**_MODELS, **_EXACT, "zone": "America/New_York"}),
    ),
    "no hours for daylight saving": (
        _replaced(replication, "MAX_OFFSET_CHANGE", timedelta()),
        Fixed({**_PRODUCTS, **_EXACT, "zone": "Europe/Paris", "is_zone_known": False}),
    ),
}
"""The mutants, and the plays in which each can matter."""


def is_found(server: Server, name: str, seconds: float) -> bool:
    """Return whether a play fails with a mutant, but not without it, in some seconds."""
    mutant, fixed = MUTATIONS[name]
    began = time.monotonic()
    for seed in itertools.count(1):
        with mutant():
            fails = _fails(server, seed, fixed)
        if time.monotonic() - began > seconds:
            return False
        if fails and not _fails(server, seed, fixed):
            return True
    return False


def _fails(server: Server, seed: int, fixed: Fixed) -> bool:
    """Return whether a check fails in some plays."""
    try:
        soak(server, PLAYS, seed, fixed)
    except Exception:
        if not Soak.failed:
            raise
    return any(CheckFailed.__name__ in failed for failed in Soak.failed)
