"""Runs the loader of `duckdb_loader/` and reads what it has written."""

from __future__ import annotations

import json
import os
import re
import subprocess
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import duckdb

from tests.targets.meltano import make_environment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

Message = dict[str, Any]
Row = dict[str, Any]
TEXT = {"type": ["string", "null"]}
DATE = {"type": ["string", "null"], "format": "date-time"}
INTEGER = {"type": ["integer", "null"]}
NUMBER = {"type": ["number", "null"]}
BOOLEAN = {"type": ["boolean", "null"]}
OBJECT = {"type": ["object", "null"]}


@cache
def program(name: str = "akeneo-duckdb-loader") -> str:
    """Install the loader into its own environment; return the path of a program there."""
    return str(make_environment("akeneo-duckdb-loader", ["-e", "./duckdb_loader"]) / name)


def schema(stream: str = "items", keys: Iterable[str] = ("code",), **properties: Any) -> Message:
    """Return a SCHEMA message. Properties without a schema are texts."""
    whole = {**dict.fromkeys(keys, TEXT), **properties}
    return {
        "type": "SCHEMA",
        "stream": stream,
        "schema": {"properties": whole},
        "key_properties": list(keys),
    }


def record(stream: str = "items", version: int | None = None, **values: Any) -> Message:
    of_version = {} if version is None else {"version": version}
    return {
        "type": "RECORD",
        "stream": stream,
        "record": values,
        "time_extracted": "2026-05-04T03:02:01.000009Z",
        **of_version,
    }


def state(value: object) -> Message:
    return {"type": "STATE", "value": value}


def activate(version: int, stream: str = "items") -> Message:
    return {"type": "ACTIVATE_VERSION", "stream": stream, "version": version}


def lines(messages: Iterable[Message | str | bytes]) -> bytes:
    """Return messages as the tap writes them; texts as they are."""
    return b"".join(
        one
        if isinstance(one, bytes)
        else one.encode()
        if isinstance(one, str)
        else f"{json.dumps(one, ensure_ascii=False, separators=(',', ':'))}\n".encode()
        for one in messages
    )


@dataclass
class Database:
    """A database file, which does not exist yet."""

    folder: Path

    @property
    def path(self) -> Path:
        return self.folder / "akeneo.duckdb"

    def command(self, **settings: Any) -> list[str]:
        config = self.folder / "config.json"
        config.write_text(json.dumps({"path": str(self.path), **settings}), encoding="utf-8")
        return [program(), "--config", str(config)]

    def run(
        self,
        *messages: Message | str | bytes,
        environment: dict[str, str] | None = None,
        **settings: Any,
    ) -> subprocess.CompletedProcess[bytes]:
        """Run the loader."""
        return subprocess.run(  # noqa: S603 (our own loader)
            self.command(**settings),
            input=lines(messages),
            env={**os.environ, **(environment or {})},
            capture_output=True,
            check=False,
            timeout=60,
        )

    def load(self, *messages: Message | str | bytes, **settings: Any) -> list[Any]:
        """Run the loader, which must succeed; return the states that it has printed."""
        ended = self.run(*messages, **settings)
        assert ended.returncode == 0, ended.stderr
        assert all(
            re.fullmatch(rb"Loaded \d+ rows into .+", one) for one in ended.stderr.splitlines()
        )
        return [json.loads(line) for line in ended.stdout.splitlines()]

    def refused(self, *messages: Message | str | bytes, **settings: Any) -> str:
        """Run the loader, which must fail with one line; return that."""
        ended = self.run(*messages, **settings)
        text = ended.stderr.decode()
        assert ended.returncode == 1
        assert ended.stdout == b""
        assert text.startswith("akeneo-duckdb-loader: Error: ")
        assert text.count("\n") == 1
        return text

    def types(self, table: str = "items") -> dict[str, str]:
        return {
            name: kind for name, kind, *_ in self.sql(f'describe "{table}"') if name[:5] != "_sdc_"
        }

    def rows(self, table: str = "items", columns: str = "") -> list[tuple[Any, ...]]:
        """Return the rows in the order of their texts, without the loader's own columns."""
        columns = columns or ", ".join(f'"{name}"' for name in self.types(table))
        return sorted(self.sql(f'select {columns} from "{table}"'), key=str)  # noqa: S608

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Query the file with the DuckDB of the tests, which is older than the loader's."""
        with duckdb.connect(str(self.path)) as database:
            database.execute("set timezone = 'UTC'")
            return database.execute(query).fetchall()
