"""Errors of searches and writes as recorded on 7.0.84.

The expectations are written by hand; the recordings themselves stay outside the project.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
import requests

from pim_simulator import SimulatedPim, serve
from tests.simulator.conftest import API, Client

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT = "Check the expected format on the API documentation."
NO_UUID = "00000000-0000-4000-8000-000000000000"


@pytest.fixture(scope="module")
def client() -> Iterator[Client]:
    pim = SimulatedPim("ce-7", products=20)
    with serve(pim), requests.Session() as session:
        one = Client(pim, session)
        one.login()
        yield one


REFUSED = {
    ("families", "code", 400): (
        {"operator": "IN", "value": ["x"]},
        (
            "This value should be of type array|(Traversable&ArrayAccess). This field is missing. "
            "This field is missing. This field was not expected."
        ),
    ),
    ("attributes", "type", 400): (
        [{"operator": "=", "value": "x"}],
        (
            'In order to search on attribute types you must use "IN" operator, "IN" given. '
            "In order to search on attribute types you must send an array of attribute types as "
            "value, array given. This value should be of type iterable."
        ),
    ),
    ("categories", "parent", 400): (
        [{"operator": "IN", "value": ["master"]}],
        (
            'In order to search on category parent you must use "=" operator, "IN" given. '
            "In order to search on category parent you must send a parent code category as value, "
            "string given."
        ),
    ),
    ("locales", "enabled", 422): (
        [{"operator": "=", "value": 1}],
        'Filter "enabled" with operator "=" expects a boolean value.',
    ),
    ("products-uuid", "groups", 422): (
        [{"operator": "IN", "value": ["nope"]}],
        'Object "groups" with code "nope" does not exist',
    ),
}
"""By path, property and status: the conditions and the message."""


@pytest.mark.parametrize(("path", "name", "status"), REFUSED)
def test_an_invalid_search_has_the_recorded_message(
    ce7: Client, path: str, name: str, status: int
) -> None:
    conditions, message = REFUSED[path, name, status]
    assert ce7.error(path, search={name: conditions}) == (status, message)


def test_the_link_of_a_single_media_file_comes_last(ce7: Client) -> None:
    code = ce7.page("media-files")[0]["code"]
    file = ce7.get(f"media-files/{code}")
    assert list(file)[-1] == "_links"
    assert list(file["_links"]) == ["download"]


@pytest.mark.parametrize(
    ("path", "body", "message"),
    [
        ("products-uuid", {"uuid": "x"}, "This value is not a valid UUID."),
        ("products-uuid", {"nope": 1}, 'Property "nope" does not exist.'),
        (
            "products-uuid/{uuid}",
            {"enabled": "x"},
            'Property "enabled" expects a boolean as data, "string" given.',
        ),
    ],
)
def test_a_product_in_the_wrong_format_is_refused_with_a_link_to_the_documentation(
    client: Client, path: str, body: Any, message: str
) -> None:
    uuid = client.page("products-uuid")[0]["uuid"]
    method, place = (
        ("PATCH", "patch_products_uuid__uuid_") if "{" in path else ("POST", "post_products_uuid")
    )
    answer = client.write(method, path.replace("{uuid}", uuid), body)
    assert answer.json() == {
        "code": 422,
        "message": f"{message} {FORMAT}",
        "_links": {"documentation": {"href": f"http://api.akeneo.com/api-reference.html#{place}"}},
    }


@pytest.mark.parametrize(
    ("method", "path", "body", "errors"),
    [
        (
            *("POST", "products", {"identifier": "a,b"}),
            {"identifier": "This field should not contain any comma or semicolon or "
                "leading/trailing space"},
        ),
        ("POST", "categories", {"code": "master"}, {"code": "This value is already used."}),
        ("POST", "categories", {}, {"code": "This value should not be blank."}),
        (
            *("PATCH", "categories/master", {"labels": {"xx_XX": "x"}}),
            {"labels": 'The locale "xx_XX" does not exist.'},
        ),
        (
            *("POST", "attributes", {"code": "fresh"}),
            dict.fromkeys(("type", "group"), "This value should not be blank."),
        ),
    ],
)  # fmt: skip
def test_an_invalid_write_names_each_property(
    client: Client, method: str, path: str, body: Any, errors: dict[str, str]
) -> None:
    assert client.write(method, path, body).json() == {
        "code": 422,
        "message": "Validation failed.",
        "errors": [{"property": name, "message": text} for name, text in errors.items()],
    }


def test_an_empty_list_counts_as_an_empty_change(client: Client) -> None:
    uuid = client.page("products-uuid")[0]["uuid"]
    assert client.write("PATCH", f"products-uuid/{uuid}", []).status_code == 204


def test_deleting_an_item_that_does_not_exist_is_a_404(client: Client) -> None:
    for path, message in (
        (f"products-uuid/{NO_UUID}", f"The {NO_UUID} product does not exist in your PIM"),
        ("product-models/nope", 'Product model "nope" does not exist'),
    ):
        answer = client.session.delete(f"{client.url}{API}/{path}", timeout=10)
        assert answer.status_code == 404
        more = "or you do not have permission to access it."
        assert answer.json()["message"] == f"{message} {more}"
