"""Lists and single resources of the catalogue structure, which are read from SQL."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

from pim_simulator.database.random_numbers import SeededRandom
from pim_simulator.database.store import OPTION_TYPES, MediaFile, Store
from pim_simulator.http.call import PREFIX, Answer, Call, encode, json_answer
from pim_simulator.http.errors import ApiError
from pim_simulator.http.pages import offset_page
from pim_simulator.http.paging import Paging, path_link, read_paging
from pim_simulator.structure.search import structure_predicates

if TYPE_CHECKING:
    from collections.abc import Callable

    from pim_simulator.database.entities import Entity
    from pim_simulator.database.profiles import Profile
    from pim_simulator.structure.bodies import StructureBodies

_NAMES = {
    "families": "Family",
    "attributes": "Attribute",
    "attribute-groups": "Attribute group",
    "association-types": "Association type",
    "categories": "Category",
    "channels": "Channel",
    "locales": "Locale",
    "currencies": "Currency",
}
_SWAPS = 0.1  # share of the media files that change places with their neighbour


class StructureLists:
    """Lists the catalogue structure and the media files.

    Args:
        store: The tables.
        profile: The version.
        bodies: Writes the bodies.
        seed: Seed for the order of the media files.
        shuffle_media_files: Whether the order of the media files changes between requests.
    """

    def __init__(
        self,
        store: Store,
        profile: Profile,
        bodies: StructureBodies,
        *,
        seed: int,
        shuffle_media_files: bool,
    ) -> None:
        """Keep the parts."""
        self._store = store
        self._profile = profile
        self._bodies = bodies
        self._shuffle = shuffle_media_files
        self._random = SeededRandom(f"media/{seed}")

    def page(self, resource: str, call: Call) -> Answer:
        """Return a page."""
        if resource == "measurement-families":  # a bare array
            write = self._bodies.measurement_family
            families = self._store.measurement_families.values()
            return json_answer([write(family) for family in families])
        if resource == "system-information":
            return json_answer({"version": self._profile.version, "edition": self._profile.edition})
        path, rows = self._rows(resource, call)
        paging = read_paging(call.query, search_after_allowed=False)
        if resource == "media-files":
            return self._media_files(call, paging)
        predicates = structure_predicates(resource, call.query, self._store, self._profile)
        found = [row for row in rows if all(predicate(row) for predicate in predicates)]
        writer = self._writer(resource, call, listed=True)
        page = found[paging.offset : paging.offset + paging.limit]
        items = [
            encode({"_links": {"self": {"href": path_link(call.base, f"{path}/{row.code}")}}}
                   | writer(row))
            for row in page
        ]  # fmt: skip
        return offset_page(call, path, paging, items, len(found))

    def get(self, resource: str, call: Call) -> Answer:
        """Return a single resource."""
        code = call.parts["code"]
        if resource == "media-files":
            body = self._bodies.media_file(self._media_file(code), call.base)
            del body["_links"]["self"]
            return json_answer(body)
        _, rows = self._rows(resource, call)
        lower = code.lower()
        row = next((row for row in rows if row.code.lower() == lower), None)
        if row is None:
            raise ApiError(404, self._missing(resource, code, call))
        return json_answer(self._writer(resource, call, listed=False)(row))

    def download(self, resource: str, call: Call) -> Answer:
        """Return the content of a media file; the catalogue has none of categories."""
        code = call.parts["code"]
        if resource == "category-media-files":
            raise ApiError(404, f'Media file "{code}" does not exist.')
        file = self._media_file(code)
        return Answer(
            200,
            b"%s: " % file.mime_type.encode() + file.code.encode(),
            {
                "content-type": file.mime_type,
                "content-disposition": f'attachment; filename="{file.original_filename}"',
            },
        )

    def _media_file(self, code: str) -> MediaFile:
        file = self._store.media_files.get(code)
        if file is None:
            raise ApiError(404, f'Media file "{code}" does not exist.')
        return file

    def _rows(self, resource: str, call: Call) -> tuple[str, list[Entity]]:
        """Return the path of a list and its rows in order."""
        store = self._store
        if resource == "family-variants":
            family = call.parts["familyCode"]
            if family not in store.families:
                raise ApiError(404, f'Family "{family}" does not exist.')
            rows = [row for row in store.family_variants.values() if row.owner == family]
            return f"{PREFIX}/families/{family}/variants", _by_code(rows)
        if resource == "attribute-options":
            attribute = call.parts["attributeCode"]
            self._check_options(attribute)
            rows = list(store.attribute_options.get(attribute, {}).values())
            return f"{PREFIX}/attributes/{attribute}/options", _by_code(rows)
        path = f"{PREFIX}/{resource}"
        if resource == "categories":
            return path, self._in_tree_order()
        if resource == "media-files":
            return path, []
        table = resource.replace("-", "_").replace("measure_", "measurement_")
        return path, _by_code(list(getattr(store, table).values()))

    def _check_options(self, attribute: str) -> None:
        kind = self._store.attribute_type(attribute)
        if kind is None:
            raise ApiError(404, f'Attribute "{attribute}" does not exist.')
        if kind not in OPTION_TYPES:
            types = '", "'.join(OPTION_TYPES)
            message = (
                f'Attribute "{attribute}" does not support options. '
                f'Only attributes of type "{types}" support options.'
            )
            raise ApiError(404, message)

    def _in_tree_order(self) -> list[Entity]:
        """Return the categories tree by tree (``ORDER BY root, left``)."""
        children: dict[str | None, list[Entity]] = {}
        for row in self._store.categories.values():
            children.setdefault(row.body["parent"], []).append(row)
        ordered: list[Entity] = []
        waiting = list(reversed(children.get(None, [])))
        while waiting:
            row = waiting.pop()
            ordered.append(row)
            waiting.extend(reversed(children.get(row.code, [])))
        return ordered

    def _writer(
        self, resource: str, call: Call, *, listed: bool
    ) -> Callable[[Entity], dict[str, Any]]:
        bodies, query = self._bodies, call.query
        if resource == "categories":
            position = query.get("with_position") == "true"
            enriched = query.get("with_enriched_attributes") == "true"
            return lambda row: bodies.category(
                row, listed=listed, position=position, enriched=enriched
            )
        writers: dict[str, Callable[[Entity], dict[str, Any]]] = {
            "families": bodies.family,
            "family-variants": bodies.family_variant,
            "attributes": lambda row: bodies.attribute(
                row, select_options=bool(query.get("with_table_select_options"))
            ),
            "measure-families": bodies.measure_family,
        }
        return writers.get(resource, bodies.plain)

    @staticmethod
    def _missing(resource: str, code: str, call: Call) -> str:
        if resource == "family-variants":
            family = call.parts["familyCode"]
            return (
                f'Family variant "{code}" does not exist or is not a variant of the family '
                f'"{family}".'
            )
        if resource == "attribute-options":
            attribute = call.parts["attributeCode"]
            return (
                f'Attribute option "{code}" does not exist or is not an option of the attribute '
                f'"{attribute}".'
            )
        if resource == "measure-families":
            return f'Measure family with code "{code}" does not exist.'
        return f'{_NAMES[resource]} "{code}" does not exist.'

    def _media_files(self, call: Call, paging: Paging) -> Answer:
        """Return a page of media files, which have no ``ORDER BY``.

        MySQL may return the rows in a different order each time. With `shuffle_media_files`,
        some neighbours change places, so that pages overlap and leave gaps.
        """
        files = list(self._store.media_files.values())
        if self._shuffle:
            for left, right in itertools.pairwise(range(len(files))):
                if self._random.chance(_SWAPS):
                    files[left], files[right] = files[right], files[left]
        page = files[paging.offset : paging.offset + paging.limit]
        items = [encode(self._bodies.media_file(file, call.base)) for file in page]
        return offset_page(call, f"{PREFIX}/media-files", paging, items, len(files))


def _by_code(rows: list[Entity]) -> list[Entity]:
    return sorted(rows, key=lambda row: row.code.lower())
