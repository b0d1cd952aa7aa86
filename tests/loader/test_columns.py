"""Columns that are new or of another type, and files that target-duckdb has written."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import duckdb
import pytest

from tests.loader.support import (
    BOOLEAN,
    DATE,
    INTEGER,
    NUMBER,
    OBJECT,
    TEXT,
    lines,
    record,
    schema,
    state,
)
from tests.targets.loaders import TARGET_DUCKDB
from tests.targets.meltano import make_environment

if TYPE_CHECKING:
    from tests.loader.support import Database

KINDS: dict[str, Any] = {
    "text": TEXT,
    "date": DATE,
    "integer": INTEGER,
    "number": NUMBER,
    "flag": BOOLEAN,
}
VALUES: dict[str, Any] = {
    "text": "x",
    "date": "2024-03-31T00:30:00+00:00",
    "integer": 5,
    "number": 1.5,
    "flag": True,
    "nested": {"a": [1, "x"]},
}


def test_a_new_column_is_added(database: Database) -> None:
    database.load(schema(), record(code="a"))
    database.load(schema(**KINDS), record(code="b", integer=5))
    assert [row[0] for row in database.rows(columns="code, integer") if row[1] == 5] == ["b"]
    # A column that the stream no longer has keeps its values.
    database.load(schema(), record(code="c"))
    assert database.rows(columns="code, integer") == [("a", None), ("b", 5), ("c", None)]


def test_another_schema_may_follow_in_the_same_input(database: Database) -> None:
    states = database.load(
        schema(value=INTEGER),
        record(code="a", value=1),
        record(code="b", value=2),
        state(1),
        schema(value=TEXT, other=TEXT),
        record(code="b", value="x", other="y"),
        state(2),
        schema(value=TEXT, other=TEXT),
        record(code="c"),
        state(3),
    )
    assert states == [1, 3]
    assert database.rows() == [("a", "1", None), ("b", "x", "y"), ("c", None, None)]


@pytest.mark.parametrize(
    ("before", "after", "kind"),
    [
        ("integer", "number", "DOUBLE"),
        ("integer", "text", "VARCHAR"),
        ("number", "text", "VARCHAR"),
        ("flag", "text", "VARCHAR"),
        ("date", "text", "VARCHAR"),
        ("text", "nested", "JSON"),
        ("integer", "nested", "JSON"),
        ("date", "nested", "JSON"),
        ("nested", "text", "JSON"),
        ("nested", "integer", "JSON"),
        ("number", "integer", "JSON"),  # 1.5 is no integer
        ("text", "integer", "JSON"),
        ("text", "date", "JSON"),
        ("flag", "integer", "JSON"),
        ("date", "flag", "JSON"),
    ],
)
def test_a_column_of_another_type_keeps_its_values(
    database: Database, before: str, after: str, kind: str
) -> None:
    of = {**KINDS, "nested": OBJECT}
    database.load(
        schema(value=of[before]), record(code="a", value=VALUES[before]), record(code="n")
    )
    for code in "bc":
        database.load(schema(value=of[after]), record(code=code, value=VALUES[after]))
    assert database.types()["value"] == kind
    old, new, again, none = (
        value for (value,) in database.sql("select value from items order by code")
    )
    assert (new, none) == (again, None)
    if kind == "JSON":
        old, new = json.loads(old), json.loads(new)
    if before == "date":
        assert old.startswith("2024-03-31 00:30:00")
    elif kind == "VARCHAR":
        assert old == json.dumps(VALUES[before])
    else:
        assert old == VALUES[before]
    assert new == VALUES[after]


def test_an_empty_column_takes_the_new_type(database: Database) -> None:
    database.load(schema(value=TEXT), record(code="a"))
    database.load(schema(value=DATE), record(code="b", value=VALUES["date"]))
    assert database.types()["value"] == "TIMESTAMP WITH TIME ZONE"


def test_a_key_of_another_type_stays_a_key(database: Database) -> None:
    database.load(schema(code=INTEGER), record(code=1), record(code=2))
    database.load(schema(code=TEXT), record(code="2"), record(code="x"))
    assert database.rows() == [("1",), ("2",), ("x",)]
    # As JSON, a text is another key than a number.
    database.load(schema(code=INTEGER), record(code=2), record(code=2))
    assert database.rows() == [('"1"',), ('"2"',), ('"x"',), ("2",)]


@pytest.mark.parametrize("version", ["v0.10.2", "latest"])
def test_a_file_in_another_format_of_duckdb_is_used_as_it_is(
    database: Database, version: str
) -> None:
    items = schema(**KINDS, nested=OBJECT)
    with duckdb.connect() as connection:
        connection.execute(f"attach '{database.path}' as db (storage_version '{version}')")
    for number in (1, 2):
        database.load(items, record(code="a", **VALUES), record(code="b", integer=number))
        assert database.rows(columns='code, "integer"') == [("a", 5), ("b", number)]


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="target-duckdb's duckdb has no release")
def test_a_file_of_target_duckdb_remains_usable(database: Database) -> None:
    items = schema(**KINDS, nested=OBJECT, quoted=TEXT)
    old: dict[str, Any] = {**VALUES, "date": "2024-03-31T02:30:00+02:00", "quoted": 'a "b", c'}
    programs = make_environment(TARGET_DUCKDB.name, TARGET_DUCKDB.requirements)
    config = database.folder / "target.json"
    settings = {"default_target_schema": "main", "add_metadata_columns": True}
    config.write_text(json.dumps({"path": str(database.path), **settings}))
    subprocess.run(  # noqa: S603 (a loader that we installed)
        [programs / TARGET_DUCKDB.command, "--config", config],
        input=lines([items, record(code="a", **old), record(code="b", **old)]),
        capture_output=True,
        check=True,
    )
    changed = {**old, "integer": 6, "number": 2**60 + 1}
    database.load(items, record(code="b", **changed), record(code="c", **changed))
    assert database.types()["date"] == "TIMESTAMP WITH TIME ZONE"
    columns = "code, epoch(date), \"integer\", number::text, nested->>'$.a[1]', quoted"
    assert database.rows(columns=columns) == [
        ("a", 1711845000, 5, "1.5", "x", 'a "b", c'),
        ("b", 1711845000, 6, str(2**60 + 1), "x", 'a "b", c'),
        ("c", 1711845000, 6, str(2**60 + 1), "x", 'a "b", c'),
    ]
