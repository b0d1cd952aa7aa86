"""`singer-check-tap`, which others wrote for all taps, accepts what this tap writes."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tap_akeneo.tap import TapAkeneo
from tests.support import Ended, command, settings_for
from tests.targets.meltano import make_environment

if TYPE_CHECKING:
    from pathlib import Path

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim


class Checked(NamedTuple):
    """The verdict of `singer-check-tap`."""

    code: int
    output: str


@pytest.fixture(scope="module")
def checker() -> Path:
    # In an environment of its own, because it pins a jsonschema and an attrs of 2017.
    return make_environment("singer-tools", ["singer-tools==0.4.1"]) / "singer-check-tap"


def check(checker: Path, messages: str, folder: Path) -> Checked:
    """Pipes messages into the checker, which writes into the folder it runs in."""
    ended = subprocess.run(  # noqa: S603 (our own arguments)
        [checker],
        input=messages,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
        timeout=120,
    )
    return Checked(ended.returncode, ended.stdout)


def run_with_all_streams(pim: SimulatedPim, state: object = "{}", **settings: Any) -> Ended:
    """Run the command with every property of every stream selected."""
    catalog = TapAkeneo(config=settings_for(pim)).catalog_dict
    for entry in catalog["streams"]:
        for metadata in entry["metadata"]:
            metadata["metadata"]["selected"] = True
    ended = command(config=settings_for(pim, **settings), catalog=catalog, state=state)
    assert ended.code == 0, ended.log
    return ended


def test_it_accepts_all_streams_of_each_version(
    any_pim: SimulatedPim, checker: Path, tmp_path: Path
) -> None:
    ended = run_with_all_streams(any_pim)
    checked = check(checker, ended.stdout, tmp_path)
    streams = {one["stream"] for one in ended.messages if one["type"] == "SCHEMA"}
    assert checked.code == 0, checked.output
    assert "The output is valid." in checked.output
    assert f"for {len(streams)} streams" in checked.output


def test_it_accepts_versions_and_incremental_runs(
    start_pim: StartPim, checker: Path, tmp_path: Path
) -> None:
    pim = start_pim("saas")
    versions = run_with_all_streams(pim, emit_activate_version_messages=True)
    assert '"ACTIVATE_VERSION"' in versions.stdout
    states = [one["value"] for one in versions.messages if one["type"] == "STATE"]
    again = run_with_all_streams(pim, states[-1], emit_activate_version_messages=True)
    for ended in (versions, again):
        checked = check(checker, ended.stdout, tmp_path)
        assert checked.code == 0, checked.output


def test_it_refuses_a_record_that_breaks_its_schema(
    start_pim: StartPim, checker: Path, tmp_path: Path
) -> None:
    messages = run_with_all_streams(start_pim()).stdout
    broken = {"type": "RECORD", "stream": "families", "record": {"code": 5}}
    checked = check(checker, f"{messages}{json.dumps(broken)}\n", tmp_path)
    assert checked.code == 1
    assert "5 is not of type 'string'" in checked.output
