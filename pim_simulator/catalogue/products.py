"""The products, models and media files of the simulated shop."""

from __future__ import annotations

import hashlib
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pim_simulator.catalogue.categories import LEAVES, SALES
from pim_simulator.catalogue.enterprise import value_makers
from pim_simulator.catalogue.structure import OPTIONS
from pim_simulator.catalogue.values import ValueMaker
from pim_simulator.database.random_numbers import SeededRandom
from pim_simulator.database.rows import Associations, Item, MediaFile

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pim_simulator.database.profiles import Profile
    from pim_simulator.database.store import Store

_FIRST = int(datetime(2023, 3, 1, tzinfo=timezone.utc).timestamp())
_LAST = int(datetime(2025, 3, 1, tzinfo=timezone.utc).timestamp())
# An import saved this share of the catalogue within one second.
_BULK_IMPORT = int(datetime(2024, 11, 18, 2, 30, tzinfo=timezone.utc).timestamp())
_BULK_SHARE = 0.12
# 02:30 in Berlin and Paris on 27 October 2024, which is ambiguous: both instants.
_TWICE = tuple(
    int(datetime(2024, 10, 27, hour, 30, tzinfo=timezone.utc).timestamp()) for hour in (0, 1)
)
# Identifiers may hold anything but a comma, a semicolon and line breaks.
_ODD_IDENTIFIERS = (
    "ODD/slash/1",
    "odd #hash 2",
    "ODD?question=3&x=4",
    "odd 100% wool+silk",
    "Öddé ÜNICODE 漢字 5",
    "ODD (x) [y] @home: 6!",
)
_PLAIN = (("cameras", 0.45), ("accessories", 0.93), ("gift_cards", 0.96), (None, 1.0))
_COLORS = 3
_SIZES = ("S", "M", "L", "XL")
# One product in this many has no identifier, in versions that allow it.
_WITHOUT_IDENTIFIER = 40
_EXTENSIONS = ("jpg", "png", "jpg", "jpg", "jpg", "png", "jpg", "pdf")
_MAX_MEDIA = 2000


def add_products(store: Store, profile: Profile, seed: int, count: int) -> None:
    """Fill the tables of products, models and media files."""
    random = SeededRandom(f"products/{seed}")
    for file in _media_files(random, min(max(25, count // 5), _MAX_MEDIA)):
        store.media_files[file.code] = file
    bodies = {code: row.body for code, row in store.attributes.items()}
    make = ValueMaker(bodies, list(store.media_files), seed, value_makers(store))
    builder = _Builder(store, profile, random, make)
    while len(store.products) < count:
        builder.add_some(count - len(store.products))
    builder.link()


def _media_files(random: SeededRandom, count: int) -> Iterator[MediaFile]:
    for number in range(count):
        extension = _EXTENSIONS[number % len(_EXTENSIONS)]
        sha1 = hashlib.sha1(f"{random.random()}".encode(), usedforsecurity=False).hexdigest()
        name = f"file {number}" if extension == "pdf" else f"photo-{number}"
        yield MediaFile(
            code=f"{'/'.join(sha1[:4])}/{sha1}_{name.replace(' ', '_').replace('-', '_')}"
            f".{extension}",
            original_filename=f"{name}.{extension}",
            mime_type="application/pdf" if extension == "pdf" else f"image/{extension}",
            size=random.randint(2_000, 900_000),
            extension=extension,
        )


class _Builder:
    """Adds products with their models, a few at a time."""

    def __init__(
        self, store: Store, profile: Profile, random: SeededRandom, make: Callable[[Item], Any]
    ) -> None:
        self._store = store
        self._profile = profile
        self._random = random
        self._make = make
        self._number = 0

    def add_some(self, most: int) -> None:
        """Add a product, or a model with all its variants, which are not more than `most`."""
        shoe_sizes = ["38", "39", "40", "41", "42"]
        if self._random.chance(0.25) and most >= _COLORS * len(_SIZES):
            self._two_levels()
        elif self._random.chance(0.13) and most >= len(shoe_sizes):
            self._one_level("shoes", "shoes_size", shoe_sizes)
        elif self._random.chance(0.08) and most >= len(_SIZES):
            self._one_level("clothing", "clothing_size", list(_SIZES))
        else:
            share = self._random.random()
            family = next(family for family, below in _PLAIN if share <= below)
            self._product(family, ())

    def _two_levels(self) -> None:
        root = self._model("clothing", "clothing_color_size", None, ())
        colors = self._random.sample(list(OPTIONS["color"]), _COLORS)
        for color in colors:
            axes = (("color", color),)
            model = self._model("clothing", "clothing_color_size", root, axes)
            for size in _SIZES:
                self._product("clothing", (*axes, ("size", size)), model)

    def _one_level(self, family: str, variant: str, sizes: list[str]) -> None:
        root = self._model(family, variant, None, ())
        for size in sizes:
            self._product(family, (("size", size),), root)

    def _model(
        self, family: str, variant: str, parent: Item | None, axes: tuple[tuple[str, str], ...]
    ) -> Item:
        code = f"{family}_{self._number:06}" if parent is None else f"{parent.code}_{axes[-1][1]}"
        if parent is None:
            self._number += 1
        created, updated = self._dates()
        item = Item(
            uuid=f"model/{code}",
            code=code,
            number=len(self._store.product_models) + 1,
            family=family,
            family_variant=variant,
            parent=None if parent is None else parent.code,
            categories=self._categories(family) if parent is None else (),
            created=created,
            updated=updated,
            seed=axes[-1:],
            make=self._make,
        )
        self._store.product_models[code] = item
        return item

    def _product(
        self, family: str | None, axes: tuple[tuple[str, str], ...], parent: Item | None = None
    ) -> None:
        self._number += 1
        uuid = str(UUID(int=self._random.getrandbits(128), version=4))
        identifier = self._identifier(family, len(self._store.products))
        created, updated = self._dates()
        number = len(self._store.products)
        if number < len(_TWICE):
            created, updated = _TWICE[number] - 3600, _TWICE[number]
        own = axes[-1:] if parent is not None else ()
        item = Item(
            uuid=uuid,
            code=identifier,
            number=number + 1,
            family=family,
            family_variant=None if parent is None else parent.family_variant,
            parent=None if parent is None else parent.code,
            enabled=self._random.chance(0.9),
            categories=self._categories(family) if parent is None else (),
            groups=("related",) if self._random.chance(0.05) else (),
            created=created,
            updated=updated,
            seed=own,
            make=self._make,
        )
        self._store.products[uuid] = item
        if identifier is not None:
            self._store.uuids[identifier.lower()] = uuid

    def _identifier(self, family: str | None, number: int) -> str | None:
        after_the_odd_dates = number - len(_TWICE)
        if 0 <= after_the_odd_dates < len(_ODD_IDENTIFIERS):
            return _ODD_IDENTIFIERS[after_the_odd_dates]
        if self._profile.by_uuid and number % _WITHOUT_IDENTIFIER == _WITHOUT_IDENTIFIER - 1:
            return None
        prefix = "item" if family is None else family[:3]
        if self._random.chance(0.3):
            prefix = prefix.upper()
        return f"{prefix}-{self._number:07}"

    def _dates(self) -> tuple[int, int]:
        created = self._random.randint(_FIRST, _LAST)
        if created < _BULK_IMPORT and self._random.chance(_BULK_SHARE * 1.2):
            return created, _BULK_IMPORT
        return created, self._random.randint(created, _LAST)

    def _categories(self, family: str | None) -> tuple[str, ...]:
        random = self._random
        if random.chance(0.04):
            return ()
        categories = {random.choice(LEAVES[family])}
        if random.chance(0.3):
            categories.add(random.choice(SALES))
        return tuple(sorted(categories))

    def link(self) -> None:
        """Associate some products with others."""
        random = self._random
        uuids = list(self._store.products)
        counted = uuids
        if self._profile.breaks_on_nameless_quantities:
            counted = [uuid for uuid in uuids if self._store.products[uuid].code is not None]
        models = [code for code, row in self._store.product_models.items() if row.parent is None]
        for item in self._store.products.values():
            if random.chance(0.15):
                item.associations = self._associations(random, uuids, models)
            elif random.chance(0.06) and self._profile.quantified_associations:
                item.quantified = {
                    "PRODUCTSET": {
                        "products": [
                            {"uuid": uuid, "quantity": random.randint(1, 9)}
                            for uuid in random.sample(counted, min(2, len(counted)))
                        ],
                        "product_models": [
                            {"identifier": code, "quantity": 1} for code in models[:1]
                        ],
                    }
                }
        if self._profile.quantified_associations:
            self._link_back()

    def _link_back(self) -> None:
        """Add the other direction of two-way associations, as the PIM does on saving."""
        types = self._store.association_types
        two_way = [code for code, row in types.items() if row.body.get("is_two_way")]
        links = [
            (code, uuid, item.uuid)
            for item in self._store.products.values()
            for code in two_way
            for uuid in item.associations.get(code, {}).get("products", ())
        ]
        for code, uuid, back in links:
            target = self._store.products[uuid]
            empty: dict[str, list[Any]] = {"products": [], "product_models": [], "groups": []}
            found = target.associations.setdefault(code, empty)
            found["products"] = sorted({*found["products"], back})

    def _associations(
        self, random: SeededRandom, uuids: list[str], models: list[str]
    ) -> Associations:
        """Return associations of every type."""
        associations = self._store.no_associations()
        associations["X_SELL"]["products"] = sorted(set(random.choices(uuids, k=3)))
        if random.chance(0.3):
            associations["PACK"]["groups"] = ["related"]
            associations["UPSELL"]["product_models"] = models[:2]
        return associations
