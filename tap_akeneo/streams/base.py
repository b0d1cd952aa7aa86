"""What all streams share: from the lists of the PIM to records and bookmarks."""

from __future__ import annotations

import json
from functools import cache, cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from singer_sdk import Stream
from singer_sdk.helpers.conform import TypeConformanceLevel
from typing_extensions import override

from tap_akeneo import schemas
from tap_akeneo.errors import AkeneoError, RequestRefused
from tap_akeneo.paging import Listing, Page, Paging, pages, value_of
from tap_akeneo.paging import walk as walk_of
from tap_akeneo.prefetch import read_ahead
from tap_akeneo.records import ADDITIONAL_FIELDS, Shaper
from tap_akeneo.streams.advice import advice

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from singer_sdk.helpers.types import Context
    from singer_sdk.singerlib import Catalog

    from tap_akeneo.paging import Item, Walk
    from tap_akeneo.prefetch import News
    from tap_akeneo.tap import TapAkeneo
    from tap_akeneo.windows import Condition

Record = dict[str, Any]

TOP_LEVEL = len(("properties", "name"))
"""Parts of the breadcrumb of a property that is not nested."""


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
            yield from self.read()
        except RequestRefused as refusal:
            self.tap.stream_failed(self.name, advice(refusal, self.permission))
        except AkeneoError as error:
            msg = f"{self.name}: {error}"
            raise AkeneoError(msg) from error

    def read(self) -> Iterator[Record]:
        """All records of this stream."""
        for walk, news in self.read_ahead(walk_of(self.pim, one) for one in self.listings()):
            if isinstance(news, Page):
                yield from self.records(news, walk.listing.parents)

    def read_ahead(self, walks: Iterable[Walk]) -> Iterator[tuple[Walk, News]]:
        """Walks several lists at once; see `tap_akeneo.prefetch.read_ahead`."""
        return read_ahead(walks, threads=self.settings.max_concurrency)

    def listings(self) -> Iterator[Listing]:
        """The lists of the PIM that make up this stream."""
        yield self.listing()

    def listing(
        self, parents: Mapping[str, str] | None = None, updated: Sequence[Condition] = ()
    ) -> Listing:
        """A list with the parameters from the settings.

        Args:
            parents: Codes for the placeholders in the stream's path.
            updated: Conditions that are joined with the user's filters.
        """
        params = self.params()
        search = dict(self.settings.filters.get(self.name, {}))
        if updated:
            search["updated"] = list(updated)
        if search:
            params["search"] = json.dumps(search, separators=(",", ":"))
        quoted = {key: quote(code) for key, code in (parents or {}).items()}
        return Listing(
            self.path.format(**quoted),
            self.paging,
            tuple(key for key in self.primary_keys if key not in quoted),
            params,
            self.settings.page_size,
            parents or {},
        )

    def params(self) -> dict[str, str]:
        """Query parameters from the settings."""
        # Off is left out: the PIM reads with_table_select_options=false as true.
        return {name: "true" for name in self.switches if name in self.settings.switches}

    def records(self, page: Page, parents: Mapping[str, str]) -> Iterator[Record]:
        """The records of one page.

        Args:
            page: From a list of this stream.
            parents: Keys of the list's parent, put into each record.
        """
        shape = self._shape
        for item in page.items:
            record = shape(self.item(item))
            if ADDITIONAL_FIELDS in record:
                self._tell_unknown(record[ADDITIONAL_FIELDS])
            yield {**parents, **record} if parents else record

    @cached_property
    def _shape(self) -> Shaper:
        needed = {*self.primary_keys, self.replication_key or ""}
        return Shaper(self.item_schema, needed, whole=self._values_are_needed)

    @property
    def _values_are_needed(self) -> bool:
        """Whether something looks into nested values, so that they must be more than JSON."""
        by_settings = ("stream_maps", "flattening_enabled", "batch_config")
        nested_deselection = any(
            len(breadcrumb) > TOP_LEVEL and not selected
            for breadcrumb, selected in self.mask.items()
        )
        return nested_deselection or any(self.config.get(name) for name in by_settings)

    @property
    def item_schema(self) -> dict[str, Any]:
        """What the PIM's items are made of, by property; targets see no more than the schema."""
        properties: dict[str, Any] = self.schema["properties"]
        return properties

    def item(self, item: Item) -> Mapping[str, Any]:
        """Changes an item of the PIM into what the schema says, where the two differ."""
        return item

    def _tell_unknown(self, fields: Mapping[str, object]) -> None:
        if unknown := fields.keys() - self._unknown_keys:
            self._unknown_keys |= unknown
            self.logger.info(
                "The PIM sends fields that are unknown to this version of the tap; they are kept "
                "in %s: %s",
                ADDITIONAL_FIELDS,
                ", ".join(sorted(unknown)),
            )

    @override
    def generate_child_contexts(
        self, record: Record, context: Context | None
    ) -> Iterable[Context | None]:
        # Children list their parents themselves; the SDK would copy each record for them.
        return ()


class ChildStream(AkeneoStream):
    """A resource below each item of another: read for all parents, always.

    A child can change without its parent's ``updated`` moving, so what is read here does not
    depend on which parents another stream reads.
    """

    parent: ClassVar[type[AkeneoStream]]
    parent_key: ClassVar[str]
    """The property that holds the parent's code, and the placeholder in the path."""

    @override
    def listings(self) -> Iterator[Listing]:
        for code in self.parent_codes():
            yield self.listing({self.parent_key: code})

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
                str(value_of(item, "code"))
                for page in pages(self.pim, listing)
                for item in page.items
                if self.has_children(item)
            ]
        except RequestRefused as refusal:
            self.tap.stream_failed(self.name, advice(refusal, self.parent.permission))
            return []

    def has_children(self, parent: Item) -> bool:  # noqa: ARG002 (for subclasses)
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
