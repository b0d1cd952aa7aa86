"""Every list in Akeneo's reference is a stream, or docs/limits.md explains why not."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from tap_akeneo.streams import STREAMS
from tests.docs import DOCS

REFERENCE = json.loads(
    Path(__file__).parent.joinpath("data", "akeneo-web-api.json").read_text(encoding="utf-8")
)
PREFIX = "/api/rest/v1/"

# Lists of newer SaaS versions that the reference does not have. Sources: the types and services of
# schallym/node-akeneo-api-client, OpenAkeneo/dotnet-rest-api-client, and akeneo/pim-api-docs
# (apps/catalogs.md).
SAAS_LISTS = (
    "workflows",
    "workflows/steps/{uuid}/assignees",
    "workflows/tasks",
    "rule-definitions",
    "data-model-designer/modelization-suggestions",
    "catalogs",
    "catalogs/{id}/product-uuids",
    "catalogs/{id}/products",
    "catalogs/{id}/mapped-products",
    "catalogs/{id}/mapped-models",
    "catalogs/{id}/mapped-models/{code}/variants",
    "catalogs/{id}/mapping-schemas/product",
    "permissions/{userUuid}/locales",
    "permissions/{userUuid}/channels",
    "ui-extensions",
    "http-hook",
    "reference-entities/records",
    "asset-families/{code}/attributes",
    "asset-families/{code}/attributes/{attribute}/options",
    "category-media-files/{path}/download",
)


def anonymous(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)


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


@pytest.mark.parametrize("path", [*paths(), *SAAS_LISTS])
def test_each_list_is_a_stream_or_documented_as_not_extracted(path: str) -> None:
    if anonymous(path) not in EXTRACTED and not is_one_item(path):
        assert f"`{path}`" in NOT_EXTRACTED


def test_no_extracted_list_is_documented_as_not_extracted() -> None:
    for path in re.findall(r"^\| `(\S+)`", NOT_EXTRACTED, flags=re.MULTILINE):
        assert anonymous(path) not in EXTRACTED


def test_streams_that_are_off_by_default_have_a_reason() -> None:
    for stream in STREAMS:
        assert stream.selected_by_default == (not stream.why_not_by_default)
