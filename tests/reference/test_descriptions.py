"""We differ from Akeneo's description only as a table says, and keep facts of it, but no prose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.docs.tables import DOCS
from tests.reference.__main__ import TABLE
from tests.reference.compare import Difference, differences
from tests.reference.facts import facts_of, load
from tests.reference.reasons import REASONS, reason_for, table, unused

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def found() -> list[Difference]:
    return differences(load("saas"))


def test_the_table_has_every_difference_from_the_newest_description(
    found: list[Difference],
) -> None:
    # Updated by: python -m tests.reference --save
    assert TABLE.read_text(encoding="utf-8") == table(found)


def test_every_difference_has_a_reason_and_every_reason_a_difference(
    found: list[Difference],
) -> None:
    assert [one for one in found if reason_for(one) is None] == []
    assert REASONS
    assert unused(found) == []


def test_the_limits_name_every_parameter_that_is_never_sent(found: list[Difference]) -> None:
    page = DOCS.joinpath("limits.md").read_text(encoding="utf-8")
    words = [one.what.split() for one in found if one.what.startswith("parameter ")]
    assert words
    assert sorted({name for _, name, *_ in words if f"`{name}`" not in page}) == []


def test_what_a_later_description_adds_is_found() -> None:
    page = {"properties": {"_embedded": {"properties": {"items": {"type": "array"}}}}}
    item = page["properties"]["_embedded"]["properties"]["items"]
    item["items"] = {"properties": {"code": {"type": "integer"}, "new": {"type": "string"}}}  # type: ignore[assignment]
    described = {
        "paths": {
            "/api/rest/v1/channels": {
                "get": {
                    "parameters": [{"name": "with_news", "in": "query", "type": "boolean"}],
                    "responses": {"200": {"schema": page}},
                }
            },
            "/api/rest/v1/product-models": {
                "get": {
                    "parameters": [
                        {
                            "name": "with_readiness",
                            "in": "query",
                            "type": "string",
                            "enum": ["detailed", "brief"],
                        }
                    ],
                    "responses": {"200": {"schema": {"properties": {}}}},
                }
            },
            "/api/rest/v1/news": {"get": {"responses": {"200": {"schema": page}}}},
        }
    }
    found = {(one.path, one.what) for one in differences(facts_of(described))}
    assert found == {
        ("channels", "parameter with_news never sent"),
        ("channels", "field code may be integer"),
        ("channels", "field new in no column"),
        ("channels", "field new never sent by the simulator"),
        ("product-models", "parameter with_readiness may be brief"),
        ("news", "no route in the simulator"),
        ("news", "no stream"),
    }
    assert {reason_for(Difference(*one)) for one in found} == {None}


@pytest.mark.parametrize("name", ["pim-7.0", "saas"])
def test_facts_contain_no_prose(name: str) -> None:
    assert [text for text in texts(load(name)) if text.count(" ") > 1] == []


def test_prose_is_left_out_but_not_a_field_of_such_a_name() -> None:
    schema = {
        "type": "object",
        "description": "What the field is about.",
        "default": "It is what it is.",
        "properties": {
            "description": {"type": "string", "title": "A title"},
            "kind": {"enum": ["a", "b"]},
        },
        "example": {"description": "Some words of theirs.", "at": "2016-06-23T18:24:44+02:00"},
    }
    operation = {"description": "A sentence.", "responses": {"200": {"schema": schema}}}
    facts = facts_of({"paths": {"/api/rest/v1/x": {"get": operation}}})
    assert facts["paths"]["/api/rest/v1/x"]["get"]["responses"]["200"]["schema"] == {
        "type": "object",
        "properties": {"description": {"type": "string"}, "kind": {"enum": ["a", "b"]}},
        "shape": {"description": "text", "at": "2020-01-31T12:00:00+00:00"},
    }


def texts(value: Any) -> Iterator[str]:
    """Yield all keys and texts of JSON."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from texts(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from texts(inner)
