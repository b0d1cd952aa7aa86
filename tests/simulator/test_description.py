"""Every response of SaaS is valid against Akeneo's newest description, except where it is wrong."""

from __future__ import annotations

from copy import deepcopy
from itertools import islice
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
import requests
from jsonschema import Draft202012Validator

from tap_akeneo.config.schema import SETTINGS_SCHEMA
from tests.reference.compare import paths_of
from tests.reference.facts import load
from tests.simulator.conftest import Client
from tests.simulator.descriptions import Wrong, excuse, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from jsonschema import ValidationError

    from pim_simulator import SimulatedPim

OPERATIONS = {
    path: operation
    for path, operation in paths_of(load("saas"))
    if operation["responses"]["200"]["schema"]
}
"""The paths that have a schema; media files have none."""

NOT_SERVED = {
    "catalogs/{id}/products/{uuid}",
    "data-model-designer/modelization-suggestion/{uuid}",
    "reference-entities/records",
}
"""The tap reads other lists with the same items; see tests/reference/saas.md."""

ANSWERS = 6
"""Answers of one path to check at most."""

WITH = {
    name: (schema.get("enum") or ["true"])[-1]
    for name, schema in SETTINGS_SCHEMA["properties"].items()
    if name.startswith("with_")
}
"""Parameters with which items have all their fields."""

_VALUE = r"(_embedded/items/\*/)?values/\w+/\*/"
WRONG = (
    Wrong("catalogs/{id}/products", "", "dict", "a list also matches the schema of the message"),
    Wrong("product", _VALUE + "data", "dict", "an empty measurement (ProductValueNormalizer)"),
    Wrong("product", _VALUE + "linked_data", "list", "json_encode of PHP: options 0, 1, 2…"),
    Wrong(
        "products",
        r"_embedded/items/\*/(quantified_)?associations/\w+/products/\*(/identifier)?",
        "NoneType",
        "a product without identifier (recorded on 7.0.22)",
    ),
    Wrong(
        "products-uuid",
        r"(_embedded/items/\*/)?root_parent",
        "NoneType",
        "a product without model (schallym/node-akeneo-api-client)",
    ),
)


class Reader:
    """Reads everything that a simulated PIM serves at the paths of the description."""

    def __init__(self, pim: SimulatedPim) -> None:
        self._pim = pim
        self._user, self._app = (Client(pim, requests.Session()) for _ in range(2))
        self._user.login()
        self._app.as_app()

    def answers(self, path: str) -> Iterator[Any]:
        """Yield all pages of the lists at a path, or the items there that exist."""
        asked: dict[str, Any] = {**WITH, "limit": 100, "pagination_type": "search_after"}
        asked = {name: asked[name] for name in asked if name in OPERATIONS[path]["parameters"]}
        if path == "workflows/tasks":
            for step in self._pim.truth("workflow_steps"):
                search = {"step_uuid": [{"operator": "=", "value": step["uuid"]}]}
                yield from self._pages(path, search=search, **asked)
        for address in self._addresses(path):
            yield from self._pages(address, **asked)

    def _pages(self, address: str, **parameters: Any) -> Iterator[Any]:
        client = self._app if address.startswith("catalogs") else self._user
        answer = client.ask(address, **parameters)
        while answer.ok:
            body = answer.json()
            yield body
            following = body.get("_links", {}).get("next") if isinstance(body, dict) else None
            if following is None:
                return
            answer = client.ask(following["href"])

    def _addresses(self, path: str) -> Iterator[str]:
        """Yield the addresses of a path with the keys of the items in the lists above it."""
        above, placeholder, rest = path.rpartition("/{")
        if not placeholder:
            yield path
            return
        name, _, rest = rest.partition("}")
        for address in self._addresses(above):
            for key in self._keys(above, address, name):
                yield f"{address}/{quote(key)}{rest}"

    def _keys(self, path: str, address: str, name: str) -> Iterator[str]:
        """Yield the keys of the items of a list."""
        if path == "permissions":
            yield from (row["userUuid"] for row in self._pim.truth("user_locale_permissions"))
        elif path == "workflows/steps":
            yield from (row["uuid"] for row in self._pim.truth("workflow_steps"))
        else:
            key = "identifier" if path == "products" else name.rpartition("_")[2]
            for body in self._pages(address):
                # A catalog that is disabled sends a message.
                items = (
                    body if isinstance(body, list) else body.get("_embedded", {}).get("items", ())
                )
                yield from (item[key] for item in items)


@pytest.fixture(scope="module")
def answers(clients: dict[str, Client]) -> dict[str, list[Any]]:
    reader = Reader(clients["saas"].pim)
    return {path: list(islice(reader.answers(path), ANSWERS)) for path in OPERATIONS}


def _errors(path: str, bodies: list[Any]) -> list[ValidationError]:
    validator = Draft202012Validator(OPERATIONS[path]["responses"]["200"]["schema"])
    return [error for body in bodies for error in validator.iter_errors(body)]


@pytest.fixture(scope="module")
def errors(answers: dict[str, list[Any]]) -> dict[str, list[ValidationError]]:
    return {path: _errors(path, bodies) for path, bodies in answers.items()}


def test_every_response_is_valid_against_the_description(
    errors: dict[str, list[ValidationError]],
) -> None:
    assert [
        f"{path} {place_of(error)}: {error.message[:200]}"
        for path, found in errors.items()
        for error in found
        if excuse(path, error, WRONG) is None
    ] == []


def test_every_listed_exception_is_still_needed(errors: dict[str, list[ValidationError]]) -> None:
    used = {excuse(path, error, WRONG) for path, found in errors.items() for error in found}
    assert used == set(WRONG)


def test_every_path_is_served_but_those_whose_items_are_in_other_lists(
    answers: dict[str, list[Any]],
) -> None:
    assert {path for path, bodies in answers.items() if not bodies} == NOT_SERVED


def test_a_value_of_another_type_is_found(answers: dict[str, list[Any]]) -> None:
    (channels,) = deepcopy(answers["channels"])
    channels["_embedded"]["items"][1]["locales"] = "en_US"
    (error,) = _errors("channels", [channels])
    assert place_of(error) == "_embedded/items/*/locales"
