"""UI extensions and HTTP hooks (SaaS), without their secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from typing_extensions import override

from tap_akeneo.client.responses import value_of
from tap_akeneo.pagination.request import Pagination
from tap_akeneo.streams.base import AkeneoStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_akeneo.client.responses import Item

SECRET_NAME = re.compile(
    r"secret|token|passw|pwd|credential|key|authori[sz]ation|headers|custom_variables",
    re.IGNORECASE,
)


class RedactedStream(AkeneoStream):
    """A list whose items contain secrets, so that only properties in the schema are read.

    ``additional_fields`` stays empty, because fields of later PIM versions could be secret.
    """

    since = "SaaS"
    pagination = Pagination.ARRAY

    @override
    def items(self, item: Item) -> Iterable[Mapping[str, Any]]:
        known = self.schema["properties"].keys() & item.keys()
        yield {key: redact(value_of(item, key)) for key in known}


class UiExtensions(RedactedStream):
    """UI extensions that this connection or app has created."""

    name = "ui_extensions"
    path = "ui-extensions"
    primary_keys = ("uuid",)


class HttpHooks(RedactedStream):
    """HTTP hooks."""

    name = "http_hooks"
    path = "http-hook"
    primary_keys = ("hookType",)


def redact(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """Remove keys that sound secret, and the queries of URLs, at any depth."""
    if isinstance(value, dict):
        return {key: redact(inner) for key, inner in value.items() if not SECRET_NAME.search(key)}
    if isinstance(value, list):
        return [redact(inner) for inner in value]
    return without_query(value) if isinstance(value, str) and "://" in value else value


def without_query(url: str) -> str | None:
    """Return a URL without its query, fragment and user, or None if it is invalid."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query="", fragment="").geturl()
