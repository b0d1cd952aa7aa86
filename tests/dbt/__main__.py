"""``python -m tests.dbt``: measures how long dbt takes, and writes it to `docs/analytics.md`.

A simulated PIM is loaded with Meltano. Then its products are copied within the database, each copy
with a UUID and an identifier of its own, because loading 100,000 products would take longer than
what is measured.
"""

from __future__ import annotations

import sys
import tempfile
import time
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from pim_simulator import SimulatedPim, serve
from tests.dbt.marts import PAGE, DuckdbMarts, PostgresMarts
from tests.targets.meltano import set_up
from tests.targets.postgres import serving

if TYPE_CHECKING:
    from tests.dbt.marts import Marts

LOADED = 1000
CHANGED = 1000
MARK, END = "<!-- figures -->\n", "<!-- end of figures -->"
AT_ONCE = 10
"""Copies that one statement makes, so that none takes a minute."""


def main() -> int:
    """Measure both databases and write the figures to the page."""
    options = ArgumentParser(prog="python -m tests.dbt", description=__doc__)
    options.add_argument("--products", type=int, default=100_000)
    products: int = options.parse_args().products
    set_up("only-meltano")
    rows = ["| Database | Values | First build | Build after 1,000 changes |", "|---|--:|--:|--:|"]
    with ExitStack() as stack:
        pim = SimulatedPim("ce-7", seed=1, products=LOADED)
        stack.enter_context(serve(pim))
        home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        (home / "duckdb").mkdir()
        (home / "postgres").mkdir()
        server = stack.enter_context(serving())
        for name, marts in {
            "DuckDB": DuckdbMarts(pim, home / "duckdb"),
            "PostgreSQL": PostgresMarts(pim, home / "postgres", server),
        }.items():
            rows.append(f"| {name} | {' | '.join(_measured(marts, products))} |")
            sys.stderr.write(f"{rows[-1]}\n")
    before, mark, rest = PAGE.read_text(encoding="utf-8").partition(MARK)
    after = rest.partition(END)[2]
    PAGE.write_text("".join([before, mark, *(f"{row}\n" for row in rows), END, after]), "utf-8")
    return 0


def _measured(marts: Marts, products: int) -> list[str]:
    marts.load()
    for table in ("products", "product_keys"):
        (row,) = marts.rows(f"select * from {table} limit 1")  # noqa: S608
        columns = ", ".join(f'"{name}"' for name in row if name not in {"uuid", "identifier"})
        for start in range(1, products // LOADED, AT_ONCE):
            stop = min(start + AT_ONCE, products // LOADED) - 1
            marts.execute(
                f"insert into {table} (uuid, identifier, {columns}) "  # noqa: S608
                f"select uuid || '-' || copy, identifier || '-' || copy, {columns} from {table} "
                f"cross join generate_series({start}, {stop}) as copies (copy) "
                "where length(uuid) = 36"
            )
    first = _seconds(marts)
    (found,) = marts.rows("select count(*) as n from akeneo__product_values")
    marts.execute(
        "update products set _sdc_extracted_at = _sdc_extracted_at + interval '1 hour' "  # noqa: S608
        f"where uuid in (select uuid from products order by uuid limit {CHANGED})"
    )
    return [f"{found['n']:,}", f"{first:.0f} s", f"{_seconds(marts):.0f} s"]


def _seconds(marts: Marts) -> float:
    began = time.monotonic()
    marts.build()
    return time.monotonic() - began


if __name__ == "__main__":
    sys.exit(main())
