"""The product assets (PAM) of PIM 3, which the Asset Manager replaced."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pim_simulator.catalogue.libraries import media_code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pim_simulator.database.random_numbers import SeededRandom

_CATEGORIES = {
    "asset_main_catalog": (None, {"en_US": "Asset main catalog"}),
    "images": ("asset_main_catalog", {"en_US": "Images", "fr_FR": "Images"}),
    "print_images": ("asset_main_catalog", {}),
}
_TAGS = ("backless", "big_sizes", "cities", "dress_suit", "flower", "neckline", "water")
_COUNT = 23


def categories(_: SeededRandom) -> Iterator[dict[str, Any]]:
    """Iterate over the categories of product assets."""
    for code, (parent, labels) in _CATEGORIES.items():
        yield {"code": code, "parent": parent, "labels": labels}


def tags(_: SeededRandom) -> Iterator[dict[str, Any]]:
    """Iterate over the tags of product assets."""
    for tag in _TAGS:
        yield {"code": tag}


def assets(random: SeededRandom) -> Iterator[dict[str, Any]]:
    """Iterate over product assets."""
    for number in range(_COUNT):
        yield _asset(f"asset_{number:03}", number, random)


def _asset(code: str, number: int, random: SeededRandom) -> dict[str, Any]:
    localizable = number % 5 == 0
    locales: tuple[str | None, ...] = ("en_US", "fr_FR") if localizable else (None,)
    files = [] if number % 7 == 0 else [(locale, f"{code}_{locale}.jpg") for locale in locales]
    return {
        "code": code,
        "localizable": localizable,
        "description": f"Asset number {number}" if number % 3 else None,
        "end_of_use": "2028-01-25T00:00:00+00:00" if number % 4 == 0 else None,
        "tags": sorted(random.sample(_TAGS, number % 3)),
        "categories": ["images"] if number % 2 else [],
        "variation_files": [
            {
                "locale": locale,
                "scope": scope,
                "code": media_code(code, scope, str(locale), name=f"{scope}_{name}"),
            }
            for locale, name in files
            for scope in ("ecommerce", "mobile")
        ],
        "reference_files": [
            {"locale": locale, "code": media_code(code, str(locale), name=name)}
            for locale, name in files
        ],
    }
