"""The links of the PIM from one page of a list to the next."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

from tap_akeneo.client.errors import printable
from tap_akeneo.client.http_request import MAX_SHOWN_URL, shortened
from tap_akeneo.pagination.slices import ListFailed

CURSOR = "search_after"


@dataclass(frozen=True)
class Link:
    """What a ``next`` link adds to the request for the first page.

    Only the cursor is taken, because links carry wrong hosts behind proxies, and lose parameters.

    Attributes:
        parameter: The query parameter, ``search_after`` or ``page``.
        value: Its value.
    """

    parameter: str
    value: str

    @classmethod
    def in_href(cls, href: str) -> Link:
        """Return the cursor in a link.

        Raises:
            ListFailed: The link has none.
        """
        query = {}
        with suppress(ValueError):
            query = parse_qs(urlsplit(href).query, keep_blank_values=True)
        for parameter in (CURSOR, "page"):
            if parameter in query:
                return cls(parameter, query[parameter][0])
        shown = printable(shortened(href, MAX_SHOWN_URL))
        msg = f"the link to the next page has neither {CURSOR} nor page: {shown!r}"
        raise ListFailed(msg)
