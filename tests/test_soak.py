"""No version is lost once settled: a small soak, and the proof that it would see a loss."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
import time
from datetime import timedelta
from random import Random
from typing import TYPE_CHECKING

import pytest

from pim_simulator import SimulatedPim, serve
from tests.soak import families, law
from tests.soak.crowd import soak
from tests.soak.mutations import MUTATIONS, broken, scenarios_for
from tests.soak.play import play
from tests.soak.scenario import WRITES, ZONES, Write
from tests.soak.shrink import explain
from tests.soak.target import Pipe, Target
from tests.soak.world import a_stage
from tests.soak.writes import Hand
from tests.support import settings_for, started, sync

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from tests.soak.scenario import Scenario
    from tests.soak.world import Stage

SCENARIOS = 60
SECONDS_TO_FIND = 60
TAP = (
    "from singer_sdk import Stream; from tap_akeneo.tap import TapAkeneo; "
    "from tap_akeneo.streams import resuming; resuming.ITEMS_BETWEEN_STATES = 4; "
    "Stream.STATE_MSG_FREQUENCY = 4; TapAkeneo.cli()"
)
KEYS = {"products": ("uuid",), "product_models": ("code",), "categories": ("code",)}


@pytest.fixture
def stage() -> Iterator[Stage]:
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    with a_stage() as stage:
        yield stage
    logging.disable(before)


def test_nothing_is_lost() -> None:
    result = soak(2, range(SCENARIOS))
    assert not result.failures, result.report()
    assert result.figures["scenarios"] == SCENARIOS
    for what in ("broken pipe", "stopped", "outage", "faults", "writes", "checked"):
        assert result.figures[what] > 0


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_rule_broken_on_purpose_is_found(stage: Stage, name: str) -> None:
    began = time.monotonic()
    with broken(name):
        for number, scenario in enumerate(scenarios_for(name), 1):
            if any(breach.law != "failed" for breach in play(scenario, stage).breaches):
                return
            assert time.monotonic() - began < SECONDS_TO_FIND, f"{number} scenarios saw nothing"
    pytest.fail("no scenario saw anything")


def assert_kept(scenarios: Iterable[Scenario], stage: Stage) -> None:
    """No member of a family breaks the law."""
    for scenario in scenarios:
        outcome = play(scenario, stage)
        assert not outcome.breaches, explain(scenario, outcome, stage, shrunk=False)


def test_a_deletion_while_the_list_is_read_cuts_nothing_off(stage: Stage) -> None:
    assert_kept(families.deleted_while_read(), stage)


def test_a_stopped_run_does_not_pass_what_a_short_page_hides(stage: Stage) -> None:
    assert_kept(families.deleted_in_a_stopped_run(), stage)


def test_arrivals_do_not_hide_that_a_deletion_cut_the_list_short(stage: Stage) -> None:
    assert_kept(families.deleted_while_others_arrive(), stage)


def test_a_deletion_cuts_nothing_off_before_6_0(stage: Stage) -> None:
    assert_kept(families.deleted_before_6_0(), stage)


def test_a_deletion_of_a_whole_page_cuts_nothing_off(stage: Stage) -> None:
    assert_kept(families.a_page_deleted(), stage)


def test_a_page_that_stays_in_the_index_hides_nothing(stage: Stage) -> None:
    assert_kept(families.deleted_but_in_the_index(), stage)


def test_items_between_broken_ones_come_and_repaired_ones_as_well(stage: Stage) -> None:
    assert_kept(families.several_broken(), stage)


def test_a_product_that_the_index_shows_after_the_keys_is_not_deleted(stage: Stage) -> None:
    assert_kept(families.created_before_the_keys(), stage)


def test_a_request_without_an_answer_loses_no_task(stage: Stage) -> None:
    assert_kept(families.a_silent_request(), stage)


def test_a_stopped_run_with_a_filter_is_not_resumed_without_it(stage: Stage) -> None:
    assert_kept(families.stopped_with_a_filter(), stage)


def test_the_zone_is_seen_although_the_first_product_is_no_longer_in_sql() -> None:
    pim = SimulatedPim(products=30, timezone="America/New_York")
    with serve(pim):
        state = sync(pim, "products").state
        first, *_, last = sorted(product["uuid"] for product in pim.truth("products"))
        pim.ghosts.add(first)
        pim.clock.advance(seconds=3600)
        pim.write.change("products", last, values={}, categories=["outlet"])
        assert (last,) in sync(pim, "products", state=state).rows("products")


def test_rows_that_a_filter_left_out_come_without_it(stage: Stage) -> None:
    assert_kept(families.read_with_a_filter(), stage)


@pytest.mark.parametrize("minutes", [10, 60, 100])
def test_nothing_is_lost_where_clocks_leave_out_an_hour(stage: Stage, minutes: int) -> None:
    assert_kept(families.clocks_put_forward(timedelta(minutes=minutes)), stage)


@pytest.mark.parametrize("number", range(6))
def test_nothing_is_lost_in_processes_that_are_killed(tmp_path: Path, number: int) -> None:
    dice = Random(number)  # noqa: S311 (no secret)
    zone = dice.choice(ZONES)
    pim = SimulatedPim(seed=number, products=60, timezone=zone, latency=0.005)
    config, state = tmp_path / "config.json", tmp_path / "state.json"
    target, hand = Target(), Hand(pim)
    with serve(pim):
        settings = {"page_size": dice.randint(3, 9), "pim_timezone": zone}
        config.write_text(json.dumps(settings_for(pim, **settings)))
        for signalled in (signal.SIGKILL, signal.SIGTERM):
            write_some(dice, hand)
            state.write_text(json.dumps(target.state))
            run_and_kill((config, state), target, hand, dice, signalled)
        run = sync(pim, *KEYS, state=target.state, **settings)
    for stream in KEYS:
        target.rows[stream].update(run.rows(stream))
    assert not law.lost(law.versions(pim, KEYS), target)


def write_some(dice: Random, hand: Hand) -> None:
    of_items = [kind for kind in WRITES if "option" not in kind and "family" not in kind]
    for _ in range(dice.randint(1, 6)):
        hand.do(Write(dice.choice(of_items), dice.getrandbits(32)))


def run_and_kill(
    files: tuple[Path, Path], target: Target, hand: Hand, dice: Random, number: signal.Signals
) -> None:
    """Runs the tap in a process of its own, and ends it after some of its lines."""
    config, state = files
    tap = [sys.executable, "-c", TAP, "--config", str(config), "--state", str(state)]
    pipe = Pipe(target, lambda _: None, None)
    last = dice.randint(20, 120)
    with started(tap, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as process:
        assert process.stdout is not None
        for nth, line in enumerate(process.stdout):
            if nth == last // 2:
                write_some(dice, hand)
            if nth == last:
                process.send_signal(number)
            # A process that is killed can leave half a line, which no target takes.
            if line.endswith("\n"):
                message = json.loads(line)
                if message["type"] != "RECORD" or message["stream"] in KEYS:
                    pipe.take(message)
