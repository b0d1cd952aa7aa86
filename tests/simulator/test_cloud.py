"""Resources of the hosted edition, and the newer fields of its products."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.simulator.conftest import API, without_links

if TYPE_CHECKING:
    from tests.simulator.conftest import Client, Start

AFTER = {"pagination_type": "search_after"}


@pytest.fixture
def saas(clients: dict[str, Client]) -> Client:
    return clients["saas"]


@pytest.fixture
def app(start: Start) -> Client:
    client = start("saas", products=250)
    client.as_app()
    return client


def _read(client: Client, path: str, **asked: Any) -> list[Any]:
    return [without_links(row) for row in client.all(path, **asked)]


def test_workflows_are_listed_with_their_steps(saas: Client) -> None:
    read = _read(saas, "workflows", limit=2)
    assert read == saas.pim.truth("workflows")
    steps = [
        {**step, "workflow_uuid": row["uuid"], "position": position}
        for row in read
        for position, step in enumerate(row["steps"])
    ]
    assert steps == saas.pim.truth("workflow_steps")
    assert {row["enabled"] for row in read} == {True, False}
    assert saas.get(f"workflows/{read[0]['uuid']}") == read[0]


def test_each_step_lists_its_assignees_and_tasks(saas: Client) -> None:
    tasks, people = [], []
    pending = 0
    for step in saas.pim.truth("workflow_steps"):
        uuid = step["uuid"]
        search: Any = {"step_uuid": [{"operator": "=", "value": uuid}]}
        read = _read(saas, "workflows/tasks", search=search, with_attributes="true", limit=5)
        tasks += [{**row, "step_uuid": uuid} for row in read]
        pending += sum(bool(row["pending_attributes"]) for row in read)
        assert not any("pending_attributes" in row for row in
                       saas.all("workflows/tasks", search=search))  # fmt: skip
        assignees = _read(saas, f"workflows/steps/{uuid}/assignees", limit=2)
        people += [{**row, "step_uuid": uuid} for row in assignees]
    assert pending > 0
    assert tasks == saas.pim.truth("workflow_tasks")
    assert people == saas.pim.truth("workflow_step_assignees")
    assert {"product", "product_model"} <= {key for row in tasks for key in row}
    assert saas.error("workflows/steps/x/assignees")[0] == 404


def test_tasks_need_a_step(saas: Client) -> None:
    assert saas.error("workflows/tasks")[0] == 422
    task = saas.pim.truth("workflow_tasks")[1]
    search = {
        "step_uuid": [{"operator": "=", "value": task["step_uuid"]}],
        "product_uuid": [{"operator": "IN", "value": [task["product"]["uuid"]]}],
    }
    assert task["uuid"] in {row["uuid"] for row in saas.all("workflows/tasks", search=search)}


def test_rules_are_filtered_by_parameters(saas: Client) -> None:
    whole = saas.pim.truth("rule_definitions")
    content = ("conditions", "actions")
    rules = [{name: rule[name] for name in rule if name not in content} for rule in whole]
    assert _read(saas, "rule-definitions", limit=4) == rules
    assert [saas.get(f"rule-definitions/{rule['code']}") for rule in rules] == whole
    assert saas.error("rule-definitions/x")[0] == 404
    assert saas.get("rule-definitions", with_count="true")["items_count"] == len(rules)
    assert saas.page("rule-definitions")[0]["_links"]["self"]["href"].endswith("rule_00")
    for name, text, value in (
        ("type", "record", "record"),
        ("enabled", "false", False),
        ("execution_type", "triggered", "triggered"),
    ):
        found = _read(saas, "rule-definitions", **{name: text})
        assert found == [rule for rule in rules if rule[name] == value]
    codes = [row["code"] for row in saas.all("rule-definitions", codes="rule_03,rule_01")]
    assert codes == ["rule_01", "rule_03"]


def test_readiness_is_filtered_by_parameters(saas: Client) -> None:
    rows = saas.pim.truth("readiness")
    assert _read(saas, "readiness", limit=2) == rows
    assert saas.get("readiness", with_count="true")["items_count"] == len(rows)
    for draft in (True, False):
        found = _read(saas, "readiness", is_draft=str(draft).lower())
        assert found == [row for row in rows if row["is_draft"] is draft] != []
    codes = [row["code"] for row in saas.all("readiness", codes="next_year,shop_readiness")]
    assert codes == ["shop_readiness", "next_year"]
    assert saas.get("readiness/next_year") == rows[-1]
    assert saas.error("readiness/x")[0] == 404


@pytest.mark.parametrize(
    ("path", "name"),
    [
        *(("rule-definitions", name) for name in ("type", "enabled", "execution_type")),
        ("readiness", "is_draft"),
        *((path, "with_readiness") for path in ("products", "products-uuid", "product-models")),
    ],
)
def test_a_parameter_takes_only_the_values_of_the_description(
    saas: Client, path: str, name: str
) -> None:
    assert saas.error(path, **{name: "x"})[0] == 422


def test_suggestions_are_filtered_by_parameters(saas: Client) -> None:
    path = "data-model-designer/modelization-suggestions"
    rows = saas.pim.truth("modelization_suggestions")
    assert _read(saas, path, limit=3) == rows
    assert len(saas.all(path, status="draft")) == 2
    assert len(saas.all(path, source="api", author="data_architect")) == 2
    assert len(saas.all(path, codes="suggested_1")) == 1


def test_extensions_and_hooks_show_secrets_and_truth_does_not(saas: Client) -> None:
    shown, held = "", ""
    for path, stream in (("ui-extensions", "ui_extensions"), ("http-hook", "http_hooks")):
        body = saas.get(path)
        assert isinstance(body, list)
        shown += json.dumps(body)
        truth = saas.pim.truth(stream)
        held += json.dumps(truth)
        assert len(body) == len(truth) > 0
    assert len(saas.pim.secrets) == 6
    assert all(secret in shown and secret not in held for secret in saas.pim.secrets)
    step = saas.pim.truth("workflow_steps")[0]["uuid"]
    people = json.dumps(saas.page(f"workflows/steps/{step}/assignees"))
    assert all(text in people for text in saas.pim.personal)


def test_older_versions_lack_the_resources_of_saas(clients: dict[str, Client]) -> None:
    client = clients["ee-7"]
    for path in ("workflows", "rule-definitions", "readiness", "ui-extensions", "http-hook"):
        assert client.error(path)[1].startswith("No route found")
    assert client.error("catalogs") == (404, 'Feature "catalogs" is not enabled.')
    assert client.pim.secrets == client.pim.personal == ()
    for stream in ("workflows", "workflow_steps", "http_hooks", "catalogs", "catalog_products"):
        assert client.pim.truth(stream) == []


def test_tests_can_write_rules_and_workflows(start: Start) -> None:
    client = start("saas")
    write = client.pim.write
    write.change("rule_definitions", "rule_02", enabled=False, labels={"fr_FR": "Règle"})
    rule = client.page("rule-definitions", codes="rule_02")[0]
    assert (rule["enabled"], rule["labels"]["fr_FR"]) == (False, "Règle")
    write.delete("rule_definitions", "rule_02")
    assert client.page("rule-definitions", codes="rule_02") == []
    step = client.pim.truth("workflow_steps")[0]["uuid"]
    body: Any = {"uuid": "t", "status": "in_progress", "created_at": "2025-01-01T00:00:00+00:00",
            "due_date": None, "rejected": False, "pending_attributes": {}}  # fmt: skip
    write.save("workflow_tasks", (step, "t"), body)
    search = {"step_uuid": [{"operator": "=", "value": step}]}
    assert "t" in {row["uuid"] for row in client.all("workflows/tasks", search=search)}


def test_the_token_of_an_app_does_not_expire(app: Client) -> None:
    app.pim.clock.advance(days=400)
    app.pim.tokens.expire_access()
    app.get("channels")
    assert app.login().ok
    assert app.pim.app_token not in str(app.session.headers["Authorization"])


def test_catalogs_are_for_apps_only(app: Client) -> None:
    read = _read(app, "catalogs", limit=2)
    assert sorted(read, key=str) == sorted(app.pim.truth("catalogs"), key=str)
    assert app.get(f"catalogs/{read[0]['id']}") == read[0]
    message = 'Catalog "x" does not exist or you can\'t access it.'
    assert app.error("catalogs/x/products") == (404, message)
    assert app.error("catalogs", page=-1)[0] == 400
    app.login()
    denied = (403, "Access forbidden. You are not allowed to access app catalogs.")
    assert app.error("catalogs") == denied
    assert app.error(f"catalogs/{read[0]['id']}/products") == denied


def test_catalogs_list_exactly_the_products_and_models_of_the_truth(app: Client) -> None:
    found: dict[str, list[Any]] = {"catalog_products": [], "catalog_mapped_products": [],
                                   "catalog_mapped_models": []}  # fmt: skip
    paths = ("products", "mapped-products", "mapped-models")
    uuids = []
    for catalog in app.pim.truth("catalogs"):
        base = f"catalogs/{catalog['id']}"
        for path, stream in zip(paths, found, strict=True):
            body = app.get(f"{base}/{path}", limit=90)
            if "error" in body:
                continue
            items = body["_embedded"]["items"]
            while "next" in body["_links"]:
                body = app.get(body["_links"]["next"]["href"])
                items += body["_embedded"]["items"]
            found[stream] += [{"catalog_id": catalog["id"], **without_links(x)} for x in items]
        if catalog["enabled"]:
            body = app.get(f"{base}/product-uuids", limit=1000, with_count="true")
            uuids.append(body["_embedded"]["items"])
            assert body["items_count"] == len(uuids[-1])
    for stream, rows in found.items():
        truth = app.pim.truth(stream)
        assert len(rows) == len(truth) > 0
        for row in rows:
            link = row.pop("variants", None)
            assert (link is not None) is (stream == "catalog_mapped_models")
            assert row in truth
    assert uuids[0] == sorted({row["uuid"] for row in found["catalog_products"]})


def test_a_disabled_or_unmapped_catalog_answers_200_with_an_error(app: Client) -> None:
    by_name = {row["name"]: row["id"] for row in app.pim.truth("catalogs")}
    closed = by_name["Closed store"]
    for path in ("product-uuids", "products", "mapped-products", "mapped-models"):
        body = app.get(f"catalogs/{closed}/{path}")
        assert list(body) == ["error"]
        assert body["error"].startswith(f'No products to synchronize. The catalog "{closed}" has')
    unmapped = by_name["Store FR"]
    body = app.get(f"catalogs/{unmapped}/mapped-products")
    assert body["error"].startswith("Impossible to map products: no product mapping schema")
    error = (404, f'Catalog "{unmapped}" does not have a product mapping schema.')
    assert app.error(f"catalogs/{unmapped}/mapping-schemas/product") == error
    app.pim.write.change("catalogs", by_name["Store US"], enabled=False)
    assert "error" in app.get(f"catalogs/{by_name['Store US']}/products")


def test_mapped_models_link_to_their_variants(app: Client) -> None:
    for row in app.pim.truth("catalog_mapping_schemas"):
        key = row.pop("catalog_id")
        assert app.get(f"catalogs/{key}/mapping-schemas/product") == row
    key = next(row["id"] for row in app.pim.truth("catalogs") if row["name"] == "Store US")
    model = app.get(f"catalogs/{key}/mapped-models")["_embedded"]["items"][0]
    variants = app.get(model["variants"])["_embedded"]["items"]
    assert variants
    axes = [axis["code"] for axis in model["variation_axes"]]
    assert [axis["code"] for axis in variants[0]["variant_axes_values"]] == axes


def test_catalogs_are_filtered_by_date(app: Client) -> None:
    key = next(row["id"] for row in app.pim.truth("catalogs") if row["enabled"])
    path = f"catalogs/{key}/products"
    rows = sorted(app.get(path)["_embedded"]["items"], key=lambda row: str(row["updated"]))
    middle = rows[len(rows) // 2]["updated"]
    later = app.get(path, updated_after=middle)
    assert all(row["updated"] > middle for row in later["_embedded"]["items"])
    assert "updated_after=" in later["_links"]["first"]["href"]
    assert all(row["updated"] < middle for row in
               app.get(path, updated_before=middle)["_embedded"]["items"])  # fmt: skip
    assert app.error(path, updated_after="2020-01-01 00:00:00")[0] == 422
    assert app.error(path, limit=101)[0] == 422


def test_variants_of_mapped_models_refuse_what_the_description_refuses(app: Client) -> None:
    models = [
        f"catalogs/{row['id']}/mapped-models/{model}"
        for row in app.pim.truth("catalogs")
        for model in {one["model_code"] for one in app.pim.truth("catalog_mapped_variants")
                      if one["catalog_id"] == row["id"]}
    ]  # fmt: skip
    path = f"{models[0]}/variants"
    assert app.get(path)["_embedded"]["items"]
    assert app.error(path, updated_after="2020-01-01 00:00:00")[0] == 422
    assert app.error(path, limit=101)[0] == 422
    assert app.error(f"{models[0]}-nope/variants")[0] == 404


def test_newer_fields_are_sent_on_request(saas: Client) -> None:
    plain = saas.page("products-uuid", limit=100)
    newer = {"readiness", "workflow_execution_statuses", "root_parent"}
    assert not newer & {key for row in plain for key in row}
    asked = {
        "with_readiness": "detailed",
        "with_workflow_execution_statuses": "true",
        "with_root_parent": "true",
    }
    rows = saas.all("products-uuid", **asked, **AFTER)
    assert all(newer <= set(row) for row in rows)
    readiness = next(row["readiness"] for row in rows if row["family"] == "cameras")
    assert set(readiness) == {"aggregated_scores_by_scope", "scores_by_scope_and_locale"}
    (scores,) = readiness["scores_by_scope_and_locale"].values()
    assert set(scores[0]) == {"scope", "locale", "score", "unmet_requirements"}
    executions = [one for row in rows for one in row["workflow_execution_statuses"]]
    keys = {"uuid", "status", "started_at", "completed_at", "workflow", "tasks"}
    assert executions
    assert all(set(one) == keys for one in executions)
    assert {one["completed_at"] is None for one in executions if one["tasks"]} == {True}
    assert "root_parent" not in saas.page("products", with_root_parent="true")[0]
    model = saas.page("product-models", with_readiness="scores_only")[0]
    (scores,) = model["readiness"]["scores_by_scope_and_locale"].values()
    assert set(scores[0]) == {"scope", "locale", "score"}
    assert saas.error("products", with_readiness="true")[0] == 422


def test_links_of_saas_repeat_the_parameters_of_the_request(saas: Client) -> None:
    asked = {"with_quality_scores": "true", "with_workflow_execution_statuses": "true"}
    body = saas.get("product-models", **asked, **AFTER)
    href = body["_links"]["next"]["href"]
    assert all(f"{name}=true" in href for name in asked)


def test_values_of_saas_name_the_type_of_their_attribute(saas: Client) -> None:
    kinds = {row["code"]: row for row in saas.pim.truth("attributes")}
    for product in saas.page("products-uuid", limit=100):
        for code, values in product["values"].items():
            for value in values:
                assert value["attribute_type"] == kinds[code]["type"]
                name = kinds[code]["reference_data_name"]
                assert value.get("reference_data_name") == name


def test_measurements_are_converted_to_the_units_of_the_channel(saas: Client) -> None:
    asked = {"scope": "ecommerce", "locales": "de_DE,en_US,fr_FR"}
    stored = {row["uuid"]: row["values"] for row in saas.all("products-uuid", **asked, **AFTER)}
    converted = saas.all("products-uuid", convert_measurements="true", **asked, **AFTER)
    seen: dict[str, set[tuple[str | None, str | None, str | None]]] = {}
    for product in converted:
        for code, values in product["values"].items():
            if values[0]["attribute_type"] != "pim_catalog_metric":
                assert values == stored[product["uuid"]][code]
                continue
            first, *more = values
            assert [first] == stored[product["uuid"]][code]
            if first["data"]["unit"] is None:
                continue
            seen.setdefault(code, set()).update(
                (one["locale"], one["scope"], one["data"]["symbol"]) for one in more
            )
            for one in more:
                if code == "heel_height" and one["locale"] == "en_US":
                    centimeters = float(first["data"]["amount"])
                    assert float(one["data"]["amount"]) == pytest.approx(
                        centimeters / 100, abs=0.01
                    )
    assert seen["heel_height"] == {("en_US", "ecommerce", "m"), ("fr_FR", "ecommerce", "mm")}
    assert seen["weight"] == {(locale, "ecommerce", "kg") for locale in asked["locales"].split(",")}
    assert seen["battery_life"] == {("en_US", "ecommerce", "h")}
    assert seen["power"] == set()


def test_converted_measurements_need_a_channel(clients: dict[str, Client]) -> None:
    for path in ("products-uuid", "product-models"):
        status, message = clients["saas"].error(path, convert_measurements="true")
        assert status == 422
        assert "scope" in message
    assert clients["ee-7"].ask("products-uuid", convert_measurements="true").status_code == 200


def test_drafts_have_the_review_status_of_their_changes_on_request(saas: Client) -> None:
    found = set()
    for draft in saas.pim.truth("product_drafts"):
        path = f"products-uuid/{draft['uuid']}/draft"
        assert "proposal_review_status" not in saas.get(path)
        status = saas.get(path, with_proposal_review_status="true")["proposal_review_status"]
        for code, changes in status["values"].items():
            places = [(one["locale"], one["scope"]) for one in draft["values"][code]]
            assert [(one["locale"], one["scope"]) for one in changes] == places
            found |= {one["review_status"] for one in changes}
    assert found == {"draft", "to_review"}


def test_disabled_assets_are_left_out_and_share_links_added_on_request(saas: Client) -> None:
    def packshots(**asked: str) -> list[Any]:
        return [
            value
            for product in saas.all("products-uuid", **asked, **AFTER)
            for value in product["values"].get("packshots", ())
        ]

    every = {code for value in packshots() for code in value["data"]}
    enabled = {code for value in packshots(with_enabled_assets_only="true")
               for code in value["data"]}  # fmt: skip
    assert "packshots_0006" in every - enabled
    assert enabled < every
    shared = packshots(with_asset_share_links="true")
    assert all(set(value["linked_data"]) == set(value["data"]) for value in shared)


@pytest.mark.parametrize(
    ("resource", "library", "kind"),
    [
        ("assets", "packshots", "asset"),
        ("reference_entity_records", "designers", "reference_entity_record"),
    ],
)
def test_a_linked_entity_moves_only_the_date_that_includes_it(
    start: Start, resource: str, library: str, kind: str
) -> None:
    client = start("saas", products=120)
    code = {"assets": "packshots", "reference_entity_records": "designers"}[resource]
    linked: dict[str, set[str]] = {}
    for product in client.all("products-uuid", **AFTER):
        for value in product["values"].get(code, ()):
            for row in value["data"]:
                linked.setdefault(row, set()).add(product["uuid"])
    row, uuids = max(linked.items(), key=lambda pair: len(pair[1]))
    before = {u: client.get(f"products-uuid/{u}")["updated"] for u in uuids}
    now = client.pim.clock.now()
    since = [{"operator": ">", "value": f"{now:%Y-%m-%d %H:%M:%S}"}]
    client.pim.clock.advance(seconds=2)

    def found(**search: Any) -> set[str]:
        return {row["uuid"] for row in client.all("products-uuid", search=search, **AFTER)}

    including = "updated_including_linked_entities"
    assert found(**{including: since}) == set()
    label = {"label": [{"locale": "en_US", "channel": None, "data": "Changed"}]}
    client.pim.write.change(resource, (library, row), values=label)
    assert found(updated=since) == set()
    assert found(**{including: since}) == uuids
    (other,) = {"asset", "reference_entity_record"} - {kind}
    for chosen, expected in ((kind, uuids), (other, set())):
        types = [{"operator": "IN", "value": [chosen]}]
        assert found(**{including: since, "updated_including_linked_type": types}) == expected
    assert {u: client.get(f"products-uuid/{u}")["updated"] for u in uuids} == before
    alone = {"updated_including_linked_type": [{"operator": "IN", "value": [kind]}]}
    assert client.error("products-uuid", search=alone)[0] == 422


def test_only_saas_filters_by_linked_entities(clients: dict[str, Client]) -> None:
    search = {"updated_including_linked_entities": [{"operator": "SINCE LAST N DAYS", "value": 7}]}
    assert clients["ee-7"].error("products-uuid", search=search)[0] == 422
    assert clients["saas"].ask("products-uuid", search=search).status_code == 200


def test_hidden_route_names_are_listed(saas: Client) -> None:
    routes = requests.get(f"{saas.url}{API}", timeout=10).json()["routes"]
    mapped = f"{API}/catalogs/{{id}}/mapped-products"
    assert routes["akeneo_catalogs_public_get_mapped_products"]["route"] == mapped
    assert "pim_api_workflow_list" in routes


def test_assigned_users_have_permissions(saas: Client) -> None:
    users = {row["uuid"] for row in saas.pim.truth("workflow_step_assignees")}
    for what in ("locale", "channel"):
        rows = {row["userUuid"]: row for row in saas.pim.truth(f"user_{what}_permissions")}
        assert rows.keys() == users
        for uuid, row in rows.items():
            assert saas.get(f"permissions/{uuid}/{what}s") == row
        assert saas.error(f"permissions/x/{what}s")[0] == 404
    assert {right["canView"] for row in rows.values() for right in row["channels"].values()} == {
        "true",
        "false",
    }


# Akeneo's OpenAPI document of SaaS, ``POST /products-uuid/search``.


def test_products_are_searched_with_parameters_in_the_body(saas: Client) -> None:
    search = json.dumps({"enabled": [{"operator": "=", "value": True}]})
    body: dict[str, Any] = {"search": search, "locales": "en_US", "with_completenesses": True}
    asked = {**body, "with_completenesses": "true", "limit": "100"}
    for paging in ({"with_count": "true"}, {"page": "2"}, {**AFTER, "search_after": "8"}):
        answer = _search(saas, body, limit="100", **paging)
        listed = saas.get("products-uuid", **asked, **paging)
        assert answer.status_code == 200
        assert answer.json()["_embedded"] == listed["_embedded"]
        assert answer.json().get("items_count") == listed.get("items_count")
    following = _search(saas, body, limit="100", **AFTER).json()["_links"]["next"]["href"]
    assert following.startswith(f"{saas.url}{API}/products-uuid/search?")
    assert "search_after=" in following
    assert "enabled" not in following


@pytest.mark.parametrize(
    ("body", "query"),
    [
        ({"search": {}}, {}),
        ({"with_completenesses": "true"}, {}),
        ({"with_root_parent": True}, {}),
        ({}, {"attributes": "name"}),
        ({"attributes": ",".join(["name"] * 801)}, {}),
        ({"search": json.dumps({"enabled": [{"operator": "=", "value": True}] * 21})}, {}),
        ({"search": json.dumps({"uuid": [{"operator": "IN", "value": ["x"] * 801}]})}, {}),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_body_that_the_description_does_not_allow_is_refused(
    saas: Client, body: Any, query: dict[str, str]
) -> None:
    assert _search(saas, body, **query).status_code == 422


def test_the_search_needs_the_permission_to_list_products(start: Start) -> None:
    client = start("saas")
    client.pim.permissions.discard("pim_api_product_edit")
    assert _search(client, {}).status_code == 200
    client.pim.permissions.discard("pim_api_product_list")
    assert _search(client, {}).json()["message"] == (
        "Access forbidden. You are not allowed to list products."
    )


def test_only_saas_searches_with_a_body(clients: dict[str, Client]) -> None:
    offering = {
        name
        for name, client in clients.items()
        for route in client.get(f"{client.url}{API}")["routes"].values()
        if route["route"].endswith("/search")
    }
    assert offering == {"saas"}


def _search(client: Client, body: Any, **query: str) -> requests.Response:
    url = f"{client.url}{API}/products-uuid/search"
    return client.session.post(url, json=body, params=query, timeout=10)
