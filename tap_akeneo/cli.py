"""How a run ends: with one line on what stopped it, and an exit code for it.

0: everything selected was read. 1: something was not. 130 and 143: stopped by SIGINT or SIGTERM.
"""

from __future__ import annotations

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
    import logging
    from collections.abc import Generator
    from types import FrameType

GRACE = 4.0
"""Seconds after which a signal ends the process, wherever it is."""

EXPRESSIONS = frozenset({"simpleeval.py", "mapper.py"})
"""Where the SDK works out the expressions of ``stream_maps``."""

FAILED = 1
KILLED_BY = 128
"""Added to a signal's number, as shells do."""


class Stopped(Exception):
    """A signal asked the run to stop."""


class Stopper:
    """Notes that a signal asks the run to stop, which it then does between two records."""

    def __init__(self) -> None:
        self._signal: int | None = None

    def listen(self) -> None:
        """Takes SIGINT and SIGTERM over from the SDK, which would end with 0."""
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGINT, signal.SIGTERM):
                signal.signal(number, self._note)

    def check(self) -> None:
        """Stops the run if it was asked for.

        Raises:
            Stopped: It was.
        """
        if self._signal is not None:
            name = signal.Signals(self._signal).name
            msg = f"stopped by {name}; the next run goes on from the last bookmark"
            raise Stopped(msg)

    @property
    def code(self) -> int:
        """The exit code of a stopped run."""
        return KILLED_BY + (self._signal or 0)

    def _note(self, number: int, _frame: FrameType | None) -> None:
        self._signal = number
        # The run may be stuck where it cannot look: a target that reads nothing, a silent PIM.
        last_resort = threading.Timer(GRACE, os._exit, [self.code])
        last_resort.daemon = True
        last_resort.start()


@contextmanager
def ending_in_one_line(logger: logging.Logger, stopper: Stopper) -> Generator[None, None, None]:
    """Tells what ends the run in a line of its own for each fault, and exits."""
    try:
        yield
    except Stopped as stopped:
        logger.warning("%s", stopped)
        sys.exit(stopper.code)
    except OutputFailed as failed:
        logger.error("%s", failed)  # noqa: TRY400
        # Python flushes stdout once more at its end, which would fail again.
        sys.stdout = None
        sys.exit(FAILED)
    except AkeneoError as error:
        logger.error("%s", error)  # noqa: TRY400 (no traceback: the line says it all)
        sys.exit(FAILED)
    except ConfigValidationError as invalid:
        for fault in invalid.errors:
            logger.error("%s", fault)  # noqa: TRY400
        sys.exit(FAILED)
    except MappingError as mistake:
        logger.error("check the setting stream_maps: %s", mistake)  # noqa: TRY400
        sys.exit(FAILED)
    except (click.exceptions.Exit, click.ClickException):
        raise
    except Exception as unexpected:
        *_, place = places = traceback.extract_tb(unexpected.__traceback__)
        if any(Path(frame.filename).name in EXPRESSIONS for frame in places):
            logger.error(  # noqa: TRY400
                "check the setting stream_maps: an expression ends with %s for some record; what "
                "may be missing needs record.get('…')",
                type(unexpected).__name__,
            )
            sys.exit(FAILED)
        logger.error(  # noqa: TRY400 (a traceback would show values, perhaps secret ones)
            "unexpected %s at %s:%s: please report it, with the settings but without secrets; "
            "TAP_AKENEO_LOGLEVEL=DEBUG shows more",
            type(unexpected).__name__,
            Path(place.filename).name,
            place.lineno,
        )
        logger.debug("", exc_info=unexpected)
        sys.exit(FAILED)
