"""The simulated PIM of the demo, which keeps its content between runs."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import datetime
from random import Random
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pim_simulator import SimulatedPim

if TYPE_CHECKING:
    from pathlib import Path

SEED = 1
PRODUCTS = 250
_ADJECTIVES = ("Golden", "Silent", "Northern", "Pocket", "Brave", "Little", "Early", "Velvet")


@dataclass
class Shop:
    """A simulated PIM and the history of its changes.

    Each run creates the PIM again from the same seed. Then it repeats the changes of earlier runs,
    each at its original time, so that the dates are the same as well.

    Attributes:
        file: File that stores the port and the times of the changes.
        pim: The PIM.
        port: Port of the PIM, which stays the same in all runs, like the address of a real PIM; 0
            before the first run.
        changed: Time of each round of changes.
        deletes: Whether each round also deletes a product.
    """

    file: Path
    pim: SimulatedPim = field(
        default_factory=lambda: SimulatedPim("ce-7", seed=SEED, products=PRODUCTS)
    )
    port: int = 0
    changed: list[datetime] = field(default_factory=list)
    deletes: bool = False

    @classmethod
    def open(cls, file: Path) -> Shop:
        """Restore the PIM of earlier runs, or create a new one.

        Args:
            file: File that stores the port and the times of the changes.
        """
        shop = cls(file, deletes=True)
        if file.exists():
            kept = json.loads(file.read_text(encoding="utf-8"))
            shop.port = kept["port"]
            for time in map(datetime.fromisoformat, kept["changed"]):
                shop._change(time)
        return shop

    def keep(self) -> None:
        """Save what `open` needs."""
        kept = {"port": self.port, "changed": [time.isoformat() for time in self.changed]}
        self.file.write_text(json.dumps(kept), encoding="utf-8")

    def change(self) -> list[str]:
        """Make some changes in the PIM now.

        Returns:
            Descriptions of the changes.
        """
        return self._change(self.pim.clock.now())

    def _change(self, time: datetime) -> list[str]:
        self.changed.append(time)
        back = (time - self.pim.clock.now()).total_seconds()
        self.pim.clock.advance(seconds=back)
        try:
            changes = _Changes(self.pim, len(self.changed))
            return [*changes.make(), *([changes.delete()] if self.deletes else ())]
        finally:
            self.pim.clock.advance(seconds=-back)


class _Changes:
    """A round of changes like those of a day in a shop; the number determines all of them."""

    def __init__(self, pim: SimulatedPim, number: int) -> None:
        self._pim = pim
        self._number = number
        self._random = Random(number)  # noqa: S311 (no secret)
        products = sorted(pim.truth("products"), key=lambda product: str(product["uuid"]))
        self._simple = [
            product
            for product in products
            if product["parent"] is None and _english_name(product) and "sku" in product["values"]
        ]
        self._random.shuffle(self._simple)

    def make(self) -> list[str]:
        changes = [self._new_price(self._simple.pop()) for _ in range(3)]
        changes.append(self._new_name(self._simple.pop()))
        changes.append(self._switched(self._simple.pop()))
        changes.append(self._new_product())
        changes.append(self._new_brand_of_a_model())
        changes.append(self._new_option())
        return changes

    def delete(self) -> str:
        """Delete a product that `make` has not changed.

        Nothing is associated with it, because the PIM would remove the association without a new
        date, so the tap would not read it again.
        """
        linked = json.dumps(
            [
                (item["associations"], item["quantified_associations"])
                for items in ("products", "product_models")
                for item in self._pim.truth(items)
            ]
        )
        product = next(
            product
            for product in reversed(self._simple)
            if product["uuid"] not in linked and product["values"]["sku"][0]["data"] not in linked
        )
        self._pim.write.delete("products", product["uuid"])
        return f"{_called(product)} has been deleted"

    def _new_price(self, product: dict[str, Any]) -> str:
        amount = f"{self._random.randint(500, 25_000) / 100:.2f}"
        self._save(product, values={"price": _value([{"amount": amount, "currency": "EUR"}])})
        return f"{_called(product)} now costs {amount} EUR"

    def _new_name(self, product: dict[str, Any]) -> str:
        name = f"{self._random.choice(_ADJECTIVES)} {_english_name(product).split(' ', 1)[1]}"
        self._save(product, values={"name": _value(name, locale="en_US")})
        return f"{_called(product)} is now called {name!r}"

    def _switched(self, product: dict[str, Any]) -> str:
        self._save(product, enabled=not product["enabled"])
        return f"{_called(product)} has been {'dis' if product['enabled'] else 'en'}abled"

    def _new_product(self) -> str:
        identifier = f"new-{self._number:04}"
        name = f"{self._random.choice(_ADJECTIVES)} bag {self._number}"
        self._pim.write.product(
            identifier,
            uuid=str(UUID(int=self._random.getrandbits(128), version=4)),
            family="accessories",
            categories=["bags"],
            values={
                "name": _value(name, locale="en_US"),
                "price": _value([{"amount": "49.90", "currency": "EUR"}]),
            },
        )
        return f"{identifier} {name!r} is new"

    def _new_brand_of_a_model(self) -> str:
        model = self._random.choice(
            [model for model in self._pim.truth("product_models") if model["parent"] is None]
        )
        old = model["values"].get("brand")
        brand = "Nordlicht" if not old or old[0]["data"] != "Nordlicht" else "belle_vie"
        self._pim.write.change("product_models", model["code"], values={"brand": _value(brand)})
        return f"the model {model['code']} is now of the brand {brand}, and so are all its variants"

    def _new_option(self) -> str:
        code = f"shade_{self._number}"
        label = f"{self._random.choice(_ADJECTIVES)} blue"
        self._pim.write.save("attribute_options", ("color", code), {"labels": {"en_US": label}})
        return f"there is a new color, {label!r}"

    def _save(self, product: dict[str, Any], **data: Any) -> None:  # noqa: ANN401 (JSON)
        self._pim.write.change("products", product["uuid"], **data)


def _value(data: object, locale: str | None = None) -> list[dict[str, Any]]:
    return [{"locale": locale, "scope": None, "data": data}]


def _english_name(product: dict[str, Any]) -> str:
    names = product["values"].get("name", ())
    return next((str(name["data"]) for name in names if name["locale"] == "en_US"), "")


def _called(product: dict[str, Any]) -> str:
    return f"{product['values']['sku'][0]['data']} {_english_name(product)!r}"
