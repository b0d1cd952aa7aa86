"""A small target, which merges rows by their keys and keeps the last state."""

from __future__ import annotations

from collections import Counter, defaultdict
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tests.support import Collector

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.support import Message

Key = tuple[str, ...]


class Target:
    """What lasts from one run to the next.

    Attributes:
        rows: By stream and key.
        versions: With which version each row came last, by stream and key.
        state: The last one.
        received: How many rows came.
    """

    def __init__(self) -> None:
        self.rows: dict[str, dict[Key, Message]] = defaultdict(dict)
        self.versions: dict[str, dict[Key, int | None]] = defaultdict(dict)
        self.state: dict[str, Any] = {}
        self.received = 0


class Pipe(Collector):
    """What comes from one run of the tap.

    Rows count when a STATE follows them, as with targets that write in batches.

    Args:
        target: Where it goes.
        happen: Called before each message gets out, with its number.
        breaks_after: Messages after which the pipe breaks; None for never.

    Attributes:
        keys: Names of the key properties by stream.
        times: How often each key came, by stream.
    """

    def __init__(
        self, target: Target, happen: Callable[[int], None], breaks_after: int | None
    ) -> None:
        super().__init__()
        self._target = target
        self._happen = happen
        self._breaks_after = breaks_after
        self._waiting: list[tuple[str, Key, Message, int | None]] = []
        self._number = 0
        self.keys: dict[str, Key] = {}
        self.times: dict[str, Counter[Key]] = defaultdict(Counter)

    @override
    def write_message(self, message: Any) -> None:
        self._number += 1
        self._happen(self._number)
        if self._breaks_after is not None and self._number > self._breaks_after:
            raise BrokenPipeError
        super().write_message(message)
        self.take(self.messages.pop())

    def take(self, message: Message) -> None:
        """Takes one message."""
        if message["type"] == "SCHEMA":
            self.keys[message["stream"]] = tuple(message["key_properties"])
        elif message["type"] == "RECORD":
            stream, record = message["stream"], message["record"]
            key = tuple(record[name] for name in self.keys[stream])
            self._waiting.append((stream, key, record, message.get("version")))
            self.times[stream][key] += 1
            self._target.received += 1
        elif message["type"] == "STATE":
            self.commit()
            self._target.state = message["value"]
        elif message["type"] == "ACTIVATE_VERSION":
            self.commit()
            self._delete_older(message["stream"], message["version"])

    def commit(self) -> None:
        """Merges the rows that wait."""
        for stream, key, record, version in self._waiting:
            self._target.rows[stream][key] = record
            self._target.versions[stream][key] = version
        self._waiting.clear()

    def _delete_older(self, stream: str, version: int) -> None:
        """Deletes what did not come with a version, as targets do that delete hard."""
        for key, came_with in list(self._target.versions[stream].items()):
            if came_with != version:
                del self._target.rows[stream][key], self._target.versions[stream][key]
