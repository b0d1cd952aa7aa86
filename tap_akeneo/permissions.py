"""What a person can do when the PIM refuses a list, by what it says."""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tap_akeneo.client.errors import RequestRefused

ROLE_SCREEN = "System > Roles > the role of the connection > Web API permissions"

_SETTING_BY_WORDS = (
    # The PIM's words for a parameter, and the settings that it is made of.
    (r"\bscope\b|\bchannel\b", "channel"),
    (r"\blocales?\b", "locales"),
    (
        r"\battributes?\b|\bfilter\b|\bproperty\b|\boperator\b|\bsearch\w*\b",
        "attributes or filters",
    ),
)

TOO_LONG = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
}


def advice(refusal: RequestRefused, permission: str) -> str:
    """One line on a refusal: what to do, with the PIM's own words behind it.

    Args:
        refusal: What the PIM refused.
        permission: What to tick in the PIM's role for this list.
    """
    return f"{_advice(refusal, permission)} ({refusal})"


def _advice(refusal: RequestRefused, permission: str) -> str:
    if refusal.status == HTTPStatus.FORBIDDEN:
        wanted = " and ".join(
            f"“{name}”" for name in (permission, "Overall Web API access") if name
        )
        return f"permission missing: in the PIM, under {ROLE_SCREEN}, tick {wanted}"
    if refusal.status in TOO_LONG:
        return (
            "the address of the request is too long for the web server: shorten the setting "
            "attributes, locales or filters"
        )
    for words, setting in _SETTING_BY_WORDS:
        if re.search(words, refusal.message, flags=re.IGNORECASE):
            return f"the PIM refuses the request: check the setting {setting}"
    return "the PIM refuses the request"
