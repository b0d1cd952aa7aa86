"""Responses as recorded on 5.0.118, 6.0.90, 7.0.22 and master of April 2024.

The expectations are written by hand; the recordings themselves stay outside the project.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
import requests

from tests.simulator.conftest import API, RECORDED, Client

if TYPE_CHECKING:
    from tests.simulator.conftest import Start

TOKEN = "/api/oauth/v1/token"
NO_CACHE = "no-cache, private"
REVALIDATE = "max-age=0, must-revalidate, private"
CACHE = dict(zip(RECORDED, (REVALIDATE, NO_CACHE, NO_CACHE, NO_CACHE), strict=True))


def _of(client: Client, each: Any) -> Any:
    """Return the expectation of a client's profile."""
    return each[RECORDED.index(client.pim.profile.name)] if isinstance(each, tuple) else each


def _request(client: Client, method: str, path: str, **more: Any) -> requests.Response:
    """Send a request with the client's token, following no redirect."""
    url = path if path.startswith("http") else f"{client.url}{path}"
    return client.session.request(method, url, timeout=10, allow_redirects=False, **more)


def _search(name: str, operator: Any, value: Any, **more: Any) -> str:
    condition = {"operator": operator, "value": value, **more}
    return json.dumps({name: [condition]}, separators=(",", ":"))


# Tokens


def _token_request(client: Client, content: str) -> Any:
    known = client.pim.credentials
    return requests.post(
        client.url + TOKEN,
        data=content,
        headers={"Content-Type": "application/json"},
        auth=(known["client_id"], known["client_secret"]),
        timeout=10,
    )


MISSING = 'Parameter "grant_type", "username" or "password" is missing, empty or invalid'
TOKEN_ERRORS = {
    '{"grant_type": "nope"}': (422, MISSING),
    '{"grant_type": "password"}': (422, MISSING),
    '{"grant_type": "password", "username": "x", "password": ""}': (422, MISSING),
    "{}": (422, MISSING),
    "[]": (422, MISSING),
    '{"grant_type": "client_credentials"}': (
        *(422, "This grant type is not authorized for this client"),
    ),
    '{"grant_type": "password", "username": "nobody", "password": "wrong"}': (
        *(422, "No user found for the given username and password"),
    ),
    '{"grant_type": "refresh_token", "refresh_token": "nope"}': (
        *(422, "Refresh token is invalid or has expired"),
    ),
    "{": (400, "Invalid json message received"),
}


@pytest.mark.parametrize("content", TOKEN_ERRORS)
def test_wrong_credentials_are_refused_as_recorded(recorded: Client, content: str) -> None:
    answer = _token_request(recorded, content)
    status, message = TOKEN_ERRORS[content]
    assert answer.status_code == status
    assert answer.json() == {"code": status, "message": message}
    assert answer.headers["Cache-Control"] == _of(
        recorded, (REVALIDATE, REVALIDATE, REVALIDATE, NO_CACHE)
    )


def test_a_token_is_never_cached(recorded: Client) -> None:
    answer = recorded.login()
    stored = "max-age=0, must-revalidate, no-store, private"
    expected = _of(recorded, (stored, stored, stored, "no-store, private"))
    assert answer.headers["Cache-Control"] == expected


def test_the_token_endpoint_knows_only_post(recorded: Client) -> None:
    answer = _request(recorded, "GET", TOKEN)
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


def test_a_request_without_a_token_is_refused_as_recorded(recorded: Client) -> None:
    answer = requests.get(f"{recorded.url}{API}/families", timeout=10)
    assert answer.status_code == 401
    if recorded.pim.profile.by_uuid:
        message = "Full authentication is required to access this resource."
        assert answer.json() == {"code": 401, "message": message}
        assert "WWW-Authenticate" not in answer.headers
        return
    description = "OAuth2 authentication required"
    assert answer.json() == {"error": "access_denied", "error_description": description}
    assert answer.headers["WWW-Authenticate"] == (
        f'Bearer realm="Service", error="access_denied", error_description="{description}"'
    )
    assert answer.headers["Cache-Control"].endswith("no-store, private")


@pytest.mark.parametrize("place", ["header", "query"])
def test_an_invalid_token_is_refused_as_recorded(recorded: Client, place: str) -> None:
    header = {"Authorization": "Bearer x"} if place == "header" else {}
    query = {"access_token": "x"} if place == "query" else {}
    answer = requests.get(f"{recorded.url}{API}/families", headers=header, params=query, timeout=10)
    assert answer.status_code == 401
    assert answer.json()["message"] == "The access token provided is invalid."


# Routing and headers


def test_a_slash_at_the_end_is_a_redirect(recorded: Client) -> None:
    for path in (f"{API}/", f"{API}/products/"):
        answer = _request(recorded, "GET", path)
        assert answer.status_code == 301
        assert answer.headers["Location"] == recorded.url + path.rstrip("/")
        assert answer.headers["Content-Type"] == "application/json"
        assert answer.text.startswith("<!DOCTYPE html>\n<html>\n    <head>")
        cache = _of(recorded, (REVALIDATE, None, None, None))
        assert answer.headers.get("Cache-Control") == cache


def test_head_is_a_200_without_a_body(recorded: Client) -> None:
    for path in (API, f"{API}/families", f"{API}/{recorded.product_path}"):
        answer = _request(recorded, "HEAD", path)
        assert (answer.status_code, answer.content) == (200, b"")


def test_errors_vary_by_accept(recorded: Client) -> None:
    for path in ("nope", "families/nope", f"{recorded.product_path}?limit=0"):
        answer = recorded.ask(path)
        assert answer.headers["Vary"] == "Accept"
        assert answer.headers["Cache-Control"] == _of(recorded, tuple(CACHE.values()))
    assert "Vary" not in recorded.ask("families").headers


def _shown(client: Client, path: str) -> str:
    """Return an address as messages name it: up to 5.0 without scheme and host."""
    return f"{API}/{path}" if client.pim.profile.name == "ce-5" else f"{client.url}{API}/{path}"


@pytest.mark.parametrize("path", ["families/accessories", "categories/master"])
def test_a_method_that_a_path_lacks_is_a_405(recorded: Client, path: str) -> None:
    answer = _request(recorded, "DELETE", f"{API}/{path}")
    allowed = "GET, PATCH"
    message = (
        f'No route found for "DELETE {_shown(recorded, path)}": '
        f"Method Not Allowed (Allow: {allowed})"
    )
    assert answer.status_code == 405
    assert answer.json() == {"code": 405, "message": message}
    assert (answer.headers["Allow"], answer.headers["Vary"]) == (allowed, "Accept")


def test_unknown_paths_name_the_address(recorded: Client) -> None:
    paths = ["nope", "reference-entities", "asset-families", "workflows", "published-products"]
    if recorded.pim.profile.name != "ce-7":
        paths.append("catalogs")
    if recorded.pim.profile.by_uuid:
        paths.append("products-uuid/nope")
    for path in paths:
        message = f'No route found for "GET {_shown(recorded, path)}"'
        assert recorded.error(path) == (404, message)


def test_catalogs_are_disabled_in_7_0(ce7: Client) -> None:
    assert ce7.error("catalogs") == (404, 'Feature "catalogs" is not enabled.')


def test_a_single_item_that_does_not_exist_is_a_404_with_the_recorded_message(
    recorded: Client,
) -> None:
    more = "does not exist or you do not have permission to access it."
    assert recorded.error("products/nope") == (404, f'Product "nope" {more}')
    assert recorded.error("product-models/nope") == (404, f'Product model "nope" {more}')
    assert recorded.error("families/nope/variants") == (404, 'Family "nope" does not exist.')


# Paging


def test_invalid_paging_is_refused_as_recorded(recorded: Client) -> None:
    for path in (recorded.product_path, "product-models", "families"):
        for text in ("99999999999999999999", "0", "-1", "x"):
            message = f'"{text}" is not a valid page number.'
            assert recorded.error(path, page=text) == (422, message)
        message = "Pagination type does not exist."
        assert recorded.error(path, pagination_type="nope") == (422, message)


def test_a_page_after_10_000_items_is_refused_as_recorded(recorded: Client) -> None:
    for path in (recorded.product_path, "product-models"):
        assert recorded.page(path, page=100, limit=100) == []
        answer = recorded.ask(path, page=101, limit=100)
        old, new = "search-after-type", "the-search-after-method"
        anchor = _of(recorded, (old, old, new, new))
        href = f"http://api.akeneo.com/documentation/pagination.html#{anchor}"
        assert answer.status_code == 422
        assert answer.json() == {
            "code": 422,
            "message": "You have reached the maximum number of pages you can retrieve with the "
            '"page" pagination type. Please use the search after pagination type instead',
            "_links": {"documentation": {"href": href}},
        }
    recorded.get("families", page=1001, limit=10)


def test_links_repeat_the_parameters_in_the_recorded_order(recorded: Client) -> None:
    path = recorded.product_path
    more = dict.fromkeys(("with_attribute_options", "with_quality_scores"), "true")
    links = recorded.get(path, limit=2, **more)["_links"]
    base = f"{recorded.url}{API}"
    query = "with_count=false&pagination_type=page&limit=2"
    flags = "&with_attribute_options=true&with_quality_scores=true"
    assert links == {
        "self": {"href": f"{base}/{path}?page=1&{query}{flags}"},
        "first": {"href": f"{base}/{path}?page=1&{query}{flags}"},
        "next": {"href": f"{base}/{path}?page=2&{query}{flags}"},
    }
    links = recorded.get("product-models", limit=2, **more)["_links"]
    assert links["next"]["href"] == f"{base}/product-models?page=2&{query}"
    search = _search("updated", ">", "2000-01-01T00:00:00Z")
    href = recorded.get("families", limit=1, search=search)["_links"]["first"]["href"]
    encoded = "%7B%22updated%22:%5B%7B%22operator%22:%22%3E%22,%22value%22:"
    assert href.startswith(f"{base}/families?page=1&limit=1&with_count=false&search={encoded}")


# Search on products and models

DATES = ["2000-01-01 00:00:00", "2099-01-01 00:00:00"]
NOT_TWO_DATES = (
    'Property "updated" expects an array with valid data, should contain 2 strings with the '
    'format "yyyy-mm-dd H:i:s".'
)
UNSUPPORTED = 'Filter on property "{}" is not supported or does not support operator "{}"'
ON_PRODUCTS: list[tuple[str, Any]] = [
    (
        _search("nope", "=", 1),
        (
            (422, UNSUPPORTED.format("nope", "=")),
            (404, '"nope" does not exist or you do not have permission to access it.'),
            (422, '"nope" does not exist or you do not have permission to access it.'),
            (422, '"nope" does not exist or you do not have permission to access it.'),
        ),
    ),
    (
        _search("code", "IN", ["x"]),
        (
            (422, UNSUPPORTED.format("code", "IN")),
            (404, '"code" does not exist or you do not have permission to access it.'),
            (422, '"code" does not exist or you do not have permission to access it.'),
            (422, '"code" does not exist or you do not have permission to access it.'),
        ),
    ),
    (
        _search("family", "IN", ["nope"]),
        (422, 'Object "family" with code "nope" does not exist'),
    ),
    (
        _search("updated", "BETWEEN", DATES[0]),
        (422, 'Property "updated" expects an array as data, "object" given.'),
    ),
    (
        _search("updated", "BETWEEN", DATES[:1]),
        (
            422,
            NOT_TWO_DATES,
        ),
    ),
    (_search("updated", ">=", DATES[0]), (422, UNSUPPORTED.format("updated", ">="))),
]
NOT_OF_MODELS = {
    "enabled": _search("enabled", "=", value=True),
    "completeness": _search("completeness", "=", 100, scope="ecommerce"),
    "quality_score": _search("quality_score", "IN", ["A"], scope="ecommerce", locale="en_US"),
    "uuid": _search("uuid", "IN", ["x"]),
    "parent": _search("parent", "=", "x"),
}


def _pick(client: Client, expected: Any) -> Any:
    return _of(client, expected) if isinstance(expected[0], tuple) else expected


@pytest.mark.parametrize(("search", "expected"), ON_PRODUCTS)
def test_searches_of_products_have_the_recorded_result(
    recorded: Client, search: str, expected: Any
) -> None:
    assert recorded.error(recorded.product_path, search=search) == _pick(recorded, expected)


@pytest.mark.parametrize(("search", "expected"), ON_PRODUCTS)
def test_searches_of_models_have_the_recorded_result(
    recorded: Client, search: str, expected: Any
) -> None:
    status, message = _pick(recorded, expected)
    if "does not exist or" in message:
        status = 404
    assert recorded.error("product-models", search=search) == (status, message)


@pytest.mark.parametrize("name", NOT_OF_MODELS)
def test_models_refuse_filters_that_only_products_have(recorded: Client, name: str) -> None:
    search = NOT_OF_MODELS[name]
    operator = json.loads(search)[name][0]["operator"]
    message = UNSUPPORTED.format(name, operator)
    assert recorded.error("product-models", search=search) == (422, message)


def test_products_can_be_found_by_quality_score(recorded: Client) -> None:
    search = _search("quality_score", "IN", ["A", "B"], scope="ecommerce", locale="en_US")
    found = recorded.all(recorded.product_path, search=search, with_quality_scores="true")
    assert 0 < len(found) < 250
    for product in found:
        place = {"scope": "ecommerce", "locale": "en_US"}
        scores = [row["data"] for row in product["quality_scores"] if place.items() <= row.items()]
        assert scores[0] in ("A", "B")


def test_a_number_of_days_in_quotes_has_the_recorded_result(recorded: Client) -> None:
    search = _search("updated", "SINCE LAST N DAYS", "4")
    message = 'Property "updated" expects an integer as data, "string" given.'
    if recorded.pim.profile.name == "ce-5":
        assert recorded.page("products", search=search) == []
    else:
        assert recorded.error(recorded.product_path, search=search) == (422, message)


# Search on structure


def _unavailable(names: str) -> tuple[int, str]:
    message = f'Available search filters are "{names}" and you tried to search on unavailable '
    return 400, f'{message}filter "nope"'


def test_an_unknown_filter_of_structure_is_refused_with_the_known_ones(recorded: Client) -> None:
    search = _search("nope", ">", "2000-01-01T00:00:00Z")
    families = ("code, updated",) * 2 + ("code, updated, has_products",) * 2
    attributes = ("code, updated, type",) * 3 + ("code, updated, type, is_main_identifier",)
    categories = ("code, parent",) + ("code, parent, is_root, updated",) * 3
    expected = {
        "families": _of(recorded, families),
        "attributes": _of(recorded, attributes),
        "attribute-groups": "code, updated",
        "categories": _of(recorded, categories),
    }
    for path, names in expected.items():
        assert recorded.error(path, search=search) == _unavailable(names)
    message = 'Filter on property "nope" is not supported or does not support operator ">".'
    assert recorded.error("locales", search=search) == (422, message)
    assert recorded.ask("currencies", search=search).status_code == 200


def test_a_search_of_structure_that_is_not_an_object_is_refused_as_recorded(
    recorded: Client,
) -> None:
    for path in ("families", "attributes", "attribute-groups", "categories"):
        for text in ('""', "1"):
            assert recorded.error(path, search=text) == (500, "Internal Server Error")
        message = "The search query parameter must be a valid JSON."
        if path == "categories" and recorded.pim.profile.name == "ce-master":
            message = "The search query parameter must be a valid JSON: Syntax error"
        assert recorded.error(path, search="nope") == (400, message)


def test_a_filter_value_of_the_wrong_type_is_refused_as_recorded(recorded: Client) -> None:
    what = "attribute codes"
    message = (
        f"In order to search on {what} you must send an array of {what} as value, string given. "
        "This value should be of type iterable."
    )
    search = _search("code", "IN", "name")
    assert recorded.error("attributes", search=search) == (400, message)
    message = "This value should be of type string."
    assert recorded.error("attributes", search=_search("code", "IN", [1])) == (400, message)


# Permissions


@pytest.mark.parametrize("profile", RECORDED)
def test_list_categories_is_not_enforced_in_7_0(start: Start, profile: str) -> None:
    client = start(profile)
    client.pim.permissions.discard("pim_api_category_list")
    for path in ("categories", "categories/master"):
        assert client.ask(path).status_code == (200 if profile == "ce-7" else 403)
