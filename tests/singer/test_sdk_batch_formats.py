"""The formats of batch files have the same content, for DuckDB, Arrow and loaders on the SDK."""

from __future__ import annotations

import gc
import gzip
import io
import json
import sys
from datetime import datetime
from decimal import Decimal
from functools import partial
from itertools import chain
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlsplit

import duckdb
import pyarrow as pa
import pytest
from pyarrow import ipc, parquet
from singer_sdk import Target, batch
from singer_sdk.exceptions import ConfigValidationError
from singer_sdk.sinks import BatchSink
from typing_extensions import override

from pim_simulator import SimulatedPim, serve
from tap_akeneo import batch_tables
from tap_akeneo.client.errors import AkeneoError
from tap_akeneo.config import settings as settings_module
from tap_akeneo.records import decoded
from tap_akeneo.streams.structure import Families
from tests.singer.batches import in_batches
from tests.support import Run, catalog_of, sync

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import StartPim
    from tests.support import Message

ENCODINGS: dict[str, dict[str, str]] = {
    ".json": {"format": "jsonl", "compression": "none"},
    ".json.gz": {"format": "jsonl", "compression": "gzip"},
    ".json.zst": {"format": "jsonl", "compression": "zstd"},
    ".parquet": {"format": "parquet", "compression": "zstd"},
    ".arrow": {"format": "arrow", "compression": "none"},
}
"""The encodings by the suffix of the files."""

TABLES = (".parquet", ".arrow")
OTHERS = ({"format": "parquet", "compression": "gzip"}, {"format": "arrow", "compression": "zstd"})
DEFAULTS = {"jsonl": "gzip", "parquet": "zstd", "arrow": "none"}
decode = partial(json.loads, parse_float=Decimal)


def in_format(folder: Path, encoding: dict[str, str]) -> dict[str, Any]:
    return in_batches(folder.as_uri()) | {"encoding": encoding}


def encodings_of(run: Run) -> list[dict[str, str]]:
    return [one["encoding"] for one in run.messages if one["type"] == "BATCH"]


def files_of(run: Run, stream: str) -> list[Path]:
    urls = (one["manifest"] for one in run.messages if one.get("manifest"))
    found = [Path(urlsplit(url).path) for url in chain.from_iterable(urls)]
    return [file for file in found if f"--{stream}-" in file.name]


def rows_of(run: Run, stream: str) -> list[Message]:
    """Return the records in the batch files of a stream, without nulls."""
    return [
        {name: value for name, value in row.items() if value is not None}
        for file in files_of(run, stream)
        for row in (lines_in(file) if ".json" in file.name else rows_in(file))
    ]


def lines_in(file: Path) -> list[Message]:
    content = file.read_bytes()
    if file.suffix == ".gz":
        content = gzip.decompress(content)
    elif file.suffix == ".zst":
        content = zstd.decompress(content)
    return [decode(line) for line in content.splitlines()]


def rows_in(file: Path) -> Iterator[Message]:
    """Read a table with DuckDB, which gets Arrow files from their library."""
    if file.suffix == ".arrow":
        relation = duckdb.from_arrow(ipc.open_file(file).read_all())
    else:
        relation = duckdb.read_parquet(str(file))
    types = dict(zip(relation.columns, map(str, relation.types), strict=True))
    for row in relation.to_arrow_table().to_pylist():
        yield {
            name: decode(value) if types[name] == "JSON" and value is not None else value
            for name, value in row.items()
        }


def as_read(record: Message, schema: Message) -> Message:
    """Return a record as `rows_of` reads it: without nulls, and with dates instead of texts."""
    dates = {name for name, one in schema.items() if one.get("format") == "date-time"}
    return {
        name: datetime.fromisoformat(value) if name in dates and isinstance(value, str) else value
        for name, value in record.items()
        if value is not None and name != "read_at"
    }


@pytest.fixture(scope="module")
def without_files() -> Iterator[tuple[SimulatedPim, Run]]:
    """A PIM, and a run that writes messages."""
    pim = SimulatedPim(profile="ce-7", seed=1, products=60, timezone="Europe/Paris")
    with serve(pim):
        yield pim, sync(pim)


@pytest.mark.parametrize("encoding", [*ENCODINGS.values(), *OTHERS], ids=" ".join)
def test_files_of_each_format_have_the_records_of_messages(
    without_files: tuple[SimulatedPim, Run], tmp_path: Path, encoding: dict[str, str]
) -> None:
    pim, alone = without_files
    run = sync(pim, batch_config=in_format(tmp_path, encoding))
    assert all(one == encoding for one in encodings_of(run))
    compared = 0
    for name, stream in run.tap.streams.items():
        if name == "readings":
            continue  # never in files
        schema = alone.schema(name)["properties"]
        by_key = itemgetter(*stream.primary_keys)
        expected = [as_read(row, schema) for row in alone.records(name)]
        found = [as_read(row, schema) for row in rows_of(run, name)]
        assert sorted(found, key=by_key) == sorted(expected, key=by_key)
        compared += len(found)
    assert compared > 300


@pytest.mark.parametrize("file_format", DEFAULTS)
def test_the_message_names_the_compression_also_if_the_setting_does_not(
    start_pim: StartPim, tmp_path: Path, file_format: str
) -> None:
    config = in_format(tmp_path, {"format": file_format})
    (encoding,) = encodings_of(sync(start_pim(), "families", batch_config=config))
    assert encoding == {"format": file_format, "compression": DEFAULTS[file_format]}
    (file,) = tmp_path.iterdir()
    suffix = "".join(file.suffixes)
    assert ENCODINGS[suffix] == encoding


@pytest.mark.parametrize("suffix", ENCODINGS)
def test_numbers_keep_all_digits_and_deselected_properties_are_left_out(
    start_pim: StartPim, tmp_path: Path, suffix: str
) -> None:
    number = "12345678901234567890.12345678901234567890"
    pim = start_pim(products=10)
    (code, *_) = (
        one["code"] for one in pim.truth("attributes") if one["type"] == "pim_catalog_number"
    )
    uuid = pim.truth("products")[0]["uuid"]
    values = {code: [{"locale": None, "scope": None, "data": number}]}
    pim.write.change("products", uuid, values=values)
    pim.faults.add("odd", "/products-uuid", odd={f'"data":"{number}"': f'"data":{number}'})
    settings: dict[str, Any] = {"value_columns": [code]}
    catalog = catalog_of(pim, "products", **settings)
    (products,) = (one for one in catalog["streams"] if one["tap_stream_id"] == "products")
    for entry in products["metadata"]:
        if tuple(entry["breadcrumb"]) == ("properties", "associations"):
            entry["metadata"]["selected"] = False
    batches = in_format(tmp_path, ENCODINGS[suffix])
    run = sync(pim, catalog=catalog, batch_config=batches, **settings)
    rows = {row["uuid"]: row for row in rows_of(run, "products")}
    assert len(rows) == 10
    assert rows[uuid]["values"][code][0]["data"] == Decimal(number)
    assert rows[uuid][f"value_{code}"] == Decimal(number)
    assert not [row for row in rows.values() if "associations" in row]


@pytest.mark.parametrize("suffix", TABLES)
def test_the_columns_of_a_table_are_those_of_the_mapped_stream(
    start_pim: StartPim, tmp_path: Path, suffix: str
) -> None:
    pim = start_pim()
    maps = {
        "families": {
            "__alias__": "'kinds'",
            "__filter__": "code != 'shoes'",
            "labels": None,
            "size": "int('7')",
        }
    }
    batches = in_format(tmp_path, ENCODINGS[suffix])
    run = sync(pim, "families", batch_config=batches, stream_maps=maps)
    assert {one["stream"] for one in run.messages if one["type"] == "BATCH"} == {"kinds"}
    (file,) = files_of(run, "families")
    table = parquet.read_table(file) if suffix == ".parquet" else ipc.open_file(file).read_all()
    assert {*table.column_names} == run.schema("kinds")["properties"].keys()
    assert "labels" not in table.column_names
    assert table.schema.field("size").type == pa.int64()
    rows = {row["code"]: row["size"] for row in rows_of(run, "families")}
    assert rows == {one["code"]: 7 for one in pim.truth("families") if one["code"] != "shoes"}


@pytest.mark.parametrize("suffix", TABLES)
def test_dates_are_dates_unless_the_tap_keeps_them_as_sent(
    start_pim: StartPim, tmp_path: Path, suffix: str
) -> None:
    pim = start_pim("ce-7", products=10, timezone="Europe/Paris")
    batches = in_format(tmp_path, ENCODINGS[suffix])
    sent = {row["uuid"]: row["created"] for row in pim.truth("products")}
    rows = rows_of(sync(pim, "products", batch_config=batches), "products")
    assert {row["uuid"]: row["created"] for row in rows} == {
        uuid: datetime.fromisoformat(date) for uuid, date in sent.items()
    }
    run = sync(pim, "products", batch_config=batches, keep_values_as_sent=True)
    assert {row["uuid"]: row["created"] for row in rows_of(run, "products")} == sent


@pytest.mark.parametrize("suffix", TABLES)
def test_a_table_is_written_in_pieces_so_that_memory_does_not_grow_with_its_rows(
    start_pim: StartPim, tmp_path: Path, suffix: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_tables, "PIECE_SIZE", 10_000)
    pim = start_pim(products=60)
    config = in_format(tmp_path, ENCODINGS[suffix]) | {"batch_size": 1_000}
    run = sync(pim, "products", batch_config=config)
    (file,) = files_of(run, "products")
    if suffix == ".parquet":
        pieces = parquet.read_metadata(file).num_row_groups
    else:
        pieces = ipc.open_file(file).num_record_batches
    assert 5 < pieces < 60
    rows = rows_of(run, "products")
    assert sorted(row["uuid"] for row in rows) == sorted(
        row["uuid"] for row in pim.truth("products")
    )


@pytest.mark.filterwarnings("error")  # an error of the file after that of the run
@pytest.mark.parametrize("suffix", ENCODINGS)
def test_a_failure_while_reading_is_the_only_one_and_leaves_no_file(
    start_pim: StartPim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, suffix: str
) -> None:
    def items(_self: Families, item: dict[str, Any]) -> list[dict[str, Any]]:
        if decoded(item["code"]) == "shoes":
            msg = "the PIM is gone"
            raise AkeneoError(msg)
        return [item]

    monkeypatch.setattr(Families, "items", items)
    config = in_format(tmp_path, ENCODINGS[suffix])
    with pytest.raises(AkeneoError, match="families: the PIM is gone"):
        sync(start_pim(), "families", batch_config=config)
    gc.collect()
    assert not [*tmp_path.iterdir()]


class Rows(BatchSink):
    """What a loader on the SDK gets from batch files."""

    max_size = 1_000

    @override
    def process_batch(self, context: dict[str, Any]) -> None:
        LoaderOnSdk.rows.setdefault(self.stream_name, []).extend(context["records"])


class LoaderOnSdk(Target):
    """A loader that leaves batch files to the SDK."""

    name = "loader-on-sdk"
    config_jsonschema: ClassVar[dict[str, Any]] = {"properties": {}}
    default_sink_class = Rows
    rows: ClassVar[dict[str, list[Message]]] = {}


def loaded_by_the_sdk(run: Run) -> list[Message]:
    LoaderOnSdk.rows.clear()
    lines = (json.dumps(one) for one in run.messages if one["type"] in {"SCHEMA", "BATCH"})
    LoaderOnSdk().listen(io.StringIO("\n".join(lines)))
    return LoaderOnSdk.rows["products"]


@pytest.mark.parametrize("suffix", [".json", ".json.gz", ".parquet", ".arrow"])
def test_a_loader_on_the_sdk_reads_the_files(
    without_files: tuple[SimulatedPim, Run], tmp_path: Path, suffix: str
) -> None:
    pim, alone = without_files
    run = sync(pim, "products", batch_config=in_format(tmp_path, ENCODINGS[suffix]))
    if suffix == ".arrow" and not hasattr(batch, "BaseBatchReader"):
        # The SDK reads this format since 0.55.
        with pytest.raises(NotImplementedError, match="Unsupported batch encoding format: arrow"):
            loaded_by_the_sdk(run)
        return
    schema = run.schema("products")["properties"]
    nested = {name for name, one in schema.items() if {"object", "array"} & {*one["type"]}}
    found = loaded_by_the_sdk(run)
    if suffix == ".parquet":
        # The SDK does not decode the JSON of this format.
        found = [
            {name: decode(one) if name in nested and one else one for name, one in row.items()}
            for row in found
        ]
    by_uuid = itemgetter("uuid")
    expected = [as_read(row, schema) for row in alone.records("products")]
    assert sorted((as_read(row, schema) for row in found), key=by_uuid) == sorted(
        expected, key=by_uuid
    )


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "another format": (
        {"encoding": {"format": "avro"}},
        "`batch_config.encoding.format` must be one of jsonl, parquet, arrow",
    ),
    "another compression": (
        {"encoding": {"format": "jsonl", "compression": "lz4"}},
        "`batch_config.encoding.compression` must be one of gzip, zstd, none",
    ),
    "a compression of another format": (
        {"encoding": {"format": "arrow", "compression": "gzip"}},
        "`batch_config`: arrow can have the compression none or zstd",
    ),
    "no format": (
        {"encoding": {"compression": "gzip"}},
        "`batch_config` needs the format of the files",
    ),
    "no encoding": ({"encoding": None}, "`batch_config` needs the format of the files"),
    "no place": ({"storage": {"prefix": "x"}}, "`batch_config` needs a place"),
    "files without rows": ({"batch_size": 0}, "`batch_config.batch_size` must be at least 1"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_written_is_refused_before_the_run(
    start_pim: StartPim, tmp_path: Path, name: str
) -> None:
    wrong, message = REFUSED[name]
    with pytest.raises(ConfigValidationError) as raised:
        sync(start_pim(), "families", batch_config=in_format(tmp_path, ENCODINGS[".json"]) | wrong)
    (error,) = raised.value.errors
    assert error.startswith(message)


PACKAGES = {
    ".parquet": ("format parquet", "pyarrow", "arrow"),
    ".arrow": ("format arrow", "pyarrow", "arrow"),
    ".json.zst": ("compression zstd", "backports.zstd", "zstd"),
}


@pytest.mark.parametrize("suffix", PACKAGES)
def test_a_missing_package_is_named_before_the_run(
    start_pim: StartPim,
    tmp_path: Path,
    suffix: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(settings_module, "find_spec", lambda _: None)
    monkeypatch.setattr(sys, "version_info", (3, 13))
    with pytest.raises(ConfigValidationError) as raised:
        sync(start_pim(), "families", batch_config=in_format(tmp_path, ENCODINGS[suffix]))
    what, package, extra = PACKAGES[suffix]
    (error,) = raised.value.errors
    assert error == (
        f"`batch_config`: the {what} needs the package {package}: install the tap with its extra "
        f"[{extra}]"
    )
