"""Writes over HTTP and in process, and their effect on `updated`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.simulator.conftest import Client, Start


def _changed(client: Client, path: str, since: str) -> set[str]:
    search = {"updated": [{"operator": ">", "value": since}]}
    return {row["code"] for row in client.all(path, search=search)}


def _now(client: Client) -> str:
    """Return the current second, and advance the clock past it."""
    now = client.pim.clock.now().replace(microsecond=0)
    client.pim.clock.advance(seconds=2)
    return f"{now:%Y-%m-%dT%H:%M:%SZ}"


def test_a_product_is_created_changed_and_deleted(start: Start) -> None:
    client = start()
    answer = client.write("POST", "products", {"identifier": "mug", "family": "accessories"})
    assert answer.status_code == 201
    assert answer.headers["Location"] == f"{client.url}/api/rest/v1/products/mug"
    answer = client.write("POST", "products", {"identifier": "MUG"})
    assert answer.status_code == 422
    assert answer.json()["message"] == "Validation failed."
    assert answer.json()["errors"][0]["property"] == "identifier"
    weight = [{"locale": None, "scope": None, "data": {"amount": 0.5, "unit": "KILOGRAM"}}]
    answer = client.write("PATCH", "products/mug", {"values": {"weight": weight}})
    assert answer.status_code == 204
    shown = client.get("products/mug")["values"]["weight"][0]["data"]
    assert shown == {"amount": "0.5000", "unit": "KILOGRAM"}
    assert client.write("DELETE", "products/mug", None).status_code == 204
    assert client.error("products/mug")[0] == 404
    assert client.write("DELETE", "products/mug", None).status_code == 404


def test_a_collection_is_answered_line_by_line(start: Start) -> None:
    client = start()
    existing = client.page("products")[0]["identifier"]
    lines = client.write_many(
        "products",
        {"identifier": existing, "enabled": False},
        {"identifier": "new one"},
        {"identifier": "wrong", "nope": 1},
        {"enabled": True},
    )
    assert lines[:2] == [
        {"line": 1, "identifier": existing, "status_code": 204},
        {"line": 2, "identifier": "new one", "status_code": 201},
    ]
    assert lines[2]["status_code"] == 422
    assert lines[2]["message"].startswith('Property "nope" does not exist.')
    assert lines[3] == {"line": 4, "status_code": 422, "message": "Identifier is missing."}


def test_a_collection_has_at_most_100_lines_and_its_own_content_type(start: Start) -> None:
    client = start()
    answer = client.write("PATCH", "families", {"code": "x"})
    assert answer.status_code == 415
    headers = {"Content-Type": "application/vnd.akeneo.collection+json"}
    url = f"{client.url}/api/rest/v1/families"
    answer = client.session.patch(url, data="{}\n" * 101, headers=headers, timeout=10)
    assert answer.json() == {
        "code": 413,
        "message": "Too many resources to process, 100 is the maximum allowed.",
    }


def test_products_by_uuid_are_written_with_the_identifier_as_a_value(start: Start) -> None:
    client = start()
    sku = [{"locale": None, "scope": None, "data": "cup"}]
    answer = client.write("POST", "products-uuid", {"values": {"sku": sku}})
    assert answer.status_code == 201
    product = client.get(answer.headers["Location"])
    assert client.get("products/cup")["uuid"] == product["uuid"]
    lines = client.write_many("products-uuid", {"uuid": product["uuid"], "enabled": False})
    assert lines == [{"line": 1, "uuid": product["uuid"], "status_code": 204}]
    answer = client.write("PATCH", f"products-uuid/{product['uuid']}", {"values": {"sku": []}})
    assert answer.status_code == 204
    assert client.write("DELETE", f"products-uuid/{product['uuid']}", None).status_code == 204


def test_a_product_needs_an_identifier_before_7_0(start: Start) -> None:
    client = start("ce-6")
    answer = client.write("POST", "products", {"family": "shoes"})
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["property"] == "identifier"


def test_what_does_not_change_a_product_does_not_move_its_date(start: Start) -> None:
    client = start()
    product = client.page("products-uuid")[0]
    path = f"products-uuid/{product['uuid']}"
    client.write("PATCH", path, {"enabled": product["enabled"]})
    assert client.get(path)["updated"] == product["updated"]
    client.write("PATCH", path, {"enabled": not product["enabled"]})
    assert client.get(path)["updated"] > product["updated"]
    assert client.get(path)["created"] == product["created"]


@pytest.mark.parametrize("profile", ["ce-5", "ce-6"])
def test_models_are_deleted_with_all_below_from_6_0_on(start: Start, profile: str) -> None:
    client = start(profile)
    root = next(model["code"] for model in client.all("product-models") if not model["parent"])
    answer = client.write("DELETE", f"product-models/{root}", None)
    if profile == "ce-5":
        assert answer.status_code == 405
        return
    assert answer.status_code == 204
    left = client.all("product-models")
    assert root not in {row["parent"] for row in left} | {row["code"] for row in left}
    products = client.all("products")
    assert len(products) == len(client.pim.truth("products")) < 60


def test_saving_and_removing_an_option_moves_the_date_of_its_attribute(start: Start) -> None:
    client = start()
    before = _now(client)
    assert _changed(client, "attributes", before) == set()
    body = {"code": "pink", "labels": {"en_US": "Pink"}}
    answer = client.write("POST", "attributes/color/options", body)
    assert answer.status_code == 201
    assert answer.headers["Location"].endswith("/attributes/color/options/pink")
    assert _changed(client, "attributes", before) == {"color"}
    before = _now(client)
    client.write("PATCH", "attributes/color/options/pink", {"labels": {"en_US": "Rosy"}})
    assert _changed(client, "attributes", before) == {"color"}
    before = _now(client)
    client.pim.write.delete("attribute_options", ("color", "pink"))
    assert _changed(client, "attributes", before) == {"color"}
    assert client.error("attributes/color/options/pink")[0] == 404


def test_values_of_removed_attributes_and_options_are_shown_no_more(start: Start) -> None:
    client = start()
    pim = client.pim

    def shown(code: str) -> list[Any]:
        products = client.all("products-uuid")
        truth = {row["uuid"]: row["values"].get(code) for row in pim.truth("products")}
        read = {row["uuid"]: row["values"].get(code) for row in products}
        assert read == truth
        return [value["data"] for values in read.values() for value in values or ()]

    assert "red" in shown("color")
    pim.write.delete("attribute_options", ("color", "red"))
    assert shown("color")
    assert not {"red", "RED"} & set(shown("color"))
    pim.write.delete("attribute_options", ("tags", "eco"))
    assert not any("eco" in tags for tags in shown("tags"))
    pim.write.delete("attributes", "brand")
    assert shown("brand") == []


def test_label_edits_of_categories_count_on_saas_only(start: Start) -> None:
    for profile, counted in (("ce-7", False), ("saas", True)):
        client = start(profile)
        before = _now(client)
        answer = client.write("PATCH", "categories/boots", {"labels": {"en_US": "Big boots"}})
        assert answer.status_code == 204
        assert client.get("categories/boots")["labels"]["en_US"] == "Big boots"
        assert ("boots" in _changed(client, "categories", before)) is counted
        client.write("PATCH", "categories/boots", {"parent": "extras"})
        assert "boots" in _changed(client, "categories", before)


def test_families_and_attributes_are_written(start: Start) -> None:
    client = start()
    before = _now(client)
    attribute = {"code": "isbn", "type": "pim_catalog_text", "group": "other"}
    assert client.write("POST", "attributes", attribute).status_code == 201
    assert len(client.get("attributes/isbn")) == 30
    family = {"attributes": ["sku", "isbn"], "labels": {"en_US": "Books"}}
    assert client.write("PATCH", "families/books", family).status_code == 201
    assert client.write("PATCH", "families/books", {"labels": {"fr_FR": "Livres"}}).ok
    labels = client.get("families/books")["labels"]
    assert labels == {"en_US": "Books", "fr_FR": "Livres"}
    assert _changed(client, "families", before) == {"books"}
    assert _changed(client, "attributes", before) == {"isbn"}


def test_families_are_deleted_on_saas_only(start: Start) -> None:
    assert start("ce-7").write("DELETE", "families/gift_cards", None).status_code == 405
    client = start("saas")
    assert client.write("DELETE", "families/gift_cards", None).status_code == 204
    assert client.error("families/gift_cards")[0] == 404


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"family": "nope"}, 'Property "family" expects a valid family code.'),
        ({"categories": ["nope"]}, 'Property "categories" expects a valid category code.'),
        ({"values": {"nope": []}}, "The nope attribute does not exist in your PIM."),
        ({"parent": "nope"}, 'Property "parent" expects a valid parent code.'),
        ({"values": 1}, 'Property "values" expects an array as data, "integer" given.'),
    ],
)
def test_invalid_bodies_are_a_422(start: Start, body: dict[str, Any], message: str) -> None:
    client = start()
    answer = client.write("PATCH", "products/some", body)
    assert answer.status_code == 422
    assert answer.json()["message"].startswith(message)
    assert "documentation" in answer.json()["_links"]
    assert client.error("products/some")[0] == 404


def test_a_body_that_is_no_json_is_a_400(start: Start) -> None:
    client = start()
    headers = {"Content-Type": "application/json"}
    url = f"{client.url}/api/rest/v1/families"
    answer = client.session.post(url, data="{", headers=headers, timeout=10)
    assert (answer.status_code, answer.json()["message"]) == (400, "Invalid json message received")


def test_writes_in_process_are_those_of_the_api(start: Start) -> None:
    client = start()
    write = client.pim.write
    uuid = write.product("in process", family="shoes", categories=["boots"])
    assert client.get(f"products-uuid/{uuid}")["categories"] == ["boots"]
    write.change("products", "in process", categories=[])
    assert client.get(f"products-uuid/{uuid}")["categories"] == []
    write.product_model("model", family_variant="shoes_size")
    write.product("variant", parent="model")
    assert client.get("products/variant")["family"] == "shoes"
    write.delete("products", "in process")
    assert client.ask(f"products-uuid/{uuid}").status_code == 404
    for change in (write.change, write.delete):
        with pytest.raises(KeyError):
            change("families", "nope")
    write.delete("categories", "footwear")
    assert client.error("categories/boots")[0] == 404
    truth = client.pim.truth("products")
    assert not any("boots" in product["categories"] for product in truth)
    assert {row["uuid"] for row in truth} == {row["uuid"] for row in client.all("products-uuid")}


def test_measurement_families_are_saved_in_a_bare_list(start: Start) -> None:
    client = start()
    known = client.get("measurement-families")[0]
    families = [{**known, "labels": {"en_US": "Changed"}}, {**known, "code": "new"}]
    answer = client.write("PATCH", "measurement-families", families)
    assert answer.status_code == 200
    assert answer.json() == [
        {"code": known["code"], "status_code": 204},
        {"code": "new", "status_code": 201},
    ]
    saved = {row["code"]: row for row in client.get("measurement-families")}
    assert saved[known["code"]]["labels"] == {**known["labels"], "en_US": "Changed"}
    assert saved["new"]["units"] == known["units"]


def test_media_files_need_a_form(start: Start) -> None:
    client = start()
    answer = client.write("POST", "media-files", {})
    message = (
        '"application/json" in "Content-Type" header is not valid. '
        'Only "multipart/form-data" is allowed.'
    )
    assert (answer.status_code, answer.json()["message"]) == (415, message)
