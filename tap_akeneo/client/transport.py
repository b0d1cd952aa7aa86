"""The way to a PIM: connections whose answers have an end in time and size, and how they break."""

from __future__ import annotations

import http.client
import io
import socket
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import requests
from requests.adapters import HTTPAdapter
from typing_extensions import override
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import LocationParseError, NameResolutionError, ReadTimeoutError

from tap_akeneo.client.errors import WrongSetting

if TYPE_CHECKING:
    from collections.abc import Generator

    from typing_extensions import Buffer
    from urllib3.connectionpool import ConnectionPool
    from urllib3.exceptions import HTTPError

MAX_ANSWER = 5
"""Times the longest silence, from the request to the end of its answer: a server that sends a byte
now and then is never silent, yet its answer may never end."""

MAX_BYTES = 256 * 1024 * 1024
"""Of a body, decompressed. PHP has 512 MB in a PIM (Dockerfile of akeneo/pim-community-dev) and
needs several times its JSON to make it, so an honest answer is smaller."""

NOT_VALID = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    # A part of the host's name is longer than DNS allows; requests lets it through as it is.
    LocationParseError,
)

MAX_DIGITS = 20
"""Of a length that is believed."""

PIECE = 1 << 20
"""Bytes of a body that are read at once. The 10 KB of requests cost more than all the rest."""


class TooLarge(Exception):
    """A body has more than `MAX_BYTES`."""


class _Timely(io.RawIOBase):
    """What a server sends, until its time is over.

    Stands where `http.client` wants a socket, of which it only makes a file to read.

    Args:
        sock: Its timeout is the longest silence.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._silence = sock.gettimeout()
        self._end = time.monotonic() + MAX_ANSWER * (self._silence or float("inf"))

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Buffer, /) -> int | None:
        if self._silence is not None:
            left = self._end - time.monotonic()
            if left < self._silence:
                if left <= 0:
                    raise TimeoutError
                self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    @override
    def close(self) -> None:
        self._raw.close()
        super().close()


class _Answer(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        super().__init__(_Timely(sock), *args, **kwargs)  # type: ignore[arg-type]  # see there


class _Adapter(HTTPAdapter):
    """Connects as usual, directly or by proxy, and bounds the time of each answer."""

    @override
    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> ConnectionPool:
        pool = super().get_connection_with_tls_context(*args, **kwargs)
        if isinstance(pool, HTTPConnectionPool):
            kind = pool.ConnectionCls
            if getattr(kind, "response_class", None) is not _Answer:
                pool.ConnectionCls = type(kind.__name__, (kind,), {"response_class": _Answer})
        return pool


def new_session(url: str, ca_bundle: str | None) -> requests.Session:
    """A session for one host and one thread; requests does not promise that threads can share one.

    Args:
        url: An address of the host.
        ca_bundle: Path of a file of certificate authorities to trust instead of those that the
            environment names.

    Raises:
        WrongSetting: The environment names a file that is not there.
    """
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter())
    # Asked once, as it takes a fifth of the time of a request. Without the environment, requests
    # does not look into a .netrc file for credentials either.
    settings = session.merge_environment_settings(url, {}, None, ca_bundle, None)
    bundle = settings["verify"]
    if isinstance(bundle, str) and not Path(bundle).exists():
        msg = f"REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE in the environment: there is no file {bundle}"
        raise WrongSetting(msg)
    session.proxies, session.verify = settings["proxies"], bundle
    session.trust_env = False
    return session


def body_of(response: requests.Response) -> bytes:
    """Reads the body of an answer, decompressed.

    Raises:
        TooLarge: No more of it was read than that shows.
        requests.RequestException: The connection broke, or was silent.
    """
    pieces: list[bytes] = []
    size = 0
    # At once where the server says how much it is: each further buffer of this size costs time.
    told = response.headers.get("Content-Length", "")
    whole = int(told) if told.isdecimal() and len(told) < MAX_DIGITS else 0
    for piece in response.iter_content(min(max(PIECE, whole), MAX_BYTES + 1)):
        size += len(piece)
        if size > MAX_BYTES:
            # Not to be used again: the rest of the body is still in it.
            response.close()
            raise TooLarge
        pieces.append(piece)
    return b"".join(pieces)


def is_timeout(failure: BaseException) -> bool:
    """Whether the server took too long to begin its answer, or to end it."""
    return any(isinstance(cause, ReadTimeoutError) for cause in _causes(failure))


def connection_error_message(
    failure: requests.RequestException | HTTPError, host: str
) -> tuple[str, bool]:
    """What broke on the way to a host, what to do about it, and whether it may pass by itself."""
    cause = _root_cause(failure)
    if isinstance(failure, requests.exceptions.SSLError):
        if "CERTIFICATE" in str(failure).upper():
            reason = (
                f"the certificate of {host} is not trusted: if your company has a certificate "
                f"authority of its own, name its file in the setting ca_bundle ({cause})"
            )
            return reason, False
        reason = f"no TLS connection to {host}: is base_url right, with its port? ({cause})"
        return reason, True
    if isinstance(failure, requests.exceptions.ProxyError):
        return f"the proxy that the environment names for {host} does not let us through", True
    if _is_unknown_host(failure):
        return f"there is no host {host}: check the setting base_url", False
    if isinstance(failure, NOT_VALID):
        return "the address is not valid: check base_url, and the proxy in the environment", False
    return f"no connection to {host}, or it broke ({cause})", True


def _is_unknown_host(failure: BaseException) -> bool:
    """Whether the name does not exist, as against a name server that is out of reach."""
    for cause in _causes(failure):
        if isinstance(cause, NameResolutionError):
            resolution = cause.__cause__
            return isinstance(resolution, socket.gaierror) and resolution.errno in {
                socket.EAI_NONAME,
                getattr(socket, "EAI_NODATA", socket.EAI_NONAME),
            }
    return False


def _root_cause(failure: BaseException) -> str:
    *_, root = _causes(failure)
    return str(root) or type(root).__name__


def _causes(failure: BaseException) -> Generator[BaseException, None, None]:
    """The failure and what it wraps: urllib3 and requests pass causes as arguments."""
    yield failure
    inner = [getattr(failure, "reason", None), *failure.args, failure.__cause__]
    for cause in inner:
        if isinstance(cause, BaseException):
            yield from _causes(cause)
            return
