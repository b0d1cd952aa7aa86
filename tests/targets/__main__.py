"""``python -m tests.targets``: tries all loaders and writes the table of `docs/targets.md`."""

from __future__ import annotations

import logging
import sys
import tempfile
from argparse import ArgumentParser
from pathlib import Path

from tests.targets.feed import make_feed
from tests.targets.loaders import LOADERS, SCHEMA, Place
from tests.targets.matrix import try_loader
from tests.targets.page import PAGE, table, with_table
from tests.targets.postgres import serving


def main() -> int:
    """Try the loaders and write the results to the page.

    Returns:
        The exit code: 1 if a loader that should work does not.
    """
    options = ArgumentParser(prog="python -m tests.targets", description=__doc__)
    options.add_argument("loader", nargs="*", help="names, as in the table; all by default")
    names = options.parse_args().loader
    chosen = [loader for loader in LOADERS if not names or loader.name in names]
    results = {}
    with serving() as server, tempfile.TemporaryDirectory() as home:
        sys.stderr.write("Running the tap ...\n")
        feed = make_feed(Path(home))
        for loader in chosen:
            sys.stderr.write(f"Trying {loader.name} ...\n")
            folder = Path(home, loader.name)
            folder.mkdir()
            results[loader.name] = try_loader(loader, feed, Place(folder, server))
            if SCHEMA in server.schemas():
                server.lines(f"drop schema {SCHEMA} cascade")
    sys.stdout.write(f"{table(results)}\n")
    if not names:
        text = PAGE.read_text(encoding="utf-8")
        PAGE.write_text(with_table(text, table(results)), encoding="utf-8")
    return int(any(not (results[one.name].works or one.fails) for one in chosen))


if __name__ == "__main__":
    logging.disable(logging.WARNING)
    sys.exit(main())
