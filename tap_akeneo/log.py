"""What the log of a run shows: the tap's own lines, each with the name of its stream."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING

import singer_sdk
from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Collection

SDK = Path(singer_sdk.__file__).parent


class OwnLines(logging.Filter):
    """Hides what the SDK logs about its own work, unless the level is DEBUG.

    The SDK logs up to five lines for each stream, such as `Beginning sync of …` and two metrics.

    It also puts the name of the stream before the lines of a stream, because Meltano does not show
    the name of the logger.

    Args:
        logger: The tap's logger.
        streams: The names of all streams.
    """

    def __init__(self, logger: logging.Logger, streams: Collection[str]) -> None:
        super().__init__()
        self._logger = logger
        self._streams = {f"{logger.name}.{stream}": stream for stream in streams}

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether to show a line, and add the name of its stream."""
        is_of_sdk = SDK in Path(record.pathname).parents
        if is_of_sdk and record.levelno < logging.WARNING:
            return self._logger.isEnabledFor(logging.DEBUG)
        stream = self._streams.get(record.name)
        if stream and not str(record.msg).startswith(f"{stream}: "):
            record.msg = f"{stream}: {record.msg}"
        return True


def show_own_lines(logger: logging.Logger, streams: Collection[str]) -> None:
    """Show only the tap's own lines, wherever the log of this process goes.

    Handlers of single loggers are left alone, such as one that collects the metrics of
    `singer_sdk.metrics`.

    Args:
        logger: The tap's logger.
        streams: The names of all streams.
    """
    for handler in logging.getLogger().handlers:
        handler.addFilter(OwnLines(logger, streams))
