"""The task that every contestant gets, and authentication for those that are not taps."""

from __future__ import annotations

import argparse
import base64
import json
import urllib.request
from dataclasses import asdict, dataclass, field

PAGE_SIZE = 100
CREDENTIALS = {
    "client_id": "1_benchmark",
    "client_secret": "secret",
    "username": "benchmark_1234",
    "password": "password",
}


@dataclass
class Task:
    """The list to read, and the credentials for it.

    Attributes:
        url: URL of the PIM.
        client_id: Client ID of the connection.
        client_secret: Secret of the connection.
        username: Username of the connection.
        password: Password of the connection.
        stream: ``products`` or ``attribute_options``.
        since: Read only products changed after this time, ``YYYY-MM-DD hh:mm:ss``; if empty, all.
        quarters: Cursors that divide the list of products into four.
    """

    url: str
    client_id: str
    client_secret: str
    username: str
    password: str
    stream: str
    since: str = ""
    quarters: list[str] = field(default_factory=list)

    @classmethod
    def from_command_line(cls) -> Task:
        """Load the task from the file given on the command line."""
        parser = argparse.ArgumentParser()
        parser.add_argument("task", type=argparse.FileType("r", encoding="utf-8"))
        with parser.parse_args().task as file:
            return cls(**json.load(file))

    def to_json(self) -> str:
        """Return the task as JSON, the content of a task file."""
        return json.dumps(asdict(self))

    @property
    def api(self) -> str:
        """Base URL of the API."""
        return f"{self.url}/api/rest/v1"

    @property
    def product_params(self) -> dict[str, str]:
        """Query parameters of the product list, the same as the tap sends by default."""
        params = {
            "pagination_type": "search_after",
            "limit": str(PAGE_SIZE),
            "with_completenesses": "true",
            "with_quality_scores": "true",
        }
        if self.since:
            search = {"updated": [{"operator": ">", "value": self.since}]}
            params["search"] = json.dumps(search, separators=(",", ":"))
        return params

    def access_token(self) -> str:
        """Request an access token from the PIM."""
        grant = {"grant_type": "password", "username": self.username, "password": self.password}
        client = base64.b64encode(f"{self.client_id}:{self.client_secret}".encode()).decode()
        request = urllib.request.Request(  # noqa: S310 (our own http address)
            f"{self.url}/api/oauth/v1/token",
            json.dumps(grant).encode(),
            {"Authorization": f"Basic {client}", "Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request) as answer:  # noqa: S310
            token: str = json.load(answer)["access_token"]
            return token
