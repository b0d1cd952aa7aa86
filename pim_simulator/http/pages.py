"""Responses that are a page of a list."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pim_simulator.http.call import Answer, Call, encode, page_answer
from pim_simulator.http.paging import (
    Paging,
    decrypt,
    encrypt,
    page_links,
    path_link,
    read_paging,
    search_after_links,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence


def offset_page(call: Call, path: str, paging: Paging, items: list[bytes], count: int) -> Answer:
    """Return a numbered page; its links repeat the whole query."""
    query = {"page": str(paging.page), "limit": str(paging.limit), "with_count": "false"}
    head: dict[str, Any] = {
        "_links": page_links(call.base, path, {**query, **call.query}, paging, len(items)),
        "current_page": paging.page,
    }
    if paging.with_count:
        head["items_count"] = count
    return page_answer(head, items)


def numbered_page(  # noqa: PLR0913 - a page is made of all that
    call: Call,
    path: str,
    bodies: Sequence[Mapping[str, Any]],
    *,
    key: str,
    linked: bool = True,
    search_after: bool = False,
) -> Answer:
    """Return the requested page of a list.

    Args:
        call: The request.
        path: Path of the list.
        bodies: All items; sorted by key if `search_after`.
        key: Key of a body that identifies it in its path.
        linked: Whether the items link to themselves.
        search_after: Whether the list supports that pagination type; its cursor is encrypted,
            as all are in the versions that have such a list.
    """
    paging = read_paging(call.query, search_after_allowed=search_after)
    start = paging.offset
    if paging.cursor is not None:
        last = decrypt(paging.cursor) or ""
        start = sum(body[key] <= last for body in bodies)
    page = bodies[start : start + paging.limit]
    items = [
        encode({**self_link(call.base, f"{path}/{body[key]}"), **body} if linked else body)
        for body in page
    ]
    if not paging.search_after:
        return offset_page(call, path, paging, items, len(bodies))
    query = {name: text for name, text in call.query.items() if name != "search_after"}
    following = encrypt(page[-1][key]) if page else None
    links = search_after_links(
        call.base, path, query, paging, count=len(items), following=following
    )
    return page_answer({"_links": links}, items)


def self_link(base: str, path: str) -> dict[str, Any]:
    """Return the link of an item to itself."""
    return {"_links": {"self": {"href": path_link(base, path)}}}


def cursor_page(  # noqa: PLR0913 - a page is made of all that
    call: Call,
    path: str,
    codes: Sequence[str],
    *,
    size: int,
    kept: Sequence[str],
    write: Callable[[str], dict[str, Any]],
) -> Answer:
    """Return a page of a list that supports only ``search_after`` and takes no ``limit``.

    The cursor is the last code, which does not have to exist. Links have neither ``limit``
    nor ``pagination_type``; there is a next page if this one is full.

    Args:
        call: The request.
        path: Path of the list.
        codes: Codes of the matching items, lower-cased and sorted.
        size: Page size.
        kept: Query parameters that the links repeat.
        write: Returns the body of a code.
    """
    cursor = call.query.get("search_after")
    after = "" if cursor is None else cursor.lower()
    page = [code for code in codes if cursor is None or code > after][:size]
    bodies = [write(code) for code in page]
    paging = Paging(search_after=True, limit=size, page=1, cursor=cursor, with_count=False)
    query = {name: call.query[name] for name in kept if name in call.query}
    following = bodies[-1]["code"] if bodies else None
    links = search_after_links(
        call.base, path, query, paging, count=len(bodies), following=following
    )
    return page_answer({"_links": links}, [encode(body) for body in bodies])
