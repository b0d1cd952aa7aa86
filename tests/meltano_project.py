"""Copies of this repository's Meltano project, in which nothing has been run yet."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import yaml

from tests.targets.meltano import MELTANO

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parent.parent


def read(folder: Path = ROOT) -> dict[str, Any]:
    """What a project's `meltano.yml` says."""
    return dict(yaml.safe_load(folder.joinpath("meltano.yml").read_text(encoding="utf-8")))


class Project:
    """A copy of our project.

    Attributes:
        home: Its folder.
        variables: Environment variables of what is run in it.

    Args:
        home: An empty folder.
        tap: Settings of the tap, given to it as variables.
        loader: What to have in `meltano.yml` as its only loader, which is installed.
        utility: The same for its only utility. Without one it has those of our project.
    """

    def __init__(
        self,
        home: Path,
        tap: Mapping[str, Any],
        loader: Mapping[str, Any],
        utility: Mapping[str, Any] | None = None,
    ) -> None:
        self.home = home
        project = read()
        (extractor,) = project["plugins"]["extractors"]
        # Installed beside these tests; Meltano would do it once more for each project.
        del extractor["pip_url"]
        extractor["executable"] = str(Path(sys.executable).with_name("tap-akeneo"))
        project["plugins"]["loaders"] = [dict(loader)]
        if utility:
            project["plugins"]["utilities"] = [dict(utility)]
        home.joinpath("meltano.yml").write_text(yaml.safe_dump(project), encoding="utf-8")
        inherited = ("MELTANO_", "TAP_AKENEO_", "TARGET_")
        self.variables = {
            **{name: text for name, text in os.environ.items() if not name.startswith(inherited)},
            **{f"TAP_AKENEO_{name.upper()}": str(value) for name, value in tap.items()},
            "PATH": f"{MELTANO.parent}{os.pathsep}{os.environ['PATH']}",
            "MELTANO_CLI_DISABLE_VERSION_CHECK": "true",
            "PYTHONUTF8": "1",
        }

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
