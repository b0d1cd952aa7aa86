"""Reads settings from environment variables and ``.env``."""

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

VARIABLE_PREFIX = "TAP_AKENEO_"


def settings_in_environment() -> dict[str, Any]:
    """Return the settings whose variables are not empty.

    Depending on the setting, the SDK reads an empty variable as false, as empty text or as an
    error. Here it means that the setting is unset, as in Meltano.

    Raises:
        ConfigValidationError: The value of a variable cannot be parsed.
    """
    # With an empty schema, this only loads `.env`.
    parse_environment_config({}, VARIABLE_PREFIX)
    properties = {
        name: schema
        for name, schema in SETTINGS_SCHEMA["properties"].items()
        if os.environ.get(variable_name(name), "").strip()
    }
    try:
        return parse_environment_config({"properties": properties}, VARIABLE_PREFIX)
    except ValueError as error:
        names = ", ".join(_invalid_variables(properties)) or f"a {VARIABLE_PREFIX}… variable"
        msg = f"{names} in the environment or .env cannot be read: {error}"
        raise ConfigValidationError(msg, errors=[msg]) from None


def variable_name(name: str) -> str:
    """Return the name of the environment variable of a setting."""
    return f"{VARIABLE_PREFIX}{name.upper()}"


def _invalid_variables(properties: Mapping[str, Any]) -> Iterator[str]:
    """Yield the variables that should be numbers or JSON but are not."""
    for name, schema in properties.items():
        text = os.environ[variable_name(name)]
        if "integer" in schema["type"]:
            if not re.fullmatch(r"\s*[+-]?\d+\s*", text):
                yield variable_name(name)
        elif "object" in schema["type"]:
            try:
                json.loads(text)
            except ValueError:
                yield variable_name(name)
