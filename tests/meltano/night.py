"""Runs of our Meltano project that fail, and their logs."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from tests.docs.troubleshooting import PAGE
from tests.leaks import leaks

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tests.meltano.project import Project

RUN = "meltano --environment=prod run --state-id-suffix={suffix} {options} tap-akeneo {loader}"


@dataclass(frozen=True)
class Line:
    """A line of Meltano's log.

    Attributes:
        source: The program that wrote it.
    """

    time: datetime
    level: str
    source: str
    text: str


@dataclass
class Night:
    """A run and its log.

    Attributes:
        loader: Name of its loader.
    """

    loader: str
    code: int
    log: str
    lines: list[Line] = field(init=False)

    def __post_init__(self) -> None:
        pattern = re.compile(r"^(\S+)Z \[(\w+) *\] (\S+) +(.*)$", flags=re.MULTILINE)
        self.lines = [
            Line(datetime.fromisoformat(time), level, source, text)
            for time, level, source, text in pattern.findall(self.log)
        ]

    def error_of_tap(self, level: str = "error") -> Line:
        """Return the only line of the tap with a level, except the last, which counts streams."""
        lines = [line for line in self.lines if (line.level, line.source) == (level, "tap-akeneo")]
        assert lines, self.log
        if re.fullmatch(r"\d+ of \d+ streams failed: .+", lines[-1].text):
            del lines[-1]
        assert len(lines) == 1, lines
        assert lines[0].text in self.grep("tap-akeneo")
        return lines[0]

    def error_of_loader(self) -> Line:
        """Return the first error of the loader, as the documented `grep` finds it."""
        found = self.grep("Error")
        assert found, self.log
        return next(
            line for line in self.lines if line.text in found and line.source == self.loader
        )

    def grep(self, part: str) -> str:
        """Return what the command of `docs/troubleshooting.md` with this part finds in the log."""
        page = PAGE.read_text(encoding="utf-8")
        (command,) = re.findall(rf"^(grep .*{part}.*) run\.log$", page, flags=re.MULTILINE)
        ended = subprocess.run(  # noqa: S603 (our own page)
            shlex.split(command.replace("akeneo-duckdb-loader", self.loader)),
            input=self.log,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
        return ended.stdout


@dataclass
class Nights:
    """Runs in one project with one loader, and a state of their own.

    Attributes:
        loader: Name of the loader.
        name: Suffix of the state's ID.
    """

    project: Project
    loader: str
    name: str

    def command(self, options: str = "") -> str:
        """Return the command of a run."""
        return RUN.format(suffix=self.name, options=options, loader=self.loader)

    def run(self, variables: Mapping[str, str] | None = None, options: str = "") -> Night:
        """Run the tap and the loader."""
        code, log = self.project.run(self.command(options), 120, **(variables or {}))
        assert not leaks(log)
        return Night(self.loader, code, log)

    def leave_state(self, state: Any) -> None:
        """Store the state that the next run finds."""
        state_id = f"prod:tap-akeneo-to-{self.loader}:{self.name}"
        folder = self.project.home / "state" / state_id
        folder.mkdir(parents=True)
        content = {"state_id": state_id, "completed": {"singer_state": state}, "partial": {}}
        (folder / "state.json").write_text(json.dumps(content), encoding="utf-8")
