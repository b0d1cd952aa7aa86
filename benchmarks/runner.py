"""Run each contestant in a separate process, and measure it."""

from __future__ import annotations

import gzip
import json
import os
import re
import resource
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from datetime import datetime, timedelta, timezone
from functools import partial
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from pyarrow import ipc, parquet

from benchmarks.access import CREDENTIALS, Task
from benchmarks.scenarios import MODULES, SILENT, TAPS

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from types import TracebackType

    from typing_extensions import Self

    from benchmarks.scenarios import Scenario

ROOT = Path(__file__).parent.parent
_CHUNK = 65_536  # capacity of a pipe
_KIBI = 1024
_UUID = re.compile(rb'"uuid":\s*"([0-9a-f-]{36})"')
_ATTRIBUTE = re.compile(rb'"attribute":\s*"([^"]+)"')
_CODE = re.compile(rb'"code":\s*"([^"]+)"')


_OPENERS: Mapping[str, Callable[[Path], Any]] = {
    ".json": partial(open, mode="rb"),
    ".gz": gzip.open,
    ".zst": zstd.open,
}
"""What opens a batch file, by its suffix."""


class WrongResult(Exception):
    """A contestant failed, or did not deliver all items."""


@dataclass(frozen=True)
class Measured:
    """Measurements of one contestant in one scenario.

    Attributes:
        contestant: Name of the contestant.
        wall: Seconds from its start to its end.
        first: Seconds from its start to its first output, or to its end if it writes nothing.
        cpu: Seconds of processor time, user and system.
        peak_mb: Peak resident memory, in MB. The system counts from the fork on, so this is never
            less than what the measuring process used at that moment, about 30 MB.
        received_mb: Size of the bodies that it received, in MB.
        output_mb: Size of its output, in MB.
        items: Distinct items that it delivered, or received if it writes nothing.
        requests: Requests that the server received, by kind.
        highest_concurrency: Largest number of parallel requests that the server saw.
        repeated_pages: Pages that it requested more than once.
        repeated_items: Items that it received more than once.
        server_cpu: Processor time of the server during the measurement.
        reader_cpu: Processor time of the process that read its output.
    """

    contestant: str
    wall: float
    first: float
    cpu: float
    peak_mb: float
    received_mb: float
    output_mb: float
    items: int
    requests: dict[str, int]
    highest_concurrency: int
    repeated_pages: int
    repeated_items: int
    server_cpu: float
    reader_cpu: float

    @property
    def all_requests(self) -> int:
        """Requests of all kinds."""
        return sum(self.requests.values())


class Server:
    """The process that simulates the PIM; see `benchmarks.server`."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.server"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self.url: str = self._read()["url"]

    def ask(self, order: dict[str, Any]) -> dict[str, Any]:
        """Send a command and return the response."""
        stdin = self._process.stdin
        if stdin is not None:
            stdin.write(json.dumps(order) + "\n")
            stdin.flush()
        return self._read()

    def _read(self) -> dict[str, Any]:
        line = self._process.stdout.readline() if self._process.stdout else ""
        if not line:
            message = "the benchmark's server has ended"
            raise WrongResult(message)
        answer: dict[str, Any] = json.loads(line)
        return answer

    def __enter__(self) -> Self:
        """Return the server, which is already running."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()


class _Reader:
    """Reads a contestant's output like a target, and collects the keys of the items."""

    def __init__(self, stream: str, bytes_per_second: int) -> None:
        self.keys: set[bytes] = set()
        self.size = 0
        self.first: float | None = None
        self._stream = stream
        self._bytes_per_second = bytes_per_second

    def read(self, pipe: IO[bytes]) -> None:
        """Read the output to its end."""
        started = time.monotonic()
        rest = b""
        while chunk := os.read(pipe.fileno(), _CHUNK):
            self.first = self.first or time.monotonic()
            self.size += len(chunk)
            *lines, rest = (rest + chunk).split(b"\n") if b"\n" in chunk else (rest + chunk,)
            for line in lines:
                if key := self._key(line):
                    self.keys.add(key)
            if self._bytes_per_second:
                ahead = self.size / self._bytes_per_second - (time.monotonic() - started)
                time.sleep(max(ahead, 0))

    def _key(self, line: bytes) -> bytes | None:
        if self._stream != "attribute_options":
            found = _UUID.search(line)
            return found[1] if found else None
        attribute, code = _ATTRIBUTE.search(line), _CODE.search(line)
        return b"%s/%s" % (attribute[1], code[1]) if attribute and code else None


class Contest:
    """Runs one scenario for one contestant after the other.

    Args:
        server: The server.
        scenario: The scenario.
        others_python: Interpreter in which the optional contestants are installed.
    """

    def __init__(self, server: Server, scenario: Scenario, others_python: str) -> None:
        self.scenario = scenario
        self._server = server
        self._others_python = others_python
        self._made = self._prepare()

    @property
    def expected(self) -> int:
        """Number of items that a contestant must deliver."""
        if self.scenario.attributes:
            return int(self._made["options"])
        changed = self.scenario.changed
        return int(self._made["products"]) if changed is None else changed

    def run(self, contestant: str) -> Measured:
        """Run one contestant and measure it.

        Raises:
            WrongResult: It failed, or did not deliver every item.
        """
        with tempfile.TemporaryDirectory() as folder:
            arguments = self._arguments(contestant, Path(folder))
            self._prepare()
            with Path(folder, "log").open("w+b") as log:
                measured = self._measure(contestant, arguments, log)
            if self.scenario.batches:
                files = [*Path(folder, "batches").iterdir()]
                size = sum(file.stat().st_size for file in files) / 1e6
                measured = replace(measured, items=_rows_in(files), output_mb=size)
        if measured.items != self.expected:
            message = f"{contestant}: delivered {measured.items} items of {self.expected}"
            raise WrongResult(message)
        return measured

    def _prepare(self) -> dict[str, Any]:
        return self._server.ask(
            {"catalogue": self.scenario.catalogue, "latency": self.scenario.latency}
        )

    def _measure(self, contestant: str, arguments: list[str], log: IO[bytes]) -> Measured:
        reader = _Reader(self.scenario.stream, self.scenario.bytes_per_second)
        reader_before = _cpu(resource.getrusage(resource.RUSAGE_SELF))
        started = time.monotonic()
        process = subprocess.Popen(  # noqa: S603 (our own arguments)
            arguments, stdout=subprocess.PIPE, stderr=log, cwd=ROOT, env=_environment()
        )
        with process.stdout or tempfile.TemporaryFile() as pipe:
            reader.read(pipe)
            _, status, used = os.wait4(process.pid, 0)
        wall = time.monotonic() - started
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode != 0:
            log.seek(0)
            message = f"{contestant} failed: {log.read()[-2_000:].decode(errors='replace')}"
            raise WrongResult(message)
        asked = self._server.ask({})
        sent = asked["items"]["options" if self.scenario.attributes else "products"]
        return Measured(
            contestant=contestant,
            wall=wall,
            first=(reader.first or started + wall) - started,
            cpu=_cpu(used),
            peak_mb=used.ru_maxrss * _KIBI / 1e6,
            received_mb=asked["size"] / 1e6,
            output_mb=reader.size / 1e6,
            items=sent if contestant in SILENT else len(reader.keys),
            requests=asked["requests"],
            highest_concurrency=asked["highest_concurrency"],
            repeated_pages=asked["repeated_pages"],
            repeated_items=asked["repeated_items"],
            server_cpu=asked["cpu"],
            reader_cpu=_cpu(resource.getrusage(resource.RUSAGE_SELF)) - reader_before,
        )

    def _arguments(self, contestant: str, folder: Path) -> list[str]:
        module = ["-m", MODULES[contestant]]
        whole = self.scenario.changed is None
        since = None if whole else datetime.now(timezone.utc) - timedelta(hours=1)
        if contestant in TAPS:
            return [sys.executable, *module, *self._files_of_tap(contestant, folder, since)]
        task = Task(
            url=self._server.url,
            **CREDENTIALS,
            stream=self.scenario.stream,
            since=f"{since:%Y-%m-%d %H:%M:%S}" if since else "",
            quarters=self._made["quarters"],
        )
        path = folder / "task.json"
        path.write_text(task.to_json(), encoding="utf-8")
        python = sys.executable if contestant in SILENT else self._others_python
        return [python, *module, str(path)]

    def _files_of_tap(self, contestant: str, folder: Path, since: datetime | None) -> list[str]:
        config, catalog = folder / "config.json", folder / "catalog.json"
        settings: dict[str, Any] = {"base_url": self._server.url, **CREDENTIALS}
        if self.scenario.columns:
            settings["value_columns"] = ["*"]
        if self.scenario.batches:
            file_format, compression = self.scenario.batches
            settings["batch_config"] = {
                "encoding": {"format": file_format, "compression": compression},
                "storage": {"root": (folder / "batches").as_uri()},
                "batch_size": 2_000,
            }
        config.write_text(json.dumps(settings), "utf-8")
        command = [sys.executable, "-m", MODULES[contestant], "--config", str(config)]
        discovered = subprocess.run(  # noqa: S603 (our own arguments)
            [*command, "--discover"], capture_output=True, check=True, cwd=ROOT, env=_environment()
        )
        streams = json.loads(discovered.stdout)
        for stream in streams["streams"]:
            for entry in stream["metadata"]:
                if not entry["breadcrumb"]:
                    entry["metadata"]["selected"] = stream["tap_stream_id"] == self.scenario.stream
        catalog.write_text(json.dumps(streams), "utf-8")
        arguments = ["--config", str(config), "--catalog", str(catalog)]
        if since is not None:
            bookmark = {
                "replication_key": "updated",
                "replication_key_value": since.isoformat(timespec="seconds"),
            }
            state = folder / "state.json"
            state.write_text(json.dumps({"bookmarks": {"products": bookmark}}), "utf-8")
            arguments += ["--state", str(state)]
        return arguments


def _rows_in(files: Iterable[Path]) -> int:
    """Return the number of different products in batch files."""
    keys: set[Any] = set()
    for file in files:
        if file.suffix == ".parquet":
            keys.update(parquet.read_table(file, columns=["uuid"])["uuid"].to_pylist())
        elif file.suffix == ".arrow":
            keys.update(ipc.open_file(file).read_all()["uuid"].to_pylist())
        else:
            with _OPENERS[file.suffix](file) as lines:
                keys.update(found[1] for line in lines if (found := _UUID.search(line)))
    return len(keys)


def seconds_to_import_sdk() -> float:
    """Return the seconds that it takes to import the SDK, the fastest of three attempts."""
    times = []
    for _ in range(3):
        started = time.monotonic()
        subprocess.run([sys.executable, "-c", "import singer_sdk"], check=True)
        times.append(time.monotonic() - started)
    return min(times)


def installed(module: str, python: str) -> bool:
    """Return whether a module is installed for an interpreter."""
    code = f"import importlib.util, sys; sys.exit(importlib.util.find_spec({module!r}) is None)"
    return subprocess.run([python, "-c", code], check=False).returncode == 0  # noqa: S603


def _environment() -> dict[str, str]:
    """Return our environment variables, with the telemetry of contestants turned off."""
    return {**os.environ, "RUNTIME__DLTHUB_TELEMETRY": "false", "DO_NOT_TRACK": "1"}


def _cpu(used: resource.struct_rusage) -> float:
    return used.ru_utime + used.ru_stime
