"""Writers of Singer messages: records in large pieces, ACTIVATE_VERSION after all records."""

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
"""The same encoder as in `MsgSpecWriter`, which is not public."""

BUFFER_SIZE = 1024 * 1024
"""Bytes of records to buffer before a write. The main thread releases Python's lock for each write,
and then has to wait for the threads that read, so few large writes are faster."""


class BufferedWriter(MsgSpecWriter):
    """Buffers records, and writes them before any message of another type.

    So a state is never written before the records that it covers.
    """

    def __init__(self) -> None:
        self._buffer = bytearray()

    @override
    def write_message(self, message: Message) -> None:
        before = len(self._buffer)
        try:
            # Encode into the buffer, because copies of large records take time.
            ENCODER.encode_into(message.to_dict(), self._buffer, -1)
        except Exception:
            # The buffer ends with a part of a record, which no target could parse.
            del self._buffer[before:]
            raise
        self._buffer += b"\n"
        if len(self._buffer) >= BUFFER_SIZE or not isinstance(message, RecordMessage):
            self.flush()

    def flush(self) -> None:
        """Write the buffered messages.

        Raises:
            OutputFailed: They cannot be written.
        """
        # Empty the buffer first: nothing must be written twice, not even after a broken pipe.
        waiting, self._buffer = memoryview(self._buffer), bytearray()
        try:
            while waiting:
                # If stdout is unbuffered, a write may be partial, for example after a signal.
                waiting = waiting[sys.stdout.buffer.write(waiting) :]
            sys.stdout.buffer.flush()
        except BrokenPipeError as failure:
            msg = "the target has stopped reading: see the target's log"
            raise OutputFailed(msg) from failure
        except OSError as failure:
            msg = f"the output cannot be written: {failure.strerror}"
            raise OutputFailed(msg) from failure


class DeferredVersionWriter(GenericSingerWriter[Any, Any]):
    """Holds ACTIVATE_VERSION messages back until their stream is complete.

    The SDK sends them before the first record, so a run that fails would leave an empty table.

    Args:
        writer: Writes all other messages.
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
        """Return the messages held back since the last call: those of the stream that begins."""
        held, self._held = self._held, []
        return held
