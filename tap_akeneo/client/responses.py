"""What stands on a page of the PIM: its items, not yet decoded, and the way to the next."""

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
"""One item of a list, its values not yet decoded: most are only handed on."""


@dataclass(frozen=True)
class Page:
    """Some items of a list.

    Attributes:
        items: In the PIM's order.
        size: Bytes that they take.
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


class _Told(msgspec.Struct):
    """What the PIM sends, with 200, instead of the products of a disabled catalog."""

    error: str = ""


class ListIncomplete(Exception):
    """The list did not come out as a whole; why."""


class ListDisabled(Exception):
    """The PIM does not show this list, in its words; that is no fault."""


class HalPage(msgspec.Struct):
    """A page as the PIM sends it: the items and, where there may be more, a link to the next."""

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
        """In the PIM's order."""
        return self.embedded.items

    @property
    def has_link(self) -> bool:
        """Whether the PIM links to a next page."""
        return self.links.next is not None

    def cursor(self, parameter: str) -> str | None:
        """The value of one query parameter of the link to the next page."""
        if self.links.next is None:
            return None
        query = urlsplit(self.links.next.href).query
        return parse_qs(query, keep_blank_values=True)[parameter][0]


# Decimals are kept to the last digit; binary floats would not.
decode = msgspec.json.Decoder(float_hook=Decimal).decode
_hal_decoder = msgspec.json.Decoder(HalPage)
_array_decoder = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_single_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _decode(decoder: msgspec.json.Decoder[T], body: bytes) -> tuple[T, int]:
    """What a body says, and its size.

    Raises:
        msgspec.DecodeError: It is not JSON; the place is told where it can be found.
        msgspec.ValidationError: It is not the JSON that it should be.
    """
    try:
        if not body.isascii():
            # What is only handed on would not be looked at again.
            body.decode()
        # On one line, as Singer has it; the PIM's is, unless a proxy writes it anew.
        body = msgspec.json.format(body, indent=-1) if b"\n" in body else body
        return decoder.decode(body), len(body)
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        msg = f"{fault}{_place_of_fault(body)}"
        raise msgspec.DecodeError(msg) from None


def _place_of_fault(body: bytes) -> str:
    """Key and property where one value alone is at fault: half a surrogate, a byte, a NaN."""
    try:
        # Python's own decoder lets such values through.
        page = json.loads(body.decode(errors="surrogateescape"))
        embedded = page.get("_embedded", {"items": [page]}) if isinstance(page, dict) else page
        for item in embedded["items"] if isinstance(embedded, dict) else embedded:
            for name, value in item.items():
                if not _is_json(json.dumps(value)):
                    key = next((part for part in item.values() if isinstance(part, str)), "an item")
                    return f" in `{name}` of {printable(key)}"
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
        # Something else is wrong with it, so there is no one place.
        pass
    return ""


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text)
    except msgspec.DecodeError:
        return False
    return True


def decode_page(body: bytes) -> HalPage:
    """A page of a list that has pages."""
    try:
        page, size = _decode(_hal_decoder, body)
    except msgspec.ValidationError:
        if told := msgspec.json.decode(body, type=_Told).error:
            msg = f"skipped, the PIM says: {printable(told)}"
            raise ListDisabled(msg) from None
        raise
    page.size = size
    return page


def decode_array(body: bytes) -> Page:
    """A list that is one array."""
    return Page(*_decode(_array_decoder, body))


def decode_single(body: bytes) -> Page:
    """One item at an address of its own."""
    item, size = _decode(_single_decoder, body)
    return Page([item], size)


def value_of(item: Item, key: str) -> Any:  # noqa: ANN401 (JSON)
    """One value of an item, decoded; None where it is missing."""
    return decode(item[key]) if key in item else None
