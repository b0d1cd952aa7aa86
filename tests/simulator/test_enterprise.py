"""Products of the Enterprise Edition: rights, drafts, published products, tables."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
import requests

from tests.simulator.conftest import API, without_links

if TYPE_CHECKING:
    from tests.simulator.conftest import Client, Start

AFTER = {"pagination_type": "search_after"}


@pytest.fixture(params=["pim-3", "ee-7", "saas"])
def enterprise(request: pytest.FixtureRequest, clients: dict[str, Client]) -> Client:
    return clients[request.param]


def test_lists_of_products_and_models_equal_the_truth(enterprise: Client) -> None:
    statuses = set()
    for path, stream in (
        (enterprise.product_path, "products"),
        ("product-models", "product_models"),
    ):
        read = [without_links(row) for row in enterprise.all(path, **AFTER)]
        truth = enterprise.pim.truth(stream)
        assert len(read) == len(truth) > 0
        if enterprise.pim.profile.major > 5:
            assert all(row in read for row in truth)
        statuses |= {row["metadata"]["workflow_status"] for row in read}
    assert statuses == {
        *("working_copy", "read_only", "draft_in_progress", "proposal_waiting_for_approval"),
    }


def test_community_products_have_no_metadata(ce7: Client) -> None:
    assert "metadata" not in ce7.page("products-uuid")[0]
    assert ce7.ask(f"products-uuid/{ce7.page('products-uuid')[0]['uuid']}/draft").status_code == 404


def test_a_draft_exists_exactly_if_the_workflow_status_says_so(enterprise: Client) -> None:
    for path, stream in ((enterprise.product_path, "product_drafts"),
                         ("product-models", "product_model_drafts")):  # fmt: skip
        drafts = []
        for row in enterprise.all(path, **AFTER):
            key = row["code"] if path == "product-models" else quote(row[enterprise.product_key])
            answer = enterprise.ask(f"{path}/{key}/draft")
            status = row["metadata"]["workflow_status"]
            drafted = status in ("draft_in_progress", "proposal_waiting_for_approval")
            if drafted:
                assert answer.status_code == 200
                drafts.append(without_links(answer.json()))
            else:
                assert answer.status_code in ((403,) if status == "read_only" else (403, 404))
        truth = enterprise.pim.truth(stream)
        assert len(drafts) == len(truth) > 0
        if enterprise.pim.profile.major > 5:
            assert all(row in drafts for row in truth)
        assert any("Drafted" in repr(row) for row in drafts)


def test_errors_of_drafts_have_the_pims_messages(start: Start) -> None:
    client = start("ee-7")
    texts = set()
    for product in client.all("products", **AFTER):
        answer = client.ask(f"products/{quote(product['identifier'])}/draft")
        if answer.status_code != 200:
            texts.add(answer.json()["message"].replace(product["identifier"], "X"))
    denied = "you cannot create or retrieve a draft from this product."
    assert texts == {
        f'You have ownership on the product "X", {denied}',
        f'You only have view permission on the product "X", {denied}',
        'There is no draft created for the product "X".',
    }
    missing = 'Product model "x" does not exist or you do not have permission to access it.'
    assert client.error("product-models/x/draft") == (404, missing)
    client.pim.permissions.discard("pim_api_product_list")
    assert client.error("products/x/draft")[0] == 403


def test_tests_can_write_drafts(start: Start) -> None:
    client = start("saas")
    product = client.page("products-uuid")[0]
    name = [{"locale": "en_US", "scope": None, "data": "Better"}]
    client.pim.write.save("product_drafts", product["uuid"], {"values": {"name": name}})
    draft = client.get(f"products-uuid/{product['uuid']}/draft")
    assert draft["values"]["name"][0]["data"] == "Better"
    assert draft["metadata"] == {"workflow_status": "draft_in_progress"}
    client.pim.write.change("product_drafts", product["uuid"], ready=True)
    shown = client.get(f"products-uuid/{product['uuid']}")
    assert shown["metadata"] == {"workflow_status": "proposal_waiting_for_approval"}
    assert shown["values"].get("name") == product["values"].get("name")
    client.pim.write.delete("product_drafts", product["uuid"])
    assert client.error(f"products-uuid/{product['uuid']}/draft")[0] == 404


def test_published_products_equal_the_truth(clients: dict[str, Client]) -> None:
    for profile in ("pim-3", "ee-7"):
        client = clients[profile]
        truth = client.pim.truth("published_products")
        for asked in ({}, AFTER):
            read = [
                without_links(row) for row in client.all("published-products", limit=4, **asked)
            ]
            assert len(read) == len(truth) > 4
            if profile == "ee-7":
                assert all(row in read for row in truth)
        assert client.get("published-products", with_count="true")["items_count"] == len(truth)
        assert not {"uuid", "metadata"} & set(read[0])


def test_a_published_product_does_not_change_with_its_product(start: Start) -> None:
    client = start("ee-7")
    identifier = client.page("published-products")[0]["identifier"]
    path = f"published-products/{quote(identifier)}"
    before = client.get(path)
    client.pim.write.change("products", identifier, enabled=not before["enabled"], values={})
    assert client.get(path) == before
    client.pim.write.save("published_products", identifier, {})
    assert client.get(path)["enabled"] is not before["enabled"]
    client.pim.write.delete("published_products", identifier)
    more = " or you do not have permission to access it"
    assert client.error(path) == (404, f'Published product "{identifier}" does not exist{more}.')
    assert identifier not in {row["identifier"] for row in client.all("published-products")}


def test_published_products_are_searched_as_products_are(clients: dict[str, Client]) -> None:
    client = clients["ee-7"]
    search = {"family": [{"operator": "IN", "value": ["cameras"]}]}
    found = client.all("published-products", search=search)
    assert {row["family"] for row in found} == {"cameras"}
    assert client.error("published-products", limit=101)[0] == 422


def test_options_of_table_columns_are_sent_on_request_even_with_false(
    clients: dict[str, Client],
) -> None:
    for profile in ("ee-7", "saas"):
        client = clients[profile]

        def columns(client: Client, **asked: str) -> list[bool]:
            rows = {row["code"]: row for row in client.all("attributes", **asked)}
            table = rows["composition"]["table_configuration"]
            return ["options" in column for column in table]

        assert columns(client) == [False] * 4
        assert columns(client, with_table_select_options="true") == [True, False, False, False]
        assert columns(client, with_table_select_options="false") == [True, False, False, False]
        assert "table_configuration" not in client.get("attributes/name")
        tables = [
            value["data"]
            for product in client.all("products-uuid", **AFTER)
            for value in product["values"].get("composition", ())
        ]
        assert {row["material"] for table in tables for row in table} == {
            *("cotton", "elastane", "wool")
        }
    assert clients["ce-7"].error("attributes/composition")[0] == 404


def test_attributes_link_to_entities_and_families(enterprise: Client) -> None:
    kinds = {row["code"]: row for row in enterprise.all("attributes")}
    assert kinds["brand_story"]["type"] == "akeneo_reference_entity"
    assert kinds["designers"]["reference_data_name"] == "designers"
    assets = {row["code"] for row in enterprise.rest("asset-families/packshots/assets")}
    linked = {
        code
        for product in enterprise.all(enterprise.product_path, **AFTER)
        for value in product["values"].get("packshots", ())
        for code in value["data"]
    }
    assert linked
    assert linked <= assets


def test_pim_3_lists_its_product_assets(clients: dict[str, Client]) -> None:
    client = clients["pim-3"]
    for path, stream in (
        ("assets", "pam_assets"),
        ("asset-categories", "pam_asset_categories"),
        ("asset-tags", "pam_asset_tags"),
    ):
        read = client.all(path, limit=4)
        assert [without_links(row) for row in read] == sorted(
            client.pim.truth(stream), key=lambda row: str(row["code"])
        )
        assert client.get(path, with_count="true")["items_count"] == len(read)
        code = read[0]["code"]
        assert without_links(client.get(f"{path}/{code}")) == without_links(read[0])
        assert clients["ee-7"].ask(path).status_code == 404
    by_cursor = client.all("assets", limit=5, **AFTER)
    assert [row["code"] for row in by_cursor] == [row["code"] for row in client.all("assets")]
    with_files = next(row for row in by_cursor if row["reference_files"])
    assert set(with_files["reference_files"][0]["_link"]) == {"self", "download"}
    assert client.error("asset-tags", **AFTER) == (422, "Pagination type is not supported.")


def test_pim_3_lacks_what_later_versions_added(clients: dict[str, Client]) -> None:
    client = clients["pim-3"]
    product = client.page("products")[0]
    assert not {"uuid", "quantified_associations"} & set(product)
    assert not {"group_labels", "default_value", "guidelines"} & set(client.get("attributes/sku"))
    for path in ("products-uuid", "measurement-families", "system-information"):
        assert client.ask(path).status_code == 404
    assert not {"transformations", "naming_convention"} & set(client.rest("asset-families")[0])


FEATURES = {
    "reference_entities": ("reference-entities", "reference_entity"),
    "assets": ("asset-families", "asset_manager"),
    "workflows": ("workflows", "workflow"),
    "rules": ("rule-definitions", "rule_engine"),
    "data_model_designer": (
        "data-model-designer/modelization-suggestions",
        "data_model_designer",
    ),
    "catalogs": ("catalogs", "catalogs"),
    "ui_extensions": ("ui-extensions", "ui_extensions"),
    "http_hooks": ("http-hook", "http_hooks"),
}


def test_a_disabled_feature_answers_404_and_lists_no_route(start: Start) -> None:
    client = start("saas")
    client.as_app()
    for feature, (path, flag) in FEATURES.items():
        assert client.ask(path).status_code == 200
        client.pim.features.discard(feature)
        assert client.error(path) == (404, f'Feature "{flag}" is not enabled.')
    routes = requests.get(f"{client.url}{API}", timeout=10).json()["routes"]
    shown = {route["route"] for route in routes.values()}
    assert not any(f"{API}/{path}" in shown for path, _ in FEATURES.values())
    assert client.error("catalogs/x") == (404, 'Feature "catalogs" is not enabled.')
    assert f"{API}/products-uuid/{{uuid}}/draft" in shown


def test_published_products_are_disabled_on_saas(start: Start) -> None:
    client = start("saas")
    error = (404, 'Feature "published_product" is not enabled.')
    assert client.error("published-products") == error
    client.pim.features.add("published_products")
    client.get("published-products")


def test_a_fault_can_redirect(start: Start) -> None:
    client = start()
    client.pim.faults.add("status", status=302, location="https://login.invalid/", body="Go there")
    answer = client.session.get(f"{client.url}{API}/channels", allow_redirects=False, timeout=10)
    assert (answer.status_code, answer.headers["Location"]) == (302, "https://login.invalid/")


def test_a_request_hangs_until_its_client_gives_up_or_its_path_is_cleared(start: Start) -> None:
    client = start("saas")
    client.pim.hanging.add("/workflows")
    routes = requests.get(f"{client.url}{API}", timeout=10).json()["routes"]
    assert f"{API}/workflows" in {route["route"] for route in routes.values()}
    with pytest.raises(requests.exceptions.Timeout):
        client.session.get(f"{client.url}{API}/workflows", timeout=0.2)
    client.get("channels")
    client.pim.hanging.clear()
    client.get("workflows")
