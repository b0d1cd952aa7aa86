"""Batch files of records, for targets that load files instead of messages."""

from __future__ import annotations

import shutil
from contextlib import contextmanager
from dataclasses import replace
from gzip import GzipFile
from itertools import count, islice
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any
from uuid import uuid4

from tap_akeneo.client.errors import AkeneoError
from tap_akeneo.writer import BUFFER_SIZE, ENCODER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    # The types in the signature of `Stream.get_batches`; no public module exports them.
    from singer_sdk.helpers._batch import BaseBatchFileEncoding, BatchConfig

GZIP_LEVEL = 1
"""The SDK's level 9 takes six times as long, for files that are a quarter smaller."""


MAX_IN_MEMORY = 32 * 1024 * 1024
"""Bytes of a file that is not complete, before it is kept on disk."""


def write_batches(
    tap: str, stream: str, config: BatchConfig, records: Iterator[Mapping[str, Any]]
) -> Iterator[tuple[BaseBatchFileEncoding, list[str]]]:
    """Write records to batch files, with the names that the SDK gives them.

    The SDK decodes and encodes each record once more, and keeps those of a whole file in memory.

    Args:
        tap: Name of the tap.
        stream: Name of the stream.
        config: The setting ``batch_config``.
        records: The records, as the target should get them.

    Yields:
        The encoding of some files, and their locations.

    Raises:
        AkeneoError: The files cannot be written.
    """
    # As the SDK does, compress the files whatever the setting says.
    encoding = replace(config.encoding, compression="gzip")
    name = f"{config.storage.prefix or ''}{tap}--{stream}-{uuid4()}"
    for number in count(1):
        # The storage gets a file when all its records have been read, so never a part of one.
        with SpooledTemporaryFile(MAX_IN_MEMORY) as waiting:
            if not _compress(stream, islice(records, config.batch_size), waiting):
                return
            with _failures_named(stream):
                waiting.seek(0)
                with config.storage.open(f"{name}-{number}.json.gz", "wb") as file:
                    shutil.copyfileobj(waiting, file, BUFFER_SIZE)
                location = config.storage.get_url(f"{name}-{number}.json.gz")
        yield encoding, [location]


def _compress(stream: str, records: Iterator[Mapping[str, Any]], file: IO[bytes]) -> int:
    """Write records to a file; return how many there were."""
    written, lines = 0, bytearray()
    compressed = GzipFile(fileobj=file, mode="wb", compresslevel=GZIP_LEVEL)
    for record in records:
        written += 1
        ENCODER.encode_into(record, lines, -1)
        lines += b"\n"
        if len(lines) >= BUFFER_SIZE:
            with _failures_named(stream):
                compressed.write(lines)
            lines.clear()
    with _failures_named(stream):
        compressed.write(lines)
        compressed.close()
    return written


@contextmanager
def _failures_named(stream: str) -> Iterator[None]:
    """Name the setting that may be the cause of a failure to write."""
    try:
        yield
    except Exception as failure:
        # The libraries for remote storage raise exceptions of many types.
        msg = (
            f"{stream}: the batch files cannot be written, check the setting batch_config: "
            f"{failure}"
        )
        raise AkeneoError(msg) from failure
