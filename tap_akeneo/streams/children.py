"""Streams with one list for each item of another stream."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from typing_extensions import override

from tap_akeneo.pagination.plans import Collect, Plan
from tap_akeneo.pagination.reading import ListReading
from tap_akeneo.streams.base import AkeneoStream

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_akeneo.client.responses import Item, Page
    from tap_akeneo.pagination.request import ListRequest


class ChildStream(AkeneoStream):
    """A resource of which the PIM has one list for each item of a parent stream.

    Each run reads the lists of all parents, because a child can change without a change of its
    parent's ``updated``.
    """

    parent: ClassVar[type[AkeneoStream]]
    parent_key: ClassVar[str]
    """Name of the property with the parent's key, and of the placeholder in the path."""

    @override
    def list_requests(self) -> Plan[list[ListRequest]]:
        parents = yield from self.parents()
        return [self.list_request(one) for one in parents]

    @override
    def parents(self) -> Plan[list[dict[str, str]]]:
        parent = self.parent(self.tap)
        requests = yield from parent.key_list_requests()
        readings = [ListReading(request) for request in requests]
        found: list[tuple[Mapping[str, str], str | None]] = []

        def take(reading: ListReading, page: Page) -> None:
            found.extend(
                (reading.request.parents, key)
                for item in page.items
                if self.has_children(item)
                for key in parent.item_keys(item)
            )

        yield Collect(readings, take)
        keys = [{**above, self.parent_key: key} for above, key in found if key is not None]
        self.parent_readings = [
            *parent.parent_readings,
            *((one, parent.permission) for one in readings),
        ]
        self.keyless_parent = parent.keyless_parent
        if len(keys) < len(found):
            self.keyless_parent = f"one of the {parent.name} without {parent.primary_keys[-1]}"
        return keys

    @override
    def key_list_requests(self) -> Plan[list[ListRequest]]:
        parents = yield from self.parents()
        return [self.bare_list_request(one) for one in parents]

    def has_children(self, parent: Item) -> bool:  # noqa: ARG002 (for subclasses)
        """Return whether the PIM has a list of children for this parent."""
        return True
