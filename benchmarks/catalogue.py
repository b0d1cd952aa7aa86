"""The catalogues of the benchmarks: their items, written as JSON once and only joined later."""

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
"""Seconds before now from which on the changes of an hourly run are."""

IDENTIFIER = "sku"

_AROUND_VALUES = 1_480
"""What is in a product beside its values, in bytes, roughly."""

_TEMPLATES = 64
_LOCALES = ("en_US", "de_DE", "fr_FR")
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
    """One item of a list as JSON.

    Attributes:
        key: Tells it apart; of a product, its uuid, which the list is in the order of.
        updated: Seconds since 1970.
        body: Its JSON without the closing brace, in pieces.
        small: The same with the values of `IDENTIFIER` alone.
        extras: What is added on demand, by query parameter.
    """

    key: str
    updated: int
    body: tuple[bytes, ...]
    small: bytes = b""
    extras: dict[str, bytes] = field(default_factory=dict)

    @classmethod
    def of(cls, key: str, updated: int, body: dict[str, Any]) -> Encoded:
        """Make one of a whole body.

        Args:
            key: See `key`.
            updated: The date in the search index, seconds since 1970.
            body: With all that can be asked for.
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
    """Products, in the order of their uuid, to be found by the time of their change.

    Args:
        products: In any order.
    """

    def __init__(self, products: Iterable[Encoded]) -> None:
        self.products = sorted(products, key=lambda product: product.key)
        self.keys = [product.key for product in self.products]
        dated = sorted((product.updated, row) for row, product in enumerate(self.products))
        self._dates = [updated for updated, _ in dated]
        self._rows_by_date = [row for _, row in dated]
        # A walk asks for the same window at each of its pages.
        self.rows = lru_cache(maxsize=256)(self._rows)

    def count(self, first: int, last: int) -> int:
        """How many were changed from one second to another, both included."""
        return max(bisect_right(self._dates, last) - bisect_left(self._dates, first), 0)

    def _rows(self, first: int, last: int) -> list[int]:
        """The rows of what was changed from one second to another, in the order of the list."""
        if self.count(first, last) == len(self.products):
            return list(range(len(self.products)))
        start, end = bisect_left(self._dates, first), bisect_right(self._dates, last)
        return sorted(self._rows_by_date[start:end])


@dataclass
class Catalogue:
    """What the PIM of a benchmark holds.

    Attributes:
        products: Its products.
        attributes: Items of the list of attributes.
        options: Items of the list of options, by attribute; missing where there can be none.
    """

    products: ProductList
    attributes: list[Encoded] = field(default_factory=list)
    options: dict[str, list[Encoded]] = field(default_factory=dict)


def encode(body: Any) -> bytes:  # noqa: ANN401 (JSON)
    """JSON, as PHP writes it."""
    return json.dumps(body, separators=(",", ":")).replace("/", "\\/").encode()


def make_catalogue(
    base: str, *, products: int = 0, skewed: bool = False, changed: int = 0, attributes: int = 0
) -> Catalogue:
    """Makes a catalogue, the same at each call but for its dates, which are relative to now.

    Args:
        base: Scheme and host for the links.
        products: How many products there are.
        skewed: Puts the changes of 95 % of them into one hour, a month ago, as an import does;
            else, and for the rest, they are at random seconds of two years.
        changed: How many of them changed within the last hour; the others did earlier then.
        attributes: How many select attributes there are.
    """
    dice = random.Random(1)  # noqa: S311 (not for secrets)
    now = int(time.time())
    templates = [_values(dice) for _ in range(_TEMPLATES)]

    def date(number: int) -> int:
        if number < changed:
            return now - dice.randrange(5 * 60, FIRST_CHANGE)
        if skewed and dice.random() < 0.95:  # noqa: PLR2004 (as the docstring says)
            return now - YEAR // 12 + dice.randrange(HOUR)
        return now - dice.randrange(2 * HOUR, 2 * YEAR)

    made = ProductList(
        _product(base, dice, number, date(number), templates[number % _TEMPLATES])
        for number in range(products)
    )
    codes = [f"select_{number:04}" for number in range(attributes)]
    select = [Encoded.of(code, now, _attribute(base, code, "simpleselect")) for code in codes]
    identifier = Encoded.of(IDENTIFIER, now, _attribute(base, IDENTIFIER, "identifier"))
    return Catalogue(
        made,
        select or [identifier],
        {code: _options(base, code, 5 + dice.randrange(26)) for code in codes},
    )


@dataclass(frozen=True)
class _Template:
    """What products share with some others."""

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
            for channel in ("ecommerce", "print")
        ],
        "price": one([{"amount": f"{dice.randrange(1, 900)}.90", "currency": "EUR"}]),
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
    places = [(channel, code) for channel in ("ecommerce", "print") for code in _LOCALES]
    scores = [{"scope": scope, "locale": code, "data": "B"} for scope, code in places]
    complete = [
        {"scope": scope, "locale": code, "data": dice.randrange(101)} for scope, code in places
    ]
    return _Template(
        b"," + encode(values)[1:-1],
        b',"quality_scores":' + encode(scores),
        b',"completenesses":' + encode(complete),
    )


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
