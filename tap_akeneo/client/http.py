"""An HTTP client that decides which requests to retry and when, and decodes responses."""

from __future__ import annotations

import itertools
import logging
import math
import random
import threading
import time
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit

import backoff
import msgspec
import requests
from urllib3.exceptions import HTTPError

from tap_akeneo.client.errors import (
    AkeneoError,
    NoResponse,
    PimUnavailable,
    RequestFailed,
    RequestRefused,
)
from tap_akeneo.client.request import shortened
from tap_akeneo.client.transport import (
    MAX_BYTES,
    ResponseTooLarge,
    connection_error_message,
    is_timeout,
    new_session,
    read_body,
)

if TYPE_CHECKING:
    from collections.abc import Generator

    from backoff.types import Details

    from tap_akeneo.client.request import Request

T = TypeVar("T")

logger = logging.getLogger("tap-akeneo.http")

FIRST_WAIT = 0.5
"""Seconds before the first retry, at most. Each further wait is twice as long."""

MAX_WAIT = 60.0
"""Longest wait before a retry, in seconds, unless the server asks for a longer one."""

MAX_RETRY_AFTER = 300.0
"""Longest ``Retry-After`` that the client honours, in seconds."""

CONNECT_TIMEOUT = 10.0
"""Seconds to wait for a connection."""

HANGING_TIMEOUT = 20.0
"""Seconds to wait for a response that may never come."""

DECODE_ERRORS = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding raises. The last one means JSON with more levels than Python can parse."""


class _Retriable(RequestFailed):
    """The request failed in a way that a retry may cure.

    Args:
        request: The request, for messages.
        reason: What happened.
        status: The HTTP status, if there was a response.
        retry_after: Seconds to wait, if the server says so.
    """

    def __init__(
        self,
        request: str,
        reason: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
    ) -> None:
        super().__init__(request, reason)
        self.status = status
        self.retry_after = retry_after


class _ErrorBody(msgspec.Struct):
    """The PIM's error body: ``{"code": 422, "message": "…", "errors": […]}``."""

    message: str = ""
    errors: list[Any] = []


@dataclass(frozen=True)
class _Clock:
    """The server's time in a response, and our monotonic time when it arrived."""

    server: datetime
    ours: float


@dataclass
class Traffic:
    """Statistics of the requests to a PIM.

    Attributes:
        requests: Number of requests, including retries.
        retries: Number of retries.
        waited: Seconds spent waiting before retries, summed over all threads.
    """

    requests: int = 0
    retries: int = 0
    waited: float = 0.0


class HttpClient:
    """Sends requests to one PIM. Thread-safe.

    Args:
        timeout: Seconds without any data from the server after which a request fails.
        max_retries: Maximum number of retries of one request.
        user_agent: The ``User-Agent`` header.
        ca_bundle: Path of a file of certificate authorities to trust instead of the usual ones.

    Attributes:
        traffic: Statistics of all requests so far.
    """

    def __init__(
        self,
        *,
        timeout: float = 120,
        max_retries: int = 8,
        user_agent: str = "tap-akeneo",
        ca_bundle: str | None = None,
    ) -> None:
        self._timeout = timeout
        self._ca_bundle = ca_bundle
        # Exactly this value: the PIM responds with 406 to a list of types.
        self._headers = {"Accept": "application/json", "User-Agent": user_agent}
        self._of_thread = threading.local()
        self._clock: _Clock | None = None
        self._paused_until = 0.0
        self._traffic_lock = threading.Lock()
        self.traffic = Traffic()
        self._send_with_retries = backoff.on_exception(
            _waits,
            _Retriable,
            max_tries=max_retries + 1,
            jitter=None,
            on_backoff=self._before_wait,
            logger=None,
        )(self._send_once)

    def send(self, request: Request[T]) -> T:
        """Send a request, retry it where that may help, and decode the response.

        Raises:
            RequestRefused: The PIM responded with a client error.
            PimUnavailable: There was no usable response, even after retries.
            AkeneoError: The PIM redirects to another address.
        """
        try:
            return self._send_with_retries(request)
        except _Retriable as failure:
            raise PimUnavailable(failure.request, failure.reason, failure.status) from failure

    def server_time(self) -> datetime:
        """Return the server's current time, which is never ahead of its clock.

        It comes from the ``Date`` header of the latest response, which the server wrote before we
        received it.

        Returns:
            An aware datetime in UTC, in whole seconds.

        Raises:
            AkeneoError: No response so far had a ``Date`` header.
        """
        clock = self._clock
        if clock is None:
            msg = (
                "the PIM's responses have no Date header, which bookmarks depend on: "
                "do not let a proxy remove it"
            )
            raise AkeneoError(msg)
        passed = timedelta(seconds=math.floor(time.monotonic() - clock.ours))
        return clock.server + passed

    def _send_once(self, request: Request[T]) -> T:
        if (pause := self._paused_until - time.monotonic()) > 0:
            time.sleep(pause)
        with self._traffic_lock:
            self.traffic.requests += 1
        response, body = self._exchange(request)
        _check_status(request, response, body)
        self._read_clock(response)
        try:
            return request.decode(body)
        except DECODE_ERRORS as failure:
            content_type = response.headers.get("Content-Type", "no content type")
            reason = f"the response is not JSON of the PIM's API ({content_type}): {failure}"
            raise _Retriable(str(request), reason, status=response.status_code) from failure

    def _exchange(self, request: Request[T]) -> tuple[requests.Response, bytes]:
        """Send a request and read the whole response, whatever its status."""
        timeout = min(self._timeout, HANGING_TIMEOUT) if request.may_hang else self._timeout
        try:
            response = self._session(request.url).request(
                request.method,
                request.url,
                params=request.params,
                json=request.json,
                auth=request.auth,
                timeout=(min(CONNECT_TIMEOUT, timeout), timeout),
                # A redirect that is followed would carry the token to another address.
                allow_redirects=False,
                stream=True,
            )
            return response, read_body(response)
        except ResponseTooLarge:
            reason = (
                f"the response is larger than {MAX_BYTES >> 20} MB: lower the setting page_size, "
                "or reduce the size of the items in the PIM"
            )
            raise PimUnavailable(str(request), reason, response.status_code) from None
        except (requests.RequestException, HTTPError) as failure:
            host = urlsplit(request.url).netloc
            if is_timeout(failure):
                reason = f"{host} did not respond in time (setting request_timeout)"
                timed_out = NoResponse if request.may_hang else _Retriable
                raise timed_out(str(request), reason) from failure
            reason, is_retriable = connection_error_message(failure, host)
            broken = _Retriable if is_retriable else PimUnavailable
            raise broken(str(request), reason) from failure

    def _session(self, url: str) -> requests.Session:
        session: requests.Session | None = getattr(self._of_thread, "session", None)
        if session is None:
            session = self._of_thread.session = new_session(url, self._ca_bundle)
            session.headers.update(self._headers)
        return session

    def _before_wait(self, details: Details) -> None:
        # backoff sets both before a wait that follows an exception, the only case here.
        failure, wait = details.get("exception"), details.get("wait", 0.0)
        logger.warning("%s; try %d failed, next in %.1f s", failure, details["tries"], wait)
        with self._traffic_lock:
            self.traffic.retries += 1
            self.traffic.waited += wait
        if isinstance(failure, _Retriable) and failure.status == HTTPStatus.TOO_MANY_REQUESTS:
            # The rate limit applies to all threads together.
            self._paused_until = max(self._paused_until, time.monotonic() + wait)

    def _read_clock(self, response: requests.Response) -> None:
        received = time.monotonic()
        date = _parse_date(response.headers.get("Date", ""))
        if date is not None:
            self._clock = _Clock(date, received)


def _check_status(request: Request[Any], response: requests.Response, body: bytes) -> None:
    """Raise the error for the status of a response, if it is one.

    Raises:
        _Retriable: A retry may help.
        PimUnavailable: The server failed, and the request asks for no retry.
        RequestRefused: Another client error.
        AkeneoError: A redirect.
    """
    status = response.status_code
    if status >= HTTPStatus.BAD_REQUEST:
        message = _error_message(body)
        reason = f"the PIM answers {status}: {message or response.reason}"
        if _is_retriable(request, status):
            retry_after = _retry_after(response)
            raise _Retriable(str(request), reason, status=status, retry_after=retry_after)
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise PimUnavailable(str(request), reason, status)
        raise RequestRefused(str(request), status, message)
    if status >= HTTPStatus.MULTIPLE_CHOICES:
        target = urlsplit(urljoin(response.url, response.headers.get("Location", "")))
        msg = (
            f"the PIM answers {status} and points to "
            f"{target.scheme}://{target.netloc}{target.path}: "
            f"put the PIM's own address into the setting base_url [{request}]"
        )
        raise AkeneoError(msg)


def _is_retriable(request: Request[Any], status: int) -> bool:
    if status == HTTPStatus.UNAUTHORIZED:
        return request.retries_401
    if status == HTTPStatus.INTERNAL_SERVER_ERROR:
        return request.retries_500
    if status in {HTTPStatus.REQUEST_TIMEOUT, HTTPStatus.TOO_MANY_REQUESTS}:
        return True
    return status > HTTPStatus.INTERNAL_SERVER_ERROR


def _error_message(body: bytes) -> str:
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


def _retry_after(response: requests.Response) -> float | None:
    """Return the seconds in ``Retry-After``: a number or a date (RFC 9110, 10.2.3)."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return min(float(value), MAX_RETRY_AFTER)
    # Compare two dates of the server, because our clock may differ.
    until, sent = _parse_date(value), _parse_date(response.headers.get("Date", ""))
    if until is None or sent is None:
        return None
    return min(max((until - sent).total_seconds(), 0), MAX_RETRY_AFTER)


def _parse_date(text: str) -> datetime | None:
    """Parse the date of a header into UTC; return None if it is invalid."""
    try:
        date = parsedate_to_datetime(text)
        # A date with the offset -0000, which means UTC, is parsed as a naive one.
        return date.astimezone(timezone.utc) if date.tzinfo else date.replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError):
        return None


def _waits() -> Generator[float, _Retriable, None]:
    """Yield the seconds before each retry: our exponential backoff, or Retry-After if longer.

    A shorter ``Retry-After``, such as 0, would use up all retries before an overload is over.
    """
    failure = yield 0.0
    for retry in itertools.count():
        longest = min(FIRST_WAIT * 2**retry, MAX_WAIT)
        own = longest * random.uniform(0.5, 1)  # noqa: S311 (spreads retries, no secret)
        failure = yield max(own, failure.retry_after or 0.0)
