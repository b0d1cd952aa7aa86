"""Every list in Akeneo's reference is a stream, or docs/limits.md explains why not.

Akeneo's machine-readable reference ends with 7.0, so ``data/saas-lists.json`` names the fields and
query parameters of the lists of SaaS.
"""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tap_akeneo.streams import STREAMS
from tap_akeneo.streams.resource import load_schema
from tests.docs.tables import DOCS

if TYPE_CHECKING:
    from tap_akeneo.streams.base import AkeneoStream

REFERENCE = json.loads(
    Path(__file__).parent.joinpath("data", "akeneo-web-api.json").read_text(encoding="utf-8")
)
SAAS: dict[str, Any] = json.loads(
    Path(__file__).parent.joinpath("data", "saas-lists.json").read_text(encoding="utf-8")
)
NEWEST: dict[str, dict[str, list[str]]] = SAAS["lists"]
PREFIX = "/api/rest/v1/"

# Lists of SaaS whose fields neither the reference nor the data describes. Sources: the services of
# schallym/node-akeneo-api-client, OpenAkeneo/dotnet-rest-api-client, and akeneo/pim-api-docs
# (apps/catalogs.md).
MORE_LISTS = (
    "catalogs/{id}/product-uuids",
    "catalogs/{id}/products",
    "catalogs/{id}/mapped-products",
    "catalogs/{id}/mapped-models",
    "catalogs/{id}/mapped-models/{code}/variants",
    "catalogs/{id}/mapping-schemas/product",
    "permissions/{userUuid}/locales",
    "permissions/{userUuid}/channels",
    "reference-entities/records",
    "category-media-files/{path}/download",
)


def anonymous(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


# Fields that the tap does not write, and why.
NOT_WRITTEN = {
    "http-hook": {"headers": "secret", "secret": "secret"},
    "ui-extensions": {"credentials": "secret"},
    "workflows": {"steps": "the stream workflow_steps"},
}
PAGING = {"limit", "page", "pagination_type", "search_after", "with_count"}
# Query parameters that the tap always sends.
SENT = {"workflows/tasks": {"with_attributes"}}
# Query parameters that the tap never sends, and why.
_FILTERS_ROWS = "leaves out rows; filter the table instead"
_IN_CONDITIONS = dict.fromkeys(
    ("search_locale", "search_scope"), "each condition of `filters` names its own"
)
NOT_SENT = {
    "products": _IN_CONDITIONS,
    "product-models": _IN_CONDITIONS,
    "rule-definitions": dict.fromkeys(
        ("codes", "enabled", "execution_type", "type"), _FILTERS_ROWS
    ),
    "readiness": dict.fromkeys(("codes", "is_draft"), _FILTERS_ROWS),
    "data-model-designer/modelization-suggestions": dict.fromkeys(
        ("author", "codes", "source", "status"), _FILTERS_ROWS
    ),
    "workflows/tasks": {
        "search": "used to read one step after the other",
    },
}

EXTRACTED = {anonymous(stream.path) for stream in STREAMS}
(NOT_EXTRACTED,) = re.findall(
    r"## Not extracted\n(.*)",
    DOCS.joinpath("limits.md").read_text(encoding="utf-8"),
    flags=re.DOTALL,
)


def is_one_item(path: str) -> bool:
    """Return whether a path leads to a single item of a list that the reference also has."""
    return path.endswith("}") and path.rpartition("/")[0] in paths()


def paths() -> list[str]:
    """Return the paths in the reference that can be read."""
    described: dict[str, Any] = REFERENCE["paths"]
    return [
        path.removeprefix(PREFIX)
        for path, methods in described.items()
        if "get" in methods and path.startswith(PREFIX)
    ]


@pytest.mark.parametrize("path", [*paths(), *NEWEST, *MORE_LISTS])
def test_each_list_is_a_stream_or_documented_as_not_extracted(path: str) -> None:
    if anonymous(path) not in EXTRACTED and not is_one_item(path):
        assert f"`{path}`" in NOT_EXTRACTED


def test_no_extracted_list_is_documented_as_not_extracted() -> None:
    for path in re.findall(r"^\| `(\S+)`", NOT_EXTRACTED, flags=re.MULTILINE):
        assert anonymous(path) not in EXTRACTED


def test_streams_that_are_off_by_default_have_a_reason() -> None:
    for stream in STREAMS:
        assert stream.selected_by_default == (not stream.why_not_by_default)


def newest_streams() -> dict[str, type[AkeneoStream]]:
    """Return the first stream of each list of the newest PIM."""
    return {
        path: next(one for one in STREAMS if anonymous(one.path) == anonymous(path))
        for path in NEWEST
    }


@pytest.mark.parametrize("path", NEWEST)
def test_each_field_of_the_newest_pim_is_in_a_schema(path: str) -> None:
    stream = newest_streams()[path]
    written = load_schema(stream.name, stream.primary_keys)["properties"].keys()
    assert set(NEWEST[path]["fields"]) - written == NOT_WRITTEN.get(path, {}).keys()


@pytest.mark.parametrize("path", NEWEST)
def test_each_parameter_of_the_newest_pim_is_sent_or_has_a_reason(path: str) -> None:
    stream = newest_streams()[path]
    sent = {*PAGING, *stream.switches, *SENT.get(path, ())}
    if stream.filterable:
        sent.add("search")
    if stream.channel_parameter:
        sent |= {stream.channel_parameter, "locales"}
    if stream.limits_attributes:
        sent.add("attributes")
    assert set(NEWEST[path]["parameters"]) - sent == NOT_SENT.get(path, {}).keys()


@pytest.mark.parametrize("path", SAAS["permissions"])
def test_each_documented_permission_is_that_of_the_streams_below_its_path(path: str) -> None:
    # The page has the singular, and the PIM's screen the plural.
    told = {"List attribute group": "List attribute groups"}
    label = SAAS["permissions"][path]
    longer = [anonymous(one) for one in SAAS["permissions"] if one.startswith(f"{path}/")]
    streams = [
        stream
        for stream in STREAMS
        if re.match(rf"{re.escape(anonymous(path))}(?:[-/]|$)", anonymous(stream.path))
        and not any(anonymous(stream.path).startswith(one) for one in longer)
    ]
    assert streams
    assert {stream.permission for stream in streams} == {told.get(label, label)}
