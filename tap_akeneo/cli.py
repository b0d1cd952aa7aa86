"""The end of a run: one log line about what stopped it, and an exit code.

0: Every selected stream was read. 1: A stream was not. 130 and 143: Stopped by SIGINT or SIGTERM.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
import traceback
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click
from singer_sdk.exceptions import ConfigValidationError, MappingError

from tap_akeneo.client.errors import AkeneoError, OutputFailed

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType

GRACE_PERIOD = 4.0
"""Seconds from a signal until the process exits, even if the run is stuck."""

FAILED = 1
SIGNAL_EXIT_BASE = 128
"""Shells add this to the number of a signal."""


def remove_unknown_log_levels(name: str) -> list[str]:
    """Remove the environment variables that name an unknown log level.

    Args:
        name: Name of the tap.

    Returns:
        An error message for each of them.
    """
    mistakes = []
    for variable in (f"{name.upper().replace('-', '_')}_LOGLEVEL", "LOGLEVEL"):
        level = os.environ.get(variable, "")
        if level and not isinstance(logging.getLevelName(level.upper()), int):
            del os.environ[variable]
            mistakes.append(
                f"{variable} in the environment must be DEBUG, INFO, WARNING, ERROR or CRITICAL"
            )
    return mistakes


class Stopped(BaseException):
    """A signal asked the run to stop. No handler of errors may keep that from ending it."""


class Stopper:
    """Stops the run between two records after SIGINT or SIGTERM."""

    def __init__(self) -> None:
        self._signal: int | None = None

    def listen(self) -> None:
        """Handle SIGINT and SIGTERM. The SDK's own handlers exit with 0."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self._handle)

    def check(self) -> None:
        """Stop the run if a signal has arrived.

        Raises:
            Stopped: A signal has arrived.
        """
        if self._signal is not None:
            name = signal.Signals(self._signal).name
            msg = f"stopped by {name}: the next run continues where this one stopped"
            raise Stopped(msg)

    @property
    def exit_code(self) -> int:
        """The exit code of a stopped run."""
        return SIGNAL_EXIT_BASE + (self._signal or 0)

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        self._signal = number
        # The run may be blocked, by a target that does not read or a PIM that does not respond.
        timer = threading.Timer(GRACE_PERIOD, os._exit, [self.exit_code])
        timer.daemon = True
        timer.start()


@contextmanager
def exit_on_failure(logger: logging.Logger, stopper: Stopper) -> Generator[None, None, None]:
    """Log one line for each error that ends the run, without a traceback, and exit."""
    try:
        yield
    except Stopped as stopped:
        logger.warning("%s", stopped)
        sys.exit(stopper.exit_code)
    except OutputFailed as failed:
        logger.error("%s", failed)  # noqa: TRY400
        # Python flushes stdout at exit, which would fail again.
        sys.stdout = None
        sys.exit(FAILED)
    except AkeneoError as error:
        logger.error("%s", error)  # noqa: TRY400 (the line says it all)
        sys.exit(FAILED)
    except ConfigValidationError as invalid:
        for line in invalid.errors:
            logger.error("%s", line)  # noqa: TRY400
        sys.exit(FAILED)
    except (click.exceptions.Exit, click.ClickException):
        raise
    except Exception as failure:
        logger.error("%s", cause_of(failure))  # noqa: TRY400 (a traceback could show secrets)
        logger.debug("", exc_info=failure)
        sys.exit(FAILED)


def cause_of(failure: Exception) -> str:
    """Return a line about a failure for which the tap has no words of its own."""
    if isinstance(failure, MappingError):
        return f"check the setting stream_maps: {failure}"
    *_, frame = traceback.extract_tb(failure.__traceback__)
    return (
        f"unexpected {type(failure).__name__} at {Path(frame.filename).name}:{frame.lineno}: "
        "please report it with your settings, but without secrets; "
        "TAP_AKENEO_LOGLEVEL=DEBUG shows more"
    )
