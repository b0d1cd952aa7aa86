"""Makes a failing scenario as small as can be, and explains it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tests.soak.play import play

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.soak.play import Outcome
    from tests.soak.scenario import Scenario, Step
    from tests.soak.world import Stage

MAX_TRIES = 150
MAX_SHOWN = 5

_LEAST: dict[str, Any] = {
    "structure": False,
    "keys": False,
    "tasks": False,
    "full_tables": (),
    "versions": False,
    "ghosts": 0,
    "ghost_page": 0,
    "tick": 0.0,
    "lag": 0,
}
_LEAST_OF_STEPS: dict[str, Any] = {
    "ending": "whole",
    "at_requests": (),
    "at_messages": (),
    "before": (),
    "wait": 0.0,
    "filtered": False,
    "refused": False,
    "silent": 0,
    "selects": "all",
}


def explain(scenario: Scenario, outcome: Outcome, stage: Stage, *, shrunk: bool = True) -> str:
    """Says what went wrong in a scenario, and how to see it again."""
    head = f"seed {scenario.seed}, scenario {scenario.number}"
    again = f"python -m tests.soak --seed {scenario.seed} --only {scenario.number}"
    small, told = smallest(scenario, outcome, stage) if shrunk else (scenario, outcome)
    breaches = [
        f"  {breach.law}: {breach.stream} {'/'.join(breach.key)}: {breach.reason}"
        for breach in told.breaches[:MAX_SHOWN]
    ]
    more = len(told.breaches) - MAX_SHOWN
    lines = [
        f"{head}: the law is broken {len(outcome.breaches)} times. Again: {again}",
        "As small as could be:" if shrunk else "Not made smaller:",
        f"  {replace(small, steps=())}",
        *(f"  {step}" for step in small.steps),
        *breaches,
        *([f"  and {more} more"] if more > 0 else []),
        *(f"  | {line}" for line in told.story),
    ]
    return "\n".join(lines)


def smallest(scenario: Scenario, outcome: Outcome, stage: Stage) -> tuple[Scenario, Outcome]:
    """The smallest scenario that still fails, as far as some tries find it."""
    tries = 0
    found = True
    while found and tries < MAX_TRIES:
        found = False
        for smaller in _smaller(scenario):
            tries += 1
            told = play(smaller, stage)
            if told.breaches:
                scenario, outcome, found = smaller, told, True
                break
            if tries >= MAX_TRIES:
                break
    return scenario, outcome


def _smaller(scenario: Scenario) -> Iterator[Scenario]:
    """Yield scenarios that have one thing less, the largest things first."""
    steps = scenario.steps
    for nth in range(len(steps)):
        yield replace(scenario, steps=steps[:nth] + steps[nth + 1 :])
    if scenario.faults:
        yield replace(scenario, faults=(), fault_rate=0.0)
    if scenario.concurrency > 1:
        yield replace(scenario, concurrency=1)
    for trait, least in _LEAST.items():
        if getattr(scenario, trait) != least:
            yield replace(scenario, **{trait: least})
    for nth, step in enumerate(steps):
        for smaller in _smaller_steps(step):
            yield replace(scenario, steps=(*steps[:nth], smaller, *steps[nth + 1 :]))


def _smaller_steps(step: Step) -> Iterator[Step]:
    for trait, least in _LEAST_OF_STEPS.items():
        if getattr(step, trait) != least:
            yield replace(step, **{trait: least})
    for trait in ("before", "at_requests", "at_messages"):
        writes = getattr(step, trait)
        for nth in range(len(writes)):
            yield replace(step, **{trait: writes[:nth] + writes[nth + 1 :]})
