"""The statements of docs/files.md read the products of the PIM from batch files."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from pim_simulator import SimulatedPim, serve
from tests.docs.tables import DOCS
from tests.support import sync, without_links

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PAGE = DOCS.joinpath("files.md").read_text(encoding="utf-8")


def blocks(language: str, heading: str) -> list[str]:
    (section,) = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.MULTILINE)
    return re.findall(rf"^```{language}\n(.*?)^```", section, re.DOTALL | re.MULTILINE)


RUNS = ("2026-11-30T06", "2026-11-30T07")


@pytest.fixture(scope="module")
def changed_pim(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[SimulatedPim, Path]]:
    """A PIM, and a folder with the files of two runs, between which a product changed."""
    folder, state = tmp_path_factory.mktemp("lake"), None
    pim = SimulatedPim(seed=1, products=60)
    with serve(pim):
        for run in RUNS:
            if state:
                pim.clock.advance(hours=3)
                product = pim.truth("products")[3]
                pim.write.change("products", product["uuid"], enabled=not product["enabled"])
            for file_format in ("jsonl", "parquet"):
                root = f"file://{folder}/akeneo/run={run}"
                config = {"encoding": {"format": file_format}, "storage": {"root": root}}
                ended = sync(pim, "products", state=state, batch_config=config, pim_timezone="UTC")
            state = ended.state
        messages = [json.dumps(one) for one in sync(pim, "families").messages]
        folder.joinpath("messages.jsonl").write_text("\n".join(messages), "utf-8")
        yield pim, folder


@pytest.fixture
def pim(changed_pim: tuple[SimulatedPim, Path], monkeypatch: pytest.MonkeyPatch) -> SimulatedPim:
    """The PIM, with its files in the working directory."""
    monkeypatch.chdir(changed_pim[1])
    return changed_pim[0]


@pytest.fixture
def database() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as connection:
        yield connection


def names(pim: SimulatedPim) -> dict[str, str | None]:
    return {
        row["uuid"]: row["values"]["name"][0]["data"] if "name" in row["values"] else None
        for row in pim.truth("products")
    }


@pytest.mark.parametrize("heading", ["Parquet with DuckDB", "Lines of JSON with DuckDB"])
def test_duckdb_has_the_last_row_of_each_product(
    pim: SimulatedPim, database: duckdb.DuckDBPyConnection, heading: str
) -> None:
    statement = blocks("sql", heading)[0]
    view = statement.split()[2]
    database.execute(statement)
    found = database.execute(
        f"""select uuid, enabled, family, categories::json, "values", epoch(updated)
        from {view}"""  # noqa: S608 (the name is in our page)
    ).fetchall()
    rows = [(*row[:3], *map(without_links, map(json.loads, row[3:5])), row[5]) for row in found]
    assert sorted(rows) == sorted(
        (
            *(row[name] for name in ("uuid", "enabled", "family", "categories", "values")),
            datetime.fromisoformat(row["updated"]).timestamp(),
        )
        for row in without_links(pim.truth("products"))
    )


def test_the_query_on_a_view_reads_names(
    pim: SimulatedPim, database: duckdb.DuckDBPyConnection
) -> None:
    (statements,) = blocks("sql", "Parquet with DuckDB")
    enabled = {row["uuid"] for row in pim.truth("products") if row["enabled"]}
    expected = {uuid: name for uuid, name in names(pim).items() if uuid in enabled}
    assert dict(database.execute(statements).fetchall()) == expected
    assert len({*expected.values()}) > 10


def test_duckdb_reads_messages(pim: SimulatedPim, database: duckdb.DuckDBPyConnection) -> None:
    database.execute(blocks("sql", "Lines of JSON with DuckDB")[1])
    found = database.execute("select code, labels::json from families_from_messages").fetchall()
    assert {code: json.loads(labels) for code, labels in found} == {
        row["code"]: row["labels"] for row in pim.truth("families")
    }


def test_polars_has_the_last_row_of_each_product(pim: SimulatedPim) -> None:
    products = run_python("Polars")["products"]
    assert dict(products.select("uuid", "name").iter_rows()) == names(pim)
    assert dict(products.select("uuid", "enabled").iter_rows()) == {
        row["uuid"]: row["enabled"] for row in pim.truth("products")
    }


def test_arrow_reads_all_rows(pim: SimulatedPim) -> None:
    rows = run_python("Arrow")["products"].to_pylist()
    first = [row["uuid"] for row in rows if row["run"] == RUNS[0]]
    assert {*first} <= names(pim).keys()
    assert len(rows) in {len(first), len(first) + 1}
    assert len(first) > 10


def test_without_names_duckdb_leaves_out_what_only_later_lines_have(
    tmp_path: Path, database: duckdb.DuckDBPyConnection
) -> None:
    early, late = ({"code": "2026-11-30", "values": {name: 1}} for name in ("early", "late"))
    lines = [json.dumps(one) for one in [*[early] * 20_480, *[late] * 2_048]]
    file = tmp_path / "lines.json"
    file.write_text("\n".join(lines))
    inferred = f"from read_json('{file}', format = 'newline_delimited')"
    (kinds,) = database.execute(
        f"select distinct typeof(code), typeof(values) {inferred}"
    ).fetchall()
    assert kinds[0] == "DATE"
    assert "late" not in kinds[1]


def run_python(heading: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    (code,) = blocks("python", heading)
    exec(compile(code, "files.md", "exec"), found)  # noqa: S102 (our own page)
    return found
