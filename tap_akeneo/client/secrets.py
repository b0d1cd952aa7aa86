"""The secrets of a run, and how the log and errors are kept free of them.

A firewall or a PIM in debug mode may repeat a request in its response, with the password or the
token. So messages that quote a response are searched for the secrets that the tap has sent.
"""

from __future__ import annotations

import html
import json
import logging
import re
import threading
import traceback
from base64 import b64encode, urlsafe_b64encode
from collections import deque
from typing import TYPE_CHECKING
from urllib.parse import quote, quote_plus

from typing_extensions import override

from tap_akeneo.client.errors import printable

if TYPE_CHECKING:
    from collections.abc import Iterator

HIDDEN = "***"
"""What stands in the place of a secret."""

MIN_LENGTH = 4
"""Characters of a secret that is hidden wherever it occurs. A shorter one is also part of ordinary
words, so it is hidden only behind the name of a secret."""

MIN_BASE64_LENGTH = 6
"""The same for a part of a base64 text."""

MAX_TOKENS = 50
"""Number of tokens to remember. Older ones have expired."""

_NAME = r"((?i:pass(?:word|wd)?|secret|token|bearer|basic)\W{1,10})"


class Secrets:
    """The secrets that the tap has sent or received. Thread-safe."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._settings: set[str] = set()
        self._tokens: deque[str] = deque(maxlen=MAX_TOKENS)
        self._forms: tuple[str, ...] = ()
        self._short: re.Pattern[str] | None = None

    def add(self, *settings: str) -> None:
        """Add secrets that stay valid during the whole run."""
        with self._lock:
            self._settings.update(settings)
            self._prepare()

    def add_tokens(self, *tokens: str) -> None:
        """Add tokens, which others replace sooner or later."""
        with self._lock:
            self._tokens += [token for token in tokens if token not in self._tokens]
            self._prepare()

    def _prepare(self) -> None:
        secrets = {*self._settings, *self._tokens} - {""}
        short = sorted(secret for secret in secrets if len(secret) < MIN_LENGTH)
        choice = "|".join(map(re.escape, short))
        self._short = re.compile(rf"{_NAME}(?:{choice})(?!\w)") if short else None
        forms = {form for secret in secrets.difference(short) for form in _forms(secret)}
        # A form may be a part of another one.
        self._forms = tuple(sorted(forms, key=len, reverse=True))

    def redact(self, text: str) -> str:
        """Return a text without the secrets, in whichever way they are encoded."""
        for form in self._forms:
            if form in text:
                text = text.replace(form, HIDDEN)
        return self._short.sub(rf"\1{HIDDEN}", text) if self._short else text

    def redact_error(self, error: BaseException) -> None:
        """Remove the secrets from all texts of an error."""
        error.args = tuple(self.redact(one) if isinstance(one, str) else one for one in error.args)
        for name, value in list(vars(error).items()):
            if isinstance(value, str):
                setattr(error, name, self.redact(value))


def _forms(secret: str) -> Iterator[str]:
    """Yield a secret as it may be written in a response, an error or a log line."""
    yield secret
    yield printable(secret)
    yield repr(secret)[1:-1]
    # http.client decodes headers as Latin-1.
    yield secret.encode(errors="replace").decode("latin-1")
    for escaped in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield escaped
        yield escaped.replace("/", r"\/")
    for encoded in (quote(secret, safe="", errors="replace"), quote(secret, errors="replace")):
        yield encoded
        yield re.sub("%..", lambda code: code[0].lower(), encoded)
    yield quote_plus(secret, errors="replace")
    for with_quotes in (True, False):
        yield html.escape(secret, quote=with_quotes)
    yield html.escape(secret).replace("&#x27;", "&#039;")
    yield from _base64_forms(secret.encode(errors="replace"))


def _base64_forms(secret: bytes) -> Iterator[str]:
    """Yield the base64 forms of a secret, one for each place that it can have in a text.

    Base64 encodes three bytes as four characters, so there are three possibilities. The first and
    the last characters also depend on the neighbouring bytes.
    """
    for encode in (b64encode, urlsafe_b64encode):
        yield encode(secret).decode()
        for start in range(3):
            whole = encode(b"\0" * start + secret).decode()
            part = whole[4 if start else 0 : (start + len(secret)) // 3 * 4]
            if len(part) >= MIN_BASE64_LENGTH:
                yield part


class RedactingFilter(logging.Filter):
    """Removes secrets from log records, their tracebacks included.

    Args:
        secrets: The secrets.
    """

    def __init__(self, secrets: Secrets) -> None:
        super().__init__()
        self._secrets = secrets

    @override
    def filter(self, record: logging.LogRecord) -> bool:
        """Change the record if it contains a secret; never drop it."""
        try:
            message = record.getMessage()
        except (TypeError, ValueError):
            # The handler reports arguments that do not fit to the message.
            return True
        shown = self._secrets.redact(message)
        if record.exc_info and record.exc_info[1]:
            lines = "".join(traceback.format_exception(record.exc_info[1]))
            if (redacted := self._secrets.redact(lines)) != lines:
                shown = f"{shown}\n{redacted.rstrip()}"
                record.exc_info = record.exc_text = None
        if shown != message:
            record.msg, record.args = shown, None
        return True


def redact_log(secrets: Secrets) -> None:
    """Keep secrets out of the log of this process, whatever writes to it."""
    names = [None, *logging.root.manager.loggerDict]
    for handler in {one for name in names for one in logging.getLogger(name).handlers}:
        for former in [one for one in handler.filters if isinstance(one, RedactingFilter)]:
            handler.removeFilter(former)
        handler.addFilter(RedactingFilter(secrets))
