"""meltano.yml matches the tap."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tap_akeneo.streams import STREAMS
from tap_akeneo.tap import TapAkeneo
from tests.meltano.hub import EXTRACTOR, PROJECT

SCHEMA = TapAkeneo.config_jsonschema
SETTINGS: dict[str, dict[str, Any]] = {
    setting["name"]: setting for setting in EXTRACTOR["settings"]
}


def settings_of_the_sdk() -> dict[str, Any]:
    """Return the SDK's settings that the tap does not redefine."""
    schema: dict[str, Any] = {"properties": {}}
    TapAkeneo.append_builtin_config(schema)
    ours = SCHEMA["properties"]
    return {name: of for name, of in schema["properties"].items() if ours.get(name, of) == of}


def own_settings() -> dict[str, Any]:
    """Return the tap's settings without those that the SDK adds."""
    added = settings_of_the_sdk()
    return {name: of for name, of in SCHEMA["properties"].items() if name not in added}


def kind(schema: dict[str, Any]) -> str:
    if schema.get("format") == "date-time":
        return "date_iso8601"
    if "enum" in schema:
        return "options"
    types = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    return next(str(name) for name in types if name != "null")


def as_in_meltano_yml(name: str, schema: dict[str, Any]) -> dict[str, Any]:
    setting = {
        "name": name,
        "label": schema["title"],
        "kind": kind(schema),
        "description": schema["description"],
    }
    if schema.get("secret"):
        setting["sensitive"] = True
    if "enum" in schema:
        choices = [choice for choice in schema["enum"] if choice is not None]
        setting["options"] = [{"label": choice, "value": choice} for choice in choices]
    if "default" in schema:
        setting["value"] = schema["default"]
    return setting


def test_it_contains_exactly_the_settings_of_the_tap() -> None:
    assert list(SETTINGS) == [*own_settings(), *settings_of_the_sdk()]


@pytest.mark.parametrize("name", own_settings())
def test_settings_are_described_as_in_the_tap(name: str) -> None:
    assert SETTINGS[name] == as_in_meltano_yml(name, own_settings()[name])


@pytest.mark.parametrize("name", settings_of_the_sdk())
def test_settings_of_the_sdk_have_the_right_kind(name: str) -> None:
    # The label is not compared because it changes between versions of the SDK.
    assert SETTINGS[name]["kind"] == kind(settings_of_the_sdk()[name])


def test_the_base_url_and_one_kind_of_credentials_are_required() -> None:
    assert EXTRACTOR["settings_group_validation"] == [
        ["base_url", "client_id", "client_secret", "username", "password"],
        ["base_url", "access_token"],
    ]


def test_the_capabilities_match_the_tap() -> None:
    assert EXTRACTOR["capabilities"] == [str(each.value) for each in TapAkeneo.capabilities]


def test_streams_that_are_off_by_default_are_also_off_in_meltano() -> None:
    everything, *patterns = EXTRACTOR["select"]
    assert everything == "*.*"
    off = [re.sub(r"!(.+)\.\*", r"\1", pattern) for pattern in patterns]
    for stream in STREAMS:
        matches = any(fnmatchcase(stream.name, pattern) for pattern in off)
        assert matches != stream.selected_by_default, stream.name


def test_usage_statistics_are_disabled() -> None:
    assert PROJECT["send_anonymous_usage_stats"] is False


def test_environments_configure_only_existing_plugins() -> None:
    plugins = {(kind, plugin["name"]) for kind, of in PROJECT["plugins"].items() for plugin in of}
    environments = {each["name"]: each for each in PROJECT["environments"]}
    assert PROJECT["default_environment"] in environments
    for environment in environments.values():
        for kinds, of in environment.get("config", {}).get("plugins", {}).items():
            for plugin in of:
                assert (kinds, plugin["name"]) in plugins
