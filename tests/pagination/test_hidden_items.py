"""Items that are in the PIM's search index but no longer in SQL do not hide the items after them.

The PIM drops such items after the search, so their page is short or empty and has no link to the
next one (pim-behaviour: SqlGetConnectorProducts; api-php-client #197).
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import sync, uuids

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim


@pytest.mark.parametrize("stream", ["products", "product_keys"])
@pytest.mark.parametrize("page_size", [10, 100])
@pytest.mark.parametrize(
    ("first", "last"),
    [(0, 110), (9, 20), (10, 260), (150, 299), (180, 300)],
    ids=["the first pages", "a few", "two pages", "all but the last", "to the end"],
)
def test_pages_of_deleted_items_hide_no_others(
    start_pim: StartPim, stream: str, page_size: int, first: int, last: int
) -> None:
    pim = start_pim(products=300)
    deleted = uuids(pim)[first:last]
    pim.missing.update(deleted)
    run = sync(pim, stream, page_size=page_size, emit_activate_version_messages=True)
    assert {uuid for (uuid,) in run.rows(stream)} == set(uuids(pim)) - set(deleted)
    assert run.tap.failed_streams == []
    assert bool(run.activated) == (stream == "product_keys")


@pytest.mark.parametrize(("profile", "stream"), [("ce-6", "products"), ("ce-7", "product_models")])
def test_pages_of_deleted_items_hide_no_others_if_keys_are_codes(
    start_pim: StartPim, profile: str, stream: str
) -> None:
    pim = start_pim(profile, products=1500)
    whole = sync(pim, stream)
    keys = sorted((key for (key,) in whole.rows(stream)), key=str.lower)
    assert len(keys) > 140
    pim.missing.update(keys[20:130])
    pim.requests.clear()
    run = sync(pim, stream)
    cursors = [one.query["search_after"] for one in pim.requests if "search_after" in one.query]
    # PIM 6.0.0 to 6.0.43 compares the cursor as it comes with keys in lower case (PIM-10435).
    assert cursors == [cursor.lower() for cursor in cursors]
    assert {key for (key,) in run.rows(stream)} == set(keys) - set(keys[20:130])
    assert run.tap.failed_streams == []


@pytest.mark.parametrize("stream", ["product_models", "product_model_keys"])
def test_pages_of_deleted_items_hide_no_others_with_capitals_outside_ascii(
    start_pim: StartPim, stream: str
) -> None:
    pim = start_pim()
    codes = [f"ÖL-{number:03}" for number in range(300)]
    create_models(pim, codes)
    pim.missing.update(codes[100:230])
    run = sync(pim, stream)
    assert {code for (code,) in run.rows(stream)} >= {*codes[:100], *codes[230:]}
    assert run.tap.failed_streams == []


@pytest.mark.parametrize("stream", ["product_models", "product_model_keys"])
def test_a_capital_i_with_a_dot_at_the_end_of_a_page_hides_no_other_items(
    start_pim: StartPim, stream: str
) -> None:
    pim = start_pim()
    # The index has "istanbul": before "ivy", where the PIM's `mb_strtolower` of "İ" would be
    # behind it.
    codes = ["İstanbul", "ivy", "izmir"]
    create_models(pim, codes)
    others = [row["code"] for row in pim.truth("product_models") if row["code"] not in codes]
    before = sum(code < "i" for code in others)
    run = sync(pim, stream, page_size=before + 1)
    assert {code for (code,) in run.rows(stream)} == {*others, *codes}


@pytest.mark.parametrize(
    ("stream", "products"), [("catalog_products", 400), ("catalog_mapped_products", 1500)]
)
@pytest.mark.parametrize("place", [0, 50, 99])
def test_a_deleted_item_of_a_catalog_hides_no_others(
    start_pim: StartPim, stream: str, products: int, place: int
) -> None:
    pim = start_pim("saas", products=products)
    app: dict[str, Any] = {**dict.fromkeys(pim.credentials), "access_token": pim.app_token}
    whole = {uuid for _, uuid in sync(pim, stream, **app).rows(stream)}
    deleted = sorted(whole)[place]
    pim.missing.add(deleted)
    pim.requests.clear()
    run = sync(pim, stream, **app)
    assert {uuid for _, uuid in run.rows(stream)} == whole - {deleted}
    cursors = {request.query.get("search_after") for request in pim.requests}
    assert cursors <= {*whole, None}


def create_models(pim: SimulatedPim, codes: Iterable[str]) -> None:
    """Create product models that differ only in their codes."""
    root = next(row for row in pim.truth("product_models") if row["parent"] is None)
    for code in codes:
        pim.write.product_model(code, family_variant=root["family_variant"], parent=None)


@pytest.mark.parametrize("stream", ["products", "product_keys"])
def test_deletions_that_are_indexed_during_a_read_hide_no_other_items(
    start_pim: StartPim, stream: str
) -> None:
    pim = start_pim(products=25, index_lag=60)
    pim.clock.advance(hours=1)
    gone = uuids(pim)[10:20]

    def delete() -> None:
        for uuid in gone:
            pim.write.delete("products", uuid)

    pim.faults.add("event", "/products-uuid", nth=2, do=delete)
    pim.faults.add("event", "/products-uuid", nth=3, do=lambda: pim.clock.advance(seconds=61))
    run = sync(pim, stream, page_size=10, max_concurrency=1)
    assert not pim.faults.pending
    assert run.rows(stream).keys() >= {(uuid,) for uuid in uuids(pim)} or run.tap.failed_streams


def test_before_6_0_an_outdated_index_loses_no_row_but_fails_the_stream(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim("ce-5", products=400)
    listed = [key for (key,) in sync(pim, "products").rows("products")]
    deleted = set(listed[120:240])
    pim.missing.update(deleted)
    run = sync(pim, "products")
    assert run.rows("products").keys() == {(key,) for key in listed if key not in deleted}
    assert run.state["bookmarks"]["products"].get("replication_key_value") is None
    assert run.tap.failed_streams == ["products"]
    assert f"the PIM counts 400 items, but {400 - len(deleted)} could be read" in caplog.text


@pytest.mark.parametrize("gone", [1, 4, 8])
def test_a_broken_item_after_deleted_ones_is_reported_and_its_neighbours_are_read(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, gone: int
) -> None:
    pim = start_pim(products=19)
    listed = uuids(pim)
    pim.missing.update(listed[10 : 10 + gone])
    pim.broken.add(listed[10 + gone])
    run = sync(pim, "products", "channels", page_size=10, max_retries=0, max_concurrency=1)
    assert run.records("channels"), "the streams after it are read"
    assert run.tap.failed_streams == ["products"]
    expected = set(listed) - set(listed[10 : 11 + gone])
    assert {uuid for (uuid,) in run.rows("products")} == expected
    (broken,) = run.state["bookmarks"]["products"]["broken"]
    # Nothing shows which of the items after the last readable one is broken, and which are deleted.
    assert broken["after"] in {None, listed[9]}
    assert listed[10 + gone] <= broken["key"]
    assert all(broken["key"] < one for one in listed[11 + gone :])
    message = f"uuid comes after {broken['after']} up to {broken['key']}. All others were read"
    assert message in caplog.text


def test_a_temporary_error_while_locating_a_broken_item_loses_no_row(start_pim: StartPim) -> None:
    pim = start_pim(products=19)
    broken = uuids(pim)[4]
    pim.broken.add(broken)
    pim.faults.add("status", "/products-uuid", nth=4, status=429, retry_after=0)
    run = sync(pim, "products", "locales", page_size=10, max_retries=1)
    assert not pim.faults.pending
    assert {uuid for (uuid,) in run.rows("products")} == set(uuids(pim)) - {broken}
    assert run.rows("locales")


def test_a_broken_item_is_not_treated_as_deleted(start_pim: StartPim) -> None:
    pim = start_pim(products=19)
    pim.broken.add(uuids(pim)[4])
    run = sync(pim, "product_keys", max_retries=0, emit_activate_version_messages=True)
    assert len(run.rows("product_keys")) == 18
    assert run.tap.failed_streams == ["product_keys"]
    assert not run.activated


def test_children_of_a_parent_without_a_key_are_not_treated_as_deleted(start_pim: StartPim) -> None:
    pim = start_pim(products=5)
    pim.faults.add("odd", "/families", odd={'"code":"clothing"': '"kode":"clothing"'}, times=None)
    run = sync(pim, "family_variants", emit_activate_version_messages=True)
    assert run.tap.failed_streams == ["family_variants"]
    assert run.rows("family_variants")
    assert not run.activated


def test_a_deletion_and_a_creation_between_two_pages_hide_no_other_item(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=5)
    before, *_ = sorted(family["code"] for family in pim.truth("families"))

    def swap() -> None:
        pim.write.delete("families", before)
        pim.write.save("families", "zzz_new", {})

    pim.faults.add("event", "/families", nth=2, do=swap)
    run = sync(pim, "families", page_size=2)
    assert run.rows("families").keys() >= {(row["code"],) for row in pim.truth("families")}


def test_a_deletion_between_two_pages_of_a_list_without_a_count_hides_no_other_item(
    start_pim: StartPim,
) -> None:
    pim = start_pim("saas", products=5)
    listed = sorted(row["uuid"] for row in pim.truth("workflows"))
    assert len(listed) > 2
    pim.faults.add(
        "event", "/workflows", nth=2, do=lambda: pim.write.delete("workflows", listed[0])
    )
    run = sync(pim, "workflows", page_size=1)
    assert run.rows("workflows").keys() >= {(row["uuid"],) for row in pim.truth("workflows")}


def test_a_list_that_changes_during_every_attempt_fails_its_stream(start_pim: StartPim) -> None:
    pim = start_pim(products=5)
    number = count(1)

    def come_and_go() -> None:
        if next(number) % 2:
            pim.write.delete("families", "accessories")
        else:
            pim.write.save("families", "accessories", {})

    pim.faults.add("event", "/families", times=None, do=come_and_go)
    run = sync(pim, "families", page_size=2)
    assert run.tap.failed_streams == ["families"]


@pytest.mark.parametrize("seed", range(4))
def test_media_files_in_random_order_are_all_read_or_fail_the_stream(
    start_pim: StartPim, seed: int
) -> None:
    pim = start_pim(products=60, seed=seed, shuffle_media_files=True)
    run = sync(pim, "product_media_files", page_size=10)
    read = {code for (code,) in run.rows("product_media_files")}
    everything = {row["code"] for row in pim.truth("product_media_files")}
    assert read == everything or run.tap.failed_streams == ["product_media_files"]
