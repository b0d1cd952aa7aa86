"""All streams of the tap, and Meltano with the loader of meltano.yml."""

from __future__ import annotations

import json
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

from tap_akeneo.streams.resource import READ_AT, load_schema
from tests.loader.support import Database
from tests.meltano.project import Project
from tests.support import settings_for
from tests.targets.duck import duckdb_loader
from tests.targets.feed import read_enterprise, rows_of
from tests.targets.meltano import set_up
from tests.targets.reading import key_of, keys

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartPim
    from tests.loader.support import Message
    from tests.targets.reading import Key, Row

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def test_every_row_of_every_stream_arrives_as_sent(database: Database, tmp_path: Path) -> None:
    first, second, third = read_enterprise(tmp_path / "pim")
    so_far: list[Message] = []
    for messages in (first, second):
        so_far += messages
        assert database.load(*messages)[-1] == last_state(messages)
        for stream, sent in rows_of(so_far).items():
            assert stored(database, stream) == expected(stream, sent)
    database.load(*third)
    activated = {one["stream"] for one in third if one["type"] == "ACTIVATE_VERSION"}
    assert len(activated) > 20
    for stream in activated:
        living = stored(database, stream, "where _sdc_deleted_at is null")
        assert living == expected(stream, rows_of(third).get(stream, {}))
        assert stored(database, stream).keys() == rows_of(so_far + third)[stream].keys()


def test_meltano_runs_the_loader_of_our_project(start_pim: StartPim, tmp_path: Path) -> None:
    set_up("only-meltano")
    pim = start_pim()
    project = Project.copied(tmp_path, settings_for(pim), duckdb_loader())
    for _ in range(2):
        command = "meltano --environment=prod run tap-akeneo akeneo-duckdb-loader"
        code, log = project.run(command, AKENEO_DUCKDB_LOADER_DEFAULT_TARGET_SCHEMA="pim")
        assert code == 0, log
    job = "prod:tap-akeneo-to-akeneo-duckdb-loader"
    code, log = project.run(f"meltano --environment=prod state get {job}")
    assert '"replication_key_value"' in log, log
    found = Database(tmp_path).sql("select count(*), count(distinct uuid) from pim.products")
    assert found == [(len(pim.truth("products")),) * 2]


def last_state(messages: list[Message]) -> Any:
    return [one["value"] for one in messages if one["type"] == "STATE"][-1]


def stored(database: Database, stream: str, where: str = "") -> dict[Key, Row]:
    """Return the rows of a table by key."""
    types = database.types(stream)
    columns = [
        f'epoch_us("{name}")' if kind.startswith("TIMESTAMP") else f'"{name}"'
        for name, kind in types.items()
    ]
    found = {}
    for values in database.sql(f'select {", ".join(columns)} from "{stream}" {where}'):  # noqa: S608
        row = {
            name: json.loads(value) if types[name] == "JSON" and value is not None else value
            for name, value in zip(types, values, strict=True)
        }
        # The time of a reading is a part of the key of `readings`.
        moment = {READ_AT: EPOCH + timedelta(microseconds=row.get(READ_AT) or 0)}
        found[key_of(stream, {**row, **moment})] = without_nulls(row)
    return found


def expected(stream: str, sent: dict[Key, Row]) -> dict[Key, Row]:
    properties = load_schema(stream, keys(stream))["properties"]
    dates = {name for name, of in properties.items() if of.get("format") == "date-time"} | {READ_AT}
    return {
        key: without_nulls(
            {name: microseconds(one) if name in dates else one for name, one in row.items()}
        )
        for key, row in sent.items()
    }


def microseconds(date: str | None) -> int | None:
    if date is None:
        return None
    return (datetime.fromisoformat(date) - EPOCH) // timedelta(microseconds=1)


def without_nulls(row: Row) -> Row:
    return {name: value for name, value in row.items() if value is not None}
