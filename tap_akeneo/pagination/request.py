"""Requests for lists of the PIM."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, TypeVar

import msgspec

from tap_akeneo.client.errors import RequestRefused
from tap_akeneo.client.responses import ListDisabled, value_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tap_akeneo.client.pim import Pim
    from tap_akeneo.client.responses import Item

T = TypeVar("T")

MAX_PAGE_SIZE = 100
"""Maximum page size that the PIM allows (api.akeneo.com, pagination)."""


SELECTING_PARAMETERS = ("search", "scope", "channel", "updated_after", "updated_before")
"""Query parameters that choose items. ``scope`` limits products to the channel's categories."""


BODY_TEXTS = {"search", "scope", "locales", "attributes", "with_readiness"}
"""Parameters that are texts in the body of a request too. The others are booleans there."""


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
        takes_any_cursor: Whether the PIM takes any key for a cursor, and not only that of an item.
        has_count: Whether the PIM counts the items of a numbered page.
        may_hang: Whether the PIM may never answer the first request.
        may_be_disabled: Whether the PIM sends a message instead of the list if it is disabled.
        may_be_missing: Whether the PIM answers 404 for a list that has no item.
        is_sorted: Whether the items have the same order in each response.
        search_path: Path to POST the parameters to, except those for pagination. ``None`` if they
            fit into a URL.
    """

    path: str
    pagination: Pagination
    keys: tuple[str, ...]
    params: Mapping[str, str] = field(default_factory=dict)
    page_size: int = MAX_PAGE_SIZE
    parents: Mapping[str, str] = field(default_factory=dict)
    key_is_cursor: bool | None = False
    takes_any_cursor: bool = True
    has_count: bool = True
    may_hang: bool = False
    may_be_disabled: bool = False
    may_be_missing: bool = False
    is_sorted: bool = True
    search_path: str | None = None

    @property
    def has_limit(self) -> bool:
        """Whether requests by cursor can set the page size."""
        return self.pagination is Pagination.SEARCH_AFTER

    @property
    def selection(self) -> tuple[str, ...]:
        """The path and the parameters that choose the items, whatever is shown of them."""
        chosen = (self.params.get(name, "") for name in SELECTING_PARAMETERS)
        return (self.path, *chosen)

    def get(
        self,
        pim: Pim,
        decode: Callable[[bytes], T],
        paging: Mapping[str, str] | None = None,
        *,
        may_hang: bool = False,
        gives_up_on_500: bool = False,
    ) -> T:
        """Request a page of the list.

        Args:
            pim: The PIM.
            decode: Turns the response body into a page.
            paging: Query parameters for pagination.
            may_hang: The PIM may never respond: use a short timeout and do not retry after it.
            gives_up_on_500: Do not retry after a 500.

        Raises:
            RequestFailed: The page could not be read.
        """
        path, params, body = self.path, {**self.params, **(paging or {})}, None
        if self.search_path is not None:
            path, params = self.search_path, dict(paging or {})
            body = {
                name: text if name in BODY_TEXTS else text == "true"
                for name, text in self.params.items()
            }
        try:
            return pim.get(
                path,
                self._strict(decode),
                params,
                body=body,
                may_hang=may_hang,
                gives_up_on_500=gives_up_on_500,
            )
        except RequestRefused as refusal:
            # The settings in a body may be at fault as well.
            refusal.params = {**self.params, **refusal.params}
            raise

    def _strict(self, decode: Callable[[bytes], T]) -> Callable[[bytes], T]:
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
