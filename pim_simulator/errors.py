"""Errors as the PIM's REST API words them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pim_simulator.json_types import Json

_DOCUMENTATION = "http://api.akeneo.com/"


class ApiError(Exception):
    """An error with an HTTP status and a JSON body.

    Args:
        status: HTTP status.
        message: Text for people.
        more: Further keys of the body.
    """

    def __init__(self, status: int, message: str, **more: Json) -> None:
        """Keep status, message and the rest."""
        super().__init__(message)
        self.status = status
        self.message = message
        self.more = more

    def body(self) -> dict[str, Any]:
        """Return the body of the answer."""
        return {"code": self.status, "message": self.message, **self.more}


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
