"""``python -m tests.soak``."""

from __future__ import annotations

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat

from tests.soak.machine import soak_in_process

FIGURES = (
    *("plays", "runs", "complete", "failed", "killed", "stopped"),
    *("faults", "writes", "requests", "checks"),
)


def main() -> int:
    """Play, print figures, and return 1 if a check failed."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--plays", type=int, default=500, help="number of plays (500)")
    parser.add_argument("--seed", type=int, default=1, help="seed of the plays (1)")
    parser.add_argument("--processes", type=int, default=2, help="number of processes (2)")
    given = parser.parse_args()
    began = time.monotonic()
    each = -(-given.plays // given.processes)
    seeds = [1000 * given.seed + number for number in range(given.processes)]
    context = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(given.processes, mp_context=context) as pool:
        parts = list(pool.map(soak_in_process, repeat(each), seeds))
    figures = sum((part for part, _ in parts), Counter[str]())
    counts = ", ".join(f"{figures[name]:,} {name}" for name in FIGURES)
    failures = [failure for _, failure in parts if failure]
    sys.stdout.write("\n\n".join([*failures, f"{counts}; {time.monotonic() - began:.0f} s\n"]))
    return 1 if failures else 0


if __name__ == "__main__":
    sys.exit(main())
