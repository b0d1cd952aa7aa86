"""Writing Singer messages: many records at once, versions after them."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

import msgspec
from singer_sdk.contrib.msgspec import MsgSpecWriter
from singer_sdk.singerlib import ActivateVersionMessage, RecordMessage
from singer_sdk.singerlib.encoding.base import GenericSingerWriter
from typing_extensions import override

from tap_akeneo.client.errors import OutputFailed

if TYPE_CHECKING:
    from singer_sdk.singerlib import Message

ENCODER = msgspec.json.Encoder(enc_hook=str, decimal_format="number")
"""Encodes as `MsgSpecWriter` does, whose encoder is not public."""

MAX_BYTES = 1024 * 1024
"""Records that may wait to be written. While a pipe takes them, the threads that read go on; each
time the writing thread has to wait for its turn again."""


class BufferedWriter(MsgSpecWriter):
    """Writes records in larger pieces, and before any other message.

    So a state is never written before the records that it stands for.
    """

    def __init__(self) -> None:
        self._waiting = bytearray()

    @override
    def write_message(self, message: Message) -> None:
        before = len(self._waiting)
        try:
            # In place: a record is large enough for each copy of it to count.
            ENCODER.encode_into(message.to_dict(), self._waiting, -1)
        except Exception:
            # Half of a record is in it, which no target could read.
            del self._waiting[before:]
            raise
        self._waiting += b"\n"
        if len(self._waiting) >= MAX_BYTES or not isinstance(message, RecordMessage):
            self.flush()

    def flush(self) -> None:
        """Writes what waits.

        Raises:
            OutputFailed: It cannot be written.
        """
        # Taken before it is written: a broken pipe must not be written to twice.
        waiting, self._waiting = memoryview(self._waiting), bytearray()
        try:
            while waiting:
                # Where stdout is unbuffered, a signal ends a write in the middle.
                waiting = waiting[sys.stdout.buffer.write(waiting) :]
            sys.stdout.buffer.flush()
        except BrokenPipeError as gone:
            msg = "the target has stopped reading: its own log says why"
            raise OutputFailed(msg) from gone
        except OSError as fault:
            msg = f"the output cannot be written: {fault.strerror}"
            raise OutputFailed(msg) from fault


class DeferredVersionWriter(GenericSingerWriter[Any, Any]):
    """Holds versions back until their stream has been read as a whole.

    The SDK sends them before the first record: a run that dies then leaves a table empty.

    Args:
        writer: Writes the messages.
    """

    def __init__(self, writer: GenericSingerWriter[Any, Any]) -> None:
        self.writer = writer
        self._held: list[ActivateVersionMessage] = []

    @override
    def serialize_message(self, message: Message) -> Any:
        return self.writer.serialize_message(message)

    @override
    def write_message(self, message: Message) -> None:
        if isinstance(message, ActivateVersionMessage):
            self._held.append(message)
        else:
            self.writer.write_message(message)

    def take(self) -> list[ActivateVersionMessage]:
        """The versions held back since they were last taken: those of the stream that begins."""
        held, self._held = self._held, []
        return held
