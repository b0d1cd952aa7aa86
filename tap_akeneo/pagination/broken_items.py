"""Getting past an item that the PIM cannot write.

One broken product makes every page that holds it a 500 (#10066, #10573). The page is halved until
the product is alone; its neighbours come out, and it is named.
"""

from __future__ import annotations

from http import HTTPStatus
from itertools import chain, takewhile
from typing import TYPE_CHECKING, Protocol
from uuid import UUID

from tap_akeneo.client.errors import ItemBroken, PimUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tap_akeneo.client.responses import HalPage

LAST_UUID = (1 << 128) - 1
FIRST_STEP = 1 << 96
"""Between two of four billion random uuids that is the usual distance."""

LAST_CODE_POINT = 0x10FFFF
SURROGATES = range(0xD800, 0xE000)


def _code_points() -> Iterator[int]:
    """Code points, each an eighth larger than the one before: from a letter to one near it."""
    code = ord(" ")
    while code < LAST_CODE_POINT:
        yield code
        code += code // 8
    yield LAST_CODE_POINT


CODE_POINTS = tuple(_code_points())


class Ask(Protocol):
    """Asks for the page of so many items behind a cursor."""

    def __call__(
        self, limit: int, cursor: str | None, /, *, gives_up_on_500: bool = False
    ) -> HalPage:
        """Asks."""


class Isolation:
    """Asks for smaller pages while a larger one fails.

    Args:
        ask: Asks for a page.
        key: The property that the cursor is made of; None where only the PIM can make one.
        most: Items of a usual page.

    Attributes:
        broken: Keys of the items that were stepped over.
    """

    def __init__(self, ask: Ask, key: str | None, most: int) -> None:
        self._ask = ask
        self._key = key
        self._most = most
        self.broken: list[str] = []

    def page(self, failure: PimUnavailable, cursor: str | None) -> HalPage:
        """The largest page that comes out behind a cursor; items that are broken are left out.

        Args:
            failure: What the usual page ended in.
            cursor: Where it began.

        Raises:
            ItemBroken: The broken item cannot be stepped over.
            PimUnavailable: The failure is another.
        """
        if failure.status != HTTPStatus.INTERNAL_SERVER_ERROR:
            raise failure
        while True:
            # Sizes of a page that shows nothing, as all on it is gone from SQL, and of one that
            # has the broken item.
            shows_nothing, fails = 0, self._most
            while fails - shows_nothing > 1:
                size = (shows_nothing + fails) // 2
                page = self._page_or_none(size, cursor)
                if page is None:
                    fails = size
                elif page.items:
                    return page
                else:
                    shows_nothing = size
            cursor = self._find(failure, cursor, fails)
            self.broken.append(cursor)
            if (page := self._page_or_none(self._most, cursor)) is not None:
                return page

    def _page_or_none(self, size: int, cursor: str | None) -> HalPage | None:
        """A page, None where it is a 500 too."""
        try:
            return self._ask(size, cursor, gives_up_on_500=True)
        except PimUnavailable as failure:
            if failure.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            return None

    def _find(self, failure: PimUnavailable, cursor: str | None, size: int) -> str:
        """The key of the item behind a cursor: the first cursor that leads past it.

        Nothing else lies between the two, so each key before the item's own leads to it, and
        fails. What is asked for lies as near as can be, not to reach another broken item behind
        good ones.
        """

        def leads_past(key: str) -> bool:
            return self._page_or_none(size, key) is not None

        where = f"the item after {cursor!r}" if cursor else "the first item"
        if self._key is None:
            reason = (
                f"{failure.reason}, for the page with {where} and for a page of that item alone; "
                "if the rest of the PIM answers, have that item repaired or deleted in the PIM"
            )
            raise ItemBroken(failure.request, reason, failure.status) from failure
        last = str(UUID(int=LAST_UUID)) if self._key == "uuid" else chr(LAST_CODE_POINT)
        if not leads_past(last):
            # Not even an empty page comes out, so it is not for one item.
            raise failure
        if self._key == "uuid":
            return _first_uuid_past(cursor, leads_past)
        return _first_text_past((cursor or "").lower(), leads_past)


def _first_uuid_past(cursor: str | None, leads_past: Callable[[str], bool]) -> str:
    before = UUID(cursor).int if cursor else -1
    steps = (before + (FIRST_STEP << doubled) for doubled in range(LAST_UUID.bit_length()))
    places = chain(takewhile(lambda place: place < LAST_UUID, steps), [LAST_UUID])
    return str(UUID(int=_first(lambda number: leads_past(str(UUID(int=number))), before, places)))


def _first_text_past(before: str, leads_past: Callable[[str], bool]) -> str:
    """The same for codes and identifiers, character by character.

    The PIM sorts them in lower case, and takes any text for a cursor
    (ListProductModelsQueryHandler::getSearchPQB, 6.0+).
    """
    last = chr(LAST_CODE_POINT)
    # What it has in common with the one before, which is most of it in a sorted list.
    known = before
    while known and not leads_past(known + last):
        known = known[:-1]
    least = ord(before[len(known)]) if len(known) < len(before) else 0
    while True:

        def character_leads_past(code: int, known: str = known) -> bool:
            return leads_past(known + _lower_from(code))

        places = [code for code in CODE_POINTS if code > least]
        past = _first(character_leads_past, least, places)
        least = 0
        inside = known + chr(past - 1)
        if past == 1 or not leads_past(inside + last):
            return known + _lower_from(past)
        known = inside


def _first(leads_past: Callable[[int], bool], before: int, places: Iterable[int]) -> int:
    """The first number that leads past, between two of growing places, of which the last does."""
    past = before
    for past in places:
        if leads_past(past):
            break
        before = past
    while past - before > 1:
        middle = (before + past) // 2
        if leads_past(middle):
            past = middle
        else:
            before = middle
    return past


def _lower_from(code: int) -> str:
    """The first character from a code point on which the PIM does not make another one of."""
    while code in SURROGATES or chr(code).lower() != chr(code):
        code += 1
    return chr(code)
