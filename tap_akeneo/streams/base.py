"""What all streams share: from the lists of the PIM to records and bookmarks."""

from __future__ import annotations

import json
from datetime import datetime, timezone
from functools import cache, cached_property
from importlib import resources
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from singer_sdk import Stream
from singer_sdk.batch import Batcher
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.singerlib import RecordMessage
from typing_extensions import override

from tap_akeneo import schemas
from tap_akeneo.batches import batches
from tap_akeneo.client.errors import (
    AkeneoError,
    ItemBroken,
    NoAnswer,
    RequestRefused,
    WrongSetting,
)
from tap_akeneo.client.responses import Page
from tap_akeneo.config.catalog import corrected
from tap_akeneo.oddities import ADDITIONAL_FIELDS, BROKEN_TEXT, Oddities
from tap_akeneo.pagination.base import ListRequest, Pagination
from tap_akeneo.pagination.concurrent import read_ahead
from tap_akeneo.pagination.page_number import walk as walk_of
from tap_akeneo.progress import progress
from tap_akeneo.records import (
    RecordTransformer,
    check_keys,
    decoded,
    is_declared,
    selected,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    from singer_sdk.helpers._batch import BaseBatchFileEncoding, BatchConfig
    from singer_sdk.helpers.types import Context
    from singer_sdk.mapper import StreamMap
    from singer_sdk.singerlib import Catalog

    from tap_akeneo.client.responses import Item
    from tap_akeneo.pagination.base import Paginator
    from tap_akeneo.pagination.concurrent import PageEvent
    from tap_akeneo.replication import Condition
    from tap_akeneo.tap import TapAkeneo

Record = dict[str, Any]

MAX_ATTRIBUTES = 6_000
"""Bytes of a query parameter. Web servers take addresses of 8,000, all parameters included."""


class AkeneoStream(Stream):
    """One resource of the PIM, read whole at each run.

    A stream is mostly data; `CONTRIBUTING.md` shows what one more takes.

    Attributes:
        is_whole: Whether this run has read all of it so far.
    """

    name: str
    path: ClassVar[str]
    """The list, below ``/api/rest/v1/``; a PIM that has no such route lacks the stream."""

    requires: ClassVar[tuple[str, ...]] = ()
    """Other routes that the PIM must have, where a stream depends on its version."""

    needs_app: ClassVar[bool] = False
    """Whether only an Akeneo App is let in, not a connection."""

    since: ClassVar[str] = "1.7"
    """The first version of the PIM that has it."""

    primary_keys: ClassVar[tuple[str, ...]] = ("code",)
    replication_key: ClassVar[str | None] = None
    paging: ClassVar[Pagination] = Pagination.PAGE
    key_is_cursor: ClassVar[bool] = False
    has_count: ClassVar[bool] = True
    may_hang: ClassVar[bool] = False
    is_sorted_by_key: ClassVar[bool] = True

    permission: ClassVar[str] = ""
    """What to tick in the PIM's role for this list, as its screen says it.

    Empty where access to the Web API is enough (ApiBundle, acl.yml).
    """

    filterable: ClassVar[bool] = False
    """Whether the list takes ``search``."""

    switches: ClassVar[tuple[str, ...]] = ()
    """Settings that are also query parameters of this list."""

    why_not_by_default: ClassVar[str] = ""
    """Why the stream is not selected by default, where it is not."""

    # Items are JSON already; the schema says what they are, it does not change them.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, tap: TapAkeneo) -> None:
        self.tap = tap
        self.pim = tap.pim
        self.settings = tap.settings
        self.is_whole = True
        self._values_kept: frozenset[str] = frozenset()
        super().__init__(tap, schema=load_schema(self.name, self.primary_keys))
        # The SDK says so of each error that passes through, also of a run that is stopped; the
        # line that tells what happened comes at the end.
        self.logger.addFilter(lambda record: not str(record.msg).startswith("An unhandled error"))

    @override
    def apply_catalog(self, catalog: Catalog) -> None:
        entry = catalog.get_stream(self.name)
        if entry:
            for line in corrected(entry, self.schema, self.primary_keys, self.replication_key):
                self.logger.warning("%s", line)
        super().apply_catalog(catalog)

    @property
    @override
    def stream_maps(self) -> list[StreamMap]:
        # Not those of the SDK, which fail for the streams that are not selected.
        return self.tap.maps.of(self)

    @property
    @override
    def partitions(self) -> None:
        """None: the SDK would read a stream once for each that is in the state."""

    @override
    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        # Streams set their bookmarks themselves. This only makes the states of a run differ, since
        # the SDK writes none twice; its own method warns of each record without a date.
        markers = self.stream_state.get("progress_markers")
        if markers is not None and self.replication_key:
            markers["replication_key_value"] = latest_record[self.replication_key]

    @override
    def _generate_record_messages(self, record: Record) -> Generator[RecordMessage, None, None]:
        # The SDK's own walks through each record again, to take out what is not selected.
        for name in self._shape.left_out:
            record.pop(name, None)
        for stream_map in self.stream_maps:
            mapped = stream_map.transform(record)
            if mapped is not None:
                yield RecordMessage(
                    stream=stream_map.stream_alias,
                    record=mapped,
                    version=self._stream_version,
                    time_extracted=datetime.now(timezone.utc),
                )

    @property
    @override
    def emit_activate_version_messages(self) -> bool:
        # Files of batches hold no versions.
        may = not self.hides_rows and not self.config.get("batch_config")
        return may and super().emit_activate_version_messages

    @property
    def hides_rows(self) -> bool:
        """Whether a setting leaves out rows that the PIM has."""
        return self.name in self.settings.filters

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        versions = self.tap.versions.take()
        self.is_whole = True
        try:
            for record in self.read():
                self.tap.rows += 1
                yield record
            if self.is_whole:
                for version in versions:
                    self.tap.versions.writer.write_message(version)
            elif versions:
                self.logger.info("not read as a whole: what was deleted in the PIM stays for now")
        except RequestRefused as refusal:
            self._refused(refusal)
        except NoAnswer as silence:
            self.logger.warning("skipped, it seems to be switched off in this PIM (%s)", silence)
        except ItemBroken as broken:
            self.tap.stream_failed(self.name, str(broken))
        except AkeneoError as error:
            msg = f"{self.name}: {error}"
            raise AkeneoError(msg) from error
        finally:
            self.oddities.tell()
        self.tap.ended_streams.add(self.name)

    def read(self) -> Iterator[Record]:
        """All records of this stream."""
        for walk, news in self.read_ahead(walk_of(self.pim, one) for one in self.listings()):
            if isinstance(news, Page):
                yield from self.records(news, walk.listing.parents)

    def read_ahead(self, walks: Iterable[Paginator]) -> Iterator[tuple[Paginator, PageEvent]]:
        """Walks several lists at once; see `tap_akeneo.pagination.concurrent.read_ahead`."""
        threads = self.settings.max_concurrency
        with progress(self.name, self.tap.logger.info) as advance:
            for walk, news in read_ahead(walks, threads=threads, pulse=self.tap.stopper.check):
                yield walk, news
                if news is None:
                    self._note_end(walk)
                if isinstance(news, Page):
                    advance(len(news.items), self.counted())

    def _note_end(self, walk: Paginator) -> None:
        self.is_whole = self.is_whole and not (walk.incomplete or walk.broken)
        if walk.refusal:
            self._refused(walk.refusal)
        if walk.failure:
            self.tap.stream_failed(self.name, walk.failure)
        if walk.broken:
            self.tap.stream_failed(
                self.name,
                f"the PIM answers 500 for {', '.join(walk.broken)}, perhaps for others near it "
                "too; the rest was read. Have it repaired or deleted in the PIM; until then it is "
                "read again at each run",
            )

    def _refused(self, refusal: RequestRefused) -> None:
        self.tap.stream_refused(self.name, refusal, refusal.hint or self.permission)

    def counted(self) -> int | None:
        """How many items the PIM has counted in all, None where it has not."""
        return None

    @override
    def get_batches(
        self, batch_config: BatchConfig, context: Context | None = None
    ) -> Iterator[tuple[BaseBatchFileEncoding, list[str]]]:
        if len(self.stream_maps) > 1:
            msg = f"{self.name}: with batch_config it cannot have two maps in stream_maps"
            raise WrongSetting(msg)
        # The SDK writes records into its files as they were read, neither mapped nor selected.
        records = (
            message.record
            for record in self._sync_records(context, write_messages=False)
            for message in self._generate_record_messages(record)
        )
        batcher = Batcher(self.tap_name, self.name, batch_config)
        return batches(self.name, batcher, batch_config.encoding, records)

    def listings(self) -> Iterator[ListRequest]:
        """The lists of the PIM that make up this stream."""
        yield self.listing()

    def listings_of_keys(self) -> Iterator[ListRequest]:
        """The same without the user's filters, for streams that are below this one."""
        yield self.bare_listing()

    def listing(
        self,
        parents: Mapping[str, str] | None = None,
        search: Mapping[str, Sequence[Condition]] | None = None,
    ) -> ListRequest:
        """A list with the parameters from the settings.

        Args:
            parents: Keys for the placeholders in the stream's path.
            search: Conditions that are joined with the user's filters.
        """
        conditions = {**self.settings.filters.get(self.name, {}), **(search or {})}
        params = self.params()
        if conditions:
            params = {**params, "search": json.dumps(conditions, separators=(",", ":"))}
        return self.bare_listing(parents, params)

    def bare_listing(
        self, parents: Mapping[str, str] | None = None, params: Mapping[str, str] | None = None
    ) -> ListRequest:
        """A list with these parameters and no others."""
        quoted = {key: quote(code) for key, code in (parents or {}).items()}
        return ListRequest(
            self.path.format(**quoted),
            self.paging,
            tuple(key for key in self.primary_keys if key not in quoted),
            params or {},
            self.settings.page_size,
            parents or {},
            key_is_cursor=self.key_is_cursor,
            has_count=self.has_count,
            may_hang=self.may_hang,
            is_sorted=self.is_sorted_by_key,
        )

    def params(self) -> dict[str, str]:
        """Query parameters from the settings."""
        # Off is left out: the PIM reads with_table_select_options=false as true.
        on = self.settings.switches
        return {name: on[name] for name in self.switches if name in on}

    def records(self, page: Page, parents: Mapping[str, str]) -> Iterator[Record]:
        """The records of one page.

        Args:
            page: From a list of this stream.
            parents: Keys of the list's parent, put into each record.
        """
        shape = self._shape
        nul = page.flaws.nul
        if page.flaws.broken_text:
            self.oddities.note_text(BROKEN_TEXT, page.flaws.broken_text)
        own_parents = {
            key: code if self.settings.keep_values_as_sent else code.replace("\0", "")
            for key, code in parents.items()
            if key in self.schema["properties"]
        }
        for page_item in page.items:
            for item in self.items(page_item):
                record = shape(item, may_hold_nul=nul)
                if own_parents:
                    record = {**own_parents, **record}
                if null := check_keys(record, self.primary_keys):
                    self._leave_out(null)
                    continue
                if self.replication_key:
                    # The SDK looks for one.
                    record.setdefault(self.replication_key, None)
                yield record

    def _leave_out(self, null: str) -> None:
        """Note an item that no target could take."""
        if self.is_whole:
            self.tap.stream_failed(
                self.name, f"the PIM sends an item whose key {null} is null; it is left out"
            )
        self.is_whole = False

    @cached_property
    def oddities(self) -> Oddities:
        """What was changed in the records."""
        return Oddities(self.logger)

    @cached_property
    def _shape(self) -> RecordTransformer:
        declared = self.effective_schema["properties"]
        own = self.schema["properties"]
        # Where the catalog changes nothing, an item may be made of more than its schema says.
        in_force = {
            name: self.item_schema[name] if schema == own.get(name) else schema
            for name, schema in selected(declared, self.mask).items()
        }
        known = [tuple(part for part in path[1::2]) for path in self.metadata if path]
        left_out = {path[0] for path in known if len(path) == 1} | declared.keys()
        return RecordTransformer(
            in_force,
            whole=self._values_are_needed,
            left_out=left_out - in_force.keys(),
            nested_left_out=[
                path for path in known if len(path) > 1 and not is_declared(path, in_force)
            ],
            keeps_values=self.settings.keep_values_as_sent,
            values_kept=self._values_kept,
            oddities=self.oddities,
        )

    @property
    def _values_are_needed(self) -> bool:
        """Whether something looks into nested values, so that they must be more than JSON."""
        return any(
            self.config.get(name) for name in ("stream_maps", "flattening_enabled", "batch_config")
        )

    @property
    def item_schema(self) -> dict[str, Any]:
        """What the PIM's items are made of, by property; targets see no more than the schema."""
        properties: dict[str, Any] = self.schema["properties"]
        return properties

    def items(self, item: Item) -> Iterable[Mapping[str, Any]]:
        """Makes of an item of the PIM what the schema describes, where the two differ."""
        return (item,)

    def keys_of(self, item: Item) -> list[str | None]:
        """The keys that streams below this one need of an item; None where one is missing."""
        keys = [decoded(one.get(self.primary_keys[-1])) for one in self.items(item)]
        return [key if key is None else str(key) for key in keys]

    def value_limits(self, channel: str) -> dict[str, str]:
        """Query parameters that limit values to the settings' channel and locales.

        Args:
            channel: What this list calls the channel.
        """
        limits = {channel: self.settings.channel, "locales": ",".join(self.settings.locales)}
        return {name: value for name, value in limits.items() if value}

    def attribute_limits(self) -> dict[str, str]:
        """The query parameter that limits values to the settings' attributes.

        None where the address would be too long for web servers: the values are left out here.
        """
        attributes = ",".join(self.settings.attributes)
        if len(quote(attributes, safe="")) > MAX_ATTRIBUTES:
            if not self._values_kept:
                self.logger.info(
                    "attributes: too many for the address of a request, so that the PIM sends all "
                    "values, and those of other attributes are left out here"
                )
            self._values_kept = frozenset(self.settings.attributes)
            return {}
        return {"attributes": attributes} if attributes else {}

    @override
    def generate_child_contexts(
        self, record: Record, context: Context | None
    ) -> Iterable[Context | None]:
        # Children list their parents themselves; the SDK would copy each record for them.
        return ()


@cache
def load_schema(name: str, keys: tuple[str, ...]) -> dict[str, Any]:
    """The schema of a stream, with its keys never null and a place for unknown fields."""
    text = resources.files(schemas).joinpath(f"{name}.json").read_text(encoding="utf-8")
    schema: dict[str, Any] = json.loads(text)
    for key in keys:
        schema["properties"][key]["type"] = "string"
    if schema.pop("additionalProperties", True):
        schema["properties"][ADDITIONAL_FIELDS] = {
            "type": ["object", "null"],
            "description": "What the PIM sent under names which this version of the tap does not "
            "know.",
        }
    return schema
