"""A database for the tests of the SQL in the pages."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.docs.databases import Duckdb, PostgreSql

if TYPE_CHECKING:
    from pathlib import Path

    from tests.docs.databases import Database


@pytest.fixture(params=["duckdb", "postgres"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Database:
    """DuckDB and PostgreSQL."""
    if request.param == "duckdb":
        return Duckdb(tmp_path)
    return PostgreSql(request.getfixturevalue("postgres"))
