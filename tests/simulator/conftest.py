"""Simulated PIMs, and a plain HTTP client that shares no code with the tap."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any, Protocol

import pytest
import requests

from pim_simulator import PROFILES, SimulatedPim, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

API = "/api/rest/v1"

RECORDED = ("ce-5", "ce-6", "ce-7", "ce-master")
"""The versions of which responses of a real PIM were recorded."""


def without_links(body: Any) -> Any:
    """Return a body without its links, at any depth."""
    if isinstance(body, list):
        return [without_links(part) for part in body]
    if isinstance(body, dict):
        links = ("_links", "_link")
        return {name: without_links(part) for name, part in body.items() if name not in links}
    return body


class Client:
    """Sends requests to a simulated PIM."""

    def __init__(self, pim: SimulatedPim, session: requests.Session) -> None:
        self.pim = pim
        self.session = session
        self.refresh_token = ""

    @property
    def url(self) -> str:
        assert self.pim.url is not None
        return self.pim.url

    @property
    def product_path(self) -> str:
        """Path of the list of all products."""
        return "products-uuid" if self.pim.profile.by_uuid else "products"

    @property
    def product_key(self) -> str:
        """Name of the key in that list."""
        return "uuid" if self.pim.profile.by_uuid else "identifier"

    def token(self, *, basic: bool = True, form: bool = False, **fields: str) -> requests.Response:
        known = self.pim.credentials
        client = (known["client_id"], known["client_secret"])
        if not basic:
            fields |= {"client_id": client[0], "client_secret": client[1]}
        return requests.post(
            f"{self.url}/api/oauth/v1/token",
            **{"data" if form else "json": fields},  # type: ignore[arg-type]  # one of two names
            auth=client if basic else None,
            timeout=10,
        )

    def login(self, **more: str) -> requests.Response:
        known = self.pim.credentials
        user: dict[str, Any] = {"username": known["username"], "password": known["password"]}
        answer = self.token(**{"grant_type": "password", **user, **more})
        if answer.ok:
            self.session.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
            self.refresh_token = answer.json()["refresh_token"]
        return answer

    def ask(self, path: str, **parameters: Any) -> requests.Response:
        if isinstance(parameters.get("search"), dict):
            parameters["search"] = json.dumps(parameters["search"])
        url = path if "://" in path else f"{self.url}{API}/{path}"
        return self.session.get(url, params=parameters, timeout=10)

    def get(self, path: str, **parameters: Any) -> Any:
        answer = self.ask(path, **parameters)
        assert answer.status_code == 200, answer.text
        return answer.json()

    def page(self, path: str, **parameters: Any) -> list[Any]:
        items: list[Any] = self.get(path, **parameters)["_embedded"]["items"]
        return items

    def pages(self, path: str, **parameters: Any) -> Iterator[list[Any]]:
        """Follow the links to the end."""
        body = self.get(path, **{"limit": 100, **parameters})
        while True:
            yield body["_embedded"]["items"]
            if "next" not in body["_links"]:
                return
            body = self.get(body["_links"]["next"]["href"])

    def all(self, path: str, **parameters: Any) -> list[Any]:
        return [item for page in self.pages(path, **parameters) for item in page]

    def rest(self, path: str, **parameters: Any) -> list[Any]:
        """Return all items of a list that takes no ``limit``, without links."""
        body = self.get(path, **parameters)
        items = list(body["_embedded"]["items"])
        while "next" in body["_links"]:
            body = self.get(body["_links"]["next"]["href"])
            items += body["_embedded"]["items"]
        return [without_links(item) for item in items]

    def as_app(self) -> None:
        """Use the token of an app from now on."""
        self.session.headers["Authorization"] = f"Bearer {self.pim.app_token}"

    def found(self, path: str, key: str, **search: Any) -> set[Any]:
        """Return the keys of the items that match a search."""
        return {item[key] for item in self.all(path, search=search)}

    def error(self, path: str, **parameters: Any) -> tuple[int, str]:
        """Return status and message of an error."""
        answer = self.ask(path, **parameters)
        assert answer.json()["code"] == answer.status_code
        return answer.status_code, answer.json()["message"]

    def write(self, method: str, path: str, body: Any) -> requests.Response:
        return self.session.request(method, f"{self.url}{API}/{path}", json=body, timeout=10)

    def write_many(self, path: str, *lines: Any) -> list[Any]:
        answer = self.session.patch(
            f"{self.url}{API}/{path}",
            data="\n".join(json.dumps(line) for line in lines),
            headers={"Content-Type": "application/vnd.akeneo.collection+json"},
            timeout=10,
        )
        assert answer.status_code == 200
        return [json.loads(line) for line in answer.text.splitlines()]


class Start(Protocol):
    def __call__(self, profile: str = ..., **options: Any) -> Client: ...


@pytest.fixture
def start() -> Iterator[Start]:
    """Start small PIMs that stop at the end of the test."""
    with ExitStack() as ends:

        def begin(profile: str = "ce-7", **options: Any) -> Client:
            pim = SimulatedPim(profile, **{"products": 60, **options})
            ends.enter_context(serve(pim))
            client = Client(pim, ends.enter_context(requests.Session()))
            client.login()
            return client

        yield begin


@pytest.fixture(scope="session")
def clients() -> Iterator[dict[str, Client]]:
    """A client of each version, for tests that only read."""
    with ExitStack() as ends:
        made = {}
        for profile in PROFILES:
            pim = SimulatedPim(profile, products=250)
            ends.enter_context(serve(pim))
            made[profile] = Client(pim, ends.enter_context(requests.Session()))
            made[profile].login()
        yield made


@pytest.fixture(params=list(PROFILES))
def any_version(request: pytest.FixtureRequest, clients: dict[str, Client]) -> Client:
    return clients[request.param]


@pytest.fixture(params=RECORDED)
def recorded(request: pytest.FixtureRequest, clients: dict[str, Client]) -> Client:
    return clients[request.param]


@pytest.fixture
def ce7(clients: dict[str, Client]) -> Client:
    return clients["ce-7"]
