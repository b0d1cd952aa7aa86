"""Getting past an item that the PIM cannot write.

One broken product makes every page that holds it a 500 (#10066, #10573). The page is halved until
the product is alone; its neighbours come out, and it is named.
"""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Generic, TypeVar
from uuid import UUID

from tap_akeneo.errors import ItemBroken, PimUnavailable

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")

LAST_UUID = (1 << 128) - 1
FIRST_STEP = 1 << 96
"""Between two of four billion random uuids that is the usual distance."""


class Isolation(Generic[T]):
    """Asks for smaller pages while a larger one fails.

    Args:
        ask: Asks once for the page of so many items behind a cursor.
        key: The property that the cursor is made of.
        most: Items of a usual page.

    Attributes:
        broken: Keys of the items that were stepped over.
    """

    def __init__(self, ask: Callable[[int, str | None], T], key: str, most: int) -> None:
        self._ask = ask
        self._key = key
        self._most = most
        self.broken: list[str] = []

    def page(self, failure: PimUnavailable, cursor: str | None) -> T:
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
            size = self._most
            while size := size // 2:
                if (page := self._page_or_none(size, cursor)) is not None:
                    return page
            cursor = self._find(failure, cursor)
            self.broken.append(cursor)
            if (page := self._page_or_none(self._most, cursor)) is not None:
                return page

    def _page_or_none(self, size: int, cursor: str | None) -> T | None:
        """A page, None where it is a 500 too."""
        try:
            return self._ask(size, cursor)
        except PimUnavailable as failure:
            if failure.status != HTTPStatus.INTERNAL_SERVER_ERROR:
                raise
            return None

    def _find(self, failure: PimUnavailable, cursor: str | None) -> str:
        """The key of the item behind a cursor, where keys are uuids: the first that leads past it.

        Nothing lies between the cursor and the item, so each uuid before the item's own leads to
        it, and fails. Growing steps get past it, halving the last one finds it. The steps begin
        small, not to reach another broken item behind good ones.
        """
        where = f"the item after {cursor!r}" if cursor else "the first item"
        if self._key != "uuid":
            reason = (
                f"{failure.reason}, for the page with {where} and for a page of that item alone; "
                "if the rest of the PIM answers, have that item repaired or deleted in the PIM"
            )
            raise ItemBroken(failure.request, reason, failure.status) from failure
        if self._page_or_none(1, str(UUID(int=LAST_UUID))) is None:
            # Not even an empty page comes out, so it is not for one item.
            raise failure
        before, step = UUID(cursor).int if cursor else -1, FIRST_STEP
        while self._fails_behind(min(before + step, LAST_UUID)):
            before, step = before + step, step * 2
        past = min(before + step, LAST_UUID)
        while past - before > 1:
            middle = (before + past) // 2
            if self._fails_behind(middle):
                before = middle
            else:
                past = middle
        return str(UUID(int=past))

    def _fails_behind(self, uuid: int) -> bool:
        return self._page_or_none(1, str(UUID(int=uuid))) is None
