"""Loaders of batch files, for tests."""

from __future__ import annotations

import gzip
import json
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

from typing_extensions import override

from tests.support import Collector, Run, sync

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from pim_simulator import SimulatedPim
    from tests.support import Message


def in_batches(root: str, **storage: Any) -> dict[str, Any]:
    return {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": root, **storage},
        "batch_size": 25,
    }


class Loader(Collector):
    """A writer that opens batch files when their message arrives, like a target.

    Args:
        opened: Returns the content of the file at a URL from the message.
    """

    def __init__(self, opened: Callable[[str], bytes]) -> None:
        super().__init__()
        self._opened = opened
        self.rows: dict[str, list[Message]] = {}

    @override
    def write_message(self, message: Any) -> None:
        super().write_message(message)
        written = self.messages[-1]
        for url in written.get("manifest", ()):
            lines = gzip.decompress(self._opened(url)).split(b"\n")
            self.rows.setdefault(written["stream"], []).extend(
                json.loads(line) for line in lines if line
            )


def load(pim: SimulatedPim, streams: Collection[str], loader: Loader, **settings: Any) -> Run:
    """Read streams into a batch loader."""
    return sync(pim, *streams, collector=loader, pim_timezone="UTC", **settings)


def file_at(url: str) -> bytes:
    with urlopen(url) as file:  # noqa: S310 (a file written by this test)
        content: bytes = file.read()
    return content
