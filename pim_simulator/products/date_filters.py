"""Filters of products and models on dates."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from operator import eq, gt, lt, ne
from typing import TYPE_CHECKING

from pim_simulator.database.index import Document
from pim_simulator.database.php import php_type
from pim_simulator.http.errors import ApiError
from pim_simulator.http.search_syntax import Filters, unsupported

if TYPE_CHECKING:
    from pim_simulator.database.clock import Clock, ServerZone
    from pim_simulator.database.php import Json
    from pim_simulator.database.profiles import Profile

Predicate = Callable[[Document], bool]

LINKED, LINKED_TYPE = "updated_including_linked_entities", "updated_including_linked_type"
_LINKED_TYPES = ("asset", "reference_entity_record")
_DATE_FORMAT = "Y-m-d H:i:s"
COMPARE: dict[str, Callable[[int, int], bool]] = {">": gt, "<": lt, "=": eq, "!=": ne}


class DateFilters:
    """Turns conditions on dates into predicates (``DateTimeFilter``).

    Args:
        zone: The server's time zone.
        clock: The server's clock.
        profile: The version.
    """

    def __init__(self, zone: ServerZone, clock: Clock, profile: Profile) -> None:
        self._zone = zone
        self._clock = clock
        self._profile = profile

    def predicate(self, name: str, operator: str, value: Json, linked: Iterable[str]) -> Predicate:
        """Return the predicate of a condition.

        Args:
            name: ``updated``, ``created`` or `LINKED`.
            operator: Operator.
            value: Value.
            linked: The linked entities whose changes count for `LINKED`.
        """

        def when(document: Document) -> int:
            if name == LINKED:
                return max(document.updated, *(document.linked.get(kind, 0) for kind in linked))
            return document.updated if name == "updated" else document.item.created

        if operator == "SINCE LAST N DAYS":
            since = self._clock.timestamp() - 86_400 * self._days(name, value)
            return lambda document: when(document) > since
        if operator in ("BETWEEN", "NOT BETWEEN"):
            first, last = self._pair(name, value)
            wanted = operator == "BETWEEN"
            return lambda document: (first <= when(document) <= last) is wanted
        if operator in ("EMPTY", "NOT EMPTY"):
            return lambda _: operator == "NOT EMPTY"
        instant = self._instant(name, value)
        if operator not in COMPARE:
            raise unsupported(name, operator)
        matches = COMPARE[operator]
        return lambda document: matches(when(document), instant)

    def _days(self, name: str, value: Json) -> int:
        """Return a number of days; up to 5.0 it may be a text (recorded)."""
        if isinstance(value, str) and value.isdecimal() and not self._profile.since(6):
            return int(value)
        if isinstance(value, bool) or not isinstance(value, int):
            message = f'Property "{name}" expects an integer as data, "{php_type(value)}" given.'
            raise ApiError(422, message)
        return value

    def _pair(self, name: str, value: Json) -> tuple[int, int]:
        """Return both dates of BETWEEN.

        The API turns a single text into a date before the filter sees it, so the message
        speaks of an object (``ApplyProductSearchQueryParametersToPQB``, recorded).
        """
        if not isinstance(value, list):
            parsed = self._zone.parse_wall_time(value) is not None
            given = "object" if parsed else "boolean"
            raise ApiError(422, f'Property "{name}" expects an array as data, "{given}" given.')
        if len(value) != len(("first", "last")):
            message = (
                f'Property "{name}" expects an array with valid data, should contain 2 '
                'strings with the format "yyyy-mm-dd H:i:s".'
            )
            raise ApiError(422, message)
        return self._instant(name, value[0]), self._instant(name, value[1])

    def _instant(self, name: str, text: Json) -> int:
        instant = self._zone.parse_wall_time(text)
        if instant is None:  # `false`, which PHP prints as an empty text
            message = (
                f'Property "{name}" expects a string with the format "{_DATE_FORMAT}" as data, '
                '"" given.'
            )
            raise ApiError(422, message)
        return instant


def linked_types(filters: Filters) -> tuple[str, ...]:
    """Return the linked entities whose changes count (SaaS, api.akeneo.com, filter)."""
    conditions = filters.get(LINKED_TYPE)
    if conditions is None:
        return _LINKED_TYPES
    value = conditions[0].get("value")
    if LINKED not in filters or conditions[0]["operator"] != "IN" or not isinstance(value, list):
        raise unsupported(LINKED_TYPE, conditions[0]["operator"])
    return tuple(map(str, value))
