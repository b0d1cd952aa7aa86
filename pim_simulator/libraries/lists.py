"""Lists of reference entities and asset families, their attributes, options and rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from pim_simulator.database.libraries import (
    ASSET_FAMILY,
    LIBRARY_TABLES,
    OPTION_TYPES,
    Kind,
    Library,
    Row,
)
from pim_simulator.http.call import PREFIX, Answer, Call, json_answer
from pim_simulator.http.errors import ApiError
from pim_simulator.http.pages import cursor_page, self_link
from pim_simulator.libraries.bodies import LibraryBodies
from pim_simulator.libraries.search import LibrarySearch

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pim_simulator.database.installation import Installation
    from pim_simulator.resources.resource import Resource

_Found = TypeVar("_Found")


class LibraryLists:
    """Lists reference entities and asset families, their attributes, options and rows."""

    def __init__(self, pim: Installation) -> None:
        self._pim = pim
        self._bodies = LibraryBodies(pim)
        self._search = LibrarySearch(pim)

    def answer(self, resource: Resource, action: str, call: Call) -> Answer:
        """Return the response to a request."""
        if action == "file":
            return self._file(call.parts["fileCode"])
        kind, level = LIBRARY_TABLES[resource.table]
        if level == "library":
            return self._libraries(kind, call) if action == "list" else self._one(kind, call)
        if level == "attributes":
            return self._attributes(kind, action, call)
        return (self._options if level == "options" else self._rows)(kind, action, call)

    def _libraries(self, kind: Kind, call: Call) -> Answer:
        table: dict[str, Library] = getattr(self._pim.store, kind.table)
        by_code = {code.lower(): library for code, library in table.items()}
        return cursor_page(
            call,
            f"{PREFIX}/{kind.path}",
            sorted(by_code),
            size=self._pim.search_after_page_size,
            kept=(),
            write=lambda code: self._bodies.library(kind, by_code[code], call.base, listed=True),
        )

    def _one(self, kind: Kind, call: Call) -> Answer:
        library = self._library(kind, call.parts["code"])
        return json_answer(self._bodies.library(kind, library, call.base, listed=False))

    def _library(self, kind: Kind, code: str) -> Library:
        """Return a library; the codes of asset families are case-sensitive."""
        table: dict[str, Library] = getattr(self._pim.store, kind.table)
        library = table.get(code)
        if library is None and kind is not ASSET_FAMILY:
            library = _insensitive(table.items(), code)
        if library is None:
            name = kind.library_name.capitalize()
            raise ApiError(404, f'{name} "{code}" does not exist.')
        return library

    def _attributes(self, kind: Kind, action: str, call: Call) -> Answer:
        library = self._library(kind, call.parts[kind.placeholder])
        if action == "list":  # a bare array, of 100 at most
            return json_answer([attribute.body for attribute in library.attributes.values()])
        code = call.parts["code"]
        attribute = _insensitive(library.attributes.items(), code)
        if attribute is None:
            message = (
                f'Attribute "{code}" does not exist for the {kind.library_name} "{library.code}".'
            )
            raise ApiError(404, message)
        return json_answer(attribute.body)

    def _options(self, kind: Kind, action: str, call: Call) -> Answer:
        library = self._library(kind, call.parts[kind.placeholder])
        code = call.parts["attributeCode"]
        attribute = _insensitive(library.attributes.items(), code)
        if attribute is None:
            message = f'Attribute "{code}" does not exist for {kind.library_name} "{library.code}".'
            raise ApiError(404, message)
        if attribute.body["type"] not in OPTION_TYPES:
            raise ApiError(404, f'Attribute "{code}" does not support options.')
        options = library.options.get(attribute.code, {})
        if action == "list":
            return json_answer([option.body for option in options.values()])
        wanted = call.parts["optionCode"]
        option = _insensitive(options.items(), wanted)
        if option is None:
            message = f'Attribute option "{wanted}" does not exist for the attribute "{code}".'
            raise ApiError(404, message)
        return json_answer(option.body)

    def _rows(self, kind: Kind, action: str, call: Call) -> Answer:
        if action == "list":
            return self._row_page(kind, call)
        library = self._library(kind, call.parts[kind.placeholder])
        code = call.parts["code"]
        row = _insensitive(library.rows.items(), code)
        if row is None:
            name = kind.row_name.capitalize()
            message = (
                f'{name} "{code}" does not exist for the {kind.library_name} "{library.code}".'
            )
            raise ApiError(404, message)
        query = {name: text for name, text in call.query.items() if name.startswith("with_")}
        return json_answer(self._bodies.row(kind, library, row, query, call.base))

    def _row_page(self, kind: Kind, call: Call) -> Answer:
        # The search is validated first, even if the library does not exist.
        search = self._search.read(call.query)
        self._search.check_parameters(call.query)
        library = self._library(kind, call.parts[kind.placeholder])
        predicates = self._search.predicates(kind, library, search)
        found: dict[str, Row] = {
            row.code.lower(): row
            for row in library.rows.values()
            if all(predicate(row) for predicate in predicates)
        }
        path = f"{PREFIX}/{kind.path}/{library.code}/{kind.rows}"

        def write(code: str) -> dict[str, object]:
            body = self._bodies.row(kind, library, found[code], call.query, call.base)
            return {**self_link(call.base, f"{path}/{body['code']}"), **body}

        kept = ("channel", "locales", "search")
        return cursor_page(
            call, path, sorted(found), size=self._pim.search_after_page_size, kept=kept, write=write
        )

    @staticmethod
    def _file(code: str) -> Answer:
        """Return the content of a file."""
        directory, _, name = code.rpartition("/")
        if directory != "/".join(name[:4]) or "_" not in name:
            raise ApiError(404, f'Media file "{code}" does not exist.')
        headers = {
            "content-type": "application/octet-stream",
            "content-disposition": f'attachment; filename="{name.partition("_")[2]}"',
        }
        return Answer(200, f"file: {code}".encode(), headers)


def _insensitive(items: Iterable[tuple[str, _Found]], code: str) -> _Found | None:
    lower = code.lower()
    return next((value for key, value in items if key.lower() == lower), None)
