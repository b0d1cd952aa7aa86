"""Every list in Akeneo's descriptions is a stream, or docs/limits.md explains why not."""

from __future__ import annotations

import re

import pytest

from tap_akeneo.streams import STREAMS
from tests.docs.tables import DOCS
from tests.reference.compare import anonymous
from tests.reference.facts import load

PREFIX = "/api/rest/v1/"

# The only list that neither description has (schallym/node-akeneo-api-client, src/services/api).
MORE_LISTS = ("http-hook",)

# akeneo/pim-api-docs at 61ef548d, content/rest-api/permissions.md
PERMISSIONS = {
    "products": "List products",
    "product-models": "List products",
    "asset-families": "List asset families",
    "asset-families/{code}/assets": "List assets",
    "reference-entities": "List reference entities",
    "reference-entities/{code}/records": "List reference entity records",
    "categories": "List categories",
    "families": "List families",
    "families/{code}/variants": "List family variants",
    "attributes": "List attributes",
    "attributes/{code}/options": "List attribute options",
    "attribute-groups": "List attribute group",
    "association-types": "List association types",
    "channels": "List channels",
    "locales": "List locales",
    "currencies": "List currencies",
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
    """Return the paths in both descriptions that can be read."""
    every = {**load("pim-7.0")["paths"], **load("saas")["paths"]}
    return [path.removeprefix(PREFIX) for path in every if path.startswith(PREFIX)]


@pytest.mark.parametrize("path", [*paths(), *MORE_LISTS])
def test_each_list_is_a_stream_or_documented_as_not_extracted(path: str) -> None:
    if anonymous(path) not in EXTRACTED and not is_one_item(path):
        assert f"`{path}`" in NOT_EXTRACTED


def test_no_extracted_list_is_documented_as_not_extracted() -> None:
    for path in re.findall(r"^\| `(\S+)`", NOT_EXTRACTED, flags=re.MULTILINE):
        assert anonymous(path) not in EXTRACTED


def test_streams_that_are_off_by_default_have_a_reason() -> None:
    for stream in STREAMS:
        assert stream.selected_by_default == (not stream.why_not_by_default)


@pytest.mark.parametrize("path", PERMISSIONS)
def test_each_documented_permission_is_that_of_the_streams_below_its_path(path: str) -> None:
    # The page has the singular, and the PIM's screen the plural.
    renamed = {"List attribute group": "List attribute groups"}
    label = PERMISSIONS[path]
    longer = [anonymous(one) for one in PERMISSIONS if one.startswith(f"{path}/")]
    streams = [
        stream
        for stream in STREAMS
        if re.match(rf"{re.escape(anonymous(path))}(?:[-/]|$)", anonymous(stream.path))
        and not any(anonymous(stream.path).startswith(one) for one in longer)
    ]
    assert streams
    assert {stream.permission for stream in streams} == {renamed.get(label, label)}
