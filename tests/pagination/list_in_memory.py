"""Lists of a PIM in memory, for property-based tests."""

from __future__ import annotations

import json
from bisect import bisect_right
from dataclasses import replace
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from typing_extensions import override

from tap_akeneo.client.errors import PimUnavailable
from tap_akeneo.pagination.request import ListRequest, Pagination

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

T = TypeVar("T")

INTERNAL_SERVER_ERROR = 500
RESULT_WINDOW = 10_000

TRIES = 4
"""Tries of a request that does not give up after a 500."""


def lower_case(key: str) -> bytes:
    """Order of the keys in the PIM since 6.0: by the UTF-8 bytes of their lower case.

    Elasticsearch maps each character to one.
    """
    return "".join(one.lower()[0] for one in key).encode("utf-8", "surrogatepass")


def as_they_are(key: str) -> bytes:
    """Order by the UTF-8 bytes of the keys, so that upper case comes first."""
    return key.encode("utf-8", "surrogatepass")


class ListInMemory:
    """A list sorted by its keys, of which the PIM serves pages by cursor and by number.

    Args:
        key: ``uuid`` or ``code``.
        keys: The keys of its items.
        missing: Keys that are only left in the search index. They are dropped after the search, so
            a page can be short or empty.
        broken: Keys of items that make every page that contains them fail.
        window: Number of items that the PIM lists by page number.
        counts: Whether the PIM counts the items; ``None`` if it fails when asked to.
        order: What the list is sorted by.
        status: What it answers when it fails.

    Attributes:
        requests: Number of requested pages.
        passing_faults: Number of upcoming requests that fail with status 500, whatever they
            request.
    """

    def __init__(  # noqa: PLR0913 (what a list can be like, each by name)
        self,
        key: str,
        keys: Iterable[str],
        *,
        missing: Iterable[str] = (),
        broken: Iterable[str] = (),
        window: int = RESULT_WINDOW,
        counts: bool | None = True,
        order: Callable[[str], bytes] = lower_case,
        status: int = 500,
    ) -> None:
        self.key = key
        self.status = status
        self.missing = set(missing)
        self.broken = set(broken)
        self.requests = 0
        self.passing_faults = 0
        self.window = window
        self._counts = counts
        self.order = order
        self._indexed = sorted({*keys, *self.missing, *self.broken}, key=order)

    @property
    def readable(self) -> set[str]:
        """Keys of the items that can be read."""
        return {key for key in self._indexed if key not in self.missing | self.broken}

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
        if lower_case(key) not in map(lower_case, self._indexed):
            self._indexed.append(key)
            self._indexed.sort(key=self.order)

    def delete(self, key: str, *, from_index: bool) -> None:
        """Delete an item, optionally only from the database and not from the index."""
        if from_index:
            self._indexed.remove(key)
        else:
            self.missing.add(key)

    def get(
        self,
        _path: str,
        decode: Callable[[bytes], T],
        params: Mapping[str, str],
        *,
        gives_up_on_500: bool = False,
        may_hang: bool = False,
        body: object = None,
    ) -> T:
        """Behave like `tap_akeneo.client.pim.Pim.get`."""
        assert not may_hang
        assert body is None
        tries = 1 if gives_up_on_500 and self.status == INTERNAL_SERVER_ERROR else TRIES
        for left in reversed(range(tries)):
            self.requests += 1
            answer = self.answer(params)
            if self.passing_faults:
                self.passing_faults -= 1
            elif answer is not None:
                return decode(json.dumps(answer).encode())
            if not left:
                break
        request, reason = "GET products", f"the PIM answers {self.status}"
        raise PimUnavailable(request, reason, self.status)

    def is_up(self) -> bool:
        """Behave like `tap_akeneo.client.pim.Pim.is_up`."""
        return True

    def answer(self, params: Mapping[str, str]) -> dict[str, Any] | None:
        """Return the body of a page, or ``None`` for a 500."""
        limit = int(params["limit"])
        assert 1 <= limit <= 100
        start = self._start(params, limit)
        found = self._indexed[start : start + limit]
        shown = [key for key in found if key not in self.missing]
        with_count = params.get("with_count") == "true"
        if not self.broken.isdisjoint(shown) or (with_count and self._counts is None):
            return None
        body: dict[str, Any] = {"_embedded": {"items": [self.item(key) for key in shown]}}
        if len(shown) == limit:
            link = f"search_after={quote(shown[-1])}"
            if params.get("pagination_type", "page") == "page":
                link = f"page={start // limit + 2}"
            body["_links"] = {"next": {"href": f"http://pim/?{link}"}}
        if with_count and self._counts:
            body["items_count"] = len(self._indexed)
        return body

    def item(self, key: str) -> dict[str, Any]:
        """Return the item with a key."""
        return {self.key: key}

    def _start(self, params: Mapping[str, str], limit: int) -> int:
        if params.get("pagination_type", "page") == "page":
            number = int(params.get("page", "1"))
            assert number * limit <= self.window
            assert "search_after" not in params
            return (number - 1) * limit
        cursor = params.get("search_after")
        if cursor is None:
            return 0
        return bisect_right(self._indexed, self.order(cursor), key=self.order)


class ListByNumber(ListInMemory):
    """A list that is read by page number."""

    @override
    def request(self, page_size: int = 100) -> ListRequest:
        return ListRequest(
            "categories",
            Pagination.PAGE,
            (self.key,),
            page_size=page_size,
            has_count=self._counts is not False,
        )


class RepairedMeanwhile(ListInMemory):
    """A list of which no item is broken any more after some requests.

    Args:
        keys: Keys of its items.
        missing: See `ListInMemory`.
        broken: See `ListInMemory`.
        repaired_after: The number of requests.
        key_is_cursor: Whether its cursors are keys. If not, it is read by the PIM's links.
    """

    def __init__(
        self,
        keys: Iterable[str],
        *,
        missing: Iterable[str],
        broken: Iterable[str],
        repaired_after: int,
        key_is_cursor: bool,
    ) -> None:
        super().__init__("code", keys, missing=missing, broken=broken)
        self._repaired_after = repaired_after
        self._key_is_cursor = key_is_cursor

    @override
    def request(self, page_size: int = 100) -> ListRequest:
        return replace(super().request(page_size), key_is_cursor=self._key_is_cursor)

    @override
    def answer(self, params: Mapping[str, str]) -> dict[str, Any] | None:
        if self.requests > self._repaired_after:
            self.broken.clear()
        return super().answer(params)


class ListWithoutLimit(ListInMemory):
    """A list whose pages have a size that the PIM chooses, as those of assets and records have.

    Args:
        keys: Codes of its items, in the order in which they come.
        cursors_are_keys: Whether a cursor is the key of the item before it. If not, only those of
            links lead on, and others to the start.
        order: What the list is sorted by, if its cursors are keys.
        links_a_full_last_page: Whether a page that ends with the last item has a link.
        hidden: Keys of items that are dropped from their pages, which link to others all the same.
    """

    def __init__(
        self,
        keys: Sequence[str],
        *,
        cursors_are_keys: bool,
        order: Callable[[str], bytes] = lower_case,
        links_a_full_last_page: bool = True,
        hidden: Iterable[str] = (),
    ) -> None:
        super().__init__("code", keys, missing=hidden, order=order)
        self.page_size = 3
        self.made_up_cursors = 0
        self._cursors_are_keys = cursors_are_keys
        self._links_a_full_last_page = links_a_full_last_page
        self._links: set[str] = set()
        self._indexed = list(keys)

    @override
    def request(self, page_size: int = 100) -> ListRequest:
        # As in the PIM, where both are 100.
        size = self.page_size
        return ListRequest(
            "assets", Pagination.CURSOR, (self.key,), page_size=size, key_is_cursor=None
        )

    @override
    def answer(self, params: Mapping[str, str]) -> dict[str, Any] | None:
        assert params.keys() <= {"search_after"}
        start = self._start_after(params.get("search_after"))
        end = start + self.page_size
        found = self._indexed[start:end]
        shown = [key for key in found if key not in self.missing]
        body: dict[str, Any] = {"_embedded": {"items": [self.item(key) for key in shown]}}
        is_end = end >= len(self._indexed) and not self._links_a_full_last_page
        if len(found) == self.page_size and not is_end:
            cursor = found[-1] if self._cursors_are_keys else f"cipher:{end}"
            self._links.add(cursor)
            body["_links"] = {"next": {"href": f"http://pim/?search_after={quote(cursor)}"}}
        return body

    def _start_after(self, cursor: str | None) -> int:
        if cursor is None:
            return 0
        self.made_up_cursors += cursor not in self._links
        if self._cursors_are_keys:
            return bisect_right(self._indexed, self.order(cursor), key=self.order)
        _, _, position = cursor.partition("cipher:")
        return int(position or 0)
