"""Runs a loader with the feed and evaluates the result."""

from __future__ import annotations

import json
import os
import re
import subprocess
import time
from collections import defaultdict
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.targets.meltano import make_environment
from tests.targets.reading import Key, NotJson, Numbers, Row, key_of, numbers_in, restored

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
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
        numbers: Numbers of `value_columns` by key of the product, as they are stored.
    """

    rows: Rows = field(default_factory=lambda: defaultdict(dict))
    count: int = 0
    is_json: bool = True
    keeps_empty: bool = True
    numbers: dict[Key, Numbers] = field(default_factory=dict)

    @property
    def keys(self) -> int:
        """Number of distinct keys."""
        return sum(map(len, self.rows.values()))

    def right(self, sent: Rows) -> int:
        """Return how many of the sent rows were written unchanged."""
        return sum(map(len, sent.values())) - len([*self.wrong(sent)])

    def digits(self, sent: dict[Key, Numbers]) -> str:
        """Return what has become of the digits of numbers, as text for the table."""
        pairs = [
            (number, self.numbers.get(key, {}).get(name))
            for key, numbers in sent.items()
            for name, number in numbers.items()
        ]
        if all(number == found for number, found in pairs):
            return "all digits"
        if all(found is not None and float(number) == float(found) for number, found in pairs):
            return "rounded to floats"
        return "changed"

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
        numbers: What happens to the digits of numbers.
        why: What it needs, or why it does not work.
        changes: What it changes in rows although it works.
    """

    works: bool = False
    first: str = ""
    second: str = ""
    nested: str = ""
    deletions: str = ""
    numbers: str = ""
    why: str = ""
    changes: str = ""

    def cells(self) -> list[str]:
        """Return the cells of its row in the table."""
        needs = f"with {self.why}" if self.why else "yes"
        told = needs if self.works else f"no: {self.why}"
        changes = self.changes or "nothing" if self.works else ""
        rows = (self.first, self.second, self.nested, self.deletions, self.numbers)
        return [told, *rows, changes]


def try_loader(loader: Loader, feeds: Sequence[Feed], place: Place) -> Result:
    """Install a loader and run it three times with each feed; any error becomes its result."""
    try:
        return _tried(loader, feeds, place)
    except Exception as fault:  # noqa: BLE001 (the other loaders are still tried)
        return Result(why=loader.fails or _last(fault))


def _tried(loader: Loader, feeds: Sequence[Feed], place: Place) -> Result:
    if loader.before:
        place.server.lines(loader.before)
    program = make_environment(loader.name, loader.requirements) / loader.command
    tables = [(feed, place.within(feed.name)) for feed in feeds]
    all_right, is_json, told, numbers = True, True, [], ""
    for run in range(2):
        right = total = count = keys = 0
        for feed, own in tables:
            _run(loader, program, own, feed.files[run])
            held, sent = _read(loader, own), feed.sent[run]
            right += held.right(sent)
            total += sum(map(len, sent.values()))
            count += held.count
            keys += held.keys
            is_json &= held.is_json
            if not run and feed.numbers:
                numbers = held.digits(feed.numbers)
        all_right &= right == total
        told.append(f"{right:,} of {total:,}")
    works = all_right and is_json
    result = Result(
        works=works,
        first=told[0],
        second=f"{told[1]}: {_second(keys, count, total)}",
        nested="JSON" if is_json else "text as Python writes it",
        numbers=numbers + _with_other_settings(loader, program, place, feeds),
        why=loader.needs if works else loader.fails or "rows are lost or not the same",
        changes=loader.changes,
    )
    try:
        for feed, own in tables:
            _run(loader, program, own, feed.files[2])
    except Failed as fault:
        unknown = "unknown message type" in str(fault).lower()
        result.deletions = "fails on `ACTIVATE_VERSION`" if unknown else f"fails: {_last(fault)}"
    else:
        left = [row for feed, own in tables for row in _left(_read(loader, own), feed.gone)]
        result.deletions = _deletions(left)
    return result


def _with_other_settings(loader: Loader, program: Path, place: Place, feeds: Sequence[Feed]) -> str:
    """Return what becomes of numbers with the settings that may change them."""
    if not loader.for_numbers:
        return ""
    own = place.within("numbers")
    (feed,) = (feed for feed in feeds if feed.numbers)
    _run(loader, program, own, feed.files[0], **loader.for_numbers)
    names = ", ".join(
        f"`{name}: {json.dumps(value)}`" for name, value in loader.for_numbers.items()
    )
    return f"; {_read(loader, own).digits(feed.numbers)} with {names}"


def _run(loader: Loader, program: Path, place: Place, messages: Path, **settings: Any) -> None:
    config = place.folder / "config.json"
    config.write_text(json.dumps({**loader.settings(place), **settings}), encoding="utf-8")
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
        if stream == "products":
            held.numbers[key] = numbers_in({name.lower(): value for name, value in row.items()})
    if not held.count:
        msg = "nothing to be read"
        raise Failed(msg)
    return held


def _second(keys: int, count: int, total: int) -> str:
    if keys < total:
        return "the first run's files are replaced"
    if count > keys:
        return "appended, so the last row of a key counts"
    return "merged by key"


def _left(held: Held, gone: dict[str, set[Key]]) -> Iterator[Row]:
    for stream, keys in gone.items():
        for key in keys:
            if (row := held.rows[stream].get(key)) is not None:
                yield row


def _deletions(left: list[Row]) -> str:
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
