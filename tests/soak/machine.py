"""The state machine with which Hypothesis draws plays, and makes those that fail smaller."""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, ClassVar

import hypothesis
from hypothesis import HealthCheck, Phase
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    rule,
    run_state_machine_as_test,
)
from typing_extensions import override

from tests.soak.pim import server
from tests.soak.play import Play
from tests.soak.steps import runs, setups, writes

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tests.soak.pim import Server
    from tests.soak.steps import Run, Setup, Write

STEPS = 6


@dataclass(frozen=True)
class Fixed:
    """What all plays have in common. The rest is drawn.

    Attributes:
        setup: Attributes of `Setup`.
        run: Attributes of `Run`.
        failure: Attributes of `Failure`.
    """

    setup: Mapping[str, Any] = field(default_factory=dict)
    run: Mapping[str, Any] = field(default_factory=dict)
    failure: Mapping[str, Any] = field(default_factory=dict)


class Soak(RuleBasedStateMachine):
    """Plays that Hypothesis draws.

    Attributes:
        server: Serves the PIMs.
        fixed: What the plays have in common.
        figures: What happened, counted.
        failed: The steps of plays that failed, and why. Threads make some failures depend on
            chance, which Hypothesis calls flaky; it does not show their steps.
    """

    server: ClassVar[Server]
    fixed: ClassVar[Fixed] = Fixed()
    figures: ClassVar[Counter[str]] = Counter()
    failed: ClassVar[list[str]] = []

    def __init__(self) -> None:
        super().__init__()
        self.play: Play | None = None
        self.steps: list[str] = []

    @initialize(setup=setups())
    def start(self, setup: Setup) -> None:
        setup = replace(setup, **self.fixed.setup)
        self.play = Play(setup, self.server)
        self.steps.append(f"Play({setup})")

    @rule(writes=st.lists(writes(), min_size=1, max_size=4))
    def write(self, writes: list[Write]) -> None:
        self._do(f"write({writes})", lambda play: play.write(writes))

    @rule(run=runs())
    def run(self, run: Run) -> None:
        failures = tuple(replace(one, **self.fixed.failure) for one in run.failures)
        run = replace(run, **{"failures": failures, **self.fixed.run})
        self._do(f"run({run})", lambda play: play.run(run))

    @rule()
    def run_undisturbed(self) -> None:
        self._do("run_undisturbed()", Play.run_undisturbed)

    @override
    def teardown(self) -> None:
        if self.play is None:
            return
        try:
            if not self.play.has_failed:
                self._do("end()", Play.end)
        finally:
            self.play.close()
            self.figures.update(self.play.figures)

    def _do(self, step: str, do: Callable[[Play], object]) -> None:
        assert self.play
        self.steps.append(step)
        try:
            do(self.play)
        except Exception as failure:
            self.play.has_failed = True
            self.failed.append("\n".join([*self.steps, repr(failure)]))
            raise


def soak(server: Server, plays: int, seed: int, fixed: Fixed | None = None) -> Counter[str]:
    """Play, and return what happened, counted.

    Args:
        server: Serves the PIMs.
        plays: Number of plays.
        seed: Seed of the plays.
        fixed: What they have in common. A play that fails is not made smaller then.

    Raises:
        Exception: A check failed, or the tap did. `Soak.failed` has the steps.
    """
    Soak.server, Soak.fixed, Soak.figures, Soak.failed = server, fixed or Fixed(), Counter(), []
    settings = hypothesis.settings(
        max_examples=plays,
        stateful_step_count=STEPS,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate] if fixed else [Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(hypothesis.seed(seed)(Soak), settings=settings)
    return Soak.figures


def soak_in_process(plays: int, seed: int) -> tuple[Counter[str], str]:
    """Play in a process of its own; return what happened, counted, and the failure if any."""
    logging.disable(logging.CRITICAL)
    with server() as one:
        try:
            soak(one, plays, seed)
        except Exception as failure:  # noqa: BLE001 (also what the tap does not expect)
            shown = "".join(traceback.format_exception(failure))
            return Soak.figures, f"seed {seed}:\n{shown}\nThe first time:\n{Soak.failed[0]}"
    return Soak.figures, ""
