"""Say which permission or setting to change when the PIM refuses a request.

The name of the permission is that of the stream, `Resource.permission`.
"""

from __future__ import annotations

import re
from http import HTTPStatus
from typing import TYPE_CHECKING

from tap_akeneo.parameters import LINKED, PARAMETERS, TEXT_IN_QUOTES

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_akeneo.client.errors import RequestRefused
    from tap_akeneo.config.settings import Settings
    from tap_akeneo.parameters import Parameter

ROLE_SCREEN = "System > Roles > the role of the connection > Web API permissions"

OVERALL_ACCESS = "Overall Web API access"
"""The permission that every request needs."""

LIST_CATEGORIES = "List categories"

TOO_LONG_STATUSES = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
}


def may_lack_overall_access(refusal: RequestRefused) -> bool:
    """Return whether the PIM may refuse all requests, not only this one.

    The message is the same if only *List categories* is missing (akeneo/pim-community-dev).
    """
    is_forbidden = refusal.status == HTTPStatus.FORBIDDEN and refusal.is_from_pim
    return is_forbidden and "access the web api" in refusal.message.lower()


def lacks_overall_access(refusal: RequestRefused, permission: str) -> bool:
    """Return whether the PIM refuses all requests."""
    return may_lack_overall_access(refusal) and permission != LIST_CATEGORIES


def lacks_list_permission(refusal: RequestRefused) -> bool:
    """Return whether the role may not list the resource at all, whatever the parent is."""
    is_forbidden = refusal.status == HTTPStatus.FORBIDDEN and refusal.is_from_pim
    return is_forbidden and "not allowed to list" in refusal.message.lower()


def refusal_message(
    refusal: RequestRefused, permission: str, settings: Settings, stream: str
) -> str:
    """Return a line with the PIM's message, then what to do, then the request.

    Args:
        refusal: The refusal.
        permission: The permission that the list needs, as the PIM's role screen names it.
        settings: The settings.
        stream: The stream that needs the list.
    """
    advice = _advice(refusal, permission, settings, stream)
    return f"{refusal.reason}{f' ({advice})' if advice else ''} [{refusal.request}]"


def _advice(refusal: RequestRefused, permission: str, settings: Settings, stream: str) -> str:
    if refusal.status == HTTPStatus.FORBIDDEN:
        if not refusal.is_from_pim:
            return (
                "a server before the PIM, such as a firewall, refused the request: "
                "have it let the tap through"
            )
        names = {permission or OVERALL_ACCESS: None}
        if lacks_overall_access(refusal, permission):
            names = {OVERALL_ACCESS: None}
        elif may_lack_overall_access(refusal):
            names[OVERALL_ACCESS] = None
        shown = " and ".join(f"“{name}”" for name in names)
        return f"permission missing: in the PIM, under {ROLE_SCREEN}, tick {shown}"
    sent = [
        one
        for one in (*LINKED, *PARAMETERS)
        if one.name in refusal.params and one.value(settings, stream)
    ]
    if refusal.status in TOO_LONG_STATUSES:
        longest = max(sent, key=lambda one: len(refusal.params[one.name]), default=None)
        shorten = f": shorten the setting {longest.setting}" if longest else ""
        return f"the URL of the request is too long for the web server{shorten}"
    texts = [(one, one.texts(settings, stream)) for one in sent]
    setting = _setting_at_fault(refusal.message, texts)
    return f"check the setting {setting}" if setting else ""


def _setting_at_fault(message: str, sent: Iterable[tuple[Parameter, set[str]]]) -> str | None:
    """Return the setting that a message is about, or ``None`` if it is about none of them.

    The PIM quotes what it refuses: `Attribute "nope" does not exist.`, `Locales "a, b" do not exist
    or are not activated.`, `Filter on property "x" is not supported…` (recorded on 5.0 to 7.0).

    Args:
        message: The PIM's message.
        sent: The settings in the request, each with the texts in its value.
    """
    quoted = {part for text in TEXT_IN_QUOTES.findall(message) for part in text.split(", ")}
    best, best_score = None, 0
    for one, texts in sent:
        is_named = re.search(one.words, message, flags=re.IGNORECASE) is not None
        score = 2 * bool(quoted & texts) + is_named
        if score > best_score:
            best, best_score = one.setting, score
    return best
