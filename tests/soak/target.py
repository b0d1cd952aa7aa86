"""A loader that upserts, and the writer that sends it the messages of one run."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tests.support import Collector

if TYPE_CHECKING:
    from tests.support import Message

Key = tuple[str, ...]

PAUSE = 0.0005
"""Seconds that a slow loader takes for a row."""


class Target:
    """What the loader keeps from one run to the next.

    Attributes:
        rows: By stream and key.
        versions: The version that came with each row, by stream and key.
        state: The last state.
    """

    def __init__(self) -> None:
        self.rows: dict[str, dict[Key, Message]] = defaultdict(dict)
        self.versions: dict[str, dict[Key, int | None]] = defaultdict(dict)
        self.state: dict[str, Any] = {}


class TargetWriter(Collector):
    """Sends the messages of one run to a target, which keeps rows when a STATE follows them.

    Args:
        target: The target.
        kills_after: Number of messages after which the loader stops reading; ``None`` for never.
        is_slow: Whether the loader is slower than the PIM.

    Attributes:
        times: How often each key came, by stream.
        history: The rows, each with its stream and key, and the states, in their order.
    """

    def __init__(self, target: Target, kills_after: int | None, *, is_slow: bool) -> None:
        super().__init__()
        self._target = target
        self._kills_after = kills_after
        self._is_slow = is_slow
        self._waiting: list[tuple[str, Key, Message, int | None]] = []
        self._keys: dict[str, Key] = {}
        self._count = 0
        self.times: dict[str, Counter[Key]] = defaultdict(Counter)
        self.history: list[tuple[str, Key, Message]] = []

    @override
    def write_message(self, message: Any) -> None:
        self._count += 1
        if self._kills_after is not None and self._count > self._kills_after:
            raise BrokenPipeError
        if self._is_slow:
            time.sleep(PAUSE)
        super().write_message(message)
        self._take(self.messages.pop())

    def _take(self, message: Message) -> None:
        if message["type"] == "SCHEMA":
            self._keys[message["stream"]] = tuple(message["key_properties"])
        elif message["type"] == "RECORD":
            stream, record = message["stream"], message["record"]
            key = tuple(record[name] for name in self._keys[stream])
            self._waiting.append((stream, key, record, message.get("version")))
            self.times[stream][key] += 1
            self.history.append((stream, key, record))
        elif message["type"] == "STATE":
            self.commit()
            self._target.state = message["value"]
            self.history.append(("", (), message["value"]))
        elif message["type"] == "ACTIVATE_VERSION":
            self.commit()
            self._delete_others(message["stream"], message["version"])

    def commit(self) -> None:
        """Keep the rows so far."""
        for stream, key, record, version in self._waiting:
            self._target.rows[stream][key] = record
            self._target.versions[stream][key] = version
        self._waiting.clear()

    def _delete_others(self, stream: str, version: int) -> None:
        """Delete the rows that came with another version."""
        versions = self._target.versions[stream]
        for key in [key for key, own in versions.items() if own != version]:
            del self._target.rows[stream][key], versions[key]
