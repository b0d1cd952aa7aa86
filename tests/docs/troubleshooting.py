"""The messages that docs/troubleshooting.md explains."""

from __future__ import annotations

import re

from tests.docs.tables import DOCS

PAGE = DOCS / "troubleshooting.md"


def messages(kind: str = "Message") -> set[str]:
    """Return the messages; … stands for a variable part.

    Args:
        kind: Heading of the first column of their tables.
    """
    _, *tables = PAGE.read_text(encoding="utf-8").split(f"| {kind} | What to do |\n|---|---|\n")
    rows = [
        row
        for table in tables
        for row in re.findall(r"^\| (.*?) \| ", table.partition("\n\n")[0], flags=re.MULTILINE)
    ]
    return {message.strip() for row in rows for _, message in re.findall(r"(`+)(.+?)\1(?!`)", row)}


def matches(message: str, line: str) -> bool:
    """Return whether a line of the log contains a message."""
    pieces = (re.escape(piece) for piece in message.split("…"))
    return re.search(".*".join(pieces), line, flags=re.IGNORECASE) is not None


def is_explained(line: str, kind: str = "Message") -> bool:
    """Return whether the page explains a line of the log. `kind` is that of `messages`."""
    return any(matches(message, line) for message in messages(kind))
