"""Errors between the tap and a PIM.

The text of each error is one line for whoever reads the log: what happened, where, and what to do.
It contains no secrets, because it is made of URLs, parameters and messages of the PIM, and never of
request headers or bodies. It contains no control characters, with which a PIM could forge log lines
or manipulate the terminal.

    AkeneoError
    ├── RequestFailed         one request failed
    │   ├── PimUnavailable    no usable response, even after retries: ends the run
    │   │   └── NoResponse    no response to a request that may hang: ends the stream
    │   └── RequestRefused    the PIM responded with 4xx: ends the stream, others continue
    ├── LoginRefused          the PIM rejects the credentials or the token: ends the run
    ├── WrongSetting          a setting contradicts what the PIM shows: ends the run
    └── OutputFailed          the output cannot be written: ends the run
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


class AkeneoError(Exception):
    """Base class of all errors that stop the tap from reading the PIM.

    Args:
        line: The message, in one line.
    """

    def __init__(self, line: str) -> None:
        super().__init__(printable(line))


class WrongSetting(AkeneoError):
    """A setting contradicts what the PIM shows."""


class OutputFailed(AkeneoError):
    """The output cannot be written, because the target has ended or the disk is full."""


class LoginRefused(AkeneoError):
    """The PIM issues no token for these credentials, or rejects the token that it issued."""


class RequestFailed(AkeneoError):
    """One request failed.

    Args:
        request: The request, for messages: the method and the URL without its host.
        reason: What happened.
    """

    def __init__(self, request: str, reason: str) -> None:
        # The request comes last, because its URL can be very long.
        super().__init__(f"{reason} [{request}]")
        self.request = printable(request)
        self.reason = printable(reason)


class PimUnavailable(RequestFailed):
    """There was no usable response, even after retries where they may help.

    Args:
        request: The request, for messages.
        reason: What happened.
        status: The HTTP status of the last try, or None without a response.
        is_from_pim: Whether the last response was an error of the PIM.
        is_php_error: Whether PHP printed a message before the response.
    """

    def __init__(
        self,
        request: str,
        reason: str,
        status: int | None = None,
        *,
        is_from_pim: bool = False,
        is_php_error: bool = False,
    ) -> None:
        super().__init__(request, reason)
        self.status = status
        self.is_from_pim = is_from_pim
        self.is_php_error = is_php_error


class NoResponse(PimUnavailable):
    """The PIM did not respond to a request that is known to hang at times."""


class RequestRefused(RequestFailed):
    """The PIM responded with a client error.

    Args:
        request: The request, for messages.
        status: The HTTP status, from 400 to 499.
        message: The PIM's message, or an empty text.
        page: The web page that came instead of a message, or an empty text.
        params: Query parameters of the request.
        is_from_pim: Whether the body is an error of the PIM. Otherwise a server before the PIM
            refused the request, so the refusal says nothing about what the PIM has or allows.

    Attributes:
        hint: The permission that is missing, if the caller knows it.
    """

    def __init__(  # noqa: PLR0913 (what the callers need to know of a response)
        self,
        request: str,
        status: int,
        message: str,
        page: str = "",
        params: Mapping[str, str] | None = None,
        *,
        is_from_pim: bool = False,
    ) -> None:
        super().__init__(request, f"the PIM answers {status}: {message or page or '(no message)'}")
        self.status = status
        self.is_from_pim = is_from_pim
        self.message = message
        self.params = params or {}
        self.hint: str | None = None


def printable(text: str) -> str:
    """Replace line breaks, escape sequences and other control characters in a text."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "�" for c in text)
