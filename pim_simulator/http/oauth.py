"""The PIM's OAuth 2: password and refresh_token grants; failures are 422s."""

from __future__ import annotations

import base64
import binascii
import secrets
import threading
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from pim_simulator.http.errors import ApiError
from pim_simulator.http.messages import parse_json

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pim_simulator.database.clock import Clock

REFRESH_TOKEN_LIFETIME = 14 * 86_400
_LARGEST_BODY = 300
_WRONG_CLIENT = (
    'Parameter "client_id" is missing or does not match any client, or secret is invalid'
)
_MISSING = 'Parameter "grant_type", "username" or "password" is missing, empty or invalid'
_MISSING_REFRESH = 'Parameter "grant_type" or "refresh_token" is missing or empty'
_WRONG_GRANT = "This grant type is not authorized for this client"
# What oauth2-php takes for a grant type; extension grants are URIs.
_OTHER_GRANTS = ("authorization_code", "token", "client_credentials")


class Tokens:
    """The issued tokens.

    Attributes:
        app: The permanent token of an app.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        # Apps get one token that does not expire (api.akeneo.com, apps, authentication).
        self.app = base64.b64encode(secrets.token_hex(32).encode()).decode().rstrip("=")
        self._access: dict[str, float] = {}
        self._refresh: dict[str, float] = {}

    def grant(self, lifetime: float) -> dict[str, Any]:
        """Issue a pair of tokens; return the body of the response."""
        access = base64.b64encode(secrets.token_hex(32).encode()).decode().rstrip("=")
        refresh = base64.b64encode(secrets.token_hex(32).encode()).decode().rstrip("=")
        now = self._clock.now().timestamp()
        with self._lock:
            self._access[access] = now + lifetime
            self._refresh[refresh] = now + REFRESH_TOKEN_LIFETIME
        return {
            "access_token": access,
            "expires_in": int(lifetime),
            "token_type": "bearer",
            "scope": None,
            "refresh_token": refresh,
        }

    def use_refresh(self, token: str) -> bool:
        """Revoke a refresh token; return whether it was valid."""
        with self._lock:
            expires = self._refresh.pop(token, 0.0)
        return expires > self._clock.now().timestamp()

    def check_access(self, token: str) -> None:
        """Raise the 401 of a token that is unknown or has expired."""
        if token == self.app:
            return
        with self._lock:
            expires = self._access.get(token)
        if expires is None:
            raise ApiError(401, "The access token provided is invalid.")
        if expires <= self._clock.now().timestamp():
            raise ApiError(401, "The access token provided has expired.")

    def expire_access(self) -> None:
        """Expire every access token issued so far."""
        with self._lock:
            self._access = dict.fromkeys(self._access, 0.0)

    def revoke_refresh(self) -> None:
        """Revoke every refresh token issued so far."""
        with self._lock:
            self._refresh.clear()


class TokenEndpoint:
    """Answers ``POST /api/oauth/v1/token``."""

    def __init__(self, tokens: Tokens, credentials: Mapping[str, str]) -> None:
        self._tokens = tokens
        self._credentials = credentials

    def answer(self, headers: Mapping[str, str], content: bytes, lifetime: float) -> dict[str, Any]:
        """Return the body of the response, or raise an `ApiError`."""
        kind = headers.get("content-type", "").split(";")[0].strip()
        allowed = ("application/json", "application/x-www-form-urlencoded")
        if not kind:
            message = (
                'The "Content-Type" header is missing. '
                f'"{allowed[0]}" or "{allowed[1]}" has to be specified as value.'
            )
            raise ApiError(415, message)
        if kind not in allowed:
            message = (
                f'"{kind}" in "Content-Type" header is not valid. '
                f'Only "{allowed[0]}" or "{allowed[1]}" are allowed.'
            )
            raise ApiError(415, message)
        if len(content) > _LARGEST_BODY:  # since 4.0 (CheckRequestContentSizeSubscriber)
            message = f"Request content exceeded the maximum allowed size of {_LARGEST_BODY} bytes"
            raise ApiError(413, message)
        given = _fields(kind, content)
        self._check_client(headers, given)
        return self._grant(given, lifetime)

    def _grant(self, given: Mapping[str, str], lifetime: float) -> dict[str, Any]:
        """Issue tokens for a grant (``TokenController``, messages recorded on all versions)."""
        grant = given.get("grant_type", "")
        if grant == "password":
            if not given.get("username") or not given.get("password"):
                raise ApiError(422, _MISSING)
            known = self._credentials
            if (given["username"], given["password"]) != (known["username"], known["password"]):
                raise ApiError(422, "No user found for the given username and password")
        elif grant == "refresh_token":
            if not given.get("refresh_token"):
                raise ApiError(422, _MISSING_REFRESH)
            if not self._tokens.use_refresh(given["refresh_token"]):
                raise ApiError(422, "Refresh token is invalid or has expired")
        else:
            raise ApiError(422, _WRONG_GRANT if grant in _OTHER_GRANTS else _MISSING)
        return self._tokens.grant(lifetime)

    def _check_client(self, headers: Mapping[str, str], given: Mapping[str, str]) -> None:
        client, secret = given.get("client_id", ""), given.get("client_secret", "")
        scheme, _, encoded = headers.get("authorization", "").partition(" ")
        if scheme.lower() == "basic":
            try:
                client, _, secret = base64.b64decode(encoded, validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError):
                client = secret = ""
        known = self._credentials
        if (client, secret) != (known["client_id"], known["client_secret"]):
            raise ApiError(422, _WRONG_CLIENT)


def _fields(kind: str, content: bytes) -> dict[str, str]:
    """Return the parameters in a body; a JSON list has none (FOSRestBundle's ``BodyListener``)."""
    if kind == "application/x-www-form-urlencoded":
        return dict(parse_qsl(content.decode("utf-8", "replace"), keep_blank_values=True))
    fields = parse_json(content)
    if isinstance(fields, list):
        return {}
    if not isinstance(fields, dict):
        raise ApiError(400, "Invalid json message received")
    return {name: value for name, value in fields.items() if isinstance(value, str)}
