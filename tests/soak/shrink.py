"""Makes a failing scenario as small as can be, and explains it."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from tests.soak.play import play

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.soak.play import Outcome
    from tests.soak.scenario import Scenario, Step
    from tests.soak.world import Stage

MAX_TRIES = 150
MAX_SHOWN = 5


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
    """Scenarios that have one thing less, the largest things first."""
    steps = scenario.steps
    for nth in range(len(steps)):
        yield replace(scenario, steps=steps[:nth] + steps[nth + 1 :])
    if scenario.faults:
        yield replace(scenario, faults=(), fault_rate=0.0)
    if scenario.structure:
        yield replace(scenario, structure=False)
    if scenario.ghosts or scenario.ghost_page:
        yield replace(scenario, ghosts=0)
        yield replace(scenario, ghost_page=0)
    if scenario.keys:
        yield replace(scenario, keys=False)
    if scenario.tasks:
        yield replace(scenario, tasks=False)
    if scenario.full_tables:
        yield replace(scenario, full_tables=())
    if scenario.versions:
        yield replace(scenario, versions=False)
    if scenario.concurrency > 1:
        yield replace(scenario, concurrency=1)
    if scenario.tick:
        yield replace(scenario, tick=0.0)
    if scenario.lag:
        yield replace(scenario, lag=0)
    for nth, step in enumerate(steps):
        for smaller in _smaller_steps(step):
            yield replace(scenario, steps=(*steps[:nth], smaller, *steps[nth + 1 :]))


def _smaller_steps(step: Step) -> Iterator[Step]:
    if step.ending != "whole":
        yield replace(step, ending="whole")
    if step.at_requests:
        yield replace(step, at_requests=())
    if step.at_messages:
        yield replace(step, at_messages=())
    if step.before:
        yield replace(step, before=())
    if step.wait:
        yield replace(step, wait=0.0)
    if step.filtered:
        yield replace(step, filtered=False)
    if step.refused:
        yield replace(step, refused=False)
    if step.selects != "all":
        yield replace(step, selects="all")
    for nth in range(len(step.before)):
        yield replace(step, before=step.before[:nth] + step.before[nth + 1 :])
    for nth in range(len(step.at_requests)):
        yield replace(step, at_requests=step.at_requests[:nth] + step.at_requests[nth + 1 :])
    for nth in range(len(step.at_messages)):
        yield replace(step, at_messages=step.at_messages[:nth] + step.at_messages[nth + 1 :])
