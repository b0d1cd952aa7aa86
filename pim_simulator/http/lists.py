"""Plain resources: lists and single items that are rows of one table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pim_simulator.http.errors import ApiError
from pim_simulator.http.messages import Request, Response, json_response
from pim_simulator.http.pages import row_page
from pim_simulator.http.paging import read_paging
from pim_simulator.http.search import search_predicates

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pim_simulator.database.installation import Installation
    from pim_simulator.database.rows import Entity
    from pim_simulator.http.resource import Resource


class PlainLists:
    """Answers requests as the table of resources says."""

    def __init__(self, pim: Installation) -> None:
        self._pim = pim

    def respond(self, resource: Resource, action: str, request: Request) -> Response:
        """Return the response to a request."""
        return self._item(resource, request) if action == "get" else self._list(resource, request)

    def _list(self, resource: Resource, request: Request) -> Response:
        rows = self._rows(resource, request)
        if resource.paging == "array":
            return json_response([self._body(resource, row, request) for row in rows])
        if resource.paging == "one":
            (row,) = rows
            return json_response(self._body(resource, row, request))
        paging = read_paging(request.query, search_after_allowed=resource.paging == "search_after")
        tests = search_predicates(self._pim, resource, request.query)
        return row_page(
            request,
            paging,
            [row for row in rows if all(test(row) for test in tests)],
            key=lambda row: str(row.body[resource.key]),
            write=lambda row: self._body(resource, row, request),
            linked=resource.linked,
        )

    def _item(self, resource: Resource, request: Request) -> Response:
        """Return a single item; MySQL compares codes case-insensitively."""
        key = request.parts[resource.placeholder]
        for row in self._rows(resource, request):
            if str(row.body[resource.key]).lower() == key.lower():
                return json_response(self._body(resource, row, request))
        raise ApiError(404, resource.message_not_found(key, request.parts))

    def _rows(self, resource: Resource, request: Request) -> Iterable[Entity]:
        pim = self._pim
        if resource.select is None:
            rows: Iterable[Entity] = pim.store.table(resource.table).values()
        else:
            rows = resource.select(pim, request)
        found = [
            row
            for row in rows
            if all(
                test(row.body, request.query[name])
                for name, test in resource.parameters.items()
                if name in request.query
            )
        ]
        if resource.key != "code" or not resource.by_code:
            return found
        return sorted(found, key=lambda row: row.code.lower())

    def _body(self, resource: Resource, row: Entity, request: Request) -> dict[str, Any]:
        return row.body if resource.body is None else resource.body(self._pim, row, request)
