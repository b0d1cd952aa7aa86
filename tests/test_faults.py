"""What goes wrong on the way is tried again, and nothing is lost or doubled by it."""

from __future__ import annotations

import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from pim_simulator.clock import http_date
from tests.support import sync

if TYPE_CHECKING:
    from tests.conftest import StartPim

PASSING: dict[str, dict[str, Any]] = {
    "408": {"kind": "status", "status": 408},
    "429 without Retry-After": {"kind": "status", "status": 429},
    "429 with Retry-After": {"kind": "status", "status": 429, "retry_after": 1},
    "429 with an absurd Retry-After": {"kind": "status", "status": 429, "retry_after": "soon"},
    "500": {"kind": "status", "status": 500},
    "502 with a page of HTML": {"kind": "status", "status": 502, "body": "<h1>Bad gateway</h1>"},
    "503 with Retry-After": {"kind": "status", "status": 503, "retry_after": 0},
    "504": {"kind": "status", "status": 504},
    "a reset before the answer": {"kind": "reset"},
    "a reset in the body": {"kind": "reset_in_body"},
    "half of the JSON": {"kind": "truncated_json"},
    "a maintenance page with 200": {"kind": "html"},
}


@pytest.mark.parametrize("path", ["/token", "/products-uuid"])
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_fault_that_passes_costs_a_retry_and_no_record(
    start_pim: StartPim, fault: dict[str, Any], path: str
) -> None:
    pim = start_pim(products=30)
    pim.faults.add(path=path, **fault)
    run = sync(pim, "products", "families", page_size=10)
    assert not run.tap.failed_streams
    assert {key for (key,) in run.rows("products")} == {
        product["uuid"] for product in pim.truth("products")
    }
    assert len(run.records("families")) == len(pim.truth("families"))


def test_a_fault_in_the_middle_of_a_walk_repeats_no_page(start_pim: StartPim) -> None:
    pim = start_pim(products=45)
    pim.faults.add("status", "/products-uuid", nth=3, status=503)
    run = sync(pim, "products", page_size=10)
    assert len(run.records("products")) == len(pim.truth("products"))


def test_retry_after_is_waited_for(start_pim: StartPim) -> None:
    pim = start_pim(products=5)
    pim.faults.add("status", "/products-uuid", status=429, retry_after=2)
    before = time.monotonic()
    sync(pim, "products")
    assert time.monotonic() - before >= 2


def test_retry_after_as_a_date_counts_by_the_pims_clock(start_pim: StartPim) -> None:
    pim = start_pim(products=5, clock_offset=timedelta(minutes=30))
    until = http_date(pim.clock.now() + timedelta(seconds=3))
    pim.faults.add("status", "/products-uuid", status=429, retry_after=until)
    before = time.monotonic()
    sync(pim, "products")
    assert 0.5 <= time.monotonic() - before < 20


def test_a_fault_that_stays_ends_the_run_with_the_stream_the_request_and_the_cause(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim(products=5)
    pim.faults.add("status", "/product-models", times=None, status=503)
    with (
        caplog.at_level(logging.WARNING),
        pytest.raises(
            Exception,
            match=r"^product_models: GET /api/rest/v1/product-models\?.*: the PIM answers 503",
        ),
    ):
        sync(pim, "product_models", max_retries=1)
    assert "try 1 failed, next in" in caplog.text


def test_a_pim_that_stays_silent_is_asked_again(start_pim: StartPim) -> None:
    pim = start_pim(products=5)
    pim.faults.add("slow", "/products-uuid", delay=3)
    assert sync(pim, "products", request_timeout=1).records("products")


@pytest.mark.parametrize("broken", [1, 2, 3])
def test_a_product_that_the_pim_cannot_write_is_named_and_its_neighbours_are_read(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, broken: int
) -> None:
    pim = start_pim(products=60)
    uuids = sorted(product["uuid"] for product in pim.truth("products"))
    bad = {uuids[0], uuids[29], uuids[59]} if broken == 3 else set(uuids[17 : 17 + 2 * broken : 2])
    for uuid in bad:
        pim.broken.add(uuid)
    run = sync(pim, "products", page_size=16, max_retries=0)
    assert {uuid for (uuid,) in run.rows("products")} == set(uuids) - bad
    assert set(run.tap.failed_streams) == {"products"}
    for uuid in bad:
        assert uuid in caplog.text
    pim.broken.clear()
    again = sync(pim, "products", state=run.state)
    assert {(uuid,) for uuid in bad} <= again.rows("products").keys()


def test_a_model_that_the_pim_cannot_write_ends_the_run_and_is_told_by_the_one_before(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=60)
    codes = [record["code"] for record in sync(pim, "product_models").records("product_models")]
    pim.broken.add(codes[5])
    with pytest.raises(Exception, match=f"with the item after '{codes[4]}' and for a page of that"):
        sync(pim, "product_models", max_retries=0)
