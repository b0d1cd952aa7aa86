"""A list is complete only if its end was shown; what did not come is no proof that it is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support import sync

if TYPE_CHECKING:
    from tests.conftest import StartPim

GONE = {"code": 404, "message": "It does not exist."}
REFUSED = {"code": 422, "message": "No."}


def test_a_404_for_a_list_of_parents_whose_own_parent_exists_fails_their_children(
    start_pim: StartPim,
) -> None:
    pim = start_pim("saas", products=5)
    everything = sync(pim, "asset_attribute_options").rows("asset_attribute_options")
    (family, *_) = next(iter(everything))
    pim.faults.add("status", f"/asset-families/{family}/attributes", times=1, status=404, body=GONE)
    run = sync(pim, "asset_attribute_options")
    assert len(run.rows("asset_attribute_options")) < len(everything)
    assert run.tap.failed_streams == ["asset_attribute_options"]


def test_a_list_of_keys_that_is_gone_fails_if_the_pim_does_not_show_all_parents_again(
    start_pim: StartPim,
) -> None:
    pim = start_pim("saas", products=5, records=300)
    families = sorted(row["code"] for row in pim.truth("asset_families"))
    sync(pim, "asset_keys", max_concurrency=1)
    requests = sum("/asset-families" in request.path for request in pim.requests)
    for nth in range(requests - 5, requests + 3):
        pim.faults.clear()
        path = f"/asset-families/{families[0]}/assets"
        pim.faults.add("status", path, times=1, status=404, body=GONE)
        pim.faults.add("status", "/asset-families", nth=nth, times=1, status=422, body=REFUSED)
        run = sync(pim, "asset_keys", max_concurrency=1)
        assert len(run.rows("asset_keys")) < len(pim.truth("assets"))
        assert run.tap.failed_streams == ["asset_keys"], nth


@pytest.mark.parametrize("nth", [1, 2])
def test_a_family_of_assets_that_is_deleted_meanwhile_fails_nothing(
    start_pim: StartPim, nth: int
) -> None:
    pim = start_pim("ee-7", products=5, records=120)
    family = min(row["asset_family"] for row in pim.truth("assets"))

    def delete() -> None:
        for row in pim.truth("assets"):
            if row["asset_family"] == family:
                pim.write.delete("assets", (family, row["code"]))
        pim.write.delete("asset_families", family)

    pim.faults.add("event", f"/asset-families/{family}/assets", nth=nth, do=delete)
    run = sync(pim, "asset_keys", page_size=10, max_concurrency=1)
    assert run.tap.failed_streams == []
    kept = {(row["asset_family"], row["code"]) for row in pim.truth("assets")}
    assert kept <= run.rows("asset_keys").keys()
    assert family not in {of for of, _ in kept}


FORBIDDEN = {"code": 403, "message": "Access forbidden. You are not allowed to list products."}


def test_a_refusal_in_the_middle_of_a_list_fails_it_also_if_refusals_are_skipped(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=60)
    pim.faults.add("status", "/products-uuid", nth=3, times=None, status=403, body=FORBIDDEN)
    settings: dict[str, Any] = {"on_forbidden": "skip", "page_size": 10, "max_concurrency": 1}
    run = sync(pim, "product_keys", **settings)
    assert run.records("product_keys")
    assert run.tap.failed_streams == ["product_keys"]
    pim.faults.clear()
    pim.faults.add("status", "/products-uuid", times=None, status=403, body=FORBIDDEN)
    again = sync(pim, "product_keys", state=run.state, **settings)
    assert again.tap.failed_streams == ["product_keys"], "an earlier run has read a part of it"
    whole = sync(pim, "product_keys", **settings)
    assert not whole.tap.failed_streams
    assert whole.tap.skipped_streams == {"product_keys"}


def test_all_keys_of_one_reading_have_one_time_also_after_a_repair(start_pim: StartPim) -> None:
    pim = start_pim(products=60)
    uuids = sorted(row["uuid"] for row in pim.truth("products"))
    pim.broken.add(uuids[5])
    pim.faults.add("status", "/products-uuid", nth=20, times=None, status=422, body=REFUSED)
    settings: dict[str, Any] = {"page_size": 5, "max_concurrency": 1, "max_retries": 0}
    first = sync(pim, "product_keys", **settings)
    bookmark = first.state["bookmarks"]["product_keys"]
    assert bookmark["broken"]
    assert bookmark["unfinished"]["ranges"]
    pim.faults.clear()
    pim.broken.clear()
    pim.clock.advance(hours=1)
    second = sync(pim, "product_keys", state=first.state, **settings)
    rows = [*first.records("product_keys"), *second.records("product_keys")]
    assert {row["uuid"] for row in rows} == set(uuids)
    assert len({row["read_at"] for row in rows}) == 1


def test_links_that_lead_in_a_circle_end_their_list_as_failed(start_pim: StartPim) -> None:
    # Enterprise PIMs before PIM-9702 and PIM-10042 sent such links.
    pim = start_pim("ee-7", products=5, records=120)
    (row, *_) = pim.truth("assets")
    path = f"/api/rest/v1/asset-families/{row['asset_family']}/assets"
    to_itself = {
        "_links": {"next": {"href": f"{pim.url}{path}?search_after={row['code']}"}},
        "_embedded": {"items": [row]},
    }
    pim.faults.add("status", path, times=None, status=200, body=to_itself)
    run = sync(pim, "assets", "locales")
    assert len(run.records("assets")) <= len(pim.truth("assets"))
    assert run.tap.failed_streams == ["assets"]
    assert len(run.rows("locales")) == len(pim.truth("locales"))
