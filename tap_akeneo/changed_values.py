"""Counts and logs the values that the tap changed so that every target accepts them."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING, Any

from tap_akeneo.client.errors import printable

if TYPE_CHECKING:
    from collections.abc import Collection

    from tap_akeneo.conformance import Mismatch

ADDITIONAL_FIELDS = "additional_fields"
"""Property for fields that the schema does not name, and for values that do not fit it."""

BROKEN_TEXT = "lone surrogates or invalid UTF-8, replaced by U+FFFD"


class ChangedValues:
    """Counts the values of a stream that were changed, and logs each kind once.

    Args:
        logger: The stream's logger.

    Attributes:
        unknown: Fields that the schema does not name.
    """

    def __init__(self, logger: logging.Logger | logging.LoggerAdapter[Any]) -> None:
        self._logger = logger
        self.unknown: set[str] = set()
        self._mismatches: Counter[tuple[Mismatch, bool]] = Counter()
        self._texts: Counter[str] = Counter()

    def count(self, mismatch: Mismatch, *, kept: bool = True) -> None:
        """Count a value that differs from its schema.

        Args:
            mismatch: The difference.
            kept: Whether ``additional_fields`` keeps the value if it could not be converted.
        """
        self._mismatches[mismatch, kept] += 1

    def count_text(self, what: str, times: int) -> None:
        """Count characters that databases reject and that were replaced or removed."""
        self._texts[what] += times

    def log_unknown(self, names: Collection[str]) -> None:
        """Log each field once that the schema does not name."""
        if unknown := {*names} - self.unknown:
            self.unknown |= unknown
            self._logger.info(
                "the PIM sends fields that this version of the tap or the catalog does not know, "
                "kept in %s: %s",
                ADDITIONAL_FIELDS,
                printable(", ".join(sorted(unknown))),
            )

    def log_summary(self) -> None:
        """Log what was counted, and start again from zero."""
        for (mismatch, kept), times in self._mismatches.items():
            replaced = f"null instead, and kept in {ADDITIONAL_FIELDS}" if kept else "null instead"
            self._logger.log(
                logging.INFO if mismatch.is_converted else logging.WARNING,
                "`%s` was %s (%s): %s",
                printable(mismatch.path),
                mismatch.difference,
                _times(times),
                "converted" if mismatch.is_converted else replaced,
            )
        for what, times in self._texts.items():
            self._logger.warning("texts contained %s (%s)", what, _times(times))
        self._mismatches.clear()
        self._texts.clear()


def _times(times: int) -> str:
    return "once" if times == 1 else f"{times:,} times"
