"""Batch files, compared with the messages of a run without them."""

from __future__ import annotations

import gzip
import json
import signal
import subprocess
from typing import TYPE_CHECKING

import pytest
from moto.server import ThreadedMotoServer
from s3fs import S3FileSystem  # type: ignore[import-untyped]

from tests.singer.batches import Loader, file_at, in_batches, load
from tests.support import as_sent, catalog_of, errors, settings_for, started_tap, sync

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import StartPim

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
        assert [*map(as_sent, loader.rows[stream])] == alone.as_sent(stream)
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


def test_files_are_compressed_with_gzip_by_default_as_the_message_says(
    start_pim: StartPim, tmp_path: Path
) -> None:
    loader = Loader(file_at)
    config = in_batches(f"file://{tmp_path}") | {"encoding": {"format": "jsonl"}}
    run = load(start_pim(), ["families"], loader, batch_config=config)
    (batch,) = (one for one in run.messages if one["type"] == "BATCH")
    assert batch["encoding"] == {"format": "jsonl", "compression": "gzip"}
    assert loader.rows["families"]
    (file,) = tmp_path.iterdir()
    # RFC 1952: 4 means the fastest level.
    assert file.read_bytes()[8] == 4


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
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, tmp_path: Path
) -> None:
    load(
        start_pim(),
        ["families"],
        Loader(file_at),
        batch_config=in_batches(f"file://{tmp_path}"),
        stream_maps={"families": {"half": "1 / 0"}},
    )
    (line,) = errors(caplog)
    assert "the expression 1 / 0 raises ZeroDivisionError" in line
    assert "batch_config" not in line


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
    codes = {family["code"] for family in pim.truth("families")}
    assert {row["code"] for row in loader.rows["families"]} == codes - {"shoes"}
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
        assert [*map(as_sent, loader.rows[stream])] == alone.as_sent(stream)
    assert len(store.ls("warehouse/akeneo")) == 1 + 3 + 2
    assert run.bookmark("products")
    assert keys["secret"] not in json.dumps(run.messages) + caplog.text
