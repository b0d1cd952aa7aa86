"""Reads a year twice, in one run and in twelve, and compares the tables row by row.

It installs Dagster and Meltano, and starts a PostgreSQL server and a simulated PIM. Ends with 1
where a row differs, or where an interrupted run leaves a process.
"""

# ruff: noqa: T201 (a command-line tool)

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from argparse import ArgumentParser
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import TYPE_CHECKING, Any

from demo.database import KEYS, compare_rows
from demo.shop import Shop
from pim_simulator import SimulatedPim, serve
from tests.meltano.project import ROOT, Project
from tests.orchestrators.processes import loading
from tests.support import settings_for, started
from tests.targets.loaders import POSTGRES
from tests.targets.meltano import make_environment, set_up
from tests.targets.postgres import NotInstalled, serving

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from tests.targets.postgres import Postgres

EXAMPLE = ROOT / "examples" / "backfill_dagster.py"
DAGSTER = "dagster==1.13.*"
STREAMS = ("products", "product_models")
YEAR = ("2024-03-01", "2025-03-01")
CONNECTIONS, REQUESTS_AT_ONCE = 3, 3
RETRIES = 2
HOURLY = "meltano run tap-akeneo target-postgres"
Rows = dict[tuple[str, ...], dict[str, Any]]


@dataclass
class Warehouse:
    """A schema of the database and the project that loads it."""

    server: Postgres
    schema: str
    project: Project

    def run(self, commands: str, **variables: str) -> str:
        """Run commands in the project and return their log."""
        code, log = self.project.run(commands, 1800, **variables)
        if code:
            sys.exit(f"{log[-8000:]}\n{commands} failed with {code}")
        return log

    def rows(self, stream: str) -> Rows:
        """Return the rows of a table by key, without columns that each run writes anew."""
        return {
            tuple(str(row[key]) for key in KEYS[stream]): {
                name: value
                for name, value in row.items()
                if name != "read_at" and not name.startswith("_sdc_")
            }
            for row in self.server.rows(f'"{self.schema}"."{stream}"')
        }


def main() -> int:
    """Run the recipe.

    Returns:
        The exit code: 1 if the two approaches result in different tables.
    """
    options = ArgumentParser(prog="python -m tests.backfill", description=__doc__)
    options.add_argument("--products", type=int, default=2000, help="how many the PIM has (2000)")
    options.add_argument("--latency", type=float, default=0.3, help="seconds it takes (0.3)")
    pim = SimulatedPim("ce-7", seed=1, **vars(options.parse_args()))

    set_up("only-meltano")
    loaders = make_environment(POSTGRES.name, POSTGRES.requirements)
    dagster = make_environment("dagster", [DAGSTER])
    with serving() as server, serve(pim), tempfile.TemporaryDirectory() as home:
        single, sharded = (
            warehouse(server, pim, Path(home, schema), loaders / POSTGRES.command)
            for schema in ("single", "sharded")
        )
        with timed("One run over the year", pim):
            start, end = YEAR
            single.run(
                f"TAP_AKENEO_START_DATE={start} TAP_AKENEO_END_DATE={end} {HOURLY}",
                TAP_AKENEO__SELECT_FILTER='["products", "product_models"]',
            )
        with timed("The same in twelve, three at a time, until it is interrupted", pim):
            right = interrupt(sharded, pim, dagster)
        with timed("Twelve runs over a month each, three at a time", pim):
            right &= backfill(sharded, pim, dagster)
        right &= compare(single, sharded, STREAMS)

        print("The PIM changes, and both go on with the hourly run.")
        Shop(Path(home, "pim.json"), pim).change()
        logs = [each.run(HOURLY) for each in (single, sharded)]
        # Includes the tables that only the hourly run loads.
        tables = server.tables(single.schema) | server.tables(sharded.schema)
        # But not what each run says about itself.
        right &= compare(single, sharded, sorted(tables - {"readings"}))
        # Less the lookback.
        since = (datetime.fromisoformat(YEAR[1]) - timedelta(minutes=5)).isoformat()
        for log in logs:
            right &= all(re.search(rf" {name}: [\d,]+ rows since {since}", log) for name in STREAMS)
        right &= compare_with_pim(sharded, pim)
    return 0 if right else 1


def warehouse(server: Postgres, pim: SimulatedPim, home: Path, loader: Path) -> Warehouse:
    """Create a separate project with a schema of the same name."""
    home.mkdir()
    config = server.settings(home.name)
    settings = settings_for(pim, pim_timezone=pim.timezone, max_retries=RETRIES)
    defined = {
        "name": "target-postgres",
        "namespace": "target_postgres",
        "executable": str(loader),
        "config": config,
        "settings": [{"name": name} for name in config],
    }
    return Warehouse(server, home.name, Project.copied(home, settings, defined))


def variables_of(into: Warehouse, pim: SimulatedPim) -> dict[str, str]:
    """Return the variables of the example's job, which has its own Dagster instance."""
    home = into.project.home / "dagster"
    home.mkdir(exist_ok=True)
    home.joinpath("dagster.yaml").write_text("telemetry:\n  enabled: false\n", encoding="utf-8")
    connections = {
        f"BACKFILL_{number}_{name.upper()}": text
        for number in range(1, CONNECTIONS + 1)
        for name, text in pim.credentials.items()
    }
    return {
        **connections,
        "BACKFILL_FROM": YEAR[0][:7],
        "DAGSTER_HOME": str(home),
        # Ensures that only the connections above are used.
        "TAP_AKENEO_PASSWORD": "none",
        # By which the processes are found.
        "MELTANO_PROJECT_ROOT": str(into.project.home),
    }


def interrupt(into: Warehouse, pim: SimulatedPim, dagster: Path) -> bool:
    """Execute the example's job, and interrupt it while it reads several months.

    Returns:
        Whether no process is left.
    """
    with started(
        [str(dagster / "dagster"), "job", "execute", "-f", str(EXAMPLE)],
        seconds=600,
        cwd=into.project.home,
        env={**into.project.variables, **variables_of(into, pim)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as process:
        while pim.requests.highest_concurrency <= REQUESTS_AT_ONCE:
            assert process.poll() is None, "it ended before"
            time.sleep(0.1)
        # As Ctrl-C does.
        os.killpg(process.pid, signal.SIGINT)
        process.wait()
    left = loading(into.project.home)
    print(f"  {len(left)} processes are left")
    return not left


def backfill(into: Warehouse, pim: SimulatedPim, dagster: Path) -> bool:
    """Execute the example's job while the PIM temporarily fails.

    Returns:
        Whether it went as the page describes.
    """
    # One more failure than the tap's retries, so that a month fails and Dagster retries it.
    pim.faults.add("status", "/product-models", times=RETRIES + 1, status=503)
    into.run(
        f"{dagster}/dagster job execute -f {EXAMPLE}",
        **variables_of(into, pim),
    )
    states = into.run("meltano --log-level=error state list").split()
    states.sort()
    print(f"  {len(states)} states, {states[0]} to {states[-1]}")
    at_once = pim.requests.highest_concurrency
    failed_once = not pim.faults.pending
    return len(states) == 12 + 1 and failed_once and at_once <= CONNECTIONS * REQUESTS_AT_ONCE


@contextmanager
def timed(what: str, pim: SimulatedPim) -> Iterator[None]:
    """Print how long something took and how many requests it made."""
    pim.requests.clear()
    print(f"{what} ...", flush=True)
    began = time.monotonic()
    yield
    seconds = time.monotonic() - began
    at_once = pim.requests.highest_concurrency
    print(f"  {seconds:.0f} s, {len(pim.requests)} requests, {at_once} at once at most")


def compare(single: Warehouse, sharded: Warehouse, streams: Iterable[str]) -> bool:
    """Print a comparison of both warehouses and return whether they are equal."""
    right = True
    for stream in streams:
        one, many = single.rows(stream), sharded.rows(stream)
        differing = [key for key in one.keys() | many.keys() if one.get(key) != many.get(key)]
        print(f"  {stream}: {len(one)} and {len(many)} rows, {len(differing)} differ")
        right &= bool(one) and not differing
    return right


def compare_with_pim(warehouse: Warehouse, pim: SimulatedPim) -> bool:
    """Print and return whether all rows changed since the start of the year match the PIM."""
    right = True
    for stream in STREAMS:
        held = [row for row in pim.truth(stream) if row["updated"] >= YEAR[0]]
        keys = {tuple(row[key] for key in KEYS[stream]) for row in held}
        rows = [as_read(row) for key, row in warehouse.rows(stream).items() if key in keys]
        table = compare_rows(stream, rows, held)
        print(f"  {stream}: {table.in_pim} changed since {YEAR[0]}, {table.wrong} missing or other")
        right &= table.is_right
    return right


def as_read(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row with its dates parsed; the loader has converted them to UTC."""
    dates = {
        name: datetime.fromisoformat(row[name]).replace(tzinfo=timezone.utc)
        for name in ("created", "updated")
    }
    return {**row, **dates}


if __name__ == "__main__":
    try:
        sys.exit(main())
    except NotInstalled as missing:
        sys.exit(str(missing))
