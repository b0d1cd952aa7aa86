"""How the streams of this tap differ from those of the SDK."""

from __future__ import annotations

import logging
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from singer_sdk.helpers.conform import TypeConformanceLevel
from singer_sdk.mapper import RemoveRecordTransform
from singer_sdk.singerlib import RecordMessage
from typing_extensions import override

from tap_akeneo.batches import write_batches
from tap_akeneo.client.errors import WrongSetting
from tap_akeneo.config.catalog import correct_entry
from tap_akeneo.streams.rows import RecordStream

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator

    # The types in the signature of `Stream.get_batches`; no public module exports them.
    from singer_sdk.helpers._batch import BaseBatchFileEncoding, BatchConfig
    from singer_sdk.helpers.types import Context
    from singer_sdk.mapper import StreamMap
    from singer_sdk.metrics import Timer
    from singer_sdk.singerlib import Catalog

    from tap_akeneo.records import Record


class SdkStream(RecordStream):
    """Overrides of the SDK's stream: its log, catalog, maps, messages, batches and bookmarks.

    Attributes:
        map_failure: Why the last record could not be mapped, which ends the stream.
        maps_remove_rows: Whether a map removed a record, of a row that exists in the PIM.
    """

    map_failure: Exception | None = None
    maps_remove_rows = False

    _timer: Timer | None = None

    # Records conform to their schema before the SDK gets them.
    TYPE_CONFORMANCE_LEVEL = TypeConformanceLevel.NONE

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
        return self.tap.maps.of(self, self.changed_values)

    @property
    @override
    def partitions(self) -> None:
        """None, because the SDK would read the stream once for each partition in the state."""

    @override
    def compare_start_date(self, value: str, start_date_value: str) -> str:
        """Return the bookmark. The SDK would parse the setting, less leniently than this tap."""
        return value

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
            try:
                mapped = stream_map.transform(record)
            except Exception as failure:  # noqa: BLE001 (an expression can raise any exception)
                self.map_failure = failure
                return
            if mapped is None:
                # A map that removes all rows writes no table.
                self.maps_remove_rows |= not isinstance(stream_map, RemoveRecordTransform)
            else:
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

    @override
    def get_sync_timer(self) -> Timer:
        # The SDK reports a stream as successful unless it raises an exception.
        self._timer = super().get_sync_timer()
        return self._timer

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
            message.record
            for record in self._sync_records(context, write_messages=False)
            for message in self._generate_record_messages(record)
        )
        yield from write_batches(
            records,
            batch_config,
            tap=self.tap_name,
            stream=self.name,
            properties=self.stream_maps[0].transformed_schema["properties"],
            has_valid_dates=not self.settings.keep_values_as_sent,
        )
        self.write_readings()

    def write_readings(self) -> None:
        """Write the rows of `readings` about this stream, after its last record."""

    @override
    def generate_child_contexts(
        self, record: Record, context: Context | None
    ) -> Iterable[Context | None]:
        # Child streams read their parents themselves. For contexts the SDK would copy each record.
        return ()
