"""Values of the generated products, computed from a seed on access."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pim_simulator.catalogue.enterprise import family_attributes
from pim_simulator.catalogue.structure import CHANNELS, FAMILIES, FAMILY_VARIANTS, OPTIONS
from pim_simulator.database.random_numbers import SeededRandom

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pim_simulator.database.php import Json
    from pim_simulator.database.rows import Item, Values

_ADJECTIVES = ("Classic", "Light", "Urban", "Nordic", "Vintage", "Robust", "Élégant", "Compact")
_NOUNS = {
    "clothing": ("shirt", "dress", "jacket", "trousers", "coat"),
    "shoes": ("sneaker", "boot", "sandal"),
    "cameras": ("camera", "reflex camera", "travel camera"),
    "accessories": ("bag", "belt", "scarf", "tripod"),
}
_SENTENCES = (
    "Made to last and easy to look after.",
    'A favourite of our customers: "simply the best".',
    "Line breaks\nand umlauts äöü are kept as they are.",
    "Designed in the north, loved everywhere.",
    "Fits every occasion, from the office to the mountains.",
    "Available in limited quantities <b>while stocks last</b>.",
    "Comes with a bag for the journey.",
    "Price & quality: 100 % satisfaction or your money back.",
)
_CURRENCIES = ("EUR", "USD")
_LOCALES = ("de_DE", "en_US", "fr_FR")


def _value(data: Json, locale: str | None = None, scope: str | None = None) -> dict[str, Any]:
    return {"locale": locale, "scope": scope, "data": data}


class ValueMaker:
    """Makes the values of a generated product or model.

    Args:
        attributes: Bodies of the attributes, by code.
        media: Codes of the media files; the last few are PDF manuals.
        seed: Seed of the catalogue.
        more: Value generators of further attribute types.
    """

    def __init__(
        self,
        attributes: dict[str, dict[str, Any]],
        media: Sequence[str],
        seed: int,
        more: Mapping[str, Callable[[SeededRandom, dict[str, Any], Item], Json]],
    ) -> None:
        self._attributes = attributes
        self._pictures = [code for code in media if not code.endswith(".pdf")]
        self._manuals = [code for code in media if code.endswith(".pdf")]
        self._seed = seed
        self._makers: dict[str, Callable[[SeededRandom, dict[str, Any], Item], Any]] = {
            "pim_catalog_text": self._text,
            "pim_catalog_textarea": self._textarea,
            "pim_catalog_simpleselect": self._option,
            "pim_catalog_multiselect": self._multiselect,
            "pim_catalog_boolean": lambda r, _, __: r.chance(0.5),
            "pim_catalog_date": lambda r, _, __: f"20{r.randint(16, 24)}-{r.randint(1, 12):02}-28",
            "pim_catalog_number": self._number,
            "pim_catalog_metric": self._metric,
            "pim_catalog_price_collection": self._prices,
            "pim_catalog_image": lambda r, _, __: r.choice(self._pictures),
            "pim_catalog_file": lambda r, _, __: r.choice(self._manuals),
            **more,
        }
        self._added = {family: family_attributes(family, attributes) for family in FAMILIES}

    def __call__(self, item: Item) -> Values:
        """Return the own values of a product or model."""
        family = item.family
        values: Values = {}
        if family is not None:
            random = SeededRandom(f"{self._seed}/{item.uuid}")
            for code in self._own_attributes(item):
                attribute = self._attributes[code]
                if random.chance(0.75) or code == FAMILIES[family][2]:
                    value = self._for_all_channels(random, attribute, item)
                    if value:
                        values[code] = value
        for axis, option in item.seed:
            values[axis] = [_value(option)]
        return values

    def _own_attributes(self, item: Item) -> list[str]:
        """Return the attributes of the item's own level, except axes."""
        family = FAMILIES[item.family or ""]
        added = self._added[item.family or ""]
        if item.family_variant is None:
            return [*family[1], *added]
        sets = FAMILY_VARIANTS[item.family_variant][2]
        level = len(sets)  # a product is at the lowest
        if item.is_model:
            level = 0 if item.parent is None else 1
        axes = {axis for row in sets for axis in row["axes"]}
        if level:
            return [code for code in sets[level - 1]["attributes"] if code in family[1]]
        below = {code for row in sets for code in row["attributes"]} | axes
        return [code for code in (*family[1], *added) if code not in below]

    def _for_all_channels(
        self, random: SeededRandom, attribute: dict[str, Any], item: Item
    ) -> list[dict[str, Any]]:
        make = self._makers[attribute["type"]]
        only = attribute["available_locales"]
        values: list[dict[str, Any]] = []
        for scope in CHANNELS if attribute["scopable"] else (None,):
            locales: Sequence[str | None] = (None,)
            if attribute["localizable"]:
                locales = _LOCALES if scope is None else CHANNELS[scope]["locales"]
            for locale in locales:
                if only and locale not in only:
                    continue
                if values and random.chance(0.2):
                    continue
                values.append(_value(make(random, attribute, item), locale, scope))
        return [value for value in values if value["data"] is not None]

    @staticmethod
    def _text(random: SeededRandom, attribute: dict[str, Any], item: Item) -> str:
        if attribute["code"] == "ean":
            return f"{random.randrange(10**12, 10**13)}"
        noun = random.choice(_NOUNS.get(item.family or "", ("thing",)))
        return f"{random.choice(_ADJECTIVES)} {noun} {random.randint(1, 999)}"

    @staticmethod
    def _textarea(random: SeededRandom, attribute: dict[str, Any], _: Item) -> str:
        sentences = random.sample(_SENTENCES, 4)
        if attribute["wysiwyg_enabled"]:
            return "".join(f"<p>{sentence}</p>" for sentence in sentences)
        return " ".join(sentences)

    @staticmethod
    def _option(random: SeededRandom, attribute: dict[str, Any], _: Item) -> str:
        option = random.choice(list(OPTIONS[attribute["code"]]))
        # The case of a value may differ from that of its option (#12100, #17457).
        return option.upper() if random.chance(0.03) else option

    @staticmethod
    def _multiselect(random: SeededRandom, attribute: dict[str, Any], _: Item) -> list[str]:
        options = list(OPTIONS[attribute["code"]])
        return sorted(random.sample(options, random.randint(1, 3)))

    @staticmethod
    def _number(random: SeededRandom, attribute: dict[str, Any], _: Item) -> str | int:
        if not attribute["decimals_allowed"]:
            return random.randint(0, 60)
        if random.chance(0.1):
            return "15.507876"  # a longer decimal is kept as it is
        return f"{random.randint(0, 49_999) / 10_000:.4f}"

    @staticmethod
    def _metric(random: SeededRandom, attribute: dict[str, Any], _: Item) -> dict[str, Any]:
        unit = attribute["default_metric_unit"]
        if random.chance(0.05):
            return {"amount": None, "unit": None}
        if not attribute["decimals_allowed"]:
            return {"amount": random.randint(30, 900), "unit": unit}
        least = -400_000 if attribute["negative_allowed"] else 1_000
        return {"amount": f"{random.randint(least, 500_000) / 10_000:.4f}", "unit": unit}

    @staticmethod
    def _prices(random: SeededRandom, attribute: dict[str, Any], _: Item) -> list[dict[str, Any]]:
        currencies = _CURRENCIES if random.chance(0.8) else _CURRENCIES[:1]
        amounts = [random.randint(500, 250_000) for _ in currencies]
        decimals = attribute["decimals_allowed"]
        return [
            {"amount": f"{cents / 100:.2f}" if decimals else cents // 100, "currency": currency}
            for cents, currency in zip(amounts, currencies, strict=True)
        ]
