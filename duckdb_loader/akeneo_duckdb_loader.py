"""Singer target that writes a DuckDB file. Python sorts lines by stream; DuckDB does the rest."""

import argparse
import json
import os
import re
import shutil
import signal
import sys
import time
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import IO, Any

import duckdb

__version__ = "0.1.0"
NAME = "akeneo-duckdb-loader"
SETTINGS: dict[str, Any] = {"path": "", "default_target_schema": "main", "hard_delete": False}
SETTINGS |= {"batch_size_mb": 64, "batch_wait_limit_seconds": 60}
INSTANT = "TIMESTAMP WITH TIME ZONE"
TYPES = {"string": "VARCHAR", "boolean": "BOOLEAN", "integer": "BIGINT", "number": "DOUBLE"}
METADATA = {f"_sdc_{one}_at": INSTANT for one in ("extracted", "batched", "deleted")}
METADATA |= {"_sdc_table_version": "BIGINT"}
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
# Lines that may have such a number must be found fast: the second is looked for with digits as 0.
LONG_DECIMAL = re.compile(rb"\.(?:[0-9]{8}|(?<=[0-9]{9}\.)[0-9]|[0-9]+[eE])")
LONG_EXPONENT, DIGITS = b"0" * 16 + b"e", bytes.maketrans(b"123456789E", b"000000000e")
STRING_OR_NUMBER = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"|-?[0-9][0-9.eE+-]*')
MARK = f"number-{os.urandom(8).hex()}:"
stopped: list[int] = []


def quoted(name: object, mark: str = '"') -> str:
    """Return a name as SQL, or a text if the mark is `'`."""
    return mark + str(name).replace(mark, mark * 2) + mark


def column_type(schema: dict[str, Any]) -> str:
    """Return the type of the column for a property."""
    types = schema.get("type", "object")
    kind, *more = ({types} if isinstance(types, str) else {*types}) - {"null"} or {"object"}
    if kind == "string" and not more and schema.get("format") == "date-time":
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
    types: dict[str, str]
    file: Path
    lines: IO[bytes]
    longest: int = 0
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
    """Writes Singer messages to a database, with files of records in between."""

    def __init__(self, settings: dict[str, Any]) -> None:
        path, schema, hard_delete, size, seconds = (settings[name] for name in SETTINGS)
        if not path:
            raise ValueError("the setting `path` is missing")
        self.schema, self.hard_delete = f"db.{quoted(schema)}", str(hard_delete).lower() == "true"
        self.max_size, self.max_seconds = int(size) << 20, int(seconds)
        self.streams: dict[str, Stream] = {}
        self.state: Any = None
        self.size, self.files, self.loaded_at = 0, 0, time.monotonic()
        self.sql = duckdb.connect(config={"threads": min(4, os.cpu_count() or 1)}).execute
        # Small row groups are replaced faster. The format of DuckDB 2 is slower and needs DuckDB 2.
        new = "" if Path(path).exists() else ", storage_version 'v1.2.0'"
        self.sql(f"""attach {quoted(path, "'")} as db (row_group_size 2048{new})""")
        self.sql(f"set timezone = 'UTC'; create schema if not exists {self.schema}")
        for kind, condition in FITS.items():
            self.sql(f"create temp macro {quoted(kind)}(j) as j is null or ({condition})")
        self.folder = Path(f"{path}.pieces")  # a run that was killed leaves it to the next one
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()

    def receive(self, line: bytes) -> None:
        """Handle a message."""
        if line.endswith(b"\n") and (match := RECORD.match(line)):
            self._add(match[1].decode(), line)
            return
        message = json.loads(line)
        kind, name = message["type"], message.get("stream")
        if kind == "STATE":
            self.state = message["value"]
            if time.monotonic() > self.loaded_at + self.max_seconds:
                self.load()
        elif kind == "RECORD" and isinstance(message["record"], dict):
            self._add(name, line)
        elif kind == "SCHEMA":
            self._prepare(name, message)
        elif kind == "ACTIVATE_VERSION":
            table, version = self.streams[name].table, int(message["version"])
            self.load()
            change = f"update {table} set _sdc_deleted_at = now() where _sdc_deleted_at is null and"
            change = f"delete from {table} where" if self.hard_delete else change
            self.sql(f"{change} _sdc_table_version is distinct from {version}")
        else:
            raise ValueError(f"a message of the type {kind} is not supported")

    def load(self) -> None:
        """Write what was received in one transaction, then print the state."""
        filled = [stream for stream in self.streams.values() if stream.longest]
        for stream in filled:
            self._stage(stream)
        self.sql("begin")
        counts = [self._merge(stream) for stream in filled]
        self.sql("commit")
        for stream, count in zip(filled, counts, strict=True):
            print(f"Loaded {count} rows into {stream.schema['stream']}", file=sys.stderr)
            self.sql(f"drop table {stream.file.name}")
            stream.lines, stream.longest, stream.is_marked = stream.file.open("wb"), 0, False
        if self.state is not None:
            print(json.dumps(self.state), flush=True)
        self.state, self.size, self.loaded_at = None, 0, time.monotonic()

    def _add(self, name: str, line: bytes) -> None:
        if not (stream := self.streams.get(name)):
            raise ValueError(f"{name}: a RECORD came before the SCHEMA")
        if LONG_DECIMAL.search(line) or LONG_EXPONENT in line.translate(DIGITS):
            line = STRING_OR_NUMBER.sub(marked, line)
            stream.is_marked |= MARK.encode() in line
        stream.lines.write(line if line.endswith(b"\n") else line + b"\n")
        stream.longest = max(stream.longest, len(line) + 1)
        self.size += len(line)
        if self.size >= self.max_size:
            self.load()

    def _prepare(self, name: str, message: dict[str, Any]) -> None:
        """Create the table of a stream, or add its new columns and widen the others."""
        if name in self.streams:
            if self.streams[name].schema == message:
                return
            self.load()
        properties, keys = message["schema"]["properties"], message["key_properties"]
        types = {one: column_type(of) for one, of in properties.items() if one not in METADATA}
        if not types or not types.keys() >= {*keys}:
            raise ValueError(f"{name}: the SCHEMA has no properties, or not those of its key")
        table, columns = f"{self.schema}.{quoted(name)}", types | METADATA
        parts = [f"{quoted(n)} {t}{' not null' * (n in keys)}" for n, t in columns.items()]
        self.sql(f"create table if not exists {table} ({', '.join(parts)})")
        if (name,) not in self.sql(f"show tables from {self.schema}").fetchall():
            raise ValueError(f"{name}: there is a table whose name differs only by case")
        found = self.sql(f"describe {table}").fetchall()
        if (old := {n for n, _, null, *_ in found if null == "NO"}) != {*keys}:
            why = f"the key of the table is {sorted(old)}, but that of the stream is {sorted(keys)}"
            raise ValueError(f"{name}: {why}. Rename or drop the table, and read all rows again")
        self.files += 1
        file = self.folder / f"staged{self.files}"
        stream = self.streams[name] = Stream(message, table, types, file, file.open("wb"))
        before = {n.lower(): kind for n, kind, *_ in found}
        for one, kind in columns.items():
            if one.lower() not in before:
                self.sql(f"alter table {table} add column {quoted(one)} {kind}")
            elif before[one.lower()] != kind:
                self._widen(stream, one, before[one.lower()], kind)

    def _widen(self, stream: Stream, name: str, old: str, new: str) -> None:
        """Change the type of a column to a new one, or to JSON if that cannot hold its values."""
        column = quoted(name)
        if old == "JSON" or not self._all_fit(new, f"to_json({column})", stream.table):
            new = "JSON"
        if new != old:
            using = f"to_json({column})" if new == "JSON" else f"{column}::{new}"
            try:
                self.sql(f"alter table {stream.table} alter {column} type {new} using {using}")
            except duckdb.Error as error:
                why = f"{stream.schema['stream']}: {column} cannot become {new}: {error}"
                raise ValueError(
                    f"{why}. Rename or drop the table, and read all rows again"
                ) from error
        if name in stream.types:
            stream.types[name] = new

    def _all_fit(self, kind: str, value: str, table: str) -> bool:
        misfits = f"select 1 from {table} where not {quoted(kind)}(({value})::varchar) limit 1"
        return kind not in FITS or not self.sql(misfits).fetchone()

    def _stage(self, stream: Stream) -> None:
        """Read the records of a stream, and widen the columns that cannot hold them."""
        stream.lines.close()
        record = f"struct({', '.join(f'{quoted(name)} json' for name in stream.types)})"
        columns = f"""{quoted(record, "'")}, time_extracted: '{INSTANT}', version: 'bigint'"""
        source = f"""{quoted(stream.file, "'")}, format = 'nd', columns = {{record: {columns}}}"""
        source = f"read_json({source}, maximum_object_size = {max(stream.longest, 1 << 20)})"
        try:
            self.sql(f"create temp table {stream.file.name} as from {source}")
        except duckdb.Error:
            for line in stream.file.open("rb"):
                json.loads(line)  # says more about the line
            raise
        for name, kind in stream.types.items():
            if not self._all_fit(kind, stream.value(name, "JSON"), stream.file.name):
                self._widen(stream, name, kind, "JSON")

    def _merge(self, stream: Stream) -> int:
        """Replace rows by the staged records with the same key; return how many there are."""
        values = {name: stream.value(name, kind) for name, kind in stream.types.items()}
        last, keys, staged = "", stream.schema["key_properties"], stream.file.name
        if keys:
            key, own = ", ".join(values[one] for one in keys), ", ".join(map(quoted, keys))
            self.sql(f"delete from {stream.table} where ({own}) in (select {key} from {staged})")
            last = f" where rowid in (select max(rowid) from {staged} group by {key})"
        names = ", ".join(map(quoted, stream.types | METADATA))
        row = f"{', '.join(values.values())}, time_extracted, now(), null, version"
        insert = f"insert into {stream.table} ({names}) select {row} from {staged}{last}"
        return int(self.sql(insert).fetchall()[0][0])


def stop(number: int, _: object) -> None:
    """End the input, so that the loader writes what was read and ends."""
    stopped.append(number)
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())


def run(files: list[str]) -> None:
    """Load the input, with settings from files and the environment."""
    settings = {n: os.getenv(f"AKENEO_DUCKDB_LOADER_{n.upper()}", d) for n, d in SETTINGS.items()}
    for file in files:
        settings.update(json.loads(Path(file).read_bytes()))
    loader, line, failure = Loader(settings), b"", None
    try:
        for line in sys.stdin.buffer:
            loader.receive(line)
        loader.load()
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        reason = str(error) if isinstance(error, ValueError) else repr(error)
        failure = ValueError(f"{reason} at {getattr(error, 'doc', line)[:80]!r}")
        if line.endswith(b"\n"):
            raise failure from error
        loader.load()  # the input ended within a message; those before it count
    finally:
        for stream in loader.streams.values():
            stream.lines.close()
        shutil.rmtree(loader.folder)
    if failure and not stopped:
        raise failure


def main() -> None:
    """Run the command."""
    parser = argparse.ArgumentParser(NAME, description=__doc__)
    parser.add_argument("--config", action="append", default=[], help="JSON file; may be repeated")
    parser.add_argument("--version", action="version", version=f"{NAME} {__version__}")
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGTERM, stop)
    try:
        run(parser.parse_args().config)
    except (duckdb.Error, ArithmeticError, OSError, ValueError) as error:
        sys.exit(f"{NAME}: Error: {str(error).splitlines()[0]}")
    if stopped:
        sys.exit(128 + stopped[0])
