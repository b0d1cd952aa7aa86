"""Resources of the Enterprise Edition and of SaaS: complete, incremental, without secrets."""

from __future__ import annotations

import json
import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tap_akeneo.streams.extensions import redact
from tap_akeneo.streams.fingerprints import has_unfinished
from tap_akeneo.tap import TapAkeneo
from tests.support import command, people, settings_for, sync

if TYPE_CHECKING:
    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim
    from tests.support import Run


def bookmarks(run: Run, stream: str) -> dict[str, str]:
    """Return the bookmark of each parent."""
    return {
        ",".join(one["context"].values()): one["replication_key_value"]
        for one in run.state["bookmarks"][stream]["partitions"]
        if "replication_key_value" in one
    }


def test_200_families_and_200_entities_are_read_completely_and_then_by_separate_bookmarks(
    start_pim: StartPim,
) -> None:
    pim = start_pim("saas", products=5, asset_families=200, reference_entities=200, records=100)
    streams = ("assets", "reference_entity_records")
    first = sync(pim, *streams)
    for stream in streams:
        assert len(first.rows(stream)) == len(first.records(stream)) == 20_000
        assert len(bookmarks(first, stream)) == 200
    pim.clock.advance(seconds=7200)
    changed = {
        stream: [
            (parent, next(code for owner, code in first.rows(stream) if owner == parent))
            for parent in sorted(bookmarks(first, stream))[50:150:40]
        ]
        for stream in streams
    }
    for stream, keys in changed.items():
        assert len(keys) == 3
        for key in keys:
            touch(pim, stream, key)
    second = sync(pim, *streams, state=first.state)
    for stream in streams:
        assert sorted(second.rows(stream)) == sorted(changed[stream])
        moved = bookmarks(second, stream)
        assert moved.keys() == bookmarks(first, stream).keys()
        assert all(moved[parent] > time for parent, time in bookmarks(first, stream).items())
    one = second.state["bookmarks"]["assets"]["partitions"][0]
    assert set(one) == {"context", "replication_key", "replication_key_value", "unfinished"}
    assert not has_unfinished(one)
    assert len(json.dumps(second.state)) < 400 * 180


def touch(pim: SimulatedPim, stream: str, key: tuple[str, str]) -> None:
    """Change the label of a record or asset, which updates its date."""
    label = [{"locale": "en_US", "channel": None, "data": f"Touched {time.monotonic_ns()}"}]
    pim.write.change(stream, key, values={"label": label})


def test_the_bookmark_of_a_deleted_parent_is_removed(start_pim: StartPim) -> None:
    pim = start_pim("ee-7")
    state = sync(pim, "assets").state
    state["bookmarks"]["assets"]["partitions"].append(
        {
            "context": {"asset_family": "gone"},
            "replication_key": "updated",
            "replication_key_value": "2026-01-01T00:00:00+00:00",
        }
    )
    again = sync(pim, "assets", state=state)
    assert "gone" not in bookmarks(again, "assets")
    assert len(bookmarks(again, "assets")) == len(pim.truth("asset_families"))


def test_secrets_and_personal_data_are_not_read_even_if_every_stream_is(
    start_pim: StartPim,
) -> None:
    pim = start_pim("saas")
    run = sync(pim)
    assert run.records("http_hooks")
    assert run.records("ui_extensions")
    sent = json.dumps(run.messages)
    personal = people(pim)
    assert pim.secrets
    assert personal
    assert not [text for text in (*pim.secrets, *personal) if text in sent]


def test_a_setting_adds_personal_data(start_pim: StartPim) -> None:
    pim = start_pim("saas")
    sent = json.dumps(sync(pim, with_personal_data=True).messages)
    assert [text for text in people(pim) if text not in sent] == []


def test_a_catalog_that_selects_personal_data_without_the_setting_causes_a_warning(
    start_pim: StartPim,
) -> None:
    pim = start_pim("saas")
    catalog = TapAkeneo(config=settings_for(pim, with_personal_data=True)).catalog_dict
    streams = {"workflow_step_assignees", "locales"}
    catalog["streams"] = [one for one in catalog["streams"] if one["tap_stream_id"] in streams]
    ended = command(config=settings_for(pim), catalog=catalog)
    assert ended.code == 0
    skipped = "workflow_step_assignees: skipped, it is personal data: set with_personal_data"
    assert ended.log.count(skipped) == 1
    assert not [text for text in people(pim) if text in ended.stdout]


@pytest.mark.parametrize(
    ("feature", "streams"),
    [
        ("assets", ["asset_families", "assets"]),
        ("reference_entities", ["reference_entities", "reference_entity_records"]),
        ("workflows", ["workflows", "workflow_tasks"]),
        ("rules", ["rule_definitions"]),
        ("http_hooks", ["http_hooks"]),
    ],
)
def test_streams_of_a_disabled_feature_are_not_offered(
    start_pim: StartPim, feature: str, streams: list[str]
) -> None:
    pim = start_pim("saas")
    assert set(streams) <= TapAkeneo(config=settings_for(pim)).streams.keys()
    pim.features.discard(feature)
    offered = TapAkeneo(config=settings_for(pim)).streams.keys()
    assert not set(streams) & offered
    assert "products" in offered


def test_workflow_streams_that_time_out_are_skipped_with_one_warning_each(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim("saas")
    pim.hanging.add("/workflows")
    with caplog.at_level(logging.WARNING):
        run = sync(pim, "workflows", "workflow_tasks", "locales", request_timeout=1)
    assert not run.tap.failed_streams
    assert run.records("locales")
    assert caplog.text.count("skipped, it seems to be disabled in this PIM") == 2
    assert "skipped streams: workflow_tasks, workflows; incomplete" in str(run.tap.summary())


def test_streams_without_permission_can_be_skipped(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim("saas")
    pim.permissions.discard("pim_api_family_list")
    with caplog.at_level(logging.WARNING):
        run = sync(pim, "families", "locales", on_forbidden="skip")
    assert not run.tap.failed_streams
    assert "families: skipped, the PIM answers 403: Access forbidden." in caplog.text
    assert "permission missing" in caplog.text
    assert "skipped streams: families; incomplete streams: none" in str(run.tap.summary())
    assert run.records("locales")


@pytest.mark.parametrize(
    ("setting", "value", "field"),
    [
        ("with_readiness", "scores_only", "readiness"),
        ("with_readiness", "detailed", "readiness"),
        ("with_workflow_execution_statuses", True, "workflow_execution_statuses"),
        ("with_root_parent", True, "root_parent"),
    ],
)
def test_newer_product_fields_are_read_on_request(
    start_pim: StartPim, setting: str, value: object, field: str
) -> None:
    pim = start_pim("saas")
    settings: dict[str, Any] = {setting: value}
    with_it = sync(pim, "products", **settings).records("products")
    without = sync(pim, "products").records("products")
    assert all(field in record for record in with_it)
    assert not any(field in record for record in without)


def test_products_can_count_as_changed_if_a_linked_asset_changed(start_pim: StartPim) -> None:
    pim = start_pim("saas", products=250)
    settings: dict[str, Any] = {"updated_including_linked_entities": True}
    state = sync(pim, "products", **settings).state
    state_without = sync(pim, "products").state
    pim.clock.advance(seconds=7200)
    for row in pim.truth("assets"):
        touch(pim, "assets", (row["asset_family"], row["code"]))
    assert not sync(pim, "products", state=state_without).records("products")
    assert sync(pim, "products", state=state, **settings).records("products")


@pytest.mark.parametrize("kind", ["asset", "reference_entity_record"])
def test_only_changes_of_the_chosen_type_of_linked_entities_count(
    start_pim: StartPim, kind: str
) -> None:
    pim = start_pim("saas", products=250)
    settings: dict[str, Any] = {
        "updated_including_linked_entities": True,
        "updated_including_linked_type": [kind],
    }
    first = sync(pim, "products", "product_models", **settings)
    assert not first.tap.failed_streams
    pim.clock.advance(seconds=7200)
    for row in pim.truth("assets"):
        touch(pim, "assets", (row["asset_family"], row["code"]))
    again = sync(pim, "products", state=first.state, **settings).records("products")
    assert bool(again) is (kind == "asset")


def test_what_another_type_of_linked_entities_changed_is_read_if_that_type_counts_as_well(
    start_pim: StartPim,
) -> None:
    pim = start_pim("saas", products=250)
    settings: dict[str, Any] = {"updated_including_linked_entities": True}
    records = {**settings, "updated_including_linked_type": ["reference_entity_record"]}
    state = sync(pim, "products", **records).state
    pim.clock.advance(hours=2)
    for row in pim.truth("assets"):
        touch(pim, "assets", (row["asset_family"], row["code"]))
    pim.clock.advance(hours=2)
    state = sync(pim, "products", state=state, **records).state
    pim.clock.advance(hours=2)
    # The changes of the assets are older than the bookmark.
    assert sync(pim, "products", state=state, **settings).records("products")


def test_measurements_are_converted_to_the_units_of_the_channel(start_pim: StartPim) -> None:
    pim = start_pim("saas")
    stored = sync(pim, "products", channel="ecommerce").rows("products")
    run = sync(pim, "products", "product_models", channel="ecommerce", convert_measurements=True)
    assert not run.tap.failed_streams
    converted = 0
    for key, row in run.rows("products").items():
        for code, values in row["values"].items():
            kept = stored[key]["values"][code]
            assert values[: len(kept)] == kept
            for value in values[len(kept) :]:
                assert value["locale"] is not None
                assert value["data"]["unit"] in {"KILOGRAM", "METER", "MILLIMETER", "HOUR"}
                converted += 1
    assert converted


def test_drafts_have_the_review_status_of_each_change_unless_it_is_off(start_pim: StartPim) -> None:
    pim = start_pim("saas")
    for stream in ("product_drafts", "product_model_drafts"):
        drafts = sync(pim, stream).records(stream)
        assert drafts
        for draft in drafts:
            for code, changes in draft["proposal_review_status"]["values"].items():
                assert {one["review_status"] for one in changes} <= {"draft", "to_review"}
                assert len(changes) == len(draft["values"][code])
    off = sync(pim, "product_drafts", with_proposal_review_status=False)
    assert all("proposal_review_status" not in row for row in off.records("product_drafts"))


def test_a_404_from_a_proxy_fails_the_stream_and_keeps_the_bookmarks(start_pim: StartPim) -> None:
    pim = start_pim("ee-7")
    state = sync(pim, "assets").state
    pim.clock.advance(seconds=7200)
    for row in pim.truth("assets"):
        touch(pim, "assets", (row["asset_family"], row["code"]))
    pim.faults.add("status", "/assets", status=404, body="<h1>default backend</h1>", times=None)
    first = sync(pim, "assets", state=state)
    pim.faults.clear()
    second = sync(pim, "assets", state=first.state)
    assert first.tap.failed_streams == ["assets"]
    assert len(first.rows("assets") | second.rows("assets")) == len(pim.truth("assets"))


def test_a_forbidden_parent_does_not_prevent_reading_the_others(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim("ee-7")
    forbidden = {"code": 403, "message": "Access forbidden. You are not allowed to list assets."}
    pim.faults.add("status", "/assets", status=403, body=forbidden)
    run = sync(pim, "assets", max_concurrency=1)
    families = {family for family, _ in run.rows("assets")}
    assert len(families) == len(pim.truth("asset_families")) - 1
    assert run.tap.failed_streams == ["assets"]
    assert "tick “List assets”" in caplog.text
    assert bookmarks(run, "assets").keys() == families


def test_a_disabled_catalog_does_not_get_a_bookmark(start_pim: StartPim) -> None:
    pim = start_pim("saas")
    app: dict[str, Any] = {**dict.fromkeys(pim.credentials), "access_token": pim.app_token}
    (disabled, *_) = [row["id"] for row in pim.truth("catalogs") if not row["enabled"]]
    state = sync(pim, "catalog_products", **app).state
    kept = state["bookmarks"]["catalog_products"]["partitions"]
    assert [
        "replication_key_value" in one for one in kept if one["context"]["catalog_id"] == disabled
    ] == [False]


def test_a_child_stream_reports_a_refused_list_of_parents_once(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim("ee-7")
    pim.permissions.discard("pim_api_asset_family_list")
    run = sync(pim, "asset_attribute_options")
    assert run.tap.failed_streams == ["asset_attribute_options"]
    assert caplog.text.count("permission missing") == 1
    assert "tick “List asset families”" in caplog.text


def test_the_connection_test_reads_no_personal_data(start_pim: StartPim) -> None:
    pim = start_pim("saas")
    ended = command("--test", config=settings_for(pim))
    assert ended.code == 0
    assert not [personal for personal in pim.personal if personal in ended.stdout]


def test_queries_and_credentials_are_removed_from_urls_in_extensions() -> None:
    value = {"url": "https://user:pw@app.example/x?key=SECRET#f", "pwd": "SECRET", "name": "n"}
    assert redact({"configuration": [value]}) == {
        "configuration": [{"url": "https://app.example/x", "name": "n"}]
    }
    assert redact("http://[bad?key=SECRET") is None


RED = {"values": {"main_colors": {"operator": "IN", "value": ["red"]}}}
PURPLE = {"values": {"main_colors": {"operator": "IN", "value": ["purple"]}}}
FILTERS: dict[str, tuple[str, dict[str, Any]]] = {
    "and": ("assets", {"and": [RED]}),
    "or": ("assets", {"or": [RED, PURPLE]}),
    "a list for a property": (
        "assets",
        {"code": [{"operator": "IN", "value": ["packshots_0001"]}]},
    ),
    "an object for a property": (
        "reference_entity_records",
        {"complete": {"operator": "=", "value": True, "channel": "print", "locales": ["en_US"]}},
    ),
}


@pytest.mark.parametrize(("stream", "search"), FILTERS.values(), ids=FILTERS.keys())
def test_filters_of_assets_and_records_combine_with_the_bookmark(
    start_pim: StartPim, stream: str, search: dict[str, Any]
) -> None:
    pim = start_pim("saas")
    if stream == "assets":
        for family in {row["code"] for row in pim.truth("asset_families")} - {"packshots"}:
            pim.write.delete("asset_families", family)
    settings: dict[str, Any] = {"filters": {stream: search}}
    first = sync(pim, stream, **settings)
    keys = set(first.rows(stream))
    assert set() < keys < set(sync(pim, stream).rows(stream))
    pim.clock.advance(seconds=7200)
    assert not sync(pim, stream, state=first.state, **settings).records(stream)
    changed = min(keys)
    other = min(set(sync(pim, stream).rows(stream)) - keys)
    for library, code in (changed, other):
        touch(pim, stream, (library, code))
    second = sync(pim, stream, state=first.state, **settings)
    assert set(second.rows(stream)) == {changed}
    bounded = sync(pim, stream, end_date=(pim.clock.now() - timedelta(seconds=60)).isoformat(),
                   start_date="2001-01-01T00:00:00Z", **settings)  # fmt: skip
    assert set(bounded.rows(stream)) == keys - {changed}
