"""Streams with one list for each item of another stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_akeneo.client.errors import RequestRefused
from tap_akeneo.streams.base import AkeneoStream

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tap_akeneo.client.responses import Item
    from tap_akeneo.pagination.base import ListRequest


class ChildStream(AkeneoStream):
    """A resource of which the PIM has one list for each item of a parent stream.

    Each run reads the lists of all parents, because a child can change without a change of its
    parent's ``updated``.
    """

    parent: ClassVar[type[AkeneoStream]]
    parent_key: ClassVar[str]
    """Name of the property with the parent's key, and of the placeholder in the path."""

    @override
    def list_requests(self) -> Iterator[ListRequest]:
        for parents in self.parents():
            yield self.list_request(parents)

    def parents(self) -> list[dict[str, str]]:
        """Return the keys of each parent. Their list is read completely before its children."""
        parent = self.parent(self.tap)
        try:
            found = [
                (reading.request.parents, key)
                for reading, page in self.read_pages(
                    [self.reading(request) for request in parent.key_list_requests()]
                )
                for item in page.items
                if self.has_children(item)
                for key in parent.item_keys(item)
            ]
        except RequestRefused as refusal:
            refusal.hint = refusal.hint or parent.permission
            raise
        keys = [{**above, self.parent_key: key} for above, key in found if key is not None]
        self.is_whole = self.is_whole and parent.is_whole and len(keys) == len(found)
        if len(keys) < len(found):
            self.tap.stream_failed(
                self.name,
                f"the PIM sends one of the {parent.name} without {parent.primary_keys[-1]}, so its "
                f"{self.name} cannot be read",
            )
        return keys

    @override
    def key_list_requests(self) -> Iterator[ListRequest]:
        for parents in self.parents():
            yield self.bare_list_request(parents)

    def has_children(self, parent: Item) -> bool:  # noqa: ARG002 (for subclasses)
        """Return whether the PIM has a list of children for this parent."""
        return True
