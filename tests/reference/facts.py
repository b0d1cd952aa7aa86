"""Make facts from a description of the API: paths, parameters, fields, types and enums.

Everything written in prose is left out, because it belongs to Akeneo. Examples keep their shape
only: each text becomes the same word.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

Json = dict[str, Any]

DATA = Path(__file__).parent / "data"
PREFIX = "/api/rest/v1"
DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d)?.*")
NO_FACTS: Json = {}


def load(name: str) -> Json:
    """Return the facts that are checked in under a name."""
    facts: Json = json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))
    return facts


def save(name: str, facts: Json) -> None:
    """Check facts in under a name, with a line for each path."""
    parts = (
        f"{json.dumps(part)}:{{\n"
        + ",\n".join(
            f"{json.dumps(key)}:{json.dumps(value, separators=(',', ':'), ensure_ascii=False)}"
            for key, value in facts[part].items()
        )
        + "\n}"
        for part in facts
    )
    (DATA / f"{name}.json").write_text("{" + ",\n".join(parts) + "}\n", encoding="utf-8")


def facts_of(description: Json) -> Json:
    """Return the facts of a description, an OpenAPI or Swagger document."""
    return {
        "paths": {
            path: {"get": _operation(methods["get"])}
            for path, methods in sorted(description["paths"].items())
            if "get" in methods and path.startswith(PREFIX)
        },
        "definitions": {
            name: _schema(schema)
            for name, schema in sorted(description.get("definitions", {}).items())
        },
    }


def _operation(operation: Json) -> Json:
    response = operation["responses"].get("200", NO_FACTS)
    content = response.get("content", {}).get("application/json", response)
    shapes = [*_examples(response), *_examples(content)]
    facts: Json = {
        "parameters": {
            one["name"]: _schema(one.get("schema", one))
            for one in operation.get("parameters", ())
            if one.get("in") == "query"
        },
        "responses": {"200": {"schema": _schema(content.get("schema", NO_FACTS))}},
    }
    if shapes:
        facts["responses"]["200"]["shapes"] = _unique(shapes)
    if "x-versions" in operation:
        facts["x-versions"] = operation["x-versions"]
    return facts


def _examples(response: Json) -> list[Any]:
    """Return the shapes of all examples of a response."""
    examples = [response[name] for name in ("examples", "x-examples") if name in response]
    per_version = response.get("x-examples-per-version", [])
    listed = per_version if isinstance(per_version, list) else [per_version]
    return [_shape(one) for one in (*examples, *(one["x-example"] for one in listed))]


def _schema(schema: Json) -> Json:
    """Return the structure of a schema."""
    facts: Json = {name: schema[name] for name in ("type", "format", "enum") if name in schema}
    if isinstance(schema.get("required"), list):
        facts["required"] = schema["required"]
    for name in ("properties", "patternProperties"):
        if name in schema:
            facts[name] = {key: _schema(inner) for key, inner in schema[name].items()}
    for name in ("items", "additionalProperties"):
        if isinstance(schema.get(name), dict):
            facts[name] = _schema(schema[name])
    for name in ("allOf", "anyOf", "oneOf"):
        if name in schema:
            facts[name] = [_schema(inner) for inner in schema[name]]
    if "example" in schema:
        facts["shape"] = _shape(schema["example"])
    return facts


def _shape(example: object) -> Any:
    """Return an example with placeholders for its texts and numbers."""
    if isinstance(example, dict):
        return {key: _shape(value) for key, value in example.items()}
    if isinstance(example, list):
        return _unique([_shape(value) for value in example])
    if isinstance(example, str):
        return "2020-01-31T12:00:00+00:00" if DATE.fullmatch(example) else "text"
    if isinstance(example, (int, float)) and not isinstance(example, bool):
        return type(example)(1)
    return example


def _unique(values: list[Any]) -> list[Any]:
    return [json.loads(text) for text in dict.fromkeys(map(json.dumps, values))]
