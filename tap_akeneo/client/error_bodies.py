"""Find the PIM's error message, or the title of a web page, in a response without data."""

from __future__ import annotations

import html
import re
from http import HTTPStatus
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


class _PimError(msgspec.Struct):
    """What each error of the PIM's API has. Gateways and firewalls send no `code`, or another."""

    code: int
    message: str


class _OAuthError(msgspec.Struct):
    """The 401 of PIMs up to 6.0, which their OAuth library sends."""

    error: str
    error_description: str


def is_from_pim(body: bytes, status: int) -> bool:
    """Return whether an error body is the PIM's own, and not that of a server before it."""
    try:
        if status == HTTPStatus.UNAUTHORIZED and b'"error_description"' in body:
            return bool(msgspec.json.decode(body, type=_OAuthError).error)
        error = msgspec.json.decode(body, type=_PimError)
    except DECODE_ERRORS:
        return False
    return error.code == status and bool(error.message.strip())


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
