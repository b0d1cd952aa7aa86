"""Meltano projects, such as copies of ours, in which nothing has been run yet."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml
from typing_extensions import Self

from tests.support import started
from tests.targets.meltano import MELTANO

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

ROOT = Path(__file__).parents[2]


def read(folder: Path = ROOT) -> dict[str, Any]:
    """What a project's `meltano.yml` says."""
    return dict(yaml.safe_load(folder.joinpath("meltano.yml").read_text(encoding="utf-8")))


class Project:
    """A Meltano project.

    Attributes:
        home: Its folder.
        variables: Environment variables of what is run in it.

    Args:
        home: Its folder, which may still be empty.
        tap: Settings of the tap, given to it as variables.
    """

    def __init__(self, home: Path, tap: Mapping[str, Any]) -> None:
        self.home = home
        inherited = ("MELTANO_", "TAP_AKENEO_", "TARGET_", "AKENEO_")
        self.variables = {
            **{name: text for name, text in os.environ.items() if not name.startswith(inherited)},
            **{f"TAP_AKENEO_{name.upper()}": str(value) for name, value in tap.items()},
            "PATH": f"{MELTANO.parent}{os.pathsep}{os.environ['PATH']}",
            "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
            "PYTHONUTF8": "1",
        }

    @classmethod
    def copied(
        cls,
        home: Path,
        tap: Mapping[str, Any],
        *loaders: Mapping[str, Any],
        utility: Mapping[str, Any] | None = None,
    ) -> Self:
        """Copy our project.

        Args:
            home: An empty folder.
            tap: Settings of the tap, given to it as variables.
            loaders: What to have in `meltano.yml` as its only loaders, which are installed.
            utility: The same for its only utility. Without one it has those of our project.
        """
        project = cls(home, tap)
        content = read()
        content["plugins"]["loaders"] = [dict(loader) for loader in loaders]
        if utility:
            content["plugins"]["utilities"] = [dict(utility)]
        project.write(content)
        return project

    def write(self, content: dict[str, Any]) -> None:
        """Write `meltano.yml`, with the tap that is installed beside these tests.

        Meltano would install it once more for each project.
        """
        (extractor,) = content["plugins"]["extractors"]
        del extractor["pip_url"]
        extractor["executable"] = str(Path(sys.executable).with_name("tap-akeneo"))
        self.home.joinpath("meltano.yml").write_text(yaml.safe_dump(content), encoding="utf-8")

    def run(self, commands: str, seconds: float = 120, **variables: str) -> tuple[int, str]:
        """Runs commands in a shell; returns the exit code and what they printed."""
        ended = subprocess.run(  # noqa: S603 (our own commands)
            ["bash", "-e", "-c", commands],  # noqa: S607 (as people run them)
            cwd=self.home,
            env={**self.variables, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            check=False,
            timeout=seconds,
        )
        return ended.returncode, ended.stdout

    def run_until_killed(
        self,
        command: Sequence[str],
        ready: Callable[[], bool],
        sign: signal.Signals = signal.SIGKILL,
    ) -> int:
        """Start a command, and kill it and its child processes once `ready` returns true.

        Returns:
            Its exit code.
        """
        with started(
            command,
            cwd=self.home,
            env=self.variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            while not ready():
                assert process.poll() is None, "it ended before"
                time.sleep(0.1)
            os.killpg(process.pid, sign)
        return int(process.returncode)
