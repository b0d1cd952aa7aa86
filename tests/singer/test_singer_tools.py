"""`singer-check-tap`, which others wrote for all taps, accepts what this tap writes."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from tap_akeneo.tap import TapAkeneo
from tests.support import command, settings_for
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


def run_with_all_streams(pim: SimulatedPim, folder: Path, **settings: Any) -> tuple[str, set[str]]:
    """Runs the command with every stream selected; returns its messages and the streams."""
    config, catalog = folder / "config.json", folder / "catalog.json"
    config.write_text(json.dumps(settings_for(pim, **settings)), encoding="utf-8")
    discovered = TapAkeneo(config=settings_for(pim)).catalog_dict
    for entry in discovered["streams"]:
        for metadata in entry["metadata"]:
            metadata["metadata"]["selected"] = True
    catalog.write_text(json.dumps(discovered), encoding="utf-8")
    ended = command("--config", config, "--catalog", catalog)
    assert ended.code == 0, ended.log
    return ended.stdout, {entry["tap_stream_id"] for entry in discovered["streams"]}


def test_it_accepts_all_streams_of_each_version(
    any_pim: SimulatedPim, checker: Path, tmp_path: Path
) -> None:
    messages, streams = run_with_all_streams(any_pim, tmp_path)
    checked = check(checker, messages, tmp_path)
    assert checked.code == 0, checked.output
    assert "The output is valid." in checked.output
    assert f"for {len(streams)} streams" in checked.output


def test_it_accepts_versions_and_incremental_runs(
    start_pim: StartPim, checker: Path, tmp_path: Path
) -> None:
    pim = start_pim("saas")
    versions, _ = run_with_all_streams(pim, tmp_path, emit_activate_version_messages=True)
    assert '"ACTIVATE_VERSION"' in versions
    states = [line for line in versions.split("\n") if line.startswith('{"type":"STATE"')]
    state = tmp_path / "state.json"
    state.write_text(json.dumps(json.loads(states[-1])["value"]), encoding="utf-8")
    again = command(
        *("--config", tmp_path / "config.json", "--catalog", tmp_path / "catalog.json"),
        *("--state", state),
    )
    assert again.code == 0, again.log
    for messages in (versions, again.stdout):
        checked = check(checker, messages, tmp_path)
        assert checked.code == 0, checked.output


def test_it_refuses_a_record_that_breaks_its_schema(
    start_pim: StartPim, checker: Path, tmp_path: Path
) -> None:
    messages, _ = run_with_all_streams(start_pim(), tmp_path)
    broken = {"type": "RECORD", "stream": "families", "record": {"code": 5}}
    checked = check(checker, f"{messages}{json.dumps(broken)}\n", tmp_path)
    assert checked.code == 1
    assert "5 is not of type 'string'" in checked.output
