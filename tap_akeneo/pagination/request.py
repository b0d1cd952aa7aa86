"""Requests for lists of the PIM."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

import msgspec

from tap_akeneo.client.responses import ListDisabled, value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_akeneo.client.responses import Item

T = TypeVar("T")

MAX_PAGE_SIZE = 100
"""Maximum page size that the PIM allows (api.akeneo.com, pagination)."""


SELECTING_PARAMETERS = ("search", "scope", "channel", "updated_after", "updated_before")
"""Query parameters that choose items. ``scope`` limits products to the channel's categories."""


class Pagination(Enum):
    """How the PIM paginates a list."""

    SEARCH_AFTER = "by cursor, with a limit; also by page number up to 10,000 items"
    CURSOR = "by cursor, in pages of a size that the PIM chooses"
    PAGE = "by page number"
    ARRAY = "as one array"
    SINGLE = "one item at an address of its own"


@dataclass(frozen=True)
class ListRequest:
    """A request for one list of the PIM.

    Attributes:
        path: Path below ``/api/rest/v1/``, percent-encoded.
        pagination: How the PIM paginates the list.
        keys: Properties that identify an item.
        params: Query parameters, except those for pagination.
        page_size: Items per page, 1 to 100.
        parents: Keys of the parent item. It may be deleted before the list is read.
        key_is_cursor: Whether the cursor of a page is the key of the item before it. ``None`` if
            only the first ``next`` link shows this.
        has_count: Whether the PIM counts the items of a numbered page.
        may_hang: Whether the PIM may never answer the first request.
        may_be_disabled: Whether the PIM sends a message instead of the list if it is disabled.
        is_sorted: Whether the items have the same order in each response.
    """

    path: str
    pagination: Pagination
    keys: tuple[str, ...]
    params: Mapping[str, str] = field(default_factory=dict)
    page_size: int = MAX_PAGE_SIZE
    parents: Mapping[str, str] = field(default_factory=dict)
    key_is_cursor: bool | None = False
    has_count: bool = True
    may_hang: bool = False
    may_be_disabled: bool = False
    is_sorted: bool = True

    @property
    def has_limit(self) -> bool:
        """Whether requests by cursor can set the page size."""
        return self.pagination is Pagination.SEARCH_AFTER

    @property
    def selection(self) -> tuple[str, ...]:
        """The path and the parameters that choose the items, whatever is shown of them."""
        chosen = (self.params.get(name, "") for name in SELECTING_PARAMETERS)
        return (self.path, *chosen)

    def decode(self, decode: Callable[[bytes], T]) -> Callable[[bytes], T]:
        """Return a decoder that raises an error to retry if a message comes instead of the list.

        Only some lists may be disabled. Elsewhere a message says that something else went wrong.
        """

        def strict(body: bytes) -> T:
            try:
                return decode(body)
            except ListDisabled as message:
                raise msgspec.ValidationError(str(message)) from message

        return decode if self.may_be_disabled else strict

    def keys_of(self, item: Item) -> tuple[bytes, ...]:
        """Return the JSON of the properties that identify an item within this list."""
        return tuple(bytes(item[key]) for key in self.keys if key in item)

    def sort_key_of(self, item: Item) -> str | None:
        """Return the key that the PIM sorts the list by, or ``None`` if the item has none."""
        key = value_of(item, self.keys[-1])
        return None if key is None else str(key)
