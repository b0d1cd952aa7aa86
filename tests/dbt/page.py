"""The page `docs/analytics.md`: its questions, and its examples of tables."""

from __future__ import annotations

import re

from tests.docs.tables import DOCS

TEXT = DOCS.joinpath("analytics.md").read_text(encoding="utf-8")


def questions() -> list[str]:
    """Return the statements that answer the questions of the page, in order."""
    section = TEXT.partition("\n## Questions\n")[2].partition("\n## ")[0]
    return re.findall(r"^```sql\n(.*?)^```$", section, flags=re.DOTALL | re.MULTILINE)


def _sections() -> list[str]:
    section = TEXT.partition("\n## Tables\n")[2].partition("\n## ")[0]
    return section.split("\n### ")[1:]


def tables() -> set[str]:
    """Return the tables that the page describes."""
    return {part.partition("\n")[0] for part in _sections()}


def examples() -> dict[str, list[dict[str, str]]]:
    """Return the rows that the page shows of each table that a PIM on premise fills."""
    found = {}
    for part in _sections():
        if "\n|" not in part:
            continue
        head, _, *rows = [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in part.splitlines()
            if line.startswith("|")
        ]
        found[part.partition("\n")[0]] = [dict(zip(head, row, strict=True)) for row in rows]
    return found
