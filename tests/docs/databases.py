"""Databases that run the SQL of the pages on a few tables."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import duckdb
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from tests.support import Message
    from tests.targets.postgres import Postgres

Key = tuple[str, ...]


@dataclass
class Table:
    """The columns of a table with their types, and its rows."""

    columns: Mapping[str, str]
    rows: list[Message] = field(default_factory=list)


class Database(Protocol):
    """A database that can run the SQL."""

    def keys(self, tables: Mapping[str, Table], query: str, key: Key) -> set[Key]:
        """Make tables, run a query, and return the keys of its rows."""


class Duckdb(Database):
    """Reads files with one row for each line, as a loader that only appends leaves them."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @override
    def keys(self, tables: Mapping[str, Table], query: str, key: Key) -> set[Key]:
        with duckdb.connect() as connection:
            for name, table in tables.items():
                file = self._folder / f"{name}.jsonl"
                file.write_text("".join(f"{json.dumps(row)}\n" for row in table.rows))
                columns = ", ".join(f"{one}: '{kind}'" for one, kind in table.columns.items())
                rows = f"read_json('{file}', format = 'nd', columns = {{{columns}}})"
                connection.execute(f"create view {name} as select * from {rows}")  # noqa: S608
            found = connection.execute(f"select {', '.join(key)} from ({query}) found").fetchall()  # noqa: S608
        return {*found}


class PostgreSql(Database):
    """Has tables whose dates have no offset, as those of most loaders."""

    def __init__(self, server: Postgres) -> None:
        self._server = server

    @override
    def keys(self, tables: Mapping[str, Table], query: str, key: Key) -> set[Key]:
        statements = []
        for name, table in tables.items():
            typed = ", ".join(f"{one} {kind}" for one, kind in table.columns.items())
            statements.append(f"create temporary table {name} ({typed})")
            rows = ", ".join(
                f"({', '.join(literal(row.get(one)) for one in table.columns)})"
                for row in table.rows
            )
            if rows:
                statements.append(f"insert into {name} values {rows}")  # noqa: S608
        statements.append(f"select json_build_array({', '.join(key)}) from ({query}) found")  # noqa: S608
        # psql runs them in one transaction.
        return {tuple(json.loads(line)) for line in self._server.lines(";\n".join(statements))}


def literal(value: Any) -> str:
    """Return a value as SQL."""
    if value is None or isinstance(value, bool | int):
        return json.dumps(value)
    with suppress(ValueError):
        # As loaders do: without an offset, in UTC.
        moment = datetime.fromisoformat(value)
        return f"'{(moment - (moment.utcoffset() or timedelta())).replace(tzinfo=None)}'"
    text = value.replace("'", "''")
    return f"'{text}'"
