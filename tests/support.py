"""Helpers that run the tap in a test and collect its output."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from contextlib import contextmanager, nullcontext, suppress
from copy import deepcopy
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from typing_extensions import override

from tap_akeneo.client.errors import AkeneoError, OutputFailed
from tap_akeneo.streams import STREAMS
from tap_akeneo.streams.keys import KeyStream
from tap_akeneo.streams.scores import ScoreStream
from tap_akeneo.tap import TapAkeneo
from tests.leaks import leaks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    import pytest

    from pim_simulator import SimulatedPim

Message = dict[str, Any]

# Not in `SimulatedPim.truth`: the PIM sends these only if a request asks for them, or the tap adds
# them.
ON_REQUEST = {
    "products": ("completenesses", "quality_scores"),
    "product_models": ("quality_scores",),
    # 7.0 sends a template in addition to the values.
    "categories": ("position", "values", "template"),
    "attributes": ("table_configuration",),
    "product_media_files": ("download_url",),
    "product_drafts": ("proposal_review_status",),
    "product_model_drafts": ("proposal_review_status",),
}


KEYS_OF = {one.name: one.scan_of.name for one in STREAMS if issubclass(one, KeyStream)}
"""Key streams, and the streams whose existing rows they list."""

SCORES_OF = {one.name: one.scan_of.name for one in STREAMS if issubclass(one, ScoreStream)}
"""Streams of scores, and the streams whose rows they score."""


class Collector(GenericSingerWriter[bytes, Any]):
    """Replaces stdout and collects messages after a round trip through JSON, as in a pipe."""

    def __init__(self) -> None:
        self.messages: list[Message] = []

    @override
    def serialize_message(self, message: Any) -> bytes:
        return bytes(MsgSpecWriter().serialize_message(message))

    @override
    def write_message(self, message: Any) -> None:
        self.messages.append(json.loads(self.serialize_message(message)))


class BreakingPipe(Collector):
    """A target that stops reading after some records."""

    def __init__(self, records: int) -> None:
        super().__init__()
        self._left = records

    @override
    def write_message(self, message: Any) -> None:
        if message.to_dict()["type"] == "RECORD":
            self._left -= 1
            if self._left < 0:
                msg = "the target has stopped reading"
                raise OutputFailed(msg)
        super().write_message(message)


@dataclass
class Run:
    """The messages of one run of the tap."""

    tap: TapAkeneo
    messages: list[Message] = field(default_factory=list)

    def records(self, stream: str) -> list[Message]:
        return [
            message["record"]
            for message in self.messages
            if message["type"] == "RECORD" and message["stream"] == stream
        ]

    def as_sent(self, stream: str) -> list[Message]:
        """Return the records as the PIM sent them."""
        return [as_sent(record) for record in self.records(stream)]

    def rows(self, stream: str) -> dict[tuple[str, ...], Message]:
        """Return the records by key, as a target that upserts stores them."""
        keys = self.tap.streams[stream].primary_keys
        return {tuple(record[key] for key in keys): record for record in self.records(stream)}

    def schema(self, stream: str) -> Message:
        """Return the schema of a stream, which is written once."""
        found = (one for one in self.messages if one["type"] == "SCHEMA")
        (message,) = (one for one in found if one["stream"] == stream)
        schema: Message = message["schema"]
        return schema

    @property
    def activated(self) -> set[str]:
        """The streams with an ACTIVATE_VERSION, which makes a target delete the other rows."""
        return {one["stream"] for one in self.messages if one["type"] == "ACTIVATE_VERSION"}

    @property
    def state(self) -> Message:
        """The last state that was written."""
        states = [message["value"] for message in self.messages if message["type"] == "STATE"]
        return states[-1] if states else {}

    def bookmark(self, stream: str) -> str:
        value: str = self.state["bookmarks"][stream]["replication_key_value"]
        return value


def errors(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the messages logged at level ERROR."""
    return [one.getMessage() for one in caplog.records if one.levelname == "ERROR"]


def settings_for(pim: SimulatedPim, **settings: Any) -> dict[str, Any]:
    """Return settings that connect to a simulated PIM, with few retries."""
    return {"base_url": pim.url, **pim.credentials, "max_retries": 3, **settings}


def uuids(pim: SimulatedPim) -> list[str]:
    """Return the uuids of all products, in the PIM's order."""
    return sorted(pim.store.products)


def people(pim: SimulatedPim) -> set[str]:
    """Return all texts in the PIM that are personal data."""
    assignees = pim.truth("workflow_step_assignees")
    texts = {row[name] for row in assignees for name in ("first_name", "last_name", "email")}
    return texts | {row["author"] for row in pim.truth("modelization_suggestions")}


def sync(
    pim: SimulatedPim,
    *streams: str,
    state: Mapping[str, Any] | None = None,
    catalog: Mapping[str, Any] | None = None,
    full_table: bool = False,
    collector: Collector | None = None,
    **settings: Any,
) -> Run:
    """Run the tap in this process.

    Args:
        pim: The PIM, which must be running.
        streams: The streams to read; without any, those of the catalog or all.
        state: The state of an earlier run.
        catalog: The catalog; by default the discovered one.
        full_table: Whether the catalog sets all streams to FULL_TABLE.
        collector: Takes the messages. It may end the run, see `BreakingPipe`.
        settings: Settings in addition to those that connect to the PIM.
    """
    collector, config = collector or Collector(), settings_for(pim, **settings)
    if full_table:
        catalog = deepcopy(catalog or TapAkeneo(config=config).catalog_dict)
        for entry in catalog["streams"]:
            entry["replication_method"] = "FULL_TABLE"
    tap = TapAkeneo(
        config=config,
        state=json.loads(json.dumps(state)) if state else None,
        catalog=deepcopy(catalog),
        message_writer=collector,
    )
    if streams or catalog is None or full_table:
        select(tap, streams)
    run = Run(tap, collector.messages)
    with suppress(AkeneoError) if isinstance(collector, BreakingPipe) else nullcontext():
        tap.sync_all()
    return run


def select(tap: TapAkeneo, streams: Collection[str]) -> None:
    for name, stream in tap.streams.items():
        stream.selected = not streams or name in streams


@dataclass
class Ended:
    """The result of a tap process."""

    code: int
    stdout: str
    log: str

    @property
    def errors(self) -> list[str]:
        """The messages logged at level ERROR, without their prefixes."""
        return [
            line.rpartition(" | ")[2].strip()
            for line in self.log.splitlines()
            if "| ERROR " in line
        ]

    @property
    def messages(self) -> list[Message]:
        # Not splitlines: records may contain other line breaks, such as U+2028.
        return [json.loads(line) for line in self.stdout.split("\n") if line]


def option_files(folder: Path, **contents: object) -> list[str]:
    """Write files, and return the command's options that name them, such as ``--config=FILE``.

    Args:
        folder: The folder of the files.
        contents: Text, or what to write as JSON, by option.
    """
    for option, content in contents.items():
        text = content if isinstance(content, str) else json.dumps(content)
        (folder / option).write_text(text, encoding="utf-8")
    return [f"--{option}={folder / option}" for option in contents]


def command(
    *arguments: str | Path, env: Mapping[str, str] | None = None, **contents: object
) -> Ended:
    """Run ``tap-akeneo`` in a separate process and check that its output contains no secrets.

    Args:
        arguments: Options of the command.
        env: Further environment variables.
        contents: The contents of files that options name; see `option_files`.
    """
    with TemporaryDirectory() as folder:
        files = option_files(Path(folder), **contents)
        ended = subprocess.run(  # noqa: S603 (our own arguments)
            [sys.executable, "-m", "tap_akeneo", *files, *map(str, arguments)],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
            env={**os.environ, "NO_COLOR": "1", **(env or {})},
        )
    assert not leaks(ended.stdout + ended.stderr)
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@contextmanager
def started_tap(config: Mapping[str, Any], **options: Any) -> Iterator[subprocess.Popen[str]]:
    """Start ``tap-akeneo`` with these settings. The options are those of `started`.

    Its output is ignored, or it goes where the options say.
    """
    catalog = {"catalog": options.pop("catalog")} if "catalog" in options else {}
    nowhere = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "text": True}
    with TemporaryDirectory() as folder:
        files = option_files(Path(folder), config=config, **catalog)
        tap = [sys.executable, "-m", "tap_akeneo", *files]
        with started(tap, **nowhere | options) as process:
            yield process


def catalog_of(pim: SimulatedPim, *selected: str, **settings: Any) -> dict[str, Any]:
    """Return the catalog of a PIM with only these streams selected."""
    catalog: dict[str, Any] = TapAkeneo(config=settings_for(pim, **settings)).catalog_dict
    for entry in catalog["streams"]:
        for metadata in entry["metadata"]:
            if not metadata["breadcrumb"]:
                metadata["metadata"]["selected"] = entry["tap_stream_id"] in selected
    return catalog


@contextmanager
def started(
    command: Sequence[str], *, seconds: float = 120, **options: Any
) -> Iterator[subprocess.Popen[Any]]:
    """Start a process. Kill it and its children if the block fails, or after some seconds.

    Otherwise a test would wait as long as they do, if a line that it expects never comes.
    """
    process = subprocess.Popen(command, start_new_session=True, **options)  # noqa: S603 (our own)

    def kill() -> None:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)

    killer = threading.Timer(seconds, kill)
    killer.start()
    try:
        with process:
            try:
                yield process
            except BaseException:
                kill()
                raise
    finally:
        killer.cancel()


def as_sent(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record as the PIM sent it: unknown fields in place, no links, no `read_at`."""
    record = {name: value for name, value in record.items() if name != "read_at"}
    sent: dict[str, Any] = without_links(record | record.pop("additional_fields", {}))
    return sent


def without_links(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_links(inner) for key, inner in value.items() if key != "_links"}
    return [without_links(inner) for inner in value] if isinstance(value, list) else value
