"""Query the demo's database: ``python -m demo.sql 'select …'``."""

from __future__ import annotations

import shutil
import sys

import duckdb

from demo import DATABASE


def show(query: str) -> None:
    """Print the result of a query as a table.

    Args:
        query: A query in DuckDB's SQL.
    """
    columns = shutil.get_terminal_size().columns
    with duckdb.connect(str(DATABASE), read_only=True) as connection:
        answer = connection.sql(query)
        sys.stdout.flush()
        answer.show(max_rows=50, max_width=max(columns, 120))


if __name__ == "__main__":
    if len(sys.argv) != 2:  # noqa: PLR2004 (the module and one query)
        sys.exit("How to use it: bash scripts/sql 'select * from families'")
    try:
        show(sys.argv[1])
    except duckdb.Error as fault:
        sys.exit(str(fault))
    except BrokenPipeError:  # for example from `| head`
        sys.stdout = None
