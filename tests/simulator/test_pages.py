"""Both kinds of pagination with their quirks."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import pytest

if TYPE_CHECKING:
    from tests.simulator.conftest import Client, Start

AFTER = {"pagination_type": "search_after"}


def test_both_kinds_of_pagination_find_every_product(any_version: Client) -> None:
    path, key = any_version.product_path, any_version.product_key
    expected = sorted(product[key] for product in any_version.pim.truth("products"))
    for kind in ({}, AFTER):
        found = [product[key] for product in any_version.all(path, **kind)]
        assert sorted(found) == expected


def test_the_default_limit_is_10_and_the_highest_100(ce7: Client) -> None:
    assert len(ce7.page("products-uuid")) == 10
    assert len(ce7.page("products-uuid", limit=100)) == 100
    for path in ("products-uuid", "families", "media-files"):
        expected = (422, "You cannot request more than 100 items.")
        assert ce7.error(path, limit=101) == expected


@pytest.mark.parametrize("limit", ["0", "x", "1.5", "01", "-1"])
def test_invalid_limits_and_pages_are_a_422(ce7: Client, limit: str) -> None:
    assert ce7.error("attributes", limit=limit) == (422, f'"{limit}" is not a valid limit number.')
    assert ce7.error("attributes", page=limit) == (422, f'"{limit}" is not a valid page number.')


@pytest.mark.parametrize("kind", [{}, AFTER])
def test_a_full_last_page_links_to_an_empty_one(ce7: Client, kind: dict[str, str]) -> None:
    pages = list(ce7.pages("products-uuid", **kind))
    assert [len(page) for page in pages] == [100, 100, 50]
    body = ce7.get("products-uuid", limit=50, page=5)
    assert len(ce7.page(body["_links"]["next"]["href"])) == 0


def test_a_full_page_of_a_sql_list_links_to_an_empty_one(ce7: Client) -> None:
    body = ce7.get("families", limit=5)
    assert len(body["_embedded"]["items"]) == 5
    assert ce7.page(body["_links"]["next"]["href"]) == []


def test_page_links_have_first_previous_and_next(ce7: Client) -> None:
    links = ce7.get("attributes", limit=10, page=2)["_links"]
    assert list(links) == ["self", "first", "previous", "next"]
    assert links["next"]["href"].endswith("/attributes?page=3&limit=10&with_count=false")


def test_search_after_links_have_neither_previous_nor_count(ce7: Client) -> None:
    body = ce7.get("products-uuid", limit=10, with_count="true", **AFTER)
    assert list(body) == ["_links", "_embedded"]
    assert list(body["_links"]) == ["self", "first", "next"]


def test_the_count_is_sent_on_request(ce7: Client) -> None:
    assert "items_count" not in ce7.get("products-uuid")
    assert ce7.get("products-uuid", with_count="true")["items_count"] == 250
    assert ce7.get("categories", with_count="true")["items_count"] == 40
    message = (
        'Parameter "with_count" has to be a boolean. Only "true" or "false" allowed, "1" given.'
    )
    assert ce7.error("categories", with_count="1") == (422, message)


def test_lists_from_sql_do_not_support_search_after(ce7: Client) -> None:
    expected = (422, "Pagination type is not supported.")
    assert ce7.error("families", **AFTER) == expected
    message = "Pagination type does not exist."
    assert ce7.error("products-uuid", pagination_type="cursor") == (422, message)


def test_the_token_is_encrypted_up_to_5_0_and_plain_from_6_0_on(any_version: Client) -> None:
    body = any_version.get("products", limit=10, **AFTER)
    query = parse_qs(urlsplit(body["_links"]["next"]["href"]).query)
    last = body["_embedded"]["items"][-1]["identifier"]
    plain = any_version.pim.profile.plain_search_after
    assert (query["search_after"] == [last]) is plain


def test_the_token_of_products_uuid_is_the_uuid(ce7: Client) -> None:
    body = ce7.get("products-uuid", limit=10, **AFTER)
    uuid = body["_embedded"]["items"][-1]["uuid"]
    assert body["_links"]["next"]["href"].endswith(f"search_after={uuid}")


def test_a_page_beyond_10_000_items_is_a_500_in_librepim(clients: dict[str, Client]) -> None:
    client = clients["librepim-8"]
    client.get("products-uuid", page=100, limit=100)
    for path in ("products-uuid", "products", "product-models"):
        assert client.ask(path, page=101, limit=100).status_code == 500


def test_links_omit_search_locale_and_repeat_the_other_parameters(ce7: Client) -> None:
    body = ce7.get(
        "products-uuid",
        search={"enabled": [{"operator": "=", "value": True}]},
        search_locale="en_US",
        scope="ecommerce",
        locales="en_US",
        attributes="name",
        with_attribute_options="true",
        with_quality_scores="true",
        with_completenesses="true",
        **AFTER,
    )
    query = parse_qs(urlsplit(body["_links"]["next"]["href"]).query)
    assert "search_locale" not in query
    assert query["search"] == ['{"enabled":[{"operator":"=","value":true}]}']
    kept = {"scope": "ecommerce", "locales": "en_US", "attributes": "name"}
    for name in ("with_attribute_options", "with_quality_scores", "with_completenesses"):
        kept[name] = "true"
    assert {name: query[name] for name in kept} == {name: [text] for name, text in kept.items()}


def test_links_of_models_omit_with_quality_scores(ce7: Client) -> None:
    body = ce7.get("product-models", with_quality_scores="true")
    assert "quality_scores" in body["_embedded"]["items"][0]
    following = ce7.page(body["_links"]["next"]["href"])
    assert "quality_scores" not in following[0]


def test_links_have_the_host_the_pim_believes_in(start: Start) -> None:
    client = start(links_base="http://pim.internal:8080")
    body = client.get("products-uuid")
    hrefs = [link["href"] for link in body["_links"].values()]
    hrefs += [product["_links"]["self"]["href"] for product in body["_embedded"]["items"]]
    assert {urlsplit(href).netloc for href in hrefs} == {"pim.internal:8080"}


def test_an_item_missing_in_the_database_makes_its_page_short_and_ends_the_links(
    start: Start,
) -> None:
    client = start()
    uuids = [product["uuid"] for product in client.all("products-uuid", **AFTER)]
    client.pim.missing.add(uuids[4])
    body = client.get("products-uuid", limit=10, with_count="true")
    assert len(body["_embedded"]["items"]) == 9
    assert "next" not in body["_links"]
    assert body["items_count"] == 60
    rest = client.page("products-uuid", search_after=uuids[9], **AFTER)
    assert rest[0]["uuid"] == uuids[10]


@pytest.mark.parametrize(("profile", "shown"), [("ce-6", set()), ("ce-7", {"zz_renamed"})])
def test_a_product_whose_new_identifier_is_not_indexed_is_dropped_up_to_6(
    start: Start, profile: str, shown: set[str]
) -> None:
    client = start(profile, index_lag=30)
    names = {product["identifier"] for product in client.all("products", **AFTER)}
    first = min(names)
    client.pim.write.change("products", first, identifier="zz_renamed")
    body = client.get("products", limit=100, with_count="true")
    assert body["items_count"] == len(names)
    listed = {product["identifier"] for product in body["_embedded"]["items"]}
    assert listed == names - {first} | shown
    client.pim.clock.advance(seconds=31)
    listed = {product["identifier"] for product in client.all("products", **AFTER)}
    assert listed == names - {first} | {"zz_renamed"}


def test_a_broken_product_makes_its_page_a_500(start: Start) -> None:
    client = start()
    uuids = [product["uuid"] for product in client.all("products-uuid", **AFTER)]
    client.pim.broken.add(uuids[4])
    assert client.error("products-uuid", limit=10) == (500, "Internal Server Error")
    assert client.error(f"products-uuid/{uuids[4]}")[0] == 500
    assert len(client.page("products-uuid", limit=4)) == 4
    rest = client.all("products-uuid", search_after=uuids[4], **AFTER)
    assert [product["uuid"] for product in rest] == uuids[5:]


def test_media_files_may_change_their_order_between_pages(start: Start) -> None:
    client = start(products=400, shuffle_media_files=True)
    read = [file["code"] for file in client.all("media-files", limit=10)]
    everything = {file["code"] for file in client.pim.truth("product_media_files")}
    assert len(read) == len(everything)
    assert set(read) < everything
    assert len(everything - set(read)) < len(everything) / 4


def test_media_files_keep_their_order_by_default(ce7: Client) -> None:
    read = [file["code"] for file in ce7.all("media-files")]
    assert read == [file["code"] for file in ce7.pim.truth("product_media_files")]


def test_categories_come_tree_by_tree(ce7: Client) -> None:
    codes = [category["code"] for category in ce7.all("categories")]
    assert codes.index("apparel") < codes.index("kids_7_12") < codes.index("footwear")
    assert codes[0] == "master"
    assert codes.index("sales") == len(codes) - 11


def test_measurement_families_are_a_bare_list_and_measure_families_pages(ce7: Client) -> None:
    assert isinstance(ce7.get("measurement-families"), list)
    assert len(ce7.page("measure-families", limit=3)) == 3
    assert len(ce7.all("measure-families")) == 7
