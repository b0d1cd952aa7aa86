"""What scripts/setup installs, and what it says if it may not install anything."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("bash", "dirname", "flock")


def programs(folder: Path, **stubs: str) -> subprocess.CompletedProcess[str]:
    """Run `scripts/setup programs` on a machine that has few programs.

    Args:
        folder: An empty folder, for its programs.
        stubs: Shell commands by the names of programs.
    """
    for name in TOOLS:
        (folder / name).symlink_to(str(shutil.which(name)))
    for name, commands in stubs.items():
        program = folder / name.replace("_", "-")
        program.write_text(f"#!{shutil.which('bash')}\n{commands}\n")
        program.chmod(0o755)
    return subprocess.run(
        ["bash", "scripts/setup", "programs"],  # noqa: S607
        cwd=ROOT,
        env={**os.environ, "PATH": str(folder), "PYTHON": sys.executable},
        check=False,
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize(
    "stubs",
    [
        {"id": "echo 1000", "sudo": "exit 1", "apt_get": "exit 9"},
        {"id": "echo 1000", "apt_get": "exit 9"},
        {"id": "echo 0"},
    ],
    ids=["sudo wants a password", "no sudo", "no Debian"],
)
def test_without_the_right_to_install_one_line_says_what_to_type(
    tmp_path: Path, stubs: dict[str, str]
) -> None:
    ended = programs(tmp_path, **stubs)
    assert ended.returncode == 1
    (line,) = (ended.stdout + ended.stderr).splitlines()
    assert line.startswith("Some tests need PostgreSQL and Chromium. On Debian: apt-get install ")
    assert line.endswith("chromium chromium-driver")


@pytest.mark.parametrize(
    "stubs",
    [{"id": "echo 0"}, {"id": "echo 1000", "sudo": 'shift; [ "$1" = true ] || exec "$@"'}],
    ids=["root", "sudo"],
)
def test_with_the_right_to_install_it_installs_what_is_missing(
    tmp_path: Path, stubs: dict[str, str]
) -> None:
    log = tmp_path / "log"
    stubs |= {"apt_get": f'echo "$@" >>"{log}"', "true": "exit 0"}
    ended = programs(tmp_path, **stubs)
    assert ended.returncode == 0, ended.stderr
    update, install = log.read_text().splitlines()
    assert update.startswith("update")
    assert install.startswith("install --yes")
    assert install.endswith("chromium chromium-driver")


def test_it_installs_nothing_if_nothing_is_missing(tmp_path: Path) -> None:
    ended = programs(tmp_path, chromedriver="", initdb="", id="echo 1000")
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
