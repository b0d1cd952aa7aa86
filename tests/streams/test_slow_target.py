"""A target that is slower than the PIM: what threads have read ahead is left until it is written.

The run is killed after a STATE while pages wait. What the target has by then and what the next run
writes is everything, and the ranges in the STATE neither overlap nor leave anything out.
"""

from __future__ import annotations

import time
from contextlib import suppress
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from tap_akeneo.tap import TapAkeneo
from tests.support import Collector, Run, select, settings_for, sync

if TYPE_CHECKING:
    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim

LAST = "~"
"""A text behind all keys, for the end of a list."""


class SlowTarget(Collector):
    """A target that takes its time for each row, and is gone after some STATE messages."""

    def __init__(self, states: int, seconds: float) -> None:
        super().__init__()
        self._left = states
        self._seconds = seconds

    @override
    def write_message(self, message: Any) -> None:
        super().write_message(message)
        kind = self.messages[-1]["type"]
        if kind == "RECORD":
            time.sleep(self._seconds)
        if kind == "STATE":
            self._left -= 1
            if not self._left:
                raise BrokenPipeError


def killed(pim: SimulatedPim, stream: str, states: int) -> Run:
    target = SlowTarget(states, 0.001)
    tap = TapAkeneo(config=settings_for(pim, page_size=20), message_writer=target)
    select(tap, [stream])
    with suppress(BrokenPipeError):
        tap.sync_all()
    return Run(tap, target.messages)


def keys(run: Run, stream: str) -> list[str]:
    return [key for (key,) in run.rows(stream)]


@pytest.mark.parametrize("states", [1, 2, 3])
@pytest.mark.parametrize(
    ("stream", "resource", "missing"),
    [
        ("product_keys", "products", 0),
        ("product_keys", "products", 150),
        ("product_models", "product_models", 0),
        ("product_models", "product_models", 60),
        ("product_model_keys", "product_models", 60),
    ],
)
def test_what_waits_for_a_slow_target_is_left_when_the_run_is_killed(
    start_pim: StartPim, stream: str, resource: str, missing: int, states: int
) -> None:
    pim = start_pim(products=3_000 if resource == "products" else 12_000)
    key = "uuid" if resource == "products" else "code"
    items = sorted((item[key] for item in pim.truth(resource)), key=str.lower)
    # A block of items that only the search index has, right behind a place to divide the list.
    middle = len(items) // 2
    gone = items[middle : middle + missing]
    pim.missing.update(gone)
    first = killed(pim, stream, states)
    ranges = first.state["bookmarks"][stream]["unfinished"].get("ranges", [])
    in_order = sorted(((after or "").lower(), (to or LAST).lower()) for after, to in ranges)
    assert all(one[1] <= other[0] for one, other in pairwise(in_order))
    second = sync(pim, stream, state=first.state, page_size=20)
    assert second.tap.failed_streams == []
    assert {*keys(first, stream), *keys(second, stream)} == {*items} - {*gone}
    assert len(keys(second, stream)) <= len(items) - missing
