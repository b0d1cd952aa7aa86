"""The catalog structure: attributes, families, categories and association types."""

from __future__ import annotations

import json
from threading import Lock
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
from typing_extensions import override

from tap_akeneo.client.errors import RequestRefused
from tap_akeneo.client.responses import value_of
from tap_akeneo.pagination.by_number import NumberedPages
from tap_akeneo.pagination.request import MAX_PAGE_SIZE
from tap_akeneo.permissions import OVERALL_ACCESS
from tap_akeneo.streams.base import AkeneoStream
from tap_akeneo.streams.children import ChildStream
from tap_akeneo.streams.incremental import IncrementalStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_akeneo.client.responses import Item
    from tap_akeneo.replication import Condition, DateRange
    from tap_akeneo.streams.tap_interface import TapInterface

IDENTIFIER_TYPE = "pim_catalog_identifier"
SELECT_TYPES = ("pim_catalog_simpleselect", "pim_catalog_multiselect")


def with_default_as_text(attribute: Item) -> Mapping[str, Any]:
    """Return an attribute whose default value is text, or JSON in a text if it is no text.

    Its type depends on the attribute, but a column has only one type.
    """
    default = attribute.get("default_value")
    if default is None or bytes(default)[:1] in {b"n", b'"'}:
        return attribute
    text = msgspec.json.encode(bytes(default).decode())
    return {**attribute, "default_value": msgspec.Raw(text)}


class IdentifierAttributes:
    """The identifier attributes of a PIM, which a run asks for once.

    Since 2023, a PIM may have several, and names the main one.

    Args:
        tap: The tap.
    """

    def __init__(self, tap: TapInterface) -> None:
        self._tap = tap
        self._lock = Lock()
        self._found: list[str] | RequestRefused | None = None

    def codes(self) -> list[str]:
        """Return their codes, the main one first.

        Raises:
            RequestRefused: The PIM does not list its attributes.
        """
        with self._lock:
            if self._found is None:
                self._found = self._ask()
        if isinstance(self._found, RequestRefused):
            raise self._found
        return self._found

    def _ask(self) -> list[str] | RequestRefused:
        of_type = {"type": [{"operator": "IN", "value": [IDENTIFIER_TYPE]}]}
        search = json.dumps(of_type, separators=(",", ":"))
        request = Attributes(self._tap).bare_list_request(params={"search": search})
        try:
            items = NumberedPages(self._tap.pim, request).get(1, MAX_PAGE_SIZE).items
        except RequestRefused as refusal:
            return refusal
        found = [item for item in items if value_of(item, "type") == IDENTIFIER_TYPE]
        found.sort(key=lambda item: not value_of(item, "is_main_identifier"))
        return [str(value_of(item, "code")) for item in found]


class Attributes(AkeneoStream):
    """Attributes."""

    name = "attributes"
    path = "attributes"
    permission = "List attributes"
    filterable = True
    switches = ("with_table_select_options",)

    @override
    def items(self, item: Item) -> Iterable[Mapping[str, Any]]:
        yield with_default_as_text(item)


class AttributeOptions(ChildStream):
    """Options of select attributes. The PIM responds with 404 for other attributes."""

    name = "attribute_options"
    path = "attributes/{attribute}/options"
    primary_keys = ("attribute", "code")
    permission = "List attribute options"
    is_refused_as_one = True
    parent = Attributes
    parent_key = "attribute"

    @override
    def has_children(self, parent: Item) -> bool:
        return value_of(parent, "type") in SELECT_TYPES


class AttributeGroups(AkeneoStream):
    """Attribute groups."""

    name = "attribute_groups"
    path = "attribute-groups"
    since = "2.0"
    permission = "List attribute groups"
    filterable = True


class Families(AkeneoStream):
    """Families."""

    name = "families"
    path = "families"
    permission = "List families"
    filterable = True


class FamilyVariants(ChildStream):
    """Family variants. The tap adds their family, which the PIM omits."""

    name = "family_variants"
    path = "families/{family}/variants"
    since = "2.0"
    primary_keys = ("family", "code")
    permission = "List family variants"
    is_refused_as_one = True
    parent = Families
    parent_key = "family"


class AssociationTypes(AkeneoStream):
    """Association types."""

    name = "association_types"
    path = "association-types"
    since = "2.0"
    permission = "List association types"


class CategoriesWithoutDates(AkeneoStream):
    """Categories of PIMs before 6.0, which have no `updated`."""

    name = "categories"
    path = "categories"
    permission = "List categories"
    filterable = True
    switches: ClassVar[tuple[str, ...]] = ("with_position", "with_enriched_attributes")


class Categories(CategoriesWithoutDates, IncrementalStream):
    """Categories.

    Their ``updated`` misses changes: before PIM-10889 (2023) a new label did not change it, and a
    category that moves in its tree changes the positions of its neighbours. In these cases each
    run reads all categories, which takes one request per 100.
    """

    since = "6.0"
    requires = ("system-information",)

    @override
    def prepare_filters(self) -> None:
        try:
            _ = self.pim.is_saas
        except RequestRefused as refusal:
            # This is no list of categories.
            refusal.hint = OVERALL_ACCESS
            raise

    @override
    def updated_conditions(self, dates: DateRange) -> list[Condition]:
        # Without dates, nobody has to ask the PIM whether it is SaaS.
        conditions = super().updated_conditions(dates)
        is_reliable = conditions and "with_position" not in self.settings.switches
        return conditions if is_reliable and self.pim.is_saas else []
