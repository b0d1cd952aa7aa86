"""The processes that load a Meltano project. Linux only."""

from __future__ import annotations

import os
import signal
from contextlib import suppress
from pathlib import Path

_PROGRAMS = {"meltano", "tap-akeneo", "target-postgres"}


def loading(project: Path) -> list[int]:
    """Return the processes of Meltano, the tap and the loader that work for a project.

    Args:
        project: The folder of the project, which is the variable MELTANO_PROJECT_ROOT of them all.
    """
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended, or is not ours
            arguments = process.joinpath("cmdline").read_text(errors="replace").split("\0")
            names = {Path(argument).name for argument in arguments[:2]}
            environment = process.joinpath("environ").read_text(errors="replace").split("\0")
            if names & _PROGRAMS and f"MELTANO_PROJECT_ROOT={project}" in environment:
                found.append(int(process.name))
    return found


def kill(project: Path) -> None:
    """Kill the process that has started Meltano, and then all that work for the project.

    As the kernel does with a container that has no more memory.
    """
    processes = loading(project)
    parents = {
        int(Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()[1])
        for one in processes
    }
    (worker,) = parents - set(processes)
    for process in (worker, *processes):
        os.kill(process, signal.SIGKILL)
