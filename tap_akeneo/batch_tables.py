"""Batch files of columns: Parquet and Arrow."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING, Any, Final

import msgspec
import pyarrow as pa
from pyarrow import ipc, parquet

from tap_akeneo.conformance import DATE, is_date, types_of
from tap_akeneo.writer import ENCODER

if TYPE_CHECKING:
    from collections.abc import Mapping

    from singer_sdk.helpers._batch import BaseBatchFileEncoding

PIECE_SIZE: Final = 4 * 1024 * 1024
"""Bytes of JSON to write at once: a row group of Parquet, a record batch of Arrow. Larger ones need
more memory, smaller ones make readers slower."""

JSON: Final = pa.json_(pa.string())
_PLAIN: Final[Mapping[str, tuple[Any, Any]]] = {
    "string": (pa.string(), str),
    "integer": (pa.int64(), int),
    "boolean": (pa.bool_(), bool),
}
"""Types of columns, and of their values in Python."""


class TableColumn:
    """The values of one property in the records of a piece.

    Objects, lists and everything else that no type of Arrow can hold without a loss is a column of
    JSON texts. That includes numbers, whose digits a float would round.

    Args:
        schema: The schema of the property.
        has_valid_dates: Whether all dates are valid.

    Attributes:
        type: Type of the column.
    """

    def __init__(self, schema: Mapping[str, Any], *, has_valid_dates: bool) -> None:
        types = {*types_of(schema)} - {"null"}
        (kind,) = types if len(types) == 1 else ("",)
        self.type, python = _PLAIN.get(kind, (JSON, None))
        if kind == "string" and is_date(schema) and has_valid_dates:
            self.type, python = pa.timestamp("us", tz="UTC"), DATE
        values: Any = list[python | None] if python else None  # type: ignore[valid-type]
        self._decode = msgspec.json.Decoder(values).decode if python else None
        self._values: list[bytes] = []

    def add(self, value: Any) -> int:  # noqa: ANN401 (JSON)
        """Add the value of a record, and return its size as JSON."""
        # A copy, because pyarrow never releases a memoryview.
        encoded = bytes(value) if type(value) is msgspec.Raw else ENCODER.encode(value)
        self._values.append(encoded)
        return len(encoded)

    def take(self) -> pa.Array:
        """Return the column of the records since the last call."""
        values, self._values = self._values, []
        if self._decode:
            return pa.array(self._decode(b"[%b]" % b",".join(values)), self.type)
        texts = pa.array([None if value == b"null" else value for value in values], pa.binary())
        return pa.ExtensionArray.from_storage(self.type, texts.cast(pa.string()))


class TableFile:
    """A Parquet or Arrow IPC file.

    Args:
        file: Where to write.
        encoding: Format and compression.
        properties: The schemas of the properties of records.
        has_valid_dates: Whether all dates are valid, and so can be stored as dates.
    """

    def __init__(
        self,
        file: IO[bytes],
        encoding: BaseBatchFileEncoding,
        properties: Mapping[str, Mapping[str, Any]],
        *,
        has_valid_dates: bool,
    ) -> None:
        self._columns = {
            name: TableColumn(schema, has_valid_dates=has_valid_dates)
            for name, schema in properties.items()
        }
        self._schema = pa.schema([(name, one.type) for name, one in self._columns.items()])
        self._size = 0
        sink = pa.PythonFile(file, mode="w")
        if encoding.format == "parquet":
            # With Arrow's own schema beside that of Parquet, older Polars cannot read the file.
            self._writer = parquet.ParquetWriter(
                sink,
                self._schema,
                compression=encoding.compression,
                use_dictionary=False,
                store_schema=False,
            )
        else:
            codec = None if encoding.compression == "none" else encoding.compression
            options = ipc.IpcWriteOptions(compression=codec)
            self._writer = ipc.new_file(sink, self._schema, options=options)

    def add(self, record: Mapping[str, Any]) -> bool:
        """Add a record to the next piece, and return whether the piece is large enough."""
        self._size += sum(column.add(record.get(name)) for name, column in self._columns.items())
        return self._size >= PIECE_SIZE

    def write(self) -> None:
        """Write the piece."""
        if self._size:
            arrays = [column.take() for column in self._columns.values()]
            self._writer.write_batch(pa.record_batch(arrays, schema=self._schema))
            self._size = 0

    def close(self) -> None:
        """Write the end of the file, which says where its pieces are."""
        self._writer.close()
