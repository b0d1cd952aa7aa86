"""Settings in environment variables and ``.env``."""

from __future__ import annotations

import json
import os
import re
from typing import TYPE_CHECKING, Any

from singer_sdk.configuration._dict_config import parse_environment_config
from singer_sdk.exceptions import ConfigValidationError

from tap_akeneo.config.schema import SETTINGS_SCHEMA

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

PREFIX = "TAP_AKENEO_"


def settings_in_environment() -> dict[str, Any]:
    """Return the settings that have a variable which is not empty.

    The SDK takes an empty variable for false, for an empty text or for a fault, depending on the
    setting. It is unset here, as in most shells and in Meltano.

    Raises:
        ConfigValidationError: A variable does not hold what its setting needs.
    """
    # Without settings it does nothing but to load `.env`.
    parse_environment_config({}, PREFIX)
    properties = {
        name: schema
        for name, schema in SETTINGS_SCHEMA["properties"].items()
        if os.environ.get(variable_of(name), "").strip()
    }
    try:
        return parse_environment_config({"properties": properties}, PREFIX)
    except ValueError as fault:
        wrong = ", ".join(_unreadable(properties)) or f"a {PREFIX}… variable"
        msg = f"{wrong} in the environment or .env cannot be read: {fault}"
        raise ConfigValidationError(msg, errors=[msg]) from None


def variable_of(name: str) -> str:
    """Return the variable of a setting."""
    return f"{PREFIX}{name.upper()}"


def _unreadable(properties: Mapping[str, Any]) -> Iterator[str]:
    """Variables that are no numbers, or no JSON, although their settings are."""
    for name, schema in properties.items():
        text = os.environ[variable_of(name)]
        if "integer" in schema["type"]:
            if not re.fullmatch(r"\s*[+-]?\d+\s*", text):
                yield variable_of(name)
        elif "object" in schema["type"]:
            try:
                json.loads(text)
            except ValueError:
                yield variable_of(name)
