"""What is in the PIM's search index but no longer in SQL must not hide what is behind it.

The PIM drops such items after the search, so a page of them is short, or empty, without a link to
the next (pim-behaviour: SqlGetConnectorProducts; api-php-client #197).
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING

import pytest

from tests.support import sync

if TYPE_CHECKING:
    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim
    from tests.support import Run


def uuids(pim: SimulatedPim) -> list[str]:
    """In the PIM's order."""
    return sorted(product["uuid"] for product in pim.truth("products"))


def has_version(run: Run) -> bool:
    return any(message["type"] == "ACTIVATE_VERSION" for message in run.messages)


@pytest.mark.parametrize("stream", ["products", "product_keys"])
@pytest.mark.parametrize(
    ("first", "last"), [(0, 10), (9, 20), (10, 35)], ids=["first page", "short page", "two pages"]
)
def test_a_page_of_which_all_is_gone_is_not_taken_for_the_end(
    start_pim: StartPim, stream: str, first: int, last: int
) -> None:
    pim = start_pim(products=40)
    pim.ghosts.update(uuids(pim)[first:last])
    run = sync(pim, stream, page_size=10, emit_activate_version_messages=True)
    assert run.tap.failed_streams == [stream]
    assert "replication_key_value" not in run.state["bookmarks"][stream]
    assert not has_version(run)


@pytest.mark.parametrize("stream", ["products", "product_keys"])
def test_fewer_than_a_page_that_are_gone_hide_nothing(start_pim: StartPim, stream: str) -> None:
    pim = start_pim(products=40)
    gone = uuids(pim)[3:12]
    pim.ghosts.update(gone)
    run = sync(pim, stream, page_size=10, emit_activate_version_messages=True)
    assert {uuid for (uuid,) in run.rows(stream)} == set(uuids(pim)) - set(gone)
    assert run.tap.failed_streams == []
    assert has_version(run) == (stream == "product_keys")


@pytest.mark.parametrize("stream", ["products", "product_keys"])
def test_what_the_index_forgets_while_it_is_read_hides_nothing(
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


def test_a_window_whose_end_may_be_hidden_moves_no_bookmark_until_all_is_counted(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=400)
    early = sorted(pim.truth("products"), key=lambda product: str(product["updated"]))[:150]
    pim.ghosts.update(sorted(product["uuid"] for product in early)[20:100])
    run = sync(pim, "products", page_size=5)
    states = [message["value"] for message in run.messages if message["type"] == "STATE"]
    assert not any("replication_key_value" in str(state) for state in states)
    assert run.tap.failed_streams == ["products"]


@pytest.mark.parametrize("gone", [1, 4])
def test_a_broken_item_behind_others_that_are_gone_is_named_and_its_neighbours_are_read(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, gone: int
) -> None:
    pim = start_pim(products=19)
    listed = uuids(pim)
    pim.ghosts.update(listed[10 : 10 + gone])
    pim.broken.add(listed[10 + gone])
    run = sync(pim, "products", page_size=10, max_retries=0, max_concurrency=1)
    expected = set(listed) - set(listed[10 : 11 + gone])
    assert {uuid for (uuid,) in run.rows("products")} == expected
    assert listed[10 + gone] in caplog.text


def test_a_fault_that_passes_while_a_broken_item_is_searched_for_costs_a_retry_and_no_row(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=19)
    broken = uuids(pim)[4]
    pim.broken.add(broken)
    pim.faults.add("status", "/products-uuid", nth=4, status=429, retry_after=0)
    run = sync(pim, "products", "locales", page_size=10, max_retries=1)
    assert not pim.faults.pending
    assert {uuid for (uuid,) in run.rows("products")} == set(uuids(pim)) - {broken}
    assert run.rows("locales")


def test_a_key_that_the_pim_cannot_write_is_not_taken_for_deleted(start_pim: StartPim) -> None:
    pim = start_pim(products=19)
    pim.broken.add(uuids(pim)[4])
    run = sync(pim, "product_keys", max_retries=0, emit_activate_version_messages=True)
    assert len(run.rows("product_keys")) == 18
    assert run.tap.failed_streams == ["product_keys"]
    assert not has_version(run)


def test_children_of_a_parent_without_its_key_are_not_taken_for_deleted(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=5)
    pim.faults.add("odd", "/families", odd={'"code":"clothing"': '"kode":"clothing"'}, times=None)
    run = sync(pim, "family_variants", emit_activate_version_messages=True)
    assert run.tap.failed_streams == ["family_variants"]
    assert run.rows("family_variants")
    assert not has_version(run)


def test_one_deleted_and_one_made_between_two_pages_hide_no_other(start_pim: StartPim) -> None:
    pim = start_pim(products=5)
    before, *_ = sorted(family["code"] for family in pim.truth("families"))

    def swap() -> None:
        pim.write.delete("families", before)
        pim.write.save("families", "zzz_new", {})

    pim.faults.add("event", "/families", nth=2, do=swap)
    run = sync(pim, "families", page_size=2)
    assert run.rows("families").keys() >= {(row["code"],) for row in pim.truth("families")}


def test_one_deleted_between_two_pages_of_a_list_without_count_hides_no_other(
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


def test_a_list_that_changes_whenever_it_is_read_fails_its_stream(start_pim: StartPim) -> None:
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
def test_media_files_in_another_order_for_each_page_are_all_read(
    start_pim: StartPim, seed: int
) -> None:
    pim = start_pim(products=60, seed=seed, shuffle_media_files=True)
    run = sync(pim, "product_media_files", page_size=10)
    read = {code for (code,) in run.rows("product_media_files")}
    everything = {row["code"] for row in pim.truth("product_media_files")}
    assert read == everything or run.tap.failed_streams == ["product_media_files"]
