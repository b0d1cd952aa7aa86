"""Unusual responses: objects or messages instead of lists, and URLs that are too long."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import errors, sync

if TYPE_CHECKING:
    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim

ITEMS = [{"code": "a", "labels": {}}, {"code": "b", "labels": []}]
NO_LINKS: dict[str, Any] = {"_links": {}}

PAGES: dict[str, Any] = {
    "an object of items": {"_embedded": {"items": {"0": ITEMS[0], "2": ITEMS[1]}}},
    "links that are an empty list": {"_links": [], "_embedded": {"items": ITEMS}},
    "a list that has no pages": ITEMS,
    "a count that is text": {"_embedded": {"items": ITEMS}, "items_count": "2"},
}
EMPTY: dict[str, Any] = {
    "no items": {**NO_LINKS, "_embedded": {"items": {}}},
    "nothing embedded": {**NO_LINKS, "_embedded": []},
}
NO_LISTS: dict[str, Any] = {
    "an empty object": {},
    "null": None,
    "only links": NO_LINKS,
    "an empty page without items": {"_embedded": {}},
    "items that are null": {"_embedded": {"items": None}},
    "items outside a page": {"items": []},
    "a link that is not text": {
        "_embedded": {"items": ITEMS},
        "_links": {"next": {"href": 5}},
    },
    "a link without an address": {"_embedded": {"items": ITEMS}, "_links": {"next": {}}},
}
WORDS: dict[str, Any] = {
    "error": {"error": "It is switched off."},
    "message": {"message": "It is switched off."},
    "a code beside it": {"code": 200, "message": "It is switched off."},
    "an error in an object": {"error": {"message": "It is switched off."}},
    "errors in a list": {"errors": [{"message": "It is switched off."}]},
    "details": {"type": "about:blank", "title": "Off", "detail": "It is switched off."},
    "a list that is null": {"message": "It is switched off.", "_embedded": None},
}


def answer(pim: SimulatedPim, path: str, body: object) -> None:
    content = json.dumps(body).encode()
    pim.faults.add("status", path, status=200, body=content, times=None)


@pytest.mark.parametrize("body", PAGES.values(), ids=PAGES.keys())
@pytest.mark.parametrize("stream", ["association_types", "measurement_families"])
def test_items_are_read_from_lists_in_any_form(start_pim: StartPim, stream: str, body: Any) -> None:
    pim = start_pim()
    answer(pim, f"/{stream.replace('_', '-')}", body)
    rows = sync(pim, stream).as_sent(stream)
    assert rows == [{"code": "a", "labels": {}}, {"code": "b", "labels": {}}]


@pytest.mark.parametrize("body", EMPTY.values(), ids=EMPTY.keys())
@pytest.mark.parametrize("stream", ["association_types", "measurement_families"])
def test_empty_lists_are_recognized_in_any_form(
    start_pim: StartPim, stream: str, body: Any
) -> None:
    pim = start_pim()
    answer(pim, f"/{stream.replace('_', '-')}", body)
    assert not sync(pim, stream).records(stream)


def test_an_empty_array_is_a_list_only_where_the_pim_sends_arrays(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    answer(pim, "/measurement-families", [])
    answer(pim, "/association-types", [])
    assert not sync(pim, "measurement_families").records("measurement_families")
    run = sync(pim, "association_types", max_retries=0)
    assert run.tap.failed_streams == ["association_types"]
    assert "an empty value instead of a page" in caplog.text


def test_an_array_that_comes_in_pages_is_read_to_its_end(start_pim: StartPim) -> None:
    pim = start_pim()
    path = "/measurement-families"
    following = {"href": f"{pim.url}/api/rest/v1{path}?page=2"}
    first = {"_links": {"next": following}, "_embedded": {"items": ITEMS[:1]}}
    last = {"_links": {}, "_embedded": {"items": ITEMS[1:]}}
    pim.faults.add("status", path, nth=1, status=200, body=first)
    pim.faults.add("status", path, nth=2, status=200, body=last)
    run = sync(pim, "measurement_families", max_concurrency=1)
    assert [row["code"] for row in run.records("measurement_families")] == ["a", "b"]
    assert run.tap.failed_streams == []


@pytest.mark.parametrize("body", NO_LISTS.values(), ids=NO_LISTS.keys())
@pytest.mark.parametrize("stream", ["association_types", "measurement_families"])
def test_a_response_that_is_no_list_is_retried(start_pim: StartPim, stream: str, body: Any) -> None:
    pim = start_pim()
    path = f"/{stream.replace('_', '-')}"
    pim.faults.add("status", path, status=200, body=json.dumps(body).encode())
    # The list itself follows.
    rows = sync(pim, stream).records(stream)
    assert len(rows) == len(pim.truth(stream))


def test_a_list_goes_on_after_an_empty_response_in_the_middle(start_pim: StartPim) -> None:
    for body in (b"{}", b"[]"):
        pim = start_pim("saas", products=60)
        pim.faults.add("status", "/products-uuid", nth=3, status=200, body=body)
        run = sync(pim, "products", page_size=10, max_concurrency=1)
        assert len(run.rows("products")) == len(pim.truth("products"))


@pytest.mark.parametrize(
    "href", ["http://pim/?no=page", "", "nowhere", "http://[::1/?page=2"], ids=repr
)
def test_a_link_that_leads_nowhere_fails_only_its_list_and_is_quoted(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, href: str
) -> None:
    pim = start_pim()
    body = {"_embedded": {"items": ITEMS}, "_links": {"next": {"href": href}}}
    answer(pim, "/association-types", body)
    run = sync(pim, "association_types", "families")
    assert run.tap.failed_streams == ["association_types"]
    assert run.records("families")
    assert "the link to the next page has neither search_after nor page: " in caplog.text
    assert repr(href) in caplog.text


@pytest.mark.parametrize(
    ("stream", "body"),
    [
        pytest.param(stream, body, id=f"{stream} {name}")
        for stream in (
            *("association_types", "measurement_families", "products", "catalog_mapping_schemas"),
        )
        for name, body in WORDS.items()
        # This stream reads single items, whose URL never returns a list.
        if stream != "catalog_mapping_schemas" or "_embedded" not in body
    ],
)
def test_a_message_instead_of_a_list_is_logged_and_other_streams_are_read(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, stream: str, body: Any
) -> None:
    pim = start_pim("saas" if stream.startswith("catalog") else "ce-7", products=5)
    path = {"products": "/products-uuid", "catalog_mapping_schemas": "/mapping-schemas/"}
    answer(pim, path.get(stream, f"/{stream.replace('_', '-')}"), body)
    login: dict[str, Any] = {}
    if stream.startswith("catalog"):
        login = {**dict.fromkeys(pim.credentials), "access_token": pim.app_token}
    run = sync(pim, stream, "families", max_retries=0, **login)
    assert not run.records(stream)
    assert run.records("families")
    # Only lists of catalogs may be disabled.
    assert run.tap.failed_streams == ([] if login else [stream])
    assert "the PIM says: It is switched off." in caplog.text


@pytest.mark.parametrize("body", [5, "down", [1], {"_embedded": {"items": [1]}}])
def test_a_response_without_a_list_is_not_treated_as_empty(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, body: Any
) -> None:
    pim = start_pim(products=5)
    answer(pim, "/association-types", body)
    run = sync(pim, "association_types", max_retries=0)
    assert run.tap.failed_streams == ["association_types"]
    assert "the response is not JSON of the PIM's API" in caplog.text


def test_values_are_filtered_even_if_the_attributes_do_not_fit_into_a_url(
    start_pim: StartPim,
) -> None:
    pim = start_pim()
    codes = {code for row in pim.truth("products") for code in row["values"]}
    chosen = sorted(codes)[::2]
    many = [*chosen, *(f"an_attribute_that_does_not_exist_{number:03}" for number in range(300))]
    maps: dict[str, Any] = {"products": {"family": None}}
    for more in ({}, maps):
        run = sync(pim, "products", "product_models", attributes=many, stream_maps=more)
        assert max(len(str(request.query)) for request in pim.requests) < 6_000
        rows = run.rows("products")
        assert len(rows) == len(pim.truth("products"))
        for product in pim.truth("products"):
            values = rows[product["uuid"],]["values"]
            assert values.keys() == product["values"].keys() & set(chosen)
        assert any(row["values"] for row in run.records("product_models"))


@pytest.mark.parametrize("status", [414, 431, 413])
def test_a_url_that_is_too_long_is_reported_with_the_settings_to_shorten(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, status: int
) -> None:
    pim = start_pim(products=5)
    pim.faults.add("status", "/products-uuid", status=status, body="<h1>Too long</h1>", times=None)
    run = sync(pim, "products", "families", locales=["en_US"] * 500)
    assert run.tap.failed_streams == ["products"]
    assert run.records("families")
    (line,) = errors(caplog)
    assert "too long for the web server: shorten the setting locales" in line
    assert len(line) < 700
