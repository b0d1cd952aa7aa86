"""SDK features (stream maps, flattening, selection, batches), compared with the PIM's data."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
from typing import TYPE_CHECKING, Any
from urllib.request import urlopen

import pytest
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem  # type: ignore[import-untyped]
from singer_sdk.exceptions import ConfigValidationError, MappingError
from typing_extensions import override

from tap_akeneo.tap import TapAkeneo
from tests.support import (
    Collector,
    Run,
    as_told,
    catalog_of,
    settings_for,
    started_tap,
    sync,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator
    from pathlib import Path

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim
    from tests.support import Message


def families(pim: SimulatedPim) -> dict[str, Message]:
    return {family["code"]: family for family in pim.truth("families")}


def test_a_map_renames_computes_and_drops_properties(start_pim: StartPim) -> None:
    pim = start_pim()
    maps = {
        "families": {
            "image": "attribute_as_image",
            "attribute_as_image": None,
            "label": "labels.get('en_US', code)",
            "labels": "__NULL__",
        }
    }
    run = sync(pim, "families", "channels", stream_maps=maps)
    expected = {
        code: {key: value for key, value in family.items() if key != "attribute_as_image"}
        | {
            "image": family["attribute_as_image"],
            "label": family["labels"].get("en_US", code),
        }
        for code, family in families(pim).items()
    }
    for family in expected.values():
        del family["labels"]
    assert {row["code"]: row for row in run.told("families")} == expected
    columns = run.schema("families")["properties"].keys()
    assert columns >= {"image", "label"}
    assert not columns & {"attribute_as_image", "labels"}
    assert run.told("channels") == pim.truth("channels")


def test_a_map_can_use_nested_values_that_are_otherwise_passed_through_undecoded(
    start_pim: StartPim,
) -> None:
    pim = start_pim()
    maps = {"products": {"sku": "values['sku'][0]['data'] if 'sku' in values else None"}}
    rows = sync(pim, "products", stream_maps=maps).rows("products")
    expected = {
        (row["uuid"],): row["values"]["sku"][0]["data"] if "sku" in row["values"] else None
        for row in pim.truth("products")
    }
    assert {key: row.get("sku") for key, row in rows.items()} == expected
    assert len(set(expected.values())) > 2


def test_the_bookmark_advances_even_if_a_map_filters_rows(start_pim: StartPim) -> None:
    pim = start_pim()
    maps = {"products": {"__filter__": "family == 'shoes'"}}
    run = sync(pim, "products", stream_maps=maps, pim_timezone="UTC")
    shoes = {(row["uuid"],) for row in pim.truth("products") if row["family"] == "shoes"}
    assert run.rows("products").keys() == shoes
    assert shoes
    again = sync(pim, "products", state=run.state, stream_maps=maps, pim_timezone="UTC")
    assert not again.records("products")


def everything(run: Run) -> set[str]:
    return {one["stream"] for one in run.messages if one["type"] == "RECORD"}


def test_a_map_for_all_streams_applies_to_the_selected_ones(start_pim: StartPim) -> None:
    pim = start_pim()
    maps = {"*": {"source": "'akeneo'", "stream": "__stream_name__"}}
    for streams in ((), ("families",), ("families", "products")):
        catalog = catalog_of(pim, *streams) if streams else None
        run = sync(pim, catalog=catalog, stream_maps=maps)
        assert everything(run) == set(streams) or not streams
        assert {("akeneo", "families")} == {
            (row["source"], row["stream"]) for row in run.records("families")
        }


def test_aliases_rename_streams_and_source_adds_a_second_table(start_pim: StartPim) -> None:
    pim = start_pim()
    maps = {"*": {"__alias__": "'akeneo_' + __stream_name__"}}
    run = sync(pim, "families", "channels", stream_maps=maps)
    assert everything(run) >= {"akeneo_families", "akeneo_channels"}
    maps = {"names": {"__source__": "families", "label": "code"}}
    run = sync(pim, "families", "channels", stream_maps=maps)
    assert everything(run) == {"families", "names", "channels"}
    assert [row["label"] for row in run.records("names")] == [
        row["code"] for row in run.records("families")
    ]


def test_a_map_of_an_unselected_stream_does_not_affect_other_streams(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    maps = {"products": {"n": "len(record['values'])"}, "names": {"__source__": "channels"}}
    run = sync(pim, catalog=catalog_of(pim, "families"), stream_maps=maps)
    assert run.told("families") == pim.truth("families")
    assert "there is no stream" not in caplog.text


def test_a_map_of_an_unknown_stream_is_logged(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    maps = {"famlies": {}, "names": {"__source__": "familes"}, "fam*": {}}
    run = sync(start_pim(), "families", stream_maps=maps)
    assert run.records("families")
    assert "stream_maps: there is no stream famlies, familes" in caplog.text


DECIMALS = [{"locale": None, "scope": None, "data": {"amount": "@", "unit": "KILOGRAM"}}]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("json.dumps(record.get('values'))", '{"weight": [{"locale": null, "scope": null, '),
        ("json.dumps(record['values']['weight'][0]['data'])", '{"amount": 12.50, "unit": "KILO'),
        ("json.dumps(values['weight'], sort_keys=True)", '[{"data": {"amount": 12.50, "unit"'),
        ("json.loads(json.dumps(values))['weight'][0]['data']['amount']", "12.5"),
        ("values['weight'][0]['data']['amount']", "12.50"),
        ("values['weight'][0]['data']['amount'] * 1.5", "18.75"),
        ("1.5 + values['weight'][0]['data']['amount']", "14.0"),
        ("float(values['weight'][0]['data']['amount'])", 12.5),
        ("int(values['weight'][0]['data']['amount'])", 12),
        ("str(values['weight'][0]['data']['amount'])", "12.50"),
        ("1 + 1", "2"),
        ("values['weight'][0]['data']['amount'] > 12.4", "true"),
        ("values['weight'][0]", '{"locale": null, "scope": null, "data": {"amount": 12.50'),
    ],
)
def test_expressions_accept_decimals_and_results_match_the_type_in_the_schema(
    start_pim: StartPim, expression: str, expected: object
) -> None:
    pim = start_pim(products=2)
    product = sync(pim, "products").records("products")[0]
    sent = json.dumps({"weight": DECIMALS}, separators=(",", ":")).replace('"@"', "12.50")
    values = json.dumps(product["values"], separators=(",", ":"))
    pim.faults.add("odd", "/products-uuid", odd={f'"values":{values}': f'"values":{sent}'})
    maps = {"products": {"x": expression, "__filter__": f"uuid == '{product['uuid']}'"}}
    run = sync(pim, "products", stream_maps=maps)
    (row,) = run.records("products")
    type_ = run.schema("products")["properties"]["x"]["type"][0]
    assert isinstance(row["x"], {"string": str, "number": float, "integer": int}[type_])
    if isinstance(expected, str):
        assert str(row["x"]).startswith(expected)
    else:
        assert row["x"] == expected


@pytest.mark.parametrize(
    "maps",
    [
        {"families": {"half": "1 / 0"}},
        {"families": {"half": "record['nope']"}},
        {"families": {"half": "nope"}},
        {"families": {"half": "1 +"}},
        {"families": {"__filter__": "nope > 1"}},
        {"fam*": {"half": "labels * labels"}},
    ],
)
def test_the_error_of_a_failed_expression_names_the_stream_and_the_expression(
    start_pim: StartPim, maps: dict[str, dict[str, str]]
) -> None:
    ((expression,),) = (one.values() for one in maps.values())
    with pytest.raises(MappingError) as told:
        sync(start_pim(), "families", stream_maps=maps)
    assert str(told.value).startswith("families: ")
    assert expression in str(told.value)


def test_parquet_batches_are_rejected_at_startup(start_pim: StartPim, tmp_path: Path) -> None:
    encoding = {"encoding": {"format": "parquet"}}
    config = in_batches(f"file://{tmp_path}") | encoding
    with pytest.raises(ConfigValidationError) as told:
        sync(start_pim(), "families", batch_config=config)
    assert "`batch_config`: the format parquet" in told.value.errors[0]


def test_else_null_drops_streams_without_a_map(start_pim: StartPim) -> None:
    pim = start_pim()
    run = sync(pim, stream_maps={"families": {}, "__else__": None})
    assert {one["stream"] for one in run.messages if one["type"] != "STATE"} == {"families"}
    assert run.told("families") == pim.truth("families")


def test_a_map_can_change_the_name_and_keys_of_a_stream_but_not_its_bookmark(
    start_pim: StartPim,
) -> None:
    pim = start_pim()
    maps = {
        "products": {
            "__alias__": "articles",
            "__key_properties__": ["id"],
            "id": "uuid",
            "uuid": None,
        }
    }
    run = sync(pim, "products", stream_maps=maps)
    assert next(one for one in run.messages if one["type"] == "SCHEMA")["key_properties"] == ["id"]
    assert {row["id"] for row in run.records("articles")} == {
        row["uuid"] for row in pim.truth("products")
    }
    assert not run.records("products")
    assert run.bookmark("products")


def test_flattening_turns_declared_properties_into_columns_and_the_rest_into_json_text(
    start_pim: StartPim,
) -> None:
    pim = start_pim("ee-7")
    run = sync(pim, "products", flattening_enabled=True, flattening_max_depth=2)
    types = run.schema("products")["properties"]
    assert types["metadata__workflow_status"]["type"] == ["string", "null"]
    rows = run.rows("products")
    assert len(rows) == len(pim.truth("products"))
    for product in pim.truth("products"):
        row = rows[(product["uuid"],)]
        assert row["metadata__workflow_status"] == product["metadata"]["workflow_status"]
        values = {"values": json.loads(row["values"])}
        assert as_told(values) == as_told({"values": product["values"]})
        assert json.loads(row["categories"]) == product["categories"]
        assert row["enabled"] is product["enabled"]


@pytest.mark.parametrize("depth", [1, 2])
def test_flattened_records_have_only_what_their_schemas_declare(
    start_pim: StartPim, depth: int
) -> None:
    pim = start_pim("saas")
    # A field of a newer PIM, in an object whose fields are declared.
    odd = {'"scores_by_scope_and_locale"': '"newer":1.50,"scores_by_scope_and_locale"'}
    pim.faults.add("odd", "/products-uuid", times=None, odd=odd)
    settings: dict[str, Any] = {"flattening_enabled": True, "flattening_max_depth": depth}
    run = sync(pim, with_readiness="detailed", **settings)
    declared = {
        one["stream"]: one["schema"]["properties"].keys()
        for one in run.messages
        if one["type"] == "SCHEMA"
    }
    undeclared = {
        (one["stream"], name)
        for one in run.messages
        if one["type"] == "RECORD"
        for name in one["record"].keys() - declared[one["stream"]]
    }
    assert not undeclared
    kept = {json.dumps(row["additional_fields"]) for row in run.records("products")}
    assert any("readiness__newer" in text and "1.5" in text for text in kept)


def read_selected(
    pim: SimulatedPim,
    stream: str,
    selects: Callable[[tuple[str, ...]], bool],
    **settings: Any,
) -> Run:
    """Read one stream with a catalog that selects only the properties accepted by `selects`."""
    catalog = TapAkeneo(config=settings_for(pim)).catalog_dict
    for entry in catalog["streams"]:
        for metadata in entry["metadata"]:
            names = tuple(part for part in metadata["breadcrumb"] if part != "properties")
            metadata["metadata"]["selected"] = (
                selects(names) if names else entry["tap_stream_id"] == stream
            )
    return sync(pim, catalog=catalog, **settings)


def test_only_selected_properties_and_keys_are_written(start_pim: StartPim) -> None:
    pim = start_pim()
    chosen = {("family",), ("values",)}
    run = read_selected(pim, "products", lambda names: names in chosen)
    expected = ["family", "updated", "uuid", "values"]
    assert sorted(run.schema("products")["properties"]) == expected
    rows = run.rows("products")
    for product in pim.truth("products"):
        row = as_told(rows[(product["uuid"],)])
        assert row == as_told({key: product[key] for key in expected})
    assert len(rows) == len(pim.truth("products"))


def test_an_unselected_nested_property_is_omitted_and_its_siblings_are_kept(
    start_pim: StartPim,
) -> None:
    pim = start_pim("saas")
    left = ("readiness", "scores_by_scope_and_locale")
    run = read_selected(pim, "products", lambda names: names != left, with_readiness="detailed")
    with_it = sync(pim, "products", with_readiness="detailed").rows("products")
    rows = run.rows("products")
    assert len(rows) == len(pim.truth("products"))
    left_out = 0
    for key, row in with_it.items():
        left_out += bool((row.get("readiness") or {}).pop("scores_by_scope_and_locale", None))
        assert rows[key] == row
    assert left_out
    schema = run.schema("products")["properties"]["readiness"]
    assert list(schema["properties"]) == ["aggregated_scores_by_scope"]


def in_batches(root: str, **storage: Any) -> dict[str, Any]:
    return {
        "encoding": {"format": "jsonl", "compression": "gzip"},
        "storage": {"root": root, **storage},
        "batch_size": 25,
    }


class Loader(Collector):
    """A writer that opens batch files when their message arrives, like a target.

    Args:
        opened: Returns the content of the file at a URL from the message.
    """

    def __init__(self, opened: Callable[[str], bytes]) -> None:
        super().__init__()
        self._opened = opened
        self.rows: dict[str, list[Message]] = {}

    @override
    def write_message(self, message: Any) -> None:
        super().write_message(message)
        told = self.messages[-1]
        for url in told.get("manifest", ()):
            lines = gzip.decompress(self._opened(url)).split(b"\n")
            self.rows.setdefault(told["stream"], []).extend(
                json.loads(line) for line in lines if line
            )


def load(pim: SimulatedPim, streams: Collection[str], loader: Loader, **settings: Any) -> Run:
    """Read streams into a batch loader."""
    return sync(pim, *streams, collector=loader, pim_timezone="UTC", **settings)


def file_at(url: str) -> bytes:
    with urlopen(url) as file:  # noqa: S310 (a file written by this test)
        content: bytes = file.read()
    return content


STREAMS = ("families", "products", "categories")


def test_batches_in_a_folder_contain_all_rows_and_precede_the_bookmark(
    start_pim: StartPim, tmp_path: Path
) -> None:
    pim, loader = start_pim(), Loader(file_at)
    run = load(
        pim, STREAMS, loader, batch_config=in_batches(f"file://{tmp_path}", prefix="akeneo-")
    )
    alone = sync(pim, *STREAMS)
    for stream in STREAMS:
        assert [*map(as_told, loader.rows[stream])] == alone.told(stream)
    assert len(list(tmp_path.glob("akeneo-*"))) == 1 + 3 + 2
    assert not [one for one in run.messages if one["type"] == "RECORD"]
    bookmarked = [
        one["type"] == "STATE"
        and one["value"]["bookmarks"].get("products", {}).get("replication_key_value") is not None
        for one in run.messages
    ]
    last_batch = max(
        place
        for place, one in enumerate(run.messages)
        if one["type"] == "BATCH" and one["stream"] == "products"
    )
    assert bookmarked.index(True) > last_batch


def test_batches_keep_numbers_digit_by_digit_and_leave_deselected_properties_out(
    start_pim: StartPim, tmp_path: Path
) -> None:
    pim, number = start_pim(products=10), b"12345678901234567890.12345678901234567890"
    pim.faults.add("odd", "/products-uuid", odd={'"data":"': f'"data":{number.decode()},"x":"'})
    catalog = catalog_of(pim, "products")
    (products,) = (one for one in catalog["streams"] if one["tap_stream_id"] == "products")
    for entry in products["metadata"]:
        if tuple(entry["breadcrumb"]) == ("properties", "associations"):
            entry["metadata"]["selected"] = False
    sync(pim, catalog=catalog, batch_config=in_batches(f"file://{tmp_path}"))
    (file,) = tmp_path.iterdir()
    written = gzip.decompress(file.read_bytes())
    assert number in written
    rows = [json.loads(line) for line in written.splitlines()]
    assert len(rows) == len(pim.truth("products"))
    assert not [row for row in rows if "associations" in row]


@pytest.mark.parametrize("encoding", [{}, {"compression": "none"}])
def test_a_batch_message_states_the_actual_compression_whatever_the_setting_says(
    start_pim: StartPim, tmp_path: Path, encoding: dict[str, str]
) -> None:
    loader = Loader(file_at)
    config = in_batches(f"file://{tmp_path}") | {"encoding": {"format": "jsonl", **encoding}}
    run = load(start_pim(), ["families"], loader, batch_config=config)
    (batch,) = (one for one in run.messages if one["type"] == "BATCH")
    assert batch["encoding"] == {"format": "jsonl", "compression": "gzip"}
    assert loader.rows["families"]


def test_the_next_batch_run_reads_only_changes_and_may_write_no_batch(
    start_pim: StartPim, tmp_path: Path
) -> None:
    pim = start_pim()
    config = in_batches(f"file://{tmp_path}")
    first = load(pim, ["products"], Loader(file_at), batch_config=config)
    pim.clock.advance(hours=3)
    idle = Loader(file_at)
    second = load(pim, ["products"], idle, batch_config=config, state=first.state)
    assert not idle.rows
    assert second.bookmark("products") > first.bookmark("products")
    pim.clock.advance(hours=3)
    product = pim.truth("products")[7]
    pim.write.change("products", product["uuid"], enabled=not product["enabled"])
    third = Loader(file_at)
    load(pim, ["products"], third, batch_config=config, state=second.state)
    assert [row["uuid"] for row in third.rows["products"]] == [product["uuid"]]


def test_after_a_failure_the_state_covers_only_rows_in_written_batches(
    start_pim: StartPim, tmp_path: Path
) -> None:
    pim, failed, again = start_pim(), Loader(file_at), Loader(file_at)
    config = in_batches(f"file://{tmp_path}")
    pim.faults.add("status", "/products-uuid", nth=6, times=None, status=502)
    load(
        pim,
        ["products"],
        failed,
        batch_config=config,
        page_size=10,
        max_retries=0,
        max_concurrency=1,
    )
    pim.faults.clear()
    written = failed.rows["products"]
    assert 0 < len(written) < len(pim.truth("products"))
    # No file is left whose records were not all read.
    manifests = (one["manifest"] for one in failed.messages if one["type"] == "BATCH")
    assert {url for urls in manifests for url in urls} == {
        file.as_uri() for file in tmp_path.iterdir()
    }
    state = failed.messages[-1]["value"]
    load(pim, ["products"], again, batch_config=config, state=state)
    assert {row["uuid"] for row in written + again.rows["products"]} == {
        row["uuid"] for row in pim.truth("products")
    }


def test_an_error_while_reading_is_not_reported_as_a_batch_error(
    start_pim: StartPim, tmp_path: Path
) -> None:
    pim, loader = start_pim(), Loader(file_at)
    config = in_batches(f"file://{tmp_path}")
    with pytest.raises(MappingError, match="raises ZeroDivisionError"):
        load(
            pim,
            ["families"],
            loader,
            batch_config=config,
            stream_maps={"families": {"half": "1 / 0"}},
        )


def test_a_signal_stops_a_run_that_writes_batches(start_pim: StartPim, tmp_path: Path) -> None:
    pim = start_pim()
    settings = settings_for(pim, batch_config=in_batches(f"file://{tmp_path}"))
    with started_tap(settings, stderr=subprocess.PIPE) as process:
        pim.faults.add("event", "/families", do=lambda: process.send_signal(signal.SIGTERM))
        _, log = process.communicate(timeout=30)
    assert "stopped by SIGTERM" in log
    assert process.returncode == 128 + signal.SIGTERM


def test_batches_reflect_stream_maps(start_pim: StartPim, tmp_path: Path) -> None:
    pim, loader = start_pim(), Loader(file_at)
    maps = {"families": {"labels": None, "__filter__": "code != 'shoes'"}}
    load(pim, ["families"], loader, batch_config=in_batches(f"file://{tmp_path}"), stream_maps=maps)
    assert {row["code"] for row in loader.rows["families"]} == families(pim).keys() - {"shoes"}
    assert not any("labels" in row for row in loader.rows["families"])


@pytest.fixture
def s3() -> Iterator[str]:
    """Start an S3-compatible server and return its URL."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    try:
        yield f"http://{host}:{port}"
    finally:
        server.stop()


def test_batches_can_be_written_to_s3_without_leaking_its_keys(
    start_pim: StartPim, s3: str, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    keys = {"key": "key-of-the-bucket", "secret": "secret-of-the-bucket"}
    params = {**keys, "client_kwargs": {"endpoint_url": s3}, "skip_instance_cache": True}
    store = S3FileSystem(**params)
    loader = Loader(store.cat_file)
    config = in_batches("s3://warehouse/akeneo", params=params)
    with caplog.at_level("DEBUG", "tap-akeneo"), caplog.at_level("DEBUG", "singer_sdk"):
        run = load(pim, STREAMS, loader, batch_config=config)
    alone = sync(pim, *STREAMS)
    for stream in STREAMS:
        assert [*map(as_told, loader.rows[stream])] == alone.told(stream)
    assert len(store.ls("warehouse/akeneo")) == 1 + 3 + 2
    assert run.bookmark("products")
    assert keys["secret"] not in json.dumps(run.messages) + caplog.text
