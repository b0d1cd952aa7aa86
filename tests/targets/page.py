"""The page about loaders, `docs/targets.md`."""

from __future__ import annotations

import os
import platform
from typing import TYPE_CHECKING

from benchmarks.catalogue import PRODUCT_BYTES
from demo import PROJECT
from tests.targets.loaders import LOADERS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from tests.targets.matrix import Result
    from tests.targets.speed import Speed

PAGE = PROJECT / "docs" / "targets.md"
MARK, END = "<!-- matrix -->\n", "<!-- end of matrix -->"
SPEED_MARK, SPEED_END = "<!-- speed -->\n", "<!-- end of speed -->"
SPEED_HEAD = (
    *("Loader", "Rows per processor second", "The same rows again", "Peak memory"),
    *("Fastest settings", "Changes in rows"),
)
HEAD = (
    *("Loader", "Works", "Rows right", "After a second run", "Nested values", "Deletions"),
    *("Long numbers", "Changes in rows"),
)


def table(results: Mapping[str, Result]) -> str:
    """Return the table of results, given by loader name."""
    return f"On Python {_python()}:\n\n{_rows(HEAD, results)}"


def speed_table(results: Mapping[str, Speed], products: int, limit: float) -> str:
    """Return the table of the fastest measurements, given by loader name.

    Args:
        results: The measurements.
        products: Number of products.
        limit: Rows per processor second that DuckDB itself stores.
    """
    what = f"{products:,} products of {PRODUCT_BYTES / 1000:.0f} KB"
    cores = f"{os.cpu_count()} processor cores"
    return (
        f"{what}, on Python {_python()} and {cores}:\n\n{_rows(SPEED_HEAD, results)}\n\n"
        f"DuckDB itself reads and stores the same lines in one column, without keys, at "
        f"{limit:,.0f} rows per processor second."
    )


def _rows(head: Sequence[str], results: Mapping[str, Result] | Mapping[str, Speed]) -> str:
    lines = [head, ["---"] * len(head)]
    lines += [
        [loader.label, *(cell or "-" for cell in results[loader.name].cells())]
        for loader in LOADERS
        if loader.name in results
    ]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _python() -> str:
    return ".".join(platform.python_version_tuple()[:2])


def with_table(text: str, written: str, marks: tuple[str, str] = (MARK, END)) -> str:
    """Return a text with a table inserted between its markers."""
    before, mark, rest = text.partition(marks[0])
    _, end, after = rest.partition(marks[1])
    return f"{before}{mark}{written}\n{end}{after}"
