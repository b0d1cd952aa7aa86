"""What a run has read, for the end of its log."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from tap_akeneo.client.errors import printable

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


@dataclass(frozen=True)
class Summary:
    """What a run has read.

    Attributes:
        changed: Number of rows of incremental streams that are new or changed since the last run.
        read_before: Number of their other rows, such as those of the lookback.
        refreshed: Number of their rows that were read again because of ``refresh_within_days``.
        full_tables: Number of rows of each stream that every run reads in full.
        requests: Number of requests.
        retries: How many of these were retries.
        waited: Seconds that the retries have waited.
        skipped_streams: Streams of which no list was read.
        skipped_lists: Paths of the skipped lists of other streams.
        incomplete_streams: Selected streams that failed, were not read to their end, or have
            broken items.
        unknown_fields: Fields by stream that this version of the tap or the catalog does not know.
    """

    changed: int
    read_before: int
    refreshed: int
    full_tables: Mapping[str, int]
    requests: int
    retries: int
    waited: float
    skipped_streams: Sequence[str]
    skipped_lists: Mapping[str, Sequence[str]]
    incomplete_streams: Sequence[str]
    unknown_fields: Mapping[str, Sequence[str]]

    def as_data(self) -> dict[str, Any]:
        """Return the summary as JSON data, for structured logs."""
        return {"rows": self.rows, **asdict(self)}

    @property
    def rows(self) -> int:
        """Number of all rows."""
        return self.changed + self.read_before + self.refreshed + sum(self.full_tables.values())

    @property
    def of_full_tables(self) -> str:
        """A line about the streams that every run reads in full."""
        counts = ", ".join(f"{name} {rows:,}" for name, rows in self.full_tables.items())
        return f"full tables: {sum(self.full_tables.values()):,} rows ({counts})"

    @override
    def __str__(self) -> str:
        """A line about all of it."""
        full = sum(self.full_tables.values())
        skipped = ", ".join(self.skipped_streams)
        lists = ", ".join(
            f"{len(paths)} of {name} ({paths[0]}{', …' if len(paths) > 1 else ''})"
            for name, paths in self.skipped_lists.items()
        )
        unknown = ", ".join(
            f"{name}.{field}" for name, fields in self.unknown_fields.items() for field in fields
        )
        return (
            f"{self.rows:,} rows, {self.requests:,} requests including {self.retries:,} retries "
            f"after waits of {self.waited:.0f} s; new or changed: {self.changed:,}, "
            f"read before: {self.read_before:,}, "
            f"{f'refreshed: {self.refreshed:,}, ' if self.refreshed else ''}"
            f"in full tables: {full:,}; "
            f"{f'unknown fields: {printable(unknown)}; ' if unknown else ''}"
            f"{f'skipped streams: {skipped}; ' if skipped else ''}"
            f"{f'skipped lists: {lists}; ' if lists else ''}"
            f"incomplete streams: {', '.join(self.incomplete_streams) or 'none'}"
        )
