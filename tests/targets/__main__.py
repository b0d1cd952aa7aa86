"""``python -m tests.targets``: tries all loaders and writes the tables of `docs/targets.md`."""

from __future__ import annotations

import logging
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path
from typing import TYPE_CHECKING

from pim_simulator import SimulatedPim, serve
from tests.dbt.deletions import JsonlMarts, Play
from tests.dbt.marts import DuckdbMarts, PostgresMarts
from tests.targets.feed import make_feeds
from tests.targets.loaders import LOADERS, POSTGRES, SCHEMA, Place
from tests.targets.matrix import ZONE, Failed, try_loader
from tests.targets.meltano import set_up
from tests.targets.page import (
    END,
    MARK,
    PAGE,
    SPEED_END,
    SPEED_MARK,
    speed_table,
    table,
    with_table,
)
from tests.targets.postgres import USER, serving
from tests.targets.speed import limit, lz4, speeds, write_products

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tests.dbt.marts import Marts
    from tests.targets.loaders import Loader


PRODUCTS = 20_000
"""Number of products for the measurements on the page."""


def main() -> int:
    """Try the loaders, or measure those that work, and write the results to the page.

    Returns:
        The exit code: 1 if a loader that should work does not.
    """
    options = ArgumentParser(prog="python -m tests.targets", description=__doc__)
    options.add_argument("loader", nargs="*", help="names, as in the table; all by default")
    options.add_argument("--speed", action="store_true", help="measure the loaders that work")
    options.add_argument(
        "--products", type=int, default=PRODUCTS, help=f"for --speed; {PRODUCTS} by default"
    )
    options.add_argument(
        "--deletions",
        action="store_true",
        help="kill, refuse and resume runs, and see what dbt takes for deleted",
    )
    chosen = options.parse_args()
    if chosen.deletions:
        return int(not _find_deletions())
    loaders = [one for one in LOADERS if not chosen.loader or one.name in chosen.loader]
    with serving(ZONE) as server, tempfile.TemporaryDirectory() as home:
        if chosen.speed:
            loaders = [one for one in loaders if not one.fails]
            text, right = _measure(loaders, chosen.products, Place(Path(home), server))
            marks = (SPEED_MARK, SPEED_END)
        else:
            text, right = _try(loaders, Place(Path(home), server))
            marks = (MARK, END)
    sys.stdout.write(f"{text}\n")
    if not chosen.loader and chosen.products == PRODUCTS:
        page = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(with_table(page, text, marks), encoding="utf-8")
    return int(not right)


def _try(loaders: Sequence[Loader], place: Place) -> tuple[str, bool]:
    """Return the table of all loaders, and whether those work that should."""
    results = {}
    _tell("Running the tap ...")
    feeds = make_feeds(place.folder)
    for loader in loaders:
        _tell(f"Trying {loader.name} ...")
        results[loader.name] = try_loader(loader, feeds, _own(place, loader))
        place.server.lines(f"alter role {USER} reset timezone")
        for schema in place.server.schemas():
            if schema.startswith(SCHEMA):
                place.server.lines(f"drop schema {schema} cascade")
    return table(results), all(results[one.name].works or one.fails for one in loaders)


def _find_deletions() -> bool:
    """Play deletions into each warehouse; return whether dbt found them and nothing else."""
    set_up("only-meltano")
    is_right = True
    with serving("Europe/Paris") as server, tempfile.TemporaryDirectory() as home:
        # As the page says.
        server.lines(POSTGRES.before)
        warehouses: dict[str, Callable[[SimulatedPim, Path], Marts]] = {
            "duckdb": DuckdbMarts,
            "postgres": lambda pim, folder: PostgresMarts(pim, folder, server),
            "jsonl": JsonlMarts,
        }
        for name, make in warehouses.items():
            folder = Path(home) / name
            folder.mkdir()
            pim = SimulatedPim(
                "ee-7", seed=1, products=60, records=110, timezone="America/New_York"
            )
            with serve(pim):
                play = Play(make(pim, folder))
                for step in play.steps():
                    wrong = play.wrongly_deleted()
                    _tell(f"{name}, {step}: {wrong or 'no living row is deleted'}")
                    is_right &= not wrong
            left = play.not_deleted()
            _tell(f"{name}: {left or 'all deleted rows are deleted'}")
            dates = play.wrong_dates()
            _tell(f"{name}: {dates or 'all dates are right'}")
            is_right &= not left and not dates
    return is_right


def _measure(loaders: Sequence[Loader], products: int, place: Place) -> tuple[str, bool]:
    """Return the table of the fastest measurements, and whether no loader failed."""
    results = {}
    _tell("Running the tap ...")
    messages = write_products(place.folder, products)
    for loader in loaders:
        measured = []
        try:
            for speed in speeds(loader, messages, products, _own(place, loader)):
                _tell(f"{loader.name}: {', '.join(speed.cells())}")
                measured.append(speed)
        except Failed as fault:
            _tell(f"{loader.name}: {fault}")
        else:
            results[loader.name] = max(measured, key=lambda speed: speed.first)
    if POSTGRES in loaders:
        times, size = lz4(place.server, messages)
        _tell(f"with lz4, PostgreSQL stores them {times:.2f} x as fast, in {size:.2f} x the space")
    fastest = limit(messages, products, place.folder)
    return speed_table(results, products, fastest), len(results) == len(loaders)


def _own(place: Place, loader: Loader) -> Place:
    folder = place.folder / loader.name
    folder.mkdir()
    return Place(folder, place.server)


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    sys.exit(main())
