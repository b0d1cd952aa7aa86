"""What can go wrong between the tap and a PIM.

Each error is one line for the person who reads the log: what was asked, what came back, what to
do. None holds a secret: messages are made of addresses, parameters and the PIM's own words, never
of request headers or bodies. None holds a control character, with which a PIM could forge lines of
the log, or play with the terminal that shows it.

    AkeneoError
    ├── RequestFailed         one request did not get its answer
    │   ├── PimUnavailable    nothing usable came back, although tried again: ends the run
    │   │   ├── NoAnswer      the PIM stays silent where it does so for good: ends the stream
    │   │   └── ItemBroken    the PIM cannot write one item: ends the stream
    │   └── RequestRefused    the PIM said no (4xx): ends the stream, the others go on
    ├── LoginRefused          the PIM takes neither the credentials nor the token: ends the run
    ├── WrongSetting          a setting contradicts what the PIM shows: ends the run
    └── OutputFailed          what was read cannot be written: ends the run
"""

from __future__ import annotations


class AkeneoError(Exception):
    """Anything that stops the tap from reading the PIM, told in one line.

    Args:
        line: The line.
    """

    def __init__(self, line: str) -> None:
        super().__init__(printable(line))


class WrongSetting(AkeneoError):
    """A setting contradicts what the PIM shows."""


class OutputFailed(AkeneoError):
    """What was read cannot be written: the target is gone, or a disk is full."""


class LoginRefused(AkeneoError):
    """The PIM gives no token for these credentials, or does not take the token it gave."""


class RequestFailed(AkeneoError):
    """One request did not get its answer.

    Args:
        request: The request, as shown to people: method and URL without the host.
        reason: What happened instead of an answer.
    """

    def __init__(self, request: str, reason: str) -> None:
        super().__init__(f"{request}: {reason}")
        self.request = request
        self.reason = reason


class PimUnavailable(RequestFailed):
    """Nothing usable came back, although the request was tried again where that can help.

    Args:
        request: The request, as shown to people.
        reason: What happened instead of an answer.
        status: The HTTP status of the last try, None where there was none.
    """

    def __init__(self, request: str, reason: str, status: int | None = None) -> None:
        super().__init__(request, reason)
        self.status = status


class NoAnswer(PimUnavailable):
    """The PIM left a request without an answer that it is known to leave so at times."""


class ItemBroken(PimUnavailable):
    """The PIM cannot write one item of a list, and there is no way past it."""


class RequestRefused(RequestFailed):
    """The PIM answered with a client error.

    Args:
        request: The request, as shown to people.
        status: The HTTP status, 400 to 499.
        message: The PIM's own words, empty where its answer holds none.

    Attributes:
        hint: What would let the request pass, set by who knows; None for nobody.
    """

    def __init__(self, request: str, status: int, message: str) -> None:
        super().__init__(request, f"the PIM answers {status}: {message or '(no message)'}")
        self.status = status
        self.message = message
        self.hint: str | None = None


def printable(text: str) -> str:
    """A text of the PIM without line breaks, escape sequences and the like, fit for one line."""
    return text if text.isprintable() else "".join(c if c.isprintable() else "�" for c in text)
