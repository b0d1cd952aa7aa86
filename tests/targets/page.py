"""The page about loaders, `docs/targets.md`."""

from __future__ import annotations

import platform
from typing import TYPE_CHECKING

from demo import PROJECT
from tests.targets.loaders import LOADERS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.targets.matrix import Result

PAGE = PROJECT / "docs" / "targets.md"
MARK, END = "<!-- matrix -->\n", "<!-- end of matrix -->"
HEAD = ("Loader", "Works", "Rows right", "After a second run", "Nested values", "Deletions")


def table(results: Mapping[str, Result]) -> str:
    """Return the table of results, given by loader name."""
    lines = [HEAD, ["---"] * len(HEAD)]
    for loader in LOADERS:
        if loader.name in results:
            name = f"`{'` `'.join(loader.requirements)}`"
            lines.append([name, *(cell or "-" for cell in results[loader.name].cells())])
    version = ".".join(platform.python_version_tuple()[:2])
    rows = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return f"On Python {version}:\n\n{rows}"


def with_table(text: str, written: str) -> str:
    """Return a text with a table inserted between its markers."""
    before, mark, rest = text.partition(MARK)
    _, end, after = rest.partition(END)
    return f"{before}{mark}{written}\n{end}{after}"
