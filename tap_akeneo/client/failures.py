"""What the status of a response means: success, an error, or a failure that may be over soon."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any
from urllib.parse import urljoin, urlsplit

from tap_akeneo.client.clock import parse_http_date
from tap_akeneo.client.error_bodies import ErrorBody
from tap_akeneo.client.errors import PimUnavailable, RequestFailed, RequestRefused

if TYPE_CHECKING:
    from collections.abc import Callable

    import requests

    from tap_akeneo.client.http_request import Request

MAX_RETRY_AFTER = 300.0
"""Longest ``Retry-After`` that the client honours, in seconds."""


class Retriable(RequestFailed):
    """The request failed in a way that a retry may cure.

    Args:
        request: The request, for messages.
        reason: What happened.
        status: The HTTP status, if there was a response.
        retry_after: Seconds to wait, if the server says so.
        is_outage: Whether something other than a PIM responded. Either the address is wrong, or
            the PIM is unavailable for a while.
        is_from_pim: Whether a PIM responded, so the address is right.
        is_php_error: Whether PHP printed a message before the response.
    """

    def __init__(  # noqa: PLR0913 (each by name)
        self,
        request: str,
        reason: str,
        *,
        status: int | None = None,
        retry_after: float | None = None,
        is_outage: bool = False,
        is_from_pim: bool = False,
        is_php_error: bool = False,
    ) -> None:
        super().__init__(request, reason)
        self.status = status
        self.retry_after = retry_after
        self.is_outage = is_outage
        self.is_from_pim = is_from_pim
        self.is_php_error = is_php_error


class TimedOut(Retriable):
    """The server took too long to begin or to complete its response."""


def check_status(
    request: Request[Any],
    response: requests.Response,
    body: bytes,
    redact: Callable[[str], str],
) -> None:
    """Raise the error for the status of a response, if it is one.

    Raises:
        Retriable: A retry may help.
        PimUnavailable: The server failed, and the request asks for no retry.
        RequestRefused: Another client error.
    """
    status = response.status_code
    if status >= HTTPStatus.BAD_REQUEST:
        error = ErrorBody.read(body, status, redact)
        reason = f"the PIM answers {status}: {str(error) or response.reason}"
        if _is_retriable(request, status):
            raise Retriable(
                str(request),
                reason,
                status=status,
                retry_after=_retry_after(response),
                is_outage=bool(error.page),
                is_from_pim=error.is_from_pim,
            )
        if status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            raise PimUnavailable(str(request), reason, status)
        raise RequestRefused(
            str(request),
            status,
            error.message,
            str(error),
            request.params,
            is_from_pim=error.is_from_pim,
        )
    if status >= HTTPStatus.MULTIPLE_CHOICES:
        target = urlsplit(urljoin(response.url, response.headers.get("Location", "")))
        reason = (
            f"the PIM answers {status} and points to {target.scheme}://{target.netloc}{target.path}"
        )
        # A load balancer may redirect while the PIM is being deployed.
        raise Retriable(str(request), reason, status=status, is_outage=True)


def undecodable_response(
    request: Request[Any],
    response: requests.Response,
    body: bytes,
    failure: Exception,
    redact: Callable[[str], str],
) -> Retriable:
    """Return the error for a successful response without the expected content."""
    found = ErrorBody.read(body, response.status_code, redact)
    if found.php_error:
        reason = (
            f", but begins with a message of PHP, “{found.php_error}”: waiting does not help, "
            "have display_errors switched off in the PHP of the PIM"
        )
    elif found.page:
        reason = f", but {found.page}"
    else:
        reason = f" ({response.headers.get('Content-Type', 'no content type')}): {failure}"
    return Retriable(
        str(request),
        f"the response is not JSON of the PIM's API{reason}",
        status=response.status_code,
        is_outage=bool(found.page),
        is_php_error=bool(found.php_error),
    )


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
    until, sent = parse_http_date(value), parse_http_date(response.headers.get("Date", ""))
    if until is None or sent is None:
        return None
    return min(max((until - sent).total_seconds(), 0), MAX_RETRY_AFTER)
