"""An HTTP client that retries failed requests, waits before each try, and decodes responses."""

from __future__ import annotations

import codecs
import logging
import random
import threading
import time
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter
from typing import TYPE_CHECKING, TypeVar
from urllib.parse import unquote, urlsplit

import backoff
import requests
from urllib3.exceptions import HTTPError

from tap_akeneo.client.clock import ServerClock
from tap_akeneo.client.error_bodies import DECODE_ERRORS
from tap_akeneo.client.errors import NoResponse, PimUnavailable
from tap_akeneo.client.failures import Retriable, TimedOut, check_status, undecodable_response
from tap_akeneo.client.secrets import Secrets
from tap_akeneo.client.transport import (
    MAX_RESPONSE_SIZE,
    ResponseTooLarge,
    explain,
    is_timeout,
    new_session,
    proxy_of,
    proxy_problem,
    read_body,
)

if TYPE_CHECKING:
    from collections.abc import Generator
    from datetime import datetime

    from backoff.types import Details

    from tap_akeneo.client.http_request import Request

T = TypeVar("T")

logger = logging.getLogger("tap-akeneo.http")

FIRST_WAIT = 0.5
"""Seconds before the first retry, at most. Each further wait is twice as long."""

MAX_WAIT = 60.0
"""Longest wait before a retry, in seconds, unless the server asks for a longer one."""

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
        secrets: What errors must not show, also if a response repeats it.
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
        self._clock = ServerClock()
        self._paused_until = 0.0
        self._traffic_lock = threading.Lock()
        self.traffic = Traffic()
        self.secrets = Secrets()
        self.has_worked = False
        self._max_retries = max_retries
        self._send_with_retries = backoff.on_exception(
            self._waits, Retriable, jitter=None, on_backoff=self._before_wait, logger=None
        )(self._send_after_pause)

    def send(self, request: Request[T]) -> T:
        """Send a request, retry it where that may help, and decode the response.

        Raises:
            RequestRefused: The PIM responded with a client error.
            PimUnavailable: There was no usable response, even after retries.
        """
        try:
            return self._send_with_retries(request)
        except Retriable as failure:
            raise self._with_advice(failure) from failure

    def _with_advice(self, failure: Retriable) -> PimUnavailable:
        """Return the error for a request whose last retry failed."""
        reason = failure.reason
        if failure.is_outage and self.has_worked:
            reason += ": wait until the PIM is back, and run again"
        elif failure.is_outage:
            # Meltano runs discovery without the state, so the address may have worked before.
            reason += (
                ": check the setting base_url, with http or https and its port, or wait if it "
                "has worked before"
            )
        return PimUnavailable(
            failure.request,
            reason,
            failure.status,
            is_from_pim=failure.is_from_pim,
            is_php_error=failure.is_php_error,
        )

    def send_once(self, request: Request[T]) -> T:
        """Send a request without retries, and without waiting for the end of a rate limit.

        Raises:
            RequestRefused: The PIM responded with a client error.
            PimUnavailable: There was no usable response.
        """
        try:
            return self._try(request)
        except Retriable as failure:
            raise self._with_advice(failure) from failure

    def _send_after_pause(self, request: Request[T]) -> T:
        if (pause := self._paused_until - time.monotonic()) > 0:
            time.sleep(pause)
        return self._try(request)

    def server_time(self, moment: float | None = None) -> datetime:
        """Return the server's time, which is never ahead of its clock.

        It comes from the ``Date`` headers of the responses; see `ServerClock`.

        Args:
            moment: A moment of our monotonic clock; ``None`` for now.

        Returns:
            An aware datetime in UTC, in whole seconds.

        Raises:
            AkeneoError: No response so far had a ``Date`` header.
        """
        return self._clock.at(time.monotonic() if moment is None else moment)

    def _try(self, request: Request[T]) -> T:
        """Send a request once, and decode the response."""
        with self._traffic_lock:
            self.traffic.requests += 1
        try:
            sent = time.monotonic()
            response, arrived, body = self._exchange(request)
            self._check_proxy(request, response)
            check_status(request, response, body, self.secrets.redact)
            try:
                content = request.decode(body)
            except DECODE_ERRORS as failure:
                raise undecodable_response(
                    request, response, body, failure, self.secrets.redact
                ) from failure
            # Only now is it certain that the PIM has responded, and not a server before it.
            self._clock.record(response.headers, sent, arrived)
        except Exception as failure:
            self.secrets.redact_error(failure)
            raise
        return content

    def _exchange(self, request: Request[T]) -> tuple[requests.Response, float, bytes]:
        """Send a request and read the whole response, whatever its status.

        Returns:
            The response, our monotonic time when its headers arrived, and its body.
        """
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
            arrived = time.monotonic()
            # A file of PHP that was saved with a byte order mark puts one before each response.
            return response, arrived, read_body(response).removeprefix(codecs.BOM_UTF8)
        except ResponseTooLarge:
            reason = (
                f"the response is larger than {MAX_RESPONSE_SIZE >> 20} MB: lower the setting "
                "page_size, or reduce the size of the items in the PIM"
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
                raise TimedOut(str(request), reason, is_outage=not self.has_worked) from failure
            problem = explain(failure, host, proxy_of(self._session(request.url), request.url))
            if not problem.is_retriable:
                raise PimUnavailable(str(request), problem.reason) from failure
            raise Retriable(str(request), problem.reason, is_outage=problem.is_outage) from failure

    def _waits(self) -> Generator[float, Retriable, None]:
        """Yield the seconds before each retry of a request; end after the last one."""
        failure = yield 0.0
        tries = 1
        while tries <= self._max_retries_after(failure):
            failure = yield _seconds_to_wait(tries, failure)
            tries += 1

    def _max_retries_after(self, failure: Retriable) -> int:
        """Return how often to retry a request after a failure.

        While the address may be wrong, waiting would not help, and a user waits for the message.
        """
        if self.has_worked or failure.is_from_pim:
            return self._max_retries
        if isinstance(failure, TimedOut) or (failure.retry_after or 0.0) > MAX_FIRST_WAIT:
            return 0
        return min(self._max_retries, MAX_FIRST_RETRIES)

    def _check_proxy(self, request: Request[T], response: requests.Response) -> None:
        """Raise an error if a proxy wants a login; `requests` reports only those of HTTPS."""
        if response.status_code == HTTPStatus.PROXY_AUTHENTICATION_REQUIRED:
            proxy = proxy_of(self._session(request.url), request.url)
            cause = f"{response.status_code} {response.reason}"
            problem = proxy_problem(urlsplit(request.url).netloc, proxy, cause)
            raise PimUnavailable(str(request), problem.reason, response.status_code)

    def _session(self, url: str) -> requests.Session:
        session: requests.Session | None = getattr(self._of_thread, "session", None)
        if session is None:
            session = self._of_thread.session = new_session(url, self._ca_bundle)
            session.headers.update(self._headers)
            passwords = (urlsplit(proxy).password for proxy in session.proxies.values())
            self.secrets.add(*(unquote(password) for password in passwords if password))
        return session

    def _before_wait(self, details: Details) -> None:
        """Log a failure, count the retry, and let all threads wait for the end of a rate limit."""
        # backoff sets both before a wait that follows an exception, the only case here.
        failure, wait = details.get("exception"), details.get("wait", 0.0)
        logger.warning("%s; try %d failed, next in %.1f s", failure, details["tries"], wait)
        with self._traffic_lock:
            self.traffic.retries += 1
            self.traffic.waited += wait
        if isinstance(failure, Retriable) and failure.status == HTTPStatus.TOO_MANY_REQUESTS:
            # The rate limit applies to all threads together.
            self._paused_until = max(self._paused_until, time.monotonic() + wait)


def _seconds_to_wait(tries: int, failure: Retriable) -> float:
    """Return the time before the next try: our exponential backoff, or Retry-After if longer.

    A shorter ``Retry-After``, such as 0, would use up all retries before an overload is over.
    """
    longest: float = min(FIRST_WAIT * 2 ** (tries - 1), MAX_WAIT)
    own = longest * random.uniform(0.5, 1)  # noqa: S311 (spreads retries, no secret)
    return max(own, failure.retry_after or 0.0)
