"""What a stream says about a list of the PIM, and the requests for it."""

from __future__ import annotations

import json
from functools import cache, cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any, ClassVar, Final
from urllib.parse import quote, urlencode

from singer_sdk import Stream

from tap_akeneo import schemas
from tap_akeneo.changed_values import ADDITIONAL_FIELDS
from tap_akeneo.config.settings import MAX_QUERY_LENGTH
from tap_akeneo.pagination.request import ListRequest, Pagination
from tap_akeneo.parameters import PARAMETERS, SEARCH
from tap_akeneo.records import decoded

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from tap_akeneo.client.responses import Item
    from tap_akeneo.pagination.plans import Plan
    from tap_akeneo.parameters import Parameter
    from tap_akeneo.replication import Condition
    from tap_akeneo.streams.tap_interface import TapInterface


MAX_POSTED_ATTRIBUTES = 800
"""Maximum of the body (Akeneo's OpenAPI document of SaaS, ``POST /products-uuid/search``)."""

POSTED_SWITCHES = {
    *("convert_measurements", "with_attribute_options", "with_asset_share_links"),
    *("with_completenesses", "with_readiness", "with_workflow_execution_statuses"),
}
"""Settings that the same document names for the body.

It lacks some, and calls another ``with_quality_scores__products``. With these settings the tap does
not use the body, because rows would lose columns if the PIM ignored a name that it does not know.
"""

READ_AT: Final = "read_at"
"""Property of full tables with the time of the reading. Targets keep it, as any other."""

READ_AT_SCHEMA: Final[dict[str, Any]] = {
    "type": ["string", "null"],
    "format": "date-time",
    "description": "The PIM's time when the reading of the stream began.",
}


class Resource(Stream):
    """A resource of the PIM: where its lists are, what they offer, and how to request them.

    Subclasses are mostly data. `CONTRIBUTING.md` shows how to add one.
    """

    name: str
    path: ClassVar[str]
    """Path of the list below ``/api/rest/v1/``. A PIM without it does not have the stream."""

    requires: ClassVar[tuple[str, ...]] = ()
    """Other routes that the PIM must have for this stream, to distinguish versions of the PIM."""

    needs_app: ClassVar[bool] = False
    """Whether only an Akeneo App may read the list, but not a connection."""

    is_personal: ClassVar[bool] = False
    """Whether the items are persons, so the stream is offered only with `with_personal_data`."""

    since: ClassVar[str] = "1.7"
    """First version of the PIM that has the list."""

    primary_keys: ClassVar[tuple[str, ...]] = ("code",)
    replication_key: ClassVar[str | None] = None
    pagination: ClassVar[Pagination] = Pagination.PAGE
    key_is_cursor: ClassVar[bool | None] = False
    takes_any_cursor: ClassVar[bool] = True
    has_count: ClassVar[bool] = True
    may_hang: ClassVar[bool] = False
    may_be_disabled: ClassVar[bool] = False
    may_be_missing: ClassVar[bool] = False
    """Whether the PIM answers 404 for a parent that has no such item."""

    is_refused_as_one: ClassVar[bool] = False
    """Whether to read one list before the others, which the PIM refuses as well. They are short."""

    is_sorted_by_key: ClassVar[bool] = True

    permission: ClassVar[str] = ""
    """Permission that the role needs to read the list, as named in the PIM's user interface.

    Empty if access to the Web API is enough (ApiBundle, acl.yml).
    """

    filterable: ClassVar[bool] = False
    """Whether the list has the query parameter ``search``."""

    switches: ClassVar[tuple[str, ...]] = ()
    """Settings that are also query parameters of this list."""

    channel_parameter: ClassVar[str | None] = None
    """Query parameter that limits values to a channel. With it, ``locales`` limits them as well."""

    limits_attributes: ClassVar[bool] = False
    """Whether items have product values, which the query parameter ``attributes`` limits."""

    search_path: ClassVar[str | None] = None
    """Route that takes the parameters of the list in the body of a POST."""

    parent: ClassVar[type[Resource] | None] = None
    """Parent stream; this stream has one list for each of its items."""

    why_not_by_default: ClassVar[str] = ""
    """Reason why the stream is not selected by default; empty if it is."""

    def __init__(self, tap: TapInterface) -> None:
        self.tap = tap
        self.pim = tap.pim
        self.settings = tap.settings
        schema = load_schema(self.name, self.primary_keys)
        self._columns = tap.value_columns if self.limits_attributes else ()
        columns = {column.name: column.schema for column in self._columns}
        # A row of a full table is deleted if a later reading did not find it.
        read_at = {} if self.replication_key else {READ_AT: READ_AT_SCHEMA}
        properties = {**schema["properties"], **columns, **read_at}
        super().__init__(tap, schema={**schema, "properties": properties})

    def parents(self) -> Plan[list[dict[str, str]]]:
        """Return the keys of each parent; one empty mapping if there is only one list."""
        yield from ()
        return [{}]

    def list_requests(self) -> Plan[list[ListRequest]]:
        """Return the lists of the PIM that make up this stream."""
        yield from ()
        return [self.list_request()]

    def key_list_requests(self) -> Plan[list[ListRequest]]:
        """Return the lists without the user's filters, for the key stream."""
        yield from ()
        return [self.bare_list_request()]

    def list_request(
        self,
        parents: Mapping[str, str] | None = None,
        search: Mapping[str, Sequence[Condition]] | None = None,
    ) -> ListRequest:
        """Return the request for a list, with the parameters from the settings.

        Args:
            parents: Keys for the placeholders in the stream's path.
            search: Conditions to combine with the user's filters.
        """
        conditions = self.search(search or {})
        params = self.params()
        if conditions:
            params = {**params, SEARCH: json.dumps(conditions, separators=(",", ":"))}
        return self.bare_list_request(parents, params)

    def search(self, own: Mapping[str, Sequence[Condition]]) -> dict[str, Any]:
        """Return the user's filters, combined with conditions of the tap."""
        return {**self.settings.filters.get(self.name, {}), **own}

    def bare_list_request(
        self, parents: Mapping[str, str] | None = None, params: Mapping[str, str] | None = None
    ) -> ListRequest:
        """Return the request for a list with only the given parameters."""
        quoted = {key: quote(code) for key, code in (parents or {}).items()}
        is_too_long = len(urlencode(params or {})) > MAX_QUERY_LENGTH
        return ListRequest(
            self.path.format(**quoted),
            self.pagination,
            tuple(key for key in self.primary_keys if key not in quoted),
            params or {},
            self.settings.page_size,
            parents or {},
            key_is_cursor=self.key_is_cursor if self.pim.cursors_are_plain else False,
            takes_any_cursor=self.takes_any_cursor,
            has_count=self.has_count,
            may_hang=self.may_hang,
            may_be_missing=self.may_be_missing,
            may_be_disabled=self.may_be_disabled,
            is_sorted=self.is_sorted_by_key,
            search_path=self.search_path if is_too_long and self._can_post else None,
        )

    @classmethod
    def parameters(cls) -> list[Parameter]:
        """Return the settings that are query parameters of this list."""
        names = set(cls.switches)
        if cls.channel_parameter:
            names |= {cls.channel_parameter, "locales"}
        if cls.limits_attributes:
            names.add("attributes")
        if cls.filterable:
            names.add(SEARCH)
        return [one for one in PARAMETERS if one.name in names]

    def params(self) -> dict[str, str]:
        """Return the query parameters from the settings, without conditions."""
        left_out = {SEARCH} if self.sends_attributes else {SEARCH, "attributes"}
        # Omit switches that are off: the PIM treats with_table_select_options=false as true.
        return {
            one.name: text
            for one in self.parameters()
            if one.name not in left_out and (text := one.text(self.settings, self.name))
        }

    @property
    def sends_attributes(self) -> bool:
        """Whether the PIM leaves out the values of other attributes; otherwise the tap does."""
        fit_body = self._can_post and len(self.settings.attributes) <= MAX_POSTED_ATTRIBUTES
        return self.settings.attributes_fit_address or fit_body

    @cached_property
    def _can_post(self) -> bool:
        """Whether the PIM takes all parameters of this list in the body of a POST, too."""
        switches = {name for name in self.settings.switches if name in self.switches}
        return (
            self.search_path is not None
            and switches <= POSTED_SWITCHES
            and self.pim.offers(self.search_path, "POST")
        )

    @property
    def hides_rows(self) -> bool:
        """Whether a setting excludes rows that the PIM has.

        ``channel`` does, because the PIM then returns only products of the channel's category tree
        (pim-api-docs#93).
        """
        settings = self.settings
        return self.name in settings.filters or bool(self.channel_parameter and settings.channel)

    def items(self, item: Item) -> Iterable[Mapping[str, Any]]:
        """Convert an item of the PIM to items that the schema describes."""
        return (item,)

    def item_keys(self, item: Item) -> list[str | None]:
        """Return the keys that child streams need of an item; ``None`` if one is missing."""
        keys = [decoded(one.get(self.primary_keys[-1])) for one in self.items(item)]
        return [key if key is None else str(key) for key in keys]


@cache
def load_schema(name: str, keys: tuple[str, ...]) -> dict[str, Any]:
    """Load the schema of a stream; make keys non-null, and add a property for unknown fields."""
    text = resources.files(schemas).joinpath(f"{name}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    for key in keys:
        schema["properties"][key]["type"] = "string"
    if schema.pop("additionalProperties", True):
        schema["properties"][ADDITIONAL_FIELDS] = {
            "type": ["object", "null"],
            "description": "Fields that this version of the tap does not know.",
        }
    return schema
