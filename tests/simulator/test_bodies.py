"""The bodies of each version."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.simulator.conftest import Client, Start

BERLIN = "Europe/Berlin"
VERSIONS = ("ce-4", "ce-5", "ce-6", "ce-7", "saas")


def _everywhere(clients: dict[str, Client], read: Any) -> dict[str, Any]:
    return {profile: read(clients[profile]) for profile in VERSIONS}


def _values(client: Client, kind: str, **parameters: Any) -> Iterator[dict[str, Any]]:
    """Return all values of attributes of a type."""
    attributes = {
        row["code"]
        for row in client.pim.truth("attributes")
        if row["type"] == f"pim_catalog_{kind}"
    }
    for product in client.all("products", **parameters):
        for code in attributes & set(product["values"]):
            yield from product["values"][code]


def test_products_have_these_keys_in_each_version(clients: dict[str, Client]) -> None:
    keys = _everywhere(clients, lambda client: list(client.page("products")[0]))
    before = ["_links", "identifier", "enabled", "family", "categories", "groups", "parent"]
    after = ["values", "created", "updated", "associations"]
    assert keys["ce-4"] == before + after
    assert keys["ce-5"] == keys["ce-6"] == before + after + ["quantified_associations"]
    assert keys["ce-7"] == ["_links", "uuid", *keys["ce-6"][1:]]
    assert keys["saas"] == keys["ce-7"] + ["metadata"]


def test_products_by_uuid_have_no_identifier(ce7: Client) -> None:
    product = ce7.page("products-uuid")[0]
    assert "identifier" not in product
    assert "uuid" in product


def test_products_hides_those_without_identifier(ce7: Client) -> None:
    everything = ce7.all("products-uuid")
    without = [product for product in everything if "sku" not in product["values"]]
    assert len(without) == 6
    assert len(ce7.all("products")) == len(everything) - 6
    assert ce7.get("products", with_count="true")["items_count"] == len(everything) - 6


def test_the_identifier_is_among_the_values_from_7_0_on(any_version: Client) -> None:
    product = any_version.page("products")[0]
    if any_version.pim.profile.by_uuid:
        (value,) = product["values"]["sku"]
        assert value["data"] == product["identifier"]
    else:
        assert "sku" not in product["values"]


def test_associations_hold_null_for_products_without_identifier(start: Start) -> None:
    client = start()
    nameless = client.pim.write.product()
    associations = {"X_SELL": {"products": [nameless]}}
    uuid = client.pim.write.product("linked", associations=associations)
    assert client.get("products/linked")["associations"]["X_SELL"]["products"] == [None]
    by_uuid = client.get(f"products-uuid/{uuid}")
    assert by_uuid["associations"]["X_SELL"]["products"] == [nameless]
    assert set(by_uuid["associations"]) == {"PACK", "UPSELL", "X_SELL"}


def test_quantified_associations_say_identifier_for_models_in_both_lists(ce7: Client) -> None:
    for path, key in (("products", "identifier"), ("products-uuid", "uuid")):
        linked = [row for row in ce7.all(path) if row["quantified_associations"]]
        assert linked
        target = linked[0]["quantified_associations"]["PRODUCTSET"]
        assert set(target["products"][0]) == {key, "quantity"}
        assert set(target["product_models"][0]) == {"identifier", "quantity"}


def test_models_contain_what_they_inherit(ce7: Client) -> None:
    models = {model["code"]: model for model in ce7.all("product-models")}
    child = next(model for model in models.values() if model["parent"])
    parent = models[child["parent"]]
    assert child["values"].items() >= parent["values"].items()
    assert child["categories"] == parent["categories"]
    keys = ["_links", "code", "family", "family_variant", "parent", "categories", "values"]
    keys += ["created", "updated", "associations", "quantified_associations"]
    assert list(child) == keys


def test_amounts_are_text_where_decimals_are_allowed_and_integers_elsewhere(ce7: Client) -> None:
    kinds: dict[str, set[type]] = {"number": set(), "metric": set(), "price_collection": set()}
    for kind, found in kinds.items():
        for value in _values(ce7, kind):
            data = value["data"]
            rows = data if isinstance(data, list) else [data]
            found |= {type(row["amount"] if isinstance(row, dict) else row) for row in rows}
    none = type(None)
    assert kinds == {
        "number": {str, int},
        "metric": {str, int, none},
        "price_collection": {str, int},
    }
    numbers = {value["data"] for value in _values(ce7, "number")}
    assert "15.507876" in numbers
    metrics = [value["data"] for value in _values(ce7, "metric")]
    assert {"amount": None, "unit": None} in metrics


def test_media_values_link_to_their_download(ce7: Client) -> None:
    value = next(_values(ce7, "image"))
    href = f"{ce7.url}/api/rest/v1/media-files/{value['data']}/download"
    assert value["_links"] == {"download": {"href": href}}
    answer = ce7.ask(href)
    assert answer.headers["Content-Type"].startswith("image/")
    assert "attachment; filename=" in answer.headers["Content-Disposition"]
    assert answer.content


def test_dates_are_midnight_on_the_server(start: Start) -> None:
    client = start(timezone=BERLIN)
    dates = {value["data"] for value in _values(client, "date")}
    assert {text[10:] for text in dates} == {"T00:00:00+01:00", "T00:00:00+02:00"}


@pytest.mark.parametrize("profile", VERSIONS)
def test_up_to_5_0_product_dates_show_the_time_in_utc(start: Start, profile: str) -> None:
    client = start(profile, timezone="America/New_York")
    truth = {row["identifier"]: row for row in client.pim.truth("products", by_uuid=False)}
    for product in client.all("products"):
        true = datetime.fromisoformat(truth[product["identifier"]]["updated"])
        shown = datetime.fromisoformat(product["updated"])
        if client.pim.profile.major <= 5:
            assert shown.replace(tzinfo=None) == true.astimezone(timezone.utc).replace(tzinfo=None)
        else:
            assert shown == true
            assert shown.utcoffset() == true.utcoffset()


def test_after_7_0_dates_of_categories_show_the_time_in_utc_with_the_servers_offset(
    start: Start,
) -> None:
    clocks = {}
    for profile in ("ce-6", "ce-7", "ce-2026", "ce-master", "librepim-8", "saas"):
        client = start(profile, timezone="America/New_York")
        listed = client.page("categories")[0]
        single = client.get(f"categories/{listed['code']}")
        assert (
            single["updated"] == listed["updated"] == client.pim.truth("categories")[0]["updated"]
        )
        clocks[profile] = datetime.fromisoformat(listed["updated"])
    right = clocks["ce-6"]
    utc = right.astimezone(timezone.utc).replace(tzinfo=None)
    for profile in ("ce-7", "ce-2026"):
        assert clocks[profile] == right
    for profile in ("ce-master", "librepim-8", "saas"):
        assert clocks[profile].replace(tzinfo=None) == utc


def test_categories_have_no_date_before_6_0(clients: dict[str, Client]) -> None:
    there = _everywhere(clients, lambda client: "updated" in client.page("categories")[0])
    assert there == {
        "ce-4": False,
        "ce-5": False,
        "ce-6": True,
        "ce-7": True,
        "saas": True,
    }


def test_empty_labels_of_categories_are_a_map(clients: dict[str, Client]) -> None:
    def read(client: Client) -> Any:
        rows = {row["code"]: row for row in client.all("categories")}
        assert client.get("categories/to_be_sorted")["labels"] == {}
        return rows["to_be_sorted"]["labels"]

    assert _everywhere(clients, read) == {profile: {} for profile in VERSIONS}


def test_empty_group_labels_are_a_list_in_4_0(clients: dict[str, Client]) -> None:
    read = _everywhere(clients, lambda client: client.get("attributes/sku")["group_labels"])
    assert read == {"ce-4": [], "ce-5": {}, "ce-6": {}, "ce-7": {}, "saas": {}}


def test_guidelines_exist_since_6_0(clients: dict[str, Client]) -> None:
    read = _everywhere(clients, lambda client: client.get("attributes/sku").get("guidelines"))
    assert read == {"ce-4": None, "ce-5": None, "ce-6": {}, "ce-7": {}, "saas": {}}


def test_attributes_have_30_keys_and_newer_ones_on_saas(clients: dict[str, Client]) -> None:
    keys = _everywhere(clients, lambda client: set(client.get("attributes/name")))
    assert len(keys["ce-7"]) == 30
    assert keys["ce-7"] == keys["ce-6"]
    assert keys["saas"] - keys["ce-7"] == {
        "is_mandatory",
        "is_pinned",
        "color_configuration",
        "decimal_places",
        "decimal_places_strategy",
        "display_time",
        "enable_option_creation_during_import",
        "max_items_count",
    }
    assert clients["saas"].get("attributes/sku")["is_main_identifier"] is True


def test_only_saas_has_the_newer_keys_of_families_and_variants(clients: dict[str, Client]) -> None:
    saas = clients["saas"]
    assert "parent" in saas.get("families/shoes")
    common = saas.get("families/shoes/variants/shoes_size")["common_attributes"]
    assert "name" in common
    assert "size" not in common
    assert "parent" not in clients["ce-7"].get("families/shoes")


def test_family_variants_do_not_name_their_family(ce7: Client) -> None:
    variant = ce7.get("families/shoes/variants/shoes_size")
    assert list(variant) == ["code", "labels", "variant_attribute_sets"]


def test_empty_labels_of_measurements_are_maps(clients: dict[str, Client]) -> None:
    def read(client: Client) -> Any:
        if client.ask("measurement-families").status_code == 404:
            return None
        family = {row["code"]: row for row in client.get("measurement-families")}["bottles"]
        return family["labels"], family["units"]["BOTTLE"]["labels"]

    expected: Any = {profile: ({}, {}) for profile in VERSIONS}
    assert _everywhere(clients, read) == {**expected, "ce-4": None}


def test_other_empty_maps_are_maps_in_all_versions(any_version: Client) -> None:
    family = any_version.get("families/gift_cards")
    required = {channel: ["sku"] for channel in ("ecommerce", "mobile", "print")}
    assert (family["labels"], family["attribute_requirements"]) == ({}, required)
    assert any_version.get("attributes/color/options/petrol")["labels"] == {}
    assert any_version.get("attribute-groups/other")["labels"] == {}
    assert any_version.get("association-types/X_SELL")["labels"] == {}
    assert any_version.get("channels/print")["labels"] == {}
    assert any_version.get("channels/mobile")["conversion_units"] == {}
    products = any_version.all("products")
    if any_version.pim.profile.quantified_associations:
        assert {} in [product["quantified_associations"] for product in products]
    gift_card = next(product for product in products if product["family"] is None)
    values = {k: v for k, v in gift_card["values"].items() if k != "sku"}
    assert values == {}


def test_labels_may_be_null_and_only_of_active_locales(ce7: Client) -> None:
    labels = [row["labels"] for path in ("attributes", "families", "categories")
              for row in ce7.all(path) if row["labels"]]  # fmt: skip
    assert {locale for row in labels for locale in row} == {"de_DE", "en_US", "fr_FR"}
    assert None in {label for row in labels for label in row.values()}


def test_linked_data_is_of_one_option_or_keyed_by_option(ce7: Client) -> None:
    plain = {code for value in _values(ce7, "simpleselect") for code in value}
    assert "linked_data" not in plain
    for value in _values(ce7, "simpleselect", with_attribute_options="true"):
        assert list(value["linked_data"]) == ["attribute", "code", "labels"]
        assert value["linked_data"]["code"] == value["data"]
    shapes = set()
    for value in _values(ce7, "multiselect", with_attribute_options="true"):
        linked = value["linked_data"]
        shapes.add(type(linked))
        codes = list(linked) if isinstance(linked, dict) else [row["code"] for row in linked]
        assert codes == value["data"]
    # PHP makes a list of the keys 0, 1, …: all-digit codes which happen to count up.
    assert shapes == {dict, list}


def test_linked_data_exists_since_5_0(clients: dict[str, Client]) -> None:
    asked = {"with_attribute_options": "true"}
    assert "linked_data" not in next(_values(clients["ce-4"], "simpleselect", **asked))
    assert "linked_data" in next(_values(clients["ce-5"], "simpleselect", **asked))


def test_quality_scores_exist_since_5_0_and_those_of_models_since_7_0(
    clients: dict[str, Client],
) -> None:
    asked = {"with_quality_scores": "true"}
    for path, since in (("products", 5), ("product-models", 7)):
        for client in clients.values():
            there = "quality_scores" in client.page(path, **asked)[0]
            assert there is (client.pim.profile.major >= since)
            assert "quality_scores" not in client.page(path)[0]
    row = clients["ce-7"].page("products", **asked)[0]["quality_scores"][0]
    assert set(row) == {"scope", "locale", "data"}
    assert row["data"] in set("ABCDE")


def test_completenesses_exist_since_6_0_and_are_an_empty_map_there_if_there_are_none(
    clients: dict[str, Client],
) -> None:
    def read(client: Client) -> Any:
        products = client.all("products", with_completenesses="true")
        product = next(product for product in products if product["family"] is None)
        some = [product.get("completenesses") for product in products if product["family"]]
        if some[0]:
            assert set(some[0][0]) == {"scope", "locale", "data"}
            assert isinstance(some[0][0]["data"], int)
        return product.get("completenesses")

    expected: Any = {"ce-4": None, "ce-5": None, "ce-6": {}, "ce-7": [], "saas": []}
    assert _everywhere(clients, read) == expected


def test_categories_have_position_from_7_0_on_and_values_after_it(
    clients: dict[str, Client],
) -> None:
    asked = {"with_position": "true", "with_enriched_attributes": "true"}
    keys = _everywhere(clients, lambda client: set(client.page("categories", **asked)[0]))
    assert {"position", "values"} & keys["ce-6"] == set()
    assert {"position", "values", "template"} & keys["ce-7"] == {"position"}
    assert {"position", "values", "channel_requirements", "validations"} <= keys["saas"]
    plain = set(clients["ce-7"].page("categories")[0])
    assert plain == {"_links", "code", "parent", "updated", "labels"}


def test_options_of_other_attributes_are_a_404(ce7: Client) -> None:
    message = (
        'Attribute "name" does not support options. Only attributes of type '
        '"pim_catalog_simpleselect", "pim_catalog_multiselect" support options.'
    )
    assert ce7.error("attributes/name/options") == (404, message)
    message = 'Attribute "nope" does not exist.'
    assert ce7.error("attributes/nope/options") == (404, message)


def test_an_item_that_does_not_exist_is_a_404(ce7: Client) -> None:
    assert ce7.error("families/nope") == (404, 'Family "nope" does not exist.')
    message = 'Product "nope" does not exist or you do not have permission to access it.'
    assert ce7.error("products/nope") == (404, message)
    message = (
        'Family variant "shoes_size" does not exist or is not a variant of the family "clothing".'
    )
    assert ce7.error("families/clothing/variants/shoes_size") == (404, message)
    assert ce7.error("media-files/a/b") == (404, 'Media file "a/b" does not exist.')


def test_single_items_equal_the_listed_ones(ce7: Client) -> None:
    paths = ["products", "product-models", "families", "attributes", "channels", "locales"]
    paths += ["currencies", "association-types", "attribute-groups", "attributes/color/options"]
    for path in paths:
        for listed in ce7.page(path):
            link = listed.pop("_links")["self"]["href"]
            single = ce7.get(link)
            single.pop("_links", None)
            assert single == listed


def test_identifiers_with_odd_characters_can_be_fetched_but_not_with_2f(ce7: Client) -> None:
    links = {
        product["identifier"]: product["_links"]["self"]["href"] for product in ce7.all("products")
    }
    odd = [identifier for identifier in links if not identifier.replace("-", "").isalnum()]
    assert len(odd) == 6
    for identifier in odd:
        assert ce7.get(links[identifier])["identifier"] == identifier
    slash = ce7.ask("products/ODD%2Fslash%2F1")
    assert (slash.status_code, slash.headers["Content-Type"]) == (404, "text/html")
    assert ce7.ask("products/odd+%23hash+2").status_code == 404


def test_codes_are_found_whatever_their_case(ce7: Client) -> None:
    assert ce7.get("families/SHOES")["code"] == "shoes"
    identifier = ce7.page("products")[3]["identifier"]
    assert ce7.get(f"products/{identifier.upper()}")["identifier"] == identifier


@pytest.mark.parametrize("profile", ["ce-2026", "ce-master", "librepim-8"])
def test_a_quantity_of_a_product_without_identifier_breaks_master_and_librepim(
    start: Start, profile: str
) -> None:
    client = start(profile)
    nameless = client.pim.write.product()
    targets = {"products": [{"uuid": nameless, "quantity": 2}], "product_models": []}
    uuid = client.pim.write.product("linked", quantified_associations={"PRODUCTSET": targets})
    status = 200 if profile == "ce-2026" else 500
    assert client.ask(f"products-uuid/{uuid}").status_code == status
    assert client.ask("products-uuid", limit=100).status_code == status


def test_only_one_identifier_attribute_is_the_main_one(start: Start) -> None:
    client = start("librepim-8")
    client.pim.write.save("attributes", "gtin", {"type": "pim_catalog_identifier"})
    main = {row["code"]: row.get("is_main_identifier") for row in client.all("attributes")}
    assert (main.pop("gtin"), main.pop("sku")) == (False, True)
    assert set(main.values()) == {None}
    condition = {"operator": "=", "value": True}
    assert client.found("attributes", "code", is_main_identifier=[condition]) == {"sku"}
