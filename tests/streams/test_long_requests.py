"""Filters and attributes that do not fit into a URL go into the body of a request, if possible.

Source: Akeneo's OpenAPI document of SaaS, `POST /products-uuid/search`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pim_simulator import SimulatedPim, serve
from tests.support import BreakingPipe, errors, sync, uuids

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.conftest import StartPim
    from tests.support import Run

SEARCH = "/api/rest/v1/products-uuid/search"
LIST = "/api/rest/v1/products-uuid"
PLAIN: dict[str, Any] = {"with_quality_scores": False}
"""The search has another name for quality scores."""

MANY_ATTRIBUTES = ["name", *(f"no_such_attribute_{number:040}" for number in range(200))]


@pytest.fixture(scope="module")
def saas() -> Iterator[SimulatedPim]:
    pim = SimulatedPim("saas", seed=1, products=900)
    with serve(pim):
        yield pim


def only(wanted: list[str]) -> dict[str, Any]:
    return {"products": {"uuid": [{"operator": "IN", "value": wanted}]}}


def read(run: Run) -> list[str]:
    return [record["uuid"] for record in run.records("products")]


def lists(pim: SimulatedPim) -> set[tuple[str, str]]:
    """Return how the products were requested that were filtered."""
    return {
        (request.method, request.path)
        for request in pim.requests
        if request.path in (LIST, SEARCH)
        and (request.method == "POST" or "search" in request.query)
    }


def test_a_long_filter_is_sent_in_the_body_with_the_condition_of_the_bookmark(
    saas: SimulatedPim,
) -> None:
    wanted = uuids(saas)[::2]
    saas.requests.clear()
    first = sync(saas, "products", filters=only(wanted), **PLAIN)
    assert sorted(read(first)) == wanted
    assert read(sync(saas, "products", filters=only(wanted), state=first.state, **PLAIN)) == []
    assert lists(saas) == {("POST", SEARCH)}


def test_rows_are_those_of_a_request_with_the_same_parameters_in_the_url(
    start_pim: StartPim,
) -> None:
    pim = start_pim("saas", products=200)
    options: dict[str, Any] = {
        "channel": "ecommerce",
        "locales": ["en_US"],
        "attributes": ["name", "color"],
        "with_attribute_options": True,
        "with_readiness": "detailed",
        **PLAIN,
    }
    short = sync(pim, "products", **options)
    long = sync(pim, "products", filters=only(uuids(pim)), **options)
    assert lists(pim) == {("POST", SEARCH)}
    assert short.rows("products") == long.rows("products") != {}


def test_a_short_filter_stays_in_the_url(saas: SimulatedPim) -> None:
    saas.requests.clear()
    sync(saas, "products", filters=only(uuids(saas)[:3]), **PLAIN)
    assert lists(saas) == {("GET", LIST)}


@pytest.mark.parametrize(
    ("profile", "more"), [("saas", {"with_quality_scores": True}), ("ee-7", PLAIN)]
)
def test_all_stays_in_the_url_if_the_body_lacks_a_setting_or_the_pim_has_no_such_search(
    start_pim: StartPim, profile: str, more: dict[str, Any]
) -> None:
    pim = start_pim(profile, products=200)
    run = sync(pim, "products", filters=only(uuids(pim)), **more)
    assert sorted(read(run)) == uuids(pim)
    assert lists(pim) == {("GET", LIST)}


def test_many_attributes_are_sent_in_the_body(start_pim: StartPim) -> None:
    pim = start_pim("saas")
    for code in MANY_ATTRIBUTES[1:]:
        pim.write.save("attributes", code, {"type": "pim_catalog_text", "group": "marketing"})
    run = sync(pim, "products", attributes=MANY_ATTRIBUTES, **PLAIN)
    assert {request.path for request in pim.requests if request.method == "POST"} >= {SEARCH}
    plain = sync(pim, "products", attributes=["name"], **PLAIN)
    assert run.rows("products") == plain.rows("products")


@pytest.mark.parametrize("code", ["sku", "SKU"])
def test_the_identifier_is_there_however_its_attribute_is_spelled(
    start_pim: StartPim, code: str
) -> None:
    # The tap selects the values itself, because the PIM takes no long body either.
    run = sync(start_pim(products=10), "products", attributes=[*MANY_ATTRIBUTES, code])
    assert any(row["identifier"] for row in run.records("products"))


def test_a_run_that_broke_off_is_resumed_with_the_body(saas: SimulatedPim) -> None:
    wanted = uuids(saas)[:700]
    options = {"filters": only(wanted), **PLAIN}
    first = sync(saas, "products", collector=BreakingPipe(620), **options)
    saas.requests.clear()
    second = sync(saas, "products", state=first.state, **options)
    assert 0 < len(read(second)) < 300
    assert sorted({*read(first), *read(second)}) == wanted
    posted = [request for request in saas.requests if request.method == "POST"]
    assert any("search_after" in request.query for request in posted)


def test_a_broken_item_costs_only_itself(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim("saas", products=250)
    wanted = uuids(pim)
    pim.broken.add(wanted[100])
    run = sync(pim, "products", filters=only(wanted), **PLAIN)
    assert sorted(read(run)) == [*wanted[:100], *wanted[101:]]
    assert run.tap.failed_streams == ["products"]
    assert "products: the PIM answers 500 for " in caplog.text
    assert lists(pim) == {("POST", SEARCH)}


def test_a_refusal_names_the_setting_in_the_body(
    saas: SimulatedPim, caplog: pytest.LogCaptureFixture
) -> None:
    run = sync(saas, "products", filters=only(uuids(saas)), **PLAIN)
    assert run.tap.failed_streams == ["products"]
    (line,) = errors(caplog)
    assert "the PIM answers 422: You cannot search for more than 800 items." in line
    assert "(check the setting filters) [POST /api/rest/v1/products-uuid/search?" in line
