"""A database that Meltano fills from a simulated PIM."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import yaml

from demo.database import compare_rows
from tap_akeneo.tap import TapAkeneo
from tests.meltano.project import Project
from tests.support import settings_for
from tests.targets.changes import held
from tests.targets.loaders import POSTGRES
from tests.targets.page import PAGE
from tests.targets.reading import key_of, restored

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from pim_simulator import SimulatedPim
    from tests.targets.postgres import Postgres
    from tests.targets.reading import Key, Row


def _command(options: tuple[str, ...]) -> list[str]:
    return ["meltano", "run", *options, "tap-akeneo", "target-postgres"]


@dataclass
class Table:
    """A table and the rows that the PIM has for it.

    Attributes:
        rows: Its rows, except those that the loader marks as deleted.
        deleted: Keys of the rows that are marked as deleted.
        held: The rows in the PIM.
    """

    name: str
    rows: list[Row]
    deleted: set[Key]
    held: list[Row]

    @property
    def is_right(self) -> bool:
        return compare_rows(self.name, self.rows, self.held).is_right


def postgres_loader(programs: Path, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Return the loader of the page as an installed one.

    Args:
        programs: The folder of its executable.
        settings: Replace those of the page.
    """
    defined = loader_of_the_page()
    assert (defined.pop("pip_url"),) == POSTGRES.requirements
    defined["executable"] = str(programs / defined["executable"])
    defined["config"] |= settings
    return defined


def loader_of_the_page() -> dict[str, Any]:
    """Return the PostgreSQL loader as defined in `docs/targets.md`."""
    section = PAGE.read_text(encoding="utf-8").partition("\n## PostgreSQL\n")[2]
    (defined,) = yaml.safe_load(section.split("```")[1].removeprefix("yaml"))["loaders"]
    return dict(defined)


class Warehouse:
    """A schema of a PostgreSQL database and the Meltano project that loads it.

    Attributes:
        streams: The streams that the PIM has.

    Args:
        server: The database.
        programs: The folder of the loader's executable.
        pim: The PIM.
        home: An empty folder. The schema has its name.
        loader: Settings of the loader in addition to those that connect to the server.
        tap: Settings of the tap in addition to those that connect to the PIM.
    """

    def __init__(  # noqa: PLR0913 (it connects all of these)
        self,
        server: Postgres,
        programs: Path,
        pim: SimulatedPim,
        home: Path,
        *,
        loader: dict[str, Any] | None = None,
        tap: dict[str, Any] | None = None,
    ) -> None:
        settings = settings_for(pim, **(tap or {}))
        defined = postgres_loader(programs, {**server.settings(home.name), **(loader or {})})
        self.pim = pim
        # The PIM has no readings. They have tests of their own.
        self.streams = TapAkeneo(config=settings).streams.keys() - {"readings"}
        self._server = server
        self._schema = home.name
        self._project = Project.copied(home, settings, defined)
        # All streams, including those that are off by default.
        self._project.variables["TAP_AKENEO__SELECT"] = json.dumps(["*.*"])

    @property
    def variables(self) -> Mapping[str, str]:
        """Environment variables of its runs."""
        return self._project.variables

    def run(self, *options: str, **variables: str) -> str:
        """Run the tap and the loader, with environment variables, and return the log."""
        code, log = self._project.run(" ".join(_command(options)), 120, **variables)
        assert code == 0, log[-8000:]
        return log

    def run_until_killed(
        self,
        ready: Callable[[], bool],
        *options: str,
        sign: signal.Signals = signal.SIGKILL,
    ) -> int:
        """Start a run, and kill Meltano and its child processes once `ready` returns true.

        Returns:
            The exit code of Meltano.
        """
        return self._project.run_until_killed(_command(options), ready, sign)

    def ask(self, query: str) -> list[str]:
        """Return the result of a query with one column."""
        return self._server.lines(query, self._schema)

    def tables(self) -> dict[str, Table]:
        """Return all tables with the rows that the PIM has now."""
        names = [name for name in self._server.tables(self._schema) if name != "readings"]
        rows: dict[str, list[Row]] = {name: [] for name in names}
        each = (f"select jsonb_build_array('{name}', to_jsonb(t)) from {name} t" for name in rows)  # noqa: S608
        for line in self.ask(" union all ".join(each)):
            name, row = json.loads(line)
            rows[name].append(row)
        return {
            name: Table(
                name,
                [restored(name, row) for row in of if row["_sdc_deleted_at"] is None],
                {key_of(name, row) for row in of if row["_sdc_deleted_at"] is not None},
                held(self.pim, name),
            )
            for name, of in rows.items()
        }

    def wrong(self) -> list[str]:
        """Return the names of the streams whose tables differ from the PIM."""
        tables = self.tables()
        return [
            name for name in sorted(self.streams) if not (name in tables and tables[name].is_right)
        ]
