"""Databases that Meltano fills from a simulated PIM, and in which dbt makes tables."""

from __future__ import annotations

import json
import shutil
from abc import ABC, abstractmethod
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import duckdb
import yaml
from typing_extensions import override

from tests.docs.tables import DOCS
from tests.meltano.project import ROOT, Project, read
from tests.support import settings_for
from tests.targets.duck import duckdb_loader
from tests.targets.loaders import POSTGRES
from tests.targets.meltano import make_environment
from tests.targets.warehouse import loader_of_the_page

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from pim_simulator import SimulatedPim
    from tests.dbt.truth import Row
    from tests.targets.postgres import Postgres

PAGE = DOCS / "analytics.md"
INTEGRATION = "dbt/integration_tests"


def utility_of_the_page() -> dict[str, Any]:
    """Return the utility for PostgreSQL as defined in `docs/analytics.md`."""
    section = PAGE.read_text(encoding="utf-8").partition("\n## PostgreSQL\n")[2]
    (defined,) = yaml.safe_load(section.split("```")[1].removeprefix("yaml"))["utilities"]
    return dict(defined)


def make_dbt() -> Path:
    """Install dbt as the utilities say, for both databases at once; return its executable."""
    (ours,) = read()["plugins"]["utilities"]
    wanted = [*ours["pip_url"].split(), *utility_of_the_page()["pip_url"].split()]
    return make_environment("dbt", sorted(set(wanted))) / "dbt"


class Marts(ABC):
    """A database and the Meltano project that loads it.

    Args:
        pim: The PIM.
        home: An empty folder. In PostgreSQL, the schema has its name.
        loader: The loader, as in `meltano.yml`.
        utility: The utility that runs dbt.

    Attributes:
        pipeline: The tap and the loader, as `meltano run` names them.
    """

    def __init__(
        self, pim: SimulatedPim, home: Path, loader: dict[str, Any], utility: dict[str, Any]
    ) -> None:
        settings = settings_for(pim, emit_activate_version_messages=True, pim_timezone=pim.timezone)
        del utility["pip_url"]
        utility["executable"] = str(make_dbt())
        utility["config"] |= {"project_dir": str(home / INTEGRATION)}
        self.pim = pim
        self.home = home
        self.project = Project.copied(home, settings, loader, utility=utility)
        # All streams, including the keys, but without the rows of people.
        self.project.variables["TAP_AKENEO__SELECT"] = json.dumps(["*.*"])
        built = shutil.ignore_patterns("target", "logs", "dbt_packages", "package-lock.yml")
        shutil.copytree(ROOT / "dbt", home / "dbt", ignore=built)
        self.pipeline = f"tap-akeneo {loader['name']}"
        self._install = f"{utility['name']}:deps"
        self._load = f"{self.pipeline} {self._install}"
        self._dbt = utility["name"]
        self._build = f"{self._dbt}:build"
        self._report = f"{self._dbt}:report"

    def run(self) -> None:
        """Load what has changed, and build the tables."""
        self._meltano(f"{self._load} {self._build}")

    def load(self) -> None:
        """Load what has changed."""
        self._meltano(self._load)

    def install(self) -> None:
        """Install the packages of dbt, which `run` and `load` do as well."""
        self._meltano(self._install)

    def build(self) -> None:
        """Build the tables."""
        self._meltano(self._build)

    def report(self) -> Path:
        """Make the page about the catalogue, and return its file."""
        file = self.home / "catalogue.html"
        code, log = self.project.run(f"meltano invoke {self._report} > {file.name}", seconds=300)
        assert code == 0, log + file.read_text(encoding="utf-8")[-2000:]
        return file

    def build_only(self, models: Iterable[str]) -> None:
        """Build some models and those that they need, without tests."""
        self._run(
            f"meltano invoke {self._dbt} build --exclude-resource-type test unit_test --select "
            + " ".join(f"+{model}" for model in models)
        )

    def _meltano(self, steps: str) -> None:
        self._run(f"meltano run {steps}")

    def _run(self, command: str) -> None:
        code, log = self.project.run(command, seconds=1800)
        assert code == 0, log[-8000:]

    def compiled(self, model: str) -> str:
        """Return the query of a model, as dbt last built it."""
        built = self.home / INTEGRATION / "target" / "compiled" / "akeneo"
        (file,) = built.rglob(f"{model}.sql")
        return file.read_text(encoding="utf-8")

    def table(self, name: str) -> list[Row]:
        """Return the rows of a table."""
        return self.rows(f"select * from {name}")  # noqa: S608

    @abstractmethod
    def rows(self, query: str) -> list[Row]:
        """Return the rows of a query, with dates as text."""

    @abstractmethod
    def execute(self, statement: str) -> None:
        """Change the tables of the loader."""


class DuckdbMarts(Marts):
    def __init__(self, pim: SimulatedPim, home: Path, loader: dict[str, Any] | None = None) -> None:
        (utility,) = read()["plugins"]["utilities"]
        super().__init__(pim, home, loader or duckdb_loader(), utility)
        self.execute("create schema main_marts")  # which `rows` needs, also before the first build

    @contextmanager
    def connected(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """Connect to the tables of dbt and of the loader."""
        with duckdb.connect(str(self.home / "akeneo.duckdb"), read_only=True) as connection:
            connection.execute("set search_path = 'main_marts,main'")
            yield connection

    @override
    def rows(self, query: str) -> list[Row]:
        with self.connected() as connection:
            found = connection.execute(f"select to_json(found) from ({query}) as found").fetchall()  # noqa: S608
        return [json.loads(row) for (row,) in found]

    @override
    def execute(self, statement: str) -> None:
        with duckdb.connect(str(self.home / "akeneo.duckdb")) as connection:
            connection.execute(statement)


class PostgresMarts(Marts):
    def __init__(self, pim: SimulatedPim, home: Path, server: Postgres) -> None:
        loader = loader_of_the_page()
        utility = utility_of_the_page()
        del loader["pip_url"]
        programs = make_environment(POSTGRES.name, POSTGRES.requirements)
        loader["executable"] = str(programs / loader["executable"])
        connection = server.settings(home.name)
        loader["config"] |= connection
        utility["config"] |= connection
        utility["config"]["schema"] = utility["config"].pop("default_target_schema")
        self._server = server
        super().__init__(pim, home, loader, utility)

    @override
    def rows(self, query: str) -> list[Row]:
        found = self._server.lines(
            f"select to_jsonb(found) from ({query}) as found",  # noqa: S608
            f"{self.home.name}_marts,{self.home.name}",
        )
        return [json.loads(row) for row in found]

    @override
    def execute(self, statement: str) -> None:
        self._server.lines(statement, self.home.name)
