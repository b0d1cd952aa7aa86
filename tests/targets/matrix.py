"""Runs a loader with the feed and evaluates the result."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tests.targets.meltano import make_environment
from tests.targets.reading import Key, NotJson, Row, key_of, restored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.targets.feed import Feed, Rows
    from tests.targets.loaders import Loader, Place

DELETED: Row = {"deleted": True}
ZONE = "America/New_York"
"""Time zone of the loaders and of the database server. The PIM has another one."""
SECONDS = 180
"""Timeout of a run. The slowest loader takes five seconds."""


class Failed(Exception):
    """A loader cannot be installed, fails, or writes output that cannot be read."""


@dataclass
class Held:
    """The rows that a loader has written.

    Attributes:
        rows: Rows by stream and key; the last row of a key is kept.
        count: Total number of rows.
        is_json: Whether all nested values are JSON.
        keeps_empty: Whether an empty text differs from a missing one.
    """

    rows: Rows = field(default_factory=lambda: defaultdict(dict))
    count: int = 0
    is_json: bool = True
    keeps_empty: bool = True

    @property
    def keys(self) -> int:
        """Number of distinct keys."""
        return sum(map(len, self.rows.values()))

    def right(self, sent: Rows) -> int:
        """Return how many of the sent rows were written unchanged."""
        return sum(map(len, sent.values())) - len([*self.wrong(sent)])

    def wrong(self, sent: Rows) -> Iterator[tuple[str, Key]]:
        """Yield stream and key of each sent row that is missing or not the same."""
        for stream, rows in sent.items():
            for key, row in rows.items():
                told = restored(stream, row, keeps_empty=self.keeps_empty)
                if self.rows[stream].get(key) != told:
                    yield stream, key


@dataclass
class Result:
    """The result of trying a loader.

    Attributes:
        works: Whether all rows are right after both runs, and nested values are JSON.
        first: How many rows are right after the first run.
        second: The same after the second run, and what happened to the rows of the first.
        nested: The format of nested values.
        deletions: What happens to rows that were deleted in the PIM.
        why: What it needs, or why it does not work.
        changes: What it changes in rows although it works.
    """

    works: bool = False
    first: str = ""
    second: str = ""
    nested: str = ""
    deletions: str = ""
    why: str = ""
    changes: str = ""

    def cells(self) -> list[str]:
        """Return the cells of its row in the table."""
        needs = f"with {self.why}" if self.why else "yes"
        told = needs if self.works else f"no: {self.why}"
        changes = self.changes or "nothing" if self.works else ""
        return [told, self.first, self.second, self.nested, self.deletions, changes]


def try_loader(loader: Loader, feed: Feed, place: Place) -> Result:
    """Install a loader and run it three times; any error becomes its result."""
    try:
        return _tried(loader, feed, place)
    except Exception as fault:  # noqa: BLE001 (the other loaders are still tried)
        return Result(why=loader.fails or _last(fault))


def _tried(loader: Loader, feed: Feed, place: Place) -> Result:
    config = place.folder / "config.json"
    config.write_text(json.dumps(loader.settings(place)), encoding="utf-8")
    if loader.before:
        place.server.lines(loader.before)
    program = make_environment(loader.name, loader.requirements) / loader.command
    all_right, told = True, []
    for messages, sent in zip(feed.files[:2], feed.sent, strict=False):
        _run(program, config, messages)
        held, total = _read(loader, place), sum(map(len, sent.values()))
        right = held.right(sent)
        all_right &= right == total and held.is_json
        told.append(f"{right:,} of {total:,}")
    result = Result(
        works=all_right,
        first=told[0],
        second=f"{told[1]}: {_second(held, total)}",
        nested="JSON" if held.is_json else "text as Python writes it",
        why=loader.needs if all_right else loader.fails or "rows are lost or not the same",
        changes=loader.changes,
    )
    try:
        _run(program, config, feed.files[2])
    except Failed as fault:
        unknown = "unknown message type" in str(fault).lower()
        result.deletions = "fails on `ACTIVATE_VERSION`" if unknown else f"fails: {_last(fault)}"
    else:
        result.deletions = _deletions(_read(loader, place), feed.gone)
    return result


def _run(program: Path, config: Path, messages: Path) -> None:
    # Some loaders name files after the second in which the run began.
    time.sleep(1)
    with messages.open("rb") as feed:
        ended = subprocess.run(  # noqa: S603 (a loader that we installed)
            [program, "--config", config],
            cwd=config.parent,
            env={**os.environ, "TZ": ZONE},
            stdin=feed,
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
            timeout=SECONDS,
        )
    if ended.returncode:
        raise Failed(ended.stderr)


def _read(loader: Loader, place: Place) -> Held:
    held = Held(keeps_empty=loader.keeps_empty)
    for stream, row in loader.read(place):
        try:
            told = restored(stream, row, keeps_empty=loader.keeps_empty)
        except NotJson:
            held.is_json = False
            told = restored(stream, row, strict=False, keeps_empty=loader.keeps_empty)
        key = key_of(stream, told)
        held.rows[stream][key] = DELETED if row.get("_sdc_deleted_at") else told
        held.count += 1
    if not held.count:
        msg = "nothing to be read"
        raise Failed(msg)
    return held


def _second(held: Held, total: int) -> str:
    if held.keys < total:
        return "the first run's files are replaced"
    if held.count > held.keys:
        return "appended, so the last row of a key counts"
    return "merged by key"


def _deletions(held: Held, gone: dict[str, set[Key]]) -> str:
    left = [
        row
        for stream, keys in gone.items()
        for key in keys
        if (row := held.rows[stream].get(key)) is not None
    ]
    if not left:
        return "removes the rows"
    if all(row == DELETED for row in left):
        return "marks the rows in `_sdc_deleted_at`"
    return "keeps the rows"


def _last(fault: Exception) -> str:
    """Return the last line of an error, which is the most informative one."""
    lines = [line.strip() for line in str(fault).splitlines() if line.strip()]
    if not lines:
        return type(fault).__name__
    return re.sub(r"(/[\w.-]+)+", "…", lines[-1]).replace("|", "/")[:120]
