"""Products, product models and their media files."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

import msgspec
from typing_extensions import override

from tap_akeneo.client.errors import PimUnavailable, RequestRefused, WrongSetting
from tap_akeneo.client.responses import value_of
from tap_akeneo.pagination.by_number import any_item
from tap_akeneo.pagination.plans import Plan, ask
from tap_akeneo.pagination.request import ListRequest, Pagination
from tap_akeneo.parameters import LINKED
from tap_akeneo.permissions import lacks_overall_access, refusal_message
from tap_akeneo.replication import DateRange, ServerZone, usable_date, wall_time_conditions
from tap_akeneo.streams.base import AkeneoStream
from tap_akeneo.streams.incremental import IncrementalStream
from tap_akeneo.streams.structure import Attributes

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from zoneinfo import ZoneInfo

    from tap_akeneo.client.responses import Item, Page
    from tap_akeneo.records import Record
    from tap_akeneo.replication import Condition

# The option of a simple select, or the options of a multi select by their codes.
_OPTION: Mapping[str, Any] = {"properties": {"labels": {"type": ["object", "null"]}}}
_LINKED = {"type": ["object", "null"], **_OPTION, "additionalProperties": _OPTION}
_VALUES = {
    "type": ["object", "null"],
    "additionalProperties": {"items": {"properties": {"linked_data": _LINKED}}},
}


RECENT = timedelta(days=7)
"""Age up to which a date shows the present offset of the PIM's server."""

_VALUES_BEGIN = b':[{"'
_BEFORE_TEXT = b'locale":null,"scope":null,"data":"'
"""What precedes a text without a locale or channel in the PIM's JSON."""

_BACKSLASH = ord("\\")


class _Value(msgspec.Struct):
    """A value of an identifier attribute, which has no locale or channel."""

    data: msgspec.Raw
    locale: None = None
    scope: None = None


_NULL = msgspec.Raw(b"null")
_decode_values = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_decode_single = msgspec.json.Decoder(tuple[_Value]).decode


def identifier_in(values: msgspec.Raw, attribute: str) -> msgspec.Raw | None:
    """Return the value of an identifier attribute in a product's values, not decoded.

    Values can have tens of kilobytes, so this searches them for the attribute instead of decoding
    them. Quotes in a text are escaped, so a quoted code before a colon is a key, or the end of one
    if the first quote is escaped.

    Args:
        values: The values, as JSON.
        attribute: Code of the attribute.
    """
    text, key = bytes(values), b'"%b"' % attribute.encode()
    # The last characters are rare in texts, which makes the search several times faster.
    found = text.find(key + _VALUES_BEGIN)
    start = found + len(key) + len(_VALUES_BEGIN)
    if found > 0 and text[found - 1] != _BACKSLASH and text.startswith(_BEFORE_TEXT, start):
        start += len(_BEFORE_TEXT)
        end = text.find(b'"', start)
        if b"\\" not in text[start:end]:
            return msgspec.Raw(text[start - 1 : end + 1])
    if key not in text:
        return None
    # The value has another form, or this is not the key of the attribute.
    try:
        value = _decode_values(text).get(attribute)
        return None if value is None else _decode_single(value)[0].data
    except msgspec.MsgspecError:
        return None


SHARED_SWITCHES = (
    "with_quality_scores",
    "with_attribute_options",
    "with_readiness",
    "with_workflow_execution_statuses",
    "with_enabled_assets_only",
    "with_asset_share_links",
    "convert_measurements",
)
"""Settings that apply to products and product models."""


class ProductStream(IncrementalStream):
    """Base class of products and product models."""

    pagination = Pagination.SEARCH_AFTER
    permission: ClassVar[str] = "List products"
    filterable = True
    key_is_cursor = True
    channel_parameter = "scope"
    limits_attributes = True

    @override
    def key_list_requests(self) -> Plan[list[ListRequest]]:
        params = yield from ask(self._small_values)
        return [self.bare_list_request(params=params)]

    @override
    def plan_lists(self) -> Plan[None]:
        if self.settings.linked_entities:
            yield from ask(self._check_linked_entities)
        yield from super().plan_lists()

    def _check_linked_entities(self) -> None:
        """Send the date filter once, because a first run would not show that the PIM lacks it.

        Raises:
            RequestRefused: The PIM lacks it.
        """
        tomorrow = self.pim.server_time() + timedelta(days=1)
        value = tomorrow.strftime("%Y-%m-%d %H:%M:%S")
        condition: Condition = {"operator": ">", "value": value}
        any_item(self.pim, self.list_request(search={self.filtered_date: [condition]}))

    def _small_values(self) -> dict[str, str]:
        """Return the query parameter that makes items small: the values of one attribute."""
        try:
            codes = self.tap.identifier_codes()
        except RequestRefused as refusal:
            self.logger.info(
                "%s are read with all their values, which takes longer: %s",
                self.name,
                refusal_message(refusal, Attributes.permission, self.settings, Attributes.name),
            )
            return {}
        return {"attributes": codes[0]} if codes else {}

    @override
    def prepare_filters(self) -> None:
        _ = self.zone

    @override
    def row_inputs(self) -> dict[str, Any]:
        linked = {one.setting: one.row_input(self.settings, self.name) for one in LINKED}
        return {**super().row_inputs(), **linked}

    @property
    @override
    def item_schema(self) -> dict[str, Any]:
        if "with_attribute_options" in self.settings.switches:
            return {**super().item_schema, "values": _VALUES}
        return super().item_schema

    @property
    @override
    def filtered_date(self) -> str:
        linked = self.settings.linked_entities
        return "updated_including_linked_entities" if linked else "updated"

    @override
    def date_filters(self, dates: DateRange) -> dict[str, list[Condition]]:
        filters = super().date_filters(dates)
        types = self.settings.linked_types
        # The PIM refuses the types without the date (akeneo/pim-api-docs, 61ef548d, filter.md).
        if filters and types:
            filters["updated_including_linked_type"] = [{"operator": "IN", "value": list(types)}]
        return filters

    @override
    def updated_conditions(self, dates: DateRange) -> list[Condition]:
        # Without a date the time zone does not matter, so do not send a request to infer it.
        if dates.start is None and dates.end is None:
            return []
        return wall_time_conditions(dates, self.zone)

    @cached_property
    def zone(self) -> ServerZone:
        """The time zone of the PIM's server, which its date filters use.

        Raises:
            WrongSetting: The setting ``pim_timezone`` contradicts a date that the PIM wrote.
        """
        if self.settings.pim_timezone is not None:
            return self._confirmed(self.settings.pim_timezone)
        if self.pim.is_saas:
            return ServerZone.utc()
        item = self._dated_item()
        if item is None:
            # Without an item, a wrong time zone cannot exclude anything.
            return ServerZone.utc()
        written = _updated(item)
        if written is None:
            key = value_of(item, self.primary_keys[-1])
            msg = (
                f"`updated` of {key!r} has no time zone ({value_of(item, 'updated')!r}), which "
                "the PIM's date filters depend on: set pim_timezone"
            )
            raise WrongSetting(msg)
        return ServerZone(offset=written.utcoffset() or timedelta())

    def _confirmed(self, name: ZoneInfo) -> ServerZone:
        """Return the zone of the setting, only as exact as the PIM's dates confirm it.

        Two zones may have the same offset in winter, and PHP may have old rules of summer time.
        """
        zone, now = ServerZone(name), self.pim.server_time()
        recently = wall_time_conditions(DateRange(now - RECENT, None, None), zone)
        try:
            recent = self._dated_item({"search": json.dumps({"updated": recently})})
        except PimUnavailable:
            # Perhaps only the search index has it. If the PIM is down, the next request shows it.
            recent = None
        item = recent or self._dated_item()
        written = _updated(item) if item else None
        if written and zone.contradicts(written):
            msg = (
                f"pim_timezone is {name}, but the PIM wrote a date as {written.isoformat()}, an "
                "offset that this zone does not have: correct the setting, or remove it"
            )
            raise WrongSetting(msg)
        offset = now.astimezone(name).utcoffset() or timedelta()
        if recent and written and written.utcoffset() == offset:
            return zone
        return ServerZone(offset=offset)

    def _dated_item(self, params: Mapping[str, str] | None = None) -> Item | None:
        """Return an item of the list with a date, or else any, or ``None`` if there is none."""
        request = self.bare_list_request(params=params)
        return any_item(self.pim, request, lambda one: _updated(one) is not None)


def _updated(item: Item) -> datetime | None:
    return usable_date(value_of(item, "updated"))


class ProductModels(ProductStream):
    """Product models. Their values include inherited values."""

    name = "product_models"
    path: ClassVar[str] = "product-models"
    since: ClassVar[str] = "2.0"
    switches = SHARED_SWITCHES


class Products(ProductStream):
    """Products by uuid (7.0+), including those without an identifier.

    Their list has no property ``identifier``, so it is filled from the values.
    """

    name = "products"
    path = "products-uuid"
    since = "7.0"
    primary_keys = ("uuid",)
    search_path = "products-uuid/search"
    switches = (*SHARED_SWITCHES, "with_completenesses", "with_root_parent")

    @override
    def row_inputs(self) -> dict[str, Any]:
        return {**super().row_inputs(), "identifier": self._identifier_attribute}

    @override
    def records(self, page: Page, parents: Mapping[str, str]) -> Iterator[Record]:
        attribute, kept = self._identifier_attribute, self.settings.attributes
        # The PIM compares codes without case.
        if attribute and (not kept or attribute.lower() in map(str.lower, kept)):
            for item in page.items:
                if "identifier" not in item and "values" in item:
                    item["identifier"] = identifier_in(item["values"], attribute) or _NULL
        return super().records(page, parents)

    @cached_property
    def _identifier_attribute(self) -> str | None:
        """Code of the main identifier attribute; ``None`` if it is unknown or not needed.

        Raises:
            RequestRefused: The PIM no longer lists its attributes, and rows that have an identifier
                must not lose it. Or it lists nothing at all.
        """
        if "identifier" not in self._selected:
            return None
        try:
            codes = self.tap.identifier_codes()
        except RequestRefused as refusal:
            if self._had_identifier or lacks_overall_access(refusal, Attributes.permission):
                refusal.hint = Attributes.permission
                raise
            self.logger.warning(
                "identifier stays null, because the PIM does not list its attributes: %s",
                refusal_message(refusal, Attributes.permission, self.settings, Attributes.name),
            )
            return None
        return codes[0] if codes else None

    @property
    def _had_identifier(self) -> bool:
        """Whether an earlier run filled the identifier."""
        known = self.stream_state.get("fingerprints")
        return isinstance(known, dict) and bool(known.get("identifier"))


class ProductsByIdentifier(ProductStream):
    """Products of PIMs before 7.0, which have no uuid."""

    name = "products"
    path = "products"
    since = "1.7"
    primary_keys = ("identifier",)
    switches = (*SHARED_SWITCHES, "with_completenesses", "with_root_parent")


class ProductMediaFiles(AkeneoStream):
    """Names, types, sizes and addresses of the media files in product values, without the files."""

    name = "product_media_files"
    path = "media-files"
    is_sorted_by_key = False

    @override
    def items(self, item: Item) -> Iterable[Mapping[str, Any]]:
        # The host in the PIM's own links can be wrong behind a proxy, so they are not used.
        path = f"{self.path}/{quote(str(value_of(item, 'code')))}/download"
        yield {**item, "download_url": self.pim.url(path)}
