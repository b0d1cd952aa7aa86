"""The identifier of products that are read by uuid, which only their values contain."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tap_akeneo.streams.products import identifier_in
from tests.support import sync

if TYPE_CHECKING:
    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim


def identifiers(pim: SimulatedPim, **settings: Any) -> set[str | None]:
    records = sync(pim, "products", **settings).records("products")
    assert len(records) == len(pim.truth("products"))
    return {record.get("identifier") for record in records}


def held(pim: SimulatedPim) -> set[str | None]:
    values = [product["values"].get("sku") for product in pim.truth("products")]
    return {value[0]["data"] if value else None for value in values}


@pytest.mark.parametrize("profile", ["ce-7", "ee-7", "saas"])
def test_products_by_uuid_have_their_identifier(start_pim: StartPim, profile: str) -> None:
    pim = start_pim(profile)
    assert None in held(pim), "the simulated PIM has products without one"
    assert identifiers(pim) == held(pim)
    assert identifiers(pim, flattening_enabled=True, flattening_max_depth=1) == held(pim)
    assert identifiers(pim, attributes=["name", "sku"]) == held(pim)


def test_the_identifier_is_null_if_the_setting_attributes_leaves_it_out(
    start_pim: StartPim,
) -> None:
    pim = start_pim()
    assert identifiers(pim, attributes=["name"]) == {None}
    # More than a URL can hold, so that the PIM sends all values.
    assert identifiers(pim, attributes=["name", *(f"x{n:050}" for n in range(200))]) == {None}


def test_without_permission_for_attributes_the_identifier_is_null_with_a_warning(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    pim.faults.add("status", "/attributes", status=403, times=None)
    records = sync(pim, "products").records("products")
    assert {record.get("identifier") for record in records} == {None}
    (line,) = [line for line in caplog.messages if line.startswith("identifier stays null")]
    assert "“List attributes”" in line


@pytest.mark.parametrize(
    ("on_forbidden", "end"), [("fail", "failed_streams"), ("skip", "skipped_streams")]
)
def test_identifiers_are_not_lost_with_the_permission_for_attributes(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, on_forbidden: str, end: str
) -> None:
    pim = start_pim()
    settings: dict[str, Any] = {"pim_timezone": "UTC", "on_forbidden": on_forbidden}
    first = sync(pim, "products", **settings)
    pim.clock.advance(hours=2)
    changed = pim.truth("products")[0]
    pim.write.change("products", changed["uuid"], enabled=not changed["enabled"])
    pim.faults.add("status", "/attributes", status=403, times=None)
    second = sync(pim, "products", state=first.state, **settings)
    assert not second.records("products")
    assert list(getattr(second.tap, end)) == ["products"]
    assert "tick “List attributes”" in caplog.text
    pim.faults.clear()
    third = sync(pim, "products", state=second.state, **settings)
    (record,) = third.records("products")
    assert (record["uuid"], record["enabled"]) == (changed["uuid"], not changed["enabled"])
    assert record["identifier"] in held(pim)


def test_when_the_permission_comes_all_products_get_their_identifier(start_pim: StartPim) -> None:
    pim = start_pim()
    pim.faults.add("status", "/attributes", status=403, times=None)
    first = sync(pim, "products", pim_timezone="UTC")
    pim.faults.clear()
    second = sync(pim, "products", state=first.state, pim_timezone="UTC")
    assert {record["identifier"] for record in second.records("products")} == held(pim)


def test_filters_of_attributes_do_not_hide_the_identifier_attribute(start_pim: StartPim) -> None:
    pim = start_pim()
    only_name = {"attributes": {"code": [{"operator": "IN", "value": ["name"]}]}}
    assert identifiers(pim, filters=only_name) == held(pim)


def test_one_request_finds_the_attribute(start_pim: StartPim) -> None:
    pim = start_pim(products=250)
    sync(pim, "products", page_size=10)
    assert sum(request.path.endswith("/attributes") for request in pim.requests) == 1


@pytest.mark.parametrize("granted", [True, False])
def test_one_request_is_enough_for_all_streams_that_use_the_attribute(
    start_pim: StartPim, *, granted: bool
) -> None:
    pim = start_pim()
    if not granted:
        pim.permissions.discard("pim_api_attribute_list")
    streams = ("products", "product_keys", "product_model_keys", "product_scores")
    run = sync(pim, *streams)
    (asked,) = [request for request in pim.requests if request.path.endswith("/attributes")]
    assert "pim_catalog_identifier" in asked.query["search"]
    assert not run.tap.failed_streams
    for stream in ("product_keys", "product_scores"):
        assert run.rows(stream).keys() == run.rows("products").keys()
    small = [request for request in pim.requests if request.query.get("attributes") == "sku"]
    assert bool(small) is granted


CODES = ("sku", "sku2", "ean", "a", "1")
TEXTS = st.sampled_from(
    [
        "x",
        "sku",
        '"sku"',
        '"sku":[{"data":"no"}]',
        ',"sku":[{"data":"no"}]',
        "\\",
        '\\"',
        "]}",
        "é\n",
    ]
) | st.text(max_size=8)
SINGLE = TEXTS.map(lambda text: [{"locale": None, "scope": None, "data": text}])
OTHERS = (
    SINGLE
    | TEXTS.map(lambda code: [{"locale": None, "scope": None, "data": [code, "sku"]}])
    | TEXTS.map(lambda text: [{"locale": "en_US", "scope": "web", "data": {"sku": text}}])
    | TEXTS.map(lambda text: [{"data": [{"sku": text, "a": [text]}], "locale": None}])
)


@given(
    values=st.dictionaries(st.sampled_from(CODES[1:]), OTHERS),
    identifier=st.none() | SINGLE,
    last=st.booleans(),
    indent=st.none() | st.just(1),
    ascii_only=st.booleans(),
)
def test_the_identifier_is_found_among_values_of_any_content(
    values: dict[str, Any],
    identifier: list[dict[str, Any]] | None,
    last: bool,  # noqa: FBT001
    indent: int | None,
    ascii_only: bool,  # noqa: FBT001
) -> None:
    own = {} if identifier is None else {"sku": identifier}
    all_values = {**values, **own} if last else {**own, **values}
    text = json.dumps(
        all_values,
        indent=indent,
        separators=None if indent else (",", ":"),
        ensure_ascii=ascii_only,
    )
    found = identifier_in(msgspec.Raw(text.encode()), "sku")
    assert (found and msgspec.json.decode(found)) == (identifier and identifier[0]["data"])


def test_the_main_one_of_several_identifier_attributes_fills_the_column(
    start_pim: StartPim,
) -> None:
    pim = start_pim("librepim-8")
    pim.write.save("attributes", "a_gtin", {"type": "pim_catalog_identifier"})
    value = {"locale": None, "scope": None, "data": "4006381333931"}
    pim.write.product("linked", values={"a_gtin": [value]})
    assert identifiers(pim) == held(pim) >= {"linked", None}
