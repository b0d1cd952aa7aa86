"""``python -m tests.dbt``: measures what dbt costs, and writes it to `docs/analytics.md`.

A thousand products are loaded. Then they are copied within the database, each copy with a UUID of
its own, because loading all of them would take longer than what is measured. The cost is processor
time, of dbt and of the database, which other programs on the machine hardly change.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from argparse import ArgumentParser
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from tests.dbt.large import rows
from tests.dbt.loaded import LoadedDuckdb, LoadedPostgres
from tests.dbt.marts import PAGE, make_dbt
from tests.targets.postgres import serving

if TYPE_CHECKING:
    from tests.dbt.loaded import Loaded
    from tests.targets.postgres import Postgres

LOADED = 1000
CHANGED = 1000
MARK, END = "<!-- figures -->\n", "<!-- end of figures -->"
HEAD = (
    "Database",
    "Products",
    "Values",
    "First build",
    "After 1,000 changes",
    "Peak memory of dbt",
)


def main() -> int:
    """Measure both databases and write the figures to the page."""
    parser = ArgumentParser(prog="python -m tests.dbt", description=__doc__)
    parser.add_argument("--products", type=int, nargs="+", default=[25_000, 100_000])
    parser.add_argument(
        "--against", type=Path, help="Folder of another version of the package; writes nothing"
    )
    options = parser.parse_args()
    # So that the first build does not count its installation.
    make_dbt()
    lines = [f"| {' | '.join(HEAD)} |", f"|---|{'--:|' * (len(HEAD) - 1)}"]
    with ExitStack() as stack:
        server = stack.enter_context(serving())
        for products in options.products:
            home = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            databases: dict[str, Loaded] = {
                "DuckDB": LoadedDuckdb(_made(home / "duckdb")),
                "PostgreSQL": LoadedPostgres(_made(home / f"postgres_{products}"), server),
            }
            for name, loaded in databases.items():
                _fill(loaded, products)
                for project in filter(None, (options.against, loaded.project)):
                    figures = _measured(loaded, project, server)
                    lines.append(f"| {name} | {products:,} | {' | '.join(figures)} |")
                    sys.stderr.write(f"{project}: {lines[-1]}\n")
    if not options.against:
        before, mark, rest = PAGE.read_text(encoding="utf-8").partition(MARK)
        after = rest.partition(END)[2]
        PAGE.write_text(
            "".join([before, mark, *(f"{line}\n" for line in lines), END, after]), "utf-8"
        )
    return 0


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def _fill(loaded: Loaded, products: int) -> None:
    loaded.load(rows(min(products, LOADED)), "2026-05-04T08:00:00Z")
    for table in ("products", "product_keys"):
        (row,) = loaded.rows(f"select * from {table} limit 1")  # noqa: S608
        columns = ", ".join(f'"{name}"' for name in row if name != "uuid")
        for copy in range(1, products // LOADED):
            loaded.execute(
                f"insert into {table} (uuid, {columns}) "  # noqa: S608
                f"select uuid || '-{copy}', {columns} from {table} where length(uuid) = 36"
            )


def _measured(loaded: Loaded, project: Path, server: Postgres) -> list[str]:
    schema = "ours" if project == loaded.project else "others"
    first = _seconds(loaded, project, schema, server)
    (found,) = loaded.rows(f"select count(*) as n from {schema}.akeneo__product_values")  # noqa: S608
    loaded.execute(
        "update products set _sdc_extracted_at = _sdc_extracted_at + interval '1 hour' "  # noqa: S608
        f"where uuid in (select uuid from products order by uuid limit {CHANGED})"
    )
    again = _seconds(loaded, project, schema, server)
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024 / 1024
    memory = f"{peak:.1f} GB" if isinstance(loaded, LoadedDuckdb) else ""
    return [f"{found['n']:,}", f"{first:.0f} s", f"{again:.0f} s", memory]


def _seconds(loaded: Loaded, project: Path, schema: str, server: Postgres) -> float:
    """Build, and return the seconds of processor time."""
    began = _spent(server)
    code, log = loaded.dbt("build", "--exclude=test_type:unit", project=project, schema=schema)
    assert code == 0, log[-4000:]
    return _spent(server) - began


def _spent(server: Postgres) -> float:
    """Return the processor time so far of child processes and of PostgreSQL."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime + server.processor_seconds()


if __name__ == "__main__":
    sys.exit(main())
