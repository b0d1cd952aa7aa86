"""Streams of the keys of all existing items, to find deletions in incremental tables.

The PIM's API does not report deletions. A row of an incremental table was deleted if its key is
missing here and it last changed before ``read_at``, the PIM's time when the reading of the keys
began.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_akeneo.pagination.reading import ListReading
from tap_akeneo.pagination.request import Pagination
from tap_akeneo.streams.assets import AssetsWithoutDates
from tap_akeneo.streams.base import AkeneoStream
from tap_akeneo.streams.products import ProductModels, Products, ProductsByIdentifier
from tap_akeneo.streams.reference_entities import RecordsWithoutDates
from tap_akeneo.streams.resuming import (
    BrokenItemReading,
    ResumableReading,
    broken_items,
    write_broken_items,
)
from tap_akeneo.streams.structure import CategoriesWithoutDates

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_akeneo.client.responses import Item
    from tap_akeneo.pagination.plans import Plan


class ItemScan(AkeneoStream):
    """A full table of all items of another stream, with their keys and a few properties.

    Settings that exclude rows from the other stream do not apply, because excluded rows would look
    deleted.
    """

    scan_of: ClassVar[type[AkeneoStream]]
    """The other stream."""

    fields: ClassVar[tuple[str, ...]] = ()
    """Other properties. The PIM adds each if its query parameter ``with_…`` is true."""

    selected_by_default = False

    @override
    def __init_subclass__(cls, *, scan_of: type[AkeneoStream] | None = None) -> None:
        """Copy the attributes that describe the list from the other stream."""
        super().__init_subclass__()
        if scan_of is None:
            return
        cls.scan_of = scan_of
        for name in ("path", "primary_keys", "since", "requires", "permission", "parent"):
            if name not in vars(cls):
                setattr(cls, name, getattr(scan_of, name))

    @override
    def plan_lists(self) -> Plan[None]:
        scan = self.scan_of(self.tap)
        requests = yield from scan.key_list_requests()
        self.report_parents(scan)
        more = {f"with_{field}": "true" for field in self.fields}
        requests = [replace(one, params={**one.params, **more}) for one in requests]
        if self.parent is not None or not self.resumes:
            yield self.emit([ListReading(request) for request in requests])
            return
        (request,) = requests
        state = self.stream_state
        reading = ResumableReading(
            request, state, self.fingerprints, started=self.began, bookmark=None, since=None
        )
        # All rows of one reading have the same time, also if it was resumed, because a row with an
        # earlier time counts as deleted.
        self.read_at = reading.started.isoformat()
        known = broken_items(state, self.primary_keys[-1]) if reading.is_resumed else []
        write_broken_items(state, known)
        yield self.emit([*(BrokenItemReading(request, state, item) for item in known), reading])

    @override
    def parents(self) -> Plan[list[dict[str, str]]]:
        scan = self.scan_of(self.tap)
        keys = yield from scan.parents()
        self.parent_readings = scan.parent_readings
        return keys

    @property
    def resumes(self) -> bool:
        """Whether a later run can resume the list. Only product lists are long enough for it."""
        return self.scan_of.pagination is Pagination.SEARCH_AFTER

    @override
    def items(self, item: Item) -> Iterable[Mapping[str, Any]]:
        yield {key: item[key] for key in (*self.primary_keys, *self.fields) if key in item}


class KeyStream(ItemScan):
    """The keys of all rows of another stream."""

    why_not_by_default = "one request per 100 items in each run, only needed to find deletions"


class ProductKeys(KeyStream, scan_of=Products):
    """Uuids of all products (7.0+)."""

    name = "product_keys"


class ProductKeysByIdentifier(KeyStream, scan_of=ProductsByIdentifier):
    """Identifiers of all products of PIMs before 7.0."""

    name = "product_keys"


class ProductModelKeys(KeyStream, scan_of=ProductModels):
    """Codes of all product models."""

    name = "product_model_keys"


class CategoryKeys(KeyStream, scan_of=CategoriesWithoutDates):
    """Codes of all categories."""

    name = "category_keys"


class AssetKeys(KeyStream, scan_of=AssetsWithoutDates):
    """Codes of all assets."""

    name = "asset_keys"


class ReferenceEntityRecordKeys(KeyStream, scan_of=RecordsWithoutDates):
    """Codes of all records of reference entities."""

    name = "reference_entity_record_keys"
