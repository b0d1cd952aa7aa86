"""HTTP sessions that limit the time and size of responses, and messages for connection errors."""

from __future__ import annotations

import http.client
import io
import socket
import time
from http import HTTPStatus
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from typing_extensions import override
from urllib3.connectionpool import HTTPConnectionPool
from urllib3.exceptions import (
    LocationParseError,
    NameResolutionError,
    NewConnectionError,
    ReadTimeoutError,
)

from tap_akeneo.client.errors import WrongSetting

if TYPE_CHECKING:
    from collections.abc import Generator

    from typing_extensions import Buffer
    from urllib3.connectionpool import ConnectionPool
    from urllib3.exceptions import HTTPError

MAX_RESPONSE_TIME = 5
"""Time limit for a whole response, as a multiple of the read timeout. The read timeout alone does
not stop a server that sends a byte now and then without ever ending its response."""

MAX_RESPONSE_SIZE = 256 * 1024 * 1024
"""Size limit for a response body, decompressed. PHP has 512 MB in a PIM (Dockerfile of
akeneo/pim-community-dev) and needs several times the size of the JSON that it writes, so a real
PIM's response is always smaller."""

INVALID_URL_ERRORS = (
    requests.exceptions.InvalidURL,
    requests.exceptions.InvalidSchema,
    # A label of the host name is longer than DNS allows. requests does not wrap this error.
    LocationParseError,
)

MAX_LENGTH_DIGITS = 20
"""Digits of a ``Content-Length`` above which the header is ignored."""

CHUNK_SIZE = 1 << 20
"""Bytes to read from a body at once. The 10 KB that requests reads take more time than all else."""


class ResponseTooLarge(Exception):
    """A response body has more than `MAX_RESPONSE_SIZE`."""


class _DeadlineReader(io.RawIOBase):
    """Reads from a socket until the time limit for the response is reached.

    `http.client` gets this object instead of the socket, of which it only calls ``makefile``.

    Args:
        sock: The socket. Its timeout is the read timeout.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self._raw = sock.makefile("rb", buffering=0)
        self._timeout = sock.gettimeout()
        self._deadline = time.monotonic() + MAX_RESPONSE_TIME * (self._timeout or float("inf"))

    def makefile(self, _mode: str) -> io.BufferedReader:
        return io.BufferedReader(self)

    @override
    def readable(self) -> bool:
        return True

    @override
    def readinto(self, buffer: Buffer, /) -> int | None:
        if self._timeout is not None:
            left = self._deadline - time.monotonic()
            if left < self._timeout:
                if left <= 0:
                    raise TimeoutError
                self._sock.settimeout(left)
        return self._raw.readinto(buffer)

    @override
    def close(self) -> None:
        self._raw.close()
        super().close()


class _Response(http.client.HTTPResponse):
    def __init__(self, sock: socket.socket, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401
        reader = _DeadlineReader(sock)
        super().__init__(reader, *args, **kwargs)  # type: ignore[arg-type]  # see _DeadlineReader

    @override
    def begin(self) -> None:
        """Read the head of the final response. `http.client` skips only the status 100."""
        super().begin()
        while HTTPStatus.SWITCHING_PROTOCOLS < self.status < HTTPStatus.OK:
            # Otherwise the next call would do nothing.
            self.headers = self.msg = None  # type: ignore[assignment]
            super().begin()


class _Adapter(HTTPAdapter):
    """Connects as usual, directly or through a proxy, and limits the time of each response."""

    @override
    def get_connection_with_tls_context(self, *args: Any, **kwargs: Any) -> ConnectionPool:
        pool = super().get_connection_with_tls_context(*args, **kwargs)
        if isinstance(pool, HTTPConnectionPool):
            connection = pool.ConnectionCls
            if getattr(connection, "response_class", None) is not _Response:
                pool.ConnectionCls = type(
                    connection.__name__, (connection,), {"response_class": _Response}
                )
        return pool


def new_session(url: str, ca_bundle: str | None) -> requests.Session:
    """Return a session for one host and one thread: requests does not promise thread safety.

    Args:
        url: Any URL of the host.
        ca_bundle: Path of a file of certificate authorities to trust instead of those that the
            environment names.

    Raises:
        WrongSetting: The environment names a file that does not exist.
    """
    session = requests.Session()
    for scheme in ("http://", "https://"):
        session.mount(scheme, _Adapter())
    # Read the environment once, because that takes a fifth of the time of a request. With
    # trust_env off, requests does not look for credentials in a .netrc file either.
    settings = session.merge_environment_settings(url, {}, None, ca_bundle, None)
    bundle = settings["verify"]
    if isinstance(bundle, str) and not Path(bundle).exists():
        msg = f"REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE in the environment: there is no file {bundle}"
        raise WrongSetting(msg)
    session.proxies, session.verify = settings["proxies"], bundle
    session.trust_env = False
    return session


def read_body(response: requests.Response) -> bytes:
    """Read and decompress the body of a response.

    Raises:
        ResponseTooLarge: The body exceeds the limit. The rest of it was not read.
        requests.RequestException, urllib3.exceptions.HTTPError: The connection broke or timed out.
    """
    header = response.headers.get("Content-Length", "")
    length = int(header) if header.isdecimal() and len(header) < MAX_LENGTH_DIGITS else None
    is_plain = "Content-Encoding" not in response.headers
    if length is not None and length <= MAX_RESPONSE_SIZE and is_plain:
        # Read it at once, because copies between buffers take time.
        content: bytes = response.raw.read()
        return content
    chunks: list[bytes] = []
    size = 0
    for chunk in response.iter_content(CHUNK_SIZE):
        size += len(chunk)
        if size > MAX_RESPONSE_SIZE:
            # The connection cannot be reused, because the rest of the body is still in it.
            response.close()
            raise ResponseTooLarge
        chunks.append(chunk)
    return b"".join(chunks)


def is_timeout(failure: BaseException) -> bool:
    """Return whether the server took too long to begin or to complete its response."""
    return any(isinstance(cause, ReadTimeoutError) for cause in _causes(failure))


class Problem(NamedTuple):
    """What went wrong with a connection.

    Attributes:
        reason: What went wrong and what to do.
        is_retriable: Whether a retry may help.
        is_outage: Whether the address may be wrong, or the PIM unavailable for a while.
    """

    reason: str
    is_retriable: bool = True
    is_outage: bool = False


def explain(failure: requests.RequestException | HTTPError, host: str, proxy: str) -> Problem:
    """Return what went wrong with a connection.

    Args:
        failure: The error.
        host: Host and port of the PIM.
        proxy: URL of the proxy, or an empty text without one.
    """
    cause = _root_cause(failure)
    if isinstance(failure, requests.exceptions.SSLError):
        if "CERTIFICATE" in str(failure).upper():
            reason = (
                f"the certificate of {host} is not trusted: if your company has a certificate "
                f"authority of its own, name its file in the setting ca_bundle ({cause})"
            )
            return Problem(reason, is_retriable=False)
        # The server does not speak TLS on this port, so waiting does not help.
        is_retriable = "WRONG_VERSION_NUMBER" not in cause
        reason = f"no TLS connection to {host}: is base_url right, with its port? ({cause})"
        return Problem(reason, is_retriable, is_outage=True)
    # requests and urllib3 report a SOCKS proxy that is down as if it were the host.
    is_proxy_down = proxy.startswith("socks") and any(
        isinstance(one, NewConnectionError) for one in _causes(failure)
    )
    if is_proxy_down or isinstance(failure, requests.exceptions.ProxyError):
        return proxy_problem(host, proxy, cause)
    if _is_unknown_host(failure):
        reason = f"there is no host {host}: check the setting base_url"
        return Problem(reason, is_retriable=False)
    if isinstance(failure, INVALID_URL_ERRORS):
        reason = "the address is not valid: check base_url, and the proxy in the environment"
        return Problem(reason, is_retriable=False)
    return Problem(f"no connection to {host}, or it broke ({cause})", is_outage=True)


def proxy_problem(host: str, proxy: str, cause: str) -> Problem:
    """Return what to do about a proxy that is down or refuses a connection."""
    shown = urlsplit(proxy).netloc.rpartition("@")[2] or "its address is unknown"
    needs_login = str(HTTPStatus.PROXY_AUTHENTICATION_REQUIRED.value) in cause
    advice = (
        "put its user name and password into HTTPS_PROXY or HTTP_PROXY"
        if needs_login
        else "correct HTTPS_PROXY or HTTP_PROXY, or name the host in NO_PROXY"
    )
    reason = (
        f"the proxy that the environment names for {host} does not let us through: {advice} "
        f"({shown}: {cause})"
    )
    return Problem(reason, is_retriable=not needs_login)


def proxy_of(session: requests.Session, url: str) -> str:
    """Return the URL of the proxy for a URL, or an empty text without one."""
    return requests.utils.select_proxy(url, session.proxies) or ""


def _is_unknown_host(failure: BaseException) -> bool:
    """Return whether the host name does not exist. An unreachable name server is another error."""
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
    """Yield an exception and its causes, which urllib3 and requests also pass as arguments."""
    yield failure
    inner = [getattr(failure, "reason", None), *failure.args, failure.__cause__]
    for cause in inner:
        if isinstance(cause, BaseException):
            yield from _causes(cause)
            return
