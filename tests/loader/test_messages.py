"""Messages, settings and errors."""

from __future__ import annotations

import json
import random
import resource
import subprocess
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.loader.support import OBJECT, activate, program, record, schema, state

if TYPE_CHECKING:
    from pathlib import Path

    from tests.loader.support import Database

ITEMS = schema(name={"type": "string"})


def test_rows_are_merged_by_their_key(database: Database) -> None:
    first = [record(code="a", name="1"), record(code="b", name="2")]
    assert database.load(ITEMS, *first, state({"page": 1})) == [{"page": 1}]
    database.load(ITEMS, record(code="b", name="3"), record(code="c", name="4"))
    assert database.rows() == [("a", "1"), ("b", "3"), ("c", "4")]


def test_the_last_row_of_a_key_counts(database: Database) -> None:
    many = [record(code=str(n % 100), name=str(n)) for n in range(20_000)]
    database.load(ITEMS, *many)
    assert database.rows() == sorted(((str(n), str(19_900 + n)) for n in range(100)), key=str)


def test_rows_without_a_key_are_appended(database: Database) -> None:
    messages = schema(keys=(), name={"type": "string"}), record(name="x"), record(name="x")
    database.load(*messages)
    database.load(*messages)
    assert database.rows() == [("x",)] * 4


def test_all_parts_of_a_key_count(database: Database) -> None:
    two = schema(keys=("family", "code"), n={"type": "integer"})
    rows = [record(family=f, code=c, n=0) for f in ("a", "b", "a,b") for c in ("x", "y", "b,x")]
    database.load(two, *rows)
    database.load(two, record(family="a", code="b,x", n=1), record(family="a,b", code="x", n=2))
    assert len(database.rows()) == 9
    assert [row for row in database.rows() if row[2]] == [("a", "b,x", 1), ("a,b", "x", 2)]


def test_it_says_how_many_rows_it_has_loaded(database: Database) -> None:
    rows = [record(code="a"), record(code="b"), record(code="b"), record("others", code="c")]
    ended = database.run(ITEMS, schema("others"), *rows)
    assert ended.stderr.decode().splitlines() == [
        "Loaded 2 rows into items",
        "Loaded 1 rows into others",
    ]


def test_a_property_that_is_missing_becomes_null(database: Database) -> None:
    database.load(ITEMS, record(code="a", name="1"))
    database.load(ITEMS, record(code="a"))
    assert database.rows() == [("a", None)]


def test_rows_have_the_time_when_they_were_read(database: Database) -> None:
    database.load(ITEMS, record(code="a"), record(version=7, code="b"))
    found = database.rows(columns="_sdc_extracted_at::varchar, _sdc_table_version")
    assert found == [("2026-05-04 03:02:01.000009+00", n) for n in (7, None)]
    assert database.rows(columns="_sdc_deleted_at::varchar") == [(None,), (None,)]
    ((age,),) = database.sql("select epoch(now() - min(_sdc_batched_at)) from items")
    assert 0 <= age < 60


def test_messages_may_be_written_in_any_way(database: Database) -> None:
    database.load(
        json.dumps({key: ITEMS[key] for key in reversed(ITEMS)}) + "\r\n",
        '{"type": "RECORD", "stream": "items", "record": {"code": "a", "name": "1"}}\n',
        '{"record":{"name":"2","code":"b"},"stream":"items","type":"RECORD"}\n',
        '{"type":"RECORD","stream":"it\\u0065ms","record":{"code":"c","name":"3"}}',
    )
    assert database.rows() == [("a", "1"), ("b", "2"), ("c", "3")]


def test_names_may_have_any_characters(database: Database) -> None:
    name = """a "b" 'c' ; -- ü {0} %s \\ rowid"""
    odd = schema(name, keys=(name,), rowid=OBJECT, record=OBJECT, version=OBJECT)
    row = record(name, rowid={"a": 1}, record={})
    row["record"] |= {name: "k", "version": {"b": 2}}
    database.load(odd, row, row, default_target_schema=name)
    there = database.sql("select schema_name, table_name, estimated_size from duckdb_tables()")
    assert there == [(name, name, 1)]


@pytest.mark.parametrize("hard_delete", [False, True, "true"])
def test_a_version_ends_the_rows_of_others(database: Database, hard_delete: object) -> None:
    database.load(ITEMS, *(record(code=code) for code in "abc"), hard_delete=hard_delete)
    rows = [record(version=1, code=code) for code in "bcd"]
    states = database.load(ITEMS, *rows, activate(1), state(1), hard_delete=hard_delete)
    assert states == [1]
    living = database.sql("select code from items where _sdc_deleted_at is null order by code")
    assert living == [("b",), ("c",), ("d",)]
    assert len(database.rows()) == (3 if hard_delete else 4)
    # A row that exists again, and a version without rows.
    database.load(ITEMS, record(version=1, code="a"), hard_delete=hard_delete)
    assert database.sql("select count(*) from items where _sdc_deleted_at is null") == [(4,)]
    database.load(ITEMS, activate(2), hard_delete=hard_delete)
    assert database.sql("select count(*) from items where _sdc_deleted_at is null") == [(0,)]


def test_only_a_version_deletes(database: Database) -> None:
    database.load(ITEMS, record(version=1, code="a"), activate(1), hard_delete=True)
    database.load(ITEMS, record(version=2, code="b"), hard_delete=True)
    assert database.rows() == [("a", None), ("b", None)]


@pytest.mark.parametrize(
    ("wrong", "error"),
    [
        ("Traceback\n", "Expecting value"),
        ('{"type":"RECORD","stream":"items","record":{"code":"a"\n', "Expecting ',' delimiter"),
        ('{"type":"RECORD","stream":"items","record":{"code":no}}\n', "Expecting value"),
        (b'{"type":"RECORD","stream":"items","record":{"code":"\xff"}}\n', "utf-8"),
        ('{"type":"RECORD","stream":"items","record":[]}\n', "RECORD"),
        ('{"type":"RECORD","stream":"others","record":{"code":"a"}}\n', "others: a RECORD came"),
        ('{"type":"BATCH","stream":"items"}\n', "the type BATCH"),
        ('{"stream":"items"}\n', "KeyError('type')"),
        ('["RECORD"]\n', "TypeError"),
        ('{"type":"SCHEMA","stream":"x","schema":{},"key_properties":[]}\n', "properties"),
        (activate(1, "others"), "KeyError('others')"),
        (record(code=None), "NOT NULL"),
        (schema("x", keys=("id",)) | {"key_properties": ["uuid"]}, "its key"),
    ],
)
def test_a_message_that_cannot_be_read_ends_the_load_with_one_line(
    database: Database, wrong: Any, error: str
) -> None:
    database.load(ITEMS, record(code="before"))
    assert error in database.refused(ITEMS, record(code="a"), state(1), wrong, state(2))
    assert database.rows() == [("before", None)]


def test_what_came_before_a_message_that_was_cut_off_is_kept(database: Database) -> None:
    cut = '{"type":"RECORD","stream":"items","record":{"code":"\u00e9'.encode()[:-1]
    ended = database.run(ITEMS, record(code="a"), state(1), record(code="b"), cut)
    assert (ended.returncode, ended.stdout) == (1, b"1\n")
    assert "akeneo-duckdb-loader: Error: 'utf-8' codec can't decode" in ended.stderr.decode()
    assert database.rows() == [("a", None), ("b", None)]


@pytest.mark.parametrize("runs", [1, 2])
def test_streams_that_differ_only_by_case_are_refused(database: Database, runs: int) -> None:
    first = [ITEMS, record(code="a")]
    if runs == 2:
        database.load(*first)
        first = []
    error = database.refused(*first, schema("Items"), record("Items", code="b"))
    assert "Items: there is a table whose name differs only by case" in error
    if runs == 2:
        assert database.rows() == [("a", None)]


def test_another_key_is_refused(database: Database) -> None:
    database.load(ITEMS, record(code="a"))
    error = database.refused(schema(keys=("uuid",)), record(uuid="b"))
    assert "the key of the table is ['code'], but that of the stream is ['uuid']" in error
    assert "drop the table" in error
    assert database.rows() == [("a", None)]


def test_a_file_that_another_program_uses_is_refused(database: Database) -> None:
    with duckdb.connect(str(database.path)):
        assert "lock" in database.refused(ITEMS, record(code="a"))
    database.load(ITEMS, record(code="a"))


def test_a_file_that_is_no_database_is_refused(database: Database) -> None:
    database.path.write_text("code,name\n" * 1000)
    assert "not a valid DuckDB database" in database.refused(ITEMS)
    assert "missing" in database.refused(ITEMS, path=None)
    assert "nowhere" in database.refused(ITEMS, path=f"{database.folder}/nowhere/a.duckdb")


def test_a_full_disk_loses_nothing_that_was_there(database: Database) -> None:
    database.load(ITEMS, record(code="a"))
    big = [record(code=str(n), name=str(hash(str(n))) * 100) for n in range(3_000)]
    ended = subprocess.run(  # noqa: S603 (our own loader)
        database.command(),
        input=b"".join(json.dumps(one).encode() + b"\n" for one in (ITEMS, *big, state(1))),
        capture_output=True,
        check=False,
        timeout=60,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 20, 1 << 20)),
    )
    assert (ended.returncode, ended.stdout) == (1, b"")
    assert ended.stderr.count(b"\n") == 1, ended.stderr
    database.load(ITEMS, record(code="b"))
    assert database.rows() == [("a", None), ("b", None)]


def test_a_disk_that_becomes_full_keeps_what_the_printed_states_cover(database: Database) -> None:
    chance = random.Random(1)  # noqa: S311 (not for secrets)
    messages = [ITEMS]
    for number in range(400):
        messages.append(record(code=str(number), name=f"{chance.getrandbits(60_000):x}"))
        messages.append(state(number))
    ended = subprocess.run(  # noqa: S603 (our own loader)
        # Each record is a transaction of its own.
        database.command(batch_size_mb=0),
        input=b"".join(json.dumps(one).encode() + b"\n" for one in messages),
        capture_output=True,
        check=False,
        timeout=120,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (3 << 20, 3 << 20)),
    )
    assert ended.returncode == 1
    others = [one for one in ended.stderr.splitlines() if not one.startswith(b"Loaded ")]
    assert len(others) == 1, others
    covered = int(ended.stdout.split()[-1])
    assert 0 < covered < 399
    there = {code for code, _ in database.rows()}
    assert {str(number) for number in range(covered + 1)} <= there
    database.load(ITEMS, *messages[2 * covered + 3 :])
    assert len(database.rows()) == 400


def test_settings_come_from_files_and_variables(database: Database, tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    first.write_text(json.dumps({"path": "not this", "default_target_schema": "pim"}))
    second.write_text(json.dumps({"path": str(database.path)}))
    subprocess.run(  # noqa: S603 (our own loader)
        [program(), "--config", first, "--config", second],
        input=b"".join(json.dumps(one).encode() + b"\n" for one in (ITEMS, record(code="a"))),
        check=True,
        env={"AKENEO_DUCKDB_LOADER_PATH": "nor this", "AKENEO_DUCKDB_LOADER_HARD_DELETE": "true"},
    )
    assert database.sql("select code from pim.items") == [("a",)]


def test_it_prints_its_version() -> None:
    version = subprocess.check_output([program(), "--version"], text=True)  # noqa: S603
    assert version.startswith("akeneo-duckdb-loader 0.")


def test_a_column_that_cannot_change_its_type_is_named_and_nothing_is_left(
    database: Database,
) -> None:
    # A table that the loader has not made: its own keys are not declared.
    with duckdb.connect(str(database.folder / "akeneo.duckdb")) as connection:
        connection.sql("create table items (code integer primary key)")
    error = database.refused(schema("others"), record("others", code="a"), ITEMS)
    assert 'items: "code" cannot become VARCHAR: ' in error
    assert "Rename or drop the table, and read all rows again" in error
    assert [path.name for path in database.folder.glob("*.pieces")] == []
