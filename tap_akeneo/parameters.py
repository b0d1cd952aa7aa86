"""The settings that become query parameters of lists.

One table says what each of them sends, for the requests, for the fingerprints of the rows, and for
the advice when the PIM refuses a request.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any, Final, NamedTuple

from tap_akeneo.config.schema import QUERY_SWITCHES

if TYPE_CHECKING:
    from collections.abc import Callable

    from tap_akeneo.config.settings import Settings

SEARCH: Final = "search"
"""The query parameter for conditions, of the user and of bookmarks."""

TEXT_IN_QUOTES: Final = re.compile(r'"([^"]*)"')


class Parameter(NamedTuple):
    """A setting that becomes a query parameter of lists.

    Attributes:
        setting: Name of the setting.
        name: Name of the query parameter.
        words: A pattern for the PIM's words for it.
        value: Returns the setting for a stream: JSON, and nothing or empty if it is not set.
    """

    setting: str
    name: str
    words: str
    value: Callable[[Settings, str], Any]

    def text(self, settings: Settings, stream: str) -> str:
        """Return what is sent; empty if the setting is not set."""
        value = self.value(settings, stream) or ""
        return value if isinstance(value, str) else ",".join(value)

    def row_input(self, settings: Settings, stream: str) -> Any:  # noqa: ANN401 (JSON)
        """Return what shapes the rows of a stream. The order of several values does not."""
        value = self.value(settings, stream)
        return sorted(value) if isinstance(value, tuple) else value

    def texts(self, settings: Settings, stream: str) -> set[str]:
        """Return what the PIM may quote when it refuses the parameter."""
        value = self.value(settings, stream)
        return {self.setting, *TEXT_IN_QUOTES.findall(json.dumps(value))}


def _switch(name: str) -> Parameter:
    return Parameter(name, name, name, lambda settings, _: settings.switches.get(name))


_CHANNEL_WORDS = r"\b(scope|channel)\b"

_ENTITIES, _TYPES = "updated_including_linked_entities", "updated_including_linked_type"

LINKED: Final = (
    Parameter(_ENTITIES, SEARCH, _ENTITIES, lambda settings, _: settings.linked_entities),
    Parameter(_TYPES, SEARCH, _TYPES, lambda settings, _: settings.linked_types),
)
"""What the date filter of products and product models sends."""

PARAMETERS: Final = (
    *map(_switch, QUERY_SWITCHES),
    Parameter("locales", "locales", r"\blocales?\b", lambda settings, _: settings.locales),
    Parameter("channel", "scope", _CHANNEL_WORDS, lambda settings, _: settings.channel),
    Parameter("channel", "channel", _CHANNEL_WORDS, lambda settings, _: settings.channel),
    Parameter(
        "attributes", "attributes", r"\battributes?\b", lambda settings, _: settings.attributes
    ),
    Parameter(
        "filters",
        SEARCH,
        r"\b(filters?|property|operator|object|categor(y|ies)|famil(y|ies)|search\w*)\b",
        lambda settings, stream: settings.filters.get(stream),
    ),
)
"""What lists can have, in the order in which a message is matched with them.

`Locale "ja_JP" is not activated for the scope "print"` fits two settings. It is about the first of
them, the locale.
"""
