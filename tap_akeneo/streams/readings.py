"""The stream of readings: which lists were read to their ends, and when.

Each row of a full table has the time of its reading. So a query finds what was deleted in the PIM,
whatever the loader does with ACTIVATE_VERSION: `docs/deletions.md` has the rule.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from typing_extensions import override

from tap_akeneo.streams.sdk import SdkStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from datetime import datetime

    from singer_sdk.helpers.types import Context

    from tap_akeneo.records import Record


WHOLE_STREAM: Final = "*"
"""The parent in the row of a whole stream. No code has this character; loaders make "" null."""


class Readings(SdkStream):
    """One row for each stream that was read to its end, or for each of its lists that was."""

    name = "readings"
    primary_keys = ("stream", "parent", "read_at")
    _has_schema = False

    @property
    @override
    def emit_activate_version_messages(self) -> bool:
        return False

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        # Rows come from the other streams, after their records.
        self.tap.end_stream(self.name, [], is_partial=False)
        return ()

    @override
    def _write_schema_message(self) -> None:
        # The SDK writes it when it comes to this stream, but other streams may come before.
        if not self._has_schema:
            self._has_schema = True
            super()._write_schema_message()

    def write(self, rows: Iterable[Record]) -> None:
        """Write rows, until one of them cannot be mapped."""
        self._write_schema_message()
        for row in rows if self.map_failure is None else ():
            for message in self._generate_record_messages(row):
                self.tap.write_message(message)
            if self.map_failure is not None:
                self.tap.stream_raised(self.name, self.map_failure)
                return


@dataclass
class ListRead:
    """What a run read of one list, perhaps in several readings.

    Attributes:
        read_at: When the last reading began; ``None`` if the run read only items that an earlier
            one could not read.
        is_read: Whether everything came.
        is_full: Whether all items were read, and not only changes.
        rows: Number of rows, including those of an earlier run that began the reading.
        counted: Number of items that the PIM counted; ``None`` if it did not.
    """

    read_at: datetime | None = None
    is_read: bool = True
    is_full: bool = False
    rows: int = 0
    counted: int | None = None


def rows_of(lists: Mapping[str, ListRead], read_at: datetime | None) -> Iterator[Record]:
    """Yield one row for a stream if all its lists were read, else one for each list that was.

    Args:
        lists: The lists by the keys of their parents.
        read_at: When the reading of the stream began, if it was read to its end; else ``None``.
    """
    if read_at is not None and all(one.is_read for one in lists.values()):
        counts = [one.counted for one in lists.values()]
        whole = ListRead(
            min((one.read_at for one in lists.values() if one.read_at), default=read_at),
            is_full=all(one.is_full for one in lists.values()),
            rows=sum(one.rows for one in lists.values()),
            counted=None if None in counts else sum(filter(None, counts)),
        )
        lists = {WHOLE_STREAM: whole}
    for parent, one in lists.items():
        if one.is_read and one.read_at is not None:
            yield {
                "parent": parent,
                "read_at": one.read_at.isoformat(),
                "is_full": one.is_full,
                "row_count": one.rows,
                "item_count": one.counted,
            }
