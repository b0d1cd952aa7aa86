"""Attributes, drafts and published products of the Enterprise Edition."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from pim_simulator.catalogue.structure import labels
from pim_simulator.database.rows import Draft, Item, Values
from pim_simulator.database.store import LINK_TYPES, Store

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pim_simulator.database.php import Json
    from pim_simulator.database.profiles import Profile
    from pim_simulator.database.random_numbers import SeededRandom

# Type, what it links to, labels, families that have it.
# fmt: off
# fmt: off
_ATTRIBUTES: dict[str, tuple[str, str | None, tuple[str | None, ...], tuple[str, ...]]] = {
    "brand_story": ("akeneo_reference_entity", "brands", ("Brand story", "Histoire de la marque"),
        ("cameras", "shoes")),
    "designers": ("akeneo_reference_entity_collection", "designers", ("Designers",),
        ("clothing", "accessories")),
    "packshots": (
        "pim_catalog_asset_collection", "packshots", ("Packshots", "Packshots", "Freisteller"),
        ("clothing", "cameras", "accessories")),
    "composition": ("pim_catalog_table", None, ("Composition", "Composition", "Zusammensetzung"),
        ("clothing", "accessories")),
    "spare_part": ("pim_catalog_product_link", None, ("Spare part", None), ("cameras",)),
}
# fmt: on
# fmt: on
TABLE_OPTIONS: dict[str, tuple[str | None, ...]] = {
    "cotton": ("Cotton", "Coton", "Baumwolle"),
    "elastane": ("Elastane", None),
    "wool": (),
}
# One product in this many has a draft, is read-only, or is published.
_DRAFTS, _VIEWED, _PUBLISHED, _EDITABLE = 9, 14, 6, 4


def attribute_bodies(
    store: Store, profile: Profile, plain: dict[str, Any]
) -> Iterable[dict[str, Any]]:
    """Iterate over the attributes of the Enterprise Edition only.

    Args:
        store: The tables; attributes without a library to link to are skipped.
        profile: The version.
        plain: A text attribute, whose keys are repeated.
    """
    for number, (code, (kind, target, texts, _)) in enumerate(_ATTRIBUTES.items(), start=100):
        if kind in LINK_TYPES and store.linked_library(kind, target) is None:
            continue
        if kind == "pim_catalog_table" and not profile.tables:
            continue
        if kind == "pim_catalog_product_link" and not profile.saas:
            continue
        body = {
            **plain, "code": code, "type": kind, "group": "technical",
            "reference_data_name": target, "sort_order": number, "localizable": False,
            "labels": labels(texts),
        }  # fmt: skip
        if kind == "pim_catalog_table":
            body["table_configuration"] = table_configuration()
        yield body


def table_configuration() -> list[dict[str, Any]]:
    """Return the columns of the table attribute, without the options of the select column."""
    columns: tuple[tuple[str, str, dict[str, Any], tuple[str | None, ...]], ...] = (
        ("material", "select", {}, ("Material", "Matière")),
        ("percentage", "number", {"min": 0, "max": 100, "decimals_allowed": True}, ("Share",)),
        ("recycled", "boolean", {}, ()),
        ("note", "text", {"max_length": 50}, ("Note", None)),
    )
    return [
        {
            "code": code,
            "data_type": kind,
            "labels": labels(texts),
            "validations": validations,
            "is_required_for_completeness": code == "material",
        }
        for code, kind, validations, texts in columns
    ]


def family_attributes(family: str, known: Iterable[str]) -> list[str]:
    """Return the codes of a family's Enterprise attributes."""
    return [code for code, row in _ATTRIBUTES.items() if family in row[3] and code in known]


def value_makers(store: Store) -> dict[str, Callable[[SeededRandom, dict[str, Any], Item], Json]]:
    """Return the value generators of the Enterprise attribute types."""

    def codes(attribute: dict[str, Any]) -> list[str]:
        library = store.linked_library(attribute["type"], attribute["reference_data_name"])
        return [] if library is None else library.generated

    def one(random: SeededRandom, attribute: dict[str, Any], _: Item) -> Json:
        found = codes(attribute)
        return random.choice(found) if found else None

    def some(random: SeededRandom, attribute: dict[str, Any], _: Item) -> Json:
        found = codes(attribute)
        return random.sample(found, min(len(found), random.randint(1, 3))) or None

    @cache
    def linkable() -> tuple[list[str], list[str]]:
        """Return what may be linked, as at the first call, so that later writes change no link."""
        return list(store.products), list(store.product_models)

    def link(random: SeededRandom, _: dict[str, Any], __: Item) -> Json:
        """Return a product link (akeneo/pim-api-docs at 61ef548d, concepts/products.md)."""
        products, models = linkable()
        if random.chance(0.3) and models:
            return {"type": "product_model", "id": random.choice(models)}
        return {"type": "product", "id": random.choice(products)}

    return {
        "pim_catalog_product_link": link,
        "akeneo_reference_entity": one,
        "akeneo_reference_entity_collection": some,
        "pim_catalog_asset_collection": some,
        "pim_catalog_table": _table,
    }


def _table(random: SeededRandom, _: dict[str, Any], __: Item) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for material in random.sample(list(TABLE_OPTIONS), random.randint(1, 3)):
        row: dict[str, Any] = {"material": material}
        if random.chance(0.8):
            row["percentage"] = f"{random.randint(1, 200) / 2:g}"
        if random.chance(0.3):
            row["recycled"] = random.chance(0.5)
        rows.append(row)
    return rows


def add_drafts(store: Store) -> None:
    """Make some products read-only for the API user, and give others drafts."""
    tables = (store.products, store.product_models)
    for item in (item for table in tables for item in table.values()):
        if item.number % _VIEWED == _VIEWED - 1:
            store.view_only.add(item.uuid)
        elif item.number % _DRAFTS == 1 and not (item.is_model and item.parent):
            store.editable.add(item.uuid)
            store.drafts[item.uuid] = Draft(_changes(item), ready=item.number % 2 == 0)
        elif item.number % _EDITABLE == 0:
            store.editable.add(item.uuid)


def _changes(item: Item) -> Values:
    """Return the user's changes: to the name, or to the EAN of a variant."""
    if item.parent is not None:
        return {"ean": [{"locale": None, "scope": None, "data": f"4{item.number:012}"}]}
    text = f"Drafted {item.code or item.uuid}"
    return {"name": [{"locale": "en_US", "scope": None, "data": text}]}


def add_published(store: Store) -> None:
    """Publish some products as they are now."""
    for item in store.products.values():
        if item.code is not None and item.parent is None and item.number % _PUBLISHED == 0:
            store.published_products[item.code] = item.frozen()
