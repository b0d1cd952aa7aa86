"""examples/run.sh keeps the state whatever is stopped, and leaves no process behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.namespaces import namespace
from tests.support import settings_for, started

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.conftest import StartPim

ROOT = Path(__file__).parents[2]
SCRIPT = ["bash", str(ROOT / "examples" / "run.sh"), "target"]

PRODUCTS = 1500
"""More than two times the products after which the tap writes a state."""

TARGET = """\
import json, signal, sys

class Stop(Exception):
    pass

def stop(*_):
    raise Stop

def drain():
    with open("rows.jsonl", "a") as file:
        file.writelines(rows)
    rows.clear()
    if state:
        print(json.dumps(state[-1]), flush=True)

rows, state = [], []
# As the SDK's targets: they write what they have read, and end.
signal.signal(signal.SIGTERM, stop)
try:
    for line in sys.stdin:
        message = json.loads(line)
        if message["type"] == "RECORD":
            rows.append(line)
        elif message["type"] == "STATE":
            state.append(message["value"])
        if len(rows) >= 50 and message["type"] == "STATE":
            drain()
except Stop:
    pass
drain()
"""
"""A target that writes batches, and prints the state of what it has written."""

AS_FIRST_PROCESS = namespace("--pid", "--fork", "--kill-child")
SIGNALS = {signal.SIGINT, signal.SIGTERM}


def pid_of_script(process: subprocess.Popen[bytes]) -> int:
    """Return the script's ID, which may be a child of the process that was started."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
    is_script = b"unshare" not in Path(f"/proc/{process.pid}/cmdline").read_bytes()
    return process.pid if is_script else int(children[0])


def handled(pid: int) -> set[signal.Signals]:
    """Return the signals for which a process has a handler.

    A first process gets no others (pid_namespaces(7)).
    """
    status = Path(f"/proc/{pid}/status").read_text()
    bits = int(status.partition("SigCgt:")[2].split()[0], 16)
    return {one for one in signal.Signals if bits >> (one - 1) & 1}


def working_in(folder: Path) -> list[str]:
    """Return the IDs of the processes that work in a folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is not ours
            if process.joinpath("cwd").readlink() == folder:
                found.append(process.name)
    return found


STOPS: dict[str, Callable[[subprocess.Popen[bytes]], None]] = {
    "the script": lambda script: script.send_signal(signal.SIGTERM),
    "the script, as the first process of a container": lambda script: os.kill(
        pid_of_script(script), signal.SIGTERM
    ),
    "its process group": lambda script: os.killpg(script.pid, signal.SIGTERM),
    "the script, by Ctrl-C": lambda script: os.killpg(script.pid, signal.SIGINT),
}


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "target.py").write_text(TARGET)
    for name, arguments in {"tap-akeneo": "-m tap_akeneo", "target": folder / "target.py"}.items():
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        program.chmod(0o755)
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT)}


def loaded(folder: Path) -> list[str]:
    """Return the products that the target has written."""
    file = folder / "rows.jsonl"
    text = file.read_text() if file.exists() else ""
    # The target may be writing the last line.
    messages = [json.loads(line) for line in text.rpartition("\n")[0].splitlines()]
    return [one["record"]["uuid"] for one in messages if one["stream"] == "products"]


@pytest.mark.parametrize("name", STOPS)
def test_a_signal_loses_no_state_leaves_no_process_and_the_next_run_reads_the_rest(
    start_pim: StartPim,
    tmp_path: Path,
    environment: dict[str, str],
    name: str,
) -> None:
    pim = start_pim(products=PRODUCTS, latency=0.2)
    settings = settings_for(pim, page_size=10)
    (tmp_path / "config.json").write_text(json.dumps(settings))
    start = [*AS_FIRST_PROCESS, *SCRIPT] if "container" in name else SCRIPT
    with started(start, cwd=tmp_path, env=environment) as script:
        while len(loaded(tmp_path)) < 50:
            assert script.poll() is None
            time.sleep(0.05)
        assert handled(pid_of_script(script)) >= SIGNALS
        STOPS[name](script)
        assert script.wait() in {128 + signal.SIGTERM, 128 + signal.SIGINT}
    with pytest.raises(ProcessLookupError):
        os.killpg(script.pid, 0)
    assert not working_in(tmp_path)
    first = loaded(tmp_path)
    state = json.loads((tmp_path / "state.json").read_text())
    assert state["bookmarks"]["products"]["unfinished"]["read"] == len(first) < PRODUCTS
    subprocess.run(SCRIPT, cwd=tmp_path, env=environment, check=True, timeout=120)  # noqa: S603
    assert set(loaded(tmp_path)) == {one["uuid"] for one in pim.truth("products")}
    assert len(loaded(tmp_path)) <= PRODUCTS + 5 * 10, (
        "at most the pages that were being read come again"
    )


@pytest.mark.parametrize("sent_by", ["mkfifo", "tap-akeneo", "target"])
def test_a_signal_while_the_programs_start_ends_all_of_them(
    tmp_path: Path, environment: dict[str, str], sent_by: str
) -> None:
    programs = {
        "mkfifo": f'exec {shutil.which("mkfifo")} "$@"',
        "tap-akeneo": "exec sleep 60",
        "target": "exec cat",
    }
    for name, does in programs.items():
        sends = "kill -TERM $PPID; " if name == sent_by else ""
        program = tmp_path / "bin" / name
        program.write_text(f"#!/bin/sh\n{sends}{does}\n")
        program.chmod(0o755)
    # Bash waits before each command, so the signal comes before the next one.
    (tmp_path / "slow").write_text("trap 'sleep 0.1' DEBUG\n")
    slow = {**environment, "BASH_ENV": str(tmp_path / "slow")}
    with started(SCRIPT, cwd=tmp_path, env=slow) as script:
        assert script.wait(30) == 128 + signal.SIGTERM
    assert not working_in(tmp_path)


@pytest.mark.parametrize(("program", "code"), [("tap-akeneo", 1), ("target", 3)])
def test_it_fails_if_either_program_fails(
    start_pim: StartPim, tmp_path: Path, environment: dict[str, str], program: str, code: int
) -> None:
    pim = start_pim(products=5)
    (tmp_path / "config.json").write_text(json.dumps(settings_for(pim)))
    if program == "target":
        (tmp_path / "bin" / "target").write_text("#!/bin/sh\ncat > /dev/null; exit 3\n")
    else:
        pim.permissions.discard("pim_api_family_list")
    ended = subprocess.run(SCRIPT, cwd=tmp_path, env=environment, check=False, timeout=60)  # noqa: S603
    assert ended.returncode == code


@pytest.mark.parametrize("is_mounted", [True, False])
def test_the_secrets_are_in_a_mounted_file_and_a_run_without_it_fails(
    start_pim: StartPim, tmp_path: Path, environment: dict[str, str], *, is_mounted: bool
) -> None:
    secrets = tmp_path / "mounted" / "config.json"
    settings = settings_for(start_pim(products=5))
    (tmp_path / "config.json").write_text(json.dumps({**settings, "password": "to be replaced"}))
    if is_mounted:
        secrets.parent.mkdir()
        secrets.write_text(json.dumps({"password": settings["password"]}))
    ended = subprocess.run(  # noqa: S603
        SCRIPT,
        cwd=tmp_path,
        env={**environment, "SECRETS_FILE": str(secrets)},
        check=False,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    assert ended.returncode == (0 if is_mounted else 1)
    assert (f"the config file {secrets} cannot be read" in ended.stderr) is not is_mounted
