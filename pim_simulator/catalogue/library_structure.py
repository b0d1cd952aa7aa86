"""The attributes of the simulated shop's reference entities and asset families."""

from __future__ import annotations

from typing import Any

from pim_simulator.catalogue.structure import labels

# Code, type, labels in English, French and German, and what differs from the defaults.
Attribute = tuple[str, str, tuple[str | None, ...], dict[str, Any]]
_PER_LOCALE = {"value_per_locale": True}
_REQUIRED = {"is_required_for_completeness": True}

LABEL: Attribute = ("label", "text", ("Label", "Libellé", "Bezeichnung"), _PER_LOCALE)
IMAGE: Attribute = ("image", "image", ("Image", "Image", "Bild"), {})

# Code of the entity: (labels, its own attributes); ``only`` names the edition that has them.
# fmt: off
REFERENCE_ENTITIES: dict[str, tuple[tuple[str | None, ...], tuple[Attribute, ...]]] = {
    "brands": (("Brands", "Marques", "Marken"),
        (("description", "text", ("Description", "Description", "Beschreibung"),
                {**_PER_LOCALE, **_REQUIRED, "value_per_channel": True, "is_textarea": True,
                    "is_rich_text_editor": True}),
            ("founded", "number", ("Founded in",), {"min_value": "1800", "max_value": "2100"}),
            ("turnover", "number", ("Turnover", None), {"decimals_allowed": True}),
            ("sales_areas", "multiple_options", ("Sales areas", "Zones de vente"), {}),
            ("price_level", "single_option", ("Price level",), _REQUIRED),
            ("country", "reference_entity_single_link", ("Country", "Pays", "Land"),
                {"reference_entity_code": "countries"}),
            ("designers", "reference_entity_multiple_links", ("Designers", "Designeurs"),
                {"reference_entity_code": "designers"}),
            ("logos", "asset_collection", (), {"asset_family_identifier": "packshots"}))),
    "designers": (("Designers", None),
        (("biography", "text", ("Biography",), {**_PER_LOCALE, "is_textarea": True}),
            ("born", "number", ("Born in",), _REQUIRED),
            ("nationality", "single_option", ("Nationality", "Nationalité"), {}))),
    "countries": ((), (("iso", "text", ("ISO code",), {**_REQUIRED, "max_characters": 2}),)),
}
# The codes of asset families are case-sensitive.
ASSET_FAMILIES: dict[str, tuple[tuple[str | None, ...], str, tuple[Attribute, ...]]] = {
    "packshots": (("Packshots", "Packshots", "Freisteller"), "media",
        (("media", "media_file", ("Picture", "Photo", "Bild"),
                {**_REQUIRED, "media_type": "image", "allowed_extensions": ["jpg", "png"],
                    "max_file_size": "10"}),
            ("alt_tag", "text", ("Alt tag",), {**_PER_LOCALE, **_REQUIRED}),
            ("photographer", "text", ("Photographer", "Photographe"), {"max_characters": 50}),
            ("model_wears", "single_option", ("Model wears size",), {}),
            ("main_colors", "multiple_options", ("Main colors", "Couleurs principales"), {}),
            ("height", "number", (), {"value_per_channel": True, "decimals_allowed": True}),
            ("published", "date", ("Publish date",), {"only": "saas"}),
            ("approved", "boolean", ("Approved",), {"only": "saas", "default_value": True}),
            ("brand", "record", ("Brand", "Marque"),
                {"only": "saas", "reference_entity": "brands"}),
            ("auto_tags", "auto_tagging", (), {"only": "saas"}))),
    "user_guides": (("User guides", "Guides"), "guide",
        (("guide", "media_file", ("Guide",),
                {**_PER_LOCALE, "media_type": "pdf", "allowed_extensions": ["pdf"],
                    "max_file_size": None}),
            ("pages", "number", ("Pages", "Pages", "Seiten"), _REQUIRED))),
    "Videos": ((), "film",
        (("film", "media_link", ("Film",),
                {**_REQUIRED, "media_type": "youtube",
                    "prefix": "https://www.youtube.com/watch?v=", "suffix": None}),
            ("subtitle", "text", ("Subtitle",), {**_PER_LOCALE, "validation_rule": "none"}))),
}
OPTIONS: dict[str, dict[str, tuple[str | None, ...]]] = {
    "sales_areas": {"europe": ("Europe", "Europe"), "asia": ("Asia", "Asie"), "america": ()},
    "price_level": {"budget": ("Budget",), "premium": ("Premium", "Premium", "Premium")},
    "nationality": {"danish": ("Danish", "Danois"), "french": ("French", None), "0": ("Other",)},
    "model_wears": {"s": ("S", "S"), "size_27": ("Size 27", "Taille 36"), "unique": ()},
    "main_colors": {"red": ("Red", "Rouge"), "purple": ("Purple",), "white": ()},
}
_OWN_KEYS: dict[str, dict[str, Any]] = {
    "text": {"max_characters": None, "is_textarea": False, "is_rich_text_editor": False,
        "validation_rule": "none", "validation_regexp": None},
    "number": {"decimals_allowed": False, "min_value": None, "max_value": None},
    "image": {"allowed_extensions": [], "max_file_size": None},
    "media_file": {"allowed_extensions": [], "max_file_size": None, "media_type": "image"},
    "media_link": {"prefix": None, "suffix": None, "media_type": "other"},
}
# fmt: on


def attribute_body(attribute: Attribute, *, assets: bool) -> dict[str, Any]:
    """Return an attribute with the keys of its type."""
    code, kind, texts, traits = attribute
    body: dict[str, Any] = {
        "code": code, "labels": labels(texts), "type": kind, "value_per_locale": False,
        "value_per_channel": False, "is_required_for_completeness": False,
    }  # fmt: skip
    if assets:
        body["is_read_only"] = False
    more = {name: value for name, value in traits.items() if name != "only"}
    return body | _OWN_KEYS.get(kind, {}) | more


def option_body(code: str, texts: tuple[str | None, ...]) -> dict[str, Any]:
    """Return an option of an attribute."""
    return {"code": code, "labels": labels(texts)}
