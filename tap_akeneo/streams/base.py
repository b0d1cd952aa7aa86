"""The base class of all streams, which reads lists of the PIM and tells how that ended."""

from __future__ import annotations

import time
from contextlib import closing
from dataclasses import replace
from http import HTTPStatus
from typing import TYPE_CHECKING

from singer_sdk.metrics import Status, Tag
from typing_extensions import override

from tap_akeneo.client.clock import MAX_DIFFERENCE
from tap_akeneo.client.errors import AkeneoError, NoResponse, RequestRefused
from tap_akeneo.pagination.plans import Emit, Plan
from tap_akeneo.pagination.reading import ListReading, Outcome
from tap_akeneo.pagination.request import Pagination
from tap_akeneo.pagination.slices import ListFailed
from tap_akeneo.permissions import lacks_list_permission
from tap_akeneo.progress import progress
from tap_akeneo.streams.readings import ListRead, rows_of
from tap_akeneo.streams.refreshing import RefreshReading
from tap_akeneo.streams.resuming import BrokenItemReading, ResumableReading, broken_items
from tap_akeneo.streams.sdk import SdkStream

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence
    from datetime import datetime

    from singer_sdk.helpers.types import Context
    from singer_sdk.singerlib import ActivateVersionMessage

    from tap_akeneo.records import Record
    from tap_akeneo.streams.tap_interface import TapInterface


class AkeneoStream(SdkStream):
    """A resource of the PIM that each run reads completely.

    Attributes:
        rows: Number of records so far.
        writes_state_first: Whether to write the state before the first record.
        parent_readings: The lists of parents that were read, with the permission for each.
        keyless_parent: What the PIM sends as a parent without a key; empty if nothing.
        began: The PIM's time when the reading began.
        keeps_deleted_rows: Whether no ACTIVATE_VERSION was written, as not all rows were.
    """

    began: datetime

    def __init__(self, tap: TapInterface) -> None:
        self.rows = 0
        self.writes_state_first = False
        self.parent_readings: Sequence[tuple[ListReading, str]] = ()
        self.keyless_parent = ""
        self.keeps_deleted_rows = False
        self._list_count = 0
        self._gone: list[ListReading] = []
        self._skipped: list[str] = []
        self._has_list = False
        self._is_resumed = False
        self._sent: dict[ListReading, int] = {}
        self._lists: dict[str, ListRead] = {}
        super().__init__(tap)

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        versions = self.tap.versions.take()
        try:
            yield from self._read_until_failure()
            self._report_broken_items()
            self._let_target_delete(versions)
        except AkeneoError as error:
            msg = f"{self.name}: {error}"
            raise AkeneoError(msg) from error
        except OSError:
            # The target may be gone.
            raise
        except Exception as failure:  # noqa: BLE001 (other streams do not depend on this one)
            self.is_whole = False
            self.tap.stream_raised(self.name, failure)
        finally:
            self.changed_values.log_summary()
        self.tap.end_stream(self.name, self._skipped, is_partial=self._has_list)
        is_read = bool(self.rows) or self.tap.is_read(self.name)
        if is_read and self.ABORT_AT_RECORD_COUNT is None and (line := self.report()):
            self.logger.info("%s", line)
        if self._timer and not self.tap.is_read(self.name):
            self._timer.tags[Tag.STATUS] = Status.FAILED
        if not self.config.get("batch_config"):
            self.write_readings()

    def _read_until_failure(self) -> Iterator[Record]:
        with closing(self.read()) as records:
            for record in records:
                self.rows += 1
                yield record
                if self.map_failure is not None:
                    raise self.map_failure

    def _let_target_delete(self, versions: Sequence[ActivateVersionMessage]) -> None:
        """Write ACTIVATE_VERSION if no row is missing: a target then deletes all other rows."""
        if self.is_whole and not self._is_resumed and not self.maps_remove_rows:
            for version in versions:
                self.tap.versions.writer.write_message(version)
        elif versions:
            self.keeps_deleted_rows = True

    @override
    def write_readings(self) -> None:
        # A stream without parents has a list, except for the row about the PIM itself.
        is_read = self.is_whole and (self._lists or self.parent is not None)
        if not is_read and (self.parent is None or self.pagination is Pagination.SINGLE):
            # Of single items, there may be a list for each product.
            return
        if self._began_ahead:
            # What another server has created since would count as deleted.
            return
        own = {
            "stream": self.name,
            "ended_at": self.pim.server_time().isoformat(),
            "unknown_fields": sorted(self.changed_values.unknown),
        }
        rows = rows_of(self._lists, self.began if is_read else None)
        self.tap.write_readings({**own, **row} for row in rows)

    def report(self) -> str:
        """Return a line about what was read; empty if the summary of the run has it."""
        return ""

    def read(self) -> Generator[Record, None, None]:
        """Yield all records of this stream."""
        # Read other streams ahead only if the SDK reads all of them, one after the other.
        reads_all = self._timer is not None and self.ABORT_AT_RECORD_COUNT is None
        following = self.tap.plans_after(self.name) if reads_all else ()
        events = self.tap.reader.read(self.name, self.plan, following)
        with progress(self.name, self.tap.logger.info) as advance, closing(events):
            for reading, page in events:
                if self.writes_state_first:
                    self.writes_state_first = False
                    self.tap.state_writer.write_state(self.tap_state)
                if page is None:
                    self.end_list(reading)
                    continue
                rows, left_out = self.rows, self.left_out
                yield from self.records(page, reading.request.parents)
                self._sent[reading] = self._sent.get(reading, 0) + self.rows - rows
                if self.left_out > left_out:
                    self._list_of(reading).is_read = False
                    # Later runs would not know that a row of what was read is missing.
                    reading.is_resumable = False
                reading.consume()
                self._save_progress(reading)
                advance(len(page.items), reading.counted if self._list_count == 1 else None)

    def plan(self) -> Plan[None]:
        """Plan which lists to read; see `tap_akeneo.pagination.reader`."""
        self.is_whole = True
        self._begun_at = time.monotonic()
        self.began = self.pim.server_time(self._begun_at)
        self.read_at = self.began.isoformat()
        try:
            yield from self.plan_lists()
            if self._gone:
                yield from self._check_parents()
        except RequestRefused as refusal:
            is_forbidden = refusal.is_from_pim and refusal.status == HTTPStatus.FORBIDDEN
            self._refused(refusal, may_skip=is_forbidden)
        except NoResponse as failure:
            self._skip(f"it seems to be disabled in this PIM ({failure})")
        except ListFailed as failure:
            self.is_whole = False
            self.tap.stream_failed(self.name, str(failure))

    @property
    def _began_ahead(self) -> bool:
        """Whether ``began`` is far ahead of the clock of a server that responded only later."""
        return self.began - self.pim.server_time(self._begun_at) > MAX_DIFFERENCE

    def plan_lists(self) -> Plan[None]:
        """Plan the reading of all lists of this stream."""
        requests = yield from self.list_requests()
        self.report_parents(self)
        if requests and (self.may_hang or self.is_refused_as_one):
            first = ListReading(requests[0])
            yield self.emit([first])
            if first.refusal is not None and lacks_list_permission(first.refusal):
                return
            # The feature is disabled only if the PIM does not respond to the very first request.
            requests = [replace(request, may_hang=False) for request in requests[1:]]
        yield self.emit([ListReading(request) for request in requests])

    def emit(self, readings: Sequence[ListReading]) -> Emit:
        """Return the lists as those whose pages become records."""
        self._list_count += len(readings)
        return Emit(readings)

    def _save_progress(self, reading: ListReading) -> None:
        """Save the progress of a list, after more of its records have been written."""
        if isinstance(reading, ResumableReading):
            if self._began_ahead and self.replication_key:
                reading.set_back(self.pim.server_time(self._begun_at))
            elif self._began_ahead:
                # A later run would give all rows of the reading the time of these.
                reading.is_resumable = False
            reading.save()
            if reading.is_state_due and not self.config.get("batch_config"):
                self.tap.state_writer.write_state(self.tap_state)

    def end_list(self, reading: ListReading, *, permission: str | None = None) -> None:
        """Record how the reading of a list ended, after its last record has been written.

        Args:
            reading: The list, of this stream or of its parents.
            permission: The permission that it needs, if not that of this stream.
        """
        self.is_whole &= reading.is_complete or reading.outcome is Outcome.PAUSED
        self._is_resumed |= reading.outcome is Outcome.RESUMED
        if permission is None and not isinstance(reading, RefreshReading):
            self._count_for_readings(reading)
        self._has_list |= reading.is_read and permission is None
        if reading.refusal is not None and reading.outcome is not Outcome.GONE:
            refusal = reading.refusal
            refusal.hint = refusal.hint or permission
            path = reading.request.path
            self._refused(refusal, may_skip=reading.outcome is Outcome.REFUSED, path=path)
        elif reading.outcome is Outcome.GONE and permission is not None:
            self.tap.stream_failed(self.name, f"its parents could not be read: {reading.reason}")
        elif reading.outcome is Outcome.GONE:
            self._gone.append(reading)
        elif reading.outcome is Outcome.DISABLED:
            self._skip(f"{reading.reason} [{reading.request.path}]", reading.request.path)
        elif reading.outcome is Outcome.FAILED and reading.lacks_only_broken:
            self._lack_items(reading.reason)
        elif reading.outcome is Outcome.FAILED:
            # The path of most lists is the name of their stream.
            self.tap.stream_failed(self.name, reading.reason.removeprefix(f"{self.name}: "))
        if isinstance(reading, (ResumableReading, BrokenItemReading)):
            reading.end()
        elif reading.broken:
            self._report_broken((one.after, one.to) for one in reading.broken)

    def _count_for_readings(self, reading: ListReading) -> None:
        """Count what was read of a list, for the stream of readings."""
        one = self._list_of(reading)
        # Items that came twice are one row.
        one.rows += self._sent.pop(reading, 0) - (reading.read - reading.came)
        one.is_read &= reading.is_complete
        if isinstance(reading, BrokenItemReading):
            return
        one.read_at = self.began
        is_full = True
        if isinstance(reading, ResumableReading):
            one.read_at = reading.started
            one.rows += reading.read_before
            # What was not changed until the end of the filter is not known.
            one.is_read &= reading.until is None
            is_full = reading.since is None
        one.is_full |= is_full and not self.hides_rows
        one.counted = reading.counted

    def _list_of(self, reading: ListReading) -> ListRead:
        parents = "/".join(reading.request.parents.values()).replace("\0", "")
        return self._lists.setdefault(parents, ListRead())

    def report_parents(self, stream: AkeneoStream) -> None:
        """Record how the reading of the lists of parents ended.

        Args:
            stream: The stream that has read them.
        """
        for reading, permission in stream.parent_readings:
            self.end_list(reading, permission=permission)
        if stream.keyless_parent:
            self.is_whole = False
            self.tap.stream_failed(
                self.name,
                f"the PIM sends {stream.keyless_parent}, so its {self.name} cannot be read",
            )

    def _check_parents(self) -> Plan[None]:
        """Make sure that lists which the PIM no longer has belong to parents that are deleted."""
        gone, self._gone = self._gone, []
        parents = yield from self.parents()
        are_known = all(above.outcome is Outcome.COMPLETE for above, _ in self.parent_readings)
        for reading in gone:
            path = reading.request.path
            if dict(reading.request.parents) in parents or not are_known:
                self.tap.stream_failed(
                    self.name, f"{reading.reason}, although the PIM still lists its parent"
                )
            else:
                self.logger.info("%s: deleted in the PIM meanwhile", path)

    def _report_broken_items(self) -> None:
        """Report the broken items in the state as a failure of the stream."""
        states = [self.stream_state, *self.stream_state.get("partitions", ())]
        if ends := [(item.after, item.key) for state in states for item in broken_items(state)]:
            self.is_whole = False
            self._report_broken(ends)

    def _report_broken(self, ends: Iterable[tuple[str | None, str]]) -> None:
        places = ", ".join(f"after {after or 'the start'} up to {to}" for after, to in ends)
        self._lack_items(
            f"the PIM answers 500 for items whose {self.primary_keys[-1]} comes {places}. All "
            "others were read. Have them repaired or deleted in the PIM; until then each run asks "
            f"for them again{'' if self._may_lack_items else ' and fails'}"
        )

    @property
    def _may_lack_items(self) -> bool:
        return self.settings.on_broken_items == "warn"

    def _lack_items(self, reason: str) -> None:
        """Report broken items, as a failure of the stream or a warning."""
        if self._may_lack_items:
            self.tap.stream_broken(self.name, reason)
        else:
            self.tap.stream_failed(self.name, reason)

    def _refused(self, refusal: RequestRefused, *, may_skip: bool, path: str = "") -> None:
        self.is_whole = False
        permission = refusal.hint or self.permission
        if self.tap.stream_refused(self.name, refusal, permission, may_skip=may_skip):
            self._skipped.append(path)

    def _skip(self, reason: str, path: str = "") -> None:
        self.is_whole = False
        self._skipped.append(path)
        self.logger.warning("skipped, %s", reason)
