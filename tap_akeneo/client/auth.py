"""Access tokens of the Akeneo PIM: the OAuth 2 password grant, and permanent tokens of Apps.

Sources: api.akeneo.com, "Authentication", and the PIM's own tests. An access token is valid for
3600 s. A refresh token is valid for 14 days and can be used once.
"""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from base64 import b64encode
from dataclasses import dataclass, field
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, ClassVar

import msgspec
import requests
from typing_extensions import override

from tap_akeneo.client.errors import LoginRefused, PimUnavailable, RequestRefused
from tap_akeneo.client.http_request import Request

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_akeneo.client.http import HttpClient

logger = logging.getLogger("tap-akeneo.auth")

EXPIRY_LEEWAY = 60.0
"""Seconds before the end of its life at which a token is renewed."""


@dataclass(frozen=True)
class Credentials:
    """The credentials that Akeneo shows under Connect > Connection settings."""

    client_id: str
    client_secret: str = field(repr=False)
    username: str
    password: str = field(repr=False)


@dataclass(frozen=True)
class _Token:
    access: str = field(repr=False)
    refresh: str | None = field(repr=False)
    usable_until: float  # time.monotonic()


class Authenticator(requests.auth.AuthBase, ABC):
    """Adds an access token to each request, and discards it if the PIM responds with 401.

    Attributes:
        advice: What to say if the PIM goes on rejecting tokens.
    """

    advice: ClassVar[str]

    @override
    def __call__(self, r: requests.PreparedRequest) -> requests.PreparedRequest:
        token = self.access_token()
        r.headers["Authorization"] = f"Bearer {token}"
        hook = partial(self._note_answer, token)
        r.register_hook("response", hook)  # type: ignore[no-untyped-call]  # untyped in its stubs
        return r

    @abstractmethod
    def access_token(self) -> str:
        """Return the access token to use now.

        Raises:
            LoginRefused: The PIM issues no token, or rejected the only one.
        """

    @abstractmethod
    def discard(self, access_token: str) -> None:
        """Do not use a token again, because the PIM rejected it."""

    def _note_answer(self, token: str, response: requests.Response, **_: object) -> None:
        if response.status_code == HTTPStatus.UNAUTHORIZED:
            self.discard(token)


class AppAuthenticator(Authenticator):
    """The permanent token of an Akeneo App (api.akeneo.com, "Apps", "Authentication").

    Args:
        access_token: The token.
    """

    advice = "the PIM does not accept the app's token: check the setting access_token"

    def __init__(self, access_token: str) -> None:
        self._access_token = access_token
        self._was_accepted = False
        self._is_rejected = False

    @override
    def access_token(self) -> str:
        if self._is_rejected:
            raise LoginRefused(self.advice)
        return self._access_token

    @override
    def discard(self, access_token: str) -> None:
        # A token that has worked may work again, so its requests are retried.
        self._is_rejected = not self._was_accepted

    @override
    def _note_answer(self, token: str, response: requests.Response, **_: object) -> None:
        self._was_accepted |= response.ok
        super()._note_answer(token, response)


class AkeneoAuthenticator(Authenticator):
    """The tokens of a connection, from the OAuth 2 password grant. Thread-safe.

    Args:
        http: Sends the token requests.
        token_url: URL of the token endpoint.
        credentials: The connection's credentials.
        access_token_key: Path of the access token in the token response, such as ``data.token``.
        refresh_token_key: Path of the refresh token.
    """

    advice = "the PIM does not accept the token that it has just issued"

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
        basic = f"{credentials.client_id}:{credentials.client_secret}".encode()
        http.secrets.add(credentials.client_secret, credentials.password, b64encode(basic).decode())

    @override
    def access_token(self) -> str:
        """Return the access token, and request a new one if there is none or it expires soon."""
        with self._lock:
            if self._token is None or time.monotonic() >= self._token.usable_until:
                try:
                    self._token = self._renew()
                except PimUnavailable as failure:
                    # Otherwise it would count as a failure of the request that needs the token,
                    # and a 500 as that of a broken item.
                    raise LoginRefused(str(failure)) from failure
            return self._token.access

    @override
    def discard(self, access_token: str) -> None:
        """Do not use a token again. Another thread may have replaced it already."""
        with self._lock:
            if self._token is not None and self._token.access == access_token:
                self._token = _Token(access_token, self._token.refresh, usable_until=0)

    def _renew(self) -> _Token:
        refresh = self._token.refresh if self._token else None
        if refresh:
            try:
                return self._request({"grant_type": "refresh_token", "refresh_token": refresh})
            except RequestRefused:
                # It expired, was revoked, or was used by a try whose response was lost.
                logger.debug("the PIM does not accept the refresh token, logging in again")
        return self._log_in()

    def _log_in(self) -> _Token:
        grant = {
            "grant_type": "password",
            "username": self._credentials.username,
            "password": self._credentials.password,
        }
        try:
            return self._request(grant)
        except RequestRefused as refusal:
            raise LoginRefused(_login_advice(refusal)) from refusal

    def _request(self, grant: Mapping[str, str]) -> _Token:
        # Send the client in the header: PIMs since 4.0 refuse bodies of more than 300 bytes.
        client = (self._credentials.client_id, self._credentials.client_secret)
        body = self._http.send(
            Request(
                "POST",
                self._token_url,
                msgspec.json.Decoder(dict[str, Any]).decode,
                json=grant,
                auth=requests.auth.HTTPBasicAuth(*(part.encode() for part in client)),
            )
        )
        access = _value_at(body, self._access_token_key)
        refresh = _value_at(body, self._refresh_token_key)
        self._http.secrets.add_tokens(*(t for t in (access, refresh) if isinstance(t, str)))
        if not isinstance(access, str) or not access:
            keys = self._http.secrets.redact(", ".join(sorted(body))) or "none"
            msg = (
                f"the PIM's token response has no token at {self._access_token_key!r} "
                f"(its keys: {keys}): correct the setting access_token_key"
            )
            raise LoginRefused(msg)
        lifetime = body.get("expires_in")
        # If the lifetime is unknown, use the token until the PIM responds with 401.
        seconds = lifetime if isinstance(lifetime, (int, float)) else float("inf")
        # Use at least half of it, or a token with a short life would be renewed for each request.
        usable = max(seconds - EXPIRY_LEEWAY, seconds / 2)
        return _Token(
            access,
            refresh if isinstance(refresh, str) else None,
            usable_until=time.monotonic() + usable,
        )


def _value_at(value: Any, dotted_path: str) -> Any:  # noqa: ANN401 (JSON)
    """Return the value at a path such as ``data.token``, or None if there is none."""
    for key in dotted_path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _login_advice(refusal: RequestRefused) -> str:
    """Return what to do about a refused login, based on the PIM's message."""
    message = refusal.message.lower() if refusal.is_from_pim else ""
    if "client" in message:
        cause = "the PIM does not know this client: check the settings client_id and client_secret"
    elif "user" in message:
        cause = "the PIM does not accept this user: check the settings username and password"
    elif refusal.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE:
        cause = "username and password together are longer than the PIM accepts (300 bytes)"
    elif refusal.status == HTTPStatus.NOT_FOUND:
        cause = "there is no Akeneo PIM at this address: check the setting base_url"
    elif not refusal.is_from_pim:
        cause = (
            "a server before the PIM, such as a firewall, refused the request: "
            "have it let the tap through"
        )
    else:
        cause = "check the settings client_id, client_secret, username and password"
    return f"login refused: {cause} ({refusal})"
