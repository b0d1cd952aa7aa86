"""Batch files of records, for targets that load files instead of messages."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tap_akeneo.client.errors import AkeneoError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.batch import Batcher

    # The type in the signature of `Stream.get_batches`; no public module exports it.
    from singer_sdk.helpers._batch import BaseBatchFileEncoding


def write_batches(
    stream: str,
    batcher: Batcher,
    encoding: BaseBatchFileEncoding,
    records: Iterator[dict[str, Any]],
) -> Iterator[tuple[BaseBatchFileEncoding, list[str]]]:
    """Write records to batch files.

    Args:
        stream: Name of the stream.
        batcher: Writes the files.
        encoding: The encoding from the setting ``batch_config``.
        records: The records, as the target should get them.

    Yields:
        The encoding of some files, and their locations.

    Raises:
        AkeneoError: The files cannot be written.
    """
    if encoding.format == "jsonl":
        # The SDK always compresses these files, whatever the setting says.
        encoding = replace(encoding, compression="gzip")
    read_failures: list[Exception] = []

    def read() -> Iterator[dict[str, Any]]:
        try:
            yield from records
        except Exception as failure:
            read_failures.append(failure)
            raise

    try:
        for manifest in batcher.get_batches(records=read()):
            yield encoding, manifest
    except Exception as failure:
        # The libraries for remote storage raise exceptions of many types.
        if failure in read_failures:
            raise
        msg = (
            f"{stream}: the batch files cannot be written, check the setting batch_config: "
            f"{failure}"
        )
        raise AkeneoError(msg) from failure
