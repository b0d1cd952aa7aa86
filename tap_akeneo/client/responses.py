"""Responses that list items: decoded as far as the tap needs it, and links to the next page."""

from __future__ import annotations

import json
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias, TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec

from tap_akeneo.client.errors import printable

T = TypeVar("T")

Item: TypeAlias = "dict[str, msgspec.Raw]"
"""One item of a list. Its values are not decoded, because most are only passed on."""


@dataclass(frozen=True)
class Page:
    """Some items of a list.

    Attributes:
        items: The items in the PIM's order.
        size: Size of the response body in bytes.
        cursor: Where the list continues after this page, if it is read by cursor.
    """

    items: list[Item]
    size: int
    cursor: str | None = None


class _Link(msgspec.Struct):
    href: str


class _Links(msgspec.Struct):
    next: _Link | None = None


class _Embedded(msgspec.Struct):
    items: list[dict[str, msgspec.Raw]]


class _DisabledCatalog(msgspec.Struct):
    """The PIM's response, with 200, instead of the products of a disabled catalog."""

    error: str = ""


class ListIncomplete(Exception):
    """The list is incomplete. The message says why."""


class ListDisabled(Exception):
    """The list is disabled in the PIM, which is not an error. The message is the PIM's."""


class HalPage(msgspec.Struct):
    """A page of the PIM: items, and a link to the next page if there may be more."""

    embedded: _Embedded = msgspec.field(name="_embedded")
    links: _Links = msgspec.field(name="_links", default_factory=_Links)
    items_count: int | None = None
    size: int = 0

    @classmethod
    def of(cls, items: list[Item], size: int = 0, items_count: int | None = None) -> HalPage:
        """Return a page made of several others, without links."""
        return cls(_Embedded(items), items_count=items_count, size=size)

    @property
    def items(self) -> list[Item]:
        """The items in the PIM's order."""
        return self.embedded.items

    @property
    def has_link(self) -> bool:
        """Whether the PIM links to a next page."""
        return self.links.next is not None

    def cursor(self, parameter: str) -> str | None:
        """Return a query parameter of the link to the next page, or None without a link."""
        if self.links.next is None:
            return None
        query = urlsplit(self.links.next.href).query
        return parse_qs(query, keep_blank_values=True)[parameter][0]


# Decimals keep every digit, which binary floats would not.
decode = msgspec.json.Decoder(float_hook=Decimal).decode
_hal_decoder = msgspec.json.Decoder(HalPage)
_array_decoder = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_single_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _decode(decoder: msgspec.json.Decoder[T], body: bytes) -> tuple[T, int]:
    """Return the decoded body and its size.

    Raises:
        msgspec.DecodeError: The body is not JSON. The message names the item, if possible.
        msgspec.ValidationError: The body is JSON of another structure.
    """
    try:
        if not body.isascii():
            # Values that are only passed on would not be checked later.
            body.decode()
        # Singer messages are one line. The PIM's JSON is too, unless a proxy rewrote it.
        body = msgspec.json.format(body, indent=-1) if b"\n" in body else body
        return decoder.decode(body), len(body)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        msg = f"{fault}{_place_of_fault(body)}"
        raise msgspec.DecodeError(msg) from None


def _place_of_fault(body: bytes) -> str:
    """Return the key and property of a single invalid value, such as a NaN, for a message."""
    try:
        # The standard library accepts such values.
        page = json.loads(body.decode(errors="surrogateescape"))
        embedded = page.get("_embedded", {"items": [page]}) if isinstance(page, dict) else page
        for item in embedded["items"] if isinstance(embedded, dict) else embedded:
            for name, value in item.items():
                if not _is_json(json.dumps(value)):
                    key = next((part for part in item.values() if isinstance(part, str)), "an item")
                    return f" in `{name}` of {printable(key)}"
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        # The body is invalid in another way, so no single value is to blame.
        pass
    return ""


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return False
    return True


def decode_page(body: bytes) -> HalPage:
    """Decode one page of a paginated list."""
    try:
        page, size = _decode(_hal_decoder, body)
    except msgspec.ValidationError:
        if error := msgspec.json.decode(body, type=_DisabledCatalog).error:
            msg = f"skipped, the PIM says: {printable(error)}"
            raise ListDisabled(msg) from None
        raise
    page.size = size
    return page


def decode_array(body: bytes) -> Page:
    """Decode a list without pages, which is one array."""
    return Page(*_decode(_array_decoder, body))


def decode_single(body: bytes) -> Page:
    """Decode a response that is one item."""
    item, size = _decode(_single_decoder, body)
    return Page([item], size)


def value_of(item: Item, key: str) -> Any:  # noqa: ANN401 (JSON)
    """Decode one value of an item. Return None if it is missing."""
    return decode(item[key]) if key in item else None
