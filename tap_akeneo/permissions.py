"""Say which permission or setting to change when the PIM refuses a request.

The name of the permission is that of the stream, `Resource.permission`.
"""

from __future__ import annotations

import json
import re
from http import HTTPStatus
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tap_akeneo.client.errors import RequestRefused
    from tap_akeneo.config.settings import Settings

ROLE_SCREEN = "System > Roles > the role of the connection > Web API permissions"

OVERALL_ACCESS = "Overall Web API access"
"""The permission that every request needs."""

LIST_CATEGORIES = "List categories"

TOO_LONG_STATUSES = {
    HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
    HTTPStatus.REQUEST_URI_TOO_LONG,
    HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE,
}

_TEXT_IN_QUOTES = re.compile(r'"([^"]*)"')

_FILTER_WORDS = r"\b(filters?|property|operator|object|categor(y|ies)|famil(y|ies)|search\w*)\b"
"""The PIM's words for conditions of the parameter ``search``."""


class _SentSetting(NamedTuple):
    """A setting that shapes a request.

    Attributes:
        name: Its name.
        parameter: The query parameter that it becomes.
        words: A pattern for the PIM's words for it.
        values: The texts in its value.
    """

    name: str
    parameter: str
    words: str
    values: frozenset[str]


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
    sent = _sent_settings(refusal, settings, stream)
    if refusal.status in TOO_LONG_STATUSES:
        longest = max(
            sent, key=lambda one: len(refusal.params.get(one.parameter, "")), default=None
        )
        shorten = f": shorten the setting {longest.name}" if longest else ""
        return f"the URL of the request is too long for the web server{shorten}"
    setting = _setting_at_fault(refusal.message, sent)
    return f"check the setting {setting}" if setting else ""


def _setting_at_fault(message: str, sent: list[_SentSetting]) -> str | None:
    """Return the setting that a message is about, or ``None`` if it is about none of them.

    The PIM quotes what it refuses: `Attribute "nope" does not exist.`, `Locales "a, b" do not exist
    or are not activated.`, `Filter on property "x" is not supported…` (recorded on 5.0 to 7.0).
    """
    quoted = {part for text in _TEXT_IN_QUOTES.findall(message) for part in text.split(", ")}
    best, best_score = None, 0
    for one in sent:
        is_named = re.search(one.words, message, flags=re.IGNORECASE) is not None
        score = 2 * bool(quoted & one.values) + is_named
        if score > best_score:
            best, best_score = one.name, score
    return best


def _sent_settings(refusal: RequestRefused, settings: Settings, stream: str) -> list[_SentSetting]:
    """Return the settings in a request, in the order in which they are blamed.

    `Locale "ja_JP" is not activated for the scope "print"` fits two settings. It is about the first
    of them, the locale.
    """
    own_names = list(settings.switches)
    if settings.linked_entities:
        own_names.append("updated_including_linked_entities")
    if settings.linked_types:
        own_names.append("updated_including_linked_type")
    channel = [settings.channel] if settings.channel else []
    # All keys and texts of the JSON.
    filters = _TEXT_IN_QUOTES.findall(json.dumps(settings.filters.get(stream, {})))
    known: list[tuple[str, str, str, Iterable[str]]] = [
        *((name, "search" if "updated" in name else name, name, [name]) for name in own_names),
        ("locales", "locales", r"\blocales?\b", settings.locales),
        ("channel", "scope", r"\b(scope|channel)\b", channel),
        ("channel", "channel", r"\b(scope|channel)\b", channel),
        ("attributes", "attributes", r"\battributes?\b", settings.attributes),
        ("filters", "search", _FILTER_WORDS, filters),
    ]
    return [
        _SentSetting(name, parameter, words, frozenset(values))
        for name, parameter, words, values in known
        if values and parameter in refusal.params
    ]
