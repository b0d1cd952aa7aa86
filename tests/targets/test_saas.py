"""What only SaaS has, loaded into PostgreSQL and DuckDB with `meltano run`."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import duckdb

from demo.database import compare_rows, in_utc
from pim_simulator import SimulatedPim, serve
from tests.meltano.project import Project
from tests.targets.duck import duckdb_loader
from tests.targets.loaders import POSTGRES
from tests.targets.meltano import make_environment, set_up
from tests.targets.reading import restored
from tests.targets.warehouse import postgres_loader

if TYPE_CHECKING:
    from pathlib import Path

    from tests.targets.postgres import Postgres
    from tests.targets.reading import Row

LOADED = ("catalog_mapped_variants", "rule_definitions", "workflow_tasks")
RUN = "meltano run tap-akeneo target-postgres tap-akeneo akeneo-duckdb-loader"


def test_variants_rules_and_pending_attributes_arrive_in_both_databases(
    postgres: Postgres, tmp_path: Path
) -> None:
    set_up("only-meltano")
    programs = make_environment(POSTGRES.name, POSTGRES.requirements)
    pim = SimulatedPim("saas", seed=1, products=60)
    with serve(pim) as url:
        # Only an app may read catalogs.
        settings = {"base_url": url, "access_token": pim.app_token}
        in_postgres = postgres_loader(programs, postgres.settings("saas"))
        project = Project.copied(tmp_path, settings, in_postgres, duckdb_loader())
        project.variables["TAP_AKENEO__SELECT"] = json.dumps([f"{one}.*" for one in LOADED])
        code, log = project.run(RUN)
        assert code == 0, log[-8000:]
    for stream in LOADED:
        held = pim.truth(stream)
        assert held
        for rows in in_duckdb(tmp_path / "akeneo.duckdb", stream), in_server(postgres, stream):
            table = compare_rows(stream, [row_as_sent(stream, row) for row in rows], held)
            assert table.is_right, table
    assert any(task["pending_attributes"] for task in pim.truth("workflow_tasks"))


def in_duckdb(file: Path, stream: str) -> list[Row]:
    with duckdb.connect(str(file), read_only=True) as database:
        found = in_utc(database, stream)
        return [dict(zip(found.columns, row, strict=True)) for row in found.fetchall()]


def in_server(postgres: Postgres, stream: str) -> list[Row]:
    query = f"select to_jsonb(t) from {stream} t"  # noqa: S608 (our own names)
    return [json.loads(line) for line in postgres.lines(query, "saas")]


def row_as_sent(stream: str, row: Row) -> Row:
    """Return a row as the PIM sent it; what a mapping makes is one column."""
    one = restored(stream, row)
    return {**one, **one.pop("data", {})}
