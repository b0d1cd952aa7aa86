"""One Akeneo PIM: its address, its clock, what it offers, and reading from it with a token."""

from __future__ import annotations

import re
from functools import cached_property
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, TypeVar

import msgspec

from tap_akeneo.client.errors import (
    LoginRefused,
    PimUnavailable,
    RequestFailed,
    RequestRefused,
    WrongSetting,
)
from tap_akeneo.client.request import Request

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from tap_akeneo.client.auth import Authenticator
    from tap_akeneo.client.http import HttpClient, Traffic

T = TypeVar("T")

API_PATH = "/api/rest/v1"
TOKEN_PATH = "/api/oauth/v1/token"  # noqa: S105 (a path)
MAX_TOKENS = 3
"""Tries of one request with tokens that the PIM then refuses; an expired one is the first."""


class _Route(msgspec.Struct):
    route: str
    methods: list[str]


class _Root(msgspec.Struct):
    """Answer of ``GET /api/rest/v1``."""

    routes: dict[str, _Route]


class Pim:
    """Reads from one PIM.

    Args:
        base_url: Scheme and host, without a slash at its end.
        http: Sends the requests.
        authenticator: Puts the tokens in.
    """

    def __init__(self, base_url: str, http: HttpClient, authenticator: Authenticator) -> None:
        self.base_url = base_url
        self._http = http
        self._authenticator = authenticator

    def get(
        self,
        path: str,
        decode: Callable[[bytes], T],
        params: Mapping[str, str] | None = None,
        *,
        may_hang: bool = False,
        gives_up_on_500: bool = False,
    ) -> T:
        """Reads one resource, with a new token where the PIM no longer takes the present one.

        Args:
            path: Below ``/api/rest/v1/``, percent-encoded.
            decode: Turns the body into a value.
            params: Query parameters.
            may_hang: Waits only for a while for an answer, and once.
            gives_up_on_500: Does not try again after a 500.

        Raises:
            NoAnswer: It hangs.
            RequestRefused: The PIM refuses this request.
            PimUnavailable: No usable answer.
            LoginRefused: The PIM gives no token, or does not take those it gives.
        """
        request = Request(
            "GET",
            f"{self.base_url}{API_PATH}/{path}",
            decode,
            params,
            auth=self._authenticator,
            may_hang=may_hang,
            retries_500=not gives_up_on_500,
        )
        for _ in range(MAX_TOKENS):
            token = self._authenticator.access_token()
            try:
                return self._http.send(request)
            except RequestRefused as refusal:
                if refusal.status != HTTPStatus.UNAUTHORIZED:
                    raise
                self._authenticator.discard(token)
                last = refusal
        msg = f"the PIM does not take the token that it has just given ({last})"
        raise LoginRefused(msg)

    def log_in(self) -> None:
        """Asks for a token now, so that wrong credentials show before any row is read.

        Raises:
            LoginRefused: The PIM gives none.
        """
        self._authenticator.access_token()

    @property
    def traffic(self) -> Traffic:
        """What was sent so far."""
        return self._http.traffic

    def server_time(self) -> datetime:
        """The PIM's clock now, in UTC; see `HttpClient.server_time`."""
        return self._http.server_time()

    def offers(self, path: str) -> bool:
        """Whether this PIM has a route to read ``path``; placeholders may have any name."""
        return _anonymous(path) in self._readable_paths

    @property
    def cursors_are_plain(self) -> bool:
        """Whether a search_after cursor is the key of the last item (6.0+), not a cipher of it."""
        return self.offers("system-information")

    @cached_property
    def _readable_paths(self) -> frozenset[str]:
        """Asked without a token. Features that are switched off are missing from the answer."""
        try:
            root = self._http.send(
                Request("GET", f"{self.base_url}{API_PATH}", msgspec.json.Decoder(_Root).decode)
            )
        except RequestFailed as failure:
            answered = isinstance(failure, RequestRefused) or (
                isinstance(failure, PimUnavailable) and failure.status == HTTPStatus.OK
            )
            if not answered:
                raise
            msg = f"there is no Akeneo PIM at {self.base_url}: check base_url ({failure})"
            raise WrongSetting(msg) from failure
        prefix = f"{API_PATH}/"
        return frozenset(
            _anonymous(route.route.partition(prefix)[2])
            for route in root.routes.values()
            if "GET" in route.methods
        )

    @cached_property
    def system_information(self) -> dict[str, Any]:
        """``version`` and ``edition``; empty before 6.0, which has no such route."""
        if not self.offers("system-information"):
            return {}
        return self.get("system-information", msgspec.json.Decoder(dict[str, Any]).decode)

    @property
    def is_saas(self) -> bool:
        """Whether this is Akeneo's own installation, always the latest version.

        Its versions are dates (``20210521041041``), those of other installations ``7.0.12``.
        """
        version = str(self.system_information.get("version", ""))
        if self.system_information.get("edition") in {"CE", "EE"}:
            # Built from the source, whose version is "master".
            return False
        return bool(version) and re.match(r"\d+\.\d+", version) is None


def _anonymous(path: str) -> str:
    return re.sub(r"\{[^}]*\}", "{}", path)
