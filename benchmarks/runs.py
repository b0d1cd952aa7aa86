"""Measure whole runs against the simulated PIM: all streams, kills and broken products.

``python -m benchmarks.runs`` prints one line per figure. ``--beside FOLDER`` measures the tap of
another checkout of this repository in the same run, for a comparison.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from benchmarks.access import PAGE_SIZE
from benchmarks.report import MAX_CONCURRENCY
from pim_simulator import SimulatedPim, serve
from tests.support import settings_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

HERE = Path(__file__).parent.parent
_ALONE = dict.fromkeys(("PYTHONPATH", "TAP_AKENEO_LOGLEVEL"), "")
_UUID = re.compile(rb'"stream":\s*"products".*?"uuid":\s*"([0-9a-f-]{36})"')


@dataclass(frozen=True)
class Sizes:
    """What to measure with.

    Attributes:
        latencies: Seconds that each response takes, where all streams are read.
        products: Number of products there.
        kills: Number of runs to kill.
        to_kill: Number of products that such a run reads.
        broken: Number of products of which one is broken.
        shared: Number of products of which five are broken, and which three streams read.
    """

    latencies: tuple[float, ...] = (0.05, 0.3)
    products: int = 3_000
    kills: int = 12
    to_kill: int = 30_000
    broken: int = 11_000
    shared: int = 3_500


QUICK = Sizes((0.01,), 300, 1, 1_000, 300, 300)


@dataclass(frozen=True)
class Ran:
    """One run of the tap.

    Attributes:
        code: Exit code.
        wall: Seconds.
        requests: Requests that the PIM received.
        pages: Those of the list of products.
        state: The last state that the tap wrote.
        products: Uuids of the products that it wrote.
    """

    code: int
    wall: float
    requests: int
    pages: int
    state: dict[str, Any]
    products: frozenset[bytes]


class Tap:
    """The tap of a checkout, run with this interpreter.

    Args:
        folder: The checkout.
        workplace: A folder for its files.
    """

    def __init__(self, folder: Path, workplace: Path) -> None:
        self.folder = folder
        self._workplace = workplace

    def run(
        self,
        pim: SimulatedPim,
        streams: Sequence[str] = (),
        state: Mapping[str, Any] | None = None,
        kill_after: int | None = None,
        **settings: Any,  # noqa: ANN401 (JSON)
    ) -> Ran:
        """Run the tap once.

        Args:
            pim: The PIM.
            streams: The streams to select; those selected by default if empty.
            state: The state to start from.
            kill_after: Number of products after which the run is killed.
            **settings: More settings.
        """
        command = self._command("--config", self._write("config", settings_for(pim, **settings)))
        if streams:
            catalog = json.loads(self._output([*command, "--discover"]))
            command += ["--catalog", self._write("catalog", _selecting(catalog, streams))]
        if state:
            command += ["--state", self._write("state", state)]
        before = len(list(pim.requests))
        started = time.monotonic()
        with subprocess.Popen(  # noqa: S603 (the tap)
            command,
            cwd=self.folder,
            env={**os.environ, **_ALONE},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        ) as process:
            last: dict[str, Any] = dict(state or {})
            products: set[bytes] = set()
            for line in process.stdout or ():
                if found := _UUID.search(line):
                    products.add(found[1])
                elif b'"type":"STATE"' in line.replace(b" ", b""):
                    last = json.loads(line)["value"]
                if kill_after is not None and len(products) >= kill_after:
                    process.kill()
                    break
        wall = time.monotonic() - started
        requests = list(pim.requests)[before:]
        pages = sum(one.path.endswith("/products-uuid") for one in requests)
        return Ran(process.returncode, wall, len(requests), pages, last, frozenset(products))

    def _command(self, *arguments: str) -> list[str]:
        return [sys.executable, "-m", "tap_akeneo", *arguments]

    def _output(self, command: list[str]) -> bytes:
        env = {**os.environ, **_ALONE}
        done = subprocess.run(  # noqa: S603 (the tap)
            command, cwd=self.folder, env=env, capture_output=True, check=True
        )
        return done.stdout

    def _write(self, name: str, content: object) -> str:
        file = self._workplace / name
        file.write_text(json.dumps(content), encoding="utf-8")
        return str(file)


def _selecting(catalog: dict[str, Any], streams: Sequence[str]) -> dict[str, Any]:
    for stream in catalog["streams"]:
        for entry in stream["metadata"]:
            if not entry["breadcrumb"]:
                entry["metadata"]["selected"] = stream["tap_stream_id"] in streams
    return catalog


def all_streams(tap: Tap, sizes: Sizes) -> dict[str, float]:
    """Time of a run of all streams, and of the next one, over that of their requests alone."""
    figures = {}
    for profile in ("ce-7", "saas"):
        for latency in sizes.latencies:
            pim = SimulatedPim(profile, seed=1, products=sizes.products)
            pim.faults.add("slow", delay=latency, times=None)
            with serve(pim):
                first = tap.run(pim)
                idle = tap.run(pim, state=first.state)
            for name, ran in (("all streams", first), ("again, no changes", idle)):
                ideal = ran.requests * latency / MAX_CONCURRENCY
                figures[f"{name}, {profile}, {latency} s: wall, s"] = ran.wall
                figures[f"{name}, {profile}, {latency} s: x requests x latency / 4"] = (
                    ran.wall / ideal
                )
    return figures


def kills(tap: Tap, sizes: Sizes) -> dict[str, float]:
    """Pages that are read again because of a kill, in % of all pages."""
    chance = random.Random(1)  # noqa: S311
    pages = sizes.to_kill / PAGE_SIZE
    pim = SimulatedPim("ce-7", seed=1, products=sizes.to_kill)
    with serve(pim):
        whole = tap.run(pim, ["products"])
        again = []
        for _ in range(sizes.kills):
            point = chance.randrange(sizes.to_kill // 30, sizes.to_kill)
            killed = tap.run(pim, ["products"], kill_after=point)
            rest = tap.run(pim, ["products"], state=killed.state)
            if not whole.products <= killed.products | rest.products:
                sys.exit("products were lost")
            again.append(killed.pages + rest.pages - whole.pages)
    return {
        "killed: pages again, % (mean)": 100 * sum(again) / len(again) / pages,
        "killed: pages again, % (highest)": 100 * max(again) / pages,
    }


def broken(tap: Tap, sizes: Sizes) -> dict[str, float]:
    """Requests that broken products cost, above those of the same run without any."""
    figures: dict[str, float] = {}
    for title, products, number, streams in (
        (f"one broken of {sizes.broken:,}", sizes.broken, 1, ["products"]),
        (
            f"five broken of {sizes.shared:,}, three streams",
            sizes.shared,
            5,
            ["products", "product_keys", "product_scores"],
        ),
    ):
        pim = SimulatedPim("ce-7", seed=1, products=products)
        uuids = sorted(item["uuid"] for item in pim.truth("products"))
        with serve(pim):
            whole = tap.run(pim, streams)
            quiet = tap.run(pim, streams, state=whole.state)
            chance = random.Random(2)  # noqa: S311
            pim.broken.update(chance.sample(uuids, number))
            first = tap.run(pim, streams)
            later = tap.run(pim, streams, state=first.state)
        if first.products != whole.products - {one.encode() for one in pim.broken}:
            sys.exit("products that can be read were lost")
        figures[f"{title}: more requests"] = first.requests - whole.requests
        figures[f"{title}: more in the next run"] = later.requests - quiet.requests
    return figures


PARTS: dict[str, Callable[[Tap, Sizes], dict[str, float]]] = {
    "all": all_streams,
    "kills": kills,
    "broken": broken,
}


def main(arguments: list[str] | None = None) -> None:
    """Print the figures of this checkout, and of another one beside them."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.runs", description=__doc__)
    parser.add_argument("--part", action="append", choices=PARTS, help="only this; repeatable")
    parser.add_argument("--beside", type=Path, metavar="FOLDER", help="another checkout")
    parser.add_argument("--quick", action="store_true", help="small, to see that all works")
    options = parser.parse_args(arguments)
    sizes = QUICK if options.quick else Sizes()
    with contextlib.ExitStack() as stack:
        taps = [
            Tap(folder, Path(stack.enter_context(tempfile.TemporaryDirectory())))
            for folder in (HERE, options.beside)
            if folder
        ]
        for part in options.part or PARTS:
            measured = [PARTS[part](tap, sizes) for tap in taps]
            for name in measured[0]:
                values = "  ".join(f"{figures[name]:8.2f}" for figures in measured)
                sys.stdout.write(f"{name:60} {values}\n")
                sys.stdout.flush()


if __name__ == "__main__":
    main()
