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
from time import perf_counter
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import urljoin, urlsplit

import backoff
import requests
from urllib3.exceptions import HTTPError

from tap_akeneo.client.error_bodies import DECODE_ERRORS, error_message, is_from_pim, web_page
from tap_akeneo.client.errors import (
    AkeneoError,
    NoResponse,
    PimUnavailable,
    RequestFailed,
    RequestRefused,
)
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

FIRST_CONNECT_TIMEOUT = 4.0
"""The same while the address may be wrong."""

HANGING_TIMEOUT = 20.0
"""Seconds to wait for a response that may never come."""

MAX_FIRST_RETRIES = 1
"""Maximum number of retries of a request while the address may be wrong."""

MAX_FIRST_WAIT = 60.0
"""Longest ``Retry-After`` that the client honours while the address may be wrong.

Meltano discovers without the state, so scheduled runs without a cached catalog also depend on it.
"""


class _Retriable(RequestFailed):
    """The request failed in a way that a retry may cure.

    Args:
        request: The request, for messages.
        reason: What happened.
        status: The HTTP status, if there was a response.
        retry_after: Seconds to wait, if the server says so.
        is_outage: Whether something other than a PIM responded. Either the address is wrong, or
            the PIM is unavailable for a while.
    """

    def __init__(
        self,
        request: str,
        reason: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        is_outage: bool = False,
    ) -> None:
        super().__init__(request, reason)
        self.status = status
        self.retry_after = retry_after
        self.is_outage = is_outage


class _TimedOut(_Retriable):
    """The server took too long to begin or to complete its response."""


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
        has_worked: Whether this PIM has responded before, perhaps in an earlier run. Until then
            the address may be wrong, and waiting would not help, so a request is tried only twice.
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
        self.has_worked = False
        self._max_retries = max_retries
        self._send_with_retries = backoff.on_exception(
            _waits,
            _Retriable,
            max_tries=self._max_tries,
            giveup=self._takes_too_long,
            jitter=None,
            on_backoff=self._before_wait,
            logger=None,
        )(self._send_after_pause)

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
            reason = failure.reason
            if failure.is_outage and self.has_worked:
                reason += ": wait until the PIM is back, and run again"
            elif failure.is_outage:
                # Meltano runs discovery without the state, so the address may have worked before.
                reason += (
                    ": check the setting base_url, with http or https and its port, or wait if it "
                    "has worked before"
                )
            raise PimUnavailable(failure.request, reason, failure.status) from failure

    def send_once(self, request: Request[T]) -> T:
        """Send a request without retries, and without waiting for the end of a rate limit.

        Raises:
            RequestRefused: The PIM responded with a client error.
            PimUnavailable: There was no usable response.
            AkeneoError: The PIM redirects to another address.
        """
        try:
            return self._try(request)
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

    def _send_after_pause(self, request: Request[T]) -> T:
        if (pause := self._paused_until - time.monotonic()) > 0:
            time.sleep(pause)
        return self._try(request)

    def _try(self, request: Request[T]) -> T:
        with self._traffic_lock:
            self.traffic.requests += 1
        response, body = self._exchange(request)
        _check_status(request, response, body)
        self._read_clock(response)
        try:
            return request.decode(body)
        except DECODE_ERRORS as failure:
            content_type = response.headers.get("Content-Type", "no content type")
            page = web_page(body)
            found = f"but {page}" if page else f"({content_type}): {failure}"
            raise _Retriable(
                str(request),
                f"the response is not JSON of the PIM's API{',' if page else ''} {found}",
                status=response.status_code,
                is_outage=bool(page),
            ) from failure

    def _exchange(self, request: Request[T]) -> tuple[requests.Response, bytes]:
        """Send a request and read the whole response, whatever its status."""
        timeout = min(self._timeout, HANGING_TIMEOUT) if request.may_hang else self._timeout
        connect_timeout = CONNECT_TIMEOUT if self.has_worked else FIRST_CONNECT_TIMEOUT
        started = perf_counter()
        try:
            response = self._session(request.url).request(
                request.method,
                request.url,
                params=request.params,
                json=request.json,
                auth=request.auth,
                timeout=(min(connect_timeout, timeout), timeout),
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
            # urllib3 also calls it a read timeout if TLS or a proxy exceeds the connect timeout.
            if is_timeout(failure) and perf_counter() - started >= timeout:
                reason = f"{host} did not respond in time (setting request_timeout)"
                if request.may_hang:
                    raise NoResponse(str(request), reason) from failure
                # A wrong address is the likely cause until the PIM has responded.
                raise _TimedOut(str(request), reason, is_outage=not self.has_worked) from failure
            reason, is_retriable = connection_error_message(failure, host)
            if not is_retriable:
                raise PimUnavailable(str(request), reason) from failure
            raise _Retriable(str(request), reason, is_outage=True) from failure

    def _max_tries(self) -> int:
        retries = self._max_retries
        return 1 + (retries if self.has_worked else min(retries, MAX_FIRST_RETRIES))

    def _takes_too_long(self, failure: Exception) -> bool:
        """Return whether a retry would take too long while the address may be wrong."""
        if self.has_worked or not isinstance(failure, _Retriable):
            return False
        return isinstance(failure, _TimedOut) or (failure.retry_after or 0.0) > MAX_FIRST_WAIT

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
        message = error_message(body)
        page = "" if message else web_page(body)
        reason = f"the PIM answers {status}: {message or page or response.reason}"
        if _is_retriable(request, status):
            raise _Retriable(
                str(request),
                reason,
                status=status,
                retry_after=_retry_after(response),
                is_outage=bool(page),
            )
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise PimUnavailable(str(request), reason, status)
        raise RequestRefused(
            str(request),
            status,
            message,
            page,
            request.params,
            is_from_pim=is_from_pim(body, status),
        )
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
