"""Streams of what is below each item of another."""

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
    """A resource below each item of another: read for all parents, always.

    A child can change without its parent's ``updated`` moving, so what is read here does not
    depend on which parents another stream reads.
    """

    parent: ClassVar[type[AkeneoStream]]
    parent_key: ClassVar[str]
    """The property that holds the parent's key, and the placeholder in the path."""

    @override
    def list_requests(self) -> Iterator[ListRequest]:
        for parents in self.parents():
            yield self.list_request(parents)

    def parents(self) -> list[dict[str, str]]:
        """The keys of each parent. Gathered first: the list stays short of the walks below it."""
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
                f"the PIM sends one without {parent.primary_keys[-1]} in its {parent.name}: what "
                "is below it cannot be read",
            )
        return keys

    @override
    def key_list_requests(self) -> Iterator[ListRequest]:
        for parents in self.parents():
            yield self.bare_list_request(parents)

    def has_children(self, parent: Item) -> bool:  # noqa: ARG002 (for subclasses)
        """Whether the PIM can list children of this parent."""
        return True
