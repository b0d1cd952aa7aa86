"""Advice for users when the PIM refuses a request."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_akeneo.client.errors import RequestRefused

ROLE_SCREEN = "System > Roles > the role of the connection > Web API permissions"

_SETTING_BY_PATTERN = (
    # A pattern in the PIM's message, and the settings that its parameter comes from.
    (r"\bscope\b|\bchannel\b", "channel"),
    (r"\blocales?\b", "locales"),
    (
        r"\battributes?\b|\bfilter\b|\bproperty\b|\boperator\b|\bsearch\w*\b",
        "attributes or filters",
    ),
)

TOO_LONG_STATUSES = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
}


def refusal_message(refusal: RequestRefused, permission: str) -> str:
    """Return a line that says what to do, followed by the PIM's own message.

    Args:
        refusal: The refusal.
        permission: The permission that the list needs, as the PIM's role screen names it.
    """
    return f"{_advice(refusal, permission)} ({refusal})"


def _advice(refusal: RequestRefused, permission: str) -> str:
    if refusal.status == HTTPStatus.FORBIDDEN:
        permissions = " and ".join(
            f"“{name}”" for name in (permission, "Overall Web API access") if name
        )
        return f"permission missing: in the PIM, under {ROLE_SCREEN}, tick {permissions}"
    if refusal.status in TOO_LONG_STATUSES:
        return (
            "the URL of the request is too long for the web server: shorten the setting "
            "attributes, locales or filters"
        )
    for pattern, setting in _SETTING_BY_PATTERN:
        if re.search(pattern, refusal.message, flags=re.IGNORECASE):
            return f"the PIM refuses the request: check the setting {setting}"
    return "the PIM refuses the request"
