"""Writes into the PIM, each picked among what there is then."""

from __future__ import annotations

import json
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from tests.soak.scenario import FULL_PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pim_simulator import SimulatedPim
    from tests.soak.scenario import Write

IMPORTED = 14
"""Products that an import saves within one second, at most."""

SPARE_MODELS = 3
"""Models that stay readable."""


class Hand:
    """Writes into a PIM, and knows what is in it.

    Left out is what changes a product without the PIM telling: the removal of a category, an
    option or an associated product in use changes what is shown of products, but not their
    ``updated``.

    Args:
        pim: The PIM.

    Attributes:
        written: How many writes there were.
        touched: Streams and keys whose date in the index has moved since someone emptied this.
    """

    def __init__(self, pim: SimulatedPim) -> None:
        self._pim = pim
        self.touched: set[tuple[str, tuple[str, ...]]] = set()
        self._write = pim.write
        key = "uuid" if pim.profile.by_uuid else "identifier"
        products, models = pim.truth("products"), pim.truth("product_models")
        self._parents: dict[str, str | None] = {row[key]: row["parent"] for row in products}
        # Products that were lost, and their parents. The simulated PIM still links to them.
        self._lost: dict[str, str | None] = {}
        self._models: dict[str, tuple[str | None, str]] = {
            row["code"]: (row["parent"], row["family_variant"]) for row in models
        }
        links = [list(_links(row)) for row in [*products, *models]]
        self._associated = json.dumps(links, ensure_ascii=False).lower()
        self._leaves = [row["code"] for row in pim.truth("categories") if row["parent"] is not None]
        self._families = [row["code"] for row in pim.truth("families")]
        self._categories: list[str] = []
        self._options: list[tuple[str, str]] = []
        self._kinds: dict[str, Callable[[Random], object]] = {
            "change product": self._change_product,
            "create product": self._create_product,
            "create variant": self._create_variant,
            "move variant": self._move_variant,
            "delete product": self._delete_product,
            "import": self._import,
            "change model": self._change_model,
            "create model": self._create_model,
            "delete model": self._delete_model,
            "create category": self._create_category,
            "change category": self._change_category,
            "delete category": self._delete_category,
            "change family": self._change_family,
            "create option": self._create_option,
            "change option": self._change_option,
            "delete option": self._delete_option,
            "break product": self._break_product,
            "break products": self._break_products,
            "break model": self._break_model,
            "repair": self._repair,
            "lose product": self._lose_product,
            "lose model": self._lose_model,
            "lose page": self._lose_page,
        }
        self.written = 0

    @property
    def products(self) -> list[str]:
        """Keys of the products there are."""
        return list(self._parents)

    def _is_associated(self, key: str) -> bool:
        """Return whether something links to an item; the PIM does so without regard to case."""
        return key.lower() in self._associated

    def sorted_products(self) -> list[str]:
        """Keys of the products there are, in the PIM's order."""
        return sorted(self._parents, key=str.lower)

    def lose(self, products: Iterable[str]) -> list[str]:
        """Delete products from the database but not from the index."""
        lost = list(products)
        for key in lost:
            self._pim.ghosts.add(key)
            self._lost[key] = self._parents[key]
            self._forget(key)
        return lost

    def repair_all(self, dice: Random) -> list[str]:
        """Repair each broken item, or delete it where nothing depends on it."""
        told = []
        for key in sorted(self._pim.broken):
            deletable = key in self._parents and not self._is_associated(key)
            if deletable and dice.random() < 0.3:
                self._write.delete("products", key)
                self._forget(key)
                told.append(f"deleted {key}")
            else:
                self._pim.broken.discard(key)
                told.append(f"repaired {key}")
        return told

    def _forget(self, product: str) -> None:
        del self._parents[product]
        self._pim.broken.discard(product)

    def do(self, write: Write) -> str:
        """Wait, write, and return what was written."""
        self._pim.clock.advance(seconds=write.wait)
        self.written += 1
        dice = Random(write.pick)  # noqa: S311 (no secret)
        what = self._kinds[write.kind](dice)
        return f"{self._pim.clock.now():%d %H:%M:%S} {write.kind} {what}"

    def _pick(self, dice: Random, of: Sequence[str]) -> str | None:
        return dice.choice(of) if of else None

    def _words(self) -> str:
        return f"version {self.written}"

    def _name(self) -> dict[str, object]:
        return {"name": [{"locale": "en_US", "scope": None, "data": self._words()}]}

    def _change_product(self, dice: Random) -> object:
        if key := self._pick(dice, self.products):
            self._change_one(dice, key)
        return key

    def _change_one(self, dice: Random, key: str) -> None:
        more = dice.choice(
            ({}, {"enabled": dice.random() < 0.5}, {"categories": [dice.choice(self._leaves)]})
        )
        self._write.change("products", key, values=self._name(), **more)
        self.touched.add(("products", (key,)))

    def _import(self, dice: Random) -> object:
        keys = dice.sample(self.products, min(len(self.products), dice.randint(2, IMPORTED)))
        for key in keys:
            self._change_one(dice, key)
        return keys

    def _create(self, dice: Random, **data: object) -> str:
        identifier = f"{dice.choice('az')}-soak-{self.written}"
        uuid = str(UUID(int=dice.getrandbits(128), version=4))
        self._write.product(identifier, uuid=uuid, values=self._name(), **data)
        key = uuid if self._pim.profile.by_uuid else identifier
        parent = data.get("parent")
        self._parents[key] = None if parent is None else str(parent)
        return key

    def _create_product(self, dice: Random) -> object:
        return self._create(dice, family=dice.choice(self._families))

    def _create_variant(self, dice: Random) -> object:
        parent = self._pick(dice, self._lowest())
        return parent and self._create(dice, parent=parent)

    def _lowest(self) -> list[str]:
        """Models that have variants, as against other models, below them."""
        above = {parent for parent, _ in self._models.values()}
        return [code for code in self._models if code not in above]

    def _move_variant(self, dice: Random) -> object:
        key = self._pick(dice, [key for key, parent in self._parents.items() if parent])
        if key is None:
            return None
        old = self._parents[key] or ""
        kind = self._models[old][1]
        new = self._pick(dice, [code for code in self._lowest() if self._models[code][1] == kind])
        if new is not None:
            self._write.change("products", key, parent=new)
            self.touched.add(("products", (key,)))
            self._parents[key] = new
        return key, new

    def _delete_product(self, dice: Random) -> object:
        key = self._pick(dice, [key for key in self._parents if not self._is_associated(key)])
        if key is not None:
            self._write.delete("products", key)
            self._forget(key)
        return key

    def _change_model(self, dice: Random) -> object:
        code = self._pick(dice, list(self._models))
        if code is not None:
            more = dice.choice(({}, {"categories": [dice.choice(self._leaves)]}))
            self._write.change("product_models", code, values=self._name(), **more)
            models, products = self._below(code)
            self.touched |= {("product_models", (model,)) for model in models}
            self.touched |= {("products", (key,)) for key in products}
        return code

    def _below(self, code: str) -> tuple[set[str], list[str]]:
        """A model with the models and products below it."""
        models = {code} | {model for model, (parent, _) in self._models.items() if parent == code}
        return models, [key for key, parent in self._parents.items() if parent in models]

    def _create_model(self, dice: Random) -> object:
        code = f"{dice.choice('az')}_soak_{self.written}"
        self._write.product_model(code, family_variant="shoes_size", values=self._name())
        self._models[code] = (None, "shoes_size")
        return code

    def _delete_model(self, dice: Random) -> object:
        code = self._pick(dice, list(self._models))
        if code is None:
            return None
        models, products = self._below(code)
        lost = [key for key, parent in self._lost.items() if parent in models]
        if any(self._is_associated(key) for key in (*models, *products, *lost)):
            return None
        self._write.delete("product_models", code)
        for model in models:
            del self._models[model]
            self._pim.broken.discard(model)
        for key in products:
            self._forget(key)
        return code

    def _create_category(self, dice: Random) -> object:
        code = f"{dice.choice('az')}_soak_{self.written}"
        self._write.save("categories", code, {"parent": dice.choice(self._leaves)})
        self._categories.append(code)
        return code

    def _change_category(self, dice: Random) -> object:
        code = dice.choice([*self._categories, *self._leaves])
        self._write.change("categories", code, labels={"en_US": self._words()})
        return code

    def _delete_category(self, dice: Random) -> object:
        code = self._pick(dice, self._categories)
        if code is not None:
            self._write.delete("categories", code)
            self._categories.remove(code)
        return code

    def _change_family(self, dice: Random) -> object:
        code = dice.choice(self._families)
        self._write.change("families", code, labels={"en_US": self._words()})
        return code

    def _create_option(self, dice: Random) -> object:
        key = (dice.choice(("color", "brand")), f"soak_{self.written}")
        self._write.save("attribute_options", key, {"labels": {"en_US": self._words()}})
        self._options.append(key)
        return key

    def _change_option(self, dice: Random) -> object:
        if not self._options:
            return None
        key = dice.choice(self._options)
        self._write.change("attribute_options", key, labels={"en_US": self._words()})
        return key

    def _delete_option(self, dice: Random) -> object:
        if not self._options:
            return None
        key = dice.choice(self._options)
        self._write.delete("attribute_options", key)
        self._options.remove(key)
        return key

    def _break_product(self, dice: Random) -> object:
        key = self._pick(dice, self.products)
        if key is not None:
            self._pim.broken.add(key)
        return key

    def _break_products(self, dice: Random) -> object:
        """Several at once, some of them next to each other."""
        keys = self.sorted_products()
        start = dice.randrange(max(len(keys), 1))
        broken = {*keys[start : start + dice.randint(1, 3)], *dice.sample(keys, min(2, len(keys)))}
        self._pim.broken.update(broken)
        return sorted(broken)

    def _has_spare_models(self) -> bool:
        """Return whether some models can be read; with none at all no run gets anywhere."""
        return len(self._models.keys() - self._pim.broken) > SPARE_MODELS

    def _break_model(self, dice: Random) -> object:
        code = self._pick(dice, list(self._models))
        if code is not None and self._has_spare_models():
            self._pim.broken.add(code)
        return code

    def _repair(self, dice: Random) -> object:
        key = self._pick(dice, sorted(self._pim.broken))
        if key is not None:
            self._pim.broken.discard(key)
        return key

    def _lose_product(self, dice: Random) -> object:
        key = self._pick(dice, self.products)
        return key and self.lose([key])

    def _lose_model(self, dice: Random) -> object:
        """A model with nothing below it."""
        above = {parent for parent, _ in self._models.values()} | {*self._parents.values()}
        code = self._pick(dice, [code for code in self._models if code not in above])
        if code is not None and self._has_spare_models():
            self._pim.ghosts.add(code)
            del self._models[code]
            self._pim.broken.discard(code)
        return code

    def _lose_page(self, dice: Random) -> object:
        keys = self.sorted_products()
        if len(keys) < 2 * FULL_PAGE:
            return None
        start = dice.randrange(len(keys) - FULL_PAGE + 1)
        return self.lose(keys[start : start + dice.randint(FULL_PAGE, FULL_PAGE + 2)])


def _links(row: dict[str, Any]) -> Iterator[object]:
    """Yield what links a product or model to others: associations and values of product links."""
    yield row.get("associations")
    yield row.get("quantified_associations")
    for values in row["values"].values():
        yield [one for one in values if one.get("attribute_type") == "pim_catalog_product_link"]
