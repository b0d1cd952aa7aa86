"""Plain resources: lists and single items that are rows of one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pim_simulator.http.call import Answer, Call, json_answer
from pim_simulator.http.errors import ApiError
from pim_simulator.http.pages import row_page
from pim_simulator.http.paging import read_paging
from pim_simulator.resources.search import search_predicates

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pim_simulator.database.installation import Installation
    from pim_simulator.database.rows import Entity
    from pim_simulator.resources.resource import Resource


class PlainLists:
    """Answers requests as the table of resources says."""

    def __init__(self, pim: Installation) -> None:
        self._pim = pim

    def answer(self, resource: Resource, action: str, call: Call) -> Answer:
        """Return the response to a request."""
        return self._item(resource, call) if action == "get" else self._list(resource, call)

    def _list(self, resource: Resource, call: Call) -> Answer:
        rows = self._rows(resource, call)
        if resource.paging == "array":
            return json_answer([self._body(resource, row, call) for row in rows])
        paging = read_paging(call.query, search_after_allowed=resource.paging == "search_after")
        tests = search_predicates(self._pim, resource, call.query)
        return row_page(
            call,
            paging,
            [row for row in rows if all(test(row) for test in tests)],
            key=lambda row: str(row.body[resource.key]),
            write=lambda row: self._body(resource, row, call),
            linked=resource.linked,
        )

    def _item(self, resource: Resource, call: Call) -> Answer:
        """Return a single item; MySQL compares codes case-insensitively."""
        key = call.parts[resource.placeholder]
        for row in self._rows(resource, call):
            if str(row.body[resource.key]).lower() == key.lower():
                return json_answer(self._body(resource, row, call))
        raise ApiError(404, resource.message_not_found(key, call.parts))

    def _rows(self, resource: Resource, call: Call) -> Iterable[Entity]:
        pim = self._pim
        if resource.select is None:
            rows: Iterable[Entity] = pim.store.table(resource.table).values()
        else:
            rows = resource.select(pim, call)
        found = [
            row
            for row in rows
            if all(
                test(row.body, call.query[name])
                for name, test in resource.parameters.items()
                if name in call.query
            )
        ]
        if resource.key != "code" or not resource.by_code:
            return found
        return sorted(found, key=lambda row: row.code.lower())

    def _body(self, resource: Resource, row: Entity, call: Call) -> dict[str, Any]:
        return row.body if resource.body is None else resource.body(self._pim, row, call)
