"""The records that a stream makes of the PIM's pages, and what shapes them."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from tap_akeneo.changed_values import BROKEN_TEXT, ChangedValues
from tap_akeneo.records import RecordTransformer, is_declared, keyless, selected
from tap_akeneo.streams.fingerprints import fingerprints_of, structure
from tap_akeneo.streams.resource import READ_AT, Resource
from tap_akeneo.value_columns.filling import ColumnWriter

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tap_akeneo.client.responses import Page
    from tap_akeneo.records import Record


class RecordStream(Resource):
    """A resource whose pages become records.

    Attributes:
        is_whole: Whether nothing was skipped so far in this run.
        left_out: Number of items without a key so far.
        read_at: The PIM's time when the reading began.
    """

    is_whole = True
    left_out = 0
    read_at: str | None = None

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
            "keep_values_as_sent": settings.keep_values_as_sent,
            **self.tap.maps.settings_of(self.name),
            **{one.setting: one.row_input(settings, self.name) for one in self.parameters()},
        }
        if self.limits_attributes:
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
        nul = page.invalid_text.nul
        if page.invalid_text.broken_text:
            self.changed_values.count_text(BROKEN_TEXT, page.invalid_text.broken_text)
        own_parents = {
            key: code if self.settings.keep_values_as_sent else code.replace("\0", "")
            for key, code in parents.items()
            if key in self.schema["properties"]
        }
        has_read_at = self._has_read_at
        for page_item in page.items:
            for item in self.items(page_item):
                record = shape(item, may_hold_nul=nul)
                if own_parents:
                    record = {**own_parents, **record}
                if has_read_at:
                    record[READ_AT] = self.read_at
                if what := keyless(record, self.primary_keys):
                    self._leave_out(what)
                    continue
                if self.replication_key:
                    # The SDK requires the replication key in each record.
                    record.setdefault(self.replication_key, None)
                yield record

    def _leave_out(self, what: str) -> None:
        """Report an item without a key, which no target could store, as a failure of the stream."""
        if not self.left_out:
            self.tap.stream_failed(self.name, f"the PIM sends {what}; it is skipped")
        self.is_whole = False
        self.left_out += 1

    @cached_property
    def changed_values(self) -> ChangedValues:
        """Counts of the values that were changed in the records."""
        return ChangedValues(self.logger)

    @cached_property
    def _has_read_at(self) -> bool:
        return not self.replication_key and READ_AT in self._selected

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
            columns=ColumnWriter(self._columns, in_force, self.changed_values)
            if self._columns
            else None,
            changed_values=self.changed_values,
        )

    @property
    def _values_kept(self) -> frozenset[str]:
        """Attributes whose values the tap keeps, if they do not fit into a query parameter."""
        settings = self.settings
        if not self.limits_attributes or self.sends_attributes:
            return frozenset()
        self.logger.info(
            "attributes: too many for the address of a request, so the PIM sends all values, and "
            "the tap leaves out those of other attributes"
        )
        return frozenset(settings.attributes)

    @property
    def _values_are_needed(self) -> bool:
        """Whether nested values must be decoded, because a setting needs their content."""
        return any(self.config.get(name) for name in ("stream_maps", "flattening_enabled"))

    @property
    def item_schema(self) -> dict[str, Any]:
        """Schema of the PIM's items by property. It may be more specific than the stream's."""
        properties: dict[str, Any] = self.schema["properties"]
        return properties
