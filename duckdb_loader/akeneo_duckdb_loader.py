"""Singer target that writes a DuckDB file. DuckDB parses, converts and merges the records.

Python only sorts the lines by stream, because parsing them in Python would take most of the time.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import signal
import sys
import tempfile
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import duckdb

__version__ = "0.1.0"
NAME = "akeneo-duckdb-loader"
SETTINGS: dict[str, tuple[Any, str]] = {
    "path": (None, "Database file. Its folder must exist."),
    "default_target_schema": ("main", "Schema of all tables."),
    "hard_delete": (False, "Delete rows that no longer exist instead of marking them."),
    "batch_size_mb": (64, "Size in MB of the messages that a transaction writes."),
    "batch_wait_limit_seconds": (60, "Seconds after which a STATE ends a transaction."),
}
INSTANT = "TIMESTAMP WITH TIME ZONE"
TYPES = {"string": "VARCHAR", "boolean": "BOOLEAN", "integer": "BIGINT", "number": "DOUBLE"}
METADATA = {f"_sdc_{name}_at": INSTANT for name in ("extracted", "batched", "deleted")}
METADATA["_sdc_table_version"] = "BIGINT"
# Whether a column of the type can hold the JSON text `j` without a loss.
FITS = {
    "BIGINT": r"regexp_full_match(j, '-?\d+(\.0)?') and try_cast(j as bigint) is not null",
    # DuckDB writes a double in the same way again; other numbers have more digits.
    "DOUBLE": "coalesce(to_json(try_cast(j as double))::varchar in (j, j || '.0'), false)",
    "BOOLEAN": "j in ('true', 'false')",
    INSTANT: r"""try_cast(j::json->>'$' as timestamptz) is not null and regexp_full_match(j,
        '"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d(:?\d\d)?)?)?"')""",
}
RECORD = re.compile(rb'\{"type": ?"RECORD", ?"stream": ?"([^"\\]+)", ?"record": ?\{')
# DuckDB reads decimals as doubles, even inside of JSON. It gets longer ones as strings with a mark.
# The first pattern finds lines that may have such a number; it must be fast.
LONG_DECIMAL = re.compile(rb"\.(?:[0-9]{8}|(?<=[0-9]{9}\.)[0-9]|[0-9]+[eE])")
STRING_OR_NUMBER = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|-?[0-9][0-9.eE+-]*')
MARK = f"number-{os.urandom(8).hex()}:"


class Refused(Exception):
    """Settings or messages that the loader cannot use. The text is for users."""


def quoted(name: str) -> str:
    """Return a name as SQL."""
    return '"' + name.replace('"', '""') + '"'


def literal(text: object) -> str:
    """Return a text as SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def parsed(line: bytes) -> Any:
    """Return a line as JSON."""
    try:
        return json.loads(line)
    except ValueError as error:
        raise Refused(f"not JSON: {line[:80]!r}: {error}") from error


def column_type(schema: dict[str, Any]) -> str:
    """Return the type of the column for a property."""
    types = schema.get("type", [])
    (kind, *more) = ({types} if isinstance(types, str) else {*types} - {"null"}) or {""}
    if kind == "string" and schema.get("format") == "date-time" and not more:
        return INSTANT
    return "JSON" if more else TYPES.get(kind, "JSON")


def marked(match: re.Match[bytes]) -> bytes:
    """Return a number that a double cannot hold as a string with a mark."""
    token = match[0].decode()
    if token[0] == '"' or Decimal(token) == Decimal(repr(float(token))):
        return match[0]
    return f'"{MARK}{token}"'.encode()


@dataclass
class Stream:
    """A stream whose SCHEMA was received, and the file of its records for the next transaction."""

    schema: dict[str, Any]
    table: str
    keys: list[str]
    types: dict[str, str]
    file: Path
    lines: IO[bytes] | None = None
    longest: int = 1 << 20
    is_marked: bool = False

    def value(self, name: str, kind: str) -> str:
        """Return SQL that converts a property of a staged record to a type."""
        raw = f"record.{quoted(name)}"
        if self.is_marked:
            raw = rf"""regexp_replace({raw}::varchar, '"{MARK}([^"]*)"', '\1', 'g')::json"""
        if kind in {"VARCHAR", INSTANT}:
            return f"({raw}->>'$')::{kind}"
        return raw if kind == "JSON" else f"{raw}::varchar::{kind}"


class Loader:
    """Writes Singer messages to a database. Files of records are in `folder` in between."""

    def __init__(self, settings: dict[str, Any], folder: str) -> None:
        self.folder, self.schema = Path(folder), quoted(settings["default_target_schema"])
        self.hard_delete = str(settings["hard_delete"]).lower() in {"true", "1"}
        self.max_size = int(settings["batch_size_mb"]) << 20
        self.max_seconds = int(settings["batch_wait_limit_seconds"])
        self.streams: dict[str, Stream] = {}
        self.state: Any = None
        self.size, self.staged, self.loaded_at = 0, 0, time.monotonic()
        self.sql = duckdb.connect(config={"threads": min(4, os.cpu_count() or 1)}).execute
        # Small row groups are replaced faster. DuckDB 2 writes its own file format several times
        # slower, and older programs cannot read it.
        path = str(settings["path"])
        new = "" if Path(path).exists() else ", storage_version 'v1.2.0'"
        self.sql(f"attach {literal(path)} as db (row_group_size 2048{new}); set timezone = 'UTC'")
        self.sql(f"create schema if not exists db.{self.schema}")
        for kind, condition in FITS.items():
            self.sql(f"create temp macro {quoted(kind)}(j) as j is null or ({condition})")

    def receive(self, line: bytes) -> None:
        """Handle a line of input."""
        if match := RECORD.match(line):
            return self.add(match[1].decode(), line)
        message = parsed(line)
        kind, name = message["type"], message.get("stream")
        if kind == "STATE":
            self.state = message["value"]
            if time.monotonic() > self.loaded_at + self.max_seconds:
                self.load()
        elif kind == "RECORD" and isinstance(message["record"], dict):
            self.add(name, line)
        elif kind == "SCHEMA":
            if name not in self.streams or self.streams[name].schema != message:
                self.prepare(name, message)
        elif kind == "ACTIVATE_VERSION":
            self.load()
            action = "update {} set _sdc_deleted_at = now() where _sdc_deleted_at is null and"
            action = "delete from {} where" if self.hard_delete else action
            others = f"_sdc_table_version is distinct from {message['version']:d}"
            self.sql(f"{action.format(self.stream(name).table)} {others}")
        else:
            raise Refused(f"a message of the type {kind} is not supported")
        return None

    def stream(self, name: str) -> Stream:
        """Return a stream whose SCHEMA was received."""
        if name not in self.streams:
            raise Refused(f"{name}: a message came before the SCHEMA of its stream")
        return self.streams[name]

    def add(self, name: str, line: bytes) -> None:
        """Write a record to the file of its stream."""
        stream = self.stream(name)
        if LONG_DECIMAL.search(line) and (changed := STRING_OR_NUMBER.sub(marked, line)) != line:
            line, stream.is_marked = changed, True
        stream.lines = stream.lines or stream.file.open("wb")
        stream.lines.write(line if line.endswith(b"\n") else line + b"\n")
        stream.longest = max(stream.longest, len(line) + 1)
        self.size += len(line)
        if self.size >= self.max_size:
            self.load()

    def load(self) -> None:
        """Write what was received in one transaction, then print the state."""
        filled = [(stream, stream.lines) for stream in self.streams.values() if stream.lines]
        for stream, lines in filled:
            lines.close()
            self.stage(stream)
        self.sql("begin")
        for stream, _ in filled:
            self.merge(stream)
        self.sql("commit")
        for stream, _ in filled:
            self.sql(f"drop table {stream.file.name}")
            stream.lines, stream.longest, stream.is_marked = None, 1 << 20, False
        if self.state is not None:
            print(json.dumps(self.state), flush=True)
        self.state, self.size, self.loaded_at = None, 0, time.monotonic()

    def prepare(self, name: str, message: dict[str, Any]) -> None:
        """Create the table of a stream, or add its new columns and widen the others."""
        if name in self.streams:
            self.load()
        properties, keys = message["schema"]["properties"], message["key_properties"]
        types = {one: column_type(of) for one, of in properties.items() if one not in METADATA}
        if not types or not types.keys() >= {*keys}:
            raise Refused(f"{name}: the SCHEMA has no properties, or not those of its key")
        table, columns = f"db.{self.schema}.{quoted(name)}", types | METADATA
        parts = (f"{quoted(n)} {t}{' not null' * (n in keys)}" for n, t in columns.items())
        self.sql(f"create table if not exists {table} ({', '.join(parts)})")
        found = self.sql(f"describe {table}").fetchall()
        if (old := {n for n, _, null, *_ in found if null == "NO"}) != {*keys}:
            why = f"the key of the table is {sorted(old)}, but that of the stream is {sorted(keys)}"
            raise Refused(f"{name}: {why}. Rename or drop the table, and read all rows again")
        self.staged += 1
        stream = Stream(message, table, keys, types, self.folder / f"staged{self.staged}")
        self.streams[name] = stream
        before = {n.lower(): kind for n, kind, *_ in found}
        for one, kind in columns.items():
            if one.lower() not in before:
                self.sql(f"alter table {table} add column {quoted(one)} {kind}")
            elif before[one.lower()] != kind:
                self.widen(stream, one, before[one.lower()], kind)

    def widen(self, stream: Stream, name: str, old: str, new: str) -> None:
        """Change the type of a column to a new one, or to JSON if that cannot hold its values."""
        column = quoted(name)
        if new in FITS and old != "JSON":
            fits = f"bool_and({quoted(new)}(to_json({column})::varchar))"
            (all_fit,) = self.sql(f"select {fits} from {stream.table}").fetchall()[0]
            new = "JSON" if all_fit is False else new
        stream.types[name] = new = "JSON" if old == "JSON" else new
        if new != old:
            using = f"to_json({column})" if new == "JSON" else f"{column}::{new}"
            self.sql(f"alter table {stream.table} alter {column} type {new} using {using}")

    def stage(self, stream: Stream) -> None:
        """Read the records of a stream, and widen the columns that cannot hold them."""
        fields = ", ".join(f"{quoted(name)} json" for name in stream.types)
        columns = {"record": f"struct({fields})", "time_extracted": INSTANT, "version": "bigint"}
        options = ", ".join(f"{name}: {literal(kind)}" for name, kind in columns.items())
        source = f"{literal(stream.file)}, format = 'newline_delimited', columns = {{{options}}}"
        source = f"read_json({source}, maximum_object_size = {stream.longest})"
        try:
            self.sql(f"create temp table {stream.file.name} as from {source}")
        except duckdb.Error:
            for line in stream.file.open("rb"):
                parsed(line)
            raise
        checked = [name for name, kind in stream.types.items() if kind in FITS]
        tests = (f"{quoted(stream.types[n])}({stream.value(n, 'JSON')}::varchar)" for n in checked)
        select = ", ".join(f"bool_and({test})" for test in tests) or "true"
        found = self.sql(f"select {select} from {stream.file.name}").fetchall()[0]
        for name, all_fit in zip(checked, found, strict=False):
            if all_fit is False:
                self.widen(stream, name, stream.types[name], "JSON")

    def merge(self, stream: Stream) -> None:
        """Replace rows by the staged records with the same key; the last of each counts."""
        values = {name: stream.value(name, kind) for name, kind in stream.types.items()}
        last = ""
        if stream.keys:
            key = ", ".join(values[name] for name in stream.keys)
            names = ", ".join(map(quoted, stream.keys))
            last = f" where rowid in (select max(rowid) from {stream.file.name} group by {key})"
            known = f"({names}) in (select {key} from {stream.file.name})"
            self.sql(f"delete from {stream.table} where {known}")
        names = ", ".join(map(quoted, stream.types | METADATA))
        row = f"{', '.join(values.values())}, time_extracted, now(), null, version"
        self.sql(f"insert into {stream.table} ({names}) select {row} from {stream.file.name}{last}")


def read_settings(files: list[str]) -> dict[str, Any]:
    """Return the settings in files, in environment variables, or the defaults."""
    settings = {}
    for name, (default, _) in SETTINGS.items():
        settings[name] = os.environ.get(f"{NAME}_{name}".upper().replace("-", "_"), default)
    for file in files:
        settings.update(json.loads(Path(file).read_text(encoding="utf-8")))
    if not settings["path"]:
        raise Refused("the setting `path` is missing")
    return settings


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(NAME, description=__doc__)
    parser.add_argument("--config", action="append", default=[], help="JSON file; may be repeated")
    parser.add_argument("--version", action="version", version=f"{NAME} {__version__}")
    parser.add_argument("--about", action="store_true", help="print the settings as JSON")
    parser.add_argument("--format", choices=["json"], help="of --about")
    arguments = parser.parse_args()
    if arguments.about:
        properties = {n: {"description": text} for n, (_, text) in SETTINGS.items()}
        about = {"name": NAME, "version": __version__, "capabilities": ["about", "hard-delete"]}
        return print(json.dumps({**about, "settings": {"properties": properties}}, indent=2))
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda number, _: sys.exit(128 + number))
    line = b""
    try:
        with tempfile.TemporaryDirectory(prefix=f"{NAME}-") as folder:
            loader = Loader(read_settings(arguments.config), folder)
            for line in sys.stdin.buffer:
                if line.strip():
                    loader.receive(line)
            loader.load()
    except (Refused, duckdb.Error, OSError) as error:
        sys.exit(f"{NAME}: {str(error).splitlines()[0]}")
    except (ArithmeticError, LookupError, TypeError, ValueError) as error:
        sys.exit(f"{NAME}: not a Singer message: {line[:80]!r}: {error!r}")
