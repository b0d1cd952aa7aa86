"""Find the PIM's error message, or the title of a web page, in a response without data."""

from __future__ import annotations

import html
import re
from typing import Any

import msgspec

from tap_akeneo.client.request import shortened

MAX_PAGE_HEAD = 64 * 1024
"""Bytes of a web page in which the client looks for a title."""

MAX_SHOWN_TITLE = 100
"""Characters of a web page's title that a log line shows."""

DECODE_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""Errors of decoding. The last one means JSON with more levels than Python can parse."""


class _ErrorBody(msgspec.Struct):
    """The PIM's error body: ``{"code": 422, "message": "…", "errors": […]}``."""

    message: str = ""
    errors: list[Any] = []


def error_message(body: bytes) -> str:
    """Return the PIM's message in an error body, or an empty text."""
    try:
        error = msgspec.json.decode(body, type=_ErrorBody)
    except DECODE_ERRORS:
        return ""
    details = [
        str(detail["message"])
        for detail in error.errors
        if isinstance(detail, dict) and "message" in detail
    ]
    return shortened(" ".join([error.message, *details]))


def web_page(body: bytes) -> str:
    """Return a description of a web page with its title, or an empty text if it is not one."""
    text = body[:MAX_PAGE_HEAD].decode(errors="replace").strip()
    if not text.startswith("<"):
        return ""
    found = re.search(r"<(title|h1)\b[^>]*>(.*?)</\1>", text, flags=re.IGNORECASE | re.DOTALL)
    title = " ".join(html.unescape(re.sub(r"<[^>]*>", " ", found[2])).split()) if found else ""
    return f"a web page, “{shortened(title, MAX_SHOWN_TITLE)}”" if title else "a web page"
