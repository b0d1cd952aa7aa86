"""The base class of all streams, which turns lists of the PIM into records."""

from __future__ import annotations

import json
import logging
from contextlib import closing
from dataclasses import replace
from datetime import datetime, timezone
from functools import cache, cached_property
from http import HTTPStatus
from importlib import resources
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import quote

from singer_sdk import Stream
from singer_sdk.batch import Batcher
from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.metrics import Status, Tag
from singer_sdk.singerlib import RecordMessage
from typing_extensions import override

from tap_akeneo import schemas
from tap_akeneo.batches import write_batches
from tap_akeneo.client.errors import (
    AkeneoError,
    NoResponse,
    RequestRefused,
    WrongSetting,
)
from tap_akeneo.config.catalog import correct_entry
from tap_akeneo.oddities import ADDITIONAL_FIELDS, BROKEN_TEXT, Oddities
from tap_akeneo.pagination.reader import Emit, Plan
from tap_akeneo.pagination.reading import ListReading, Outcome
from tap_akeneo.pagination.request import ListRequest, Pagination
from tap_akeneo.pagination.slices import ListFailed
from tap_akeneo.progress import progress
from tap_akeneo.records import (
    RecordTransformer,
    decoded,
    is_declared,
    keyless,
    selected,
)
from tap_akeneo.streams.fingerprints import fingerprints_of, structure
from tap_akeneo.streams.resuming import BrokenItemReading, ResumableReading, broken_items
from tap_akeneo.value_columns.filling import ColumnWriter

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence

    # The types in the signature of `Stream.get_batches`; no public module exports them.
    from singer_sdk.helpers._batch import BaseBatchFileEncoding, BatchConfig
    from singer_sdk.helpers.types import Context
    from singer_sdk.mapper import StreamMap
    from singer_sdk.metrics import Timer
    from singer_sdk.singerlib import Catalog

    from tap_akeneo.client.responses import Item, Page
    from tap_akeneo.replication import Condition
    from tap_akeneo.streams.host import StreamHost

Record = dict[str, Any]


class AkeneoStream(Stream):
    """A resource of the PIM that each run reads completely.

    Subclasses are mostly data. `CONTRIBUTING.md` shows how to add one.

    Attributes:
        is_whole: Whether nothing was skipped so far in this run.
        writes_state_first: Whether to write the state before the first record.
        above: The lists of parents that were read, with the permission for each.
        nameless: What the PIM sends as a parent without a key; empty if nothing.
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
    has_count: ClassVar[bool] = True
    may_hang: ClassVar[bool] = False
    may_be_disabled: ClassVar[bool] = False
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

    parent: ClassVar[type[AkeneoStream] | None] = None
    """Parent stream; this stream has one list for each of its items."""

    why_not_by_default: ClassVar[str] = ""
    """Reason why the stream is not selected by default; empty if it is."""

    # Records conform to their schema before the SDK gets them.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

    def __init__(self, tap: StreamHost) -> None:
        self.tap = tap
        self.pim = tap.pim
        self.settings = tap.settings
        self.is_whole = True
        self.writes_state_first = False
        self._list_count = 0
        self._gone: list[ListReading] = []
        self._skipped: list[str] = []
        self._has_list = False
        self.above: Sequence[tuple[ListReading, str]] = ()
        self.nameless = ""
        self._timer: Timer | None = None
        schema = load_schema(self.name, self.primary_keys)
        self._columns = tap.value_columns if self.limits_attributes else ()
        columns = {column.name: column.schema for column in self._columns}
        super().__init__(tap, schema={**schema, "properties": {**schema["properties"], **columns}})

    @override
    def log(self, message: str, *args: Any, level: int = logging.INFO, **kwargs: Any) -> None:
        # The SDK logs an error whenever an exception leaves a stream, even if a signal stopped the
        # run. `tap_akeneo.cli` logs the cause once, so the SDK's line is only for debugging.
        if level >= logging.ERROR:
            level = logging.DEBUG
        super().log(message, *args, level=level, **kwargs)

    @override
    def apply_catalog(self, catalog: Catalog) -> None:
        entry = catalog.get_stream(self.name)
        if entry:
            for line in correct_entry(entry, self.schema, self.primary_keys, self.replication_key):
                self.logger.warning("%s", line)
        super().apply_catalog(catalog)

    @property
    @override
    def stream_maps(self) -> list[StreamMap]:
        # The SDK's own maps fail for streams that are not selected (meltano/sdk#1942).
        return self.tap.maps.of(self, self.oddities)

    @property
    @override
    def partitions(self) -> None:
        """None, because the SDK would read the stream once for each partition in the state."""

    @override
    def _increment_stream_state(
        self, latest_record: Record, *, context: Context | None = None
    ) -> None:
        """Do nothing, because streams set their own bookmarks.

        The SDK has no public way to turn off its own, and it logs a warning for each record without
        a date.
        """

    @override
    def _generate_record_messages(self, record: Record) -> Generator[RecordMessage, None, None]:
        # This overrides a private method, because the SDK has no public hook before a record is
        # written. The SDK's method is slower: it looks at all properties of each record to remove
        # deselected ones.
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
        # Batch files have no version.
        may = not self.hides_rows and not self.config.get("batch_config")
        return may and super().emit_activate_version_messages

    @property
    def hides_rows(self) -> bool:
        """Whether a setting excludes rows that the PIM has.

        ``channel`` does, because the PIM then returns only products of the channel's category tree
        (pim-api-docs#93).
        """
        settings = self.settings
        return self.name in settings.filters or bool(self.channel_parameter and settings.channel)

    @override
    def get_sync_timer(self) -> Timer:
        # The SDK reports a stream as successful unless it raises an exception.
        self._timer = super().get_sync_timer()
        return self._timer

    @override
    def get_records(self, context: Context | None) -> Iterable[Record]:
        versions = self.tap.versions.take()
        try:
            for record in self.read():
                self.tap.rows += 1
                yield record
            self._report_broken_items()
            if self.is_whole:
                for version in versions:
                    self.tap.versions.writer.write_message(version)
            elif versions:
                self.logger.info(
                    "not everything was read, so rows that were deleted in the PIM stay for now"
                )
        except AkeneoError as error:
            msg = f"{self.name}: {error}"
            raise AkeneoError(msg) from error
        finally:
            self.oddities.log_summary()
        self.tap.end_stream(self.name, self._skipped, is_partial=self._has_list)
        if self._timer and not self.tap.is_read(self.name):
            self._timer.tags[Tag.STATUS] = Status.FAILED

    def read(self) -> Iterator[Record]:
        """Yield all records of this stream."""
        # Read other streams ahead only if the SDK reads all of them, one after the other.
        reads_all = self._timer is not None and self.ABORT_AT_RECORD_COUNT is None
        following = self.tap.plans_after(self.name) if reads_all else ()
        events = self.tap.reader.read(self.name, self.plan, following)
        with progress(self.name, self.tap.logger.info) as advance, closing(events):
            for reading, page in events:
                if self.writes_state_first:
                    self.writes_state_first = False
                    self.tap.state_writer.write_state(self.tap_state)
                if page is None:
                    self.end_list(reading)
                    continue
                yield from self.records(page, reading.request.parents)
                reading.consume()
                self._save_progress(reading)
                advance(len(page.items), reading.counted if self._list_count == 1 else None)

    def plan(self) -> Plan[None]:
        """Plan which lists to read; see `tap_akeneo.pagination.reader`."""
        self.is_whole = True
        try:
            yield from self.plan_lists()
            if self._gone:
                yield from self._check_parents()
        except RequestRefused as refusal:
            is_forbidden = refusal.is_from_pim and refusal.status == HTTPStatus.FORBIDDEN
            self._refused(refusal, may_skip=is_forbidden)
        except NoResponse as failure:
            self._skip(f"it seems to be disabled in this PIM ({failure})")
        except ListFailed as failure:
            self.is_whole = False
            self.tap.stream_failed(self.name, str(failure))

    def plan_lists(self) -> Plan[None]:
        """Plan the reading of all lists of this stream."""
        requests = yield from self.list_requests()
        self.report_parents(self)
        if self.may_hang and requests:
            # The feature is disabled only if the PIM does not respond to the very first request.
            yield self.emit([ListReading(requests[0])])
            requests = [replace(request, may_hang=False) for request in requests[1:]]
        yield self.emit([ListReading(request) for request in requests])

    def emit(self, readings: Sequence[ListReading]) -> Emit:
        """Return the lists as those whose pages become records."""
        self._list_count += len(readings)
        return Emit(readings)

    def _save_progress(self, reading: ListReading) -> None:
        """Save the progress of a list, after more of its records have been written."""
        if isinstance(reading, ResumableReading):
            reading.save()
            if reading.is_state_due and not self.config.get("batch_config"):
                self.tap.state_writer.write_state(self.tap_state)

    def end_list(self, reading: ListReading, *, permission: str | None = None) -> None:
        """Record how the reading of a list ended, after its last record has been written.

        Args:
            reading: The list, of this stream or of its parents.
            permission: The permission that it needs, if not that of this stream.
        """
        self.is_whole &= reading.outcome is Outcome.COMPLETE
        self._has_list |= reading.is_read and permission is None
        if reading.refusal is not None and reading.outcome is not Outcome.GONE:
            refusal = reading.refusal
            refusal.hint = refusal.hint or permission
            path = reading.request.path
            self._refused(refusal, may_skip=reading.outcome is Outcome.REFUSED, path=path)
        elif reading.outcome is Outcome.GONE and permission is not None:
            self.tap.stream_failed(self.name, f"its parents could not be read: {reading.reason}")
        elif reading.outcome is Outcome.GONE:
            self._gone.append(reading)
        elif reading.outcome is Outcome.DISABLED:
            self._skip(f"{reading.reason} [{reading.request.path}]", reading.request.path)
        elif reading.outcome is Outcome.FAILED:
            self.tap.stream_failed(self.name, reading.reason)
        if isinstance(reading, (ResumableReading, BrokenItemReading)):
            reading.end()
        elif reading.broken:
            self._fail_for_broken((one.after, one.to) for one in reading.broken)

    def report_parents(self, stream: AkeneoStream) -> None:
        """Record how the reading of the lists of parents ended.

        Args:
            stream: The stream that has read them.
        """
        for reading, permission in stream.above:
            self.end_list(reading, permission=permission)
        if stream.nameless:
            self.is_whole = False
            self.tap.stream_failed(
                self.name,
                f"the PIM sends {stream.nameless}, so its {self.name} cannot be read",
            )

    def _check_parents(self) -> Plan[None]:
        """Make sure that lists which the PIM no longer has belong to parents that are deleted."""
        gone, self._gone = self._gone, []
        parents: list[dict[str, str]] = []
        if self.pagination is not Pagination.SINGLE:
            parents = yield from self.parents()
        are_known = all(above.outcome is Outcome.COMPLETE for above, _ in self.above)
        for reading in gone:
            path = reading.request.path
            if dict(reading.request.parents) in parents or not are_known:
                self.tap.stream_failed(
                    self.name, f"{reading.reason}, although the PIM still lists its parent"
                )
            else:
                self.logger.info("%s: deleted in the PIM meanwhile", path)

    def parents(self) -> Plan[list[dict[str, str]]]:
        """Return the keys of each parent; one empty mapping if there is only one list."""
        yield from ()
        return [{}]

    def _report_broken_items(self) -> None:
        """Report the broken items in the state as a failure of the stream."""
        states = [self.stream_state, *self.stream_state.get("partitions", ())]
        if ends := [(item.after, item.key) for state in states for item in broken_items(state)]:
            self.is_whole = False
            self._fail_for_broken(ends)

    def _fail_for_broken(self, ends: Iterable[tuple[str | None, str]]) -> None:
        places = ", ".join(f"after {after or 'the start'} up to {to}" for after, to in ends)
        self.tap.stream_failed(
            self.name,
            f"the PIM answers 500 for items whose {self.primary_keys[-1]} comes {places}. All "
            "others were read. Have them repaired or deleted in the PIM; until then each run asks "
            "for them again and fails",
        )

    def _refused(self, refusal: RequestRefused, *, may_skip: bool = False, path: str = "") -> None:
        self.is_whole = False
        permission = refusal.hint or self.permission
        if self.tap.stream_refused(self.name, refusal, permission, may_skip=may_skip):
            self._skipped.append(path)

    def _skip(self, reason: str, path: str = "") -> None:
        self.is_whole = False
        self._skipped.append(path)
        self.logger.warning("skipped, %s", reason)

    @override
    def get_batches(
        self, batch_config: BatchConfig, context: Context | None = None
    ) -> Iterator[tuple[BaseBatchFileEncoding, list[str]]]:
        if len(self.stream_maps) > 1:
            msg = f"{self.name}: with batch_config it cannot have two maps in stream_maps"
            raise WrongSetting(msg)
        # The SDK's batch files have unmapped records, including deselected properties. It has no
        # public method that returns records as a target would get them.
        records = (
            dict(message.record)
            for record in self._sync_records(context, write_messages=False)
            for message in self._generate_record_messages(record)
        )
        batcher = Batcher(self.tap_name, self.name, batch_config)
        return write_batches(self.name, batcher, batch_config.encoding, records)

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
        conditions = {**self.settings.filters.get(self.name, {}), **(search or {})}
        params = self.params()
        if conditions:
            params = {**params, "search": json.dumps(conditions, separators=(",", ":"))}
        return self.bare_list_request(parents, params)

    def bare_list_request(
        self, parents: Mapping[str, str] | None = None, params: Mapping[str, str] | None = None
    ) -> ListRequest:
        """Return the request for a list with only the given parameters."""
        quoted = {key: quote(code) for key, code in (parents or {}).items()}
        return ListRequest(
            self.path.format(**quoted),
            self.pagination,
            tuple(key for key in self.primary_keys if key not in quoted),
            params or {},
            self.settings.page_size,
            parents or {},
            key_is_cursor=self.key_is_cursor if self.pim.cursors_are_plain else False,
            has_count=self.has_count,
            may_hang=self.may_hang,
            may_be_disabled=self.may_be_disabled,
            is_sorted=self.is_sorted_by_key,
        )

    def params(self) -> dict[str, str]:
        """Return the query parameters from the settings."""
        settings = self.settings
        # Omit switches that are off: the PIM treats with_table_select_options=false as true.
        params = {name: on for name, on in settings.switches.items() if name in self.switches}
        if self.channel_parameter:
            if settings.channel:
                params[self.channel_parameter] = settings.channel
            if settings.locales:
                params["locales"] = ",".join(settings.locales)
        if self.limits_attributes and settings.attributes and settings.attributes_fit_address:
            params["attributes"] = ",".join(settings.attributes)
        return params

    def row_inputs(self) -> dict[str, Any]:
        """Return everything that shapes the records of this stream, by the name that users know.

        What is not set is ``None`` and not missing, because Meltano merges the state of a run with
        ``--full-refresh`` into the one before, and would keep the older value.
        """
        settings, chosen = self.settings, self._selected
        inputs: dict[str, Any] = {
            "base_url": settings.base_url,
            "key": [self.path, *self.primary_keys],
            "properties": {name: structure(one) for name, one in chosen.items()},
            "filters": settings.filters.get(self.name),
            "keep_values_as_sent": settings.keep_values_as_sent,
            **self.tap.maps.settings_of(self.name),
            **{name: settings.switches.get(name) for name in self.switches},
        }
        if self.channel_parameter:
            inputs |= {"channel": settings.channel, "locales": sorted(settings.locales)}
        if self.limits_attributes:
            inputs["attributes"] = sorted(settings.attributes)
            # A catalog may also have columns that the PIM or the setting no longer has.
            inputs["value_columns"] = {
                one.name: structure(one.schema) for one in self._columns if one.name in chosen
            }
        return inputs

    @cached_property
    def fingerprints(self) -> dict[str, str | None]:
        """A hash of each input that shapes the records of this stream in this run."""
        return fingerprints_of(self.row_inputs())

    def records(self, page: Page, parents: Mapping[str, str]) -> Iterator[Record]:
        """Yield the records of one page.

        Args:
            page: A page of a list of this stream.
            parents: Keys of the parent item, which are added to each record.
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
                if what := keyless(record, self.primary_keys):
                    self._leave_out(what)
                    continue
                if self.replication_key:
                    # The SDK requires the replication key in each record.
                    record.setdefault(self.replication_key, None)
                yield record

    def _leave_out(self, what: str) -> None:
        """Report an item without a key, which no target could store, as a failure of the stream."""
        if self.is_whole:
            self.tap.stream_failed(self.name, f"the PIM sends {what}; it is skipped")
        self.is_whole = False

    @cached_property
    def oddities(self) -> Oddities:
        """Counts of the values that were changed in the records."""
        return Oddities(self.logger)

    @property
    def _selected(self) -> dict[str, dict[str, Any]]:
        """The properties that the catalog declares and selects."""
        return selected(self.effective_schema["properties"], self.mask)

    @cached_property
    def _shape(self) -> RecordTransformer:
        declared = self.effective_schema["properties"]
        own = self.schema["properties"]
        # If the catalog does not change a property, use the schema of items, which may say more.
        in_force = {
            name: self.item_schema[name] if schema == own.get(name) else schema
            for name, schema in self._selected.items()
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
            columns=ColumnWriter(self._columns, in_force, self.oddities) if self._columns else None,
            oddities=self.oddities,
        )

    @property
    def _values_kept(self) -> frozenset[str]:
        """Attributes whose values the tap keeps, if they do not fit into a query parameter."""
        settings = self.settings
        if not self.limits_attributes or settings.attributes_fit_address:
            return frozenset()
        self.logger.info(
            "attributes: too many for the address of a request, so the PIM sends all values, and "
            "the tap leaves out those of other attributes"
        )
        return frozenset(settings.attributes)

    @property
    def _values_are_needed(self) -> bool:
        """Whether nested values must be decoded, because a setting needs their content."""
        return any(
            self.config.get(name) for name in ("stream_maps", "flattening_enabled", "batch_config")
        )

    @property
    def item_schema(self) -> dict[str, Any]:
        """Schema of the PIM's items by property. It may be more specific than the stream's."""
        properties: dict[str, Any] = self.schema["properties"]
        return properties

    def items(self, item: Item) -> Iterable[Mapping[str, Any]]:
        """Convert an item of the PIM to items that the schema describes."""
        return (item,)

    def item_keys(self, item: Item) -> list[str | None]:
        """Return the keys that child streams need of an item; ``None`` if one is missing."""
        keys = [decoded(one.get(self.primary_keys[-1])) for one in self.items(item)]
        return [key if key is None else str(key) for key in keys]

    @override
    def generate_child_contexts(
        self, record: Record, context: Context | None
    ) -> Iterable[Context | None]:
        # Child streams read their parents themselves. For contexts the SDK would copy each record.
        return ()


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
