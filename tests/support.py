"""Helpers that run the tap in a test and collect its output."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from typing_extensions import override

from tap_akeneo.streams import STREAMS
from tap_akeneo.streams.keys import KeyStream
from tap_akeneo.streams.scores import ScoreStream
from tap_akeneo.tap import TapAkeneo
from tests.leaks import leaks

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence
    from pathlib import Path

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

    def rows(self, stream: str) -> dict[tuple[str, ...], Message]:
        """Return the records by key, as a target that upserts stores them."""
        keys = self.tap.streams[stream].primary_keys
        return {tuple(record[key] for key in keys): record for record in self.records(stream)}

    @property
    def state(self) -> Message:
        """The last state that was written."""
        states = [message["value"] for message in self.messages if message["type"] == "STATE"]
        return states[-1] if states else {}

    def bookmark(self, stream: str) -> str:
        value: str = self.state["bookmarks"][stream]["replication_key_value"]
        return value


def settings_for(pim: SimulatedPim, **settings: Any) -> dict[str, Any]:
    """Return settings that connect to a simulated PIM, with few retries."""
    return {"base_url": pim.url, **pim.credentials, "max_retries": 3, **settings}


def people(pim: SimulatedPim) -> set[str]:
    """Return all texts in the PIM that are personal data."""
    assignees = pim.truth("workflow_step_assignees")
    texts = {row[name] for row in assignees for name in ("first_name", "last_name", "email")}
    return texts | {row["author"] for row in pim.truth("modelization_suggestions")}


def sync(
    pim: SimulatedPim,
    *streams: str,
    state: Mapping[str, Any] | None = None,
    **settings: Any,
) -> Run:
    """Run the tap in this process.

    Args:
        pim: The PIM, which must be running.
        streams: The streams to read; all if none is given.
        state: The state of an earlier run.
        settings: Settings in addition to those that connect to the PIM.
    """
    collector = Collector()
    tap = TapAkeneo(
        config=settings_for(pim, **settings),
        state=json.loads(json.dumps(state)) if state else None,
        message_writer=collector,
    )
    select(tap, streams)
    run = Run(tap, collector.messages)
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


def command(*arguments: str | Path, env: Mapping[str, str] | None = None) -> Ended:
    """Run ``tap-akeneo`` in a separate process and check that its output contains no secrets."""
    ended = subprocess.run(  # noqa: S603 (our own arguments)
        [sys.executable, "-m", "tap_akeneo", *map(str, arguments)],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
        env={**os.environ, "NO_COLOR": "1", **(env or {})},
    )
    assert not leaks(ended.stdout + ended.stderr)
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@contextmanager
def started(
    command: Sequence[str], *, seconds: float = 120, **options: Any
) -> Iterator[subprocess.Popen[Any]]:
    """Start a process. Kill it if the block fails, or if it still runs after some seconds.

    Otherwise a test would wait as long as the process does, if a line that it expects never comes.
    """
    process = subprocess.Popen(command, **options)  # noqa: S603 (our own commands)
    killer = threading.Timer(seconds, process.kill)
    killer.start()
    try:
        with process:
            try:
                yield process
            except BaseException:
                process.kill()
                raise
    finally:
        killer.cancel()


def as_told(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record as the PIM sent it: unknown fields in place, but no links in values."""
    record = dict(record)
    told: dict[str, Any] = without_links(record | record.pop("additional_fields", {}))
    return told


def without_links(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: without_links(inner) for key, inner in value.items() if key != "_links"}
    return [without_links(inner) for inner in value] if isinstance(value, list) else value
