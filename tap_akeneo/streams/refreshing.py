"""Rows that are read again although the PIM did not move their dates.

Some changes do not move the date by which the PIM filters; `docs/freshness.md` lists them. With the
setting ``refresh_within_days``, each run also reads a part of each list again, whatever the dates
of its items. The part is the share of that time that has passed since the last one. A list is read
in the order of its keys, from one run to the next, so each row is read again within the time. The
state has how far that is:

    "refresh": {
        "until": the PIM's clock; up to this time, enough was read,
        "items": number of items in the list,
        "unfinished": what is left of the list, as of a reading that was interrupted
    }
"""

from __future__ import annotations

from datetime import datetime, timedelta  # noqa: TC003 (msgspec reads the annotations)
from typing import TYPE_CHECKING, Annotated

import msgspec
from typing_extensions import override

from tap_akeneo.streams.resuming import ResumableReading

if TYPE_CHECKING:
    from tap_akeneo.pagination.request import ListRequest
    from tap_akeneo.streams.fingerprints import State


class _Refreshed(msgspec.Struct):
    """What the state has of the rows that were read again."""

    until: Annotated[datetime, msgspec.Meta(tz=True)] | None = None
    items: int | None = None


def record_full_reading(reading: ResumableReading) -> None:
    """Write to the state that all items of a list have been read."""
    reading.state["refresh"] = {"until": reading.started.isoformat(), "items": reading.came}


def due_refresh(
    request: ListRequest,
    state: State,
    *,
    now: datetime,
    since: datetime | None,
    within: timedelta,
) -> RefreshReading | None:
    """Return the reading of the part of a list that is to be read again now.

    Args:
        request: The list, without the date filter of the bookmark.
        state: The bookmark of the list.
        now: The PIM's clock.
        since: Start of the date filter, or ``None`` without a filter.
        within: The time within which each row is to be read again.

    Returns:
        The reading, or ``None`` as long as less than a page is due. A list that cannot be read in
        parts is read as a whole when all of it is due.
    """
    try:
        known = msgspec.convert(state.get("refresh", {}), _Refreshed)
    except msgspec.ValidationError:
        known = _Refreshed()
    if known.until is None or known.until > now + within:
        # The setting is new, or the state is of another PIM, so the time begins now.
        state["refresh"] = {"until": now.isoformat()}
        return None
    share = min((now - known.until) / within, 1)
    if share <= 0:
        return None
    reading = RefreshReading(request, state, now, since, share, within, known.items)
    if share < 1 and not reading.is_due:
        return None
    return reading


class RefreshReading(ResumableReading):
    """Reads a part of a list again.

    Args:
        request: The list.
        state: The bookmark of the list.
        now: The PIM's clock.
        since: Start of the date filter, or ``None`` without a filter.
        share: The part that is due, as a share of the list.
        within: The time within which each row is to be read again.
        items: Number of items in the list, or ``None`` if it is unknown.
    """

    # In the order of the keys, so that no row waits longer than the others.
    is_divisible = False

    def __init__(  # noqa: PLR0913, PLR0917 (only `due_refresh` calls it)
        self,
        request: ListRequest,
        state: State,
        now: datetime,
        since: datetime | None,
        share: float,
        within: timedelta,
        items: int | None,
    ) -> None:
        own = state["refresh"]
        # Whatever the dates and settings of the next run, it continues behind the same key.
        super().__init__(request, own, {}, started=now, bookmark=None, since=None)
        self.since = since
        self.state_of_broken_items = state
        self._until = now - share * within
        self._share = share
        self._within = within
        self._items = items

    @property
    def _all_items(self) -> int | None:
        return self.came if self.is_read else self.counted or self._items

    @property
    def is_due(self) -> bool:
        """Whether at least a page is due, or the rest of the list, as far as known."""
        total = self._all_items
        if not self.is_resumable:
            return False
        if total is None:
            # The first page of these lists has the count.
            return self.request.has_limit
        return self._share * total >= min(self.request.page_size, max(total - self.read, 1))

    @property
    @override
    def is_enough(self) -> bool:
        total = self._all_items
        came = self.came - self.read_before
        return self.is_resumable and total is not None and came >= self._share * total

    @override
    def save(self) -> None:
        super().save()
        # A list that cannot be resumed begins again.
        if self.is_resumable:
            self._record_progress()

    @override
    def end(self) -> None:
        super().end()
        if self.is_read:
            self._record_progress()

    def _record_progress(self) -> None:
        total = self._all_items
        has_come = self.is_read and self.came_in_this_run
        share = (self.read - self.read_before) / total if total and not has_come else self._share
        self.state |= {"until": (self._until + share * self._within).isoformat(), "items": total}
