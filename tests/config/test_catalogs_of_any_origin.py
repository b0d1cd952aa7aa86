"""Catalogs that are trimmed, outdated, selected in different ways, or from another tap."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest

from tap_akeneo.tap import TapAkeneo
from tests.support import Run, as_sent, catalog_of, settings_for, sync

if TYPE_CHECKING:
    from collections.abc import Callable

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim

Entry = dict[str, Any]


def discovered(pim: SimulatedPim, *selected: str) -> dict[str, Entry]:
    """Return the discovered catalog entries by stream, with only these streams selected."""
    entries = json.loads(json.dumps(catalog_of(pim, *selected)))["streams"]
    return {entry["tap_stream_id"]: entry for entry in entries}


def metadata(entry: Entry, *path: str) -> Entry:
    """Return the metadata of a property, or of the stream if no path is given."""
    breadcrumb = [part for name in path for part in ("properties", name)]
    (found,) = (one["metadata"] for one in entry["metadata"] if one["breadcrumb"] == breadcrumb)
    result: Entry = found
    return result


def root(entry: Entry) -> Entry:
    return metadata(entry)


def forget(entry: Entry, name: str) -> None:
    """Remove the metadata of a property."""
    entry["metadata"] = [
        one for one in entry["metadata"] if one["breadcrumb"][:2] != ["properties", name]
    ]


def run_with(pim: SimulatedPim, entries: dict[str, Entry], **settings: Any) -> Run:
    return sync(pim, catalog={"streams": list(entries.values())}, **settings)


def properties(run: Run, stream: str) -> set[str]:
    return set(run.schema(stream)["properties"])


def test_a_property_missing_from_the_catalog_is_left_out_of_records(start_pim: StartPim) -> None:
    pim = start_pim()
    entries = discovered(pim, "families")
    del entries["families"]["schema"]["properties"]["labels"]
    run = run_with(pim, entries)
    assert "labels" not in properties(run, "families")
    assert run.as_sent("families") == [
        {key: value for key, value in family.items() if key != "labels"}
        for family in pim.truth("families")
    ]


def test_fields_unknown_to_an_old_catalog_go_into_additional_fields(start_pim: StartPim) -> None:
    pim = start_pim()
    entries = discovered(pim, "families")
    del entries["families"]["schema"]["properties"]["labels"]
    forget(entries["families"], "labels")
    run = run_with(pim, entries)
    for row, family in zip(run.records("families"), pim.truth("families"), strict=True):
        assert row.pop("additional_fields") == {"labels": family.pop("labels")}
        assert as_sent(row) == family


def test_values_are_converted_to_the_types_in_the_catalog(start_pim: StartPim) -> None:
    pim = start_pim()
    entries = discovered(pim, "attributes")
    entries["attributes"]["schema"]["properties"]["sort_order"]["type"] = ["string", "null"]
    entries["attributes"]["schema"]["properties"]["unique"]["type"] = ["integer", "null"]
    run = run_with(pim, entries)
    rows = run.rows("attributes")
    for attribute in pim.truth("attributes"):
        row = rows[attribute["code"],]
        assert row["sort_order"] == str(attribute["sort_order"])
        assert row["unique"] == int(attribute["unique"])


def test_unsupported_schema_keywords_accept_any_value(start_pim: StartPim) -> None:
    pim = start_pim()
    entries = discovered(pim, "families")
    entries["families"]["schema"]["properties"].update(
        labels={"anyOf": [{"type": "object"}, {"type": "null"}]},
        attributes={"type": ["array", "null"], "items": {}},
        attribute_requirements={"type": "json"},
    )
    run = run_with(pim, entries)
    assert run.as_sent("families") == pim.truth("families")


@pytest.mark.parametrize("schema", [{}, None, {"type": "object", "properties": {}}])
def test_a_stream_without_a_catalog_schema_uses_its_own(start_pim: StartPim, schema: Any) -> None:
    pim = start_pim()
    entry = {"tap_stream_id": "families", "schema": schema, "metadata": None, "selected": True}
    run = run_with(pim, {"families": entry})
    assert properties(run, "families") >= {"code", "labels", "additional_fields"}
    assert run.as_sent("families") == pim.truth("families")


def test_keys_are_always_included(start_pim: StartPim) -> None:
    pim = start_pim()
    entries = discovered(pim, "families", "products")
    del entries["families"]["schema"]["properties"]["code"]
    for name in ("uuid", "updated"):
        metadata(entries["products"], name).update(selected=False, inclusion="available")
    run = run_with(pim, entries)
    assert run.as_sent("families") == pim.truth("families")
    assert {"uuid", "updated"} <= properties(run, "products")
    assert all(row["uuid"] and row["updated"] for row in run.records("products"))


@pytest.mark.parametrize("left_out", ["values", "associations", "completenesses", "enabled"])
def test_deselecting_a_column_does_not_change_the_others(
    start_pim: StartPim, left_out: str
) -> None:
    pim = start_pim()
    entries = discovered(pim, "products")
    metadata(entries["products"], left_out)["selected"] = False
    tap = TapAkeneo(config=settings_for(pim), catalog={"streams": list(entries.values())})
    record = next(iter(tap.streams["products"].get_records(None)))
    other = "associations" if left_out == "values" else "values"
    assert isinstance(record, dict)
    assert isinstance(record[other], msgspec.Raw)
    run = run_with(pim, entries)
    assert left_out not in properties(run, "products")
    assert not any(left_out in row for row in run.records("products"))
    assert len(run.records("products")) == len(pim.truth("products"))


SELECTS: dict[str, Callable[[Entry], object]] = {
    "in the metadata": lambda entry: root(entry).update(selected=True),
    "in the schema": lambda entry: entry["schema"].update(selected=True),
    "beside the schema": lambda entry: entry.update(selected=True),
    "by default": lambda entry: (
        root(entry).pop("selected"),
        root(entry).update({"selected-by-default": True}),
    ),
}


@pytest.mark.parametrize("selects", SELECTS.values(), ids=SELECTS.keys())
def test_a_stream_can_be_selected_in_any_supported_way(
    start_pim: StartPim, selects: Callable[[Entry], object]
) -> None:
    pim = start_pim()
    entries = discovered(pim)
    selects(entries["families"])
    run = run_with(pim, entries)
    assert {one["stream"] for one in run.messages if one["type"] == "RECORD"} == {"families"}


def test_a_property_can_be_deselected_in_its_schema(start_pim: StartPim) -> None:
    pim = start_pim()
    entries = discovered(pim, "families")
    entries["families"]["schema"]["properties"]["labels"]["selected"] = False
    run = run_with(pim, entries)
    assert "labels" not in properties(run, "families")
    assert not any("labels" in row for row in run.records("families"))


@pytest.mark.parametrize(
    ("in_entry", "in_metadata", "method"),
    [
        ("INCREMENTAL", "FULL_TABLE", "FULL_TABLE"),
        ("FULL_TABLE", None, "FULL_TABLE"),
        (None, "full_table", "FULL_TABLE"),
        ("INCREMENTAL", None, "INCREMENTAL"),
        ("LOG_BASED", None, "INCREMENTAL"),
        (None, None, "INCREMENTAL"),
    ],
)
def test_the_replication_method_in_the_metadata_takes_precedence(
    start_pim: StartPim, in_entry: str | None, in_metadata: str | None, method: str
) -> None:
    pim = start_pim()
    entries = discovered(pim, "products")
    entries["products"]["replication_method"] = in_entry
    if in_metadata:
        root(entries["products"])["replication-method"] = in_metadata
    run = run_with(pim, entries)
    assert run.tap.streams["products"].replication_method == method
    assert len(run.records("products")) == len(pim.truth("products"))
    kept = run.state.get("bookmarks", {}).get("products", {})
    assert bool(kept.get("replication_key_value")) == (method == "INCREMENTAL")


def test_a_forced_replication_method_is_used(start_pim: StartPim) -> None:
    pim = start_pim()
    entries = discovered(pim, "products")
    del entries["products"]["replication_method"]
    root(entries["products"])["forced-replication-method"] = "FULL_TABLE"
    run = run_with(pim, entries)
    assert run.tap.streams["products"].replication_method == "FULL_TABLE"


def test_a_replication_rule_for_all_streams_is_ignored_by_streams_without_a_bookmark(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    # Meltano writes `metadata: {"*": {…}}` into each catalog entry and into its metadata.
    pim = start_pim()
    entries = discovered(pim, "families", "products", "channels")
    for entry in entries.values():
        entry.update(replication_key="updated", replication_method="INCREMENTAL")
        root(entry).update({"replication-key": "updated", "replication-method": "INCREMENTAL"})
    run = run_with(pim, entries)
    for stream in ("families", "channels", "products"):
        assert len(run.records(stream)) == len(pim.truth(stream))
    assert run.tap.streams["families"].replication_method == "FULL_TABLE"
    assert run.bookmark("products")
    assert "WARNING" not in {one.levelname for one in caplog.records}


@pytest.mark.parametrize("key", [None, "created"])
def test_an_incremental_stream_keeps_its_own_replication_key(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, key: str | None
) -> None:
    pim = start_pim()
    entries = discovered(pim, "products")
    entries["products"].update(replication_key=key, replication_method="INCREMENTAL")
    root(entries["products"])["replication-key"] = key
    run = run_with(pim, entries)
    assert run.state["bookmarks"]["products"]["replication_key"] == "updated"
    assert ("the replication key created" in caplog.text) == (key is not None)


def test_other_forms_of_catalog_entries_are_accepted(start_pim: StartPim) -> None:
    pim = start_pim()
    entries = discovered(pim, "families", "channels")
    entries["families"]["stream"] = "akeneo_families"
    entries["channels"].pop("tap_stream_id")
    streams = {"families": entries["families"], "channels": entries["channels"]}
    for catalog in ({"streams": streams}, {"streams": list(streams.values())}):
        run = sync(pim, catalog=catalog)
        assert run.as_sent("families") == pim.truth("families")
        assert run.as_sent("channels") == pim.truth("channels")


@pytest.mark.parametrize("empty", [None, [], [{}]], ids=repr)
def test_entries_without_metadata_are_selected_as_a_whole(
    start_pim: StartPim, empty: list[Any] | None
) -> None:
    pim = start_pim(products=5)
    entries = discovered(pim, "families", "locales")
    entry = entries["families"]
    entry["metadata"] = empty
    if empty is None:
        del entry["metadata"]
    run = run_with(pim, {"families": entry, "locales": entries["locales"]})
    whole = run_with(pim, discovered(pim, "families"))
    assert run.as_sent("families") == whole.as_sent("families")
    assert run.records("locales")


def test_an_entry_without_metadata_may_say_that_it_is_not_selected(start_pim: StartPim) -> None:
    pim = start_pim(products=5)
    entry = {**discovered(pim)["families"], "metadata": [], "selected": False}
    assert not run_with(pim, {"families": entry}).records("families")
