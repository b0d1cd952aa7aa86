"""Every record of every stream equals the data in the PIM."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import msgspec
import pytest

from demo.database import with_identifier
from tap_akeneo.client.errors import AkeneoError
from tap_akeneo.streams import STREAMS
from tap_akeneo.streams.base import AkeneoStream
from tap_akeneo.streams.keys import KeyStream
from tests.support import ON_REQUEST, as_sent, sync

if TYPE_CHECKING:
    from collections.abc import Collection

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim
    from tests.support import Run

# Properties that have a stream of their own.
MOVED = {"workflows": ("steps",)}
FOR_APPS = {stream.name for stream in STREAMS if stream.needs_app}
# Streams whose keys are not in the PIM, or that have only keys (see test_deletions.py).
TOLD_ELSEWHERE = {
    "system_information",
    *(one.name for one in STREAMS if issubclass(one, KeyStream)),
}
NAMES = tuple(dict.fromkeys(stream.name for stream in STREAMS))


@pytest.fixture(scope="session")
def full_run(any_pim: SimulatedPim) -> Run:
    return sync(any_pim, with_personal_data=True)


def expected(pim: SimulatedPim, run: Run, stream: str) -> dict[tuple[str, ...], dict[str, Any]]:
    """Return the PIM's items of a stream by primary key."""
    keys = run.tap.streams[stream].primary_keys
    held = map(with_identifier, pim.truth(stream)) if stream == "products" else pim.truth(stream)
    return {tuple(row[key] for key in keys): row for row in held}


@pytest.mark.parametrize("stream", [name for name in NAMES if name not in TOLD_ELSEWHERE])
def test_every_record_equals_its_item_in_the_pim(
    any_pim: SimulatedPim, full_run: Run, stream: str
) -> None:
    if stream not in full_run.tap.streams:
        # SaaS no longer offers published products, so the simulator's are not visible.
        assert stream in {*FOR_APPS, "published_products"} or not any_pim.truth(stream)
        return
    assert_equal_to_truth(any_pim, full_run, stream)


@pytest.mark.parametrize("profile", ["ce-2026", "ce-master", "librepim-8"])
def test_newer_versions_on_premise_and_a_fork_are_read_as_well(
    start_pim: StartPim, profile: str
) -> None:
    pim = start_pim(profile, products=250)
    run = sync(pim)
    assert not run.tap.failed_streams
    for stream in {*NAMES} - TOLD_ELSEWHERE & run.tap.streams.keys():
        assert_equal_to_truth(pim, run, stream)


def assert_equal_to_truth(pim: SimulatedPim, run: Run, stream: str) -> None:
    truth = expected(pim, run, stream)
    rows = run.rows(stream)
    assert truth, "an empty stream would prove nothing"
    assert rows.keys() == truth.keys()
    assert len(rows) == len(run.records(stream)), "no key comes twice in a quiet run"
    for key, row in rows.items():
        sent, held = as_sent(row), truth[key]
        if stream.endswith("_scores"):
            sent = scores_in(sent)
        for name in ON_REQUEST.get(stream, ()):
            sent.pop(name, None)
        if stream == "measurement_families" and pim.profile.major < 5:
            held = without_labels(held)
        if held.get("default_value") is not None:
            held = {**held, "default_value": json.dumps(held["default_value"])}
        assert sent == without(held, MOVED.get(stream, ON_REQUEST.get(stream, ())))


def scores_in(row: dict[str, Any]) -> dict[str, Any]:
    """Return a row of scores without `read_at`; 6.0 sends {} for no completenesses."""
    return {name: value or [] for name, value in row.items() if name != "read_at"}


def without(value: dict[str, Any], names: Collection[str]) -> dict[str, Any]:
    return {key: inner for key, inner in value.items() if key not in names}


def without_labels(value: Any) -> Any:
    """Remove labels, which the old API does not have."""
    if isinstance(value, dict):
        return {key: without_labels(inner) for key, inner in value.items() if key != "labels"}
    return value


@pytest.mark.parametrize("stream", ["products", "product_models", "categories"])
def test_properties_on_request_equal_those_of_a_single_item(full_run: Run, stream: str) -> None:
    tap = full_run.tap
    kind = tap.streams[stream]
    assert isinstance(kind, AkeneoStream)
    for (key,), row in list(full_run.rows(stream).items())[:10]:
        path = f"{kind.path}/{quote(key)}"
        single = tap.pim.get(path, msgspec.json.decode, kind.params())
        for name in ON_REQUEST[stream][:2]:
            # 6.0 sends an empty list as {}.
            assert (row.get(name) or []) == (single.get(name) or [])


def test_table_attributes_have_the_options_of_their_select_columns(start_pim: StartPim) -> None:
    pim = start_pim("ee-7")
    for has_options in (True, False):
        run = sync(pim, "attributes", with_table_select_options=has_options)
        (table,) = [row for row in run.records("attributes") if row.get("table_configuration")]
        selects = [
            column for column in table["table_configuration"] if column["data_type"] == "select"
        ]
        assert selects
        assert all(("options" in column) is has_options for column in selects)


@pytest.fixture
def app_run(start_pim: StartPim) -> tuple[SimulatedPim, Run]:
    pim = start_pim("saas")
    return pim, sync(pim, **as_app(pim))


def as_app(pim: SimulatedPim) -> dict[str, Any]:
    """Return settings with an app's token instead of a connection's credentials."""
    return {**dict.fromkeys(pim.credentials), "access_token": pim.app_token}


def test_an_app_reads_its_catalogs(app_run: tuple[SimulatedPim, Run]) -> None:
    pim, run = app_run
    assert not run.tap.failed_streams
    assert_equal_to_truth(pim, run, "catalogs")
    assert_equal_to_truth(pim, run, "catalog_products")
    mapped = ("catalog_mapped_products", "catalog_mapped_models", "catalog_mapped_variants")
    for stream in (*mapped, "catalog_mapping_schemas"):
        rows = run.rows(stream)
        truth = expected(pim, run, stream)
        assert rows.keys() == truth.keys()
        for key, row in rows.items():
            sent = row["schema"] if stream == "catalog_mapping_schemas" else row["data"]
            # A model in the response links to its variants; the truth does not.
            held = without(truth[key], ["catalog_id", "model_code"])
            assert without(sent, ["variants"]) == held
            assert row.get("model_code") == truth[key].get("model_code")


def test_products_and_variants_of_a_mapped_catalog_are_all_its_products(
    app_run: tuple[SimulatedPim, Run],
) -> None:
    _, run = app_run
    (catalog,) = {catalog for catalog, _ in run.rows("catalog_mapped_variants")}
    simple, variants = (
        {key for key in run.rows(stream) if key[0] == catalog}
        for stream in ("catalog_mapped_products", "catalog_mapped_variants")
    )
    assert not simple & variants
    assert simple | variants == {key for key in run.rows("catalog_products") if key[0] == catalog}
    models = {row["model_code"] for row in run.records("catalog_mapped_variants")}
    assert models == {code for _, code in run.rows("catalog_mapped_models")}


def test_each_rule_is_read_at_its_own_address(start_pim: StartPim) -> None:
    pim = start_pim("saas", latency=0.05)
    rules = sync(pim, "rule_definitions").records("rule_definitions")
    assert pim.requests.highest_concurrency > 1
    assert all(rule["conditions"] and rule["actions"] for rule in rules)
    asked = [request for request in pim.requests if "/rule-definitions" in request.path]
    assert len(asked) == 1 + len(rules)


def test_lists_of_later_streams_are_read_while_those_of_an_earlier_one_are_slow(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=5)
    pim.faults.add("slow", "/families", delay=0.5)
    run = sync(pim, "families", "locales")
    answered = [one.path.rpartition("/")[2] for one in pim.requests]
    assert answered.index("locales") < answered.index("families")
    assert len(run.rows("families")) == len(pim.truth("families"))


def test_a_rule_that_is_deleted_while_rules_are_read_is_left_out(start_pim: StartPim) -> None:
    pim = start_pim("saas")
    pim.faults.add(
        "event",
        "/rule-definitions",
        nth=2,
        do=lambda: pim.write.delete("rule_definitions", "rule_07"),
    )
    run = sync(pim, "rule_definitions", max_concurrency=1)
    assert run.rows("rule_definitions").keys() == {
        (row["code"],) for row in pim.truth("rule_definitions")
    }
    assert not run.tap.failed_streams


@pytest.mark.parametrize(
    ("profile", "stream", "path"),
    [
        ("saas", "rule_definitions", "/rule-definitions/rule_07"),
        ("ee-7", "product_drafts", "/draft"),
    ],
)
def test_an_item_without_an_address_that_the_pim_still_lists_fails_its_stream(
    start_pim: StartPim, profile: str, stream: str, path: str
) -> None:
    pim = start_pim(profile)
    body = {"code": 404, "message": "It does not exist."}
    pim.faults.add("status", path, status=404, body=body, times=None)
    assert sync(pim, stream).tap.failed_streams == [stream]


def test_a_disabled_catalog_is_logged_and_has_no_rows(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim("saas")
    (disabled, *_) = [row["id"] for row in pim.truth("catalogs") if not row["enabled"]]
    with caplog.at_level(logging.WARNING):
        run = sync(pim, "catalog_products", **as_app(pim))
    assert "skipped, the PIM says: " in caplog.text
    assert f"[catalogs/{disabled}/products]" in caplog.text
    skipped = f"skipped lists: 1 of catalog_products (catalogs/{disabled}/products)"
    assert f"; {skipped}; incomplete streams: none" in str(run.tap.summary())
    assert disabled not in {catalog for catalog, _ in run.rows("catalog_products")}
    assert not run.tap.failed_streams


def test_a_catalog_without_a_mapping_schema_has_no_row_and_is_read(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim("saas")
    with caplog.at_level(logging.INFO):
        run = sync(pim, "catalog_mapping_schemas", "readings", **as_app(pim))
    (reading,) = run.records("readings")
    mapped = len(pim.truth("catalog_mapping_schemas"))
    assert (reading["parent"], reading["is_full"], reading["row_count"]) == ("*", True, mapped)
    assert mapped < len(pim.truth("catalogs"))
    assert "meanwhile" not in caplog.text


def test_the_error_for_a_wrong_app_token_names_its_setting(start_pim: StartPim) -> None:
    pim = start_pim("saas")
    with pytest.raises(AkeneoError, match="check the setting access_token"):
        sync(pim, "products", **{**as_app(pim), "access_token": "wrong"})


def test_system_information_has_one_row_with_the_host(any_pim: SimulatedPim, full_run: Run) -> None:
    host = str(any_pim.url).partition("//")[2]
    assert full_run.records("system_information") == [
        {"host": host, **row} for row in any_pim.truth("system_information")
    ]


LOOKING_INSIDE: dict[str, dict[str, Any]] = {
    "stream maps": {"stream_maps": {"locales": {}}},
    "flattening": {"flattening_enabled": True, "flattening_max_depth": 0},
}


@pytest.mark.parametrize("settings", LOOKING_INSIDE.values(), ids=LOOKING_INSIDE.keys())
def test_records_are_the_same_whether_or_not_they_are_decoded(
    any_pim: SimulatedPim, full_run: Run, settings: dict[str, Any]
) -> None:
    decoded = sync(any_pim, with_personal_data=True, **settings)
    # The keys of readings are times.
    for stream in full_run.tap.streams.keys() - {"readings"}:
        assert without_time(decoded.rows(stream)) == without_time(full_run.rows(stream))


def without_time(
    rows: dict[tuple[str, ...], dict[str, Any]],
) -> dict[tuple[str, ...], dict[str, Any]]:
    """Remove `read_at`, which differs between runs."""
    return {key: without(row, ["read_at"]) for key, row in rows.items()}


def test_the_key_of_products_is_the_identifier_in_old_pims_and_the_uuid_in_newer_ones(
    any_pim: SimulatedPim, full_run: Run
) -> None:
    by_uuid = any_pim.profile.name in {"ce-7", "ee-7", "saas"}
    key = "uuid" if by_uuid else "identifier"
    assert full_run.tap.streams["products"].primary_keys == (key,)


def test_records_do_not_contain_links(full_run: Run) -> None:
    for message in full_run.messages:
        if message["type"] == "RECORD":
            assert "_links" not in message["record"]


def test_option_labels_are_added_to_values_on_request(start_pim: StartPim) -> None:
    pim = start_pim()
    run = sync(pim, "products", with_attribute_options=True)
    linked = [
        value["linked_data"]
        for record in run.records("products")
        for values in record["values"].values()
        for value in values
        if "linked_data" in value
    ]
    assert linked
    for data in linked:
        options = [data] if "attribute" in data else list(data.values())
        assert all(isinstance(option["labels"], dict) for option in options)


def test_values_are_limited_to_the_configured_channel_locales_and_attributes(
    start_pim: StartPim,
) -> None:
    pim = start_pim()
    run = sync(pim, "products", channel="print", locales=["de_DE"], attributes=["name", "weight"])
    for record in run.records("products"):
        assert record["values"].keys() <= {"name", "weight"}
        for values in record["values"].values():
            assert {value["scope"] for value in values} <= {None, "print"}
            assert {value["locale"] for value in values} <= {None, "de_DE"}


def test_products_without_an_identifier_are_read(start_pim: StartPim) -> None:
    pim = start_pim("ce-7")
    without = [product for product in pim.truth("products") if "sku" not in product["values"]]
    assert without, "the simulated PIM has some"
    assert {(product["uuid"],) for product in without} <= sync(pim, "products").rows(
        "products"
    ).keys()
