"""Reference entities with their records, asset families with their assets."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import pytest

from pim_simulator import SimulatedPim
from tests.simulator.conftest import without_links

if TYPE_CHECKING:
    from tests.simulator.conftest import Client, Start

VERSIONS = ("pim-3", "ee-7", "saas")
# Path, path of the rows, what truth calls the parent, and the streams.
KINDS = (
    (
        "reference-entities",
        "records",
        "reference_entity",
        ("reference_entities", "reference_entity_attributes",
         "reference_entity_attribute_options", "reference_entity_records"),
    ),
    (
        "asset-families",
        "assets",
        "asset_family",
        ("asset_families", "asset_attributes", "asset_attribute_options", "assets"),
    ),
)  # fmt: skip
BRANDS = "reference-entities/brands"
PACKSHOTS = "asset-families/packshots"


@pytest.fixture(params=VERSIONS)
def enterprise(request: pytest.FixtureRequest, clients: dict[str, Client]) -> Client:
    return clients[request.param]


def _same(read: list[Any], truth: list[Any]) -> None:
    assert read
    assert len(read) == len(truth)
    for row in truth:
        assert row in read


@pytest.mark.parametrize("kind", KINDS)
def test_lists_of_libraries_equal_the_truth(enterprise: Client, kind: Any) -> None:
    path, rows, parent, (libraries, attributes, options, members) = kind
    pim = enterprise.pim
    read = enterprise.rest(path)
    _same(read, pim.truth(libraries))
    found: dict[str, list[Any]] = {attributes: [], options: [], members: []}
    for library in read:
        below = f"{path}/{library['code']}"
        for attribute in enterprise.get(f"{below}/attributes"):
            found[attributes].append({**attribute, parent: library["code"]})
            answer = enterprise.ask(f"{below}/attributes/{attribute['code']}/options")
            selectable = attribute["type"] in ("single_option", "multiple_options")
            assert answer.status_code == (200 if selectable else 404)
            for option in answer.json() if selectable else ():
                more = {parent: library["code"], "attribute": attribute["code"]}
                found[options].append({**option, **more})
        for row in enterprise.rest(f"{below}/{rows}"):
            found[members].append({**row, parent: library["code"]})
    for stream, records in found.items():
        _same(records, pim.truth(stream))


def test_community_editions_have_no_libraries(clients: dict[str, Client]) -> None:
    for profile in ("ce-4", "ce-7"):
        for path in ("reference-entities", "asset-families", "published-products"):
            assert clients[profile].error(path)[1].startswith("No route found")
        assert clients[profile].pim.truth("assets") == []


def test_a_page_has_a_fixed_size_and_only_search_after(start: Start) -> None:
    client = start("ee-7", records=250)
    body = client.get(f"{BRANDS}/records", limit=7, page=2)
    assert len(body["_embedded"]["items"]) == client.pim.search_after_page_size == 100
    assert set(body) == {"_links", "_embedded"}
    last = body["_embedded"]["items"][-1]["code"]
    assert body["_links"]["next"]["href"].endswith(f"{BRANDS}/records?search_after={last}")
    assert body["_links"]["first"]["href"].endswith(f"{BRANDS}/records")
    codes = [row["code"] for row in client.rest(f"{BRANDS}/records")]
    assert len(codes) == 250
    assert codes == sorted(codes)


def test_a_full_last_page_has_a_next_one_that_is_empty(start: Start) -> None:
    client = start("ee-7", records=4)
    client.pim.search_after_page_size = 2
    pages = [client.get(f"{BRANDS}/records")]
    while "next" in pages[-1]["_links"]:
        pages.append(client.get(pages[-1]["_links"]["next"]["href"]))
    assert [len(page["_embedded"]["items"]) for page in pages] == [2, 2, 0]
    assert len(client.rest("reference-entities")) == 3


def test_links_keep_search_channel_and_locales(start: Start) -> None:
    client = start("ee-7", records=4)
    client.pim.search_after_page_size = 2
    search = '{"updated":[{"operator":">","value":"2001-01-01T00:00:00Z"}]}'
    asked = {"search": search, "channel": "ecommerce", "locales": "en_US", "x": "y"}
    href = client.get(f"{BRANDS}/records", **asked)["_links"]["next"]["href"]
    assert "channel=ecommerce&locales=en_US&search=" in href
    assert "x=y" not in href


def test_two_hundred_of_each_are_made_quickly() -> None:
    begun = time.monotonic()
    pim = SimulatedPim("saas", products=10, asset_families=200, reference_entities=200, records=100)
    assert time.monotonic() - begun < 5
    assert len(pim.truth("asset_families")) == len(pim.truth("reference_entities")) == 200
    codes = [row["code"] for row in pim.truth("asset_families")]
    assert codes[:4] == ["packshots", "user_guides", "Videos", "family_0004"]


def test_single_items_are_found_whatever_their_case_and_missing_ones_are_a_404(
    enterprise: Client,
) -> None:
    record = enterprise.rest(f"{BRANDS}/records")[0]
    assert without_links(enterprise.get(f"{BRANDS}/records/{record['code'].upper()}")) == record
    assert enterprise.get(f"{BRANDS}/attributes/FOUNDED")["code"] == "founded"
    option = enterprise.get(f"{BRANDS}/attributes/sales_areas/options/europe")
    assert option["labels"] == {"en_US": "Europe", "fr_FR": "Europe"}
    assert enterprise.get("reference-entities/BRANDS")["code"] == "brands"
    expected = {
        "reference-entities/x": 'Reference entity "x" does not exist.',
        "asset-families/x/assets": 'Asset family "x" does not exist.',
        f"{BRANDS}/attributes/x": (
            'Attribute "x" does not exist for the reference entity "brands".'
        ),
        f"{BRANDS}/attributes/x/options": (
            'Attribute "x" does not exist for reference entity "brands".'
        ),
        f"{BRANDS}/attributes/label/options": 'Attribute "label" does not support options.',
        f"{BRANDS}/records/x": 'Record "x" does not exist for the reference entity "brands".',
        f"{PACKSHOTS}/assets/x": 'Asset "x" does not exist for the asset family "packshots".',
    }
    for path, message in expected.items():
        assert enterprise.error(path) == (404, message)


def test_codes_of_asset_families_are_case_sensitive(enterprise: Client) -> None:
    assert enterprise.ask("asset-families/Videos").status_code == 200
    assert enterprise.error("asset-families/videos")[0] == 404


def test_dates_of_records_exist_since_5_0(clients: dict[str, Client]) -> None:
    keys = {name: set(clients[name].rest(f"{BRANDS}/records")[0]) for name in VERSIONS}
    assert keys["pim-3"] == {"code", "values"}
    assert keys["ee-7"] == keys["saas"] == {"code", "values", "created", "updated"}


def test_images_and_files_link_to_themselves(enterprise: Client) -> None:
    entities = enterprise.get("reference-entities")["_embedded"]["items"]
    with_image = [entity for entity in entities if entity["image"]]
    assert all(("image_download" in row["_links"]) is bool(row["image"]) for row in entities)
    assert with_image
    for path, attribute in ((f"{BRANDS}/records", "image"), (f"{PACKSHOTS}/assets", "media")):
        rows = enterprise.get(path)["_embedded"]["items"]
        value = next(row["values"][attribute][0] for row in rows if attribute in row["values"])
        answer = enterprise.ask(value["_links"]["download"]["href"])
        assert value["data"] in answer.text


def test_values_are_filtered_by_channel_and_locale(enterprise: Client) -> None:
    def places(**asked: str) -> set[tuple[str | None, str | None]]:
        return {
            (value["channel"], value["locale"])
            for row in enterprise.rest(f"{BRANDS}/records", **asked)
            for values in row["values"].values()
            for value in values
        }

    assert ("mobile", "fr_FR") in places()
    assert {channel for channel, _ in places(channel="mobile")} == {None, "mobile"}
    assert {locale for _, locale in places(locales="en_US,fr_FR")} == {None, "en_US", "fr_FR"}
    status, message = enterprise.error(f"{BRANDS}/records", channel="x", locales="en_GB")
    assert (status, message) == (422, "Invalid query parameters")


def test_records_are_found_by_their_date(start: Start) -> None:
    client = start("ee-7", timezone="America/New_York")
    path = f"{BRANDS}/records"
    rows = sorted(client.rest(path), key=lambda row: row["updated"])
    first, middle, last = rows[3], rows[17], rows[30]

    def found(*conditions: Any) -> set[str]:
        search = {"updated": [{"operator": a, "value": b} for a, b in conditions]}
        return {row["code"] for row in client.rest(path, search=search)}

    def expected(test: Any) -> set[str]:
        return {row["code"] for row in rows if test(row["updated"])}

    assert found((">", middle["updated"])) == expected(lambda date: date > middle["updated"])
    assert found(("<", middle["updated"])) == expected(lambda date: date < middle["updated"])
    between = ("BETWEEN", [first["updated"], last["updated"]])
    inside = expected(lambda date: first["updated"] <= date <= last["updated"])
    assert found(between) == inside
    assert found((f"NOT {between[0]}", between[1])) == {row["code"] for row in rows} - inside
    assert found((">", first["updated"]), ("<", last["updated"])) < inside
    client.pim.write.change("reference_entity_records", ("brands", "brands_0001"), values={})
    assert found(("SINCE LAST N DAYS", 1)) == set()
    label = {"label": [{"locale": "en_US", "channel": None, "data": "New"}]}
    client.pim.write.change("reference_entity_records", ("brands", "brands_0001"), values=label)
    assert found(("SINCE LAST N DAYS", 1)) == {"brands_0001"}


@pytest.mark.parametrize(
    "search",
    [
        {"updated": {"operator": ">", "value": "2020-01-01T00:00:00Z"}},
        {"updated": [{"operator": "=", "value": "2020-01-01T00:00:00Z"}]},
        {"updated": [{"operator": ">", "value": "2020-01-01 00:00:00"}]},
        {"updated": [{"operator": "SINCE LAST N DAYS", "value": "3"}]},
        {"updated": [{"operator": "BETWEEN", "value": ["2020-01-01T00:00:00Z"]}]},
        {"code": [{"operator": "=", "value": "x"}]},
        {"complete": {"operator": "=", "value": True, "locales": ["en_US"]}},
        {"complete": {"operator": "=", "value": True, "channel": "print", "locales": []}},
        {"nope": [{"operator": "=", "value": "x"}]},
    ],
)
def test_a_search_of_the_wrong_form_is_a_422(enterprise: Client, search: Any) -> None:
    answer = enterprise.ask(f"{BRANDS}/records", search=search)
    assert answer.status_code == 422
    assert answer.json()["message"] == "The search filters have an invalid format."
    assert set(answer.json()["errors"][0]) == {"property", "message"}


def test_a_search_that_is_no_json_is_a_400(enterprise: Client) -> None:
    error = (400, "The search query parameter must be a valid JSON.")
    assert enterprise.error(f"{BRANDS}/records", search="{") == error
    # It is looked at before the entity is looked up.
    assert enterprise.error("reference-entities/x/records", search="{") == error


def test_old_versions_know_only_the_operator_later_than(clients: dict[str, Client]) -> None:
    search = {"updated": [{"operator": "<", "value": "2020-01-01T00:00:00Z"}]}
    code = {"code": [{"operator": "IN", "value": ["brands_0001"]}]}
    for profile, status in (("pim-3", 422), ("ee-7", 200)):
        for asked in (search, code):
            assert clients[profile].ask(f"{BRANDS}/records", search=asked).status_code == status


def test_records_are_found_by_code_and_completeness(clients: dict[str, Client]) -> None:
    client = clients["ee-7"]
    path = f"{BRANDS}/records"
    search: Any = {"code": [{"operator": "IN", "value": ["BRANDS_0002", "brands_0004", "x"]}]}
    assert [row["code"] for row in client.rest(path, search=search)] == [
        "brands_0002",
        "brands_0004",
    ]
    counts = []
    for value in (True, False):
        complete = {"operator": "=", "value": value, "channel": "mobile", "locales": ["en_US"]}
        rows = client.rest(path, search={"complete": complete})
        assert all(({"description", "price_level"} <= set(row["values"])) is value for row in rows)
        counts.append(len(rows))
    assert sum(counts) == 40
    assert min(counts) > 0


def test_assets_of_saas_are_searched_with_logical_operators(clients: dict[str, Client]) -> None:
    client, path = clients["saas"], "asset-families/packshots/assets"
    rows = {row["code"]: row for row in client.rest(path)}
    red = {"values": {"main_colors": {"operator": "IN", "value": ["red"]}}}
    some = {"code": {"operator": "IN", "value": ["packshots_0001", "packshots_0002"]}}
    held = {code for code, row in rows.items()
            if "red" in row["values"].get("main_colors", [{"data": []}])[0]["data"]}  # fmt: skip
    codes = set(some["code"]["value"])

    def found(search: Any) -> set[str]:
        return {row["code"] for row in client.rest(path, search=search)}

    assert found({"and": [red, some]}) == held & codes
    assert found({"or": [red, some]}) == held | codes
    later = {"updated": {"operator": ">=", "value": "2000-01-01T00:00:00Z"}}
    assert found({"and": [{"or": [red, some]}, later]}) == held | codes
    complete = {"complete": {"operator": "=", "value": True,
                "context": {"channel": "ecommerce", "locales": ["en_US"]}}}  # fmt: skip
    assert set() < found({"and": [complete]}) < set(rows)
    searches: list[Any] = [
        {"and": [red], "or": [some]},
        {"and": []},
        {"and": [{"nope": {"operator": "=", "value": 1}}]},
        {"and": [{"values": {"nope": {"operator": "=", "value": 1}}}]},
        {"and": [{"code": {"operator": "LIKE", "value": 1}}]},
    ]
    for wrong in searches:
        assert client.error(path, search=wrong)[0] == 422
    assert client.error(f"{BRANDS}/records", search={"and": [some]})[0] == 422
    assert clients["ee-7"].error(path, search={"and": [some]})[0] == 422


def test_saas_searches_the_values_of_attributes(clients: dict[str, Client]) -> None:
    path = f"{BRANDS}/records"
    search = {"price_level": {"operator": "IN", "value": ["premium"]}}
    rows = clients["saas"].rest(path, search=search)
    assert {row["values"]["price_level"][0]["data"] for row in rows} == {"premium"}
    image = {"image": {"operator": "EMPTY", "value": ""}}
    assert clients["saas"].ask(path, search=image).status_code == 422
    assert clients["ee-7"].ask(path, search=search).status_code == 422


def test_assets_of_saas_have_more_properties(clients: dict[str, Client]) -> None:
    saas, path = clients["saas"], f"{PACKSHOTS}/assets"
    values = [
        (code, value)
        for asset in saas.get(path)["_embedded"]["items"]
        for code, of_code in asset["values"].items()
        for value in of_code
    ]
    kinds = {row["code"]: row["type"] for row in saas.get(f"{PACKSHOTS}/attributes")}
    assert all(value["attribute_type"] == kinds[code] for code, value in values)
    media = next(value for code, value in values if code == "media")
    assert set(media["_links"]) == {"download", "share_link"}
    assert set(media["linked_data"]) == {
        *("size", "mime_type", "extension", "original_filename", "updated_at"),
    }
    assert "linked_data" not in next(value for code, value in values if code == "auto_tags")
    assets = saas.rest(path, with_asset_auto_tags="true")
    tags = next(row["values"]["auto_tags"][0] for row in assets if "auto_tags" in row["values"])
    assert set(tags["linked_data"]) == set(tags["data"])
    assert all(set(tag) == {"labels"} for tag in tags["linked_data"].values())
    (guide,) = saas.get("asset-families/user_guides/assets/user_guides_0000")["values"]["guide"][:1]
    assert set(guide["_links"]) == {"download"}  # sharing is off there


def test_permissions_exist_since_6_0(start: Start) -> None:
    client = start("ee-7")
    for permission, path, plural in (
        ("pim_api_reference_entity_record_list", f"{BRANDS}/records", "reference entity records"),
        ("pim_api_reference_entity_list", "reference-entities", "reference entities"),
        ("pim_api_reference_entity_list", f"{BRANDS}/attributes", "reference entities"),
        ("pim_api_asset_list", f"{PACKSHOTS}/assets", "assets"),
        ("pim_api_asset_family_list", "asset-families", "asset families"),
        (
            "pim_api_asset_family_list",
            f"{PACKSHOTS}/attributes/main_colors/options",
            "asset families",
        ),
    ):
        client.get(path)
        client.pim.permissions.discard(permission)
        message = f"Access forbidden. You are not allowed to list {plural}."
        assert client.error(path) == (403, message)
        client.pim.permissions.add(permission)
    assert not {p for p in start("pim-3").pim.permissions if "asset" in p or "reference" in p}


def test_libraries_can_be_written(start: Start) -> None:
    client = start("ee-7")
    write, pim = client.pim.write, client.pim
    assert write.save("reference_entities", "materials", {"labels": {"en_US": "Materials"}})
    assert write.save("reference_entity_attributes", ("materials", "hard"), {"type": "boolean"})
    value = {"locale": None, "channel": None, "data": True}
    assert write.save(
        "reference_entity_records", ("materials", "oak"), {"values": {"hard": [value]}}
    )
    (record,) = client.rest("reference-entities/materials/records")
    assert record["values"] == {"hard": [value]}
    write.change("reference_entities", "materials", labels={"fr_FR": "Matières"})
    labels = client.get("reference-entities/materials")["labels"]
    assert labels == {"en_US": "Materials", "fr_FR": "Matières"}
    write.delete("reference_entity_attributes", ("materials", "hard"))
    assert client.rest("reference-entities/materials/records")[0]["values"] == {}
    write.delete("reference_entities", "materials")
    assert client.error("reference-entities/materials")[0] == 404
    with pytest.raises(KeyError):
        write.delete("assets", ("packshots", "nope"))
    option = ("packshots", "main_colors", "red")
    write.change("asset_attribute_options", option, labels={"en_US": "Reddish"})
    shown = client.get(f"{PACKSHOTS}/attributes/main_colors/options/red")
    assert shown["labels"]["en_US"] == "Reddish"
    write.delete("asset_attribute_options", option)
    rows = client.rest(f"{PACKSHOTS}/assets")
    assert not any("red" in repr(row["values"].get("main_colors")) for row in rows)
    truth = {row["code"]: row["values"] for row in pim.truth("assets")}
    assert all(truth[row["code"]] == row["values"] for row in rows)
    assert write.save("asset_families", "new", {})
    assert client.get("asset-families/new")["naming_convention"] == {}


def test_changing_an_asset_moves_its_date(start: Start) -> None:
    client = start("saas")
    path = f"{PACKSHOTS}/assets/packshots_0003"
    before = client.get(path)
    client.pim.write.change("assets", ("packshots", "packshots_0003"), values={})
    assert client.get(path) == before
    text = [{"locale": None, "channel": None, "data": "Somebody"}]
    client.pim.write.change(
        "assets", ("packshots", "packshots_0003"), values={"photographer": text}
    )
    after = client.get(path)
    assert after["updated"] > before["updated"]
    assert after["created"] == before["created"]
    assert after["values"]["photographer"][0]["data"] == "Somebody"
    client.pim.write.delete("assets", ("packshots", "packshots_0003"))
    assert client.error(path)[0] == 404
    assert not any("packshots_0003" in repr(row) for row in client.all("products-uuid"))
