"""meltano.yml says the same as the tap."""

from __future__ import annotations

import re
from fnmatch import fnmatchcase
from typing import Any

import pytest

from tap_akeneo.streams import STREAMS
from tap_akeneo.tap import TapAkeneo
from tests.hub import EXTRACTOR, PROJECT

SCHEMA = TapAkeneo.config_jsonschema
SETTINGS: dict[str, dict[str, Any]] = {
    setting["name"]: setting for setting in EXTRACTOR["settings"]
}


def settings_of_the_sdk() -> dict[str, Any]:
    """The SDK's settings that the tap does not describe itself."""
    schema: dict[str, Any] = {"properties": {}}
    TapAkeneo.append_builtin_config(schema)
    ours = SCHEMA["properties"]
    return {name: of for name, of in schema["properties"].items() if ours.get(name, of) == of}


def own_settings() -> dict[str, Any]:
    """The tap's settings without those that the SDK adds to its schema."""
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


def test_all_settings_stand_in_it_and_no_others() -> None:
    assert list(SETTINGS) == [*own_settings(), *settings_of_the_sdk()]


@pytest.mark.parametrize("name", own_settings())
def test_a_setting_is_described_as_in_the_tap(name: str) -> None:
    assert SETTINGS[name] == as_in_meltano_yml(name, own_settings()[name])


@pytest.mark.parametrize("name", settings_of_the_sdk())
def test_a_setting_of_the_sdk_has_its_kind(name: str) -> None:
    # Not its label: that changes from one version of the SDK to the next.
    assert SETTINGS[name]["kind"] == kind(settings_of_the_sdk()[name])


def test_the_address_and_one_way_to_log_in_are_required() -> None:
    assert EXTRACTOR["settings_group_validation"] == [
        ["base_url", "client_id", "client_secret", "username", "password"],
        ["base_url", "access_token"],
    ]


def test_the_capabilities_are_those_of_the_tap() -> None:
    assert EXTRACTOR["capabilities"] == [str(each.value) for each in TapAkeneo.capabilities]


def test_streams_that_are_off_by_default_are_so_in_meltano_too() -> None:
    everything, *patterns = EXTRACTOR["select"]
    assert everything == "*.*"
    off = [re.sub(r"!(.+)\.\*", r"\1", pattern) for pattern in patterns]
    for stream in STREAMS:
        matches = any(fnmatchcase(stream.name, pattern) for pattern in off)
        assert matches != stream.selected_by_default, stream.name


def test_nothing_is_reported_to_anyone() -> None:
    assert PROJECT["send_anonymous_usage_stats"] is False


def test_environments_configure_plugins_that_exist() -> None:
    plugins = {(kind, plugin["name"]) for kind, of in PROJECT["plugins"].items() for plugin in of}
    environments = {each["name"]: each for each in PROJECT["environments"]}
    assert PROJECT["default_environment"] in environments
    for environment in environments.values():
        for kinds, of in environment.get("config", {}).get("plugins", {}).items():
            for plugin in of:
                assert (kinds, plugin["name"]) in plugins
