"""An in-memory PIM list for property-based tests, and a way to read it step by step."""

from __future__ import annotations

import json
from bisect import bisect_right
from typing import TYPE_CHECKING, Any, TypeVar, cast
from urllib.parse import quote

from tap_akeneo.pagination.base import WHOLE_LIST, ListRequest, Pagination
from typing_extensions import override

from tap_akeneo.client.errors import PimUnavailable
from tap_akeneo.client.responses import Page, value_of
from tap_akeneo.pagination.reading import ListReading

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence
    from random import Random

    from tap_akeneo.pagination.base import KeyRange, Paginator
    from tap_akeneo.pagination.concurrent import PageEvent

    from tap_akeneo.client.pim import Pim

T = TypeVar("T")

RESULT_WINDOW = 10_000


class ListInMemory:
    """A list sorted by the UTF-8 bytes of its lower-case keys, as in the PIM since 6.0.

    Args:
        key: ``uuid`` or ``code``.
        keys: The keys of its items.
        deleted: Keys that are only left in the search index. They are dropped after the search, so
            a page can be short or empty.
        broken: Keys of items that make every page that contains them fail.

    Attributes:
        requests: Number of requested pages.
        passing_faults: Number of upcoming requests that fail with status 500, whatever they
            request.
    """

    def __init__(
        self,
        key: str,
        keys: Iterable[str],
        *,
        deleted: Iterable[str] = (),
        broken: Iterable[str] = (),
    ) -> None:
        self.key = key
        self.deleted = set(deleted)
        self.broken = set(broken)
        self.requests = 0
        self.passing_faults = 0
        self._indexed = sorted({*keys, *self.deleted, *self.broken}, key=_sort_key)

    @property
    def readable(self) -> set[str]:
        """Keys of the items that can be read."""
        return {key for key in self._indexed if key not in self.deleted | self.broken}

    def request(self, page_size: int = 100) -> ListRequest:
        """A request for the whole list."""
        return ListRequest(
            "products",
            Pagination.SEARCH_AFTER,
            (self.key,),
            page_size=page_size,
            key_is_cursor=True,
        )

    def create(self, key: str) -> None:
        """Create an item, unless its key exists already (ignoring case)."""
        if _sort_key(key) not in map(_sort_key, self._indexed):
            self._indexed.append(key)
            self._indexed.sort(key=_sort_key)

    def delete(self, key: str, *, from_index: bool) -> None:
        """Delete an item, optionally only from the database and not from the index."""
        if from_index:
            self._indexed.remove(key)
        else:
            self.deleted.add(key)

    def get(
        self, _path: str, decode: Callable[[bytes], T], params: Mapping[str, str], **_more: object
    ) -> T:
        """Behave like `tap_akeneo.client.pim.Pim.get`."""
        self.requests += 1
        limit = int(params["limit"])
        assert 1 <= limit <= 100
        start = self._start(params, limit)
        found = self._indexed[start : start + limit]
        shown = [key for key in found if key not in self.deleted]
        if self.passing_faults or not self.broken.isdisjoint(shown):
            self.passing_faults = max(self.passing_faults - 1, 0)
            request, reason = "GET products", "the PIM answers 500"
            raise PimUnavailable(request, reason, 500)
        body: dict[str, Any] = {"_embedded": {"items": [{self.key: key} for key in shown]}}
        if len(shown) == limit:
            body["_links"] = {"next": {"href": f"http://pim/?page={start // limit + 2}"}}
        if params.get("with_count") == "true":
            body["items_count"] = len(self._indexed)
        return decode(json.dumps(body).encode())

    def _start(self, params: Mapping[str, str], limit: int) -> int:
        if params["pagination_type"] == "page":
            number = int(params.get("page", "1"))
            assert number * limit <= RESULT_WINDOW
            assert "search_after" not in params
            return (number - 1) * limit
        cursor = params.get("search_after")
        if cursor is None:
            return 0
        return bisect_right(self._indexed, _sort_key(cursor), key=_sort_key)


class ListWithoutLimit(ListInMemory):
    """A list whose pages have a size that the PIM chooses, as those of assets and records have.

    Args:
        keys: Codes of its items, in the order in which they come.
        cursors_are_keys: Whether a cursor is the key of the item before it. If not, only those of
            links lead on, and others to the start.
    """

    def __init__(self, keys: Sequence[str], *, cursors_are_keys: bool) -> None:
        super().__init__("code", keys)
        self.page_size = 3
        self.made_up_cursors = 0
        self._cursors_are_keys = cursors_are_keys
        self._links: set[str] = set()
        self._indexed = list(keys)

    @override
    def request(self, page_size: int = 100) -> ListRequest:
        return ListRequest("assets", Pagination.CURSOR, (self.key,), key_is_cursor=None)

    @override
    def get(
        self, _path: str, decode: Callable[[bytes], T], params: Mapping[str, str], **_more: object
    ) -> T:
        self.requests += 1
        assert params.keys() <= {"search_after"}
        start = self._start_after(params.get("search_after"))
        shown = self._indexed[start : start + self.page_size]
        body: dict[str, Any] = {"_embedded": {"items": [{self.key: key} for key in shown]}}
        if len(shown) == self.page_size:
            cursor = shown[-1] if self._cursors_are_keys else f"cipher:{start + self.page_size}"
            self._links.add(cursor)
            body["_links"] = {"next": {"href": f"http://pim/?search_after={quote(cursor)}"}}
        return decode(json.dumps(body).encode())

    def _start_after(self, cursor: str | None) -> int:
        if cursor is None:
            return 0
        self.made_up_cursors += cursor not in self._links
        if self._cursors_are_keys:
            return bisect_right(self._indexed, _sort_key(cursor), key=_sort_key)
        _, _, position = cursor.partition("cipher:")
        return int(position or 0)


def _sort_key(key: str) -> bytes:
    return key.lower().encode("utf-8", "surrogatepass")


class ReadingByHand:
    """A `ListReading` whose threads are simulated one step at a time.

    Args:
        pim: The PIM's list.
        page_size: Items per page.
        threads: Number of paginators that may be read concurrently.
        ranges: The parts of the list to read.
        earlier: The read that this one resumes.

    Attributes:
        read: Keys of the consumed items, in order.
        reads_gaps: Whether gaps were read.
    """

    def __init__(
        self,
        pim: ListInMemory,
        page_size: int = 100,
        threads: int = 1,
        ranges: Sequence[KeyRange] = (WHOLE_LIST,),
        earlier: ReadingByHand | None = None,
    ) -> None:
        self.pim = pim
        self.read: list[str] = []
        self.reads_gaps = False
        self.reading: ListReading = ListReading(
            cast("Pim", pim),
            pim.request(page_size),
            ranges,
            read=earlier.reading.read if earlier else 0,
            counted=earlier.reading.counted if earlier else None,
        )
        self._threads = threads
        self._waiting = self.reading.paginators()
        self._active: list[Paginator] = []
        self._events: list[tuple[Paginator, PageEvent]] = []
        self._take()

    @property
    def has_ended(self) -> bool:
        """Whether everything has been read and consumed."""
        return not self._active and not self._events

    def step(self, dice: Random) -> None:
        """Perform one random next step of a thread or of the consumer."""
        choices: list[Callable[[Random], None]] = []
        if self._events:
            choices.append(self._consume)
        if self._active:
            choices.append(self._fetch)
            if len(self._active) < self._threads:
                choices.append(self._split)
        dice.choice(choices)(dice)
        self._take()
        if self.has_ended and self.reading.has_more():
            self.reads_gaps = True
            self._waiting = self.reading.paginators()
            self._take()

    def run(self, dice: Random) -> ReadingByHand:
        """Read the list to its end."""
        while not self.has_ended:
            self.step(dice)
        return self

    def _take(self) -> None:
        while len(self._active) < self._threads:
            paginator = next(self._waiting, None)
            if paginator is None:
                return
            self._active.append(paginator)

    def _fetch(self, dice: Random) -> None:
        paginator = dice.choice(self._active)
        page = paginator.next_page()
        if page is None:
            self._active.remove(paginator)
        self._events.append((paginator, page))

    def _split(self, dice: Random) -> None:
        paginator = dice.choice(self._active)
        part = paginator.split()
        if part is not None:
            self._active.append(part)
            self._events.append((paginator, part))

    def _consume(self, _dice: Random) -> None:
        paginator, event = self._events.pop(0)
        if isinstance(event, Page):
            self.read += [str(value_of(item, self.pim.key)) for item in event.items]
        self.reading.note(paginator, event)
