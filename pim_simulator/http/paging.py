"""Pagination of the PIM's lists: parameters, cursors and links."""

from __future__ import annotations

import base64
import binascii
import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import quote

from pim_simulator.http.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

DEFAULT_LIMIT = 10
HIGHEST_LIMIT = 100
_HIGHEST_INTEGER = 2**63 - 1  # PHP_INT_MAX
RESULT_WINDOW = 10_000  # Elasticsearch's max_result_window

# Symfony leaves these as they are in the query of a generated URL (UrlGenerator).
_RAW_IN_QUERY = "/?@:!;,*-._~"
_RAW_IN_PATH = "/@:;,=+!*|-._~"
_KEY_STREAM = b"\x9b\xe5\x6d\x32"
_NOT_BASE64 = re.compile(r"[^A-Za-z0-9+/]")


@dataclass(frozen=True)
class Paging:
    """The pagination parameters of a request.

    Attributes:
        search_after: Whether the type is ``search_after``.
        limit: Items per page.
        page: Number of the page.
        cursor: Value of ``search_after``.
        with_count: Whether to count the items; only the type ``page`` does.
    """

    search_after: bool
    limit: int
    page: int
    cursor: str | None
    with_count: bool

    @property
    def offset(self) -> int:
        """Number of items before this page."""
        return (self.page - 1) * self.limit


def read_paging(query: Mapping[str, str], *, search_after_allowed: bool) -> Paging:
    """Return the pagination of a request (``PaginationParametersValidator``)."""
    kind = query.get("pagination_type", "page")
    if kind not in ("page", "search_after"):
        raise ApiError(422, "Pagination type does not exist.")
    if kind == "search_after" and not search_after_allowed:
        raise ApiError(422, "Pagination type is not supported.")
    limit = _integer(query.get("limit", str(DEFAULT_LIMIT)), "limit")
    if limit > HIGHEST_LIMIT:
        raise ApiError(422, f"You cannot request more than {HIGHEST_LIMIT} items.")
    if kind == "search_after":
        cursor = query.get("search_after")
        return Paging(search_after=True, limit=limit, page=1, cursor=cursor, with_count=False)
    page = _integer(query.get("page", "1"), "page")
    count = query.get("with_count", "false")
    if count not in ("true", "false"):
        message = (
            'Parameter "with_count" has to be a boolean. Only "true" or "false" allowed, '
            f'"{count}" given.'
        )
        raise ApiError(422, message)
    counts = count == "true"
    return Paging(search_after=False, limit=limit, page=page, cursor=None, with_count=counts)


def _integer(text: str, name: str) -> int:
    """Return a positive number that PHP's ``strval(intval($x))`` leaves unchanged.

    ``intval`` cuts larger ones than ``PHP_INT_MAX``, so they are invalid (recorded).
    """
    digits = text.isascii() and text.isdigit() and not text.startswith("0")
    if not digits or int(text) > _HIGHEST_INTEGER:
        raise ApiError(422, f'"{text}" is not a valid {name} number.')
    return int(text)


def path_link(base: str, path: str) -> str:
    """Return the URL of a path, encoded as by Symfony's router."""
    return base + quote(path, safe=_RAW_IN_PATH)


def list_link(base: str, path: str, query: Mapping[str, str]) -> str:
    """Return the URL of a page."""
    encoded = "&".join(
        f"{quote(name, safe='')}={quote(value, safe=_RAW_IN_QUERY)}"
        for name, value in query.items()
    )
    link = path_link(base, path)
    return f"{link}?{encoded}" if encoded else link


def page_links(
    base: str, path: str, query: Mapping[str, str], paging: Paging, count: int
) -> dict[str, dict[str, str]]:
    """Return the links of an offset page; ``next`` if it is full (``OffsetHalPaginator``)."""

    def at(page: int) -> dict[str, str]:
        return {"href": list_link(base, path, {**query, "page": str(page)})}

    links = {"self": at(paging.page), "first": at(1)}
    if paging.page > 1:
        links["previous"] = at(paging.page - 1)
    if count >= paging.limit:
        links["next"] = at(paging.page + 1)
    return links


def search_after_links(  # noqa: PLR0913 - a link is made of all that
    base: str,
    path: str,
    query: Mapping[str, str],
    paging: Paging,
    *,
    count: int,
    following: str | None,
) -> dict[str, dict[str, str]]:
    """Return the links of a search_after page; ``next`` if it is full."""

    def at(cursor: str | None) -> dict[str, str]:
        after = {} if cursor is None else {"search_after": cursor}
        return {"href": list_link(base, path, {**query, **after})}

    links = {"self": at(paging.cursor), "first": at(None)}
    if count == paging.limit:
        links["next"] = at(following)
    return links


def encrypt(row_id: str) -> str:
    """Return the cursor of a row id, as PIM up to 5.0 encrypts it.

    ``PrimaryKeyEncrypter`` uses a stream cipher with a fixed key, so a cursor has as many
    bytes as the id (recorded on 5.0.118: ``qtU=`` for the tenth row). Only the key differs.
    """
    return base64.b64encode(_xor(row_id.encode())).decode()


def decrypt(cursor: str) -> str:
    """Return the row id in a cursor, or some other text if the cursor was made up.

    PHP's ``base64_decode`` skips characters that it does not know, so ``m`` is an empty id,
    which starts from the beginning, and ``zzzz`` comes after every id (recorded on 5.0.118).
    """
    known = _NOT_BASE64.sub("", cursor)
    usable = known[: len(known) - (len(known) % 4 == 1)]
    try:
        raw = base64.b64decode(usable + "=" * (-len(usable) % 4))
    except binascii.Error:
        return ""
    return _xor(raw).decode("utf-8", "replace")


def _xor(data: bytes) -> bytes:
    return bytes(one ^ key for one, key in zip(data, itertools.cycle(_KEY_STREAM), strict=False))
