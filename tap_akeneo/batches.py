"""Writing files of records instead of messages, for targets that load files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tap_akeneo.client.errors import AkeneoError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.batch import Batcher

    # The type in the signature of `Stream.get_batches`; no public module exports it.
    from singer_sdk.helpers._batch import BaseBatchFileEncoding


def batches(
    stream: str,
    batcher: Batcher,
    encoding: BaseBatchFileEncoding,
    records: Iterator[dict[str, Any]],
) -> Iterator[tuple[BaseBatchFileEncoding, list[str]]]:
    """Writes records into files.

    Args:
        stream: Their stream.
        batcher: Writes them.
        encoding: What the setting says.
        records: As the target is to get them.

    Yields:
        How the files are encoded, and where they are.

    Raises:
        AkeneoError: They cannot be written.
    """
    if encoding.format == "jsonl":
        # As the SDK's files are, whatever the setting says.
        encoding = replace(encoding, compression="gzip")
    while_reading: list[Exception] = []

    def read() -> Iterator[dict[str, Any]]:
        try:
            yield from records
        except Exception as fault:
            while_reading.append(fault)
            raise

    try:
        for manifest in batcher.get_batches(records=read()):
            yield encoding, manifest
    except Exception as fault:
        # The libraries for remote storage raise whatever they like.
        if fault in while_reading:
            raise
        msg = f"{stream}: its batches cannot be written, check the setting batch_config: {fault}"
        raise AkeneoError(msg) from fault
