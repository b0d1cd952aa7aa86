"""Files of the command line, in the encodings that systems write."""

from __future__ import annotations

import codecs
import json
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from singer_sdk.exceptions import ConfigValidationError

from tap_akeneo.config.catalog import as_catalog

if TYPE_CHECKING:
    from singer_sdk.singerlib import Catalog

MARKS = (
    # UTF-32 first: its mark begins as that of UTF-16.
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF8, "utf-8-sig"),
)


def text_of(content: bytes) -> str:
    """Decode a file by its byte order mark; UTF-8 without one, or UTF-16 where ASCII shows it.

    PowerShell 5.1 writes UTF-16 with ``>``, and UTF-8 with a mark with ``Out-File``.

    Raises:
        UnicodeDecodeError: It is in another encoding.
    """
    for mark, encoding in MARKS:
        if content.startswith(mark):
            return content.decode(encoding)
    if content[1:2] == b"\0":
        return content.decode("utf-16-le")
    return content.decode("utf-16-be" if content[:1] == b"\0" else "utf-8")


def read_json(file: IO[str] | None, name: str) -> dict[str, Any] | None:
    """Read a file of the command line.

    Args:
        file: None where it was not given.
        name: What it is, for the message.

    Raises:
        ConfigValidationError: It does not hold a JSON object.
    """
    if file is None:
        return None
    # Not as text: Click opens it in the system's encoding.
    binary = getattr(file, "buffer", None)
    return _object_in(binary.read() if binary else file.read().encode(), f"the {name} file")


def read_config(path: str) -> dict[str, Any]:
    """Read a config file.

    Raises:
        ConfigValidationError: It cannot be read, or does not hold a JSON object.
    """
    try:
        return _object_in(Path(path).read_bytes(), "it")
    except (OSError, ConfigValidationError) as fault:
        msg = f"the config file {path} cannot be read: {fault}"
        raise ConfigValidationError(msg, errors=[msg]) from None


def _object_in(content: bytes, shown: str) -> dict[str, Any]:
    try:
        found = json.loads(text_of(content))
    except ValueError as fault:
        msg = f"{shown} is not JSON: {fault}"
        raise ConfigValidationError(msg, errors=[msg]) from None
    if not isinstance(found, dict):
        msg = f"{shown} must hold a JSON object"
        raise ConfigValidationError(msg, errors=[msg])
    return found


def read_catalog(file: IO[str] | None) -> Catalog | None:
    """Read the catalog of the command line.

    Raises:
        ConfigValidationError: It is not a catalog.
    """
    content = read_json(file, "catalog")
    if content is None:
        return None
    try:
        return as_catalog(content)
    except (AttributeError, KeyError, TypeError, ValueError) as fault:
        msg = f"the catalog file is no Singer catalog ({fault!r}): run the discovery again"
        raise ConfigValidationError(msg, errors=[msg]) from None
