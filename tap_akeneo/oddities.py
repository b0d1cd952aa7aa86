"""What is changed in records so that every target takes them, and what is said of it."""

from __future__ import annotations

import logging
from collections import Counter
from typing import TYPE_CHECKING

from tap_akeneo.client.errors import printable

if TYPE_CHECKING:
    from collections.abc import Collection

    from tap_akeneo.conformance import Finding

ADDITIONAL_FIELDS = "additional_fields"
"""The property for what a stream's schema does not name, or declares otherwise."""

BROKEN_TEXT = "half a surrogate, or a byte that is not UTF-8: replaced by U+FFFD"


class Oddities:
    """What was changed in the records of a stream: counted, and said once for each kind.

    Args:
        logger: The stream's.
    """

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._unknown: set[str] = set()
        self._findings: Counter[tuple[Finding, bool]] = Counter()
        self._texts: Counter[str] = Counter()

    def note(self, finding: Finding, *, kept: bool = True) -> None:
        """Count a value that differs from what the schema declares.

        Args:
            finding: The difference.
            kept: Whether what does not fit is kept in ``additional_fields``.
        """
        self._findings[finding, kept] += 1

    def note_text(self, what: str, times: int) -> None:
        """Count what databases refuse in texts."""
        self._texts[what] += times

    def note_unknown(self, names: Collection[str]) -> None:
        """Say, once, which fields come that the schema does not name."""
        if unknown := {*names} - self._unknown:
            self._unknown |= unknown
            self._logger.info(
                "The PIM sends fields that are unknown to this version of the tap or to the "
                "catalog; they are kept in %s: %s",
                ADDITIONAL_FIELDS,
                printable(", ".join(sorted(unknown))),
            )

    def tell(self) -> None:
        """Say what was counted, and start again from zero."""
        for ((path, what, fits), kept), times in self._findings.items():
            instead = f"null instead, and kept in {ADDITIONAL_FIELDS}" if kept else "null instead"
            self._logger.log(
                logging.INFO if fits else logging.WARNING,
                "`%s` came as %s (%s): %s",
                printable(path),
                what,
                _times(times),
                "converted" if fits else instead,
            )
        for what, times in self._texts.items():
            self._logger.warning("texts held %s (%s)", what, _times(times))
        self._findings.clear()
        self._texts.clear()


def _times(times: int) -> str:
    return "once" if times == 1 else f"{times:,} times"
