"""Run the demo once: ``bash scripts/demo``."""

# ruff: noqa: T201 (its purpose is to print)

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections import Counter
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from demo import DATABASE, FOLDER, PROJECT
from demo.database import compare
from demo.shop import Shop
from demo.sql import show
from demo.steps import Step
from pim_simulator import serve

if TYPE_CHECKING:
    from collections.abc import Mapping

    from demo.database import Table

MELTANO = (".venv-meltano/bin/meltano", "--environment=demo")
RUN = [
    *(*MELTANO, "run"),
    *("tap-akeneo", "akeneo-duckdb-loader", "dbt-duckdb:build", "dbt-duckdb:docs"),
]
REPORT = [*MELTANO, "invoke", "dbt-duckdb:report"]
# Meltano's steps. The first one ends at the first line of the log that matches the second one's
# pattern, and so on; the pattern's group is the result of the step that ends.
STEPS = (
    ("Start Meltano", ""),
    ("Read the PIM", "Running catalog discovery"),
    ("Load the rows", r" (\d+ rows, \d+ requests)"),
    ("Make tables with dbt, and test them", "Block run completed"),
    ("Write dbt's documentation", r"Done\. (PASS=\d+ WARN=\d+ ERROR=\d+)"),
)
QUERIES = Path(__file__).parent
STATE = FOLDER / "state"
LOG = FOLDER / "demo.log"
PAGE = FOLDER / "catalogue.html"
DBT = FOLDER / "dbt"

HOW_IT_WAS_READ = """
Products and product models: what changed since the last run and in the five minutes before it,
as the PIM's search shows changes late (lookback_seconds). A product model that changed brings its
variants along. The rest is small and read whole. The API does not report deletions: the tap reads
the keys of all products, and dbt compares them."""

LOOK_FURTHER = """\
bash scripts/sql "select * from akeneo__products"
bash scripts/sql "select path, count(*) from akeneo__product_categories group by path"
bash scripts/sql "$(cat demo/products.sql)"
All tables are described in docs/analytics.md.

Again, with some changes in the PIM:  bash scripts/demo
From the start:                       rm -r output/demo
With your own PIM:                    see the top of meltano.yml"""


def main() -> int:
    """Run the demo once.

    Returns:
        The exit code: 1 if the run failed, or if the database differs from the PIM.
    """
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not DATABASE.exists():
        # Without the rows, the bookmarks would make the run skip them.
        shutil.rmtree(STATE, ignore_errors=True)
    shop = Shop.open(FOLDER / "pim.json")
    with ExitStack() as serving:
        try:
            url = serving.enter_context(serve(shop.pim, port=shop.port))
        except OSError as fault:
            print(
                f"The simulated PIM had the port {shop.port} and cannot have it again ({fault}). "
                f"Start over: rm -r {_short(FOLDER)}",
                file=sys.stderr,
            )
            return 1
        return run(shop, url)


def run(shop: Shop, url: str) -> int:
    """Change the PIM unless this is the first run, load it, and show the tables."""
    title(f"1. The PIM: a simulated Akeneo {shop.pim.profile.version} at {url}")
    if shop.port:
        print("Since the last run:")
        print(*(f"  - {change}" for change in shop.change()), sep="\n")
    else:
        shop.port = int(url.rpartition(":")[2])
        print(f"{len(shop.pim.truth('products'))} products in several languages and channels.")
    shop.keep()

    title(f"2. The run: {shlex.join(RUN)}")
    settings = {"base_url": url, **shop.pim.credentials}
    code = meltano({f"TAP_AKENEO_{name.upper()}": text for name, text in settings.items()})
    if code:
        print(*LOG.read_text(encoding="utf-8").splitlines()[-20:], sep="\n", file=sys.stderr)
        print(f"Meltano has failed with exit code {code}. Its log: {_short(LOG)}", file=sys.stderr)
        return 1
    step = Step("Compare all rows with the PIM")
    tables = list(compare(DATABASE, shop.pim))
    is_right = all(table.is_right for table in tables)
    step.end(f"{len(tables)} tables", failed=not is_right)
    step = Step("Write the page")
    failure = report()
    step.end(str(_short(PAGE)), failed=bool(failure))
    if failure:
        print(failure, file=sys.stderr)
        return 1

    title(f"3. The database: {_short(DATABASE)}")
    show_tables(tables, written(LOG.read_text(encoding="utf-8")), again=bool(shop.changed))
    if not is_right:
        print(
            f"The database does not hold what the PIM does. Meltano's log: {_short(LOG)}",
            file=sys.stderr,
        )
        return 1

    title("4. The tables for analysts, which dbt has made")
    if shop.changed:
        show_query("What changed in this run", "changes.sql")
        show_query("What was deleted", "deleted.sql")
    else:
        show_query("Some products, latest changes first", "products.sql")
        show_query("Completeness, the least complete first", "completeness.sql")
    show_query("Attributes that are filled in least", "fill_rates.sql")

    title("5. Look further")
    print(f"In a browser, everything on one page: {PAGE.as_uri()}")
    print(f"dbt's documentation of the tables: {DBT.joinpath('static_index.html').as_uri()}")
    print(LOOK_FURTHER)
    return 0


def meltano(settings: Mapping[str, str]) -> int:
    """Run Meltano, write its log to a file, and print its steps.

    Args:
        settings: Additional environment variables.

    Returns:
        Meltano's exit code.
    """
    process = subprocess.Popen(  # noqa: S603 (our own arguments)
        RUN,
        cwd=PROJECT,
        env=_environment(settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
    )
    (first, _), *following = STEPS
    step = Step(first)
    with process, LOG.open("w", encoding="utf-8") as kept:
        for line in process.stdout or ():
            kept.write(line)
            if following and (found := re.search(following[0][1], line)):
                step.end("".join(found.groups()))
                step = Step(following.pop(0)[0])
    step.end(failed=process.returncode != 0)
    return process.returncode


def report() -> str:
    """Write the page; return what dbt and Meltano printed if that failed."""
    ended = subprocess.run(  # noqa: S603 (our own arguments)
        REPORT,
        cwd=PROJECT,
        env=_environment({}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        encoding="utf-8",
    )
    if ended.returncode:
        return ended.stderr + ended.stdout
    PAGE.write_text(ended.stdout, encoding="utf-8")
    return ""


def written(log: str) -> Counter[str]:
    """Return how many rows the loader wrote into each table, according to its log."""
    rows: Counter[str] = Counter()
    for count, table in re.findall(r"Loaded (\d+) rows into (\w+)", log):
        rows[table] += int(count)
    return rows


def show_tables(tables: list[Table], written: Mapping[str, int], *, again: bool) -> None:
    """Print the tables, and how they compare with the PIM."""
    print(f"{'table':22}{'rows':>6}{'in the PIM':>12}{'this run':>10}")
    for table in tables:
        verdict = "✓ same"
        if not table.is_right:
            verdict = f"✗ {table.wrong} missing or not the same, {table.surplus} too many"
        count = written.get(table.name, 0)
        print(f"{table.name:22}{table.rows:6}{table.in_pim:12}{count:10}  {verdict}")
    if again:
        print(HOW_IT_WAS_READ)


def show_query(text: str, file: str) -> None:
    """Print the result of one of the demo's queries."""
    path = QUERIES / file
    print(f"{text} ({_short(path)}):", flush=True)
    show(path.read_text(encoding="utf-8"))


def title(text: str) -> None:
    """Print the title of a section."""
    print(f"\n\033[1m{text}\033[0m" if sys.stdout.isatty() else f"\n{text}", flush=True)


def _environment(settings: Mapping[str, str]) -> dict[str, str]:
    return {
        **os.environ,
        "MELTANO_STATE_BACKEND_URI": STATE.as_uri(),
        "DBT_TARGET_PATH": str(DBT),
        "DBT_LOG_PATH": str(DBT),
        **settings,
    }


def _short(path: Path) -> Path:
    return path.relative_to(PROJECT)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except KeyboardInterrupt:
        sys.exit(130)
