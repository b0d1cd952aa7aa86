"""The loaders to try: those on PyPI that need no account and no server except PostgreSQL."""

from __future__ import annotations

import csv
import gzip
import json
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import duckdb

from demo.database import KEYS, in_utc
from tap_akeneo.streams.readings import Readings
from tap_akeneo.streams.resource import load_schema
from tests.targets.postgres import USER

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

    from tests.targets.postgres import Postgres
    from tests.targets.reading import Row

SCHEMA = "akeneo"


@dataclass(frozen=True)
class Place:
    """Where a loader writes.

    Attributes:
        folder: The loader's own working directory.
        server: An empty database server.
        schema: The schema of its tables there.
    """

    folder: Path
    server: Postgres
    schema: str = SCHEMA

    def within(self, name: str) -> Place:
        """Make a place of its own in a new folder of this one."""
        folder = self.folder / name
        folder.mkdir()
        return replace(self, folder=folder, schema=f"{self.schema}_{name}")


@dataclass(frozen=True)
class Loader:
    """A loader published on PyPI, or our own.

    Attributes:
        name: Name of the distribution.
        command: Name of the executable.
        settings: Returns the settings for a place.
        read: Yields the rows written there with their streams, oldest first.
        version: Its latest release on PyPI.
        folder: Where it is in this repository, if it is our own.
        also: Further packages to install.
        needs: What it requires to work, as text for the table.
        fails: Why it does not work, as text for the table.
        changes: What it changes in rows although it works, as text for the table.
        keeps_empty: Whether it tells an empty text from a missing one.
        before: SQL to run on the server before, as the page says.
        to_compare: Further settings, each of which is measured for speed.
        for_numbers: Settings with which it is tried again, because they may change numbers.
    """

    name: str
    command: str
    settings: Callable[[Place], dict[str, Any]]
    read: Callable[[Place], Iterator[tuple[str, Row]]]
    version: str = ""
    folder: str = ""
    also: tuple[str, ...] = ()
    needs: str = ""
    fails: str = ""
    changes: str = ""
    keeps_empty: bool = True
    before: str = ""
    to_compare: tuple[Mapping[str, Any], ...] = ({},)
    for_numbers: Mapping[str, Any] = field(default_factory=dict)

    @property
    def requirements(self) -> tuple[str, ...]:
        """Arguments for pip."""
        if self.folder:
            return ("-e", self.folder)
        return (f"{self.name}=={self.version}", *self.also)

    @property
    def label(self) -> str:
        """Its name in the tables."""
        return f"`{self.name}`" if self.folder else f"`{'` `'.join(self.requirements)}`"


def _duckdb(place: Place) -> Iterator[tuple[str, Row]]:
    with duckdb.connect(str(place.folder / "akeneo.duckdb"), read_only=True) as database:
        for (stream,) in database.sql("show tables").fetchall():
            table = in_utc(database, stream)
            for values in table.fetchall():
                yield stream, dict(zip(table.columns, values, strict=True))


def _tables(place: Place) -> Iterator[tuple[str, Row]]:
    for stream in place.server.tables(place.schema):
        for line in place.server.lines(f'select to_jsonb(t) from "{stream}" t', place.schema):  # noqa: S608
            yield stream, _exact(line)


def _lines(place: Place) -> Iterator[tuple[str, Row]]:
    """Read files of records, which are named after the stream and the time of the run."""
    for file in sorted(place.folder.glob("*-2*.json*")):
        for line in file.read_text(encoding="utf-8").split("\n"):
            if line:
                yield file.name.partition("-")[0], _exact(line)


def _messages(place: Place) -> Iterator[tuple[str, Row]]:
    """Read files of Singer messages."""
    for file in sorted(place.folder.glob("*/*.singer.gz")):
        for line in gzip.decompress(file.read_bytes()).decode().split("\n"):
            message = _exact(line or "{}")
            if message.get("type") == "RECORD":
                yield message["stream"], message["record"]


def _one_by_one(place: Place) -> Iterator[tuple[str, Row]]:
    """Read files with one record each."""
    files = sorted(place.folder.glob("*/*.json"), key=lambda file: file.stat().st_mtime_ns)
    for file in files:
        yield file.parent.name, _exact(file.read_text(encoding="utf-8"))["record"]


def _csv(place: Place) -> Iterator[tuple[str, Row]]:
    csv.field_size_limit(2**31 - 1)
    for path in sorted(place.folder.glob("*.csv")):
        with path.open(encoding="utf-8", newline="") as file:
            for row in csv.DictReader(file):
                yield path.stem.partition("-")[0], dict(row)


def _exact(line: str) -> Any:
    """Decode JSON without rounding its numbers to floats."""
    return json.loads(line, parse_float=Decimal)


def nested_to_json() -> dict[str, dict[str, str]]:
    """Return stream maps that convert nested values to JSON, for loaders that do not do so."""
    return {
        stream: {name: f"json.dumps(record.get('{name}'))" for name in names}
        for stream, keys in {**KEYS, Readings.name: Readings.primary_keys}.items()
        if (names := nested(stream, keys))
    }


def nested(stream: str, keys: tuple[str, ...]) -> list[str]:
    """Return the names of a stream's properties that are objects or lists."""
    properties = load_schema(stream, keys)["properties"]
    return [name for name, of in properties.items() if {"object", "array"} & {*of["type"]}]


def _nothing(_: Place) -> Iterator[tuple[str, Row]]:
    yield from ()


# Old loaders report usage to their vendor unless this is set.
_QUIET = {"disable_collection": True}
_OLD_PYTHON = "only runs on Python 3.9 and older (`collections.MutableMapping`)"

POSTGRES = Loader(
    name="meltanolabs-target-postgres",
    version="0.8.1",
    command="target-postgres",
    settings=lambda place: place.server.settings(place.schema),
    read=_tables,
    needs="sessions in UTC: see [PostgreSQL](#postgresql)",
    before=f"alter role {USER} set timezone to 'UTC'",
    # Not `use_copy`, which changes numbers.
    to_compare=({}, {"validate_records": False}),
    for_numbers={"use_copy": True},
)
TARGET_DUCKDB = Loader(
    name="target-duckdb",
    version="0.8.0",
    command="target-duckdb",
    settings=lambda place: {
        "path": str(place.folder / "akeneo.duckdb"),
        "default_target_schema": "main",
        "batch_size_rows": 1000,
        "add_metadata_columns": True,
    },
    read=_duckdb,
    also=("duckdb<1.3",),
    keeps_empty=False,
    needs="`add_metadata_columns: true` and that `duckdb`; otherwise it silently loses rows",
    changes='`""` becomes null. [A code in single quotes](#duckdb) changes the quotes in its '
    "batch, or ends the run",
    to_compare=({}, {"batch_size_rows": 10_000}, {"validate_records": False}),
)
LOADERS = (
    Loader(
        name="akeneo-duckdb-loader",
        folder="./duckdb_loader",
        command="akeneo-duckdb-loader",
        settings=lambda place: {"path": str(place.folder / "akeneo.duckdb")},
        read=_duckdb,
    ),
    POSTGRES,
    TARGET_DUCKDB,
    Loader(
        name="pipelinewise-target-postgres",
        version="2.1.2",
        command="target-postgres",
        settings=lambda place: {
            **_QUIET,
            **{
                "dbname" if name == "database" else name: value
                for name, value in place.server.settings(place.schema).items()
            },
        },
        read=_tables,
        needs="Python 3.12 or older",
        keeps_empty=False,
        changes='`""` becomes null, and tabs and line breaks in columns of texts `\\t` and `\\n`',
        to_compare=({}, {"batch_size_rows": 10_000}),
    ),
    Loader(
        name="target-jsonl",
        version="0.1.4",
        command="target-jsonl",
        settings=lambda place: {**_QUIET, "destination_path": str(place.folder)},
        read=_lines,
    ),
    Loader(
        name="target-singer-jsonl",
        version="0.1.0",
        command="target-singer-jsonl",
        settings=lambda place: {"destination": "local", "local": {"folder": str(place.folder)}},
        read=_messages,
    ),
    Loader(
        name="target-localjson",
        version="0.1.1",
        command="target-localjson",
        settings=lambda place: {**_QUIET, "dest_dir": str(place.folder)},
        read=_one_by_one,
    ),
    Loader(
        name="meltanolabs-target-csv",
        version="0.5.0",
        command="target-csv",
        settings=lambda place: {
            "output_path": str(place.folder),
            "file_naming_scheme": "{stream_name}-{timestamp}.csv",
            "stream_maps": nested_to_json(),
        },
        read=_csv,
        needs="a file for each run and [`stream_maps`](#csv) for nested values",
        changes='null becomes `""`',
        keeps_empty=False,
        to_compare=({}, {"validate_records": False}),
    ),
    Loader(
        name="target-universal-file",
        version="0.0.1",
        command="target-universal-file",
        settings=lambda place: {
            "file_type": "csv",
            "protocol": "local",
            "path": str(place.folder),
        },
        read=_csv,
        keeps_empty=False,
        fails="CSV: each run replaces the files of the run before. JSONL: n"
        "o dates. Parquet: no empty columns",
    ),
    Loader(
        name="target-json",
        version="0.0.11",
        command="target-json",
        settings=lambda _: _QUIET,
        read=_nothing,
        also=("pytz",),
        fails="writes records without a separator",
    ),
    Loader(
        name="target-avro",
        version="0.2.0",
        command="target-avro",
        settings=lambda _: {**_QUIET, "prefix": "akeneo"},
        read=_nothing,
        fails="does not support objects with unknown keys, such as `labels`",
    ),
    Loader(
        name="target-csv",
        version="0.3.0",
        command="target-csv",
        settings=lambda place: {**_QUIET, "destination_path": str(place.folder)},
        read=_nothing,
        fails=_OLD_PYTHON,
    ),
    Loader(
        name="target-sqlite",
        version="0.2.0",
        command="target-sqlite",
        settings=lambda place: {**_QUIET, "database": str(place.folder / "akeneo")},
        read=_nothing,
        fails=_OLD_PYTHON,
    ),
    Loader(
        name="target-parquet",
        version="0.0.1",
        command="target-parquet",
        settings=lambda place: {**_QUIET, "destination_path": str(place.folder)},
        read=_nothing,
        fails="cannot be installed: needs a `pandas` of 2019",
    ),
    Loader(
        name="target-postgres",
        version="1.1.3",
        command="target-postgres",
        settings=lambda place: {**_QUIET, **place.server.settings(place.schema)},
        read=_nothing,
        fails="cannot be installed: needs a `psycopg2` of 2018",
    ),
    Loader(
        name="singer-target-postgres",
        version="0.2.4",
        command="target-postgres",
        settings=lambda place: {
            **_QUIET,
            **{
                f"postgres_{name}": value
                for name, value in place.server.settings(place.schema).items()
            },
        },
        read=_nothing,
        fails="cannot be installed: needs a `psycopg2` of 2020",
    ),
    Loader(
        name="target-mysql",
        version="0.8.0",
        command="target-mysql",
        settings=lambda _: {},
        read=_nothing,
        fails="the release contains no command",
    ),
)
