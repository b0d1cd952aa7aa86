"""Schemas compared with Akeneo's machine-readable reference (api.akeneo.com) and examples."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft7Validator

from pim_simulator import SimulatedPim
from tap_akeneo.streams import STREAMS
from tests.reference.compare import anonymous, properties_of
from tests.reference.facts import load
from tests.schemas.examples import EXAMPLES
from tests.schemas.sources import (
    AS_TEXT,
    DECLARED_AS_OBJECT,
    DEFINITIONS,
    MISSPELT,
    NEWER,
    WRONG_EXAMPLES,
)
from tests.support import KEYS_OF, SCORES_OF

if TYPE_CHECKING:
    from collections.abc import Iterator

Json = dict[str, Any]

SCHEMAS = Path(__file__).parents[2] / "tap_akeneo" / "schemas"
REFERENCE = load("pim-7.0")

PREFIX = "/api/rest/v1/"
LINKS = {"_link", "_links"}
NAMES = sorted({stream.name for stream in STREAMS} - KEYS_OF.keys())


def schema_of(stream: str) -> Json:
    schema: Json = json.loads((SCHEMAS / f"{stream}.json").read_text(encoding="utf-8"))
    return schema


def types_of(schema: Json) -> set[str]:
    types = schema["type"]
    return {types} if isinstance(types, str) else set(types)


def keys_of(stream: str) -> set[str]:
    """Return the keys that a stream has for every version of the PIM."""
    return set.intersection(*(set(one.primary_keys) for one in STREAMS if one.name == stream))


def responses_of(stream: str) -> Iterator[Json]:
    """Yield the reference's responses with items of a stream, as a list or alone."""
    lists = {anonymous(one.path) for one in STREAMS if one.name == stream}
    # The old list has other properties, and scores are only a part of a response.
    lists -= {"measure-families", *("" if stream not in SCORES_OF else lists)}
    for path, methods in REFERENCE["paths"].items():
        if anonymous(path.removeprefix(PREFIX)).removesuffix("/{}") in lists and "get" in methods:
            yield methods["get"]["responses"]["200"]


def reference_schemas(stream: str) -> Iterator[Json]:
    """Yield the reference's schemas of one record."""
    for name in DEFINITIONS.get(stream, ()):
        yield REFERENCE["definitions"][name]
    for response in responses_of(stream):
        names = dict(properties_of(response["schema"]))
        if "_embedded" in names:
            yield items_of(names["_embedded"]["properties"])["items"]
        elif "items" in response["schema"]:
            yield response["schema"]["items"]
        else:
            yield response["schema"]


def records_in(example: object) -> Iterator[Json]:
    """Yield the records of an example, which may be a page, a list or a single record."""
    if isinstance(example, list):
        for item in example:
            yield from records_in(item)
    elif isinstance(example, dict) and "_embedded" in example:
        yield from records_in(items_of(example["_embedded"]))
    elif isinstance(example, dict):
        yield {name: value for name, value in example.items() if name not in LINKS}


def items_of(embedded: Json) -> Any:
    """Return the items of a page, or their schema.

    The reference writes `_items` for assets, but the PIM sends `items`
    (akeneo/api-php-client, ListAllAssetsIntegration).
    """
    return embedded["items"] if "items" in embedded else embedded["_items"]


def reference_examples(stream: str) -> Iterator[Json]:
    for response in responses_of(stream):
        yield from records_in(response.get("shapes"))
    for schema in reference_schemas(stream):
        for part in (schema, *schema.get("allOf", ())):
            yield from records_in(part.get("shape"))


def examples(stream: str) -> list[Json]:
    """Return the known examples; without any, the rows of the simulator, which cites a source."""
    known = [*reference_examples(stream), *(one.record for one in EXAMPLES.get(stream, ()))]
    return known or SimulatedPim(profile="saas", products=0).truth(stream)


def own_properties(schema: Json, prefix: str = "") -> Iterator[tuple[str, Json]]:
    """Yield every property of one of our schemas with its path, like `options[].code`."""
    for name, declared in schema.get("properties", {}).items():
        yield f"{prefix}{name}", declared
        yield from own_properties(declared, f"{prefix}{name}.")
    if "additionalProperties" in schema:
        yield from own_properties(schema["additionalProperties"], f"{prefix}*.")
    if "items" in schema:
        yield from own_properties(schema["items"], f"{prefix.removesuffix('.')}[].")


def declared_in(theirs: Json, ours: Json, prefix: str = "") -> Iterator[tuple[str, Json]]:
    """Yield the properties that a schema of the reference declares, by path.

    The paths are those of `own_properties`. The reference declares a map as an object with one
    placeholder property (`localeCode`), so our schema decides what is a map. Objects without
    declared properties in our schema (such as product values) are not searched.
    """
    for name, declared in properties_of(theirs):
        if "additionalProperties" in ours:
            yield from declared_in(declared, ours["additionalProperties"], f"{prefix}*.")
        elif "properties" in ours:
            yield f"{prefix}{name}", declared
            yield from declared_in(declared, ours["properties"].get(name, {}), f"{prefix}{name}.")
    if "items" in theirs and "items" in ours:
        yield from declared_in(theirs["items"], ours["items"], f"{prefix.removesuffix('.')}[].")


def shown_in(example: object, ours: Json, prefix: str = "") -> Iterator[str]:
    """Yield the paths (see `own_properties`) of the properties in an example."""
    if isinstance(example, list):
        for item in example:
            yield from shown_in(item, ours.get("items", {}), f"{prefix.removesuffix('.')}[].")
    elif isinstance(example, dict) and "additionalProperties" in ours:
        for value in example.values():
            yield from shown_in(value, ours["additionalProperties"], f"{prefix}*.")
    elif isinstance(example, dict) and "properties" in ours:
        for name in example.keys() - LINKS:
            value = example[name]
            yield f"{prefix}{name}"
            yield from shown_in(value, ours["properties"].get(name, {}), f"{prefix}{name}.")


def named_for(stream: str) -> set[str]:
    """Return the paths of all properties in the reference and the examples."""
    ours = schema_of(stream)
    named = {path for theirs in reference_schemas(stream) for path, _ in declared_in(theirs, ours)}
    for example in examples(stream):
        named.update(shown_in(example, ours))
    return named


every_stream = pytest.mark.parametrize("stream", NAMES)


def test_every_schema_file_is_covered_by_these_tests() -> None:
    files = {file.stem for file in SCHEMAS.glob("*.json")}
    assert files == {*NAMES, *KEYS_OF, "readings"}


@pytest.mark.parametrize("stream", KEYS_OF)
def test_the_schema_of_a_key_stream_has_only_the_keys_and_read_at(stream: str) -> None:
    keys = {key for one in STREAMS if one.name == stream for key in one.primary_keys}
    assert set(schema_of(stream)["properties"]) == {*keys, "read_at"}


@every_stream
def test_schema_is_valid_draft_7(stream: str) -> None:
    schema = schema_of(stream)
    Draft7Validator.check_schema(schema)
    assert schema["type"] == "object"
    assert schema["properties"]


@every_stream
def test_schema_has_no_references_and_no_closed_objects(stream: str) -> None:
    text = (SCHEMAS / f"{stream}.json").read_text(encoding="utf-8")
    assert "$ref" not in text
    assert '"additionalProperties": false' not in text


@every_stream
def test_every_property_has_a_description_and_a_type(stream: str) -> None:
    bare = [
        path
        for path, schema in own_properties(schema_of(stream))
        if not schema.get("description", "").endswith(".") or "type" not in schema
    ]
    assert bare == []


@every_stream
def test_every_property_except_the_keys_is_nullable(stream: str) -> None:
    never_null = [
        path for path, schema in own_properties(schema_of(stream)) if "null" not in types_of(schema)
    ]
    assert set(never_null) == keys_of(stream)


@every_stream
def test_property_is_an_object_or_a_list_but_not_both(stream: str) -> None:
    # The PIM sends an empty map as []; the tap corrects that if the schema says it is an object.
    # Only the value of a category attribute can be either.
    both = {
        path
        for path, schema in own_properties(schema_of(stream))
        if {"object", "array"} <= types_of(schema)
    }
    assert both == ({"values.*.data"} if stream == "categories" else set())


@every_stream
def test_arrays_declare_their_items(stream: str) -> None:
    without = [
        path
        for path, schema in own_properties(schema_of(stream))
        if "array" in types_of(schema)
        and "object" not in types_of(schema)
        and "items" not in schema
    ]
    assert without == []


@every_stream
def test_schema_has_every_known_property(stream: str) -> None:
    ours = {path for path, _ in own_properties(schema_of(stream))}
    misspelt = {path for name, path in MISSPELT if name == stream}
    assert named_for(stream) - misspelt - ours == set()


@every_stream
def test_schema_has_no_property_of_unknown_origin(stream: str) -> None:
    newer = NEWER.get(stream, {})
    unknown = [
        path
        for path, _ in own_properties(schema_of(stream))
        if path not in named_for(stream)
        and not any(path == known or path.startswith((f"{known}.", f"{known}[")) for known in newer)
    ]
    assert unknown == []


@pytest.mark.parametrize("stream", sorted(NEWER))
def test_property_listed_as_newer_is_in_the_schema_and_in_no_other_source(stream: str) -> None:
    ours = {path for path, _ in own_properties(schema_of(stream))}
    assert set(NEWER[stream]) <= ours
    assert set(NEWER[stream]) & named_for(stream) == set()


@every_stream
def test_types_accept_what_the_reference_declares(stream: str) -> None:
    ours = schema_of(stream)
    own = dict(own_properties(ours))
    refused = {
        (stream, path): declared["type"]
        for theirs in reference_schemas(stream)
        for path, declared in declared_in(theirs, ours)
        if declared["type"] not in types_of(own[path])
        and not (declared["type"] == "integer" and "number" in types_of(own[path]))
    }
    expected = {known for known in {*DECLARED_AS_OBJECT, *AS_TEXT} if known[0] == stream}
    assert set(refused) == expected, refused


@every_stream
def test_reference_dates_are_dates_in_the_schema(stream: str) -> None:
    ours = schema_of(stream)
    own = dict(own_properties(ours))
    texts = {
        path
        for theirs in reference_schemas(stream)
        for path, declared in declared_in(theirs, ours)
        if declared.get("format") in {"dateTime", "date-time"}
        and own[path].get("format") != "date-time"
    }
    assert texts == set()


@pytest.mark.parametrize(
    ("stream", "example"),
    [
        pytest.param(stream, example, id=f"{stream}-{number}")
        for stream in NAMES
        for number, example in enumerate(examples(stream))
    ],
)
def test_example_is_valid(stream: str, example: Json) -> None:
    errors = [
        (error.json_path, error.instance, error.message)
        for error in Draft7Validator(schema_of(stream)).iter_errors(example)
        if (stream, error.json_path, error.instance) not in WRONG_EXAMPLES
    ]
    assert errors == []


@every_stream
def test_there_is_an_example(stream: str) -> None:
    assert examples(stream)


def test_quality_scores_are_lists_in_the_examples_although_declared_as_objects() -> None:
    shown = {
        type(example["quality_scores"])
        for stream in ("products", "product_models")
        for example in reference_examples(stream)
        if example.get("quality_scores")
    }
    assert shown == {list}
