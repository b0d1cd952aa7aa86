"""An upgrade of the PIM to 7.0, which gives products another key, as docs/state.md describes it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Protocol

import duckdb
import pytest

from pim_simulator import SimulatedPim, serve
from tests.docs.tables import DOCS
from tests.meltano.project import Project
from tests.support import settings_for
from tests.targets.duck import duckdb_loader
from tests.targets.loaders import POSTGRES
from tests.targets.meltano import make_environment, set_up
from tests.targets.postgres import Postgres, serving
from tests.targets.warehouse import postgres_loader

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

SECTION = (
    DOCS.joinpath("state.md").read_text(encoding="utf-8").partition("## An upgrade of the PIM")[2]
).partition("\n## ")[0]
TABLES = ("products", "product_keys", "product_scores")
SQL = SECTION.partition("```sql\n")[2].partition("```")[0]
RELOAD = SECTION.partition("```bash\n")[2].partition("```")[0]


class Database(Protocol):
    """A database that Meltano loads."""

    loader: dict[str, Any]
    errors: tuple[str, str]

    def ask(self, query: str) -> list[Any]:
        """Return the result of a query with one column."""


class DuckDb:
    """A DuckDB file in the folder of the project."""

    errors = (
        "products: the key of the table is ['identifier'], but that of the stream is ['uuid']",
        "product_keys: the key of the table is ['identifier'], but that of the stream is ['uuid']",
    )

    def __init__(self, home: Path) -> None:
        self.loader = duckdb_loader()
        self._file = home / "akeneo.duckdb"

    def ask(self, query: str) -> list[Any]:
        with duckdb.connect(str(self._file)) as database:
            return [value for (value,) in database.execute(query).fetchall()]


class InPostgres:
    """A schema of a PostgreSQL server."""

    errors = (
        "duplicate key value violates unique constraint",
        'null value in column "identifier" of relation',
    )

    def __init__(self, server: Postgres) -> None:
        programs = make_environment(POSTGRES.name, POSTGRES.requirements)
        self.loader = postgres_loader(programs, server.settings("akeneo"))
        self._server = server

    def ask(self, query: str) -> list[Any]:
        return self._server.lines(query, "akeneo")


@pytest.fixture(params=["akeneo-duckdb-loader", "target-postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    set_up("only-meltano")
    if request.param == "akeneo-duckdb-loader":
        yield DuckDb(tmp_path)
    else:
        with serving() as server:
            yield InPostgres(server)


def selection(tables: Iterable[str]) -> str:
    return json.dumps([f"{table}.*" for table in tables])


def test_products_loaded_by_identifier_are_loaded_by_uuid_after_an_upgrade(
    database: Database, tmp_path: Path
) -> None:
    target = database.loader["name"]
    before, after = (SimulatedPim(of, seed=1, products=30) for of in ("ce-6", "ce-7"))
    identifiers = {row["identifier"] for row in before.truth("products")}
    # The upgrade keeps the products; these have changed since.
    for row in after.truth("products")[:3]:
        after.write.change("products", row["uuid"], enabled=not row["enabled"])
    with serve(before):
        project = Project.copied(tmp_path, settings_for(before), database.loader)
        project.variables["TAP_AKENEO__SELECT"] = selection(TABLES)
        code, log = project.run(f"meltano --environment=prod run tap-akeneo {target}")
        assert code == 0, log
        assert set(database.ask("select identifier from products")) == identifiers
    with serve(after):
        project.variables["TAP_AKENEO_BASE_URL"] = settings_for(after)["base_url"]
        for tables, error in zip((["products"], ["product_keys"]), database.errors, strict=True):
            project.variables["TAP_AKENEO__SELECT"] = selection(tables)
            code, log = project.run(f"meltano --environment=prod run tap-akeneo {target}")
            assert code == 1
            assert error in log
        assert set(database.ask("select identifier from products")) == identifiers

        for statement in SQL.split(";")[:-1]:
            database.ask(statement)
        project.variables["TAP_AKENEO__SELECT"] = selection(TABLES)
        code, log = project.run(RELOAD.replace("target-postgres", target))
        assert code == 0, log
        uuids = {row["uuid"] for row in after.truth("products")}
        for table in TABLES:
            assert set(database.ask(f"select uuid from {table}")) == uuids  # noqa: S608
        assert set(database.ask("select identifier from products")) == identifiers
        assert set(database.ask("select identifier from products_before_7")) == identifiers
