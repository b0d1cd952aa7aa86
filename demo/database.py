"""Compare the database with the content of the PIM."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import duckdb

from tap_akeneo.streams import STREAMS

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pim_simulator import SimulatedPim

# If several streams have the same name, the first one is for this version of the PIM.
KEYS = {stream.name: stream.primary_keys for stream in reversed(STREAMS)}
Row = dict[str, Any]


@dataclass
class Table:
    """Result of comparing a table with the PIM.

    Attributes:
        name: Name of the table and of the stream.
        rows: Number of rows in the table.
        in_pim: Number of rows in the PIM.
        wrong: Number of rows of the PIM that are missing or different in the database.
        surplus: Number of rows of the database that the PIM does not have.
    """

    name: str
    rows: int
    in_pim: int
    wrong: int
    surplus: int

    @property
    def is_right(self) -> bool:
        """Whether the table and the PIM have the same rows."""
        return self.rows == self.in_pim and not self.wrong and not self.surplus


def compare(database: Path, pim: SimulatedPim) -> Iterator[Table]:
    """Compare each table with the PIM, row by row.

    Args:
        database: The database file.
        pim: The PIM, whose content is read without its API.

    Yields:
        The result for each table.
    """
    with duckdb.connect(str(database), read_only=True) as connection:
        there = {row[0] for row in connection.sql("show tables").fetchall()}
        for name in _streams_of(pim):
            rows = list(_rows(connection, name)) if name in there else []
            if name == "products" and "akeneo__deleted_products" in there:
                # The loader keeps the rows of deleted products; dbt knows which these are.
                deleted = connection.sql(
                    "select product_key from akeneo__deleted_products"
                ).fetchall()
                rows = [row for row in rows if (row["uuid"],) not in deleted]
            yield compare_rows(name, rows, held_by(pim, name))


def _streams_of(pim: SimulatedPim) -> list[str]:
    """Return the streams that a connection to the PIM reads by default and that have rows."""
    read = (one.name for one in STREAMS if not one.why_not_by_default and not one.needs_app)
    return [name for name in dict.fromkeys(read) if pim.truth(name)]


def held_by(pim: SimulatedPim, stream: str) -> list[Row]:
    """Return the PIM's rows of a stream, read without its API."""
    held = pim.truth(stream)
    if stream == "system_information":
        return [{"host": (pim.url or "").removeprefix("http://"), **row} for row in held]
    if stream == "products":
        return [with_identifier(row) for row in held]
    if stream == "attributes":
        # A default value can have any type in the PIM, but is text in the table.
        return [
            {**row, "default_value": json.dumps(value)}
            if (value := row.get("default_value")) is not None
            else row
            for row in held
        ]
    return held


def with_identifier(product: Row) -> Row:
    """Return a product of the PIM with its identifier, which lists by uuid have only as a value."""
    if "uuid" not in product:
        return product
    values = product["values"].get("sku")
    return {**product, "identifier": values[0]["data"] if values else None}


def compare_rows(name: str, rows: list[Row], held: list[Row]) -> Table:
    """Compare the rows of one table with those of the PIM.

    Args:
        name: Name of the table and of the stream.
        rows: Rows of the table, with dates as `datetime` and nested values parsed.
        held: Rows of the PIM.
    """
    by_key = {_key(name, row): row for row in rows}
    wrong = sum(not _holds(by_key.get(_key(name, row)), row) for row in held)
    surplus = len(by_key.keys() - {_key(name, row) for row in held})
    return Table(name, len(rows), len(held), wrong, surplus)


def _key(table: str, row: Row) -> tuple[str, ...]:
    return tuple(row[key] for key in KEYS[table])


def _rows(connection: duckdb.DuckDBPyConnection, table: str) -> Iterator[Row]:
    found = in_utc(connection, table).filter("_sdc_deleted_at is null")
    kinds = dict(zip(found.columns, map(str, found.types), strict=True))
    for values in found.fetchall():
        row = dict(zip(found.columns, values, strict=True))
        for name, value in row.items():
            if value is not None and kinds[name] == "JSON":
                row[name] = json.loads(value)
            elif isinstance(value, datetime):
                row[name] = value.replace(tzinfo=timezone.utc)
        yield row


def in_utc(connection: duckdb.DuckDBPyConnection, table: str) -> duckdb.DuckDBPyRelation:
    """Return a table with its instants in UTC and without a zone.

    Older versions of DuckDB need another package to return them with one.
    """
    found = connection.table(table)
    kinds = zip(found.columns, map(str, found.types), strict=True)
    columns = (
        f'timezone(\'UTC\', "{name}") as "{name}"'
        if kind == "TIMESTAMP WITH TIME ZONE"
        else f'"{name}"'
        for name, kind in kinds
    )
    return found.project(", ".join(columns))


def _holds(row: Any, held: Any) -> bool:  # noqa: ANN401 (JSON)
    """Return whether a database value contains the PIM's value; it may have links as well."""
    if isinstance(row, dict) and isinstance(held, dict):
        return all(name in row and _holds(row[name], value) for name, value in held.items())
    if isinstance(row, list) and isinstance(held, list):
        return len(row) == len(held) and all(map(_holds, row, held))
    if isinstance(row, datetime):
        return row == datetime.fromisoformat(held)
    if isinstance(row, float):
        # The loader converts values that may be text or a number, such as "0.0000", to numbers.
        return row == float(held)
    return bool(row == held)
