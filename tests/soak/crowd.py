"""Many scenarios, in a few processes, and what is to be said of them."""

from __future__ import annotations

import multiprocessing
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import repeat
from typing import TYPE_CHECKING

from tests.soak.law import LAWS
from tests.soak.play import play, quiet
from tests.soak.scenario import draw
from tests.soak.shrink import explain
from tests.soak.world import a_stage

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

AT_ONCE = 25
"""Scenarios that a process plays on one stage."""

FIGURES = (
    *("scenarios", "runs", "whole", "broken pipe", "stopped", "outage", "failed"),
    *("faults", "writes", "requests", "rows", "checked", *LAWS),
)
MAX_EXPLAINED = 3


@dataclass
class Result:
    """What came of many scenarios.

    Attributes:
        figures: What happened, counted.
        failures: Explanations of scenarios in which the law was broken.
        seconds: How long it took.
    """

    figures: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    seconds: float = 0.0

    def report(self) -> str:
        """All that in words."""
        told = "\n\n".join(self.failures)
        counts = ", ".join(f"{self.figures[name]:,} {name}" for name in FIGURES)
        return f"{told}\n\n{counts}; {self.seconds:.0f} s".strip()


def soak(
    seed: int,
    numbers: Sequence[int],
    processes: int = 2,
    tell: Callable[[str], object] = lambda _: None,
) -> Result:
    """Plays scenarios.

    Args:
        seed: Of all of them.
        numbers: Their numbers.
        processes: How many play at once.
        tell: Called with how far it has come.
    """
    began = time.monotonic()
    result = Result()
    chunks = [numbers[start : start + AT_ONCE] for start in range(0, len(numbers), AT_ONCE)]
    with ExitStack() as stack:
        parts: Iterator[Result] = map(_some, repeat(seed), chunks)
        if processes > 1 and len(chunks) > 1:
            # Not by forking: threads of a server may run here already.
            context = multiprocessing.get_context("spawn")
            pool = stack.enter_context(ProcessPoolExecutor(processes, mp_context=context))
            parts = pool.map(_some, repeat(seed), chunks)
        for part in parts:
            result.figures += part.figures
            result.failures += part.failures
            tell(f"{result.figures['scenarios']:,}, {len(result.failures):,} broke the law")
    result.seconds = time.monotonic() - began
    return result


def _some(seed: int, numbers: Sequence[int]) -> Result:
    quiet()
    result = Result()
    with a_stage() as stage:
        for number in numbers:
            scenario = draw(seed, number)
            outcome = play(scenario, stage)
            result.figures += outcome.figures
            if outcome.breaches:
                explained = len(result.failures) < MAX_EXPLAINED
                result.failures.append(explain(scenario, outcome, stage, shrunk=explained))
    return result
