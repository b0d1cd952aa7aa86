"""Lists of reference entities and asset families, their attributes, options and rows."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pim_simulator.database.libraries import (
    ASSET_FAMILY,
    LIBRARY_OPTION_TYPES,
    LIBRARY_TABLES,
    Kind,
    Library,
    Row,
)
from pim_simulator.database.store import by_code
from pim_simulator.http.errors import ApiError
from pim_simulator.http.messages import PREFIX, Request, Response, json_response
from pim_simulator.http.pages import cursor_page, self_link
from pim_simulator.libraries.bodies import LibraryBodies
from pim_simulator.libraries.search import LibrarySearch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pim_simulator.database.installation import Installation
    from pim_simulator.database.rows import Entity
    from pim_simulator.http.resource import Resource


def find_library(pim: Installation, kind: Kind, code: str) -> Library:
    """Return a library; the codes of asset families are case-sensitive."""
    table: dict[str, Library] = getattr(pim.store, kind.table)
    library = table.get(code) if kind is ASSET_FAMILY else by_code(table, code)
    if library is None:
        raise ApiError(404, f'{kind.library_name.capitalize()} "{code}" does not exist.')
    return library


def library_attributes(kind: Kind, pim: Installation, request: Request) -> Iterable[Entity]:
    """Return the attributes of the library in the path, of which there are 100 at most."""
    return find_library(pim, kind, request.parts[kind.placeholder]).attributes.values()


def library_options(kind: Kind, pim: Installation, request: Request) -> Iterable[Entity]:
    """Return the options of the attribute in the path."""
    library = find_library(pim, kind, request.parts[kind.placeholder])
    code = request.parts["attributeCode"]
    attribute = by_code(library.attributes, code)
    if attribute is None:
        message = f'Attribute "{code}" does not exist for {kind.library_name} "{library.code}".'
        raise ApiError(404, message)
    if attribute.body["type"] not in LIBRARY_OPTION_TYPES:
        raise ApiError(404, f'Attribute "{code}" does not support options.')
    return library.options.get(attribute.code, {}).values()


class LibraryLists:
    """Lists reference entities and asset families, their records and assets."""

    def __init__(self, pim: Installation) -> None:
        self._pim = pim
        self._bodies = LibraryBodies(pim)
        self._search = LibrarySearch(pim)

    def respond(self, resource: Resource, action: str, request: Request) -> Response:
        """Return the response to a request."""
        if action == "file":
            return self._file(request.parts["fileCode"])
        kind, level = LIBRARY_TABLES[resource.table]
        if level == "rows":
            return self._rows(kind, request) if action == "list" else self._row(kind, request)
        if action == "list":
            return self._libraries(kind, request)
        library = find_library(self._pim, kind, request.parts["code"])
        return json_response(self._bodies.library(kind, library, request.base, listed=False))

    def _libraries(self, kind: Kind, request: Request) -> Response:
        table: dict[str, Library] = getattr(self._pim.store, kind.table)
        by_code = {code.lower(): library for code, library in table.items()}
        return cursor_page(
            request,
            f"{PREFIX}/{kind.path}",
            sorted(by_code),
            size=self._pim.search_after_page_size,
            repeated=(),
            write=lambda code: self._bodies.library(kind, by_code[code], request.base, listed=True),
        )

    def _row(self, kind: Kind, request: Request) -> Response:
        library = find_library(self._pim, kind, request.parts[kind.placeholder])
        code = request.parts["code"]
        row = by_code(library.rows, code)
        if row is None:
            what = f'{kind.row_name.capitalize()} "{code}"'
            message = f'{what} does not exist for the {kind.library_name} "{library.code}".'
            raise ApiError(404, message)
        query = {name: text for name, text in request.query.items() if name.startswith("with_")}
        return json_response(self._bodies.row(kind, library, row, query, request.base))

    def _rows(self, kind: Kind, request: Request) -> Response:
        # The search is validated first, even if the library does not exist.
        search = self._search.read(request.query)
        self._search.check_parameters(request.query)
        library = find_library(self._pim, kind, request.parts[kind.placeholder])
        predicates = self._search.predicates(kind, library, search)
        found: dict[str, Row] = {
            row.code.lower(): row
            for row in library.rows.values()
            if all(predicate(row) for predicate in predicates)
        }
        path = f"{PREFIX}/{kind.path}/{library.code}/{kind.rows}"

        def write(code: str) -> dict[str, object]:
            body = self._bodies.row(kind, library, found[code], request.query, request.base)
            return {**self_link(request.base, f"{path}/{body['code']}"), **body}

        return cursor_page(
            request,
            path,
            sorted(found),
            size=self._pim.search_after_page_size,
            repeated=("channel", "locales", "search"),
            write=write,
        )

    @staticmethod
    def _file(code: str) -> Response:
        """Return the content of a file."""
        directory, _, name = code.rpartition("/")
        if directory != "/".join(name[:4]) or "_" not in name:
            raise ApiError(404, f'Media file "{code}" does not exist.')
        headers = {
            "content-type": "application/octet-stream",
            "content-disposition": f'attachment; filename="{name.partition("_")[2]}"',
        }
        return Response(200, f"file: {code}".encode(), headers)
