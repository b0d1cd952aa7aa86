"""examples/products.sql loads products into PostgreSQL with nothing but psql."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from tap_akeneo.streams.resource import load_schema
from tap_akeneo.tap import TapAkeneo
from tests.docs.tables import ROOT
from tests.support import settings_for, sync
from tests.targets.postgres import PASSWORD, USER
from tests.targets.reading import restored

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim
    from tests.targets.postgres import Postgres

SCRIPT = ROOT / "examples" / "products.sql"


@pytest.fixture
def environment(postgres: Postgres, tmp_path: Path) -> Iterator[dict[str, str]]:
    """Environment variables by which psql and the tap find each other and an empty server."""
    programs = tmp_path / "bin"
    programs.mkdir()
    tap = programs / "tap-akeneo"
    tap.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m tap_akeneo "$@"\n')
    tap.chmod(0o755)
    yield {
        **os.environ,
        "PATH": os.pathsep.join([str(programs), str(postgres.programs), os.environ["PATH"]]),
        "PYTHONPATH": str(ROOT),
        "PGHOST": "127.0.0.1",
        "PGPORT": str(postgres.port),
        "PGDATABASE": "postgres",
        "PGUSER": USER,
        "PGPASSWORD": PASSWORD,
        "PGTZ": "America/New_York",
    }
    postgres.lines("drop schema if exists akeneo cascade")


def command() -> list[str]:
    """Return the command in the script's first lines."""
    line = SCRIPT.read_text("utf-8").splitlines()[1].removeprefix("--").strip()
    paths = {"run.sh": str(ROOT / "examples" / "run.sh"), "--file=products.sql": f"--file={SCRIPT}"}
    return [paths.get(word, word) for word in line.split()]


def run(folder: Path, environment: dict[str, str]) -> None:
    subprocess.run(command(), cwd=folder, env=environment, check=True, timeout=120)  # noqa: S603


def load(messages: str, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    """Load messages with psql alone."""
    return subprocess.run(  # noqa: S603 (our own command)
        command()[2:],
        input=messages,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def in_the_database(postgres: Postgres) -> dict[str, dict[str, Any]]:
    rows = postgres.rows("akeneo.products")
    return {row["uuid"]: restored("products", row) for row in rows}


def in_the_pim(pim: SimulatedPim) -> dict[str, dict[str, Any]]:
    return {
        row["uuid"]: restored("products", row) for row in sync(pim, "products").records("products")
    }


def test_products_are_merged_by_key_and_the_state_is_kept(
    start_pim: StartPim, postgres: Postgres, environment: dict[str, str], tmp_path: Path
) -> None:
    pim = start_pim(timezone="Europe/Paris")
    (tmp_path / "config.json").write_text(json.dumps(settings_for(pim)))
    # As the page's jq does.
    catalog = TapAkeneo(config=settings_for(pim)).catalog_dict
    products = [one for one in catalog["streams"] if one["stream"] == "products"]
    (tmp_path / "catalog.json").write_text(json.dumps({**catalog, "streams": products}))
    run(tmp_path, environment)
    assert in_the_database(postgres) == in_the_pim(pim)
    pim.clock.advance(hours=3)
    changed = pim.truth("products")[5]
    odd = [{"locale": None, "scope": None, "data": 'tab\t, newline\n, \\ and " é'}]
    pim.write.change("products", changed["uuid"], values={"name": odd}, family=None)
    before = postgres.lines("select xmin || uuid from akeneo.products")
    run(tmp_path, environment)
    found = in_the_database(postgres)
    assert found == in_the_pim(pim)
    assert found[changed["uuid"]]["values"]["name"] == odd
    written = {*postgres.lines("select xmin || uuid from akeneo.products")} - {*before}
    assert [row[-36:] for row in written] == [changed["uuid"]], (
        "only what has changed is read again"
    )


def test_the_table_has_all_columns_with_their_types(
    postgres: Postgres, environment: dict[str, str]
) -> None:
    assert load("", environment).returncode == 0
    described = "select attname || ' ' || format_type(atttypid, null) from pg_attribute"
    found = postgres.lines(
        f"{described} where attrelid = 'akeneo.products'::regclass and attnum > 0"
    )
    properties = load_schema("products", ("uuid",))["properties"]
    assert dict(line.split(" ", 1) for line in found) == {
        name: kind(schema) for name, schema in properties.items()
    }


def kind(schema: dict[str, Any]) -> str:
    if schema.get("format") == "date-time":
        return "timestamp with time zone"
    types = {"string": "text", "boolean": "boolean"}
    declared = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    return types.get(declared[0], "jsonb")


def message(uuid: str, family: str) -> str:
    record = {"type": "RECORD", "stream": "products", "record": {"uuid": uuid, "family": family}}
    return json.dumps(record) + "\n"


def state(number: int) -> str:
    return json.dumps({"type": "STATE", "value": {"number": number}}) + "\n"


def test_the_last_row_of_a_key_counts_and_the_last_state_is_printed(
    postgres: Postgres, environment: dict[str, str]
) -> None:
    ended = load(message("a", "old") + state(1) + message("a", "new") + state(2), environment)
    assert json.loads(ended.stdout) == {"number": 2}
    assert [row["family"] for row in postgres.rows("akeneo.products")] == ["new"]


BROKEN = {
    "a line that is cut off": (message("b", "x") + state(2) + '{"type": "RECO', "invalid input"),
    "another stream": (
        message("b", "x").replace("products", "families") + state(2),
        "only the str",
    ),
    "batch files": ('{"type": "BATCH", "stream": "products"}\n' + state(2), "only the stream"),
    "a row without a key": (
        '{"type": "RECORD", "stream": "products", "record": {}}\n',
        "null value",
    ),
}


@pytest.mark.parametrize("name", BROKEN)
def test_a_run_that_fails_changes_nothing_and_prints_no_state(
    postgres: Postgres, environment: dict[str, str], name: str
) -> None:
    load(message("a", "stays") + state(1), environment)
    messages, error = BROKEN[name]
    ended = load(message("a", "goes") + messages, environment)
    assert ended.returncode == 3
    assert error in ended.stderr
    assert ended.stdout == ""
    assert [row["family"] for row in postgres.rows("akeneo.products")] == ["stays"]


def test_the_script_has_less_than_30_lines() -> None:
    assert len(SCRIPT.read_text("utf-8").splitlines()) < 30
