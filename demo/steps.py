"""The steps of the demo: a line for each, with the time that it took."""

# ruff: noqa: T201 (its purpose is to print)

from __future__ import annotations

import sys
import time


class Step:
    """A step that has begun. A terminal shows its name until it ends.

    Args:
        name: What the step does.
    """

    def __init__(self, name: str) -> None:
        self._name = name
        self._began = time.monotonic()
        if sys.stdout.isatty():
            print(f"  … {name}", end="\r", flush=True)

    def end(self, result: str = "", *, failed: bool = False) -> None:
        """Print the line of the step.

        Args:
            result: What it did, for example a number of rows.
            failed: Whether it failed.
        """
        seconds = time.monotonic() - self._began
        line = f"  {'✗' if failed else '✓'} {self._name:36}{seconds:6.1f} s  {result}"
        print(line.rstrip(), flush=True)
