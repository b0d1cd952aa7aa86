"""Read with pyakeneo, a client library for the PIM."""

from __future__ import annotations

import importlib
import json
import sys

import requests

from benchmarks.access import PAGE_SIZE, Task


def main() -> None:
    """Write the items of the client as JSON lines."""
    # Not imported at the top, because the package may be missing when types are checked.
    pyakeneo = importlib.import_module("pyakeneo.client")
    auth = importlib.import_module("pyakeneo.auth")
    resources = importlib.import_module("pyakeneo.resources")
    task = Task.from_command_line()
    session = requests.Session()
    session.auth = auth.Auth(
        task.url, task.client_id, task.client_secret, task.username, task.password
    )
    client = pyakeneo.Client(task.url, session=session)
    if task.stream == "products":
        # pyakeneo has only the list by identifier. The list by uuid has the same pagination.
        products = resources.ProductsPool(f"{task.api}/products-uuid", session)
        items = products.fetch_list(task.product_params)
    else:
        limit = {"limit": PAGE_SIZE}
        items = (
            option
            for attribute in client.attributes.fetch_list(limit)
            for option in client.attributes.options(attribute["code"]).fetch_list(limit)
        )
    for item in items:
        sys.stdout.write(json.dumps(item, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
