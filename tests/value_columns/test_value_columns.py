"""The setting `value_columns`: one typed property for each value of the chosen attributes."""

from __future__ import annotations

import json
import logging
import re
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from jsonschema import Draft7Validator, FormatChecker
from singer_sdk.contrib.msgspec import serialize_jsonl

from tap_akeneo.changed_values import ChangedValues
from tap_akeneo.permissions import ROLE_SCREEN
from tap_akeneo.tap import TapAkeneo
from tap_akeneo.value_columns.definitions import MAX_COLUMNS, Attribute, Channel, columns_of
from tap_akeneo.value_columns.definitions import column_name as name_of
from tap_akeneo.value_columns.filling import ColumnWriter
from tests.docs.tables import DOCS
from tests.support import Ended, Run, command, settings_for, sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim

STREAMS = ("products", "product_models")
LINKED = {
    "akeneo_reference_entity_collection",
    "pim_catalog_asset_collection",
    "pim_catalog_multiselect",
}


@pytest.fixture(scope="session")
def wide_run(any_pim: SimulatedPim) -> Run:
    return sync(any_pim, *STREAMS, value_columns=["*"])


def columns_in(record: dict[str, Any]) -> dict[str, Any]:
    return {name: content for name, content in record.items() if name.startswith("value_")}


def expected(values: dict[str, Any], types: dict[str, str]) -> dict[str, Any]:
    """Return the columns of a product in the PIM that are not null."""
    found = {}
    for code, entries in values.items():
        for entry in entries:
            places = (code, entry["scope"], entry["locale"])
            name = "value_" + "__".join(part for part in places if part).lower()
            for part, content in parts(types[code], entry["data"]):
                found[name + part.lower()] = content
    return {name: content for name, content in found.items() if content is not None}


def parts(type_: str, data: Any) -> Iterator[tuple[str, Any]]:
    if type_ == "pim_catalog_metric":
        yield "__amount", data["amount"] and float(data["amount"])
        yield "__unit", data["unit"]
    elif type_ == "pim_catalog_price_collection":
        for price in data:
            yield f"__{price['currency']}", price["amount"] and float(price["amount"])
    elif type_ == "pim_catalog_number":
        yield "", float(data)
    elif type_ == "pim_catalog_date":
        yield "", data[:10]
    elif type_ in LINKED:
        yield "", ",".join(data)
    else:
        yield "", data


@pytest.mark.parametrize("stream", STREAMS)
def test_every_value_in_the_pim_is_in_its_column_and_other_columns_are_null(
    any_pim: SimulatedPim, wide_run: Run, stream: str
) -> None:
    types = {one["code"]: one["type"] for one in any_pim.truth("attributes")}
    keys = wide_run.tap.streams[stream].primary_keys
    truth = {tuple(row[key] for key in keys): row for row in any_pim.truth(stream)}
    rows = wide_run.rows(stream)
    assert rows.keys() == truth.keys()
    seen: set[str] = set()
    for key, row in rows.items():
        filled = {name: one for name, one in columns_in(row).items() if one is not None}
        wanted = expected(truth[key]["values"], types)
        for name, content in wanted.items():
            if isinstance(content, (dict, list)):
                filled[name] = json.loads(filled[name])
        assert filled == wanted
        seen |= filled.keys()
    assert len(seen) > 20, "hardly any value would prove nothing"


@pytest.mark.parametrize("stream", STREAMS)
def test_records_have_all_announced_columns_and_satisfy_the_schema(
    wide_run: Run, stream: str
) -> None:
    schema = wide_run.schema(stream)
    announced = {name for name in schema["properties"] if name.startswith("value_")}
    validator = Draft7Validator(schema, format_checker=FormatChecker(("date",)))
    for record in wide_run.records(stream):
        assert columns_in(record).keys() == announced
        assert list(validator.iter_errors(record)) == []
        assert "values" in record


def test_the_types_of_columns_are_those_of_the_attributes(wide_run: Run) -> None:
    properties = wide_run.schema("products")["properties"]
    types = {
        name: (properties[f"value_{name}"]["type"][0], properties[f"value_{name}"].get("format"))
        for name in (
            *("name__en_us", "weight__amount", "weight__unit", "price__eur", "optical_zoom"),
            *("on_sale", "release_date", "brand", "tags", "list_price__mobile__eur"),
        )
    }
    assert types == {
        "name__en_us": ("string", None),
        "weight__amount": ("number", None),
        "weight__unit": ("string", None),
        "price__eur": ("number", None),
        "optical_zoom": ("number", None),
        "on_sale": ("boolean", None),
        "release_date": ("string", "date"),
        "brand": ("string", None),
        "tags": ("string", None),
        "list_price__mobile__eur": ("number", None),
    }


def test_columns_exist_only_for_locales_and_currencies_of_the_channels(
    any_pim: SimulatedPim, wide_run: Run
) -> None:
    names = wide_run.schema("products")["properties"]
    for channel in any_pim.truth("channels"):
        code = channel["code"]
        described = [name for name in names if name.startswith(f"value_description__{code}__")]
        assert {name.rpartition("__")[2] for name in described} == {
            locale.lower() for locale in channel["locales"]
        }
        priced = [name for name in names if name.startswith(f"value_list_price__{code}__")]
        assert {name.rpartition("__")[2] for name in priced} == {
            currency.lower() for currency in channel["currencies"]
        }
    assert "value_legal_notice__de_de" in names, "an attribute of one locale"
    assert "value_legal_notice__en_us" not in names


def test_the_columns_are_the_same_whether_or_not_values_are_decoded(
    any_pim: SimulatedPim, wide_run: Run
) -> None:
    run = sync(any_pim, *STREAMS, value_columns=["*"], stream_maps={"locales": {}})
    for stream in STREAMS:
        assert run.rows(stream) == wide_run.rows(stream)


def test_without_the_setting_there_are_no_columns_and_no_further_requests(
    start_pim: StartPim,
) -> None:
    pim = start_pim()
    run = sync(pim, "products")
    assert not any(columns_in(record) for record in run.records("products"))
    assert not any("/channels" in request.path for request in pim.requests)


def test_only_the_chosen_attributes_have_columns_and_patterns_ignore_case(
    start_pim: StartPim,
) -> None:
    run = sync(start_pim(), "products", value_columns=["NAME", "*_d?te"])
    assert columns_in(run.schema("products")["properties"]).keys() == {
        *("value_name__de_de", "value_name__en_us", "value_name__fr_fr", "value_release_date")
    }


def test_values_that_other_settings_exclude_have_no_columns(start_pim: StartPim) -> None:
    run = sync(
        start_pim(),
        "products",
        value_columns=["*"],
        channel="print",
        locales=["de_DE"],
        attributes=["name", "pattern", "price"],
    )
    assert columns_in(run.schema("products")["properties"]).keys() == {
        *("value_name__de_de", "value_pattern__print", "value_price__eur", "value_price__usd")
    }
    filled = [one for record in run.records("products") for one in columns_in(record).values()]
    assert any(one is not None for one in filled)


def test_published_products_have_columns_too(start_pim: StartPim) -> None:
    run = sync(start_pim("ee-7"), "published_products", value_columns=["name"])
    assert any(
        columns_in(record)["value_name__en_us"] for record in run.records("published_products")
    )


def test_patterns_that_match_nothing_are_logged_in_one_line(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    with caplog.at_level(logging.WARNING):
        sync(pim, *STREAMS, value_columns=["name", "nmae", "colour_*"])
    assert [one for one in caplog.messages if "value_columns" in one] == [
        "value_columns: the PIM has no attribute nmae, colour_*"
    ]


def test_too_many_columns_end_the_run_with_one_line(start_pim: StartPim) -> None:
    pim = start_pim()
    for number in range(MAX_COLUMNS // 3):
        data = {"type": "pim_catalog_text", "localizable": True}
        pim.write.save("attributes", f"further_{number}", data)
    ended = discover(pim, value_columns=["name", "further_*"])
    assert ended.code == 1
    (line,) = ended.errors
    assert re.match(
        r"value_columns: 903 columns \(3 of \w+, .*\), but .* about 900: name fewer", line
    )
    assert discover(pim, value_columns=["further_*"]).code == 0


@pytest.mark.parametrize(
    ("permission", "label"),
    [("pim_api_attribute_list", "List attributes"), ("pim_api_channel_list", "List channels")],
)
def test_a_missing_permission_ends_discovery_with_one_line_that_names_it(
    start_pim: StartPim, permission: str, label: str
) -> None:
    pim = start_pim()
    pim.permissions.discard(permission)
    ended = discover(pim, value_columns=["*"])
    assert (ended.code, ended.stdout) == (1, "")
    (line,) = ended.errors
    assert line.startswith("value_columns: the PIM answers 403: ")
    assert f"(permission missing: in the PIM, under {ROLE_SCREEN}, tick “{label}”)" in line


def test_a_pim_that_fails_ends_discovery_with_one_line(start_pim: StartPim) -> None:
    pim = start_pim()
    pim.faults.add("status", "/channels", status=500, times=None)
    ended = discover(pim, value_columns=["*"], max_retries=0)
    assert ended.code == 1
    (line,) = ended.errors
    assert line.startswith("value_columns: ")
    assert "/channels" in line


def discover(pim: SimulatedPim, **settings: Any) -> Ended:
    return command("--discover", config=settings_for(pim, **settings))


def test_a_new_attribute_has_a_column_in_the_next_run_and_renames_none(start_pim: StartPim) -> None:
    pim = start_pim()
    before = sync(pim, "products", value_columns=["*"]).schema("products")["properties"]
    # Together with a locale or a channel, `name` could be confused with these.
    codes = ("name_en_us", "name__en_us", "value_name", "a" * 80, "_name", "Newest")
    for code in codes:
        pim.write.save("attributes", code, {"type": "pim_catalog_text"})
    uuid = pim.write.product("bag-1", values={"name__en_us": [value("two underscores")]})
    run = sync(pim, "products", value_columns=["*"])
    after = run.schema("products")["properties"]
    assert {name: after[name] for name in before} == before
    assert len(after) == len(before) + len(codes)
    assert "value_newest" in after
    (record,) = (one for one in run.records("products") if one["uuid"] == uuid)
    filled = {name: one for name, one in columns_in(record).items() if one is not None}
    assert set(filled) - {"value_sku"} == {name_of("name__en_us")}
    assert filled[name_of("name__en_us")] == "two underscores"


def value(data: Any) -> dict[str, Any]:
    return {"locale": None, "scope": None, "data": data}


def run_with_catalog(
    pim: SimulatedPim, change: Callable[[dict[str, Any]], None], **settings: Any
) -> Run:
    """Discover, change the entry of products, and run with that catalog."""
    catalog = json.loads(json.dumps(TapAkeneo(config=settings_for(pim, **settings)).catalog_dict))
    for entry in catalog["streams"]:
        for one in entry["metadata"]:
            if not one["breadcrumb"]:
                one["metadata"]["selected"] = entry["tap_stream_id"] == "products"
        if entry["tap_stream_id"] == "products":
            change(entry)
    return sync(pim, catalog=catalog, **settings)


def deselect(entry: dict[str, Any], *names: str) -> None:
    for one in entry["metadata"]:
        if one["breadcrumb"][1:] in [[name] for name in names]:
            one["metadata"]["selected"] = False


def test_columns_can_be_deselected_and_do_not_need_the_property_values(start_pim: StartPim) -> None:
    run = run_with_catalog(
        start_pim(),
        lambda entry: deselect(entry, "values", "value_name__de_de"),
        value_columns=["name"],
    )
    records = run.records("products")
    assert any(record["value_name__en_us"] for record in records)
    for record in records:
        assert "values" not in record
        assert columns_in(record).keys() == {"value_name__en_us", "value_name__fr_fr"}


@pytest.mark.parametrize("values", ["[]", "5", "null"])
def test_values_of_any_form_can_be_deselected_with_many_attributes(
    start_pim: StartPim, values: str
) -> None:
    pim = start_pim()
    pim.faults.add(
        "odd", "/products-uuid", odd={'"values":': f'"values":{values},"x":'}, times=None
    )
    # More than a URL can hold, so the tap looks for them in the values.
    attributes = ["name", *(f"x{number:050}" for number in range(200))]
    run = run_with_catalog(pim, lambda entry: deselect(entry, "values"), attributes=attributes)
    assert run.rows("products").keys() == {(row["uuid"],) for row in pim.truth("products")}


def test_a_column_that_is_not_in_the_catalog_is_not_written(start_pim: StartPim) -> None:
    def trim(entry: dict[str, Any]) -> None:
        del entry["schema"]["properties"]["value_name__de_de"]
        entry["metadata"] = [
            one for one in entry["metadata"] if "value_name__de_de" not in one["breadcrumb"]
        ]

    run = run_with_catalog(start_pim(), trim, value_columns=["name"])
    kept = {"value_name__en_us", "value_name__fr_fr"}
    assert columns_in(run.schema("products")["properties"]).keys() == kept
    for record in run.records("products"):
        assert columns_in(record).keys() == kept
        assert "additional_fields" not in record


def test_a_column_of_the_catalog_whose_attribute_is_gone_is_null(start_pim: StartPim) -> None:
    def add(entry: dict[str, Any]) -> None:
        entry["schema"]["properties"]["value_old"] = {"type": ["string", "null"]}

    run = run_with_catalog(start_pim(), add, value_columns=["name"])
    assert all(record["value_old"] is None for record in run.records("products"))


def test_the_type_in_the_catalog_counts(start_pim: StartPim) -> None:
    def change(entry: dict[str, Any]) -> None:
        entry["schema"]["properties"]["value_price__eur"] = {"type": ["string", "null"]}

    run = run_with_catalog(start_pim(), change, value_columns=["price"])
    prices = [record["value_price__eur"] for record in run.records("products")]
    assert any(prices)
    assert {type(price) for price in prices} == {str, type(None)}


ODD_PRICES = {'"amount":"': '"amount":"about ', '"data":true': '"data":"maybe"'}


def test_values_that_do_not_fit_are_null_with_a_warning_and_stay_in_values(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    pim.faults.add("odd", "/products-uuid", odd=ODD_PRICES, times=None)
    with caplog.at_level(logging.WARNING):
        run = sync(pim, "products", value_columns=["price", "weight", "on_sale"])
    records = run.records("products")
    assert any("about" in str(record["values"]) for record in records)
    validator = Draft7Validator(run.schema("products"))
    for record in records:
        assert list(validator.iter_errors(record)) == []
        assert record["value_price__eur"] is record["value_weight__amount"] is None
        assert record["value_on_sale"] in {None, False}
    assert any(record["value_weight__unit"] for record in records)
    for name in ("value_price__eur", "value_weight__amount"):
        (line,) = (one for one in caplog.messages if f"`{name}`" in one)
        assert "text instead of a number" in line
        assert line.endswith("null instead")
    assert "additional_fields" not in {name for record in records for name in record}


codes = st.text(alphabet="abAB01_", min_size=1, max_size=70) | st.text(min_size=1, max_size=8)
parts_of_names = st.lists(codes, min_size=1, max_size=4)


@given(one=parts_of_names, other=parts_of_names)
def test_names_of_columns_are_safe_and_unique(one: list[str], other: list[str]) -> None:
    for name in (name_of(*one), name_of(*other)):
        assert re.fullmatch(r"[a-z][a-z0-9_]{0,62}", name)
    assume([part.lower() for part in one] != [part.lower() for part in other])
    assert name_of(*one) != name_of(*other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("name", "en_US"), ("name__en_us",)),
        (("name_", "en_US"), ("name", "_en_us")),
        (("name", "en_US"), ("name_en_us",)),
        (("a" * 60, "en_US"), ("a" * 60, "en_GB")),
        (("a-b",), ("a.b",)),
    ],
)
def test_names_that_could_be_confused_differ(one: tuple[str, ...], other: tuple[str, ...]) -> None:
    assert name_of(*one) != name_of(*other)


def test_names_are_those_of_the_documentation() -> None:
    assert name_of("name", "en_US") == "value_name__en_us"
    assert name_of("2nd_name") == "value_2nd_name"
    # The hash is part of tables in databases, so it must never change.
    assert name_of("name__long") == "value_name_long___d26102dfe5"


def test_the_columns_on_the_documentation_page_exist(start_pim: StartPim) -> None:
    table = (DOCS / "values.md").read_text(encoding="utf-8").partition("| Type of")[2]
    documented = set(re.findall(r"`(value_\w+)`", table.partition("\n\n")[0]))
    properties = sync(start_pim("ee-7"), "products", value_columns=["*"]).schema("products")[
        "properties"
    ]
    assert len(documented) > 10
    assert documented <= properties.keys()


CHANNELS = [Channel("shop", ("en_US",), ("EUR",))]
TYPES = ("text", "number", "boolean", "date", "metric", "price_collection", "table", "new")
COLUMNS = [
    column
    for type_ in TYPES
    for column in columns_of(Attribute(type_, f"pim_catalog_{type_}"), CHANNELS)
]
PROPERTIES = {column.name: dict(column.schema) for column in COLUMNS}

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.decimals(allow_nan=False, allow_infinity=False, places=4).map(str)
    | st.text(max_size=5)
    | st.sampled_from(["12.0000", "1e400", "NaN", "2024-02-30", "0000-00-00", "2024-01-01"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["amount", "unit", "currency", "data", "0"]), inner)
    ),
    max_leaves=6,
)
entries = st.fixed_dictionaries({"scope": st.none(), "locale": st.none(), "data": json_values})
some_values = (
    st.dictionaries(st.sampled_from(TYPES), st.lists(entries, max_size=2) | json_values)
    | json_values
)


@given(values=some_values)
def test_columns_satisfy_their_schema_whatever_json_the_values_are(values: Any) -> None:
    write = ColumnWriter(COLUMNS, PROPERTIES, ChangedValues(logging.getLogger("test")))
    raw = write(msgspec.Raw(msgspec.json.encode(values)))
    assert raw.keys() == PROPERTIES.keys()
    assert raw == write(values)
    validator = Draft7Validator({"properties": PROPERTIES}, format_checker=FormatChecker(("date",)))
    assert list(validator.iter_errors(json.loads(serialize_jsonl(raw)))) == []


@given(number=st.decimals(allow_nan=False, allow_infinity=False, min_value=-1e20, max_value=1e20))
def test_numbers_keep_all_their_digits(number: Decimal) -> None:
    write = ColumnWriter(COLUMNS, PROPERTIES, ChangedValues(logging.getLogger("test")))
    for data in (f"{number:f}", number):
        assert Decimal(write({"number": [value(data)]})["value_number"]) == number
