"""The state machine with which Hypothesis draws plays, and makes those that fail smaller."""

from __future__ import annotations

import logging
import traceback
from collections import Counter
from typing import TYPE_CHECKING, ClassVar

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
    from tests.soak.pim import Server
    from tests.soak.steps import Run, Setup, Write

STEPS = 8
WAITS = (1, 10, 130, 700, 3600, 10_000, 200_000)


class Soak(RuleBasedStateMachine):
    """Plays that Hypothesis draws."""

    server: ClassVar[Server]
    figures: ClassVar[Counter[str]] = Counter()

    def __init__(self) -> None:
        super().__init__()
        self.play: Play | None = None

    @initialize(setup=setups())
    def start(self, setup: Setup) -> None:
        self.play = Play(setup, self.server)

    @rule(writes=st.lists(writes(), min_size=1, max_size=4))
    def write(self, writes: list[Write]) -> None:
        assert self.play
        self.play.write(writes)

    @rule(seconds=st.sampled_from(WAITS))
    def wait(self, seconds: int) -> None:
        assert self.play
        self.play.wait(seconds)

    @rule(run=runs())
    def run(self, run: Run) -> None:
        assert self.play
        self.play.run(run)

    @rule()
    def run_undisturbed(self) -> None:
        assert self.play
        self.play.run_undisturbed()

    @override
    def teardown(self) -> None:
        if self.play is None:
            return
        try:
            if not self.play.has_failed:
                self.play.end()
        finally:
            self.play.close()
            self.figures.update(self.play.figures)


def soak(
    server: Server, plays: int, seed: int, figures: Counter[str], *, shrinks: bool = True
) -> None:
    """Play, and count what happens.

    Args:
        server: Serves the PIMs.
        plays: Number of plays.
        seed: Seed of the plays.
        figures: What happens is added here.
        shrinks: Whether to make a play that fails smaller.

    Raises:
        CheckFailed: A check failed. Its notes have the steps.
    """
    Soak.server, Soak.figures = server, figures
    settings = hypothesis.settings(
        max_examples=plays,
        stateful_step_count=STEPS,
        database=None,
        deadline=None,
        derandomize=False,
        phases=[Phase.generate, Phase.shrink] if shrinks else [Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    run_state_machine_as_test(hypothesis.seed(seed)(Soak), settings=settings)


def soak_in_process(plays: int, seed: int) -> tuple[Counter[str], str]:
    """Play in a process of its own; return what happened, counted, and the failure if any."""
    logging.disable(logging.CRITICAL)
    figures: Counter[str] = Counter()
    with server() as one:
        try:
            soak(one, plays, seed, figures)
        except Exception as failure:  # noqa: BLE001 (also what the tap does not expect)
            return figures, f"seed {seed}:\n{''.join(traceback.format_exception(failure))}"
    return figures, ""
