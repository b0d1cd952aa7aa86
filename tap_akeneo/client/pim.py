"""One Akeneo PIM: its routes, version and clock, and requests with a token that is renewed."""

from __future__ import annotations

import re
import threading
from dataclasses import replace
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from tap_akeneo.client.errors import (
    AkeneoError,
    LoginRefused,
    PimUnavailable,
    RequestFailed,
    RequestRefused,
    WrongSetting,
)
from tap_akeneo.client.http_request import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tap_akeneo.client.auth import Authenticator
    from tap_akeneo.client.http import HttpClient, Traffic

T = TypeVar("T")

API_PATH = "/api/rest/v1"
TOKEN_PATH = "/api/oauth/v1/token"  # noqa: S105 (a path)


class _Route(msgspec.Struct):
    route: str
    methods: list[str]


class _Root(msgspec.Struct):
    """Response of ``GET /api/rest/v1``."""

    routes: dict[str, _Route]

    def __post_init__(self) -> None:
        """Refuse a response without a route that can be read."""
        if not any("GET" in route.methods for route in self.routes.values()):
            msg = "it lists no route of the PIM's API"
            raise ValueError(msg)


class Pim:
    """Reads from one PIM.

    Args:
        base_url: Scheme and host, without a trailing slash.
        http: Sends the requests.
        authenticator: Adds the access tokens.
    """

    def __init__(self, base_url: str, http: HttpClient, authenticator: Authenticator) -> None:
        self.base_url = base_url
        self._http = http
        self._authenticator = authenticator

    def get(  # noqa: PLR0913 (what a request consists of)
        self,
        path: str,
        decode: Callable[[bytes], T],
        params: Mapping[str, str] | None = None,
        *,
        body: Mapping[str, str | bool] | None = None,
        may_hang: bool = False,
        gives_up_on_500: bool = False,
    ) -> T:
        """Read one resource. Renew the access token if the PIM rejects it.

        Args:
            path: Percent-encoded path below ``/api/rest/v1/``.
            decode: Turns the response body into a value.
            params: Query parameters.
            body: What to POST, for a resource that is read so.
            may_hang: The PIM may never respond: use a short timeout and do not retry after it.
            gives_up_on_500: Do not retry after a 500.

        Raises:
            NoResponse: The PIM did not respond to a request that may hang.
            RequestRefused: The PIM refuses this request.
            PimUnavailable: There was no usable response.
            LoginRefused: The PIM issues no token, or rejects the tokens that it issues.
        """
        request = Request(
            "GET" if body is None else "POST",
            self.url(path),
            decode,
            params,
            body,
            auth=self._authenticator,
            may_hang=may_hang,
            retries_500=not gives_up_on_500,
        )
        try:
            return self._http.send(request)
        except RequestRefused as refusal:
            if refusal.status != HTTPStatus.UNAUTHORIZED:
                raise
        # The token has probably expired, so send the request with a new one at once. If the PIM
        # rejects that too, it is losing its tokens: wait and retry as if it were down.
        try:
            return self._http.send(replace(request, retries_401=True))
        except PimUnavailable as failure:
            if failure.status != HTTPStatus.UNAUTHORIZED or not failure.is_from_pim:
                # A server before the PIM, which may reject the requests for one list only.
                raise
            msg = f"{self._authenticator.advice} ({failure})"
            raise LoginRefused(msg) from failure

    def url(self, path: str) -> str:
        """Return the URL of a percent-encoded path below ``/api/rest/v1/``."""
        return f"{self.base_url}{API_PATH}/{path}"

    def connect(self) -> None:
        """Request the routes and a token in parallel, to fail before any row is read.

        Raises:
            WrongSetting: There is no PIM at this address.
            LoginRefused: The PIM issues no token.
            PimUnavailable: It does not respond.
        """
        failures: list[Exception] = []

        def log_in() -> None:
            try:
                self._authenticator.access_token()
            except Exception as failure:  # noqa: BLE001 (raised below)
                failures.append(failure)

        # A daemon thread, so that the process does not wait for the login if there is no PIM.
        login = threading.Thread(target=log_in, name="pim-login", daemon=True)
        login.start()
        _ = self._routes
        login.join()
        if failures:
            raise failures[0]
        self._http.has_worked = True

    def is_up(self) -> bool:
        """Return whether the PIM's API responds now. It takes at most two quick tries.

        A 404 or an empty response while the API is down says nothing about what the PIM has. A 429
        says that there are too many other requests, which it answers.
        """
        return self._responds() or self._responds()

    def _responds(self) -> bool:
        # A server that is down would make a long request_timeout even longer.
        request = replace(self._root_request, may_hang=True)
        try:
            return bool(self._http.send_once(request).routes)
        except PimUnavailable as failure:
            return failure.status == HTTPStatus.TOO_MANY_REQUESTS
        except AkeneoError:
            return False

    @property
    def _root_request(self) -> Request[_Root]:
        """The request for the routes, which needs no token."""
        return Request("GET", f"{self.base_url}{API_PATH}", msgspec.json.Decoder(_Root).decode)

    @property
    def traffic(self) -> Traffic:
        """Statistics of all requests so far."""
        return self._http.traffic

    def server_time(self, moment: float | None = None) -> datetime:
        """Return the PIM's time in UTC, now or earlier; see `HttpClient.server_time`."""
        return self._http.server_time(moment)

    def offers(self, path: str, method: str = "GET") -> bool:
        """Return whether this PIM has a route ``path``. Names of placeholders do not matter."""
        return (method, _without_names(path)) in self._routes

    @property
    def cursors_are_plain(self) -> bool:
        """Whether a search_after cursor is the last item's key (6.0+) instead of a cipher of it."""
        return self.offers("system-information")

    @cached_property
    def _routes(self) -> frozenset[tuple[str, str]]:
        """Methods and paths. The PIM lists them without a token and omits disabled features."""
        try:
            root = self._http.send(self._root_request)
        except RequestFailed as failure:
            is_another_server = isinstance(failure, RequestRefused) or (
                isinstance(failure, PimUnavailable)
                and failure.status == HTTPStatus.OK
                and not failure.is_php_error
                and not self._http.has_worked
            )
            if not is_another_server:
                raise
            # The cause of a failure that was retried is the same without advice.
            shown = failure.__cause__ or failure
            msg = (
                f"there is no Akeneo PIM at {self.base_url}: check base_url, or wait if it has "
                f"worked before ({shown})"
            )
            raise WrongSetting(msg) from failure
        prefix = f"{API_PATH}/"
        return frozenset(
            (method, _without_names(route.route.partition(prefix)[2]))
            for route in root.routes.values()
            for method in route.methods
        )

    @cached_property
    def system_information(self) -> dict[str, Any]:
        """``version`` and ``edition``. Empty before 6.0, which does not have this route."""
        if not self.offers("system-information"):
            return {}
        return self.get("system-information", msgspec.json.Decoder(dict[str, Any]).decode)

    @property
    def is_saas(self) -> bool:
        """Whether Akeneo hosts this PIM, which then always runs the latest version.

        SaaS versions are timestamps (``20210521041041``). Others look like ``7.0.12``, ``v2026.4``
        or ``master``, and forks have editions of their own. A PIM that is wrongly taken for SaaS
        loses changes west of UTC, so nothing else counts as SaaS.
        """
        information = self.system_information
        is_timestamp = re.fullmatch(r"\d{8,}", str(information.get("version"))) is not None
        return is_timestamp and information.get("edition") not in {"CE", "EE"}


def _without_names(path: str) -> str:
    """Return a route without the names of its placeholders."""
    return re.sub(r"\{[^}]*\}", "{}", path)
