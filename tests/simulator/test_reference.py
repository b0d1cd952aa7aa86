"""Every response is valid against Akeneo's reference, except where the reference is wrong."""

from __future__ import annotations

import functools
import json
from typing import TYPE_CHECKING, Any

import pytest
from jsonschema import Draft4Validator

from pim_simulator import PROFILES
from tests.reference.facts import load
from tests.simulator.conftest import API, Client
from tests.simulator.descriptions import Wrong, excuse, place_of

if TYPE_CHECKING:
    from collections.abc import Iterator

_REFERENCE = load("pim-7.0")
_LISTS = {
    "products": "products",
    "products-uuid": "products-uuid",
    "product-models": "product-models",
    "families": "families",
    "families/{family_code}/variants": "families/clothing/variants",
    "attributes": "attributes",
    "attributes/{attribute_code}/options": "attributes/color/options",
    "attribute-groups": "attribute-groups",
    "association-types": "association-types",
    "categories": "categories",
    "channels": "channels",
    "locales": "locales",
    "currencies": "currencies",
    "measure-families": "measure-families",
    "measurement-families": "measurement-families",
    "media-files": "media-files",
    "system-information": "system-information",
    "published-products": "published-products",
    "reference-entities": "reference-entities",
    "reference-entities/{reference_entity_code}/attributes": "reference-entities/brands/attributes",
    "reference-entities/{reference_entity_code}/attributes/{attribute_code}/options": (
        "reference-entities/brands/attributes/sales_areas/options"
    ),
    "reference-entities/{reference_entity_code}/records": "reference-entities/brands/records",
    "asset-families": "asset-families",
    "asset-families/{asset_family_code}/attributes": "asset-families/packshots/attributes",
    "asset-families/{asset_family_code}/attributes/{attribute_code}/options": (
        "asset-families/packshots/attributes/main_colors/options"
    ),
    "asset-families/{asset_family_code}/assets": "asset-families/packshots/assets",
    "assets": "assets",
    "asset-categories": "asset-categories",
    "asset-tags": "asset-tags",
}
# Only the Enterprise Edition has them.
_ENTERPRISE = ("published-products", "reference-entities", "asset-", "assets")
_WITH = dict.fromkeys(
    (
        "with_attribute_options",
        "with_completenesses",
        "with_enriched_attributes",
        "with_position",
        "with_quality_scores",
    ),
    "true",
)


_ITEM = r"_embedded/items/\*/"
_VALUE = _ITEM + r"values/[^/]+/\*/"
_WRONG = (
    Wrong("product", _ITEM + "(parent|family)", "NoneType", "'null' stands in its default"),
    Wrong("product", _VALUE + "(locale|scope)", "NoneType", "its own examples have null"),
    Wrong("product", _VALUE + "data", "str|int|bool|list", "its text says: depends on the type"),
    Wrong("product", _ITEM + "quality_scores", "list", "its own example is a list"),
    Wrong("products", _VALUE + r"linked_data(/labels)?", "list", "json_encode of PHP"),
    Wrong("families", _ITEM + "attribute_as_image", "NoneType", "a family need not have one"),
    Wrong("attributes", _ITEM + "[a-z_]+", "NoneType", "its own examples are full of null"),
    Wrong("attributes", _ITEM + "group_labels", "list", "#17632"),
    Wrong("categories", _ITEM + "parent", "NoneType", "'null' stands in its default"),
    Wrong("attributes", _ITEM + "type", "str", "knows no table attributes"),
    Wrong("published", _VALUE + "(locale|scope)", "NoneType", "its own examples have null"),
    Wrong("published", _VALUE + "data", "str|int|bool|list", "its text says: depends on the type"),
    Wrong("reference", _ITEM + "image", "NoneType", "its own examples have null"),
    Wrong("reference", _VALUE + "(locale|channel)", "NoneType", "its own examples have null"),
    Wrong("reference", _VALUE + "data", "str|list", "its text says: depends on the type"),
    Wrong("reference", r"\*/[a-z_]+", "NoneType", "its own examples have null"),
    Wrong("reference", r"\*/type", "str", "its text knows asset_collection"),
    Wrong("asset-", _ITEM + ".*(locale|channel|parent)", "NoneType", "its own examples have null"),
    Wrong("asset-families", _ITEM + r"transformations/\*/operations", "list", "so is its example"),
    Wrong("asset-families/", _VALUE + "data", "str|bool|list", "its text says: depends"),
    Wrong("asset-families/", r"\*", "dict", "media_type is for media only, as its text says"),
    Wrong("asset-families/", r"\*/[a-z_]+", "NoneType", "its own examples have null"),
    Wrong("asset-families/", r"\*/type", "str", "its text knows auto_tagging"),
    Wrong("assets", _ITEM + ".*", "NoneType", "its own examples have null"),
    Wrong("measurement-families", "", "list", "it is a bare list; the schema is that of an item"),
)
# Keys the reference does not know.
_UNKNOWN_KEYS = {
    "products": {"root_parent"},
    "families": {"parent"},  # in the reference's example, not in its schema
    "attributes": {
        *("auto_option_sorting", "guidelines", "minimum_input_length"),  # since 3.x and 6.0
        *("enable_option_creation_during_import", "display_time", "max_items_count"),  # newer SaaS
        *("color_configuration", "is_pinned"),
        *("default_metric_unit", "group_labels"),
    },
    "categories": {"validations"},  # newer SaaS
    "published-products": {"parent", "quality_scores"},  # in the concepts; on request
    "asset-families": {"auto_tagging_enabled", "sharing_enabled"},  # newer SaaS
}


@functools.cache
def _schema(path: str) -> dict[str, Any]:
    operation = _REFERENCE["paths"][f"{API}/{path}"]["get"]
    text = json.dumps(operation["responses"]["200"]["schema"])
    # The list of assets is described, and shown, with ``_items``: its clients read ``items``.
    schema: dict[str, Any] = json.loads(text.replace('"_items"', '"items"'))
    return schema


def _answers(client: Client) -> Iterator[tuple[str, Any]]:
    for path, asked in _LISTS.items():
        answer = client.ask(asked, limit=100, **_WITH)
        if answer.status_code == 404:
            continue
        assert answer.status_code == 200
        yield path, answer.json()


def test_every_list_is_valid_against_the_reference(any_version: Client) -> None:
    for path, body in _answers(any_version):
        errors = list(Draft4Validator(_schema(path)).iter_errors(body))
        assert not [
            f"{path} {place_of(error)}: {error.message[:200]}"
            for error in errors
            if excuse(path, error, _WRONG) is None
        ]
        if path == "measurement-families":
            for item in body:
                Draft4Validator(_schema(path)).validate(item)


def test_every_listed_exception_is_still_needed(clients: dict[str, Client]) -> None:
    used = {
        excuse(path, error, _WRONG)
        for client in clients.values()
        for path, body in _answers(client)
        for error in Draft4Validator(_schema(path)).iter_errors(body)
    }
    assert used - {None} == set(_WRONG)


def test_no_key_is_unknown_to_the_reference_but_the_listed_ones(any_version: Client) -> None:
    for path, body in _answers(any_version):
        if "_embedded" not in body:
            continue
        items = _schema(path)["allOf"][-1]["properties"]["_embedded"]["properties"]["items"]
        known: set[str] = set()
        for part in items["items"].get("allOf", [items["items"]]):
            known |= set(part["properties"])
        keys = {key for item in body["_embedded"]["items"] for key in item}
        assert keys <= known | _UNKNOWN_KEYS.get(path, set()), path


@pytest.mark.parametrize("profile", list(PROFILES))
def test_the_reference_names_the_version_in_which_a_resource_came(
    clients: dict[str, Client], profile: str
) -> None:
    major = min(clients[profile].pim.profile.major, 7)
    version = "3.x" if profile == "pim-3" else f"{major}.0"
    for path, asked in _LISTS.items():
        if path.startswith(_ENTERPRISE) and not clients[profile].pim.profile.enterprise:
            continue
        if (path, profile) == ("published-products", "saas"):
            continue  # retired there, though the reference names its version
        versions = _REFERENCE["paths"][f"{API}/{path}"]["get"]["x-versions"]
        there = version in versions or (version == "3.x" and "3.2" in versions)
        assert clients[profile].ask(asked).status_code == (200 if there else 404), path
