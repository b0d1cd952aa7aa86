"""Lists of the catalogue structure that are not just a table sorted by code."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pim_simulator.database.store import SELECT_TYPES
from pim_simulator.http.errors import ApiError
from pim_simulator.http.messages import Request, Response, json_response

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pim_simulator.database.installation import Installation
    from pim_simulator.database.rows import Entity
    from pim_simulator.http.resource import Resource


def variants_of_family(pim: Installation, request: Request) -> Iterable[Entity]:
    """Return the variants of the family in the path."""
    family = request.parts["familyCode"]
    if family not in pim.store.families:
        raise ApiError(404, f'Family "{family}" does not exist.')
    return [row for row in pim.store.family_variants.values() if row.owner == family]


def options_of_attribute(pim: Installation, request: Request) -> Iterable[Entity]:
    """Return the options of the attribute in the path."""
    attribute = request.parts["attributeCode"]
    kind = pim.store.attribute_type(attribute)
    if kind is None:
        raise ApiError(404, f'Attribute "{attribute}" does not exist.')
    if kind not in SELECT_TYPES:
        types = '", "'.join(SELECT_TYPES)
        message = (
            f'Attribute "{attribute}" does not support options. '
            f'Only attributes of type "{types}" support options.'
        )
        raise ApiError(404, message)
    return pim.store.attribute_options.get(attribute, {}).values()


def categories_by_tree(pim: Installation, _: Request) -> Iterable[Entity]:
    """Return the categories tree by tree (``ORDER BY root, left``)."""
    children: dict[str | None, list[Entity]] = {}
    for row in pim.store.categories.values():
        children.setdefault(row.body["parent"], []).append(row)
    ordered: list[Entity] = []
    waiting = list(reversed(children.get(None, [])))
    while waiting:
        row = waiting.pop()
        ordered.append(row)
        waiting.extend(reversed(children.get(row.code, [])))
    return ordered


class SystemInformation:
    """Answers ``/system-information``."""

    def __init__(self, pim: Installation) -> None:
        self._profile = pim.profile

    def respond(self, _: Resource, __: str, ___: Request) -> Response:
        """Return version and edition."""
        return json_response({"version": self._profile.version, "edition": self._profile.edition})
