"""A bare downloader that discards the pages: the lower bound for any reader based on ``requests``.

With one connection it reads the pages one after the other. With four it reads the quarters of the
product list in parallel. It is given the cursors that divide the list, which a real reader would
not know in advance.

It does not parse the bodies. It only searches them for the link to the next page, which comes
before the items, and reads the codes of attributes.
"""

from __future__ import annotations

import json
import re
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, urlsplit

import requests

from benchmarks.access import PAGE_SIZE, Task

if TYPE_CHECKING:
    from collections.abc import Iterator

_NEXT = re.compile(rb'"next":\{"href":("[^"]*")\}')


class Downloader:
    """Downloads lists over one connection.

    Args:
        token: Access token of the PIM.
    """

    def __init__(self, token: str) -> None:
        self._session = requests.Session()
        self._session.headers["Authorization"] = f"Bearer {token}"

    def bodies(self, url: str, params: dict[str, str], last: str = "") -> Iterator[bytes]:
        """Yield the bodies of the pages of a list.

        Args:
            url: URL of the list.
            params: Query parameters of its first page.
            last: Cursor at which to stop.
        """
        following: str | None = url
        while following is not None:
            answer = self._session.get(following, params=params if following == url else None)
            answer.raise_for_status()
            body = answer.content
            yield body
            found = _NEXT.search(body, 0, 5_000)
            following = json.loads(found[1]) if found else None
            if following and last in parse_qs(urlsplit(following).query).get("search_after", ()):
                following = None


def main(connections: int) -> None:
    """Download the list that the task names.

    Args:
        connections: Parallel connections, 1 or 4.
    """
    task = Task.from_command_line()
    token = task.access_token()
    if task.stream == "products":
        _products(task, token, connections)
    else:
        _options(task, token, connections)


def _products(task: Task, token: str, connections: int) -> None:
    cursors = ["", *(task.quarters if connections > 1 and not task.since else []), ""]

    def quarter(number: int) -> None:
        params, start = task.product_params, cursors[number]
        if start:
            params["search_after"] = start
        for _ in Downloader(token).bodies(f"{task.api}/products-uuid", params, cursors[number + 1]):
            pass

    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(quarter, range(len(cursors) - 1)))


def _options(task: Task, token: str, connections: int) -> None:
    params = {"limit": str(PAGE_SIZE)}
    codes = [
        item["code"]
        for body in Downloader(token).bodies(f"{task.api}/attributes", params)
        for item in json.loads(body)["_embedded"]["items"]
    ]

    def share(number: int) -> None:
        downloader = Downloader(token)
        for code in codes[number::connections]:
            for _ in downloader.bodies(f"{task.api}/attributes/{code}/options", params):
                pass

    with ThreadPoolExecutor(connections) as pool:
        list(pool.map(share, range(connections)))
