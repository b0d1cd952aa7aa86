"""``python -m tests.soak``."""

from __future__ import annotations

import argparse
import sys

from tests.soak.crowd import soak


def main() -> int:
    """Soaks as long as one likes; returns 1 where the law was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.soak", description=__doc__)
    parser.add_argument("--scenarios", type=int, default=500, help="how many (500)")
    parser.add_argument("--seed", type=int, default=1, help="of all of them (1)")
    parser.add_argument("--first", type=int, default=0, help="number of the first (0)")
    parser.add_argument("--only", type=int, help="number of a single one")
    parser.add_argument("--processes", type=int, default=2, help="how many at once (2)")
    given = parser.parse_args()
    first, count = (given.first, given.scenarios) if given.only is None else (given.only, 1)
    result = soak(given.seed, range(first, first + count), given.processes, _tell)
    sys.stdout.write(f"\n{result.report()}\n")
    return 1 if result.failures else 0


def _tell(progress: str) -> None:
    sys.stderr.write(f"\r{progress}")
    sys.stderr.flush()


if __name__ == "__main__":
    sys.exit(main())
