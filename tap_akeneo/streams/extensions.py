"""UI extensions and HTTP hooks (SaaS), without their secrets."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from typing_extensions import override

from tap_akeneo.client.responses import value_of
from tap_akeneo.pagination.base import Pagination
from tap_akeneo.streams.base import AkeneoStream

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from tap_akeneo.client.responses import Item

SECRET = re.compile(
    r"secret|token|passw|pwd|credential|key|authori[sz]ation|headers|custom_variables",
    re.IGNORECASE,
)


class WithSecrets(AkeneoStream):
    """A list whose items hold secrets: only what the schema names is handed on.

    So a field that a newer version of the PIM adds is not kept here, as nobody knows what is in it.
    """

    since = "SaaS"
    pagination = Pagination.ARRAY

    @override
    def items(self, item: Item) -> Iterable[Mapping[str, Any]]:
        known = self.schema["properties"].keys() & item.keys()
        yield {key: without_secrets(value_of(item, key)) for key in known}


class UiExtensions(WithSecrets):
    """UI extensions that this connection or app has made."""

    name = "ui_extensions"
    path = "ui-extensions"
    primary_keys = ("uuid",)


class HttpHooks(WithSecrets):
    """HTTP hooks."""

    name = "http_hooks"
    path = "http-hook"
    primary_keys = ("hookType",)


def without_secrets(value: Any) -> Any:  # noqa: ANN401 (JSON)
    """A value without what its names call secret and without queries in addresses, at any depth."""
    if isinstance(value, dict):
        return {
            key: without_secrets(inner) for key, inner in value.items() if not SECRET.search(key)
        }
    if isinstance(value, list):
        return [without_secrets(inner) for inner in value]
    return without_query(value) if isinstance(value, str) and "://" in value else value


def without_query(url: str) -> str | None:
    """An address without query, fragment and user; None for what is no address."""
    try:
        parts = urlsplit(url)
    except ValueError:
        return None
    host = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=host, query="", fragment="").geturl()
