"""Environments for Meltano and for loaders, made by `scripts/setup`."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from demo import PROJECT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MELTANO = PROJECT / ".venv-meltano" / "bin" / "meltano"
ENVIRONMENTS = PROJECT / "output" / "targets"
"""Where each loader has an environment of its own."""


def make_environment(name: str, requirements: Sequence[str], seconds: float = 600) -> Path:
    """Makes an environment for a loader, unless it is there.

    Args:
        name: Of its folder.
        requirements: As pip takes them.
        seconds: How long it may take.

    Returns:
        The folder of its programs.
    """
    set_up("venv", ENVIRONMENTS / name, *requirements, seconds=seconds)
    return ENVIRONMENTS / name / "bin"


def set_up(*arguments: str | Path, seconds: float = 600) -> None:
    """Runs `scripts/setup`, which leaves alone what is there and right.

    Raises:
        OSError: If it fails, with what it says.
    """
    ended = subprocess.run(  # noqa: S603 (our own arguments)
        ["bash", "scripts/setup", *arguments],  # noqa: S607 (as people run it)
        cwd=PROJECT,
        check=False,
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    if ended.returncode:
        raise OSError(ended.stderr)
