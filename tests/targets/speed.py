"""Measures how fast loaders write products, with each of the settings that may matter."""

from __future__ import annotations

import json
import subprocess
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.access import CREDENTIALS
from benchmarks.catalogue import make_catalogue
from benchmarks.server import BenchmarkPim, serve_benchmark
from demo import PROJECT
from tests.targets.loaders import SCHEMA
from tests.targets.matrix import Failed
from tests.targets.meltano import make_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.targets.loaders import Loader, Place
    from tests.targets.postgres import Postgres

STREAM = "products"
SECONDS = 1800
"""Timeout of a run."""

MEASURED = Path(__file__).with_name("measured.py")

_KIBI = 1 if sys.platform == "darwin" else 1024
"""Bytes in the unit of `ru_maxrss`."""


@dataclass(frozen=True)
class Speed:
    """A measurement of a loader.

    Attributes:
        settings: The settings beside those that the loader needs.
        first: Rows per second of processor time, of the loader and of its database server.
        again: The same when it gets the same rows again.
        peak_mb: Peak resident memory of the loader in MB, without a database server.
        changes: What it changes in the rows, as text for the table.
    """

    settings: Mapping[str, Any]
    first: float
    again: float
    peak_mb: float
    changes: str = ""

    def cells(self) -> list[str]:
        """Return the cells of its row in the table."""
        settings = ", ".join(
            f"`{name}: {json.dumps(value)}`" for name, value in self.settings.items()
        )
        return [
            f"{self.first:,.0f}",
            f"{self.again:,.0f}",
            f"{self.peak_mb:,.0f} MB",
            settings or "the defaults",
            self.changes or "nothing",
        ]


def write_products(folder: Path, count: int) -> Path:
    """Run the tap on the products of the benchmarks, and return the file with its messages."""
    config, catalog, messages = (folder / name for name in ("config", "catalog", "messages"))
    chosen = {"breadcrumb": [], "metadata": {"selected": True}}
    catalog.write_text(
        json.dumps({"streams": [{"tap_stream_id": STREAM, "metadata": [chosen]}]}), encoding="utf-8"
    )
    with (
        serve_benchmark(lambda url: BenchmarkPim(url, make_catalogue(url, products=count))) as pim,
        messages.open("wb") as output,
    ):
        config.write_text(json.dumps({"base_url": pim.base, **CREDENTIALS}), encoding="utf-8")
        subprocess.run(  # noqa: S603 (our own arguments)
            [sys.executable, "-m", "tap_akeneo", "--config", config, "--catalog", catalog],
            cwd=PROJECT,
            stdout=output,
            stderr=subprocess.DEVNULL,
            check=True,
            timeout=SECONDS,
        )
    return messages


def speeds(loader: Loader, messages: Path, count: int, place: Place) -> Iterator[Speed]:
    """Yield the speed of a loader with each of its settings to compare.

    Args:
        loader: A loader that works.
        messages: The file with the tap's messages.
        count: Number of products in it.
        place: An empty place.

    Raises:
        Failed: The loader fails, or does not write every row.
    """
    program = make_environment(loader.name, loader.requirements) / loader.command
    for number, settings in enumerate(loader.to_compare):
        if SCHEMA in place.server.schemas():
            place.server.lines(f"drop schema {SCHEMA} cascade")
        folder = place.folder / str(number)
        folder.mkdir()
        own = replace(place, folder=folder)
        config = folder / "config.json"
        config.write_text(json.dumps({**loader.settings(own), **settings}), encoding="utf-8")
        figures = []
        for _ in range(2):
            before = place.server.processor_seconds()
            seconds, peak = _measure([str(program), "--config", str(config)], folder, messages)
            seconds += place.server.processor_seconds() - before
            figures.append((count / seconds, peak))
            written = len({row["uuid"] for stream, row in loader.read(own) if stream == STREAM})
            if written != count:
                msg = f"{loader.name} wrote {written:,} of {count:,} rows"
                raise Failed(msg)
            # Some loaders name files after the second in which the run began.
            time.sleep(1)
        (first, peak), (again, peak_again) = figures
        yield Speed(settings, first, again, max(peak, peak_again), loader.changes)


def limit(messages: Path, count: int, folder: Path) -> float:
    """Return the rows per second of processor time at which DuckDB stores the same lines as JSON.

    In one column: a loader that divides them into columns can be faster.
    """
    code = (
        "import duckdb, sys; database = duckdb.connect(); "
        "options = \"(storage_version 'v1.2.0', row_group_size 2048)\"; "
        "database.execute(f\"attach '{sys.argv[1]}' as db {options}\"); "
        "database.execute(\"create table db.messages as from read_json(?, format = 'nd', "
        "columns = {record: 'json'}, maximum_object_size = 1 << 26)\", [sys.argv[2]])"
    )
    command = [sys.executable, "-c", code, str(folder / "limit.duckdb"), str(messages)]
    return count / _measure(command, folder, messages)[0]


def lz4(server: Postgres, messages: Path) -> tuple[float, float]:
    """Return how much faster PostgreSQL stores the same lines as `jsonb` with lz4 than with pglz.

    Returns:
        The processor time with pglz over that with lz4, and the size with lz4 over that with pglz.
    """
    seconds, sizes = [], []
    for method in ("pglz", "lz4"):
        server.lines(f"create table {method}_lines (record jsonb compression {method})")
        before = server.processor_seconds()
        # Characters that JSON never has stand for those that CSV would take apart.
        unused = r"csv quote e'\x01' delimiter e'\x02'"
        server.lines(rf"\copy {method}_lines from '{messages}' {unused}")
        seconds.append(server.processor_seconds() - before)
        (size,) = server.lines(f"select pg_total_relation_size('{method}_lines')")
        sizes.append(int(size))
    return seconds[0] / seconds[1], sizes[1] / sizes[0]


def _measure(command: list[str], folder: Path, messages: Path) -> tuple[float, float]:
    """Run a loader; return its processor seconds and its peak memory in MB.

    Raises:
        Failed: It failed, or took too long.
    """
    log, result = folder / "log", folder / "measured"
    with messages.open("rb") as feed, log.open("wb") as output:
        ended = subprocess.run(  # noqa: S603 (a loader that we installed)
            [sys.executable, "-IS", MEASURED, result, str(SECONDS), *command],
            cwd=folder,
            stdin=feed,
            stdout=output,
            stderr=output,
            check=False,
        )
    if ended.returncode:
        raise Failed(log.read_text(encoding="utf-8", errors="replace")[-2_000:])
    seconds, peak = json.loads(result.read_bytes())
    return seconds, peak * _KIBI / 1e6
