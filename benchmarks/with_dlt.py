"""Read with dlt's REST source: only the extraction, the minimum that any dlt pipeline does."""

from __future__ import annotations

import importlib
import sys
from typing import Any

from benchmarks.access import PAGE_SIZE, Task


def main() -> None:
    """Write the items of the source as JSON lines."""
    # Not imported at the top, because the package may be missing when types are checked.
    rest_api = importlib.import_module("dlt.sources.rest_api")
    to_json = importlib.import_module("dlt.common.json").json.dumpb
    task = Task.from_command_line()
    client = {
        "base_url": f"{task.api}/",
        "auth": {"type": "bearer", "token": task.access_token()},
        "paginator": {"type": "json_link", "next_url_path": "_links.next.href"},
    }
    resources: list[dict[str, Any]]
    select = {"data_selector": "_embedded.items"}
    if task.stream == "products":
        # dlt takes braces for placeholders, so escape those of the PIM's filter.
        params = {
            name: value.replace("{", "{{").replace("}", "}}")
            for name, value in task.product_params.items()
        }
        endpoint = {"path": "products-uuid", "params": params, **select}
        resources = [{"name": "products", "endpoint": endpoint}]
    else:
        params = {"limit": str(PAGE_SIZE)}
        attributes = {"path": "attributes", "params": params, **select}
        path = "attributes/{resources.attributes.code}/options"
        options = {"path": path, "params": params, **select}
        resources = [
            {"name": "attributes", "endpoint": attributes},
            {"name": "attribute_options", "endpoint": options, "parallelized": True},
        ]
    source = rest_api.rest_api_source({"client": client, "resources": resources})
    out = sys.stdout.buffer
    for item in source.resources[task.stream]:
        out.write(to_json(item))
        out.write(b"\n")


if __name__ == "__main__":
    main()
