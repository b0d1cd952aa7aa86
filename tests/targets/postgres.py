"""A temporary PostgreSQL server."""

from __future__ import annotations

import json
import os
import pwd
import re
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

MISSING = "PostgreSQL is not installed. On Debian: apt-get install postgresql"
USER = "tap"
PASSWORD = "made-up"


@dataclass(frozen=True)
class Postgres:
    """A running server.

    Attributes:
        port: Port on the loopback interface.
        programs: Folder of its executables.
        data: Folder of its files.
    """

    port: int
    programs: Path
    data: Path = Path()

    def processor_seconds(self) -> float:
        """Return the processor time of all its processes so far; 0 if the system is not Linux."""
        server = (self.data / "postmaster.pid").read_text(encoding="utf-8").split()[0]
        ticks = 0
        for file in Path("/proc").glob("[0-9]*/stat"):
            with suppress(OSError):  # the process has ended
                of = file.read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
                if file.parent.name == server:
                    ticks += sum(map(int, of[11:15]))  # with the processes that have ended
                elif of[1] == server:
                    ticks += sum(map(int, of[11:13]))
        return ticks / os.sysconf("SC_CLK_TCK")

    def settings(self, schema: str) -> dict[str, Any]:
        """Return loader settings for one schema; all loaders here use the same names."""
        return {
            "host": "127.0.0.1",
            "port": self.port,
            "user": USER,
            "password": PASSWORD,
            "database": "postgres",
            "default_target_schema": schema,
        }

    def lines(self, query: str, schema: str = "public") -> list[str]:
        """Return the result of a query with one column on the tables of a schema."""
        answer = subprocess.run(  # noqa: S603 (our own arguments)
            [
                *(self.programs / "psql", "--no-psqlrc", "--tuples-only", "--no-align"),
                *("--quiet", f"--command={query}"),
            ],
            env={
                **os.environ,
                "PGHOST": "127.0.0.1",
                "PGPORT": str(self.port),
                "PGDATABASE": "postgres",
                "PGUSER": USER,
                "PGPASSWORD": PASSWORD,
                "PGCLIENTENCODING": "UTF8",
                "PGTZ": "UTC",
                "PGOPTIONS": f"-c search_path={schema} -c client_min_messages=warning",
            },
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=True,
            timeout=60,
        )
        # Not splitlines: values may contain other line breaks, such as U+2028.
        return [line for line in answer.stdout.split("\n") if line]

    def rows(self, table: str, where: str = "true") -> list[dict[str, Any]]:
        """Return the rows of a table as the server converts them to JSON."""
        found = self.lines(f"select to_jsonb(t) from {table} t where {where}")  # noqa: S608
        return [json.loads(line) for line in found]

    def schemas(self) -> set[str]:
        """Return the names of the schemas."""
        return set(self.lines("select schema_name from information_schema.schemata"))

    def tables(self, schema: str) -> set[str]:
        """Return the names of the tables in a schema."""
        named = f"select table_name from information_schema.tables where table_schema = '{schema}'"  # noqa: S608
        return set(self.lines(named))


class NotInstalled(Exception):
    """PostgreSQL is not installed on this machine."""


def programs() -> Path:
    """Return the executables' folder of the newest PostgreSQL, which Debian does not add to PATH.

    Raises:
        NotInstalled: If PostgreSQL is not found.
    """
    there = [
        folder
        for folder in Path("/usr/lib/postgresql").glob("*/bin")
        if (folder / "initdb").exists() and (folder / "psql").exists()
    ]
    if there:
        return max(there, key=lambda folder: [int(n) for n in re.findall(r"\d+", str(folder))])
    on_path = shutil.which("initdb")
    if on_path is None:
        raise NotInstalled(MISSING)
    return Path(on_path).parent


@contextmanager
def serving(timezone: str = "UTC") -> Iterator[Postgres]:
    """Start an empty server, and remove it on exit.

    Args:
        timezone: The time zone of sessions that do not set one.
    """
    folder = programs()
    # PostgreSQL does not run as root; Debian's package creates a user for it.
    owner = pwd.getpwnam("postgres") if os.geteuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="pg-") as home:
        password = Path(home, "password")
        password.write_text(PASSWORD, encoding="utf-8")
        if owner:
            for path in (home, password):
                shutil.chown(path, owner.pw_uid, owner.pw_gid)
        data = f"{home}/data"
        server = Postgres(free_port(), folder, Path(data))
        _run(
            *(folder / "initdb", f"--pgdata={data}", f"--username={USER}", "--no-sync"),
            *("--auth=scram-sha-256", f"--pwfile={password}", "--encoding=UTF8", "--locale=C"),
            owner=owner,
        )
        control = (folder / "pg_ctl", f"--pgdata={data}", "--wait", "--silent")
        options = (
            f"-c listen_addresses=127.0.0.1 -p {server.port} -k {home} -c fsync=off "
            f"-c timezone={timezone}"
        )
        _run(*control, f"--log={home}/log", f"--options={options}", "start", owner=owner)
        try:
            yield server
        finally:
            _run(*control, "--mode=immediate", "stop", owner=owner)


def _run(*command: str | Path, owner: pwd.struct_passwd | None) -> None:
    # Output goes to a file because the server would keep a pipe open.
    with tempfile.TemporaryFile() as output:
        ended = subprocess.run(  # noqa: S603 (our own arguments)
            command,
            cwd="/",
            stdout=output,
            stderr=output,
            user=owner.pw_uid if owner else None,
            group=owner.pw_gid if owner else None,
            extra_groups=[] if owner else None,
            check=False,
            timeout=60,
        )
        if ended.returncode:
            output.seek(0)
            raise OSError(output.read().decode(errors="replace"))


def free_port() -> int:
    """Return a port of the loopback interface on which nothing listens."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        port: int = one.getsockname()[1]
        return port
