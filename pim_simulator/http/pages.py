"""Responses that are a page of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pim_simulator.http.messages import Request, Response, encode, page_response
from pim_simulator.http.paging import (
    Paging,
    decrypt,
    encrypt,
    page_links,
    path_link,
    search_after_links,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_Row = TypeVar("_Row")


def offset_page(
    request: Request,
    paging: Paging,
    items: list[bytes],
    count: int,
    query: Mapping[str, str] | None = None,
) -> Response:
    """Return a numbered page. Its links have the given query, or else that of the request."""
    if query is None:
        defaults = {"page": str(paging.page), "limit": str(paging.limit), "with_count": "false"}
        query = {**defaults, **request.query}
    head: dict[str, Any] = {
        "_links": page_links(request.base, request.path, query, paging, len(items)),
        "current_page": paging.page,
    }
    if paging.with_count:
        head["items_count"] = count
    return page_response(head, items)


def row_page(  # noqa: PLR0913 - a page is made of all that
    request: Request,
    paging: Paging,
    rows: Sequence[_Row],
    *,
    key: Callable[[_Row], str],
    write: Callable[[_Row], dict[str, Any]],
    linked: bool,
) -> Response:
    """Return the requested page of a list.

    Args:
        request: The request.
        paging: Its pagination. Cursors are encrypted, as in all versions with such a list.
        rows: All rows; sorted by their keys if there are cursors.
        key: Returns the key of a row in its path.
        write: Returns the body of a row.
        linked: Whether the items link to themselves.
    """
    start = paging.offset
    if paging.cursor is not None:
        last = decrypt(paging.cursor)
        start = sum(key(row) <= last for row in rows)
    page = rows[start : start + paging.limit]
    items = [
        encode(
            (self_link(request.base, f"{request.path}/{key(row)}") if linked else {}) | write(row)
        )
        for row in page
    ]
    if not paging.search_after:
        return offset_page(request, paging, items, len(rows))
    query = {name: text for name, text in request.query.items() if name != "search_after"}
    following = encrypt(key(page[-1])) if page else None
    links = search_after_links(
        request.base, request.path, query, paging, count=len(items), following=following
    )
    return page_response({"_links": links}, items)


def self_link(base: str, path: str) -> dict[str, Any]:
    """Return the link of an item to itself."""
    return {"_links": {"self": {"href": path_link(base, path)}}}


def cursor_page(  # noqa: PLR0913 - a page is made of all that
    request: Request,
    path: str,
    codes: Sequence[str],
    *,
    size: int,
    repeated: Sequence[str],
    write: Callable[[str], dict[str, Any]],
) -> Response:
    """Return a page of a list that supports only ``search_after`` and takes no ``limit``.

    The cursor is the last code, which does not have to exist. Links have neither ``limit``
    nor ``pagination_type``; there is a next page if this one is full.

    Args:
        request: The request.
        path: Path of the list.
        codes: Codes of the matching items, lower-cased and sorted.
        size: Page size.
        repeated: Query parameters that the links repeat.
        write: Returns the body of a code.
    """
    cursor = request.query.get("search_after")
    after = "" if cursor is None else cursor.lower()
    page = [code for code in codes if cursor is None or code > after][:size]
    bodies = [write(code) for code in page]
    paging = Paging(search_after=True, limit=size, page=1, cursor=cursor, with_count=False)
    query = {name: request.query[name] for name in repeated if name in request.query}
    following = bodies[-1]["code"] if bodies else None
    links = search_after_links(
        request.base, path, query, paging, count=len(bodies), following=following
    )
    return page_response({"_links": links}, [encode(body) for body in bodies])
