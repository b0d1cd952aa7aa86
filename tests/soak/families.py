"""Families of similar scenarios: what once went wrong, and its neighbours."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from random import Random
from typing import TYPE_CHECKING, Any

from tests.soak.scenario import Step, Write, changes_of_clocks, draw

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from datetime import timedelta

    from tests.soak.scenario import Scenario

MEMBERS = 30


def family(*steps: Callable[[Random], Step], **traits: object) -> Iterator[Scenario]:
    """Yield scenarios of some runs and a last one, alike but for chance.

    Args:
        steps: Draw the runs.
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
        "ghost_page": 0,
        "structure": False,
        "keys": False,
        "tasks": False,
        "full_tables": (),
        "versions": True,
        "skips_forbidden": False,
        "state_every": 1,
        "concurrency": 1,
        **traits,
    }
    for number in range(MEMBERS):
        dice = Random(number)  # noqa: S311 (no secret)
        size = {"page_size": dice.randint(2, 6), "products": dice.randint(25, 45)}
        drawn = tuple(step(dice) for step in steps)
        yield replace(draw(0, number), steps=drawn, **{**size, **common})


def _write(kind: str, dice: Random, at: int = 0, wait: float = 0.0) -> Write:
    return Write(kind, dice.getrandbits(32), wait, at)


def _run(
    before: Iterable[Write] = (), during: Iterable[Write] = (), **traits: Any
) -> Callable[[Random], Step]:
    """Return what draws a run that is the same each time but for chance."""
    whole = Step(tuple(before), 0.0, tuple(during), (), "whole", 0, keeps=True)
    return lambda _: replace(whole, **traits)


def _deleted_while_read(kind: str, ending: str, times: int = 1) -> Callable[[Random], Step]:
    """Delete things during a run that ends in some way."""

    def step(dice: Random) -> Step:
        at = tuple(_write(kind, dice, dice.randint(8, 13)) for _ in range(times))
        return Step((), 0.0, at, (), ending, dice.randint(10, 24), keeps=False)

    return step


def _deleted_while_others_arrive(dice: Random) -> Step:
    """Delete something during a run, and create more than its page lacks."""
    new = tuple(_write("create product", dice) for _ in range(20))
    seen_then_deleted = (
        _write("change family", dice, dice.randint(10, 14), wait=6.0),
        *(_write("delete product", dice, dice.randint(14, 20)) for _ in range(4)),
    )
    return Step(new, 0.0, seen_then_deleted, (), "whole", 0, keeps=True)


def _crowded_changes(dice: Random) -> Step:
    """Change much within an hour or two."""
    writes = tuple(
        _write("import", dice, wait=dice.uniform(0, 1800)) for _ in range(dice.randint(3, 6))
    )
    ending = dice.choice(("stopped", "whole"))
    return Step(writes, 0.0, (), (), ending, dice.randint(3, 40), keeps=False)


def _broken_then_repaired(dice: Random) -> Step:
    """Break several items next to each other, and repair some of them."""
    broken = tuple(_write("break products", dice) for _ in range(2))
    repaired = tuple(_write("repair", dice, dice.randint(10, 40)) for _ in range(2))
    return Step(broken, 0.0, repaired, (), "whole", 0, keeps=True)


def _created_before_the_keys(dice: Random) -> Step:
    """Create a product that the index shows only when the keys have been read."""
    created = _write("create product", dice)
    later = _write("change family", dice, at=dice.randint(8, 30), wait=40.0)
    return Step((created,), 0.0, (later,), (), "whole", 0, keeps=True)


def _killed_and_filtered(dice: Random) -> Step:
    """Stop a run that reads only enabled products."""
    return Step((), 0.0, (), (), "stopped", dice.randint(8, 30), keeps=True, filtered=True)


def deleted_while_read() -> Iterator[Scenario]:
    """A deletion makes a page short; the run goes on to its end."""
    return family(_deleted_while_read("delete product", "whole"), concurrency=2)


def deleted_in_a_stopped_run() -> Iterator[Scenario]:
    """A deletion makes a page short; the run is stopped while it reads what follows."""
    step = _deleted_while_read("delete product", "stopped", times=4)
    return family(step, page_size=5, products=65)


def deleted_while_others_arrive() -> Iterator[Scenario]:
    """A deletion makes a page short, and arrivals make up the count."""
    return family(_deleted_while_others_arrive, page_size=5, products=45)


def deleted_before_6_0() -> Iterator[Scenario]:
    """A deletion ends a list whose cursors nobody but the PIM can make."""
    return family(_deleted_while_read("delete product", "whole"), profile="ce-5")


def a_page_deleted() -> Iterator[Scenario]:
    """A deletion empties a whole page."""
    step = _deleted_while_read("delete model", "whole", times=2)
    return family(step, profile="ce-6", page_size=3, products=45)


def deleted_but_in_the_index() -> Iterator[Scenario]:
    """More than a page of products stays in the index for good."""
    for profile in ("ce-5", "ce-6", "ce-7"):
        members = family(
            _run(), _run(), profile=profile, ghost_page=12, concurrency=2, full_tables=("products",)
        )
        yield from islice(members, 10)


def several_broken() -> Iterator[Scenario]:
    """Broken items lie next to each other and to readable ones; some are repaired later."""
    for profile in ("ce-6", "ce-7"):
        # A search for a broken item takes many requests, so only a few.
        members = family(_broken_then_repaired, _broken_then_repaired, profile=profile)
        yield from islice(members, 8)


def created_before_the_keys() -> Iterator[Scenario]:
    """A product is created before the keys are read, and shows in the index after that."""
    return family(_run(), _created_before_the_keys, keys=True, lag=30, lookback=30)


def stopped_with_a_filter() -> Iterator[Scenario]:
    """A run with a filter is stopped, and the next one has none."""
    return family(_killed_and_filtered, _run(), concurrency=2)


def read_with_a_filter() -> Iterator[Scenario]:
    """A run with a filter reads its list to the end, and the next one has none."""
    return family(_run(filtered=True), _run())


def a_silent_request() -> Iterator[Scenario]:
    """One request of workflows gets no answer."""
    for silent in range(1, 10):
        yield from islice(family(_run(silent=silent), profile="saas", tasks=True), 2)


def clocks_put_forward(before: timedelta) -> Iterator[Scenario]:
    """Changes are filtered by times that the clocks leave out.

    Args:
        before: How long before that the scenario begins.
    """
    zone = "Europe/Paris"
    began = changes_of_clocks(zone)[0] - before
    return family(
        _crowded_changes, zone=zone, began=began, concurrency=3, page_size=2, lag=0, lookback=0
    )
