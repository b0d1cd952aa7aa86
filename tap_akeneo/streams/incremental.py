"""Streams that read only the items that changed since their bookmark."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_akeneo.config.settings import parse_date
from tap_akeneo.config.state import READ_EVERYTHING
from tap_akeneo.pagination.plans import Plan, ask
from tap_akeneo.pagination.reading import ListReading, Outcome
from tap_akeneo.records import decoded
from tap_akeneo.replication import (
    MAX_OFFSET_CHANGE,
    DateRange,
    iso_conditions,
    plan_incremental,
    usable_date,
)
from tap_akeneo.streams.base import AkeneoStream
from tap_akeneo.streams.fingerprints import MIXED, changed_inputs, forget_read, has_read
from tap_akeneo.streams.refreshing import due_refresh, record_full_reading
from tap_akeneo.streams.resuming import BrokenItemReading, ResumableReading, broken_items

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from singer_sdk.helpers.types import Context

    from tap_akeneo.client.responses import Page
    from tap_akeneo.pagination.request import ListRequest
    from tap_akeneo.records import Record
    from tap_akeneo.replication import Condition
    from tap_akeneo.streams.fingerprints import State
    from tap_akeneo.streams.tap_interface import TapInterface

INCREMENTAL = "INCREMENTAL"


class IncrementalStream(AkeneoStream):
    """A resource that the PIM can filter by ``updated``, read from a bookmark.

    Attributes:
        rows_again: Number of records so far that an earlier run has read, by their dates.
    """

    replication_key: ClassVar[str | None] = "updated"

    def __init__(self, tap: TapInterface) -> None:
        super().__init__(tap)
        self.rows_again = 0
        self._rows_of_changes: int | None = None
        self._is_filtered = False
        self._starts: list[datetime | None] = []

    @property
    def filtered_date(self) -> str:
        """Name of the date property that the PIM filters by."""
        return "updated"

    @property
    @override
    def check_sorted(self) -> bool:
        return False

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """Return None. A signpost limits the SDK's own bookmarks, which this tap does not use."""

    @property
    def keeps_bookmarks(self) -> bool:
        """Whether the stream is incremental in this run; the catalog can make it a full table."""
        return self.replication_method == INCREMENTAL

    @override
    def plan_lists(self) -> Plan[None]:
        # The state is made here, because threads must not change it.
        _ = self.stream_state
        parents = yield from self.parents()
        self.report_parents(self)
        yield from ask(lambda: self.fingerprints)
        self._compare_fingerprints()
        if self.is_whole:
            self._forget_bookmarks_except(parents)
        if any(self._filters_dates(one) for one in parents):
            yield from ask(self.prepare_filters)
        planned = [self._plan(one) for one in parents]
        resumed = {
            index: one for index, one in enumerate(planned) if one is not None and one.is_resumed
        }
        broken = [reading for one in parents for reading in self._broken_item_readings(one)]
        if resumed or broken:
            yield self.emit([*broken, *resumed.values()])
        rest = [one for one in planned if one is not None and not one.is_resumed]
        for index, reading in resumed.items():
            if reading.is_read:
                yield from ask(self.prepare_filters)
                rest += filter(None, [self._plan(parents[index], since=reading.started)])
            elif reading.outcome is Outcome.FAILED and not reading.is_resumable:
                # The rest of the list cannot be read separately any more, so read all of it again.
                rest += filter(None, [self._plan(parents[index])])
        changes = yield from self._changes_beside(resumed.values())
        yield self.emit([*rest, *changes])
        yield from self._refresh([one.request.parents for one in rest if one.is_read])

    def _changes_beside(self, resumed: Iterable[ResumableReading]) -> Plan[list[ListReading]]:
        """Plan what changed since lists were begun whose rest cannot be read.

        The rest waits for a later run, which may fail at the same item. The state keeps only the
        rest, so each run reads these changes again until then.
        """
        failed = [one for one in resumed if one.outcome is Outcome.FAILED and one.is_resumable]
        if failed:
            yield from ask(self.prepare_filters)
        changes = []
        for one in failed:
            begun = {
                "replication_key": self.replication_key,
                "replication_key_value": one.started.isoformat(),
            }
            dates = self._date_range(begun, self.pim.server_time(), one.started)
            if not dates.is_empty:
                changes.append(ListReading(self.request_for(dates, one.request.parents)))
        return changes

    def _refresh(self, parents: Sequence[Mapping[str, str]]) -> Plan[None]:
        """Read parts of lists again, after their changes: an older row must not replace a newer.

        Args:
            parents: Keys of the parents of the lists.
        """
        settings = self.settings
        if settings.refresh_within is None or settings.end_date or not self.keeps_bookmarks:
            return
        self._rows_of_changes = self.rows
        # A part may reach over the end of the list to its beginning.
        for _ in range(2):
            due = [
                due_refresh(
                    self.request_for(self._all_dates, one),
                    self._state_of(one),
                    now=self.pim.server_time(),
                    since=self._all_dates.start,
                    within=settings.refresh_within,
                )
                for one in parents
            ]
            readings = [one for one in due if one is not None]
            yield self.emit(readings)
            parents = [one.request.parents for one in readings if one.is_read]

    @property
    def rows_refreshed(self) -> int:
        """Number of records so far that were read again whatever their dates."""
        return 0 if self._rows_of_changes is None else self.rows - self._rows_of_changes

    def _has_all(self, request: ListRequest) -> bool:
        """Return whether a list has all items, and not only those that changed."""
        return request.params == self.request_for(self._all_dates, request.parents).params

    @property
    def _all_dates(self) -> DateRange:
        """The dates of all items to read."""
        return plan_incremental(
            bookmark=None,
            start_date=self.settings.start_date,
            end_date=None,
            lookback=self.settings.lookback,
            now=self.pim.server_time(),
        )

    def prepare_filters(self) -> None:
        """Send the requests that date filters depend on."""

    def _filters_dates(self, parents: Mapping[str, str]) -> bool:
        """Return whether a request for a list of this run has a date filter."""
        state = self._state_of(parents)
        dates = self._date_range(state, self.pim.server_time())
        return dates.start is not None or dates.end is not None or bool(broken_items(state))

    def _compare_fingerprints(self) -> None:
        """Forget what was read if rows would now look different, so that everything is read.

        This happens before the first record, and each bookmark comes back when its list is
        complete. So the state of a run that is killed in between never claims more than was read.
        """
        state, now = self.stream_state, dict(self.fingerprints)
        before, was_read = state.get("fingerprints"), has_read(state)
        changed = changed_inputs(state, now)
        if not changed and broken_items(state) != broken_items(state, self.primary_keys[-1]):
            # Somebody wrote the bookmark by hand, without fingerprints.
            changed = ["key"]
        names = ", ".join(changed)
        # Without the rows of a new key, its table would be incomplete.
        only_warns = self.settings.on_changed_settings == "warn" and "key" not in changed
        if was_read and changed and self.keeps_bookmarks and only_warns:
            self.logger.warning(
                "%s changed since the first rows were read: rows that do not change in the PIM "
                "stay as they are until a full refresh",
                names,
            )
            now |= dict.fromkeys(changed, MIXED)
        elif was_read and changed:
            from_start = " from start_date on" if self.settings.start_date else ""
            self.logger.info(
                "%s changed since the last run: reading everything%s once", names, from_start
            )
            forget_read(state, has_partitions=self.parent is not None)
        elif not was_read:
            # Meltano may merge this state into an older one that has bookmarks.
            forget_read(state, has_partitions=self.parent is not None)
        state["fingerprints"] = now
        # A target may be killed between some records and the state that follows them, so this
        # state is written before the first record.
        self.writes_state_first = was_read and now != before

    def _forget_bookmarks_except(self, parents: list[dict[str, str]]) -> None:
        """Delete the bookmarks of parents that no longer exist, to keep the state small."""
        if parents and (kept := self.stream_state.get("partitions")):
            self.stream_state["partitions"] = [
                bookmark for bookmark in kept if bookmark["context"] in parents
            ]

    def _state_of(self, parents: Mapping[str, str]) -> State:
        if parents and not self.keeps_bookmarks:
            return {}
        state: State = self.get_context_state(dict(parents) or None)
        return state

    def _plan(
        self, parents: Mapping[str, str], since: datetime | None = None
    ) -> ResumableReading | None:
        """Plan the reading of one list.

        Args:
            parents: Keys of its parent.
            since: Start time of a resumed reading that has just been completed. A full table also
                needs the changes since then.

        Returns:
            The reading, or ``None`` if there is nothing to read.
        """
        state, now = self._state_of(parents), self.pim.server_time()
        dates = self._date_range(state, now, since)
        if dates.starts_in_future:
            self.logger.warning(
                "start_date %s is ahead of the PIM's clock: nothing to read yet",
                self.settings.start_date,
            )
        if dates.ignores_bookmark:
            self.logger.warning(
                "the bookmark %s is ahead of the PIM's clock: reading everything. If the state is "
                "of another PIM, %s",
                state.get("replication_key_value"),
                READ_EVERYTHING,
            )
        if dates.is_empty:
            if self.is_whole and not dates.starts_in_future:
                self.logger.warning(
                    "end_date %s is before the bookmark: nothing to read. To read these dates "
                    "again, run without the state",
                    self.settings.end_date,
                )
            self.is_whole = False
            return None
        request = self.request_for(dates, parents)
        if request.params != self.request_for(DateRange(None, None, None), parents).params:
            self._is_filtered = True
        self._starts.append(dates.start if self._is_filtered else None)
        return ResumableReading(
            request,
            state,
            self.fingerprints,
            started=now,
            bookmark=dates.bookmark if self.keeps_bookmarks else None,
            since=dates.start,
            until=dates.end,
        )

    def _date_range(self, state: State, now: datetime, since: datetime | None = None) -> DateRange:
        settings = self.settings
        if not self.keeps_bookmarks:
            start = since and since - settings.lookback
            return DateRange(start and start.replace(microsecond=0), None, now)
        bookmark = state.get("replication_key_value")
        if state.get("replication_key") != self.replication_key:
            bookmark = None
        return plan_incremental(
            bookmark=parse_date(bookmark) if bookmark else None,
            start_date=settings.start_date,
            end_date=settings.end_date,
            lookback=settings.lookback,
            now=now,
        )

    def _broken_item_readings(self, parents: Mapping[str, str]) -> Iterator[BrokenItemReading]:
        state = self._state_of(parents)
        for item in broken_items(state):
            request = self.request_for(DateRange(item.since, None, None), parents)
            yield BrokenItemReading(request, state, item)

    def request_for(self, dates: DateRange, parents: Mapping[str, str]) -> ListRequest:
        """Return the request for the items that changed within a date range."""
        return self.list_request(parents, self.date_filters(dates))

    def date_filters(self, dates: DateRange) -> dict[str, list[Condition]]:
        """Return the PIM's filters for a date range, by property; none for all dates."""
        conditions = self.updated_conditions(dates)
        return {self.filtered_date: conditions} if conditions else {}

    def updated_conditions(self, dates: DateRange) -> list[Condition]:
        """Return the conditions on `filtered_date` for a date range."""
        return iso_conditions(dates)

    @override
    def end_list(self, reading: ListReading, *, permission: str | None = None) -> None:
        super().end_list(reading, permission=permission)
        if isinstance(reading, ResumableReading) and reading.is_read and reading.bookmark:
            # A server of the PIM that responded only later may be behind those before it.
            bookmark = min(reading.bookmark, self.pim.server_time(reading.begun_at))
            reading.state["replication_key"] = self.replication_key
            reading.state["replication_key_value"] = bookmark.isoformat()
            if self.settings.refresh_within is not None and self._has_all(reading.request):
                record_full_reading(reading)

    @override
    def records(self, page: Page, parents: Mapping[str, str]) -> Iterator[Record]:
        records = super().records(page, parents)
        bookmark = self._state_of(parents).get("replication_key_value")
        if not bookmark or self._rows_of_changes is not None:
            return records
        return self._counted(records, parse_date(bookmark))

    def _counted(self, records: Iterable[Record], bookmark: datetime) -> Iterator[Record]:
        """Yield the records, and count those that did not change since the bookmark."""
        # The PIM lists a variant with an older date because its model has changed.
        start = bookmark - self.settings.lookback - MAX_OFFSET_CHANGE
        for record in records:
            date = usable_date(decoded(record["updated"]))
            if date is not None and date <= bookmark and (date >= start or not self._is_filtered):
                self.rows_again += 1
            yield record

    @override
    def report(self) -> str:
        starts = [one for one in self._starts if one is not None]
        if not self.keeps_bookmarks or not self._starts:
            return ""
        since = f"since {min(starts).isoformat()}" if starts else "in full"
        parts = [f"{self.rows - self.rows_refreshed:,} rows {since}"]
        if starts and (in_full := len(self._starts) - len(starts)):
            parts.append(f"{in_full} of {len(self._starts)} lists in full")
        if self.rows_again:
            parts.append(f"{self.rows_again:,} of them read before")
        if self.rows_refreshed:
            parts.append(f"{self.rows_refreshed:,} rows refreshed")
        return ", ".join(parts)
