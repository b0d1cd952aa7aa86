"""A large shop for measurements: products of 6 KB with 64 single values, half of them variants."""

from __future__ import annotations

from random import Random
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.dbt.truth import Row

WHEN = "2024-01-01T00:00:00+00:00"
CHANNELS = {"ecommerce": ["en_US", "fr_FR", "de_DE"], "print": ["en_US"]}
KINDS = {
    "identifier": ["sku"],
    "text": [f"text_{number}" for number in range(8)],
    "textarea": ["description", "summary"],
    "simpleselect": [f"select_{number}" for number in range(10)],
    "multiselect": ["tags", "uses"],
    "metric": [f"metric_{number}" for number in range(5)],
    "price_collection": ["price"],
    "number": [f"number_{number}" for number in range(4)],
    "boolean": ["on_sale", "is_new", "is_heavy"],
    "date": ["released"],
}
OPTIONS = 20
PRODUCTS_OF_A_MODEL = 5


def rows(products: int) -> dict[str, list[Row]]:
    """Return rows of streams as the tap writes them."""
    models = range(products // PRODUCTS_OF_A_MODEL // 2)
    return {
        "attributes": list(_attributes()),
        "attribute_options": [
            {"attribute": attribute, "code": f"option_{number}", "labels": {"en_US": f"{number}"}}
            for attribute in [*KINDS["simpleselect"], *KINDS["multiselect"]]
            for number in range(OPTIONS)
        ],
        "channels": [
            {"code": channel, "locales": locales, "currencies": ["EUR", "USD"], "labels": {}}
            for channel, locales in CHANNELS.items()
        ],
        "families": [_family(number) for number in range(10)],
        "family_variants": [
            {
                "family": f"family_{number}",
                "code": f"variant_{number}",
                "labels": {},
                "variant_attribute_sets": [
                    {"level": 1, "axes": ["select_0"], "attributes": ["sku", "select_0", "price"]}
                ],
            }
            for number in range(10)
        ],
        "association_types": [{"code": "X_SELL", "labels": {}}],
        "categories": [
            {"code": "master", "parent": None, "labels": {}, "updated": WHEN},
            *(
                {"code": f"category_{number}", "parent": "master", "labels": {}, "updated": WHEN}
                for number in range(50)
            ),
        ],
        "product_models": [_model(number) for number in models],
        "products": [_product(number, len(models)) for number in range(products)],
        "product_keys": [
            {"uuid": _uuid(number), "identifier": None, "read_at": "2026-05-04T08:00:00+00:00"}
            for number in range(products)
        ],
    }


def _uuid(number: int) -> str:
    return f"00000000-0000-4000-8000-{number:012}"


def _attributes() -> Iterator[Row]:
    for kind, codes in KINDS.items():
        for code in codes:
            yield {
                "code": code,
                "type": f"pim_catalog_{kind}",
                "group": "other",
                "labels": {},
                "available_locales": [],
                "scopable": kind == "textarea",
                "localizable": kind in {"text", "textarea"},
                "is_main_identifier": kind == "identifier",
            }


def _family(number: int) -> Row:
    required = ["sku", "text_0", "text_1", "text_2", "description", "select_0", "metric_0", "price"]
    return {
        "code": f"family_{number}",
        "labels": {},
        "attributes": [code for codes in KINDS.values() for code in codes],
        "attribute_as_label": "text_0",
        "attribute_as_image": None,
        "attribute_requirements": dict.fromkeys(CHANNELS, required),
    }


def _values(number: int) -> dict[str, list[Row]]:
    random = Random(number)  # noqa: S311 (a made-up shop)

    def words(count: int) -> str:
        return " ".join(random.choice(["red", "strong", "cotton", "bag"]) for _ in range(count))

    def data(kind: str) -> Any:
        amount = f"{random.randint(1, 99_999) / 100}"
        return {
            "simpleselect": f"option_{random.randrange(OPTIONS)}",
            "multiselect": [f"option_{each}" for each in random.sample(range(OPTIONS), 3)],
            "metric": {"amount": amount, "unit": "GRAM"},
            "price_collection": [
                {"amount": amount, "currency": "EUR"},
                {"amount": amount, "currency": "USD"},
            ],
            "number": amount,
            "boolean": number % 2 == 0,
            "date": "2025-05-04T00:00:00+00:00",
        }[kind]

    found = {}
    for kind, codes in KINDS.items():
        for code in codes:
            if kind == "identifier":
                found[code] = [{"scope": None, "locale": None, "data": f"sku-{number}"}]
            elif kind == "text":
                found[code] = [
                    {"scope": None, "locale": locale, "data": words(8)}
                    # One in seven products lacks the French text.
                    for locale in CHANNELS["ecommerce"][: 3 if number % 7 else 2]
                ]
            elif kind == "textarea":
                found[code] = [
                    {"scope": channel, "locale": locale, "data": words(36)}
                    for channel, locales in CHANNELS.items()
                    for locale in locales
                ]
            else:
                found[code] = [{"scope": None, "locale": None, "data": data(kind)}]
    return found


def _item(number: int, **more: Any) -> Row:
    categories = [f"category_{each}" for each in {number % 50, number % 7, number % 11}]
    return {
        "family": f"family_{number % 10}",
        "categories": categories,
        "associations": {"X_SELL": {"products": [_uuid(number // 2)], "product_models": []}},
        "quantified_associations": {},
        "values": _values(number),
        "created": WHEN,
        "updated": WHEN,
        **more,
    }


def _model(number: int) -> Row:
    return _item(
        number, code=f"model_{number}", parent=None, family_variant=f"variant_{number % 10}"
    )


def _product(number: int, models: int) -> Row:
    # A variant has the family of its model.
    variant = {"parent": f"model_{number % models}"} if number % 2 and models % 10 == 0 else {}
    return _item(
        number,
        uuid=_uuid(number),
        enabled=True,
        groups=[],
        completenesses=[
            {"scope": channel, "locale": locale, "data": 100 if number % 7 else 87}
            for channel, locales in CHANNELS.items()
            for locale in locales
        ],
        **{"parent": None, **variant},
    )
