"""One HTTP request: sent, tried again where that can help, its answer decoded."""

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
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote_plus, urljoin, urlsplit

import backoff
import msgspec
import requests
from urllib3.exceptions import HTTPError

from tap_akeneo.client.errors import (
    AkeneoError,
    NoAnswer,
    PimUnavailable,
    RequestFailed,
    RequestRefused,
)
from tap_akeneo.client.transport import (
    MAX_BYTES,
    TooLarge,
    body_of,
    connection_error_message,
    is_timeout,
    new_session,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Mapping

    from backoff.types import Details

T = TypeVar("T")
Auth = requests.auth.AuthBase

logger = logging.getLogger("tap-akeneo.http")

FIRST_WAIT = 0.5
MAX_WAIT = 60.0
MAX_RETRY_AFTER = 300.0
"""Seconds. A proxy that asks for more than this is asking for a failed run instead."""

CONNECT_TIMEOUT = 10.0
HANGING_TIMEOUT = 20.0
"""Seconds to wait for an answer that may never come."""

SHOWN_LENGTH = 400

UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What decoding raises; the last where JSON is nested deeper than Python goes."""


class _Retriable(RequestFailed):
    """The request failed in a way that another try may mend.

    Args:
        request: The request, as shown to people.
        reason: What happened.
        status: The HTTP status, where there was one.
        retry_after: Seconds to wait, where the PIM says so.
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
    """``{"code": 422, "message": "…", "errors": […]}``, the PIM's error body."""

    message: str = ""
    errors: list[Any] = []


@dataclass(frozen=True)
class _Clock:
    """The server's clock when an answer arrived, and our monotonic clock at that moment."""

    server: datetime
    ours: float


@dataclass
class Traffic:
    """What was sent to a PIM.

    Attributes:
        requests: Requests, each further try included.
        retries: Further tries.
        waited: Seconds between tries, over all threads.
    """

    requests: int = 0
    retries: int = 0
    waited: float = 0.0


class HttpClient:
    """Sends requests to one PIM.

    Args:
        timeout: Seconds that the PIM may stay silent before a request counts as failed.
        max_retries: How often a request is sent again after a failure that may pass.
        user_agent: The ``User-Agent`` header.
        ca_bundle: Path of a file of certificate authorities to trust instead of the usual ones.

    Attributes:
        traffic: What was sent so far.
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
        # Exactly this value: the PIM answers 406 to a list of types.
        self._headers = {"Accept": "application/json", "User-Agent": user_agent}
        self._of_thread = threading.local()
        self._clock: _Clock | None = None
        self._paused_until = 0.0
        self._counting = threading.Lock()
        self.traffic = Traffic()
        retrying = partial(
            backoff.on_exception,
            _waits,
            _Retriable,
            max_tries=max_retries + 1,
            jitter=None,
            on_backoff=self._before_wait,
            logger=None,
        )
        self._send_with_retries = retrying()(self._send_once)
        self._send_unless_500 = retrying(giveup=_is_500)(self._send_once)

    def send(  # noqa: PLR0913 (the parts of a request)
        self,
        method: str,
        url: str,
        *,
        decode: Callable[[bytes], T],
        auth: Auth | Callable[[requests.PreparedRequest], requests.PreparedRequest] | None = None,
        params: Mapping[str, str] | None = None,
        json: Mapping[str, str] | None = None,
        may_hang: bool = False,
        gives_up_on_500: bool = False,
    ) -> T:
        """Sends one request and decodes its answer.

        Args:
            method: ``GET`` or ``POST``.
            url: Absolute address.
            decode: Turns the answer's body into a value; raises `msgspec.MsgspecError` on a body
                that is not what it should be, which counts as a failure that may pass.
            auth: Adds the credentials; called anew for each try.
            params: Query parameters.
            json: Body.
            may_hang: Waits `HANGING_TIMEOUT` at most for an answer, and once.
            gives_up_on_500: Does not try again after a 500, where the caller has another way.

        Returns:
            What ``decode`` returned.

        Raises:
            RequestRefused: The PIM answered with a client error.
            PimUnavailable: No usable answer, although tried again.
            AkeneoError: The PIM wants to send us to another address.
        """
        send = self._send_unless_500 if gives_up_on_500 else self._send_with_retries
        try:
            return send(
                method,
                url,
                decode=decode,
                auth=auth,
                params=params,
                json=json,
                may_hang=may_hang,
            )
        except _Retriable as failure:
            raise PimUnavailable(failure.request, failure.reason, failure.status) from failure

    def server_time(self) -> datetime:
        """The server's clock now, never ahead of it.

        Taken from the ``Date`` header of the latest answer, which was made before we received it.

        Returns:
            An aware datetime in UTC, whole seconds.

        Raises:
            AkeneoError: No answer so far had a ``Date`` header.
        """
        clock = self._clock
        if clock is None:
            msg = (
                "the PIM's answers have no Date header, which the bookmarks are taken from: "
                "a proxy on the way must not remove it"
            )
            raise AkeneoError(msg)
        passed = timedelta(seconds=math.floor(time.monotonic() - clock.ours))
        return clock.server + passed

    def _send_once(  # noqa: PLR0913
        self,
        method: str,
        url: str,
        *,
        decode: Callable[[bytes], T],
        auth: Auth | Callable[[requests.PreparedRequest], requests.PreparedRequest] | None,
        params: Mapping[str, str] | None,
        json: Mapping[str, str] | None,
        may_hang: bool,
    ) -> T:
        shown = _shown(method, url, params)
        if (pause := self._paused_until - time.monotonic()) > 0:
            time.sleep(pause)
        with self._counting:
            self.traffic.requests += 1
        silence = min(self._timeout, HANGING_TIMEOUT) if may_hang else self._timeout
        try:
            response = self._session(url).request(
                method,
                url,
                params=params,
                json=json,
                auth=auth,
                timeout=(min(CONNECT_TIMEOUT, silence), silence),
                # Followed redirects would carry the token elsewhere.
                allow_redirects=False,
                stream=True,
            )
            content = body_of(response)
        except TooLarge:
            reason = (
                f"the answer has more than {MAX_BYTES >> 20} MB: lower the setting page_size, "
                "or have whatever the PIM holds there made smaller"
            )
            raise PimUnavailable(shown, reason, response.status_code) from None
        except (requests.RequestException, HTTPError) as failure:
            host = urlsplit(url).netloc
            if is_timeout(failure):
                reason = f"{host} did not answer in time (setting request_timeout)"
                silent = NoAnswer if may_hang else _Retriable
                raise silent(shown, reason) from failure
            reason, may_pass = connection_error_message(failure, host)
            broken = _Retriable if may_pass else PimUnavailable
            raise broken(shown, reason) from failure
        self._check_status(response, content, shown)
        self._read_clock(response)
        try:
            return decode(content)
        except UNREADABLE as failure:
            kind = response.headers.get("Content-Type", "no content type")
            reason = f"the answer is not the JSON of the PIM's API ({kind}): {failure}"
            raise _Retriable(shown, reason, status=response.status_code) from failure

    def _session(self, url: str) -> requests.Session:
        session: requests.Session | None = getattr(self._of_thread, "session", None)
        if session is None:
            session = self._of_thread.session = new_session(url, self._ca_bundle)
            session.headers.update(self._headers)
        return session

    def _before_wait(self, details: Details) -> None:
        # Both are there whenever a wait follows an exception, which is the only case here.
        failure, wait = details.get("exception"), details.get("wait", 0.0)
        logger.warning("%s; try %d failed, next in %.1f s", failure, details["tries"], wait)
        with self._counting:
            self.traffic.retries += 1
            self.traffic.waited += wait
        if isinstance(failure, _Retriable) and failure.status == HTTPStatus.TOO_MANY_REQUESTS:
            # The PIM is asked too much, by all threads together.
            self._paused_until = max(self._paused_until, time.monotonic() + wait)

    def _check_status(self, response: requests.Response, content: bytes, shown: str) -> None:
        status = response.status_code
        if status in {408, 429} or status >= 500:  # noqa: PLR2004 (HTTP's own figures)
            message = _message(content) or response.reason
            raise _Retriable(
                shown,
                f"the PIM answers {status}: {message}",
                status=status,
                retry_after=_retry_after(response),
            )
        if status >= 400:  # noqa: PLR2004
            raise RequestRefused(shown, status, _message(content))
        if status >= 300:  # noqa: PLR2004
            target = urlsplit(urljoin(response.url, response.headers.get("Location", "")))
            msg = (
                f"{shown}: the PIM answers {status} and points to "
                f"{target.scheme}://{target.netloc}{target.path}: "
                "put the address at which the PIM itself answers into the setting base_url"
            )
            raise AkeneoError(msg)

    def _read_clock(self, response: requests.Response) -> None:
        received = time.monotonic()
        date = _date(response.headers.get("Date", ""))
        if date is not None:
            self._clock = _Clock(date, received)


def _message(content: bytes) -> str:
    try:
        body = msgspec.json.decode(content, type=_ErrorBody)
    except UNREADABLE:
        return ""
    details = [
        str(error["message"])
        for error in body.errors
        if isinstance(error, dict) and "message" in error
    ]
    return _shortened(" ".join([body.message, *details]))


def _retry_after(response: requests.Response) -> float | None:
    """Seconds that the PIM asks us to wait: a number or a date (RFC 9110, 10.2.3)."""
    value = response.headers.get("Retry-After", "").strip()
    if value.isdecimal():
        return min(float(value), MAX_RETRY_AFTER)
    # Both are the server's clock, so ours may differ.
    until, asked = _date(value), _date(response.headers.get("Date", ""))
    if until is None or asked is None:
        return None
    return min(max((until - asked).total_seconds(), 0), MAX_RETRY_AFTER)


def _date(text: str) -> datetime | None:
    """The date of a header, in UTC; None where it is none."""
    try:
        date = parsedate_to_datetime(text)
        # Without an offset where it is written as -0000, which is UTC too.
        return date.astimezone(timezone.utc) if date.tzinfo else date.replace(tzinfo=timezone.utc)
    except (ValueError, OverflowError):
        return None


def _is_500(failure: Exception) -> bool:
    status = HTTPStatus.INTERNAL_SERVER_ERROR
    return isinstance(failure, _Retriable) and failure.status == status


def _waits() -> Generator[float, _Retriable, None]:
    """Seconds before each further try: what the PIM asks for, else doubling with some chance."""
    failure = yield 0.0
    for attempt in itertools.count():
        growing = min(FIRST_WAIT * 2**attempt, MAX_WAIT)
        chance = growing * random.uniform(0.5, 1)  # noqa: S311 (spreads retries, no secret)
        failure = yield failure.retry_after if failure.retry_after is not None else chance


def _shown(method: str, url: str, params: Mapping[str, str] | None) -> str:
    query = "&".join(f"{key}={value}" for key, value in (params or {}).items())
    return _shortened(f"{method} {unquote_plus(urlsplit(url).path)}{'?' if query else ''}{query}")


def _shortened(text: str) -> str:
    return text if len(text) <= SHOWN_LENGTH else f"{text[:SHOWN_LENGTH]}…"
