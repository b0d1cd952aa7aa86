"""Find the PIM's error message, or what came instead of it, in a response without data."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec
from typing_extensions import override

from tap_akeneo.client.http_request import shortened

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

MAX_PAGE_HEAD = 64 * 1024
"""Bytes of a web page in which the client looks for a title."""

MAX_SHOWN_TITLE = 100
"""Characters of a web page's title that a log line shows."""

MAX_LEVELS = 6
"""Levels of an error body in which the client looks for messages."""

DECODE_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""Errors of decoding. The last one means JSON with more levels than Python can parse."""

PHP_ERROR = re.compile(
    r"\W*(?:PHP )?((?:\w+ )?(?:Deprecated|Warning|Notice|(?:fatal |parse )?error|Strict Standards)"
    r"\s*: .{1,2000}? on line \d+)",
    flags=re.IGNORECASE | re.DOTALL,
)
"""What PHP prints before the response if its setting ``display_errors`` is on."""


@dataclass(frozen=True)
class ErrorBody:
    """What a response without data says.

    Attributes:
        message: The message in its JSON, or an empty text.
        page: A description of the web page, or an empty text if it is not one.
        php_error: The message of PHP before the response, or an empty text.
        is_from_pim: Whether it is an error of the PIM, and not of a server before it.
    """

    message: str
    page: str
    php_error: str
    is_from_pim: bool

    @classmethod
    def read(cls, body: bytes, status: int, redact: Callable[[str], str]) -> ErrorBody:
        """Read a response body.

        Args:
            body: The body.
            status: The HTTP status of the response.
            redact: Removes secrets, which a response may repeat. Shortened texts may end within a
                secret, so it is called before.
        """
        php_error = _php_error(body)
        return cls(
            message=shortened(redact(_message(body))),
            page="" if php_error else _web_page(body, redact),
            php_error=shortened(redact(php_error)),
            is_from_pim=_is_from_pim(body, status),
        )

    @override
    def __str__(self) -> str:
        """Return the best text, or an empty one."""
        return self.message or self.page or (self.php_error and f"PHP says “{self.php_error}”")


class _PimError(msgspec.Struct):
    """What each error of the PIM has. Gateways and firewalls send no `code`, or another one."""

    code: int
    message: str


class _OAuthError(msgspec.Struct):
    """The 401 of PIMs up to 6.0, which their OAuth library sends."""

    error: str
    error_description: str


def _is_from_pim(body: bytes, status: int) -> bool:
    try:
        if status == HTTPStatus.UNAUTHORIZED and b'"error_description"' in body:
            return bool(msgspec.json.decode(body, type=_OAuthError).error)
        error = msgspec.json.decode(body, type=_PimError)
    except DECODE_ERRORS:
        return False
    return error.code == status and bool(error.message.strip())


def _message(body: bytes) -> str:
    """Return the message in an error body of the PIM, or of a server before it.

    The PIM writes ``{"code": 422, "message": "…", "errors": [{"message": "…"}]}``. Others follow
    RFC 9457 (``title`` and ``detail``) or RFC 6749 (``error`` and ``error_description``).
    """
    try:
        error = msgspec.json.decode(body)
    except DECODE_ERRORS:
        return ""
    return "" if isinstance(error, str) else " ".join(dict.fromkeys(_texts(error)))


def _texts(value: Any, name: str = "", level: int = 0) -> Iterator[str]:  # noqa: ANN401 (JSON)
    """Yield the messages in a value of an error body."""
    if level > MAX_LEVELS:
        return
    if isinstance(value, str) and value.strip():
        yield f"{name}: {value.strip()}" if name else value.strip()
    elif isinstance(value, list):
        for one in value:
            yield from _texts(one, name, level + 1)
    elif isinstance(value, dict):
        # Amazon's gateway writes "Message".
        fields = {str(key).lower(): inner for key, inner in value.items()}
        known = [key for key in ("message", "title", "detail") if fields.get(key)]
        known += [key for key in ("error_description", "error") if fields.get(key)][:1]
        for key in known:
            yield from _texts(fields[key], name, level + 1)
        errors = fields.get("errors")
        if isinstance(errors, dict) and "message" not in errors:
            for key, inner in errors.items():
                yield from _texts(inner, key, level + 1)
        else:
            yield from _texts(errors, name, level + 1)


def _web_page(body: bytes, redact: Callable[[str], str]) -> str:
    text = body[:MAX_PAGE_HEAD].decode(errors="replace").strip()
    if not text.startswith("<"):
        return ""
    found = re.search(r"<(title|h1)\b[^>]*>(.*?)</\1>", text, flags=re.IGNORECASE | re.DOTALL)
    title = _without_tags(found[2]) if found else ""
    return f"a web page, “{shortened(redact(title), MAX_SHOWN_TITLE)}”" if title else "a web page"


def _php_error(body: bytes) -> str:
    text = _without_tags(body[:MAX_PAGE_HEAD].decode(errors="replace"))
    found = PHP_ERROR.match(text)
    return found[1].replace(" :", ":", 1) if found else ""


def _without_tags(text: str) -> str:
    return " ".join(html.unescape(re.sub(r"<[^<>]*>", " ", text)).split())
