"""Tokens, permissions, headers and routes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from pim_simulator.database.clock import http_date
from tests.simulator.conftest import API, Client

if TYPE_CHECKING:
    from tests.simulator.conftest import Start

USER: dict[str, Any] = {
    "username": "tap_1234",
    "password": "secret-password",
    "grant_type": "password",
}


def _error(answer: requests.Response) -> tuple[int, str]:
    assert answer.json()["code"] == answer.status_code
    return answer.status_code, answer.json()["message"]


def test_a_token_answer_has_the_five_keys(ce7: Client) -> None:
    body = ce7.token(**USER).json()
    assert list(body) == ["access_token", "expires_in", "token_type", "scope", "refresh_token"]
    assert (body["expires_in"], body["token_type"], body["scope"]) == (3600, "bearer", None)


@pytest.mark.parametrize("form", [False, True])
@pytest.mark.parametrize("basic", [False, True])
def test_json_and_form_and_both_places_of_the_client_are_accepted(
    ce7: Client, *, form: bool, basic: bool
) -> None:
    assert ce7.token(form=form, basic=basic, **USER).status_code == 200


def test_a_wrong_user_is_a_422(ce7: Client) -> None:
    answer = ce7.token(**{**USER, "password": "wrong"})
    assert _error(answer) == (422, "No user found for the given username and password")


def test_a_wrong_client_is_a_422(ce7: Client) -> None:
    answer = requests.post(f"{ce7.url}/api/oauth/v1/token", json=USER, timeout=10)
    message = 'Parameter "client_id" is missing or does not match any client, or secret is invalid'
    assert _error(answer) == (422, message)


def test_another_content_type_of_the_token_request_is_a_415(ce7: Client) -> None:
    headers = {"Content-Type": "text/plain"}
    url = f"{ce7.url}/api/oauth/v1/token"
    assert _error(requests.post(url, data="x", headers=headers, timeout=10))[0] == 415


def test_a_token_request_above_300_bytes_is_a_413(ce7: Client) -> None:
    answer = ce7.token(**USER, padding="x" * 250)
    message = "Request content exceeded the maximum allowed size of 300 bytes"
    assert _error(answer) == (413, message)


def test_a_refresh_token_works_once(start: Start) -> None:
    client = start()
    grant: dict[str, Any] = {"grant_type": "refresh_token", "refresh_token": client.refresh_token}
    second = client.token(**grant)
    assert second.status_code == 200
    assert second.json()["refresh_token"] != client.refresh_token
    assert _error(client.token(**grant)) == (422, "Refresh token is invalid or has expired")


def test_a_refresh_token_expires_after_14_days(start: Start) -> None:
    client = start()
    client.pim.clock.advance(days=14, seconds=1)
    answer = client.token(grant_type="refresh_token", refresh_token=client.refresh_token)
    assert _error(answer) == (422, "Refresh token is invalid or has expired")


def test_an_access_token_expires_after_an_hour(start: Start) -> None:
    client = start()
    client.pim.clock.advance(seconds=3599)
    client.get("channels")
    client.pim.clock.advance(seconds=2)
    assert client.error("channels") == (401, "The access token provided has expired.")


def test_the_lifetime_of_access_tokens_can_be_set(start: Start) -> None:
    client = start(access_token_lifetime=5)
    assert client.login().json()["expires_in"] == 5
    client.pim.clock.advance(seconds=6)
    assert client.error("channels")[0] == 401


def test_tokens_can_be_expired_and_revoked(start: Start) -> None:
    client = start()
    client.pim.tokens.expire_access()
    assert client.error("channels") == (401, "The access token provided has expired.")
    client.pim.tokens.revoke_refresh()
    answer = client.token(grant_type="refresh_token", refresh_token=client.refresh_token)
    assert answer.status_code == 422


def test_system_information_needs_a_token(ce7: Client) -> None:
    answer = requests.get(f"{ce7.url}{API}/system-information", timeout=10)
    assert answer.status_code == 401


def test_the_route_list_needs_no_token_and_names_what_the_version_has(any_version: Client) -> None:
    answer = requests.get(f"{any_version.url}{API}", timeout=10)
    body = answer.json()
    assert list(body) == ["host", "authentication", "routes"]
    token = {"route": "/api/oauth/v1/token", "methods": ["POST"]}
    assert body["authentication"] == {"fos_oauth_server_token": token}
    routes = body["routes"]
    listing = {"route": f"{API}/families/{{familyCode}}/variants", "methods": ["GET"]}
    assert routes["pim_api_family_variant_list"] == listing
    profile = any_version.pim.profile
    assert ("pim_api_product_uuid_list" in routes) is profile.by_uuid
    paths = {route["route"] for route in routes.values()}
    assert (f"{API}/measurement-families" in paths) is profile.since(5)
    assert (f"{API}/system-information" in paths) is profile.since(6)
    for route in routes.values():
        path = route["route"].removeprefix(f"{API}/")
        if route["methods"] == ["GET"] and "{" not in path:
            # Tasks want to be searched, catalogs want the token of an app.
            expected = {"workflows/tasks": 422, "catalogs": 403}.get(path, 200)
            assert any_version.ask(path).status_code == expected


def test_an_unknown_path_is_a_404_even_without_token(clients: dict[str, Client]) -> None:
    for profile, shown in (("ce-5", ""), ("ce-6", clients["ce-6"].url)):
        answer = requests.get(f"{clients[profile].url}{API}/nothing", timeout=10)
        assert _error(answer) == (404, f'No route found for "GET {shown}{API}/nothing"')


def test_another_accept_header_is_a_406(ce7: Client) -> None:
    url = f"{ce7.url}{API}/channels"
    headers = {**ce7.session.headers, "Accept": "text/html"}
    answer = requests.get(url, headers=headers, timeout=10)
    message = '"text/html" in "Accept" header is not valid. Only "application/json" is allowed.'
    assert _error(answer) == (406, message)
    headers["Accept"] = "application/json, text/html"
    assert requests.get(url, headers=headers, timeout=10).status_code == 406
    for accept in ("application/json", "text/html, */*;q=0.5"):
        headers["Accept"] = accept
        assert requests.get(url, headers=headers, timeout=10).status_code == 200


def test_bracket_syntax_is_a_400_from_7_0_on(clients: dict[str, Client]) -> None:
    message = "Bracket syntax is not supported in query parameters."
    assert clients["ce-7"].error("products?search[x]=1") == (400, message)
    assert clients["ce-6"].ask("products?search[x]=1").status_code == 200


def test_a_missing_permission_is_a_403_that_names_the_resource(start: Start) -> None:
    client = start()
    expected = {
        "pim_api_family_list": ("families", "families"),
        "pim_api_family_variant_list": ("families/clothing/variants", "family variants"),
        "pim_api_attribute_list": ("attributes", "attributes"),
        "pim_api_attribute_option_list": ("attributes/color/options", "attribute options"),
        "pim_api_attribute_group_list": ("attribute-groups", "attribute groups"),
        "pim_api_association_type_list": ("association-types", "association types"),
        "pim_api_channel_list": ("channels", "channels"),
        "pim_api_locale_list": ("locales", "locales"),
        "pim_api_currency_list": ("currencies", "currencies"),
    }
    for permission, (path, plural) in expected.items():
        assert permission in client.pim.permissions
        client.pim.permissions.discard(permission)
        message = f"Access forbidden. You are not allowed to list {plural}."
        assert client.error(path) == (403, message)
    client.pim.permissions.discard("pim_api_product_list")
    message = "Access forbidden. You are not allowed to list products."
    assert client.error("products-uuid") == (403, message)


def test_without_permission_for_categories_6_0_says_that_the_api_is_forbidden(start: Start) -> None:
    client = start("ce-6")
    message = "You are not allowed to access the web API."
    client.pim.permissions.discard("pim_api_category_list")
    assert client.error("categories") == (403, message)
    client.get("channels")
    client.pim.permissions.discard("pim_api_overall_access")
    assert client.error("channels") == (403, message)


def test_media_files_and_measure_families_need_no_permission_of_their_own(start: Start) -> None:
    client = start()
    client.pim.permissions.intersection_update({"pim_api_overall_access"})
    for path in ("media-files", "measure-families", "measurement-families"):
        client.get(path)


def test_products_need_no_permission_before_6_0(clients: dict[str, Client]) -> None:
    assert "pim_api_product_list" not in clients["ce-5"].pim.permissions
    assert "pim_api_product_list" in clients["ce-6"].pim.permissions


def test_the_date_header_follows_the_simulated_clock(start: Start) -> None:
    client = start()
    client.pim.clock.advance(days=400)
    shown = client.ask("channels").headers["Date"]
    now = client.pim.clock.now()
    assert shown[:-7] in http_date(now)
    assert shown.endswith(" GMT")
