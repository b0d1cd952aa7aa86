"""What stands on a page of the PIM: its items, not yet decoded, and the way to the next."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeAlias
from urllib.parse import parse_qs, urlsplit

import msgspec

from tap_akeneo.errors import printable

Item: TypeAlias = "dict[str, msgspec.Raw]"
"""One item of a list, its values not yet decoded: most are only handed on."""


@dataclass(frozen=True)
class Page:
    """Some items of a list.

    Attributes:
        items: In the PIM's order.
        size: Bytes that they take.
    """

    items: list[Item]
    size: int


class _Link(msgspec.Struct):
    href: str


class _Links(msgspec.Struct):
    next: _Link | None = None


class _Embedded(msgspec.Struct):
    items: list[dict[str, msgspec.Raw]]


class _Told(msgspec.Struct):
    """What the PIM sends, with 200, instead of the products of a disabled catalog."""

    error: str = ""


class ListIncomplete(Exception):
    """The list did not come out as a whole; why."""


class HalPage(msgspec.Struct):
    """A page as the PIM sends it: the items and, where there may be more, a link to the next."""

    embedded: _Embedded = msgspec.field(name="_embedded")
    links: _Links = msgspec.field(name="_links", default_factory=_Links)
    items_count: int | None = None
    size: int = 0

    @property
    def items(self) -> list[Item]:
        """In the PIM's order."""
        return self.embedded.items

    def cursor(self, parameter: str) -> str | None:
        """The value of one query parameter of the link to the next page."""
        if self.links.next is None:
            return None
        query = urlsplit(self.links.next.href).query
        return parse_qs(query, keep_blank_values=True)[parameter][0]


# Decimals are kept to the last digit; binary floats would not.
_value_decoder = msgspec.json.Decoder(float_hook=Decimal)
_hal_decoder = msgspec.json.Decoder(HalPage)
_array_decoder = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_single_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _compact(body: bytes) -> bytes:
    """JSON on one line, as Singer has it; the PIM's is, unless a proxy writes it anew.

    Raises:
        UnicodeDecodeError: It is not UTF-8; what is only handed on would not be looked at again.
    """
    if not body.isascii():
        body.decode()
    return msgspec.json.format(body, indent=-1) if b"\n" in body else body


def decode_page(body: bytes) -> HalPage:
    """A page of a list that has pages."""
    body = _compact(body)
    try:
        page = _hal_decoder.decode(body)
    except msgspec.ValidationError:
        if told := msgspec.json.decode(body, type=_Told).error:
            msg = f"skipped, the PIM says: {printable(told)}"
            raise ListIncomplete(msg) from None
        raise
    page.size = len(body)
    return page


def decode_array(body: bytes) -> Page:
    """A list that is one array."""
    return Page(_array_decoder.decode(_compact(body)), len(body))


def decode_single(body: bytes) -> Page:
    """One item at an address of its own."""
    return Page([_single_decoder.decode(_compact(body))], len(body))


def value_of(item: Item, key: str) -> Any:  # noqa: ANN401 (JSON)
    """One value of an item, decoded; None where it is missing."""
    return _value_decoder.decode(item[key]) if key in item else None
