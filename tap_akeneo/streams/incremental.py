"""Streams that read what changed, and the bookmarks they leave."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_akeneo.client.responses import Page, value_of
from tap_akeneo.config.settings import parse_date
from tap_akeneo.pagination.base import MAX_READINGS, Paginator
from tap_akeneo.pagination.page_number import walk as walk_of
from tap_akeneo.pagination.windows import Changes, WindowPaginator
from tap_akeneo.replication import (
    DateRange,
    ServerZone,
    Window,
    iso_conditions,
    latest_wall_time,
    plan_incremental,
    usable_date,
    window_of,
)
from tap_akeneo.streams.base import AkeneoStream, Record

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime

    from singer_sdk.helpers.types import Context

    from tap_akeneo.pagination.base import ListRequest
    from tap_akeneo.replication import Condition

INCREMENTAL = "INCREMENTAL"


@dataclass
class BookmarkedRead:
    """The changes of one list since its bookmark, read by one or more walks.

    Attributes:
        parents: Keys of the list's parent, empty where it has none.
        state: The bookmark of this list in the state.
        span: The changes to read.
        unfinished: Walks that have not ended.
        read: Items that came out of the last reading.
        readings: How often it was begun. The last one must not fail for what is added at its end.
        keys: Theirs, as hashes, where one that comes twice must not stand in for another; None
            where they are not needed.
        broken: Keys of items that the PIM cannot write.
        incomplete: Whether a walk ended before its list did.
        lacks_items: Whether fewer came out than the PIM counts.
        date_seen: The date of one item.
        changes: The list, where it is read by windows.
    """

    parents: Mapping[str, str]
    state: dict[str, Any]
    span: DateRange
    unfinished: set[Paginator] = field(default_factory=set)
    read: int = 0
    keys: set[int] | None = None
    readings: int = 0
    broken: list[str] = field(default_factory=list)
    incomplete: bool = False
    lacks_items: bool = False
    date_seen: datetime | None = None
    changes: Changes | None = None

    def __post_init__(self) -> None:
        """Remembers the bookmark."""
        self._state_before = dict(self.state)

    def begin(self) -> None:
        """Forgets what an earlier reading brought."""
        self.read, self.lacks_items = 0, False
        self.readings += 1
        if self.keys:
            self.keys.clear()

    def take(self, page: Page, listing: ListRequest) -> None:
        """Counts the items of a page."""
        if self.keys is None:
            self.read += len(page.items)
        else:
            self.keys.update(hash(listing.key_of(item)) for item in page.items)
            self.read = len(self.keys)

    def take_back(self) -> None:
        """Puts the bookmark back to where it was: a window that it passed may lack items."""
        self.state.clear()
        self.state.update(self._state_before)


class IncrementalStream(AkeneoStream):
    """A resource whose records carry ``updated``; read from its bookmark on."""

    replication_key: ClassVar[str | None] = "updated"
    series: Sequence[BookmarkedRead] = ()
    """What this run reads, one for each list that has a bookmark of its own."""

    @property
    def filtered_date(self) -> str:
        """The property that the PIM filters by."""
        return "updated"

    @property
    @override
    def check_sorted(self) -> bool:
        return False

    @property
    @override
    def partitions(self) -> None:
        """None: bookmarks per parent are kept here, and all parents are read at once."""

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """None: the bookmark is set here, the SDK has nothing to cap."""

    @override
    def read(self) -> Iterator[Record]:
        # The SDK notes here the last `updated` it saw, and would make it the bookmark in the end.
        state = self.get_context_state(None)
        state["progress_markers"] = {}
        try:
            parents = list(self.parents())
            if parents:
                self._forget_bookmarks_except(parents)
            self.series = [self._series_of(one) for one in parents]
            yield from self._read_series()
        finally:
            state.pop("progress_markers", None)

    @property
    def keeps_bookmarks(self) -> bool:
        """Whether this run is incremental; the catalog can ask for a full table instead."""
        return self.replication_method == INCREMENTAL

    def parents(self) -> list[dict[str, str]]:
        """Keys of the parents below which there is a list; one without keys for a single list."""
        return [{}]

    def _forget_bookmarks_except(self, parents: list[dict[str, str]]) -> None:
        """Keeps the state small: parents that are gone need no bookmark."""
        if kept := self.stream_state.get("partitions"):
            self.stream_state["partitions"] = [
                bookmark for bookmark in kept if bookmark["context"] in parents
            ]

    def _series_of(self, parents: dict[str, str]) -> BookmarkedRead:
        state = self.get_context_state(parents or None) if self.keeps_bookmarks else {}
        bookmark = self._bookmark(state)
        start_date = self.settings.start_date if self.keeps_bookmarks else None
        span = plan_incremental(
            bookmark=bookmark,
            start_date=start_date,
            end_date=self.settings.end_date if self.keeps_bookmarks else None,
            lookback=self.settings.lookback,
            now=self.pim.server_time(),
        )
        if span.ignores_bookmark:
            self.logger.warning(
                "The bookmark %s lies ahead of the PIM's clock: reading everything", bookmark
            )
        if span.starts_in_future:
            self.logger.warning(
                "start_date %s is in the future of the PIM's clock: nothing to read yet", start_date
            )
        # Before 6.0 the count alone tells whether all came; later it is a second line.
        return BookmarkedRead(
            parents, state, span, keys=None if self.pim.cursors_are_plain else set()
        )

    def _since(self, state: Mapping[str, Any]) -> datetime | None:
        """The bookmark, or the start date if that is later; None to read everything."""
        if not self.keeps_bookmarks:
            return None
        dates = [self._bookmark(state), self.settings.start_date]
        return max((date for date in dates if date), default=None)

    def _bookmark(self, state: Mapping[str, Any]) -> datetime | None:
        bookmark = state.get("replication_key_value")
        if not bookmark or state.get("replication_key") != self.replication_key:
            return None
        return parse_date(bookmark)

    def _read_series(self) -> Iterator[Record]:
        to_read = [series for series in self.series if not series.span.is_empty]
        for _ in range(MAX_READINGS):
            yield from self._read_walks(to_read)
            to_read = [series for series in to_read if series.lacks_items]
            if not to_read:
                return
        self.is_whole = False
        for series in to_read:
            self.tap.stream_failed(
                self.name,
                f"the PIM counted {series.changes and series.changes.counted}, {series.read} came "
                f"out, each of {MAX_READINGS} times that they were read. The bookmark stays, the "
                "next run reads them again. If this comes again and again, the PIM's search index "
                "is out of step with its database: have it rebuilt",
            )

    def _read_walks(self, to_read: Sequence[BookmarkedRead]) -> Iterator[Record]:
        """Reads walks to their end, and moves each bookmark as far as what is out."""
        owners: dict[Paginator, BookmarkedRead] = {}
        for series in to_read:
            series.begin()
            walk = self.walk_through(series)
            owners[walk] = series
            series.unfinished.add(walk)
        for walk, news in self.read_ahead(list(owners)):
            series = owners[walk]
            if isinstance(news, Page):
                series.take(news, walk.listing)
                series.date_seen = series.date_seen or usable_date(
                    value_of(news.items[0], "updated")
                )
                yield from self.records(news, series.parents)
            elif isinstance(news, Paginator):
                owners[news] = series
                series.unfinished.add(news)
            else:
                series.unfinished.discard(walk)
                series.incomplete |= walk.incomplete
                series.broken += walk.broken
                if series.broken or series.incomplete:
                    # What is missing must be read again.
                    continue
                if reached := self.reached(series):
                    self._move_bookmark(series, reached)

    def walk_through(self, series: BookmarkedRead) -> Paginator:
        """A walk through the changes of a series."""
        return walk_of(self.pim, self.listing_since(series))

    def listing_since(self, series: BookmarkedRead) -> ListRequest:
        """The list of what changed in the span of a series."""
        return self.listing_where(self.updated_conditions(series.span), series.parents)

    def listing_where(
        self, conditions: Sequence[Condition], parents: Mapping[str, str]
    ) -> ListRequest:
        """The list of what changed when the conditions say so; the whole list without any."""
        return self.listing(parents, {self.filtered_date: conditions} if conditions else None)

    def updated_conditions(self, span: DateRange) -> list[Condition]:
        """The PIM's filter for a span."""
        return iso_conditions(span)

    def reached(self, series: BookmarkedRead) -> datetime | None:
        """Where the bookmark may go now that one of its walks has ended, None for nowhere."""
        return None if series.unfinished else series.span.bookmark

    def _move_bookmark(self, series: BookmarkedRead, reached: datetime) -> None:
        series.state["replication_key"] = self.replication_key
        series.state["replication_key_value"] = reached.isoformat()


class WindowedStream(IncrementalStream):
    """An incremental resource whose list can be narrowed to a window of time at both ends."""

    date_format: ClassVar[str]
    """How the PIM wants the dates of this list's filter."""

    windows_need: ClassVar[str | None] = None
    """A route that only those versions have which can filter by a window."""

    @override
    def counted(self) -> int | None:
        counts = (series.changes.counted for series in self.series if series.changes)
        return sum(count or 0 for count in counts) or None

    @cached_property
    def zone(self) -> ServerZone:
        """The zone in which it wants them."""
        return ServerZone.utc()

    @override
    def walk_through(self, series: BookmarkedRead) -> Paginator:
        if self.windows_need and not self.pim.offers(self.windows_need):
            return super().walk_through(series)
        series.changes = Changes(
            self.pim,
            lambda window: self.listing_where(window.conditions(self.date_format), series.parents),
            latest_wall_time(self.pim.server_time()),
            self.window_of(series.span),
        )
        return series.changes.walk()

    def zone_seen_in(self, series: BookmarkedRead) -> ServerZone | None:
        """The zone, told by a date that came out where it was not asked for; None without one."""
        if series.changes and series.changes.whole != Window():
            return self.zone
        offset = series.date_seen.utcoffset() if series.date_seen else None
        return None if offset is None else ServerZone(offset=offset)

    def window_of(self, span: DateRange) -> Window:
        """The window of a span; the zone is not asked for where nothing is to be filtered."""
        if span.start is None and span.end is None:
            return Window()
        return window_of(span, self.zone)

    @override
    def reached(self, series: BookmarkedRead) -> datetime | None:
        if not series.unfinished:
            if series.changes and series.changes.lacks(
                series.read, strict=series.readings < MAX_READINGS
            ):
                self.logger.info("something was deleted while it was read, reading it again")
                series.lacks_items = True
                series.take_back()
                return None
            return series.span.bookmark
        if not self.pim.cursors_are_plain:
            # Only the count in the end tells whether a window was read as a whole.
            return None
        if series.changes and any(walk.may_hide_items for walk in tuple(series.changes.walks)):
            # And so it is where items seem to be deleted while they are read.
            series.take_back()
            return None
        starts = [
            walk.window.start for walk in series.unfinished if isinstance(walk, WindowPaginator)
        ]
        known = [start for start in starts if start is not None]
        zone = self.zone_seen_in(series)
        if zone is None or not known or len(known) < len(series.unfinished):
            return None
        reached = zone.earliest(min(known))
        since = self._since(series.state)
        return reached if since is None or reached > since else None
