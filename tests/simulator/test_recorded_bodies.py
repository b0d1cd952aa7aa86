"""Bodies, their order and their silent changes, as recorded on four versions of the PIM."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

import pytest

from pim_simulator.http.paging import encrypt
from tests.simulator.conftest import RECORDED

if TYPE_CHECKING:
    from tests.simulator.conftest import Client, Start

FROM_7 = ("ce-7", "ce-master")
CHANNELS = ("ecommerce", "mobile", "print")
AFTER = {"pagination_type": "search_after"}
NOTHING: dict[str, list[Any]] = {"products": [], "product_models": [], "groups": []}


def _keys(client: Client, path: str, **parameters: Any) -> list[str]:
    return list(client.page(path, **parameters)[0])


# Keys and their order

DATED = ["created", "updated", "associations", "quantified_associations"]
REQUESTED = dict.fromkeys(
    ("with_quality_scores", "with_completenesses", "with_attribute_options"), "true"
)


def test_products_have_the_recorded_keys(recorded: Client) -> None:
    common = ["enabled", "family", "categories", "groups", "parent", "values", *DATED]
    expected = ["_links", recorded.product_key, *common]
    assert _keys(recorded, recorded.product_path) == expected
    expected.append("quality_scores")
    if recorded.pim.profile.name != "ce-5":
        expected.append("completenesses")
    assert _keys(recorded, recorded.product_path, **REQUESTED) == expected


def test_models_have_the_recorded_keys(recorded: Client) -> None:
    common = ["code", "family", "family_variant", "parent", "categories", "values", *DATED]
    scores = ["quality_scores"] if recorded.pim.profile.name in FROM_7 else []
    assert _keys(recorded, "product-models", **REQUESTED) == ["_links", *common, *scores]
    models = recorded.all("product-models", **REQUESTED)
    rows = [value for model in models for rows in model["values"].values() for value in rows]
    assert not [value for value in rows if "linked_data" in value]


def test_structure_has_the_recorded_keys(recorded: Client) -> None:
    assert _keys(recorded, "association-types")[1:] == [
        *("code", "labels", "is_two_way", "is_quantified")
    ]
    assert _keys(recorded, "families/shoes/variants")[1:] == [
        *("code", "labels", "variant_attribute_sets")
    ]
    guidelines = [] if recorded.pim.profile.name == "ce-5" else ["guidelines"]
    tail = ["labels", *guidelines, "auto_option_sorting", "default_value", "group_labels"]
    name = recorded.get("attributes/name")
    assert list(name)[-len(tail) :] == tail
    identifier = list(recorded.get("attributes/sku"))
    assert identifier[-1] == "group_labels"
    assert ("is_main_identifier" in identifier) is (recorded.pim.profile.name == "ce-master")


def test_categories_have_the_recorded_keys(recorded: Client) -> None:
    name = recorded.pim.profile.name
    updated = [] if name == "ce-5" else ["updated"]
    plain = ["_links", "code", "parent", *updated, "labels"]
    assert _keys(recorded, "categories") == plain
    assert list(recorded.get("categories/master")) == plain[1:]
    position = ["position"] if name in FROM_7 else []
    assert _keys(recorded, "categories", with_position="true") == plain + position
    values = ["values"] if name == "ce-master" else []
    enriched = recorded.all("categories", with_enriched_attributes="true")
    assert [list(row) for row in enriched] == [plain + values] * len(enriched)
    if values:
        assert {} in [row["values"] for row in enriched]


# Empty ones


def test_empty_labels_of_categories_and_groups_are_maps(recorded: Client) -> None:
    categories = {row["code"]: row for row in recorded.all("categories")}
    assert categories["to_be_sorted"]["labels"] == {}
    assert recorded.get("attributes/sku")["group_labels"] == {}


def test_every_association_type_is_listed(recorded: Client) -> None:
    items = recorded.all(recorded.product_path) + recorded.all("product-models")
    for item in items:
        assert list(item["associations"]) == ["PACK", "UPSELL", "X_SELL"]
        for targets in item["associations"].values():
            assert list(targets) == list(NOTHING)
    assert dict.fromkeys(("PACK", "UPSELL", "X_SELL"), NOTHING) in [
        item["associations"] for item in items
    ]
    assert {} in [item["quantified_associations"] for item in items]


def test_requirements_always_hold_the_identifier(recorded: Client) -> None:
    channels = {row["code"] for row in recorded.all("channels")}
    for family in recorded.all("families"):
        required = family["attribute_requirements"]
        assert set(required) == channels
        assert all("sku" in codes for codes in required.values())


def test_a_written_family_requires_the_identifier(start: Start) -> None:
    client = start()
    written = {"code": "new", "attributes": ["name"]}
    assert client.write("POST", "families", written).status_code == 201
    family = client.get("families/new")
    assert family["attributes"] == ["name", "sku"]
    assert family["attribute_requirements"] == {code: ["sku"] for code in CHANNELS}


def test_without_scores_there_is_an_empty_list_and_without_values_an_empty_map(
    start: Start,
) -> None:
    client = start("ce-6")
    client.pim.write.product("new", family="shoes")
    product = client.get("products/new", with_quality_scores="true")
    assert (product["quality_scores"], product["values"]) == ([], {})


# Order and cursors


def test_products_by_uuid_take_any_text_as_cursor(clients: dict[str, Client]) -> None:
    for name in FROM_7:
        client = clients[name]
        uuids = [row["uuid"] for row in client.all("products-uuid", **AFTER)]
        assert uuids == sorted(row["uuid"] for row in client.pim.truth("products"))
        assert [row["uuid"] for row in client.all("products-uuid")] == uuids
        made_up = "80000000-0000-0000-0000-000000000000"
        rest = [row["uuid"] for row in client.all("products-uuid", search_after=made_up, **AFTER)]
        assert rest == [uuid for uuid in uuids if uuid > made_up]
        for text in ("m", "zzzz"):
            body = client.get("products-uuid", search_after=text, **AFTER)
            assert body["_embedded"]["items"] == []
            assert list(body["_links"]) == ["self", "first"]
        first = client.page("products-uuid", search_after="", limit=1, **AFTER)
        assert first[0]["uuid"] == uuids[0]


@pytest.mark.parametrize("path", ["products", "product-models"])
def test_identifiers_and_codes_are_sorted_in_lower_case(
    clients: dict[str, Client], path: str
) -> None:
    key = "identifier" if path == "products" else "code"
    for name in RECORDED[1:]:
        client = clients[name]
        codes = [row[key] for row in client.all(path, **AFTER)]
        assert codes == sorted(codes, key=lambda code: code.lower().encode())
        rest = [row[key] for row in client.all(path, search_after="CLOTHING_000", **AFTER)]
        assert rest == [code for code in codes if code.lower() > "clothing_000"]


def test_keys_are_sorted_by_their_bytes(start: Start) -> None:
    client = start("ce-6")
    for code in ("zz", "Éa", "\U0001f600", "\uff21b", "Z~"):
        client.pim.write.product(code)
    codes = [row["identifier"] for row in client.all("products", search_after="z", **AFTER)]
    assert codes == ["zz", "Z~", "Éa", "Öddé ÜNICODE 漢字 5", "\uff21b", "\U0001f600"]


def test_cursors_of_5_0_are_encrypted_row_ids(clients: dict[str, Client]) -> None:
    client = clients["ce-5"]
    products = [row["identifier"] for row in client.pim.truth("products")]
    body = client.get("products", limit=2, **AFTER)
    rows = [row["identifier"] for row in body["_embedded"]["items"]]
    assert rows == [products[0], products[9]]  # sorted as texts: 1, 10, 100
    query = parse_qs(urlsplit(body["_links"]["next"]["href"]).query)
    assert query["search_after"] == [encrypt("10")] == ["qtU="]
    for made_up in ("m", ""):
        first = client.page("products", limit=2, search_after=made_up, **AFTER)
        assert [row["identifier"] for row in first] == rows
    for behind in ("zzzz", "80000000-0000-0000-0000-000000000000"):
        assert client.page("products", search_after=behind, **AFTER) == []


# Changes that move no date


def _dates(client: Client) -> dict[str, str]:
    return {row[client.product_key]: row["updated"] for row in client.all(client.product_path)}


def test_deleting_an_associated_product_moves_no_date(start: Start) -> None:
    client = start()
    target = client.pim.write.product("target")
    source = client.pim.write.product("source", associations={"PACK": {"products": [target]}})
    before = client.get(f"products-uuid/{source}")
    assert before["associations"]["PACK"]["products"] == [target]
    client.pim.clock.advance(seconds=5)
    client.pim.write.delete("products", target)
    after = client.get(f"products-uuid/{source}")
    assert after["associations"]["PACK"] == NOTHING
    assert after["updated"] == before["updated"]


def test_two_way_associations_move_the_date_of_the_other_end(start: Start) -> None:
    client = start()
    target = client.pim.write.product("target")
    before = _dates(client)
    client.pim.clock.advance(seconds=5)
    source = client.pim.write.product("source", associations={"X_SELL": {"products": [target]}})
    shown = client.get(f"products-uuid/{target}")
    assert shown["associations"]["X_SELL"]["products"] == [source]
    assert shown["updated"] > before[target]
    client.pim.clock.advance(seconds=5)
    client.pim.write.product("source", associations={"X_SELL": {"products": []}})
    last = client.get(f"products-uuid/{target}")
    assert last["associations"]["X_SELL"] == NOTHING
    assert last["updated"] > shown["updated"]


def test_only_the_ends_that_stay_associated_are_found_by_their_date(start: Start) -> None:
    """Tried on 7.0.84 (PersistTwoWayAssociationSubscriber)."""
    client = start()
    target = client.pim.write.product("target")
    products = client.pim.truth("products")
    model = next(row["parent"] for row in products if row["parent"])
    below = {row["uuid"] for row in products if row["parent"] == model}

    def found(path: str, key: str, **linked: list[str]) -> set[str]:
        client.pim.clock.advance(seconds=5)
        since = f"{client.pim.clock.now():%Y-%m-%d %H:%M:%S}"
        client.pim.clock.advance(seconds=5)
        client.pim.write.product("source", associations={"X_SELL": linked})
        return client.found(path, key, updated=[{"operator": ">", "value": since}])

    source, end = found("products-uuid", "uuid", products=[target]), {target}
    assert end < source
    assert found("products-uuid", "uuid", products=[]) == source - end
    assert found("product-models", "code", product_models=[model]) == {model}
    # Its variants inherit the association.
    found("products-uuid", "uuid", product_models=[])
    assert not below & found("products-uuid", "uuid", product_models=[model])
    assert not found("product-models", "code", product_models=[])


def test_deactivating_a_locale_moves_no_date(start: Start) -> None:
    client = start()
    before = _dates(client)
    client.pim.clock.advance(seconds=5)
    for channel in ("ecommerce", "mobile"):
        locales = [code for code in client.get(f"channels/{channel}")["locales"] if code != "fr_FR"]
        client.pim.write.change("channels", channel, locales=locales)
    assert client.get("locales/fr_FR")["enabled"] is False
    assert _dates(client) == before
    rows = [
        value
        for product in client.all("products-uuid")
        for values in product["values"].values()
        for value in values
    ]
    assert {value["locale"] for value in rows} == {None, "de_DE", "en_US"}
    assert "fr_FR" not in client.get("families/shoes")["labels"]
    assert client.error("products-uuid", locales="fr_FR")[0] == 422


def test_requirements_of_a_family_change_completeness_but_no_date(start: Start) -> None:
    client = start()
    before = _dates(client)

    def complete() -> dict[str, Any]:
        products = client.all("products-uuid", with_completenesses="true")
        return {row["uuid"]: row["completenesses"] for row in products}

    percent = complete()
    client.pim.clock.advance(seconds=5)
    required = {"ecommerce": ["sku", "internal_note", "legal_notice"]}
    client.pim.write.change("families", "cameras", attribute_requirements=required)
    assert complete() != percent
    assert _dates(client) == before


# Items that cannot be normalised


@pytest.mark.parametrize("kind", [{}, AFTER])
def test_a_broken_product_breaks_its_page_and_a_count(start: Start, kind: dict[str, str]) -> None:
    client = start()
    first, second = (row["uuid"] for row in client.page("products-uuid", limit=2))
    client.pim.broken.add(first)
    error = (500, "Internal Server Error")
    assert client.error("products-uuid", limit=1, with_count="true", **kind) == error
    assert client.error("products-uuid", limit=100, **kind) == error
    assert client.error(f"products-uuid/{first}") == error
    rest = client.page("products-uuid", search_after=first, limit=1, **AFTER)
    assert [row["uuid"] for row in rest] == [second]


def test_a_page_with_a_broken_model_is_a_500(start: Start) -> None:
    client = start()
    code = client.page("product-models", limit=1)[0]["code"]
    client.pim.broken.add(code)
    assert client.error("product-models", limit=1) == (500, "Internal Server Error")
