"""What all streams share: from the lists of the PIM to records and bookmarks."""

from __future__ import annotations

import json
from functools import cache
from http import HTTPStatus
from importlib import resources
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from singer_sdk import Stream
from singer_sdk.helpers.conform import TypeConformanceLevel
from typing_extensions import override

from tap_akeneo import paging, schemas
from tap_akeneo.changes import iso_condition, span_to_read
from tap_akeneo.errors import AkeneoError, RequestRefused
from tap_akeneo.paging import Listing, Paging
from tap_akeneo.records import ADDITIONAL_FIELDS, shape
from tap_akeneo.streams.advice import advice

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from singer_sdk.helpers.types import Context
    from singer_sdk.singerlib import Catalog

    from tap_akeneo.changes import Condition, Span
    from tap_akeneo.tap import TapAkeneo

Record = dict[str, Any]

INCREMENTAL = "INCREMENTAL"


class AkeneoStream(Stream):
    """One resource of the PIM, read whole at each run.

    A stream is mostly data; `CONTRIBUTING.md` shows what one more takes.
    """

    name: str
    path: ClassVar[str]
    """The list, below ``/api/rest/v1/``; a PIM that has no such route lacks the stream."""

    requires: ClassVar[tuple[str, ...]] = ()
    """Other routes that the PIM must have, where a stream depends on its version."""

    since: ClassVar[str] = "1.7"
    """The first version of the PIM that has it."""

    primary_keys: ClassVar[tuple[str, ...]] = ("code",)
    replication_key: ClassVar[str | None] = None
    paging: ClassVar[Paging] = Paging.PAGE

    permission: ClassVar[str] = ""
    """What to tick in the PIM's role for this list, as its screen says it.

    Empty where access to the Web API is enough (ApiBundle, acl.yml).
    """

    filterable: ClassVar[bool] = False
    """Whether the list takes ``search``."""

    switches: ClassVar[tuple[str, ...]] = ()
    """Settings that are also query parameters of this list."""

    # Items are JSON already; the schema says what they are, it does not change them.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, tap: TapAkeneo) -> None:
        self.tap = tap
        self.pim = tap.pim
        self.settings = tap.settings
        self._unknown_keys: set[str] = set()
        super().__init__(tap, schema=load_schema(self.name, self.primary_keys))

    @override
    def apply_catalog(self, catalog: Catalog) -> None:
        # A catalog that was kept over an upgrade of the PIM names the keys of its old version.
        entry = catalog.get_stream(self.name)
        if entry and list(entry.key_properties or ()) != list(self.primary_keys):
            self.logger.warning(
                "the catalog is from another version of this PIM: the key is now %s. "
                "Run the discovery again",
                ", ".join(self.primary_keys),
            )
            entry.key_properties = list(self.primary_keys)
        if entry and self.replication_key is None:
            entry.replication_method, entry.replication_key = "FULL_TABLE", None
        super().apply_catalog(catalog)

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        try:
            yield from self.read(context)
        except RequestRefused as refusal:
            self.tap.stream_failed(self.name, advice(refusal, self.permission))
        except AkeneoError as error:
            msg = f"{self.name}: {error}"
            raise AkeneoError(msg) from error

    def read(self, context: Context | None) -> Iterator[Record]:  # noqa: ARG002 (for subclasses)
        """All records of this stream."""
        for listing in self.listings():
            yield from self.records_of(listing)

    def listings(self) -> Iterator[Listing]:
        """The lists of the PIM that make up this stream."""
        yield self.listing()

    def listing(self, path: str | None = None, updated: Sequence[Condition] = ()) -> Listing:
        """A list with the parameters from the settings.

        Args:
            path: Instead of the stream's own, where that has placeholders.
            updated: Joined with the user's filters.
        """
        params = self.params()
        search = dict(self.settings.filters.get(self.name, {}))
        if updated:
            search["updated"] = list(updated)
        if search:
            params["search"] = json.dumps(search, separators=(",", ":"))
        return Listing(
            path or self.path, self.paging, self.primary_keys, params, self.settings.page_size
        )

    def params(self) -> dict[str, str]:
        """Query parameters from the settings."""
        # Off is left out: the PIM reads with_table_select_options=false as true.
        return {name: "true" for name in self.switches if name in self.settings.switches}

    def records_of(self, listing: Listing, **parents: str) -> Iterator[Record]:
        """The records of one list.

        Args:
            listing: The list.
            parents: Keys of the list's parent, put into each record.
        """
        properties = self.item_schema
        for page in paging.walk(self.pim, listing):
            for item in page:
                record = shape(self.item(item), properties)
                if unknown := record.get(ADDITIONAL_FIELDS, {}).keys() - self._unknown_keys:
                    self._tell_unknown(unknown)
                yield {**parents, **record}

    @property
    def item_schema(self) -> dict[str, Any]:
        """What the PIM's items are made of, by property; targets see no more than the schema."""
        properties: dict[str, Any] = self.schema["properties"]
        return properties

    def item(self, item: Record) -> Record:
        """Changes an item of the PIM into what the schema says, where the two differ."""
        return item

    def _tell_unknown(self, keys: set[str]) -> None:
        self._unknown_keys |= keys
        self.logger.info(
            "The PIM sends fields that are unknown to this version of the tap; they are kept in "
            "%s: %s",
            ADDITIONAL_FIELDS,
            ", ".join(sorted(keys)),
        )


class IncrementalStream(AkeneoStream):
    """A resource whose records carry ``updated``; read from its bookmark on."""

    replication_key: ClassVar[str | None] = "updated"

    @property
    @override
    def check_sorted(self) -> bool:
        return False

    @override
    def get_replication_key_signpost(self, context: Context | None = None) -> None:
        """None: the bookmark is set in `read`, the SDK has nothing to cap."""

    @override
    def read(self, context: Context | None) -> Iterator[Record]:
        if self.replication_method != INCREMENTAL:
            # The catalog asks for a full table.
            yield from super().read(context)
            return
        state = self.get_context_state(context)
        # The SDK notes here the last `updated` it saw, and would make it the bookmark in the end.
        state["progress_markers"] = {}
        try:
            span = self.span(context)
            if not span.is_empty:
                for listing in self.listings_of(span):
                    yield from self.records_of(listing)
            state["replication_key"] = self.replication_key
            state["replication_key_value"] = span.bookmark.isoformat()
        finally:
            state.pop("progress_markers", None)

    def span(self, context: Context | None) -> Span:
        """The changes to read now."""
        since = self.get_starting_timestamp(context)
        span = span_to_read(
            since=since,
            end_date=self.settings.end_date,
            lookback=self.settings.lookback,
            now=self.pim.server_time(),
        )
        if since is not None and span.start is None:
            self.logger.warning(
                "The bookmark %s lies ahead of the PIM's clock: reading everything", since
            )
        return span

    def listings_of(self, span: Span) -> Iterator[Listing]:
        """The lists that hold the changes of a span."""
        yield self.listing(updated=self.updated_condition(span))

    def updated_condition(self, span: Span) -> list[Condition]:
        """The PIM's filter for a span."""
        return iso_condition(span)


class ChildStream(AkeneoStream):
    """A resource below each item of another: read for all parents, always.

    A child can change without its parent's ``updated`` moving, so what is read here does not
    depend on which parents another stream reads.
    """

    parent: ClassVar[type[AkeneoStream]]
    parent_key: ClassVar[str]
    """The property that holds the parent's code, and the placeholder in the path."""

    @override
    def read(self, context: Context | None) -> Iterator[Record]:
        for code in self.parent_codes():
            path = self.path.format(**{self.parent_key: quote(code)})
            try:
                yield from self.records_of(self.listing(path), **{self.parent_key: code})
            except RequestRefused as refusal:
                if refusal.status != HTTPStatus.NOT_FOUND:
                    raise
                self.logger.info("%s %s is gone meanwhile", self.parent_key, code)

    def parent_codes(self) -> list[str]:
        """The codes of all parents. Gathered first: the list stays short of the walk below it."""
        listing = Listing(
            self.parent.path,
            self.parent.paging,
            self.parent.primary_keys,
            page_size=self.settings.page_size,
        )
        try:
            return [
                str(item["code"])
                for page in paging.walk(self.pim, listing)
                for item in page
                if self.has_children(item)
            ]
        except RequestRefused as refusal:
            self.tap.stream_failed(self.name, advice(refusal, self.parent.permission))
            return []

    def has_children(self, parent: Record) -> bool:  # noqa: ARG002 (for subclasses)
        """Whether the PIM can list children of this parent."""
        return True


@cache
def load_schema(name: str, keys: tuple[str, ...]) -> dict[str, Any]:
    """The schema of a stream, with its keys never null and a place for unknown fields."""
    text = resources.files(schemas).joinpath(f"{name}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    for key in keys:
        schema["properties"][key]["type"] = "string"
    schema["properties"][ADDITIONAL_FIELDS] = {
        "type": ["object", "null"],
        "description": "What the PIM sent under names which this version of the tap does not know.",
    }
    return schema
