"""What stands on a page of the PIM: its items, not yet decoded, and the way to the next."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias, TypeVar
from urllib.parse import parse_qs, urlsplit

import msgspec

from tap_akeneo.client.errors import printable

if TYPE_CHECKING:
    from collections.abc import Sequence

T = TypeVar("T")

Item: TypeAlias = "dict[str, msgspec.Raw]"
"""One item of a list, its values not yet decoded: most are only handed on."""


class Flaws(NamedTuple):
    """What databases refuse in the texts of a page.

    Attributes:
        nul: Whether there may be U+0000 in it.
        broken_text: How often half a surrogate, or a byte that is not UTF-8, was replaced.
    """

    nul: bool = True
    broken_text: int = 0


UNKNOWN_FLAWS = Flaws()


@dataclass(frozen=True)
class Page:
    """Some items of a list.

    Attributes:
        items: In the PIM's order.
        size: Bytes that they take.
        flaws: What is wrong with their texts.
        cursor: Where the list continues after this page, if it is read by cursor.
    """

    items: list[Item]
    size: int
    flaws: Flaws = UNKNOWN_FLAWS
    cursor: str | None = None


class _Link(msgspec.Struct):
    href: str


class _Links(msgspec.Struct):
    next: _Link | None = None


class _Embedded(msgspec.Struct):
    items: list[dict[str, msgspec.Raw]]


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
    flaws: Flaws = UNKNOWN_FLAWS

    @classmethod
    def of(cls, pages: Sequence[HalPage]) -> HalPage:
        """Return a page made of several others, without links."""
        items = [item for page in pages for item in page.items]
        flaws = Flaws(
            any(page.flaws.nul for page in pages), sum(page.flaws.broken_text for page in pages)
        )
        counts = [page.items_count for page in pages] or [None]
        return cls(
            _Embedded(items),
            size=sum(page.size for page in pages),
            items_count=counts[-1],
            flaws=flaws,
        )

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


class _OnlyLinks(msgspec.Struct):
    links: _Links = msgspec.field(name="_links", default_factory=_Links)


REPLACEMENT = "\ufffd"
_WORDS_IN_ORDER = ("message", "error", "detail", "errors", "reason")
WORDS = frozenset(_WORDS_IN_ORDER)
"""Where an answer without a list may say why."""

BESIDE_WORDS = frozenset({"code", "status", "type", "title", "instance"})
"""What else is in such an answer."""

MAX_DEPTH_OF_WORDS = 4

_escape = re.compile(
    r"\\(?:u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    r"|(?P<half>u[dD][89a-fA-F][0-9a-fA-F]{2})|.)"
)

# Decimals are kept to the last digit; binary floats would not.
decode = msgspec.json.Decoder(float_hook=Decimal).decode
_raw_decoder = msgspec.json.Decoder(msgspec.Raw)
_hal_decoder = msgspec.json.Decoder(HalPage)
_array_decoder = msgspec.json.Decoder(list[dict[str, msgspec.Raw]])
_item_decoder = msgspec.json.Decoder(dict[str, msgspec.Raw])


def _decode(decoder: msgspec.json.Decoder[T], body: bytes) -> tuple[T, int, Flaws]:
    """Decode a body, and tell its size and what is wrong with its texts.

    Raises:
        msgspec.DecodeError: It is not JSON; the message tells the place if it can be found.
        msgspec.ValidationError: It is not the JSON that it should be.
    """
    # From the end, which takes Python half as long.
    flaws = Flaws(nul=body.rfind(b"\\u0000") >= 0)
    try:
        return _decode_sound(decoder, body), len(body), flaws
    except msgspec.ValidationError:
        raise
    except (msgspec.DecodeError, UnicodeDecodeError) as fault:
        mended, times = _with_sound_text(body)
        try:
            return _decode_sound(decoder, mended), len(body), flaws._replace(broken_text=times)
        except msgspec.ValidationError:
            raise
        except msgspec.DecodeError:
            msg = f"{fault}{_place_of_fault(body)}"
        raise msgspec.DecodeError(msg) from None


def _decode_sound(decoder: msgspec.json.Decoder[T], body: bytes) -> T:
    if not body.isascii():
        # What is only handed on would not be looked at again.
        body.decode()
    # On one line, as Singer has it; the PIM's is, unless a proxy writes it anew.
    return decoder.decode(msgspec.json.format(body, indent=-1) if b"\n" in body else body)


def _with_sound_text(body: bytes) -> tuple[bytes, int]:
    """Replace halves of surrogates and bytes that are not UTF-8; return how many there were."""
    text = body.decode(errors="replace")
    times = text.count(REPLACEMENT) - body.count(REPLACEMENT.encode())

    def sound(escape: re.Match[str]) -> str:
        nonlocal times
        if escape["half"] is None:
            return escape[0]
        times += 1
        return REPLACEMENT

    return _escape.sub(sound, text).encode(), times


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
    """Decode a page of a list that has pages."""
    try:
        page, size, flaws = _decode(_hal_decoder, body)
    except msgspec.ValidationError:
        items, size, flaws = _decode_in_other_shape(body)
        page = HalPage(_Embedded(items), _links_in(body))
    page.size, page.flaws = size, flaws
    return page


def decode_array(body: bytes) -> Page:
    """Decode a list that is one array."""
    try:
        return Page(*_decode(_array_decoder, body))
    except msgspec.ValidationError:
        return Page(*_decode_in_other_shape(body))


def decode_single(body: bytes) -> Page:
    """Decode one item at an address of its own."""
    try:
        item, size, flaws = _decode(_item_decoder, body)
    except msgspec.ValidationError:
        return Page(*_decode_in_other_shape(body))
    if item.keys() <= WORDS | BESIDE_WORDS and (words := words_in(body)):
        raise ListDisabled(words)
    return Page([item], size, flaws)


def _decode_in_other_shape(body: bytes) -> tuple[list[Item], int, Flaws]:
    """Decode items from an array, a page, or an object with numbers for keys (a PHP array).

    Raises:
        ListDisabled: There are words in place of the items.
        msgspec.ValidationError: There is neither.
    """
    content, size, flaws = _decode(_raw_decoder, body)
    fields = _fields(content)
    for wrapper in ("_embedded", "items"):
        if wrapper in fields and bytes(fields[wrapper]) != b"null":
            content = fields[wrapper]
            fields = _fields(content)
    if fields and not all(key.isdecimal() for key in fields):
        if words := words_in(body):
            raise ListDisabled(words)
        return _array_decoder.decode(content), size, flaws
    if fields or bytes(content) == b"{}":
        return [_item_decoder.decode(item) for item in fields.values()], size, flaws
    return _array_decoder.decode(content), size, flaws


def _fields(content: msgspec.Raw) -> Item:
    try:
        return _item_decoder.decode(content)
    except msgspec.ValidationError:
        return {}


def _links_in(body: bytes) -> _Links:
    try:
        return msgspec.json.decode(body, type=_OnlyLinks).links
    except msgspec.ValidationError:
        # PHP writes an empty map as a list.
        return _Links()


def words_in(body: bytes | msgspec.Raw) -> str:
    """Return what an answer says in place of a list; empty where it says nothing."""
    told = decode(body)
    for _ in range(MAX_DEPTH_OF_WORDS):
        if isinstance(told, list) and told:
            told = told[0]
        elif isinstance(told, dict):
            told = next((told[name] for name in _WORDS_IN_ORDER if told.get(name)), None)
    return f"skipped, the PIM says: {printable(told)}" if isinstance(told, str) and told else ""


def value_of(item: Item, key: str) -> Any:  # noqa: ANN401 (JSON)
    """Return one value of an item, decoded; None where it is missing or cannot be read."""
    try:
        return decode(item[key]) if key in item else None
    except (msgspec.MsgspecError, ValueError, ArithmeticError, RecursionError):
        return None


def objects_in(value: Any) -> list[dict[str, Any]]:  # noqa: ANN401 (JSON)
    """Return the objects of a list, also where PHP makes a map of it."""
    if isinstance(value, dict):
        value = list(value.values())
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
