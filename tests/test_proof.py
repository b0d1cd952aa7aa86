"""A list is complete only if its end was shown; what did not come is no proof that it is gone."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
