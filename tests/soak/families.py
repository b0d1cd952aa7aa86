"""Families of scenarios that are near to each other: what once went wrong, and its neighbours."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import TYPE_CHECKING, Any

from tests.soak.scenario import Step, Write, changes_of_clocks, draw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import timedelta

    from tests.soak.scenario import Scenario

MEMBERS = 30


def family(step: Callable[[Random], Step], **traits: object) -> Iterator[Scenario]:
    """Scenarios of one run and a last one, alike but for chance.

    Args:
        step: Draws the run.
        traits: What they have in common.
    """
    common: dict[str, Any] = {
        "profile": "ce-7",
        "zone": "UTC",
        "zone_known": True,
        "lag": 5,
        "lookback": 5,
        "tick": 0.0,
        "faults": (),
        "fault_rate": 0.0,
        "ghosts": 0,
        "structure": False,
        "state_every": 1,
        "concurrency": 1,
        **traits,
    }
    for number in range(MEMBERS):
        dice = Random(number)  # noqa: S311 (no secret)
        size = {"page_size": dice.randint(2, 6), "products": dice.randint(25, 45)}
        yield replace(draw(0, number), steps=(step(dice),), **{**size, **common})


def _write(kind: str, dice: Random, at: int = 0, wait: float = 0.0) -> Write:
    return Write(kind, dice.getrandbits(32), wait, at)


def _deleted_while_read(kind: str, ending: str, times: int = 1) -> Callable[[Random], Step]:
    """Things are deleted during a run that ends in some way."""

    def step(dice: Random) -> Step:
        at = tuple(_write(kind, dice, dice.randint(8, 13)) for _ in range(times))
        return Step((), 0.0, at, (), ending, dice.randint(10, 24), keeps=False)

    return step


def _deleted_while_others_arrive(dice: Random) -> Step:
    """Something is deleted during a run, and more than its page cut short comes meanwhile."""
    new = tuple(_write("create product", dice) for _ in range(20))
    seen_then_deleted = (
        _write("change family", dice, dice.randint(10, 14), wait=6.0),
        *(_write("delete product", dice, dice.randint(14, 20)) for _ in range(4)),
    )
    return Step(new, 0.0, seen_then_deleted, (), "whole", 0, keeps=True)


def _crowded_changes(dice: Random) -> Step:
    """Much changes within an hour or two."""
    writes = tuple(
        _write("import", dice, wait=dice.uniform(0, 1800)) for _ in range(dice.randint(3, 6))
    )
    return Step(writes, 0.0, (), (), dice.choice(("stopped", "whole")), dice.randint(3, 40),
                keeps=False)  # fmt: skip


def deleted_while_read() -> Iterator[Scenario]:
    """A deletion cuts a window short; the run goes on to its end."""
    return family(_deleted_while_read("delete product", "whole"), concurrency=2)


def deleted_in_a_stopped_run() -> Iterator[Scenario]:
    """A deletion cuts a window short; the run is stopped while it reads later windows."""
    step = _deleted_while_read("delete product", "stopped", times=4)
    return family(step, page_size=5, products=65)


def deleted_while_others_arrive() -> Iterator[Scenario]:
    """A deletion cuts a list short, and arrivals make up the count."""
    return family(_deleted_while_others_arrive, page_size=5, products=45)


def deleted_before_6_0() -> Iterator[Scenario]:
    """A deletion cuts a list short whose cursors nobody but the PIM can make."""
    return family(_deleted_while_read("delete product", "whole"), profile="ce-5")


def a_page_deleted() -> Iterator[Scenario]:
    """A deletion empties a whole page."""
    step = _deleted_while_read("delete model", "whole", times=2)
    return family(step, profile="ce-6", page_size=3, products=45)


def clocks_put_forward(before: timedelta) -> Iterator[Scenario]:
    """Windows are cut where the clocks left out an hour.

    Args:
        before: How long before that the scenario begins.
    """
    zone = "Europe/Paris"
    began = changes_of_clocks(zone)[0] - before
    return family(
        _crowded_changes, zone=zone, began=began, concurrency=3, page_size=2, lag=0, lookback=0
    )
