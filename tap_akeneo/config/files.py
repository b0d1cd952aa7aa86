"""Reads the files of the command line, in any encoding that operating systems write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from singer_sdk.exceptions import ConfigValidationError

from tap_akeneo.config.catalog import parse_catalog

if TYPE_CHECKING:
    from singer_sdk.singerlib import Catalog


def read_json(file: IO[str] | None, name: str) -> dict[str, Any] | None:
    """Read a JSON file of the command line.

    Args:
        file: The file, or None if the option is missing.
        name: Name of the file, for messages.

    Raises:
        ConfigValidationError: The file does not contain a JSON object.
    """
    if file is None:
        return None
    # Read bytes, because Click has opened the file with the system's encoding.
    binary = getattr(file, "buffer", None)
    return _parse_object(binary.read() if binary else file.read().encode(), f"the {name} file")


def read_config(path: str) -> dict[str, Any]:
    """Read a config file.

    Raises:
        ConfigValidationError: It cannot be read, or does not contain a JSON object.
    """
    try:
        return _parse_object(Path(path).read_bytes(), "it")
    except (OSError, ConfigValidationError) as error:
        msg = f"the config file {path} cannot be read: {error}"
        raise ConfigValidationError(msg, errors=[msg]) from None


def _parse_object(content: bytes, name: str) -> dict[str, Any]:
    try:
        # Bytes, because Python detects UTF-8, UTF-16 and UTF-32 in them. PowerShell 5.1 writes
        # UTF-16 with `>`, and UTF-8 with a byte order mark with `Out-File`.
        parsed = json.loads(content)
    except ValueError as error:
        msg = f"{name} is not JSON: {error}"
        raise ConfigValidationError(msg, errors=[msg]) from None
    if not isinstance(parsed, dict):
        msg = f"{name} must contain a JSON object"
        raise ConfigValidationError(msg, errors=[msg])
    return parsed


def read_catalog(file: IO[str] | None) -> Catalog | None:
    """Read the catalog of the command line.

    Raises:
        ConfigValidationError: It is not a catalog.
    """
    content = read_json(file, "catalog")
    if content is None:
        return None
    try:
        return parse_catalog(content)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        msg = f"the catalog file is not a Singer catalog ({error!r}): run discovery again"
        raise ConfigValidationError(msg, errors=[msg]) from None
