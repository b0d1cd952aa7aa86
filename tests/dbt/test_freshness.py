"""`dbt source freshness` warns about old tables, and only about them."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import pytest

from pim_simulator import SimulatedPim, serve
from tests.dbt.marts import INTEGRATION, DuckdbMarts
from tests.targets.meltano import set_up

if TYPE_CHECKING:
    from pathlib import Path


def test_a_table_is_fresh_until_its_stream_has_not_been_read_to_its_end_for_36_hours(
    tmp_path: Path,
) -> None:
    if sys.version_info >= (3, 14):
        pytest.skip("dbt 1.11 does not support Python 3.14")
    set_up("only-meltano")
    pim = SimulatedPim("ce-7", seed=1, products=10)
    with serve(pim):
        marts = DuckdbMarts(pim, tmp_path)
        marts.load()
    assert old_tables(marts) == set()
    aged = "update readings set ended_at = ended_at - interval '40 hours'"
    marts.execute(f"{aged} where stream = 'families'")
    assert old_tables(marts) == {"families"}
    marts.execute(f"{aged} where stream <> 'families'")
    assert old_tables(marts) > {"families", "attributes", "readings"}


def old_tables(marts: DuckdbMarts) -> set[str]:
    """Return the tables that dbt finds too old."""
    code, log = marts.project.run("meltano invoke dbt-duckdb:freshness", seconds=300)
    assert code == 0, log[-8000:]
    found = marts.home / INTEGRATION / "target" / "sources.json"
    results = json.loads(found.read_text(encoding="utf-8"))["results"]
    assert {one["status"] for one in results} <= {"pass", "warn"}
    return {one["unique_id"].rpartition(".")[2] for one in results if one["status"] == "warn"}
