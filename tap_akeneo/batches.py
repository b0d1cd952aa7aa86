"""Writing files of records instead of messages, for targets that load files."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from tap_akeneo.errors import AkeneoError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from singer_sdk.batch import Batcher
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
    try:
        for manifest in batcher.get_batches(records=records):
            yield encoding, manifest
    except AkeneoError:
        raise
    except Exception as fault:
        # The libraries for remote storage raise whatever they like.
        msg = f"{stream}: its batches cannot be written, check the setting batch_config: {fault}"
        raise AkeneoError(msg) from fault
