"""Tokens: the OAuth 2 password grant of the Akeneo PIM.

Facts: api.akeneo.com, authentication; the quirks from the PIM's own tests (an access token lives
3600 s; a refresh token 14 days, and is replaced with each use).
"""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import msgspec
import requests
from typing_extensions import override

from tap_akeneo.client.errors import LoginRefused, RequestRefused
from tap_akeneo.client.request import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_akeneo.client.http import HttpClient

logger = logging.getLogger("tap-akeneo.auth")

EXPIRY_LEEWAY = 60.0
"""Seconds before its end at which a token counts as expired."""


@dataclass(frozen=True)
class Credentials:
    """What Akeneo's credentials panel shows (Connect > Connection settings)."""

    client_id: str
    client_secret: str = field(repr=False)
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class _Token:
    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    usable_until: float  # of the monotonic clock


class Authenticator(requests.auth.AuthBase, ABC):
    """Puts an access token into each request."""

    @override
    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        r.headers["Authorization"] = f"Bearer {self.access_token()}"
        return r

    @abstractmethod
    def access_token(self) -> str:
        """The access token to use now.

        Raises:
            LoginRefused: There is none.
        """

    @abstractmethod
    def discard(self, access_token: str) -> None:
        """Forgets a token that the PIM no longer takes.

        Raises:
            LoginRefused: There is no other to have.
        """


class AppAuthenticator(Authenticator):
    """The permanent token of an Akeneo App (api.akeneo.com, apps, authentication).

    Args:
        access_token: The token.
    """

    def __init__(self, access_token: str) -> None:
        self._access_token = access_token

    @override
    def access_token(self) -> str:
        return self._access_token

    @override
    def discard(self, access_token: str) -> None:
        msg = "the PIM does not take the app's token: check the setting access_token"
        raise LoginRefused(msg)


class AkeneoAuthenticator(Authenticator):
    """The tokens of a connection, by the password grant. Thread-safe.

    Args:
        http: Sends the token requests.
        token_url: Address of the token endpoint.
        credentials: From Akeneo's credentials panel.
        access_token_key: Where the token answer holds the access token; dots lead into objects.
        refresh_token_key: Where it holds the refresh token.
    """

    def __init__(
        self,
        http: HttpClient,
        token_url: str,
        credentials: Credentials,
        *,
        access_token_key: str = "access_token",  # noqa: S107 (a key's name)
        refresh_token_key: str = "refresh_token",  # noqa: S107
    ) -> None:
        self._http = http
        self._token_url = token_url
        self._credentials = credentials
        self._access_token_key = access_token_key
        self._refresh_token_key = refresh_token_key
        self._token: _Token | None = None
        self._lock = threading.Lock()

    @override
    def access_token(self) -> str:
        """The access token to use now, asked for where there is none or it is about to expire."""
        with self._lock:
            if self._token is None or time.monotonic() >= self._token.usable_until:
                self._token = self._renewed()
            return self._token.access

    @override
    def discard(self, access_token: str) -> None:
        """Forgets a token; nothing happens when another thread has replaced it already."""
        with self._lock:
            if self._token is not None and self._token.access == access_token:
                self._token = _Token(access_token, self._token.refresh, usable_until=0)

    def _renewed(self) -> _Token:
        refresh = self._token.refresh if self._token else None
        if refresh:
            try:
                return self._ask({"grant_type": "refresh_token", "refresh_token": refresh})
            except RequestRefused:
                # Older than 14 days, revoked, or used by a try whose answer was lost.
                logger.debug("the refresh token is not taken, logging in again")
        return self._log_in()

    def _log_in(self) -> _Token:
        grant = {
            "grant_type": "password",
            "username": self._credentials.username,
            "password": self._credentials.password,
        }
        try:
            return self._ask(grant)
        except RequestRefused as refusal:
            raise LoginRefused(_advice(refusal)) from refusal

    def _ask(self, grant: Mapping[str, str]) -> _Token:
        # The client goes into the header: from 4.0 on the PIM refuses bodies above 300 bytes.
        client = (self._credentials.client_id, self._credentials.client_secret)
        answer = self._http.send(
            Request(
                "POST",
                self._token_url,
                msgspec.json.Decoder(dict[str, Any]).decode,
                json=grant,
                auth=requests.auth.HTTPBasicAuth(*(part.encode() for part in client)),
            )
        )
        access = _at(answer, self._access_token_key)
        if not isinstance(access, str) or not access:
            keys = ", ".join(sorted(answer)) or "none"
            msg = (
                f"the PIM's token answer holds no token at {self._access_token_key!r} "
                f"(its keys: {keys}): correct the setting access_token_key"
            )
            raise LoginRefused(msg)
        refresh = _at(answer, self._refresh_token_key)
        lifetime = answer.get("expires_in")
        # Without a lifetime the PIM's 401 tells us.
        seconds = lifetime if isinstance(lifetime, (int, float)) else float("inf")
        # At least half of it is used, or a very short-lived token would be renewed at each request.
        usable = max(seconds - EXPIRY_LEEWAY, seconds / 2)
        return _Token(
            access,
            refresh if isinstance(refresh, str) else None,
            usable_until=time.monotonic() + usable,
        )


def _at(answer: Any, dotted_path: str) -> Any:  # noqa: ANN401 (JSON)
    for key in dotted_path.split("."):
        answer = answer.get(key) if isinstance(answer, dict) else None
    return answer


def _advice(refusal: RequestRefused) -> str:
    """What to do about a refused login, by the PIM's words."""
    message = refusal.message.lower()
    if "client" in message:
        cause = "the PIM knows no such client: check the settings client_id and client_secret"
    elif "user" in message:
        cause = "the PIM does not take this user: check the settings username and password"
    elif refusal.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        cause = "username and password together are longer than the PIM accepts (300 bytes)"
    elif refusal.status == HTTPStatus.NOT_FOUND:
        cause = "there is no Akeneo PIM at this address: check the setting base_url"
    else:
        cause = "check the settings client_id, client_secret, username and password"
    return f"login refused: {cause} ({refusal})"
