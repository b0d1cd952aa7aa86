"""Bookmarks: a run reads what changed since the previous one, and misses nothing."""

from __future__ import annotations

import json
import logging
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest

from pim_simulator import PROFILES
from tap_akeneo.client.errors import AkeneoError
from tap_akeneo.streams.fingerprints import has_unfinished
from tap_akeneo.tap import TapAkeneo
from tests.support import Collector, select, settings_for, sync

if TYPE_CHECKING:
    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim

INCREMENTAL = ("products", "product_models", "categories")
ZONES = ("UTC", "Pacific/Kiritimati", "America/New_York", "Europe/Paris")


def a_product(pim: SimulatedPim, nth: int = 0) -> dict[str, Any]:
    return pim.truth("products")[nth]


def key_of(product: dict[str, Any]) -> str:
    """Return the uuid of a product, or its identifier before 7.0."""
    key: str = product.get("uuid") or product["identifier"]
    return key


def change(pim: SimulatedPim, product: dict[str, Any]) -> None:
    pim.write.change("products", key_of(product), enabled=not product["enabled"])


def searches(pim: SimulatedPim, path: str) -> list[dict[str, Any]]:
    """Return the `search` parameters of all requests for a list."""
    return [
        json.loads(request.query["search"])
        for request in pim.requests
        if request.path.endswith(path) and "search" in request.query
    ]


@pytest.mark.parametrize("stream", INCREMENTAL)
def test_the_bookmark_is_the_pims_clock_at_the_start_of_the_run(
    start_pim: StartPim, stream: str
) -> None:
    pim = start_pim(clock_offset=timedelta(days=-3, minutes=7))
    path = {"products": "/products-uuid", "product_models": "/product-models"}
    first: list[datetime] = []
    pim.faults.add("event", path.get(stream, stream), do=lambda: first.append(pim.clock.now()))
    before = pim.clock.now().replace(microsecond=0)
    run = sync(pim, stream)
    bookmark = datetime.fromisoformat(run.bookmark(stream))
    # The PIM tells its time in whole seconds, and the bookmark may be too early but never too late.
    assert before - timedelta(seconds=2) <= bookmark <= first[0]
    assert bookmark.utcoffset() == timedelta()


def test_the_state_contains_only_one_bookmark_per_stream_and_what_shaped_its_rows(
    start_pim: StartPim,
) -> None:
    run = sync(start_pim())
    for stream, bookmark in run.state["bookmarks"].items():
        assert not has_unfinished(bookmark)
        own = {"replication_key", "replication_key_value", "fingerprints"}
        # What can be resumed has the mark of a finished list.
        assert set(bookmark) - {"unfinished"} == (own if stream in INCREMENTAL else set())


def test_a_stream_without_rows_gets_a_bookmark(start_pim: StartPim) -> None:
    pim = start_pim()
    filters = {"products": {"family": [{"operator": "IN", "value": ["accessories"]}]}}
    start_date = (pim.clock.now() - timedelta(minutes=1)).isoformat()
    run = sync(pim, "products", start_date=start_date, pim_timezone="UTC", filters=filters)
    assert not run.records("products")
    assert run.bookmark("products")


@pytest.mark.parametrize(
    "profile", ["ce-4", "ce-5", "ce-6", "ce-7", "ce-2026", "librepim-8", "saas"]
)
def test_a_second_run_reads_only_what_changed(start_pim: StartPim, profile: str) -> None:
    pim = start_pim(profile, products=60)
    first = sync(pim, "products", pim_timezone="UTC")
    pim.clock.advance(seconds=7200)
    product = a_product(pim)
    change(pim, product)
    second = sync(pim, "products", state=first.state, pim_timezone="UTC")
    (record,) = second.records("products")
    assert record["enabled"] is not product["enabled"]


@pytest.mark.parametrize("known", [True, False], ids=["zone set", "zone not set"])
@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("profile", ["ce-5", "ce-7"])
def test_no_update_is_lost_whatever_the_time_zone_of_the_server(
    start_pim: StartPim, profile: str, zone: str, *, known: bool
) -> None:
    pim = start_pim(profile, products=30, timezone=zone)
    settings: dict[str, Any] = {"pim_timezone": zone} if known else {}
    state = sync(pim, "products", **settings).state
    for nth in range(3):
        pim.clock.advance(seconds=3 * 3600 + 1)
        product = a_product(pim, nth)
        change(pim, product)
        run = sync(pim, "products", state=state, **settings)
        state = run.state
        changed = {key_of(record) for record in run.records("products")}
        assert key_of(product) in changed
        assert len(changed) <= 2, "two hours too much are fine, the whole catalogue is not"


@pytest.mark.parametrize(
    ("version", "edition"),
    [
        ("v8.1.0", "LibrePIM"),
        ("master", "LibrePIM"),
        ("v2026.4", "Community"),
        ("2026.4", "CE"),
        ("20260401", "CE"),
        ("20260401-fork", "LibrePIM"),
        ("20260401.1", "Community"),
        ("2026041", "LibrePIM"),
        ("7.0.84", "EE"),
        ("", "CE"),
    ],
)
def test_no_update_is_lost_on_a_pim_of_any_version_and_edition(
    start_pim: StartPim, monkeypatch: pytest.MonkeyPatch, version: str, edition: str
) -> None:
    # On SaaS, the filter would be in UTC, and miss the change of the last hours.
    own = replace(PROFILES["ce-7"], version=version, edition=edition)
    monkeypatch.setitem(PROFILES, "ce-7", own)
    pim = start_pim("ce-7", products=30, timezone="America/New_York")
    first = sync(pim, "products")
    assert not first.tap.pim.is_saas
    pim.clock.advance(seconds=3600)
    product = a_product(pim)
    change(pim, product)
    assert (product["uuid"],) in sync(pim, "products", state=first.state).rows("products")


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/New_York"])
@pytest.mark.parametrize("profile", ["ce-6", "saas"])
def test_no_change_of_a_model_is_lost_whatever_the_time_zone_of_the_server(
    start_pim: StartPim, profile: str, zone: str
) -> None:
    # SaaS always runs in UTC.
    pim = start_pim(profile, timezone="UTC" if profile == "saas" else zone)
    state = sync(pim, "product_models").state
    for model in pim.truth("product_models")[:3]:
        pim.clock.advance(seconds=3 * 3600 + 1)
        categories = ["outlet"] if model["categories"] != ["outlet"] else []
        pim.write.change("product_models", model["code"], categories=categories)
        run = sync(pim, "product_models", state=state)
        state = run.state
        assert (model["code"],) in run.rows("product_models")


def test_a_change_in_the_same_second_as_the_bookmark_is_read(start_pim: StartPim) -> None:
    pim = start_pim(products=20)
    run = sync(pim, "products", lookback_seconds=0, pim_timezone="UTC")
    product = a_product(pim)
    bookmark = datetime.fromisoformat(run.bookmark("products"))
    pim.clock.advance(seconds=(bookmark - pim.clock.now()).total_seconds())
    change(pim, product)
    again = sync(pim, "products", state=run.state, lookback_seconds=0, pim_timezone="UTC")
    assert product["uuid"] in {record["uuid"] for record in again.records("products")}


def test_a_variant_is_read_after_its_model_changed_although_its_own_date_is_older(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=120)
    run = sync(pim, "products", "product_models", pim_timezone="UTC")
    variant = next(product for product in pim.truth("products") if product["parent"])
    pim.clock.advance(seconds=3600)
    pim.write.change("product_models", variant["parent"], categories=["outlet"])
    again = sync(pim, "products", "product_models", state=run.state, pim_timezone="UTC")
    row = again.rows("products")[(variant["uuid"],)]
    assert row["updated"] < run.bookmark("products")
    assert (variant["parent"],) in again.rows("product_models")


def test_the_lookback_covers_a_change_that_is_indexed_late(start_pim: StartPim) -> None:
    pim = start_pim(products=20, index_lag=120)
    product = a_product(pim)
    change(pim, product)
    run = sync(pim, "products", pim_timezone="UTC")
    pim.clock.advance(seconds=130)
    again = sync(pim, "products", state=run.state, pim_timezone="UTC")
    assert again.rows("products")[(product["uuid"],)]["enabled"] is not product["enabled"]


def test_a_start_date_limits_the_first_run(start_pim: StartPim) -> None:
    pim = start_pim(products=120)
    dates = sorted(product["updated"] for product in pim.truth("products"))
    middle = dates[len(dates) // 2]
    run = sync(pim, "products", start_date=middle, pim_timezone="UTC")
    read = {uuid for (uuid,) in run.rows("products")}
    newer = {row["uuid"] for row in pim.truth("products") if row["updated"] >= middle}
    assert newer <= read
    assert len(read) < len(dates)


def test_a_backfill_ends_at_its_end_date_and_the_next_run_continues_from_there(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=120)
    dates = sorted(product["updated"] for product in pim.truth("products"))
    middle = dates[len(dates) // 2]
    first = sync(pim, "products", end_date=middle, pim_timezone="UTC")
    assert datetime.fromisoformat(first.bookmark("products")) == datetime.fromisoformat(middle)
    assert len(first.records("products")) < len(dates)
    second = sync(pim, "products", state=first.state, pim_timezone="UTC")
    both = first.rows("products") | second.rows("products")
    assert len(both) == len(dates)


def test_a_product_without_a_real_date_does_not_hide_the_time_zone_that_others_show(
    start_pim: StartPim,
) -> None:
    pim = start_pim(timezone="Asia/Tokyo")
    state = sync(pim, "products").state
    pim.clock.advance(hours=12)
    first, *_, last = sorted(pim.truth("products"), key=lambda row: row["uuid"])
    pim.write.change("products", last["uuid"], enabled=not last["enabled"])
    # MySQL's zero date, as PHP writes it.
    zero = {f'"updated":"{first["updated"]}"': '"updated":"-0001-11-30T00:00:00+00:00"'}
    pim.faults.add("odd", "/products-uuid", times=None, odd=zero)
    run = sync(pim, "products", state=state)
    assert [row["uuid"] for row in run.records("products")] == [last["uuid"]]


def test_a_zone_that_contradicts_the_pims_dates_ends_the_run(start_pim: StartPim) -> None:
    pim = start_pim(timezone="Pacific/Kiritimati")
    state = sync(pim, "products").state
    with pytest.raises(
        AkeneoError, match=r"pim_timezone is UTC, but the PIM wrote a date as .*14:00"
    ):
        sync(pim, "products", state=state, pim_timezone="UTC")


def test_a_bookmark_ahead_of_the_pims_clock_is_ignored_with_a_warning(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    future = (datetime.now(timezone.utc) + timedelta(days=30)).isoformat()
    state = {
        "bookmarks": {"products": {"replication_key": "updated", "replication_key_value": future}}
    }
    with caplog.at_level(logging.WARNING):
        run = sync(pim, "products", state=state)
    assert len(run.records("products")) == len(pim.truth("products"))
    assert "is ahead of the PIM's clock" in caplog.text
    assert "If the state is of another PIM, run once with --full-refresh" in caplog.text


def test_a_filter_in_the_settings_is_combined_with_that_of_the_bookmark(
    start_pim: StartPim,
) -> None:
    pim = start_pim()
    filters = {"products": {"enabled": [{"operator": "=", "value": True}]}}
    state = sync(pim, "products", filters=filters).state
    pim.requests.clear()
    sync(pim, "products", filters=filters, state=state)
    assert all(set(search) == {"enabled", "updated"} for search in searches(pim, "/products-uuid"))


def test_products_are_filtered_by_wall_time_and_categories_by_iso_8601_in_utc(
    start_pim: StartPim,
) -> None:
    pim = start_pim("saas")
    settings: dict[str, Any] = {"with_position": False}
    state = sync(pim, "products", "categories", **settings).state
    pim.requests.clear()
    sync(pim, "products", "categories", state=state, **settings)
    (product,) = searches(pim, "/products-uuid")
    (category,) = searches(pim, "/categories")
    datetime.strptime(product["updated"][0]["value"], "%Y-%m-%d %H:%M:%S")  # noqa: DTZ007
    datetime.strptime(category["updated"][0]["value"], "%Y-%m-%dT%H:%M:%SZ")  # noqa: DTZ007


@pytest.mark.parametrize("profile", ["ce-6", "ce-7"])
def test_a_changed_category_label_is_read_although_updated_does_not_change(
    start_pim: StartPim, profile: str
) -> None:
    pim = start_pim(profile)
    state = sync(pim, "categories").state
    pim.clock.advance(seconds=3600)
    code = pim.truth("categories")[-1]["code"]
    pim.write.change("categories", code, labels={"en_US": "New name"})
    run = sync(pim, "categories", state=state)
    assert run.rows("categories")[(code,)]["labels"]["en_US"] == "New name"


def test_categories_are_incremental_since_6_0(any_pim: SimulatedPim) -> None:
    method = sync(any_pim, "categories").tap.streams["categories"].replication_method
    old = any_pim.profile.name in {"pim-3", "ce-4", "ce-5"}
    assert method == ("FULL_TABLE" if old else "INCREMENTAL")


@pytest.mark.parametrize("stream", ["attribute_options", "family_variants"])
def test_children_are_read_for_all_parents_regardless_of_the_state(
    start_pim: StartPim, stream: str
) -> None:
    pim = start_pim()
    first = sync(pim)
    pim.clock.advance(seconds=3600)
    again = sync(pim, state=first.state)
    before, after = first.rows(stream), again.rows(stream)
    # The time of the reading is another one.
    assert all(before[key].pop("read_at") < row.pop("read_at") for key, row in after.items())
    assert after == before


@pytest.mark.parametrize(("path", "ends_run"), [("/rest/v1", True), ("/products-uuid", False)])
def test_a_run_that_fails_during_a_stream_does_not_write_a_bookmark(
    start_pim: StartPim, path: str, *, ends_run: bool
) -> None:
    pim = start_pim(products=60)
    state = sync(pim, "products").state
    change(pim, a_product(pim))
    # The whole PIM fails, or only this list while the PIM's root still answers.
    pim.faults.add(
        "event",
        "/products-uuid",
        nth=4,
        do=lambda: pim.faults.add("status", path, times=None, status=500),
    )
    collector = Collector()
    config = settings_for(pim, page_size=10, max_retries=0, start_date="2000-01-01")
    tap = TapAkeneo(config=config, state=None, message_writer=collector)
    select(tap, ["products"])
    tap.streams["products"].STATE_MSG_FREQUENCY = 7
    with pytest.raises(AkeneoError) if ends_run else nullcontext():
        tap.sync_all()
    assert tap.failed_streams == ([] if ends_run else ["products"])
    assert any(message["type"] == "RECORD" for message in collector.messages)
    assert any(message["type"] == "STATE" for message in collector.messages)
    for message in collector.messages:
        if message["type"] == "STATE":
            bookmark = message["value"]["bookmarks"]["products"]
            assert bookmark.get("replication_key_value") is None
    assert state


def test_a_refused_stream_keeps_its_bookmark(start_pim: StartPim) -> None:
    pim = start_pim()
    state = sync(pim, "products").state
    pim.clock.advance(seconds=3600)
    pim.permissions.discard("pim_api_product_list")
    run = sync(pim, "products", state=state)
    assert run.tap.failed_streams == ["products"]
    assert run.state["bookmarks"]["products"] == state["bookmarks"]["products"]


def test_a_stream_set_to_full_table_in_the_catalog_reads_everything_despite_a_bookmark(
    start_pim: StartPim,
) -> None:
    pim = start_pim()
    run = sync(pim, "products", state=sync(pim, "products").state, full_table=True)
    assert len(run.records("products")) == len(pim.truth("products"))


def test_only_a_full_refresh_reads_the_other_end_of_a_two_way_association_that_was_removed(
    start_pim: StartPim,
) -> None:
    pim = start_pim()
    target = pim.write.product("target")
    source = pim.write.product("source", associations={"X_SELL": {"products": [target]}})
    pim.clock.advance(hours=1)
    state = sync(pim, "products", pim_timezone="UTC").state
    pim.clock.advance(hours=1)
    pim.write.product("source", associations={"X_SELL": {"products": []}})
    changed = sync(pim, "products", pim_timezone="UTC", state=state)
    assert changed.rows("products").keys() == {(source,)}
    whole = sync(pim, "products", pim_timezone="UTC").rows("products")
    assert whole[target,]["associations"]["X_SELL"]["products"] == []
