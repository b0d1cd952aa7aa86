"""Pages of the PIM's lists: their items, not yet decoded, and the link to the next page."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar

import msgspec

from tap_akeneo.client.errors import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

Item: TypeAlias = "dict[str, msgspec.Raw]"
"""One item of a list. Its values are not decoded, because most are written as they came."""


class InvalidText(NamedTuple):
    """Characters in the texts of a page that databases reject.

    Attributes:
        nul: Whether the page may contain U+0000.
        broken_text: Number of lone surrogates and of invalid UTF-8 bytes that were replaced.
    """

    nul: bool = True
    broken_text: int = 0


NOT_CHECKED = InvalidText()


@dataclass(frozen=True)
class Page:
    """Some items of a list.

    Attributes:
        items: The items, in the PIM's order.
        size: Size of the response body in bytes.
        invalid_text: Characters that databases reject.
        next_href: The link to the next page of a list that should come in one response.
    """

    items: list[Item]
    size: int
    invalid_text: InvalidText = NOT_CHECKED
    next_href: str | None = None


class _HalLink(msgspec.Struct):
    href: str


class _HalLinks(msgspec.Struct):
    next: _HalLink | None = None


class _HalItems(msgspec.Struct):
    items: list[dict[str, msgspec.Raw]]


class ListDisabled(Exception):
    """The list is disabled in the PIM, which is not an error; the message quotes the PIM."""


class HalPage(msgspec.Struct):
    """A page as the PIM sends it: items and, unless it is the last, a link to the next page."""

    embedded: _HalItems = msgspec.field(name="_embedded")
    links: _HalLinks = msgspec.field(name="_links", default_factory=_HalLinks)
    items_count: int | None = None
    size: int = 0
    invalid_text: InvalidText = NOT_CHECKED

    @classmethod
    def of(cls, pages: Sequence[HalPage], href: str | None = None) -> HalPage:
        """Join several pages into one with this link."""
        items = [item for page in pages for item in page.items]
        invalid_text = InvalidText(
            any(page.invalid_text.nul for page in pages),
            sum(page.invalid_text.broken_text for page in pages),
        )
        counts = [page.items_count for page in pages] or [None]
        return cls(
            _HalItems(items),
            links=_HalLinks(None if href is None else _HalLink(href)),
            size=sum(page.size for page in pages),
            items_count=counts[-1],
            invalid_text=invalid_text,
        )

    @property
    def items(self) -> list[Item]:
        """The items, in the PIM's order."""
        return self.embedded.items

    @property
    def has_link(self) -> bool:
        """Whether the PIM links to a next page."""
        return self.links.next is not None

    @property
    def next_href(self) -> str | None:
        """The link to the next page as the PIM wrote it, or None without a link."""
        return None if self.links.next is None else self.links.next.href


class _OnlyLinks(msgspec.Struct):
    # PHP encodes an empty map as a list.
    links: _HalLinks | list[Any] | None = msgspec.field(name="_links", default=None)


REPLACEMENT = "\ufffd"

MESSAGE_KEYS = ("message", "error", "detail", "errors", "reason")
"""Keys of the message in a response without a list, the best ones first."""

ERROR_KEYS = frozenset({*MESSAGE_KEYS, "code", "status", "type", "title", "instance"})
"""Keys of a response that contains an error and no item."""

MAX_MESSAGE_DEPTH = 4

_escape = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<lone>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)

# Binary floats would lose the last digits of decimals.
decode = msgspec.json.Decoder(float_hook=Decimal).decode
_raw_decoder = msgspec.json.Decoder(msgspec.Raw)
_hal_decoder = msgspec.json.Decoder(HalPage)
_array_decoder = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_item_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _decode_body(decoder: msgspec.json.Decoder[T], body: bytes) -> tuple[T, int, InvalidText]:
    """Decode a body. Return its content, its size and the invalid text in it.

    Raises:
        msgspec.ValidationError: The body has another shape than the decoder expects.
        msgspec.DecodeError: The body is not JSON.
    """
    # rfind takes half the time of find and of `in`.
    invalid_text = InvalidText(nul=body.rfind(b"\\u0000") >= 0)
    try:
        return _decode_valid_text(decoder, body), len(body), invalid_text
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError):
        repaired, times = _replace_broken_text(body)
    return (
        _decode_valid_text(decoder, repaired),
        len(body),
        invalid_text._replace(broken_text=times),
    )


def _decode_valid_text(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    if not body.isascii():
        # msgspec does not check the text of values that stay undecoded.
        body.decode()
    # Singer messages are single lines. A proxy may have put line breaks into the PIM's JSON.
    return decoder.decode(msgspec.json.format(body, indent=-1) if b"\n" in body else body)


def _replace_broken_text(body: bytes) -> tuple[bytes, int]:
    """Replace lone surrogates and invalid UTF-8 bytes; return the body and their number."""
    text = body.decode(errors="replace")
    times = text.count(REPLACEMENT) - body.count(REPLACEMENT.encode())

    def replaced(escape: re.Match[str]) -> str:
        nonlocal times
        if escape["lone"] is None:
            return escape[0]
        times += 1
        return REPLACEMENT

    return _escape.sub(replaced, text).encode(), times


def decode_page(body: bytes) -> HalPage:
    """Decode one page of a paginated list.

    Raises:
        ListDisabled: There is a message instead of a page.
        msgspec.MsgspecError, UnicodeDecodeError: It is not a page. `{}` and `[]` are none either: a
            gateway sends them in front of a PIM that has failed.
    """
    try:
        page, size, invalid_text = _decode_body(_hal_decoder, body)
    except msgspec.ValidationError:
        items, size, invalid_text = _decode_in_other_shape(body)
        page = HalPage(_HalItems(items), _links_in(body))
    page.size, page.invalid_text = size, invalid_text
    return page


def decode_array(body: bytes) -> Page:
    """Decode a list that the PIM sends as one array.

    Raises:
        ListDisabled: There is a message instead of a list.
        msgspec.MsgspecError, UnicodeDecodeError: It is not a list.
    """
    try:
        return Page(*_decode_body(_array_decoder, body))
    except msgspec.ValidationError:
        items, size, invalid_text = _decode_in_other_shape(body)
    following = _links_in(body).next
    return Page(items, size, invalid_text, next_href=None if following is None else following.href)


def decode_single(body: bytes) -> Page:
    """Decode a response that is one item.

    Raises:
        ListDisabled: There is a message instead of an item.
        msgspec.MsgspecError, UnicodeDecodeError: It is not an item.
    """
    try:
        item, size, invalid_text = _decode_body(_item_decoder, body)
    except msgspec.ValidationError:
        return Page(*_decode_in_other_shape(body))
    if item.keys() <= ERROR_KEYS:
        _raise_if_disabled(body)
    if not item:
        msg = "an empty object instead of an item"
        raise msgspec.ValidationError(msg)
    return Page([item], size, invalid_text)


def _decode_in_other_shape(body: bytes) -> tuple[list[Item], int, InvalidText]:
    """Decode items from an array, a page, or an object with numeric keys (a PHP array).

    Only a page may be empty, because something other than the PIM may send `{}` or `[]`.

    Raises:
        ListDisabled: There is a message instead of items.
        msgspec.ValidationError: There is neither.
    """
    content, size, invalid_text = _decode_body(_raw_decoder, body)
    fields = _fields_of(content)
    is_page = False
    if _has(fields, "_embedded"):
        content = fields["_embedded"]
        fields = _fields_of(content)
        # PHP encodes a map without items as an empty list.
        is_page = "items" in fields or not _is_object(content)
    if _has(fields, "items"):
        content = fields["items"]
        fields = _fields_of(content)
    if fields and not all(key.isdecimal() for key in fields):
        _raise_if_disabled(body)
    elif _is_object(content):
        items = [_item_decoder.decode(item) for item in fields.values()]
        return _not_empty(items, is_page=is_page), size, invalid_text
    return _not_empty(_array_decoder.decode(content), is_page=is_page), size, invalid_text


def _not_empty(items: list[Item], *, is_page: bool) -> list[Item]:
    if not items and not is_page:
        msg = "an empty value instead of a page with `_embedded` and `items`"
        raise msgspec.ValidationError(msg)
    return items


def _has(fields: Item, name: str) -> bool:
    return name in fields and bytes(fields[name]) != b"null"


def _is_object(content: msgspec.Raw) -> bool:
    return bytes(content).lstrip().startswith(b"{")


def _fields_of(content: msgspec.Raw) -> Item:
    try:
        return _item_decoder.decode(content)
    except msgspec.ValidationError:
        return {}


def _links_in(body: bytes) -> _HalLinks:
    """Return the links of a page, which may have none.

    Raises:
        msgspec.ValidationError: The link to the next page is unreadable, so the list would end.
    """
    try:
        links = msgspec.json.decode(body, type=_OnlyLinks).links
    except msgspec.ValidationError as failure:
        if not _fields_of(msgspec.Raw(body)):
            return _HalLinks()
        msg = f"the link to the next page is unreadable: {failure}"
        raise msgspec.ValidationError(msg) from None
    return links if isinstance(links, _HalLinks) else _HalLinks()


def _raise_if_disabled(body: bytes) -> None:
    """Raise an error if a response has a message in the place of a list.

    Raises:
        ListDisabled: It has one.
    """
    message = decode(body)
    for _ in range(MAX_MESSAGE_DEPTH):
        if isinstance(message, list) and message:
            message = message[0]
        elif isinstance(message, dict):
            message = next((message[key] for key in MESSAGE_KEYS if message.get(key)), None)
    if isinstance(message, str) and message:
        msg = f"the PIM says: {printable(message)}"
        raise ListDisabled(msg)


def value_of(item: Item, key: str) -> Any:  # noqa: ANN401 (JSON)
    """Return one value of an item, decoded, or None if it is missing or cannot be decoded."""
    try:
        return decode(item[key]) if key in item else None
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
        return None


def objects_in(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401 (JSON)
    """Return the objects in a list, or in a map into which PHP turned the list."""
    if isinstance(value, dict):
        value = list(value.values())
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
