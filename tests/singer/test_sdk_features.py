"""SDK features (stream maps, flattening, selection), compared with the PIM's data."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from singer_sdk.exceptions import MappingError

from tap_akeneo.tap import TapAkeneo
from tests.support import (
    Run,
    as_sent,
    catalog_of,
    errors,
    settings_for,
    sync,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim
    from tests.support import Message


def families(pim: SimulatedPim) -> dict[str, Message]:
    return {family["code"]: family for family in pim.truth("families")}


def test_a_map_renames_computes_and_drops_properties(start_pim: StartPim) -> None:
    pim = start_pim()
    maps = {
        "families": {
            "image": "attribute_as_image",
            "attribute_as_image": None,
            "label": "labels.get('en_US', code)",
            "labels": "__NULL__",
        }
    }
    run = sync(pim, "families", "channels", stream_maps=maps)
    expected = {
        code: {key: value for key, value in family.items() if key != "attribute_as_image"}
        | {
            "image": family["attribute_as_image"],
            "label": family["labels"].get("en_US", code),
        }
        for code, family in families(pim).items()
    }
    for family in expected.values():
        del family["labels"]
    assert {row["code"]: row for row in run.as_sent("families")} == expected
    columns = run.schema("families")["properties"].keys()
    assert columns >= {"image", "label"}
    assert not columns & {"attribute_as_image", "labels"}
    assert run.as_sent("channels") == pim.truth("channels")


def test_a_map_can_use_nested_values_that_are_otherwise_passed_through_undecoded(
    start_pim: StartPim,
) -> None:
    pim = start_pim()
    maps = {"products": {"sku": "values['sku'][0]['data'] if 'sku' in values else None"}}
    rows = sync(pim, "products", stream_maps=maps).rows("products")
    expected = {
        (row["uuid"],): row["values"]["sku"][0]["data"] if "sku" in row["values"] else None
        for row in pim.truth("products")
    }
    assert {key: row.get("sku") for key, row in rows.items()} == expected
    assert len(set(expected.values())) > 2


def test_the_bookmark_advances_even_if_a_map_filters_rows(start_pim: StartPim) -> None:
    pim = start_pim()
    maps = {"products": {"__filter__": "family == 'shoes'"}}
    run = sync(pim, "products", stream_maps=maps, pim_timezone="UTC")
    shoes = {(row["uuid"],) for row in pim.truth("products") if row["family"] == "shoes"}
    assert run.rows("products").keys() == shoes
    assert shoes
    again = sync(pim, "products", state=run.state, stream_maps=maps, pim_timezone="UTC")
    assert not again.records("products")


def everything(run: Run) -> set[str]:
    return {one["stream"] for one in run.messages if one["type"] == "RECORD"}


def test_a_map_for_all_streams_applies_to_the_selected_ones(start_pim: StartPim) -> None:
    pim = start_pim()
    maps = {"*": {"source": "'akeneo'", "stream": "__stream_name__"}}
    for streams in ((), ("families",), ("families", "products")):
        catalog = catalog_of(pim, *streams) if streams else None
        run = sync(pim, catalog=catalog, stream_maps=maps)
        assert everything(run) == set(streams) or not streams
        assert {("akeneo", "families")} == {
            (row["source"], row["stream"]) for row in run.records("families")
        }


def test_aliases_rename_streams_and_source_adds_a_second_table(start_pim: StartPim) -> None:
    pim = start_pim()
    maps = {"*": {"__alias__": "'akeneo_' + __stream_name__"}}
    run = sync(pim, "families", "channels", stream_maps=maps)
    assert everything(run) >= {"akeneo_families", "akeneo_channels"}
    maps = {"names": {"__source__": "families", "label": "code"}}
    run = sync(pim, "families", "channels", stream_maps=maps)
    assert everything(run) == {"families", "names", "channels"}
    assert [row["label"] for row in run.records("names")] == [
        row["code"] for row in run.records("families")
    ]


def test_a_map_of_an_unselected_stream_does_not_affect_other_streams(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    maps = {"products": {"n": "len(record['values'])"}, "names": {"__source__": "channels"}}
    run = sync(pim, catalog=catalog_of(pim, "families"), stream_maps=maps)
    assert run.as_sent("families") == pim.truth("families")
    assert "there is no stream" not in caplog.text


def test_a_map_of_an_unknown_stream_is_logged(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    maps = {"famlies": {}, "names": {"__source__": "familes"}, "fam*": {}}
    run = sync(start_pim(), "families", stream_maps=maps)
    assert run.records("families")
    assert "stream_maps: there is no stream famlies, familes" in caplog.text


DECIMALS = [{"locale": None, "scope": None, "data": {"amount": "@", "unit": "KILOGRAM"}}]


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("json.dumps(record.get('values'))", '{"weight": [{"locale": null, "scope": null, '),
        ("json.dumps(record['values']['weight'][0]['data'])", '{"amount": 12.50, "unit": "KILO'),
        ("json.dumps(values['weight'], sort_keys=True)", '[{"data": {"amount": 12.50, "unit"'),
        ("json.loads(json.dumps(values))['weight'][0]['data']['amount']", "12.5"),
        ("values['weight'][0]['data']['amount']", "12.50"),
        ("values['weight'][0]['data']['amount'] * 1.5", "18.75"),
        ("1.5 + values['weight'][0]['data']['amount']", "14.0"),
        ("float(values['weight'][0]['data']['amount'])", 12.5),
        ("int(values['weight'][0]['data']['amount'])", 12),
        ("str(values['weight'][0]['data']['amount'])", "12.50"),
        ("1 + 1", "2"),
        ("values['weight'][0]['data']['amount'] > 12.4", "true"),
        ("values['weight'][0]", '{"locale": null, "scope": null, "data": {"amount": 12.50'),
    ],
)
def test_expressions_accept_decimals_and_results_match_the_type_in_the_schema(
    start_pim: StartPim, expression: str, expected: object
) -> None:
    pim = start_pim(products=2)
    product = sync(pim, "products").records("products")[0]
    sent = json.dumps({"weight": DECIMALS}, separators=(",", ":")).replace('"@"', "12.50")
    values = json.dumps(product["values"], separators=(",", ":"))
    pim.faults.add("odd", "/products-uuid", odd={f'"values":{values}': f'"values":{sent}'})
    maps = {"products": {"x": expression, "__filter__": f"uuid == '{product['uuid']}'"}}
    run = sync(pim, "products", stream_maps=maps)
    (row,) = run.records("products")
    type_ = run.schema("products")["properties"]["x"]["type"][0]
    assert isinstance(row["x"], {"string": str, "number": float, "integer": int}[type_])
    if isinstance(expected, str):
        assert str(row["x"]).startswith(expected)
    else:
        assert row["x"] == expected


@pytest.mark.parametrize(
    "maps",
    [
        {"families": {"half": "1 / 0"}},
        {"families": {"half": "record['nope']"}},
        {"families": {"half": "nope"}},
        {"families": {"__filter__": "nope > 1"}},
        {"fam*": {"half": "labels * labels"}},
    ],
)
def test_the_error_of_a_failed_expression_names_the_stream_and_the_expression(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, maps: dict[str, dict[str, str]]
) -> None:
    ((expression,),) = (one.values() for one in maps.values())
    sync(start_pim(), "families", stream_maps=maps)
    (line,) = errors(caplog)
    assert line.startswith(f"families: check the setting stream_maps: the expression {expression}")


def test_an_expression_that_is_no_python_ends_the_run_before_anything_is_read(
    start_pim: StartPim,
) -> None:
    with pytest.raises(MappingError, match=r"families: .*1 \+"):
        sync(start_pim(), "families", stream_maps={"families": {"half": "1 +"}})


def test_else_null_drops_streams_without_a_map(start_pim: StartPim) -> None:
    pim = start_pim()
    run = sync(pim, stream_maps={"families": {}, "__else__": None})
    assert {one["stream"] for one in run.messages if one["type"] != "STATE"} == {"families"}
    assert run.as_sent("families") == pim.truth("families")


def test_a_map_can_change_the_name_and_keys_of_a_stream_but_not_its_bookmark(
    start_pim: StartPim,
) -> None:
    pim = start_pim()
    maps = {
        "products": {
            "__alias__": "articles",
            "__key_properties__": ["id"],
            "id": "uuid",
            "uuid": None,
        }
    }
    run = sync(pim, "products", stream_maps=maps)
    assert next(one for one in run.messages if one["type"] == "SCHEMA")["key_properties"] == ["id"]
    assert {row["id"] for row in run.records("articles")} == {
        row["uuid"] for row in pim.truth("products")
    }
    assert not run.records("products")
    assert run.bookmark("products")


def test_flattening_turns_declared_properties_into_columns_and_the_rest_into_json_text(
    start_pim: StartPim,
) -> None:
    pim = start_pim("ee-7")
    run = sync(pim, "products", flattening_enabled=True, flattening_max_depth=2)
    types = run.schema("products")["properties"]
    assert types["metadata__workflow_status"]["type"] == ["string", "null"]
    rows = run.rows("products")
    assert len(rows) == len(pim.truth("products"))
    for product in pim.truth("products"):
        row = rows[(product["uuid"],)]
        assert row["metadata__workflow_status"] == product["metadata"]["workflow_status"]
        values = {"values": json.loads(row["values"])}
        assert as_sent(values) == as_sent({"values": product["values"]})
        assert json.loads(row["categories"]) == product["categories"]
        assert row["enabled"] is product["enabled"]


@pytest.mark.parametrize("depth", [1, 2])
def test_flattened_records_have_only_what_their_schemas_declare(
    start_pim: StartPim, depth: int
) -> None:
    pim = start_pim("saas")
    # A field of a newer PIM, in an object whose fields are declared.
    odd = {'"scores_by_scope_and_locale"': '"newer":1.50,"scores_by_scope_and_locale"'}
    pim.faults.add("odd", "/products-uuid", times=None, odd=odd)
    settings: dict[str, Any] = {"flattening_enabled": True, "flattening_max_depth": depth}
    run = sync(pim, with_readiness="detailed", **settings)
    declared = {
        one["stream"]: one["schema"]["properties"].keys()
        for one in run.messages
        if one["type"] == "SCHEMA"
    }
    undeclared = {
        (one["stream"], name)
        for one in run.messages
        if one["type"] == "RECORD"
        for name in one["record"].keys() - declared[one["stream"]]
    }
    assert not undeclared
    kept = {json.dumps(row["additional_fields"]) for row in run.records("products")}
    assert any("readiness__newer" in text and "1.5" in text for text in kept)
    maps = {"products": {"additional_fields": "'a text of the user'"}}
    own = sync(pim, "products", with_readiness="detailed", stream_maps=maps, **settings)
    assert len(own.records("products")) == len(run.records("products"))
    assert {row["additional_fields"] for row in own.records("products")} == {"a text of the user"}


def read_selected(
    pim: SimulatedPim,
    stream: str,
    selects: Callable[[tuple[str, ...]], bool],
    **settings: Any,
) -> Run:
    """Read one stream with a catalog that selects only the properties accepted by `selects`."""
    catalog = TapAkeneo(config=settings_for(pim)).catalog_dict
    for entry in catalog["streams"]:
        for metadata in entry["metadata"]:
            names = tuple(part for part in metadata["breadcrumb"] if part != "properties")
            metadata["metadata"]["selected"] = (
                selects(names) if names else entry["tap_stream_id"] == stream
            )
    return sync(pim, catalog=catalog, **settings)


def test_only_selected_properties_and_keys_are_written(start_pim: StartPim) -> None:
    pim = start_pim()
    chosen = {("family",), ("values",)}
    run = read_selected(pim, "products", lambda names: names in chosen)
    expected = ["family", "updated", "uuid", "values"]
    assert sorted(run.schema("products")["properties"]) == expected
    rows = run.rows("products")
    for product in pim.truth("products"):
        row = as_sent(rows[(product["uuid"],)])
        assert row == as_sent({key: product[key] for key in expected})
    assert len(rows) == len(pim.truth("products"))


def test_an_unselected_nested_property_is_omitted_and_its_siblings_are_kept(
    start_pim: StartPim,
) -> None:
    pim = start_pim("saas")
    left = ("readiness", "scores_by_scope_and_locale")
    run = read_selected(pim, "products", lambda names: names != left, with_readiness="detailed")
    with_it = sync(pim, "products", with_readiness="detailed").rows("products")
    rows = run.rows("products")
    assert len(rows) == len(pim.truth("products"))
    left_out = 0
    for key, row in with_it.items():
        left_out += bool((row.get("readiness") or {}).pop("scores_by_scope_and_locale", None))
        assert rows[key] == row
    assert left_out
    schema = run.schema("products")["properties"]["readiness"]
    assert list(schema["properties"]) == ["aggregated_scores_by_scope"]
