"""One request to a PIM, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Generic, TypeAlias, TypeVar
from urllib.parse import unquote_plus, urlsplit

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import requests

T = TypeVar("T")

Auth: TypeAlias = "Callable[[requests.PreparedRequest], requests.PreparedRequest]"

MAX_SHOWN_MESSAGE = 400
"""Characters of a PIM's message that a log line shows."""

MAX_SHOWN_URL = 120
"""Characters of a request that a log line shows. Its end, the parameters, rarely matters."""


@dataclass(frozen=True)
class Request(Generic[T]):
    """A request and how to treat its response.

    Attributes:
        method: ``GET`` or ``POST``.
        url: Absolute URL.
        decode: Turns the response body into a value. It raises `msgspec.MsgspecError` if the body
            is not what it should be, and the request is retried then.
        params: Query parameters.
        json: Request body.
        auth: Adds the credentials. It is called before each try.
        may_hang: The PIM may never respond: use a short timeout and do not retry after it.
        retries_401: Retry after a 401, because the token was new.
        retries_500: Retry after a 500. False if the caller has another way to proceed.
    """

    method: str
    url: str
    decode: Callable[[bytes], T]
    params: Mapping[str, str] | None = None
    json: Mapping[str, str | bool] | None = None
    auth: Auth | None = None
    may_hang: bool = False
    retries_401: bool = False
    retries_500: bool = True

    @override
    def __str__(self) -> str:
        """Return the method and the URL without its host, for messages."""
        query = "&".join(f"{key}={value}" for key, value in (self.params or {}).items())
        path = unquote_plus(urlsplit(self.url).path)
        return shortened(f"{self.method} {path}{'?' if query else ''}{query}", MAX_SHOWN_URL)


def shortened(text: str, length: int = MAX_SHOWN_MESSAGE) -> str:
    """Return a text that is short enough for a log line."""
    return text if len(text) <= length else f"{text[:length]}…"
