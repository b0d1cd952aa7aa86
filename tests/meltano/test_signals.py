"""SIGTERM to `meltano run` keeps what the loader has written, and leaves no process behind."""

from __future__ import annotations

import json
import os
import re
import signal
import sqlite3
import subprocess
from contextlib import closing
from typing import TYPE_CHECKING, Any

import pytest

from tests.loader.support import Database, program
from tests.meltano.project import Project, read
from tests.support import settings_for, started
from tests.targets.meltano import set_up

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from tests.conftest import StartPim

COMMAND = "meltano --environment=prod run tap-akeneo akeneo-duckdb-loader"
PRODUCTS = 2000
KEPT = "Incremental state has been updated"
STOPS: dict[str, Callable[[int], None]] = {
    "to Meltano": lambda pid: os.kill(pid, signal.SIGTERM),
    "to its process group": lambda pid: os.killpg(pid, signal.SIGTERM),
}


@pytest.fixture(scope="module")
def loader() -> dict[str, Any]:
    """Our own loader, with a state each second."""
    set_up("only-meltano")
    loaders = {one["name"]: one for one in read()["plugins"]["loaders"]}
    loader = loaders["akeneo-duckdb-loader"]
    del loader["pip_url"]
    loader["config"]["batch_wait_limit_seconds"] = 1
    return {**loader, "executable": program()}


@pytest.mark.parametrize("stop", STOPS.values(), ids=STOPS.keys())
def test_the_next_run_continues_from_the_last_state_that_the_loader_has_written(
    start_pim: StartPim, tmp_path: Path, loader: dict[str, Any], stop: Callable[[int], None]
) -> None:
    pim = start_pim(products=PRODUCTS, latency=0.2)
    project = Project.copied(tmp_path, settings_for(pim, page_size=10), loader)
    with started(
        COMMAND.split(),
        cwd=project.home,
        env=project.variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as meltano:
        assert meltano.stdout is not None
        for line in meltano.stdout:
            if KEPT in line and products_in_the_state(project):
                break
        stop(meltano.pid)
        rest = meltano.stdout.read()
        assert meltano.wait() == 128 + signal.SIGTERM, rest
    with pytest.raises(ProcessLookupError):
        os.killpg(meltano.pid, 0)
    code, log = project.run(COMMAND)
    assert code == 0, log
    (read_now,) = re.findall(r"products: ([\d,]+) rows ", log)
    assert int(read_now.replace(",", "")) < PRODUCTS
    found = Database(tmp_path).sql("select count(*), count(distinct uuid) from products")
    assert found == [(PRODUCTS, PRODUCTS)]


def products_in_the_state(project: Project) -> int:
    """Number of products that the state of Meltano's newest run counts as read."""
    with closing(sqlite3.connect(project.home / ".meltano" / "meltano.db")) as database:
        (text,) = database.execute("select payload from runs order by started_at desc").fetchone()
    state = json.loads(text).get("singer_state", {}).get("bookmarks", {}).get("products", {})
    return int(state.get("unfinished", {}).get("read", 0))
