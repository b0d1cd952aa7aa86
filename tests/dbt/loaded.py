"""Databases that a loader fills from rows, without a PIM, and in which dbt makes tables."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any

import duckdb
from typing_extensions import override

from demo.database import KEYS
from tap_akeneo.streams.resource import load_schema
from tests.dbt.marts import make_dbt
from tests.meltano.project import ROOT, read
from tests.targets.loaders import POSTGRES
from tests.targets.meltano import make_environment

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from tests.dbt.truth import Row
    from tests.targets.postgres import Postgres

DBT = ROOT / "dbt"


class Loaded(ABC):
    """A database, filled by the loader that the documentation recommends.

    Attributes:
        home: Its folder.
        project: A copy of the package.

    Args:
        home: An empty folder. In PostgreSQL, the schema has its name.
    """

    def __init__(self, home: Path) -> None:
        self.home = home
        self.project = home / "dbt"
        built = shutil.ignore_patterns("target", "logs", "dbt_packages", "package-lock.yml")
        shutil.copytree(DBT, self.project, ignore=built)

    def load(self, rows: Mapping[str, Sequence[Row]], time: str) -> None:
        """Load rows of streams, as the tap writes them.

        Args:
            rows: The rows by stream. A stream without rows gets an empty table.
            time: When they were read from the PIM.
        """
        command, settings = self._loader()
        config = self.home / "loader.json"
        config.write_text(json.dumps(settings), encoding="utf-8")
        subprocess.run(  # noqa: S603 (our own arguments)
            [command, f"--config={config}"],
            input="".join(f"{json.dumps(message)}\n" for message in _messages(rows, time)),
            env={**os.environ, "PYTHONUTF8": "1"},
            check=True,
            capture_output=True,
            encoding="utf-8",
            timeout=300,
        )

    def dbt(
        self, *arguments: str, project: Path | None = None, schema: str | None = None
    ) -> tuple[int, str]:
        """Run dbt; return its exit code and its log.

        Args:
            arguments: Its command and options.
            project: The dbt project. The package by default.
            schema: Where to make the tables, instead of the schema of the loader.
        """
        variables = {
            f"AKENEO_DBT_{name.upper()}": str(value) for name, value in self._profile().items()
        }
        if schema:
            arguments = (
                *arguments,
                "--vars",
                json.dumps({"akeneo_schema": variables["AKENEO_DBT_SCHEMA"]}),
            )
            variables["AKENEO_DBT_SCHEMA"] = schema
        # Another version of the package has its own.
        profiles = project if project and (project / "profiles.yml").is_file() else DBT
        ended = subprocess.run(  # noqa: S603 (our own arguments)
            [
                *(str(make_dbt()), *arguments, f"--project-dir={project or self.project}"),
                f"--profiles-dir={profiles}",
            ],
            env={**os.environ, **variables},
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            timeout=600,
        )
        return ended.returncode, ended.stdout

    def build(self, *arguments: str) -> str:
        """Build and test all tables, and return the log."""
        code, log = self.dbt("build", "--exclude=test_type:unit", *arguments)
        assert code == 0, log[-8000:]
        return log

    @property
    def audit(self) -> str:
        """The schema of the rows that failed a test."""
        return f"{self._profile()['schema']}_dbt_test__audit"

    @abstractmethod
    def rows(self, query: str) -> list[Row]:
        """Return the rows of a query, with dates as text."""

    @abstractmethod
    def execute(self, statement: str) -> None:
        """Change the tables of the loader."""

    @abstractmethod
    def _loader(self) -> tuple[str, dict[str, Any]]:
        """Return the loader and its settings."""

    @abstractmethod
    def _profile(self) -> dict[str, Any]:
        """Return the variables of `dbt/profiles.yml`, without their prefix."""


class LoadedDuckdb(Loaded):
    """A DuckDB file, filled by the loader of `meltano.yml`."""

    @property
    def path(self) -> Path:
        return self.home / "akeneo.duckdb"

    @override
    def rows(self, query: str) -> list[Row]:
        with duckdb.connect(str(self.path), read_only=True) as connection:
            found = connection.execute(f"select to_json(found) from ({query}) as found").fetchall()  # noqa: S608
        return [json.loads(row) for (row,) in found]

    @override
    def execute(self, statement: str) -> None:
        with duckdb.connect(str(self.path)) as connection:
            connection.execute(statement)

    @override
    def _loader(self) -> tuple[str, dict[str, Any]]:
        loader = read()["plugins"]["loaders"][0]
        programs = make_environment(loader["name"], loader["pip_url"].split())
        chosen = {one["name"]: one["value"] for one in loader["settings"] if "value" in one}
        return str(programs / loader["executable"]), {**chosen, "path": str(self.path)}

    @override
    def _profile(self) -> dict[str, Any]:
        return {"target": "duckdb", "duckdb_path": self.path, "schema": "main"}


class LoadedPostgres(Loaded):
    """A schema of PostgreSQL, filled by the loader of `docs/targets.md`."""

    def __init__(self, home: Path, server: Postgres) -> None:
        super().__init__(home)
        self._server = server

    @override
    def rows(self, query: str) -> list[Row]:
        found = self._server.lines(
            f"select to_jsonb(found) from ({query}) as found",  # noqa: S608
            self.home.name,
        )
        return [json.loads(row) for row in found]

    @override
    def execute(self, statement: str) -> None:
        self._server.lines(statement, self.home.name)

    @override
    def _loader(self) -> tuple[str, dict[str, Any]]:
        programs = make_environment(POSTGRES.name, POSTGRES.requirements)
        return str(programs / POSTGRES.command), self._server.settings(self.home.name)

    @override
    def _profile(self) -> dict[str, Any]:
        server = self._server.settings(self.home.name)
        schema = server.pop("default_target_schema")
        named = {f"postgres_{name}": value for name, value in server.items()}
        return {"target": "postgres", "schema": schema, **named}


def _messages(rows: Mapping[str, Sequence[Row]], time: str) -> Iterator[dict[str, Any]]:
    for stream, of_stream in rows.items():
        yield {
            "type": "SCHEMA",
            "stream": stream,
            "schema": load_schema(stream, KEYS[stream]),
            "key_properties": list(KEYS[stream]),
        }
        for row in of_stream:
            yield {"type": "RECORD", "stream": stream, "record": row, "time_extracted": time}
