"""Read with Airbyte's CDK and a declarative manifest, like a connector from its builder."""

from __future__ import annotations

import importlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.access import PAGE_SIZE, Task


def main() -> None:
    """Run the source's ``read``."""
    # Not imported at the top, because the package may be missing when types are checked.
    entrypoint = importlib.import_module("airbyte_cdk.entrypoint")
    declarative = importlib.import_module(
        "airbyte_cdk.sources.declarative.concurrent_declarative_source"
    )
    airbyte = importlib.import_module("airbyte_cdk.models")
    task = Task.from_command_line()
    config = {"token": task.access_token()}
    configured = {
        "streams": [
            {
                "stream": {
                    "name": task.stream,
                    "json_schema": {},
                    "supported_sync_modes": ["full_refresh"],
                },
                "sync_mode": "full_refresh",
                "destination_sync_mode": "overwrite",
            }
        ]
    }
    source = declarative.ConcurrentDeclarativeSource(
        catalog=airbyte.ConfiguredAirbyteCatalogSerializer.load(configured),
        config=config,
        state=None,
        source_config=_manifest(task),
    )
    with tempfile.TemporaryDirectory() as folder:
        paths = {"config": config, "catalog": configured}
        arguments = ["read"]
        for name, content in paths.items():
            path = Path(folder, f"{name}.json")
            path.write_text(json.dumps(content), encoding="utf-8")
            arguments += [f"--{name}", str(path)]
        sys.argv = ["benchmark", *arguments]
        entrypoint.launch(source, arguments)


def _manifest(task: Task) -> dict[str, Any]:
    if task.stream == "products":
        streams = [_stream("products", "products-uuid", task, task.product_params)]
    else:
        limit = {"limit": str(PAGE_SIZE)}
        attributes = _stream("attributes", "attributes", task, limit)
        path = "attributes/{{ stream_partition.attribute }}/options"
        streams = [_stream("attribute_options", path, task, limit)]
        streams[0]["retriever"]["partition_router"] = {
            "type": "SubstreamPartitionRouter",
            "parent_stream_configs": [
                {
                    "type": "ParentStreamConfig",
                    "stream": attributes,
                    "parent_key": "code",
                    "partition_field": "attribute",
                }
            ],
        }
    return {
        "version": "6.0.0",
        "type": "DeclarativeSource",
        "check": {"type": "CheckStream", "stream_names": [task.stream]},
        "streams": streams,
        "concurrency_level": {"type": "ConcurrencyLevel", "default_concurrency": 4},
        "spec": {
            "type": "Spec",
            "connection_specification": {"type": "object", "properties": {}},
        },
    }


def _stream(name: str, path: str, task: Task, params: dict[str, str]) -> dict[str, Any]:
    following = "{{ response.get('_links', {}).get('next', {}).get('href') }}"
    return {
        "type": "DeclarativeStream",
        "name": name,
        "schema_loader": {
            "type": "InlineSchemaLoader",
            "schema": {"type": "object", "properties": {}, "additionalProperties": True},
        },
        "retriever": {
            "type": "SimpleRetriever",
            "requester": {
                "type": "HttpRequester",
                "url_base": f"{task.api}/",
                "path": path,
                "http_method": "GET",
                "request_parameters": params,
                "authenticator": {
                    "type": "BearerAuthenticator",
                    "api_token": "{{ config['token'] }}",
                },
            },
            "record_selector": {
                "type": "RecordSelector",
                "extractor": {"type": "DpathExtractor", "field_path": ["_embedded", "items"]},
            },
            "paginator": {
                "type": "DefaultPaginator",
                "page_token_option": {"type": "RequestPath"},
                "pagination_strategy": {
                    "type": "CursorPagination",
                    "cursor_value": following,
                    "stop_condition": "{{ not response.get('_links', {}).get('next') }}",
                },
            },
        },
    }


if __name__ == "__main__":
    main()
