"""Virtual environments for Meltano and for loaders, created by `scripts/setup`."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from demo import PROJECT

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

MELTANO = PROJECT / ".venv-meltano" / "bin" / "meltano"
ENVIRONMENTS = PROJECT / "output" / "targets"
"""Folder of the loaders' virtual environments."""


def make_environment(name: str, requirements: Sequence[str], seconds: float = 600) -> Path:
    """Create a virtual environment for a loader, unless it exists.

    Args:
        name: Name of its folder.
        requirements: Requirements for pip.
        seconds: Timeout.

    Returns:
        The folder of its executables.
    """
    set_up("venv", ENVIRONMENTS / name, *requirements, seconds=seconds)
    return ENVIRONMENTS / name / "bin"


def set_up(*arguments: str | Path, seconds: float = 600) -> None:
    """Run `scripts/setup`, which skips environments that are up to date.

    Raises:
        OSError: If it fails, with its error output.
    """
    ended = subprocess.run(  # noqa: S603 (our own arguments)
        ["bash", "scripts/setup", *arguments],  # noqa: S607 (as users run it)
        cwd=PROJECT,
        check=False,
        capture_output=True,
        text=True,
        timeout=seconds,
    )
    if ended.returncode:
        raise OSError(ended.stderr)
