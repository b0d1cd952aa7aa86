"""Errors of the PIM's REST API."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pim_simulator.database.php import Json

_DOCUMENTATION = "http://api.akeneo.com/"


class ApiError(Exception):
    """An error with an HTTP status, a message and further keys of its JSON body."""

    def __init__(self, status: int, message: str, **more: Json) -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.more = more

    def body(self) -> dict[str, Any]:
        """Return the body of the response."""
        return {"code": self.status, "message": self.message, **self.more}

    def headers(self) -> dict[str, str]:
        """Return the headers of the response: every error varies by ``Accept`` (recorded)."""
        return {"vary": "Accept"}


class MethodNotAllowedError(ApiError):
    """A 405, whose ``Allow`` header names the methods of the path (recorded)."""

    def __init__(self, method: str, url: str, allowed: Sequence[str]) -> None:
        self.allow = ", ".join(allowed)
        super().__init__(
            405, f'No route found for "{method} {url}": Method Not Allowed (Allow: {self.allow})'
        )

    @override
    def headers(self) -> dict[str, str]:
        return {**super().headers(), "allow": self.allow}


class AuthenticationRequiredError(ApiError):
    """The 401 of a request without a token up to 6.0 (recorded on 5.0.118 and 6.0.90).

    FOSOAuthServerBundle sends this response itself, so it lacks ``code`` and ``message``.
    """

    _ERROR = "access_denied"
    _DESCRIPTION = "OAuth2 authentication required"

    def __init__(self) -> None:
        super().__init__(401, self._DESCRIPTION)

    @override
    def body(self) -> dict[str, Any]:
        return {"error": self._ERROR, "error_description": self._DESCRIPTION}

    @override
    def headers(self) -> dict[str, str]:
        challenge = (
            f'Bearer realm="Service", error="{self._ERROR}", '
            f'error_description="{self._DESCRIPTION}"'
        )
        return {"www-authenticate": challenge}


def documented(message: str, anchor: str) -> ApiError:
    """Return a 422 that links to the documentation (``DocumentedHttpException``)."""
    return ApiError(422, message, _links={"documentation": {"href": _DOCUMENTATION + anchor}})


def violations(*errors: tuple[str, str]) -> ApiError:
    """Return a 422 of failed validation (``ViolationHttpException``)."""
    return ApiError(
        422,
        "Validation failed.",
        errors=[{"property": name, "message": message} for name, message in errors],
    )


def no_route(method: str, url: str) -> ApiError:
    """Return the 404 of an unknown path."""
    return ApiError(404, f'No route found for "{method} {url}"')


def internal_error() -> ApiError:
    """Return the 500 of an exception that the PIM does not catch (recorded)."""
    return ApiError(500, "Internal Server Error")
