"""Runs the recipes for orchestrators: cancels a run, kills one, and compares the tables.

It installs an orchestrator and Meltano, and starts them with a simulated PIM and a PostgreSQL
server, which has the tables and Meltano's states. A run is cancelled, and may leave no process
behind. The next one is killed, with all its processes, and retried. Ends with 1 unless all tables
are then as the PIM. Linux only. Takes about ten minutes for each orchestrator, because Meltano
starts no run for five minutes after one that was killed.
"""

# ruff: noqa: T201 (a command-line tool)

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from collections import Counter
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import requests

from pim_simulator import SimulatedPim, serve
from tests.orchestrators.processes import kill, loading
from tests.orchestrators.servers import ORCHESTRATORS, Orchestrator
from tests.targets.loaders import POSTGRES
from tests.targets.meltano import make_environment
from tests.targets.postgres import NotInstalled, free_port, serving
from tests.targets.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from tests.targets.postgres import Postgres

MELTANO = "meltano[postgres]~=4.4"
PRODUCTS, PAGE_SIZE, SECONDS_OF_A_RESPONSE = 2000, 20, 0.5


def main() -> int:
    """Run the recipes.

    Returns:
        The exit code: 1 if one of them fails.
    """
    options = ArgumentParser(prog="python -m tests.orchestrators", description=__doc__)
    options.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(ORCHESTRATORS)}")
    names = options.parse_args().names or list(ORCHESTRATORS)
    unknown = set(names) - ORCHESTRATORS.keys()
    if unknown:
        options.error(f"unknown: {', '.join(unknown)}")
    wrong = [name for name in names if not is_right(name)]
    print(f"Failed: {', '.join(wrong)}" if wrong else "All are right.")
    return 1 if wrong else 0


def is_right(name: str) -> bool:
    """Run one recipe, and return whether all went as the page describes."""
    kind = ORCHESTRATORS[name]
    print(f"{kind.__name__} ({' '.join(kind.requirements)})", flush=True)
    programs = make_environment(name, kind.requirements)
    meltano = make_environment("meltano-postgres", [MELTANO])
    loaders = make_environment(POSTGRES.name, POSTGRES.requirements)
    pim = SimulatedPim("ce-7", seed=1, products=PRODUCTS, latency=SECONDS_OF_A_RESPONSE)
    with serve(pim), serving() as server, tempfile.TemporaryDirectory() as folder:
        (project := Path(folder, "project")).mkdir()
        (home := Path(folder, "home")).mkdir()
        warehouse = Warehouse(server, loaders, pim, project, tap={"page_size": PAGE_SIZE})
        variables = {
            **warehouse.variables,
            "PATH": os.pathsep.join([*map(str, (programs, meltano)), os.environ["PATH"]]),
            "MELTANO_PROJECT_ROOT": str(project),
            "MELTANO_DATABASE_URI": database_uri(server),
        }
        orchestrator = kind(home, free_port())
        try:
            with running(orchestrator, variables, Path(folder)):
                return play(orchestrator, pim, project) and compare(warehouse)
        except TimeoutError as late:
            print(f"  {late}")
            for log in Path(folder).glob("*.log"):
                print(log.read_text(encoding="utf-8", errors="replace")[-8000:])
            return False


def database_uri(server: Postgres) -> str:
    """Return the address of the database for Meltano's states, in a schema of its own."""
    server.lines("create schema meltano")
    of = server.settings("")
    address = f"{of['user']}:{of['password']}@{of['host']}:{of['port']}/{of['database']}"
    return f"postgresql+psycopg://{address}?options=-csearch_path%3Dmeltano"


@contextmanager
def running(orchestrator: Orchestrator, variables: Mapping[str, str], logs: Path) -> Iterator[None]:
    """Start the servers of an orchestrator, and wait until it has loaded its recipe."""
    started: list[subprocess.Popen[bytes]] = []
    try:
        for number, command in enumerate(orchestrator.commands):
            with logs.joinpath(f"server-{number}.log").open("wb") as log:
                process = subprocess.Popen(  # noqa: S603 (our own commands)
                    ["env", *command],  # noqa: S607 (finds the command with these variables)
                    cwd=orchestrator.home,
                    env={**variables, **orchestrator.variables},
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    start_new_session=True,
                )
            started.append(process)
            wait_for(orchestrator.responds, "its server responds")
        wait_for(orchestrator.is_ready, "it has loaded the recipe")
        yield
    finally:
        for process in reversed(started):
            process.terminate()
        for process in started:
            with suppress(subprocess.TimeoutExpired):
                process.wait(30)
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def play(orchestrator: Orchestrator, pim: SimulatedPim, project: Path) -> bool:
    """Cancel a run, kill one, and wait until another succeeds."""

    def start() -> None:
        pim.requests.clear()
        orchestrator.start_run()
        wait_for(lambda: in_mid_load(pim), "a run reads products")

    start()
    orchestrator.cancel_run()
    wait_for(lambda: not loading(project), "the cancelled run has left no process")
    pim.requests.clear()
    print(f"  cancelled: {dict(Counter(orchestrator.states()))}", flush=True)

    start()
    kill(project)
    states = orchestrator.states()
    print(f"  killed: {dict(Counter(states))}", flush=True)
    if orchestrator.succeeded in states:
        return False
    if not orchestrator.retries_a_crash:
        orchestrator.start_run()
    wait_for(
        lambda: orchestrator.succeeded in orchestrator.states() and not loading(project),
        "a run succeeds",
        900,
    )
    print(f"  at the end: {dict(Counter(orchestrator.states()))}", flush=True)
    return True


def in_mid_load(pim: SimulatedPim) -> bool:
    """Return whether a run has read some pages of products."""
    return sum("/products" in request.path for request in pim.requests) >= 10


def compare(warehouse: Warehouse) -> bool:
    """Print and return whether all tables are as the PIM."""
    tables = warehouse.tables()
    wrong = warehouse.wrong()
    rows = sum(len(table.rows) for table in tables.values())
    print(f"  {len(tables)} tables with {rows} rows; wrong: {', '.join(wrong) or 'none'}")
    return not wrong


def wait_for(condition: Callable[[], bool], what: str, seconds: float = 120) -> None:
    """Wait until a condition is true.

    Raises:
        TimeoutError: If it is not true in time.
    """
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        with suppress(requests.RequestException):
            if condition():
                return
        time.sleep(0.2)
    msg = f"waited {seconds:.0f} s until {what}"
    raise TimeoutError(msg)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NotInstalled as missing:
        sys.exit(str(missing))
