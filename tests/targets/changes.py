"""Changes that users make in a PIM between two runs: edits and deletions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from demo.database import KEYS, held_by
from demo.shop import Shop
from tap_akeneo.streams import STREAMS
from tests.support import KEYS_OF, SCORES_OF

if TYPE_CHECKING:
    from pathlib import Path

    from pim_simulator import SimulatedPim
    from tests.targets.reading import Key, Row

STAYS = {"system_information", "product_media_files"}
"""Streams whose rows cannot be deleted: the PIM keeps the media files of deleted products."""

# A PIM does not delete items that are in use, so these are unused items of each kind.
_SPARE: dict[str, tuple[Key, dict[str, Any]]] = {
    "attributes": (("spare",), {"type": "pim_catalog_text"}),
    "attribute_groups": (("spare",), {}),
    "attribute_options": (("color", "spare"), {}),
    "association_types": (("spare",), {}),
    "channels": (("spare",), {}),
    "families": (("spare",), {}),
    "family_variants": (("clothing", "spare"), {}),
    "reference_entities": (("spare",), {}),
    "reference_entity_attributes": (("designers", "spare"), {}),
    "reference_entity_attribute_options": (("designers", "nationality", "spare"), {}),
    "asset_families": (("spare",), {}),
    "asset_attributes": (("packshots", "spare"), {}),
    "asset_attribute_options": (("packshots", "main_colors", "spare"), {}),
}
_UNUSED: dict[str, Key] = {"currencies": ("AUD",), "locales": ("pt_BR",)}
PART = 20
"""One in this many rows is deleted, but at least one of each kind."""


def held(pim: SimulatedPim, stream: str) -> list[Row]:
    """Return the rows that the PIM has for a stream."""
    if stream not in KEYS_OF:
        return held_by(pim, stream)
    return [{key: row[key] for key in KEYS[stream]} for row in held_by(pim, KEYS_OF[stream])]


def keys_in(pim: SimulatedPim, stream: str) -> set[Key]:
    """Return the keys of all rows of a stream; for a key stream, those of its main stream."""
    kinds = [one for one in STREAMS if one.name == stream]
    kind = kinds[0] if pim.profile.by_uuid else kinds[-1]
    return {
        tuple(row[key] for key in kind.primary_keys)
        for row in held_by(pim, KEYS_OF.get(stream, stream))
    }


def write(pim: SimulatedPim, file: Path) -> None:
    """Simulate a day in a shop, and edit a few assets and records if the PIM has them."""
    Shop(file, pim).change()
    for resource in ("assets", "reference_entity_records"):
        for key in sorted(keys_in(pim, resource))[:3]:
            label = [{"locale": "en_US", "channel": None, "data": "Written anew"}]
            pim.write.change(resource, key, values={"label": label})


def switch_some(pim: SimulatedPim) -> None:
    """Enable or disable some products, also those of a PIM of before 7.0."""
    for product in pim.truth("products")[::PART]:
        key = product["uuid"] if pim.profile.by_uuid else product["identifier"]
        pim.write.change("products", key, enabled=not product["enabled"])


def add_spares(pim: SimulatedPim) -> None:
    """Add items that nothing else in the PIM uses."""
    for resource, (key, data) in _SPARE.items():
        if pim.truth(resource):
            pim.write.save(resource, key if len(key) > 1 else key[0], data)


def delete_some(pim: SimulatedPim, streams: set[str]) -> dict[str, set[Key]]:
    """Delete one in twenty rows of each stream.

    Args:
        pim: A PIM on which `add_spares` was called.
        streams: The streams whose rows to delete.

    Returns:
        The keys of all deleted rows, by stream. This includes variants, which are deleted with
        their model, and categories, which are deleted with their parent.
    """
    before = {stream: keys_in(pim, stream) for stream in streams}
    for resource in sorted(streams - KEYS_OF.keys() - SCORES_OF.keys() - STAYS):
        for key in _to_delete(pim, resource):
            if key in keys_in(pim, resource):
                pim.write.delete(resource, _as_written(key))
    return {stream: there - keys_in(pim, stream) for stream, there in before.items()}


def change_requirements(pim: SimulatedPim) -> None:
    """Require all attributes of each family in each channel, which changes no product's date."""
    channels = [row["code"] for row in pim.truth("channels")]
    for family in pim.truth("families"):
        needs = dict.fromkeys(channels, family["attributes"])
        pim.write.change("families", family["code"], attribute_requirements=needs)


def completeness_in(pim: SimulatedPim) -> list[tuple[str, str, str, int]]:
    """Return uuid, channel, locale and percentage of all products, sorted."""
    return sorted(
        (row["uuid"], score["scope"], score["locale"], score["data"])
        for row in pim.truth("product_scores")
        for score in row["completenesses"]
    )


def _to_delete(pim: SimulatedPim, resource: str) -> list[Key]:
    if resource in _SPARE:
        return [_SPARE[resource][0]]
    if resource in _UNUSED:
        return [_UNUSED[resource]]
    there = sorted(keys_in(pim, resource))
    return there[-max(1, len(there) // PART) :]


def _as_written(key: Key) -> Key | str:
    return key if len(key) > 1 else key[0]
