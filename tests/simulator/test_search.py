"""Filters, and the errors of invalid ones."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest

if TYPE_CHECKING:
    from tests.simulator.conftest import Client, Start

BERLIN = "Europe/Berlin"


def _by(name: str, operator: str, value: Any = None, /, **more: Any) -> dict[str, Any]:
    return {name: [{"operator": operator, "value": value, **more}]}


def _flag(name: str, *, on: bool) -> dict[str, Any]:
    return {name: [{"operator": "=", "value": on}]}


def _updated(client: Client, operator: str, value: Any) -> set[str]:
    return client.found("products-uuid", "uuid", **_by("updated", operator, value))


def _single(client: Client) -> dict[str, Any]:
    """Return a product without ancestors, so that index and body have the same date."""
    return next(row for row in client.pim.truth("products") if row["parent"] is None)


def _wall(moment: datetime) -> str:
    return f"{moment:%Y-%m-%d %H:%M:%S}"


def test_updated_is_compared_in_the_time_zone_of_the_server(start: Start) -> None:
    client = start(timezone="Pacific/Kiritimati")
    product = _single(client)
    assert product["updated"].endswith("+14:00")
    moment = datetime.fromisoformat(product["updated"])
    assert product["uuid"] in _updated(client, "=", _wall(moment))
    assert product["uuid"] not in _updated(client, ">", _wall(moment))
    assert product["uuid"] in _updated(client, ">", _wall(moment - timedelta(seconds=1)))
    assert product["uuid"] not in _updated(client, "<", _wall(moment))
    assert product["uuid"] in _updated(client, "<", _wall(moment + timedelta(seconds=1)))
    assert product["uuid"] in _updated(client, "BETWEEN", [_wall(moment)] * 2)
    assert product["uuid"] not in _updated(client, "NOT BETWEEN", [_wall(moment)] * 2)
    assert product["uuid"] not in _updated(client, "!=", _wall(moment))


def test_since_last_n_days_needs_a_number(start: Start) -> None:
    client = start()
    assert _updated(client, "SINCE LAST N DAYS", 3) == set()
    uuid = client.pim.write.product("new", enabled=False)
    assert _updated(client, "SINCE LAST N DAYS", 3) == {uuid}
    search = _by("updated", "SINCE LAST N DAYS", "3")
    message = 'Property "updated" expects an integer as data, "string" given.'
    assert client.error("products-uuid", search=search) == (422, message)


@pytest.mark.parametrize("text", ["2024-01-01T00:00:00+00:00", "2024-01-01", "x", "", 5])
def test_an_iso_date_is_a_422(ce7: Client, text: Any) -> None:
    message = 'Property "updated" expects a string with the format "Y-m-d H:i:s" as data, "" given.'
    search = _by("updated", ">", text)
    assert ce7.error("products-uuid", search=search) == (422, message)


def test_a_year_of_two_digits_passes_and_finds_everything(ce7: Client) -> None:
    assert len(_updated(ce7, ">", "24-01-01 00:00:00")) == 250


def test_an_ambiguous_wall_time_is_the_first_one(start: Start) -> None:
    client = start(timezone=BERLIN)
    summer, winter = client.pim.truth("products")[:2]
    assert summer["updated"] == "2024-10-27T02:30:00+02:00"
    assert winter["updated"] == "2024-10-27T02:30:00+01:00"
    found = _updated(client, "=", "2024-10-27 02:30:00")
    assert summer["uuid"] in found
    assert winter["uuid"] not in found


def test_a_wall_time_in_a_gap_is_shifted_forward(start: Start) -> None:
    client = start(timezone=BERLIN)
    gap, after = (
        _updated(client, ">", f"2024-03-31 0{hour}:30:00") for hour in (2, 3)
    )  # fmt: skip
    assert gap == after


def test_a_product_is_found_by_the_date_of_its_ancestors_but_shows_its_own(start: Start) -> None:
    client = start()
    models = {model["code"]: model for model in client.pim.truth("product_models")}
    product = next(
        row
        for row in client.pim.truth("products")
        if row["parent"] and models[row["parent"]]["parent"]
    )
    root = models[product["parent"]]["parent"]
    before = _wall(client.pim.clock.now() - timedelta(seconds=2))
    client.pim.write.change("product_models", root, values={"internal_note": []})
    assert _updated(client, ">", before) == set()  # nothing has changed
    name = [{"locale": "en_US", "scope": None, "data": "Another name"}]
    client.pim.write.change("product_models", root, values={"name": name})
    assert product["uuid"] in _updated(client, ">", before)
    assert client.get(f"products-uuid/{product['uuid']}")["updated"] == product["updated"]
    changed = client.found("product-models", "code", **_by("updated", ">", before))
    assert {root, product["parent"]} <= changed


def test_writes_show_in_the_index_after_a_while(start: Start) -> None:
    client = start(index_lag=30)
    uuid = client.pim.write.product("late")
    assert client.get(f"products-uuid/{uuid}")["uuid"] == uuid
    assert uuid not in {product["uuid"] for product in client.all("products-uuid")}
    client.pim.clock.advance(seconds=31)
    assert uuid in {product["uuid"] for product in client.all("products-uuid")}
    client.pim.write.delete("products", uuid)
    body = client.get("products-uuid", limit=100, with_count="true")
    assert body["items_count"] == 61
    assert len(body["_embedded"]["items"]) == 60


def test_products_are_found_by_their_fields(ce7: Client) -> None:
    products = ce7.pim.truth("products")

    def expect(condition: Any, **search: Any) -> None:
        expected = {row["uuid"] for row in products if condition(row)}
        assert ce7.found("products-uuid", "uuid", **search) == expected
        assert 0 < len(expected) < 250

    expect(lambda row: not row["enabled"], **_flag("enabled", on=False))
    expect(lambda row: row["family"] == "shoes", **_by("family", "IN", ["shoes"]))
    expect(lambda row: row["family"] != "shoes", **_by("family", "NOT IN", ["shoes"]))
    expect(lambda row: row["family"] is None, **_by("family", "EMPTY"))
    expect(lambda row: row["family"] is not None, **_by("family", "NOT EMPTY"))
    expect(lambda row: "boots" in row["categories"], **_by("categories", "IN", ["boots"]))
    footwear = {"footwear", "sneakers", "boots", "sandals"}
    expect(
        lambda row: not footwear.isdisjoint(row["categories"]),
        **_by("categories", "IN CHILDREN", ["footwear"]),
    )
    some = {row["uuid"] for row in products[:3]}
    expect(lambda row: row["uuid"] in some, **_by("uuid", "IN", sorted(some)))
    parent = next(row["parent"] for row in products if row["parent"])
    expect(lambda row: row["parent"] == parent, **_by("parent", "=", parent))


def test_identifiers_and_codes_are_found_whatever_their_case(ce7: Client) -> None:
    identifier = ce7.page("products")[0]["identifier"]
    search = _by("identifier", "IN", [identifier.swapcase()])
    assert ce7.found("products", "identifier", **search) == {identifier}
    code = ce7.page("product-models")[0]["code"]
    search = _by("identifier", "IN", [code.upper()])
    assert ce7.found("product-models", "code", **search) == {code}


def test_values_can_be_searched(ce7: Client) -> None:
    def given(product: dict[str, Any], code: str, locale: str | None = None) -> Any:
        rows = product["values"].get(code, [])
        return next((row["data"] for row in rows if row["locale"] == locale), None)

    products = ce7.pim.truth("products")
    red = {row["uuid"] for row in products if given(row, "color") == "red"}
    assert red
    assert ce7.found("products-uuid", "uuid", **_by("color", "IN", ["RED"])) == red
    shirts = {row["uuid"] for row in products if "shirt" in (given(row, "name", "en_US") or "")}
    search = _by("name", "CONTAINS", "SHIRT", locale="en_US")
    assert ce7.found("products-uuid", "uuid", **search) == shirts
    message = 'Attribute "name" expects a locale, none given.'
    assert ce7.error("products-uuid", search=_by("name", "=", "x")) == (422, message)


def test_completeness_can_be_searched(ce7: Client) -> None:
    search = _by("completeness", "=", 100, scope="ecommerce")
    found = ce7.all("products-uuid", search=search, with_completenesses="true")
    assert 0 < len(found) < 250
    for product in found:
        complete = [row["data"] for row in product["completenesses"]
                    if row["scope"] == "ecommerce"]  # fmt: skip
        assert 100 in complete


def test_an_unknown_property_is_404_from_6_0_on_and_422_before(any_version: Client) -> None:
    status, message = 404, '"nope" does not exist or you do not have permission to access it.'
    if any_version.pim.profile.major < 6:
        status = 422
        message = 'Filter on property "nope" is not supported or does not support operator "="'
    assert any_version.error("products", search=_by("nope", "=", 1)) == (status, message)


def test_an_unknown_category_is_a_422(ce7: Client) -> None:
    search = _by("categories", "IN", ["nope", "nada"])
    message = 'Categories "nope, nada" do not exist.'
    assert ce7.error("products-uuid", search=search) == (422, message)


def test_search_must_be_json(ce7: Client) -> None:
    message = "Search query parameter should be valid JSON."
    assert ce7.error("products-uuid", search="{") == (400, message)
    assert ce7.error("product-models", search="{") == (422, message)
    message = "The search query parameter must be a valid JSON."
    assert ce7.error("families", search="{") == (400, message)


def test_search_must_have_the_right_structure(ce7: Client) -> None:
    search = json.dumps({"enabled": True})
    status, message = ce7.error("products-uuid", search=search)
    assert (status, message[:28]) == (422, 'Structure of filter "enabled')
    search = json.dumps({"enabled": [{"value": True}]})
    message = 'Operator is missing for the property "enabled".'
    assert ce7.error("products-uuid", search=search) == (422, message)


def test_scope_drops_products_outside_the_tree_of_the_channel(ce7: Client) -> None:
    inside = {product["uuid"] for product in ce7.all("products-uuid", scope="print")}
    sales = ce7.found("products-uuid", "uuid", **_by("categories", "IN CHILDREN", ["sales"]))
    assert 0 < len(inside) < 250
    assert inside == sales
    everything = ce7.all("products-uuid", scope="print", search=_by("categories", "IN", ["boots"]))
    assert not {product["uuid"] for product in everything} <= inside


def test_scope_locales_and_attributes_limit_the_values(ce7: Client) -> None:
    asked = {"scope": "mobile", "locales": "fr_FR", "attributes": "name,description,brand"}
    values = [product["values"] for product in ce7.all("products-uuid", **asked)]
    assert {code for row in values for code in row} == {"name", "description", "brand"}
    rows = [value for row in values for of_attribute in row.values() for value in of_attribute]
    assert {value["scope"] for value in rows} == {None, "mobile"}
    assert {value["locale"] for value in rows} == {None, "fr_FR"}


def test_unknown_scope_locales_and_attributes_are_a_422(ce7: Client) -> None:
    path = "products-uuid"
    assert ce7.error(path, scope="x") == (422, 'Scope "x" does not exist.')
    message = 'Locale "en_GB" does not exist or is not activated.'
    assert ce7.error(path, locales="en_GB,en_US") == (422, message)
    message = 'Locales "xx, yy" do not exist or are not activated.'
    assert ce7.error(path, locales="xx,yy") == (422, message)
    message = 'Locale "de_DE" is not activated for the scope "mobile".'
    assert ce7.error(path, locales="de_DE", scope="mobile") == (422, message)
    message = 'Attributes "x, y" do not exist.'
    assert ce7.error(path, attributes="x,name,y") == (422, message)


@pytest.mark.parametrize("path", ["families", "attributes", "attribute-groups", "categories"])
def test_structure_is_found_by_updated_in_atom_format_only(ce7: Client, path: str) -> None:
    everything = {row["code"] for row in ce7.all(path)}
    old = ce7.found(path, "code", **_by("updated", ">", "2020-01-01T10:00:01Z"))
    assert old == everything
    some = ce7.found(path, "code", **_by("updated", ">", "2024-09-01T00:00:00+02:00"))
    assert some < everything
    for wrong in ("2020-01-01 10:00:01", "2020-01-01", "2020-01-01T10:00:01.5Z"):
        status, message = ce7.error(path, search=_by("updated", ">", wrong))
        assert status == 400
        assert message.startswith("This value is not ")
    status, message = ce7.error(path, search=_by("updated", "<", "2020-01-01T10:00:01Z"))
    assert status == 400
    assert message.startswith(
        'Searching on the "updated" property require the ">" (greater than) operator, '
    )


def test_attributes_name_the_expected_operator_as_the_given_one(ce7: Client) -> None:
    search = _by("updated", "<", "2020-01-01T10:00:01Z")
    assert ce7.error("attributes", search=search)[1].endswith('operator, ">" given.')
    assert ce7.error("families", search=search)[1].endswith('operator, "<" given.')


def test_structure_is_found_by_code_type_parent_and_flags(ce7: Client) -> None:
    assert ce7.found("families", "code", **_by("code", "IN", ["SHOES"])) == {"shoes"}
    types = ["pim_catalog_image", "pim_catalog_file"]
    assert ce7.found("attributes", "code", **_by("type", "IN", types)) == {"picture", "manual"}
    below = ce7.found("categories", "code", **_by("parent", "=", "photo"))
    assert below == {"dslr", "mirrorless", "compact", "lenses", "tripods"}
    roots = ce7.found("categories", "code", **_flag("is_root", on=True))
    assert roots == {"master", "sales"}
    assert ce7.found("locales", "code", **_flag("enabled", on=True)) == {
        "de_DE",
        "en_US",
        "fr_FR",
    }
    every = {row["code"] for row in ce7.all("currencies")}
    assert ce7.found("currencies", "code", **_flag("enabled", on=True)) == every  # ignored


def test_only_saas_filters_currencies(clients: dict[str, Client]) -> None:
    saas = clients["saas"]
    every = saas.all("currencies")
    enabled = {row["code"] for row in every if row["enabled"]}
    assert saas.found("currencies", "code", **_flag("enabled", on=True)) == enabled
    assert 0 < len(enabled) < len(every)


def test_categories_cannot_be_searched_by_updated_before_6_0(clients: dict[str, Client]) -> None:
    search = _by("updated", ">", "2020-01-01T10:00:01Z")
    status, message = clients["ce-5"].error("categories", search=search)
    assert (status, "unavailable filter" in message) == (400, True)


def test_the_dates_of_the_zone_are_those_of_its_rules(start: Start) -> None:
    client = start(timezone=BERLIN)
    for product in client.pim.truth("products"):
        moment = datetime.fromisoformat(product["updated"])
        assert moment.utcoffset() == moment.astimezone(ZoneInfo(BERLIN)).utcoffset()


# akeneo/pim-api-docs at 61ef548d, content/rest-api/filter.md


@pytest.mark.parametrize("locales", [{"locale": "en_US"}, {"locales": ["en_US", "fr_FR"]}])
def test_models_are_found_by_the_completeness_of_their_variants(
    clients: dict[str, Client], locales: dict[str, Any]
) -> None:
    client = clients["saas"]
    wanted = locales.get("locales") or [locales["locale"]]
    models = {one["code"]: one for one in client.all("product-models")}
    complete: dict[str, list[bool]] = {}
    for product in client.all("products-uuid", with_completenesses="true"):
        rows = [
            row["data"] == 100
            for row in product["completenesses"]
            if row["scope"] == "ecommerce" and row["locale"] in wanted
        ]
        code = product["parent"]
        while code is not None:
            complete.setdefault(code, []).append(bool(rows) and all(rows))
            code = models[code]["parent"]
    for operator, expected in (
        ("AT LEAST COMPLETE", {code for code, all_of in complete.items() if any(all_of)}),
        ("ALL COMPLETE", {code for code, all_of in complete.items() if all(all_of)}),
        ("AT LEAST INCOMPLETE", {code for code, all_of in complete.items() if not all(all_of)}),
        ("ALL INCOMPLETE", {code for code, all_of in complete.items() if not any(all_of)}),
    ):
        condition = {"operator": operator, "scope": "ecommerce", **locales}
        found = client.found("product-models", "code", completeness=[condition])
        assert found == expected
    assert len({any(all_of) for all_of in complete.values()}) == 2


def test_models_of_saas_are_found_by_their_parent_and_their_quality(
    clients: dict[str, Client],
) -> None:
    client = clients["saas"]
    models = client.all("product-models", with_quality_scores="true")
    for operator, has_parent in (("IS NULL", False), ("IS NOT NULL", True)):
        found = client.found("product-models", "code", parent=[{"operator": operator}])
        assert found == {one["code"] for one in models if bool(one["parent"]) is has_parent}
    place = {"scope": "ecommerce", "locale": "en_US"}
    condition = {"operator": "IN", "value": ["A", "B"], **place}
    good = {
        one["code"]
        for one in models
        for row in one["quality_scores"]
        if place.items() <= row.items() and row["data"] in "AB"
    }
    assert client.found("product-models", "code", quality_score=[condition]) == good != set()
    assert clients["ce-7"].error(
        "product-models", search={"parent": [{"operator": "IS NULL"}]}
    ) == (
        422,
        'Filter on property "parent" is not supported or does not support operator "IS NULL"',
    )


def test_products_are_found_by_ranges_of_their_values(ce7: Client) -> None:
    products = ce7.all("products-uuid")

    def found(name: str, operator: str, value: Any) -> set[Any]:
        condition = {"operator": operator, "value": value}
        return ce7.found("products-uuid", "uuid", **{name: [condition]})

    def held(name: str, test: Any) -> set[Any]:
        return {
            one["uuid"]
            for one in products
            for value in one["values"].get(name, ())
            if test(value["data"])
        }

    later = held("release_date", lambda date: date[:10] > "2020-06-30")
    assert found("release_date", ">", "2020-06-30") == later != set()
    between = held("release_date", lambda date: "2018-01-01" <= date[:10] <= "2020-06-30")
    assert found("release_date", "BETWEEN", ["2018-01-01", "2020-06-30"]) == between != set()
    amounts = held("weight", lambda data: data["amount"] and 10 <= float(data["amount"]) <= 20)
    assert found("weight", "BETWEEN", [10, 20]) == amounts != set()
    others = held("weight", lambda data: data["amount"] and not 10 <= float(data["amount"]) <= 20)
    assert found("weight", "NOT BETWEEN", [10, 20]) == others != set()
