"""Batch files of records, for targets that load files instead of messages."""

from __future__ import annotations

import re
import shutil
import sys
from contextlib import contextmanager, suppress
from dataclasses import replace
from gzip import GzipFile
from itertools import count, islice
from tempfile import SpooledTemporaryFile
from typing import IO, TYPE_CHECKING, Any, Protocol, cast
from urllib.parse import unquote
from uuid import uuid4

from tap_akeneo.client.errors import AkeneoError
from tap_akeneo.config.schema import COMPRESSIONS
from tap_akeneo.writer import BUFFER_SIZE, ENCODER

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    # The types in the signature of `Stream.get_batches`; no public module exports them.
    from singer_sdk.helpers._batch import BaseBatchFileEncoding, BatchConfig


GZIP_LEVEL = 1
"""The SDK's level 9 takes six times as long, for files that are a quarter smaller."""


MAX_IN_MEMORY = 8 * 1024 * 1024
"""Bytes of a file that is not complete, before it is kept on disk."""

_LINES = "jsonl"
_SUFFIXES = {"gzip": "json.gz", "zstd": "json.zst", "none": "json"}
"""Suffixes of files with lines. Readers tell the compression from them."""


_PASSWORD_IN_URL = re.compile(r"://[^/:@]*:(.+)@")
_SECRET_PARAMETER = re.compile("pass|secret|token|credential|connection_string|key$", re.IGNORECASE)
"""Names of parameters of file systems (s3fs, adlfs, gcsfs) that are secret."""


def storage_secrets(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the secrets in the setting ``batch_config``, which errors of its storage may repeat."""
    storage = (config.get("batch_config") or {}).get("storage") or {}
    if found := _PASSWORD_IN_URL.search(storage.get("root") or ""):
        yield found[1]
        yield unquote(found[1])
    yield from _secret_parameters(storage.get("params") or {})


def _secret_parameters(params: Mapping[str, Any]) -> Iterator[str]:
    for name, value in params.items():
        if isinstance(value, dict):
            yield from _secret_parameters(value)
        elif isinstance(value, str) and _SECRET_PARAMETER.search(name):
            yield value


class RecordFile(Protocol):
    """A file of records, which is written in pieces."""

    def add(self, record: Mapping[str, Any]) -> bool:
        """Add a record to the next piece, and return whether the piece is large enough."""

    def write(self) -> None:
        """Write the piece."""

    def close(self) -> None:
        """Write what completes the file."""


def write_batches(  # noqa: PLR0913 (each by name)
    records: Iterator[Mapping[str, Any]],
    config: BatchConfig,
    *,
    tap: str,
    stream: str,
    properties: Mapping[str, Mapping[str, Any]],
    has_valid_dates: bool,
) -> Iterator[tuple[BaseBatchFileEncoding, list[str]]]:
    """Write records to batch files, with the names that the SDK gives them.

    The SDK decodes and encodes each record once more, keeps those of a whole file in memory, and
    cannot write columns whose values have another structure in each record.

    Args:
        records: The records, as the target should get them.
        config: The setting ``batch_config``.
        tap: Name of the tap.
        stream: Name of the stream.
        properties: The schemas of their properties.
        has_valid_dates: Whether all dates are valid, and so can be stored as dates.

    Yields:
        The encoding of some files, and their locations.

    Raises:
        AkeneoError: The files cannot be written.
    """
    file_format = config.encoding.format
    compression = config.encoding.compression or COMPRESSIONS[file_format][0]
    encoding = replace(config.encoding, compression=compression)
    suffix = _SUFFIXES[compression] if file_format == _LINES else file_format
    name = f"{config.storage.prefix or ''}{tap}--{stream}-{uuid4()}"

    def record_file(file: IO[bytes]) -> RecordFile:
        if file_format == _LINES:
            return LinesFile(file, compression)
        # Only here, because it needs a package that is optional and takes memory.
        from tap_akeneo.batch_tables import TableFile  # noqa: PLC0415

        return TableFile(file, encoding, properties, has_valid_dates=has_valid_dates)

    for number in count(1):
        # The storage gets a file when all its records have been read, so never a part of one.
        with SpooledTemporaryFile(MAX_IN_MEMORY) as waiting:
            with _failures_named(stream):
                file = record_file(waiting)
            try:
                if not _write(stream, islice(records, config.batch_size), file):
                    return
            except BaseException:
                # A Parquet file would do this later, and print an error, as it is gone by then.
                with suppress(Exception):
                    file.close()
                raise
            with _failures_named(stream):
                waiting.seek(0)
                with config.storage.open(f"{name}-{number}.{suffix}", "wb") as stored:
                    shutil.copyfileobj(waiting, stored, BUFFER_SIZE)
                location = config.storage.get_url(f"{name}-{number}.{suffix}")
        yield encoding, [location]


def _write(stream: str, records: Iterator[Mapping[str, Any]], file: RecordFile) -> int:
    """Write records to a file; return how many there were."""
    written = 0
    for record in records:
        written += 1
        if file.add(record):
            with _failures_named(stream):
                file.write()
    with _failures_named(stream):
        file.write()
        file.close()
    return written


class LinesFile:
    """A file with one JSON object a line.

    Args:
        file: Where to write.
        compression: ``gzip``, ``zstd`` or ``none``.
    """

    def __init__(self, file: IO[bytes], compression: str) -> None:
        self._compressor = _compressor(file, compression)
        self._file = self._compressor or file
        self._lines = bytearray()

    def add(self, record: Mapping[str, Any]) -> bool:
        """Encode a record; see `RecordFile`."""
        ENCODER.encode_into(record, self._lines, -1)
        self._lines += b"\n"
        return len(self._lines) >= BUFFER_SIZE

    def write(self) -> None:
        """Write the encoded records."""
        self._file.write(self._lines)
        self._lines.clear()

    def close(self) -> None:
        """Write the end of the compressed data."""
        if self._compressor:
            self._compressor.close()


def _compressor(file: IO[bytes], compression: str) -> IO[bytes] | None:
    """Return a file that compresses what is written to it, or None without compression."""
    if compression == "gzip":
        return GzipFile(fileobj=file, mode="wb", compresslevel=GZIP_LEVEL)  # type: ignore[return-value]
    if compression != "zstd":
        return None
    if sys.version_info >= (3, 14):
        from compression import zstd  # noqa: PLC0415 (an argument of this function has its name)
    else:
        from backports import zstd  # noqa: PLC0415 (optional)
    return cast("IO[bytes]", zstd.ZstdFile(file, "wb"))


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
