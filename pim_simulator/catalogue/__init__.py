"""The catalogue of the simulated PIM: a shop, generated from a seed."""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

from pim_simulator.catalogue import enterprise, structure
from pim_simulator.catalogue.categories import CATEGORIES
from pim_simulator.catalogue.libraries import add_libraries
from pim_simulator.catalogue.measurements import measurement_bodies
from pim_simulator.catalogue.products import add_products
from pim_simulator.database.random_numbers import SeededRandom
from pim_simulator.database.rows import Entity
from pim_simulator.database.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

    from pim_simulator.database.profiles import Profile

_FIRST = int(datetime(2023, 2, 1, tzinfo=timezone.utc).timestamp())
_LAST = int(datetime(2025, 2, 1, tzinfo=timezone.utc).timestamp())


def make_catalogue(  # noqa: PLR0913 - how much there is of what
    profile: Profile,
    *,
    seed: int,
    products: int,
    asset_families: int = 3,
    reference_entities: int = 3,
    records: int = 40,
) -> Store:
    """Return a catalogue; the same seed gives the same catalogue.

    Only editions that support them get asset families, reference entities and records.
    """
    store = Store()
    random = SeededRandom(f"structure/{seed}")

    def row(body: dict[str, Any], owner: str = "") -> Entity:
        return Entity(body, *random.dates(_FIRST, _LAST), owner)

    if profile.enterprise:
        add_libraries(
            *(store, profile, seed),
            entities=reference_entities,
            families=asset_families,
            rows=records,
        )
    _add_small_tables(store, profile, row)
    _add_attributes(store, profile, row)
    _add_families(store, row)
    add_products(store, profile, seed, products)
    if profile.enterprise:
        enterprise.add_drafts(store)
        enterprise.add_published(store)
    return store


def _add_small_tables(store: Store, profile: Profile, row: Callable[..., Entity]) -> None:
    for code, enabled in structure.LOCALES.items():
        store.locales[code] = row({"code": code, "enabled": enabled})
    for code, enabled in structure.CURRENCIES.items():
        store.currencies[code] = row({"code": code, "enabled": enabled})
    for code, channel in structure.CHANNELS.items():
        rules = structure.UNITS_BY_LOCALE.get(code, {}) if profile.saas else {}
        units = {**channel["conversion_units"], **rules}
        store.channels[code] = row({"code": code, **channel, "conversion_units": units})
    for code, (labels, quantified, two_way) in structure.ASSOCIATION_TYPES.items():
        if quantified and not profile.quantified_associations:
            continue
        body: dict[str, Any] = {"code": code, "labels": labels}
        if profile.quantified_associations:
            body |= {"is_two_way": two_way, "is_quantified": quantified}
        store.association_types[code] = row(body)
    for family in measurement_bodies():
        if profile.since(5) or family["code"] != "bottles":
            store.measurement_families[family["code"]] = row(family)
    _add_categories(store, row)


def _add_categories(store: Store, row: Callable[..., Entity]) -> None:
    position: dict[str | None, int] = {}
    for code, (parent, english, french) in CATEGORIES.items():
        position[parent] = position.get(parent, 0) + 1
        labels = {} if english is None and french is None else {"en_US": english, "fr_FR": french}
        body = {"code": code, "parent": parent, "labels": labels, "position": position[parent]}
        if parent is None:
            body["position"] = 1
        store.categories[code] = row(body)


def _add_attributes(store: Store, profile: Profile, row: Callable[..., Entity]) -> None:
    for body in structure.attribute_bodies():
        store.attributes[body["code"]] = row(body)
    if profile.enterprise:
        plain = store.attributes["pattern"].body
        group_labels = {"group_labels": structure.ATTRIBUTE_GROUPS["technical"]}
        for body in enterprise.attribute_bodies(store, profile, {**plain, **group_labels}):
            store.attributes[body["code"]] = row({**body, "scopable": False})
    for number, (code, labels) in enumerate(structure.ATTRIBUTE_GROUPS.items()):
        members = [
            attribute.code
            for attribute in store.attributes.values()
            if attribute.body["group"] == code
        ]
        body = {"code": code, "sort_order": number, "attributes": members, "labels": labels}
        store.attribute_groups[code] = row(body)
    for attribute, options in structure.OPTIONS.items():
        store.attribute_options[attribute] = {
            code: row(
                {
                    "code": code,
                    "attribute": attribute,
                    "sort_order": number,
                    "labels": structure.labels(texts),
                },
                attribute,
            )
            for number, (code, texts) in enumerate(options.items(), start=1)
        }


def _add_families(store: Store, row: Callable[..., Entity]) -> None:
    for code, (labels, attributes, label, image) in structure.FAMILIES.items():
        required = {"ecommerce": ["sku", *attributes[:4]], "mobile": ["sku", *attributes[:2]]}
        body = {
            "code": code,
            "attributes": sorted(
                ["sku", *attributes, *enterprise.family_attributes(code, store.attributes)]
            ),
            "attribute_as_label": label,
            "attribute_as_image": image,
            "attribute_requirements": {
                channel: sorted(required.get(channel, ["sku"])) for channel in structure.CHANNELS
            },
            "labels": labels,
        }
        store.families[code] = row(body)
    for code, (family, labels, sets) in structure.FAMILY_VARIANTS.items():
        variant = {"code": code, "labels": labels, "variant_attribute_sets": sets}
        store.family_variants[code] = row(variant, family)
