"""A small soak, plays that once failed, and the proof that the soak finds mutants of the tap."""

from __future__ import annotations

import json
import logging
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pim_simulator import SimulatedPim, serve
from tests.soak.machine import soak_in_process
from tests.soak.mutations import MUTATIONS, is_found
from tests.soak.pim import server
from tests.soak.play import Play
from tests.soak.steps import FOREVER, PAGE, Failure, Run, Setup, Write
from tests.support import settings_for, started, sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.soak.pim import Server

PLAYS = 20
SECONDS_TO_FIND = 180
DIVIDED: dict[str, Any] = {"threads": 4, "page_size": 2}
WITH_ASSETS = Setup("saas", ("assets",), page_size=2)
TAP = (
    "from singer_sdk import Stream; from tap_akeneo.tap import TapAkeneo; "
    "from tap_akeneo.streams import resuming; resuming.ITEMS_BETWEEN_STATES = 4; "
    "Stream.STATE_MSG_FREQUENCY = 4; TapAkeneo.cli()"
)


@pytest.fixture
def pims() -> Iterator[Server]:
    before = logging.root.manager.disable
    logging.disable(logging.CRITICAL)
    with server() as one:
        yield one
    logging.disable(before)


def test_after_each_run_the_target_has_the_rows_of_the_pim() -> None:
    before = logging.root.manager.disable
    figures, failure = soak_in_process(PLAYS, seed=1)
    logging.disable(before)
    assert not failure, failure
    assert all(figures[what] for what in ("complete", "killed", "stopped", "faults", "checks"))


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutant_is_found(pims: Server, name: str) -> None:
    assert is_found(pims, name, SECONDS_TO_FIND)


def lost_behind_a_division(play: Play) -> None:
    play.run_undisturbed()
    play.write([Write("lose", nth=eighth, count=PAGE + 3) for eighth in (2, 4)])


def deleted_while_read(play: Play) -> None:
    during = [(number, Write("delete", nth=number)) for number in (4, 6, 8)]
    play.run(Run(writes=(*during, *((9, Write("create", nth=nth)) for nth in range(9)))))


def killed_with_a_slow_loader(play: Play) -> None:
    for after in (9, 25, 41):
        play.run(Run(ending="killed", after=after, is_slow=True, keeps=after > 9))


def killed_keys_and_a_repaired_item(play: Play) -> None:
    play.run_undisturbed()
    play.write([Write("break", nth=2)])
    play.run(Run(wait=90_000, selects="keys", ending="killed", after=30))
    play.write([Write("repair")])
    play.run(Run(wait=3600))


def broken_next_to_each_other(play: Play) -> None:
    play.write([Write("break", nth=3, count=3), Write("break", nth=1)])
    play.run_undisturbed()
    play.write([Write("repair", nth=1)])
    play.run_undisturbed()


def one_of_two_neighbours_repaired(play: Play) -> None:
    play.write([Write("break", nth=3, count=2)])
    play.run_undisturbed()
    play.write([Write("repair", nth=1)])
    play.run_undisturbed()


def a_filter_for_one_run(play: Play) -> None:
    play.write([Write("change", nth=nth) for nth in range(1, 12, 2)])
    play.run(Run(is_filtered=True, ending="stopped", after=20))
    play.run(Run(is_filtered=True))
    play.run(Run())


def created_before_the_keys(play: Play) -> None:
    play.run_undisturbed()
    play.write([Write("create", nth=nth) for nth in range(4)])
    play.run(Run(wait=2, writes=((6, Write("change")),)))


def a_refusal_on_the_second_page(play: Play) -> None:
    play.run_undisturbed()
    for kind in ("403", "404", "422", "message", "{}", "[]", "null key"):
        play.run(Run(wait=9, skips=True, failures=(Failure(kind, nth=2, times=FOREVER),)))


def an_emptied_family(play: Play) -> None:
    play.run_undisturbed()
    play.write([Write("empty", "assets"), Write("delete", "asset_families", nth=1)])


@pytest.mark.parametrize(
    ("setup", "steps"),
    [
        (Setup(**DIVIDED), lost_behind_a_division),
        (Setup(threads=2, is_long=True, page_size=PAGE), deleted_while_read),
        (Setup("ce-5"), deleted_while_read),
        (Setup(**DIVIDED, is_long=True, keys="time-ordered"), killed_with_a_slow_loader),
        (Setup("ce-6", ("models",), **DIVIDED, keys="grouped"), killed_with_a_slow_loader),
        (Setup(versions=False), killed_keys_and_a_repaired_item),
        (Setup(), broken_next_to_each_other),
        (Setup("ce-6", ("models",)), broken_next_to_each_other),
        (Setup(), one_of_two_neighbours_repaired),
        (Setup(threads=2), a_filter_for_one_run),
        (Setup(lag=30, versions=False), created_before_the_keys),
        (WITH_ASSETS, a_refusal_on_the_second_page),
        (Setup(versions=False), a_refusal_on_the_second_page),
        (WITH_ASSETS, an_emptied_family),
        (
            Setup("ee-7", ("records",), **DIVIDED, sorts_bytes=True, keys="mixed case"),
            killed_with_a_slow_loader,
        ),
    ],
)
def test_a_play_that_failed_before_the_tap_was_mended_succeeds(
    pims: Server, setup: Setup, steps: Callable[[Play], None]
) -> None:
    play = Play(setup, pims)
    try:
        steps(play)
        play.end()
    finally:
        play.close()


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_process_that_is_killed_loses_nothing(tmp_path: Path, number: signal.Signals) -> None:
    pim = SimulatedPim(products=60, latency=0.005)
    config, state = tmp_path / "config.json", tmp_path / "state.json"
    command = [sys.executable, "-c", TAP, "--config", str(config), "--state", str(state)]
    last, rows = "{}", set()
    with serve(pim):
        config.write_text(json.dumps(settings_for(pim, page_size=4)))
        for lines in (90, 60):
            state.write_text(last)
            waiting: list[str] = []
            with started(
                command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
            ) as process:
                assert process.stdout is not None
                for nth, line in enumerate(process.stdout):
                    if nth == lines:
                        process.send_signal(number)
                    # A process that is killed can leave half a line, which no target takes.
                    message = json.loads(line) if line.endswith("\n") else {}
                    if message.get("stream") == "products" and "record" in message:
                        waiting.append(message["record"]["uuid"])
                    elif message.get("type") == "STATE":
                        last = json.dumps(message["value"])
                        rows.update(waiting)
        run = sync(pim, "products", state=json.loads(last), page_size=4)
    rows.update(record["uuid"] for record in run.records("products"))
    assert rows == {row["uuid"] for row in pim.truth("products")}
