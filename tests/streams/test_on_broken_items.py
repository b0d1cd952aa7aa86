"""`on_broken_items: warn` lets a run succeed although the PIM cannot send some items."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from tap_akeneo.tap import TapAkeneo
from tests.support import Collector, command, select, settings_for, sync, uuids

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartPim


@pytest.mark.parametrize("setting", ["fail", "warn"])
def test_a_broken_product_is_named_in_each_run_and_fails_it_unless_the_setting_is_warn(
    start_pim: StartPim, tmp_path: Path, setting: str
) -> None:
    pim = start_pim(products=40)
    bad = uuids(pim)[3]
    pim.broken.add(bad)
    config, state = tmp_path / "config.json", tmp_path / "state.json"
    config.write_text(json.dumps(settings_for(pim, on_broken_items=setting)))
    state.write_text("{}")
    for number in (39, 0):
        ended = command("--config", config, "--state", state)
        assert ended.code == (1 if setting == "fail" else 0)
        level = "ERROR" if setting == "fail" else "WARNING"
        lines = [one for one in ended.log.splitlines() if "products: the PIM answers 500" in one]
        assert len(lines) == 1
        assert f"| {level} " in lines[0]
        assert bool(ended.errors) == (setting == "fail")
        assert "incomplete streams: products" in ended.log
        states = [one["value"] for one in ended.messages if one["type"] == "STATE"]
        state.write_text(json.dumps(states[-1]))
        rows = [
            one["record"]["uuid"]
            for one in ended.messages
            if one["type"] == "RECORD" and one["stream"] == "products"
        ]
        assert bad not in rows
        assert len(rows) == number
    assert json.loads(state.read_text())["bookmarks"]["products"]["replication_key_value"]


@pytest.mark.parametrize(
    ("profile", "stream", "key"),
    [
        ("ce-7", "product_models", "code"),
        ("ce-5", "product_models", "code"),
        ("ce-5", "products", "identifier"),
    ],
)
def test_with_warn_all_other_items_come_and_the_broken_ones_once_they_are_repaired(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, profile: str, stream: str, key: str
) -> None:
    pim = start_pim(profile, products=60)
    keys = sorted(one[key] for one in pim.truth(stream))
    pim.broken.add(keys[1])
    run = sync(pim, stream, max_retries=0, on_broken_items="warn")
    assert run.tap.failed_streams == []
    assert run.tap.broken_streams == {stream}
    assert run.rows(stream).keys() == {(one,) for one in keys if one != keys[1]}
    assert "the PIM answers 500 for " in caplog.text
    assert "and fails" not in caplog.text
    pim.broken.clear()
    repaired = sync(pim, stream, state=run.state, on_broken_items="warn")
    assert repaired.tap.broken_streams == set()
    both = run.rows(stream).keys() | repaired.rows(stream).keys()
    assert both == {(one,) for one in keys}


@pytest.mark.parametrize("is_broken", [True, False])
def test_a_full_table_with_broken_items_sends_no_version(
    start_pim: StartPim, *, is_broken: bool
) -> None:
    pim = start_pim(products=20)
    if is_broken:
        pim.broken.add(pim.truth("products")[2]["uuid"])
    settings = settings_for(pim, on_broken_items="warn", emit_activate_version_messages=True)
    catalog = TapAkeneo(config=settings).catalog_dict
    for entry in catalog["streams"]:
        entry["replication_method"] = "FULL_TABLE"
    collector = Collector()
    tap = TapAkeneo(config=settings, catalog=catalog, message_writer=collector)
    select(tap, ["products"])
    tap.sync_all()
    sent = [one for one in collector.messages if one["type"] == "ACTIVATE_VERSION"]
    assert bool(sent) != is_broken
    assert tap.failed_streams == []


def test_streams_of_the_same_items_search_for_a_broken_one_once(start_pim: StartPim) -> None:
    pim = start_pim(products=400)
    pim.broken.add(uuids(pim)[150])

    def failed(*streams: str) -> int:
        pim.requests.clear()
        sync(pim, *streams, max_retries=0)
        return sum(one.status == 500 for one in pim.requests)

    alone = failed("products")
    assert alone > 5
    # Each other stream may have asked for the page before the item was found.
    assert failed("products", "product_keys", "product_scores") <= alone + 2 * 2


@pytest.mark.parametrize("stream", ["product_keys", "product_scores"])
def test_keys_with_broken_items_prove_no_deletion(start_pim: StartPim, stream: str) -> None:
    pim = start_pim(products=20)
    pim.broken.add(pim.truth("products")[2]["uuid"])
    run = sync(pim, stream, "readings", on_broken_items="warn", max_retries=0)
    assert run.tap.failed_streams == []
    assert run.tap.broken_streams == {stream}
    assert len(run.records(stream)) == 19
    assert not run.records("readings")
    pim.broken.clear()
    repaired = sync(pim, stream, "readings", state=run.state, on_broken_items="warn")
    assert [row["stream"] for row in repaired.records("readings")] == [stream]


def test_a_pim_that_fails_for_another_reason_still_fails_the_run(start_pim: StartPim) -> None:
    pim = start_pim(products=20)
    pim.faults.add("status", "/families", status=500, times=None)
    run = sync(pim, "families", "locales", on_broken_items="warn", max_retries=0)
    assert run.tap.failed_streams == ["families"]
    assert run.tap.broken_streams == set()
