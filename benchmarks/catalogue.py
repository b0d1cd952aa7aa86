"""The catalogues of the benchmarks. Items are encoded once, so pages only join their bytes."""

from __future__ import annotations

import json
import random
import time
import uuid
from bisect import bisect_left, bisect_right
from dataclasses import dataclass, field
from datetime import datetime, timezone
from functools import lru_cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

PRODUCT_BYTES = 13_000
YEAR = 365 * 24 * 3600
HOUR = 3600
FIRST_CHANGE = 50 * 60
"""Maximum age in seconds of the changes that an hourly run reads."""

IDENTIFIER = "sku"

_AROUND_VALUES = 1_480
"""Approximate size in bytes of a product without its values."""

_TEMPLATES = 64
_LOCALES = ("en_US", "de_DE", "fr_FR")
_CHANNELS = ("ecommerce", "print")
_CURRENCY = "EUR"
_TYPES = {
    "name": "text",
    "description": "textarea",
    "price": "price_collection",
    "weight": "metric",
    "picture": "image",
}
_FURTHER_TYPES = ("simpleselect", "boolean", "multiselect", "number", "date", "text")
"""Types of the further attributes, in turn."""
_TEXT = """
aluminium brushed cable casing colour compact cordless cotton cover daily deep durable ergonomic
fabric finish foldable für garden handle höhe inch kitchen lamp leather légère light limited
maße matte metal modern muted natural noir oak outdoor oven panel plated polished portable pure
quality rack recycled robust rouge rubber set shelf silver slim soft solid stainless steel
storage table tough travel velvet washable water wood
"""
_WORDS = _TEXT.split()


@dataclass(frozen=True)
class Encoded:
    """One item of a list, encoded as JSON.

    Attributes:
        key: Unique key of the item. For a product it is the uuid, by which the list is sorted.
        updated: Time of the last change, in seconds since 1970.
        body: JSON of the item without the closing brace, in pieces.
        small: The same, but with only the values of `IDENTIFIER`.
        extras: Additional properties, by the query parameter that requests them.
    """

    key: str
    updated: int
    body: tuple[bytes, ...]
    small: bytes = b""
    extras: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, key: str, updated: int, body: dict[str, Any]) -> Encoded:
        """Encode an item.

        Args:
            key: Unique key of the item.
            updated: The date in the search index, in seconds since 1970.
            body: The item with all properties that can be requested.
        """
        extras = {
            f"with_{name}": b',"%s":%s' % (name.encode(), encode(body[name]))
            for name in ("quality_scores", "completenesses")
            if name in body
        }
        rest = {name: value for name, value in body.items() if f"with_{name}" not in extras}
        values = {IDENTIFIER: body.get("values", {}).get(IDENTIFIER)}
        small = {**rest, "values": values} if values[IDENTIFIER] else rest
        return cls(key, updated, (encode(rest)[:-1],), encode(small)[:-1], extras)


class ProductList:
    """Products sorted by uuid, with an index on the time of their last change.

    Args:
        products: The products in any order.
    """

    def __init__(self, products: Iterable[Encoded]) -> None:
        self.products = sorted(products, key=lambda product: product.key)
        self.keys = [product.key for product in self.products]
        dated = sorted((product.updated, row) for row, product in enumerate(self.products))
        self._dates = [updated for updated, _ in dated]
        self._rows_by_date = [row for _, row in dated]
        # A reader requests every page of a list with the same date filter.
        self.rows = lru_cache(maxsize=256)(self._rows)

    def count(self, first: int, last: int) -> int:
        """Return how many products changed between two seconds, both included."""
        return max(bisect_right(self._dates, last) - bisect_left(self._dates, first), 0)

    def _rows(self, first: int, last: int) -> list[int]:
        """Return the positions of products that changed between two seconds, in list order."""
        if self.count(first, last) == len(self.products):
            return list(range(len(self.products)))
        start, end = bisect_left(self._dates, first), bisect_right(self._dates, last)
        return sorted(self._rows_by_date[start:end])


@dataclass
class Catalogue:
    """The content of a benchmark's PIM.

    Attributes:
        products: The products.
        attributes: Items of the attribute list.
        channels: Items of the channel list.
        options: Items of the option lists, by attribute; attributes without options are missing.
    """

    products: ProductList
    attributes: list[Encoded] = field(default_factory=list)
    channels: list[Encoded] = field(default_factory=list)
    options: dict[str, list[Encoded]] = field(default_factory=dict)


def encode(body: Any) -> bytes:  # noqa: ANN401 (JSON)
    """Encode a value as JSON, the way PHP does."""
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/").encode()


def make_catalogue(
    base: str, *, products: int = 0, skewed: bool = False, changed: int = 0, attributes: int = 0
) -> Catalogue:
    """Create a catalogue that is the same at each call, except for dates, relative to now.

    Args:
        base: Scheme and host for the links.
        products: Number of products.
        skewed: Whether 95 % of the products changed within one hour a month ago, as after an
            import. All other products changed at random times within the last two years.
        changed: Number of products that changed within the last hour.
        attributes: Number of select attributes.
    """
    dice = random.Random(1)  # noqa: S311 (not for secrets)
    now = int(time.time())
    templates = [_values(dice) for _ in range(_TEMPLATES)]

    def date(number: int) -> int:
        if number < changed:
            return now - dice.randrange(5 * 60, FIRST_CHANGE)
        if skewed and dice.random() < 0.95:  # noqa: PLR2004 (as the docstring says)
            return now - YEAR // 12 + dice.randrange(HOUR)
        # Older than what a reader may add to the hour for the lag of the index and an unknown time zone.
        return now - dice.randrange(4 * HOUR, 2 * YEAR)

    made = ProductList(
        _product(base, dice, number, date(number), templates[number % _TEMPLATES])
        for number in range(products)
    )
    codes = [f"select_{number:04}" for number in range(attributes)]
    select = [Encoded.of(code, now, _attribute(base, code, "simpleselect")) for code in codes]
    identifier = Encoded.of(IDENTIFIER, now, _attribute(base, IDENTIFIER, "identifier"))
    return Catalogue(
        made,
        select or [identifier, *_attributes_of(base, templates)],
        [Encoded.of(code, now, _channel(code)) for code in _CHANNELS],
        {code: _options(base, code, 5 + dice.randrange(26)) for code in codes},
    )


@dataclass(frozen=True)
class _Template:
    """Encoded properties that several products share."""

    values: bytes
    quality_scores: bytes
    completenesses: bytes


def _product(
    base: str, dice: random.Random, number: int, updated: int, template: _Template
) -> Encoded:
    key = str(uuid.UUID(int=dice.getrandbits(128), version=4))
    href = f"{base}/api/rest/v1/products-uuid/{key}"
    before = {
        "_links": {"self": {"href": href}},
        "uuid": key,
        "enabled": True,
        "family": f"family_{number % 40}",
        "categories": [f"category_{number % 900}", f"season_{number % 7}"],
        "groups": [],
        "parent": None,
    }
    sku = [{"locale": None, "scope": None, "data": f"SKU-{number:07}"}]
    after = {
        "created": _date_c(updated - 30 * 24 * HOUR),
        "updated": _date_c(updated),
        "associations": {
            kind: {"products": [], "product_models": [], "groups": []}
            for kind in ("PACK", "SUBSTITUTION", "UPSELL", "X_SELL")
        },
        "quantified_associations": [],
    }
    head = encode(before)[:-1] + b',"values":' + encode({IDENTIFIER: sku})[:-1]
    tail = b"}," + encode(after)[1:-1]
    extras = {
        "with_quality_scores": template.quality_scores,
        "with_completenesses": template.completenesses,
    }
    return Encoded(key, updated, (head, template.values, tail), head + tail, extras)


def _values(dice: random.Random) -> _Template:
    def text(words: int) -> str:
        return " ".join(dice.choice(_WORDS) for _ in range(words)).capitalize()

    def localised(words: int) -> list[dict[str, Any]]:
        return [{"locale": code, "scope": None, "data": text(words)} for code in _LOCALES]

    def one(data: object) -> list[dict[str, Any]]:
        return [{"locale": None, "scope": None, "data": data}]

    values: dict[str, Any] = {
        "name": localised(5),
        "description": [
            {"locale": code, "scope": channel, "data": f"<p>{text(40)}.</p>"}
            for code in _LOCALES
            for channel in _CHANNELS
        ],
        "price": one([{"amount": f"{dice.randrange(1, 900)}.90", "currency": _CURRENCY}]),
        "weight": one({"amount": f"{dice.randrange(1, 90)}.5000", "unit": "KILOGRAM"}),
        "picture": [
            {
                "locale": None,
                "scope": None,
                "data": "a/b/c/d/abcd_picture.jpg",
                "_links": {"download": {"href": "http://pim/api/rest/v1/media-files/a/download"}},
            }
        ],
    }
    kinds = (
        lambda: one(f"option_{dice.randrange(30)}"),
        lambda: one(dice.random() < 0.5),  # noqa: PLR2004 (yes or no)
        lambda: one([f"option_{dice.randrange(30)}", f"option_{30 + dice.randrange(30)}"]),
        lambda: one(dice.randrange(10_000)),
        lambda: one("2024-05-17T00:00:00+00:00"),
        lambda: localised(6),
    )
    number = 0
    while len(encode(values)) < PRODUCT_BYTES - _AROUND_VALUES:
        values[f"attribute_{number:03}"] = kinds[number % len(kinds)]()
        number += 1
    places = [(channel, code) for channel in _CHANNELS for code in _LOCALES]
    scores = [{"scope": scope, "locale": code, "data": "B"} for scope, code in places]
    complete = [
        {"scope": scope, "locale": code, "data": dice.randrange(101)} for scope, code in places
    ]
    return _Template(
        b"," + encode(values)[1:-1],
        b',"quality_scores":' + encode(scores),
        b',"completenesses":' + encode(complete),
    )


def _attributes_of(base: str, templates: Iterable[_Template]) -> list[Encoded]:
    """Return the attributes of the values in the templates."""
    values: dict[str, Any] = {}
    for template in templates:
        values |= json.loads(b"{" + template.values[1:] + b"}")
    made = []
    for code, entries in values.items():
        number = int(code.rpartition("_")[2]) if code not in _TYPES else 0
        kind = _TYPES.get(code) or _FURTHER_TYPES[number % len(_FURTHER_TYPES)]
        places = {
            "localizable": entries[0]["locale"] is not None,
            "scopable": entries[0]["scope"] is not None,
        }
        made.append(Encoded.of(code, 0, {**_attribute(base, code, kind), **places}))
    return made


def _channel(code: str) -> dict[str, Any]:
    return {"code": code, "locales": list(_LOCALES), "currencies": [_CURRENCY], "labels": {}}


def _attribute(base: str, code: str, kind: str) -> dict[str, Any]:
    return {
        "_links": {"self": {"href": f"{base}/api/rest/v1/attributes/{code}"}},
        "code": code,
        "type": f"pim_catalog_{kind}",
        "group": "other",
        "sort_order": 1,
        "localizable": False,
        "scopable": False,
        "labels": {name: f"{code} in {name}" for name in _LOCALES},
    }


def _options(base: str, attribute: str, count: int) -> list[Encoded]:
    return [
        Encoded.of(
            f"{attribute}/option_{number}",
            0,
            {
                "_links": {
                    "self": {
                        "href": f"{base}/api/rest/v1/attributes/{attribute}/options/option_{number}"
                    }
                },
                "code": f"option_{number}",
                "attribute": attribute,
                "sort_order": number,
                "labels": {name: f"Option {number} in {name}" for name in _LOCALES},
            },
        )
        for number in range(count)
    ]


def _date_c(timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, timezone.utc).isoformat()
