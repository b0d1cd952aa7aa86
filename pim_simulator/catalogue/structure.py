"""The attributes, families and the rest of the structure of the simulated shop."""

from __future__ import annotations

from typing import Any

# fmt: off
LOCALES = {
    "de_DE": True, "en_GB": False, "en_US": True, "es_ES": False, "fr_BE": False, "fr_FR": True,
    "it_IT": False, "ja_JP": False, "nl_NL": False, "pt_BR": False,
}
CURRENCIES = {
    "AUD": False, "CAD": False, "CHF": False, "EUR": True, "GBP": False, "JPY": False,
    "SEK": False, "USD": True,
}
CHANNELS: dict[str, dict[str, Any]] = {
    "ecommerce": {"currencies": ["EUR", "USD"], "locales": ["de_DE", "en_US", "fr_FR"],
        "category_tree": "master", "conversion_units": {"weight": "KILOGRAM"},
        "labels": {"de_DE": "Online-Shop", "en_US": "Ecommerce", "fr_FR": "Boutique en ligne"}},
    "mobile": {"currencies": ["EUR"], "locales": ["en_US", "fr_FR"], "category_tree": "master",
        "conversion_units": {}, "labels": {"en_US": "Mobile", "fr_FR": None}},
    "print": {"currencies": ["EUR", "USD"], "locales": ["de_DE", "en_US"], "category_tree": "sales",
        "conversion_units": {"weight": "GRAM", "battery_life": "HOUR"}, "labels": {}},
}
# More `conversion_units` of channels in SaaS (akeneo/pim-api-docs, target-market-settings.md).
UNITS_BY_LOCALE: dict[str, dict[str, Any]] = {
    "ecommerce": {"pim_config_family_rules": {"Length": {
                "en_US": {"unit": "METER", "decimal_places_strategy": "round", "decimal_places": 2},
                "fr_FR": {"unit": "MILLIMETER", "decimal_places_strategy": "trim"}}},
        "pim_config_attribute_locale_rules": {"battery_life": {"en_US": "HOUR"}}},
}  # fmt: skip
ATTRIBUTE_GROUPS: dict[str, dict[str, str | None]] = {
    "design": {"de_DE": "Gestaltung", "en_US": "Design", "fr_FR": "Design"},
    "marketing": {"de_DE": "Marketing", "en_US": "Marketing", "fr_FR": "Marketing"},
    "media": {"en_US": "Media", "fr_FR": None},
    "other": {},
    "technical": {"de_DE": "Technik", "en_US": "Technical", "fr_FR": "Technique"},
}
ASSOCIATION_TYPES: dict[str, tuple[dict[str, str | None], bool, bool]] = {
    "PACK": ({"en_US": "Pack", "fr_FR": "Lot"}, False, False),
    "PRODUCTSET": ({"en_US": "Product set", "fr_FR": "Ensemble"}, True, False),
    "UPSELL": ({"de_DE": None, "en_US": "Upsell", "fr_FR": "Vente incitative"}, False, False),
    "X_SELL": ({}, False, True),
}

# Code, type, group, labels in English, French and German, and what differs from the defaults.
_Attribute = tuple[str, str, str, tuple[str | None, ...], dict[str, Any]]
_BOTH = {"localizable": True, "scopable": True}
_ATTRIBUTES: tuple[_Attribute, ...] = (
    ("sku", "identifier", "other", ("SKU", "UGS", "Artikelnummer"),
        {"unique": True, "useable_as_grid_filter": True}),
    ("name", "text", "marketing", ("Name", "Nom", "Name"), {"localizable": True}),
    ("description", "textarea", "marketing", ("Description", "Description", "Beschreibung"),
        {**_BOTH, "wysiwyg_enabled": True, "guidelines": {"en_US": "Two sentences, no HTML."}}),
    ("short_description", "text", "marketing", ("Short description", None),
        {"scopable": True, "max_characters": 120}),
    ("brand", "simpleselect", "marketing", ("Brand", "Marque", "Marke"),
        {"auto_option_sorting": True, "useable_as_grid_filter": True, "minimum_input_length": 0}),
    ("release_date", "date", "marketing", ("Release date", "Date de sortie", "Erschienen am"),
        {"date_min": "2015-01-01", "date_max": "2030-12-31"}),
    ("price", "price_collection", "marketing", ("Price", "Prix", "Preis"), {"decimals": True}),
    ("list_price", "price_collection", "marketing",
        ("List price", "Prix catalogue", "Listenpreis"), {"decimals": False, "scopable": True}),
    ("tags", "multiselect", "marketing", ("Tags", "Mots-clés", "Schlagworte"), {}),
    ("on_sale", "boolean", "marketing", ("On sale", "En solde", None), {"default_value": False}),
    ("rating", "number", "marketing", ("Rating", "Note", "Bewertung"),
        {"decimals": True, "number_min": "0.0000", "number_max": "5.0000"}),
    ("legal_notice", "text", "marketing", (None, None, "Rechtlicher Hinweis"),
        {"localizable": True, "available_locales": ["de_DE"]}),
    ("color", "simpleselect", "design", ("Color", "Couleur", "Farbe"), {}),
    ("size", "simpleselect", "design", ("Size", "Taille", "Größe"), {"auto_option_sorting": False}),
    ("material", "multiselect", "design", ("Material", "Matière", "Material"), {}),
    ("pattern", "text", "design", ("Pattern",), {"scopable": True}),
    ("care_instructions", "textarea", "design", ("Care instructions", "Entretien"), _BOTH),
    ("weight", "metric", "technical", ("Weight", "Poids", "Gewicht"),
        {"metric": ("Weight", "KILOGRAM"), "decimals": True, "negative": False}),
    ("battery_life", "metric", "technical", ("Battery life", "Autonomie", "Laufzeit"),
        {"metric": ("Duration", "MINUTE"), "decimals": False, "negative": False}),
    ("operating_temperature", "metric", "technical", ("Operating temperature",),
        {"metric": ("Temperature", "CELSIUS"), "decimals": True, "negative": True}),
    ("power", "metric", "technical", ("Power", "Puissance", "Leistung"),
        {"metric": ("Power", "WATT"), "decimals": True, "scopable": True, "number_min": "0.0000"}),
    ("sensor_resolution", "number", "technical", ("Sensor resolution (MP)", "Définition (MP)"),
        {"decimals": True}),
    ("optical_zoom", "number", "technical", ("Optical zoom", "Zoom optique", "Optischer Zoom"),
        {"decimals": False}),
    ("warranty_years", "number", "technical", ("Warranty (years)", "Garantie (ans)"),
        {"decimals": False, "number_min": "0.0000"}),
    ("weatherproof", "boolean", "technical", ("Weatherproof",), {"scopable": True}),
    ("ean", "text", "technical", ("EAN", "EAN", "EAN"),
        {"unique": True, "validation_rule": "regexp", "validation_regexp": "/^[0-9]{13}$/"}),
    ("heel_height", "metric", "design", ("Heel height",),
        {"metric": ("Length", "CENTIMETER"), "decimals": True, "negative": False}),
    ("lens_mount", "simpleselect", "technical", ("Lens mount", "Monture", "Bajonett"), {}),
    ("picture", "image", "media", ("Picture", "Photo", "Bild"),
        {"allowed_extensions": ["jpg", "png"], "max_file_size": "10.00"}),
    ("manual", "file", "media", ("Manual", "Mode d'emploi", "Anleitung"),
        {"localizable": True, "allowed_extensions": ["pdf"], "max_file_size": "250.00"}),
    ("internal_note", "textarea", "other", (), {"max_characters": 2000}),
)

FAMILIES: dict[str, tuple[dict[str, str | None], list[str], str, str | None]] = {
    "accessories": ({"de_DE": "Accessoires", "en_US": "Accessories", "fr_FR": "Accessoires"},
        ["name", "description", "brand", "price", "list_price", "color", "material", "tags",
            "weight", "ean", "picture", "on_sale", "release_date"],
        "name", "picture"),
    "cameras": ({"de_DE": "Kameras", "en_US": "Cameras", "fr_FR": "Appareils photo"},
        ["name", "description", "short_description", "brand", "price", "list_price", "rating",
            "weight", "battery_life", "operating_temperature", "power", "sensor_resolution",
            "optical_zoom", "warranty_years", "weatherproof", "ean", "lens_mount", "release_date",
            "tags", "picture", "manual", "internal_note", "legal_notice"],
        "name", "picture"),
    "clothing": ({"de_DE": "Bekleidung", "en_US": "Clothing", "fr_FR": None},
        ["name", "description", "brand", "price", "color", "size", "material", "pattern",
            "care_instructions", "weight", "ean", "tags", "on_sale", "picture", "release_date"],
        "name", "picture"),
    "gift_cards": ({}, [], "sku", None),
    "shoes": ({"en_US": "Shoes", "fr_FR": "Chaussures"},
        ["name", "description", "brand", "price", "color", "size", "material", "heel_height",
            "ean", "tags", "on_sale", "picture", "weight"],
        "name", None),
}
FAMILY_VARIANTS: dict[str, tuple[str, dict[str, str | None], list[dict[str, Any]]]] = {
    "clothing_color_size": (
        "clothing", {"de_DE": "Nach Farbe und Größe", "en_US": "By color and size"},
        [{"level": 1, "axes": ["color"], "attributes": ["color", "picture", "pattern"]},
            {"level": 2, "axes": ["size"], "attributes": ["size", "ean", "weight", "sku"]}]),
    "clothing_size": ("clothing", {},
        [{"level": 1, "axes": ["size"], "attributes": ["size", "ean", "weight", "sku"]}]),
    "shoes_size": ("shoes", {"en_US": "By size", "fr_FR": "Par pointure"},
        [{"level": 1, "axes": ["size"], "attributes": ["size", "ean", "sku"]}]),
}
_SIZES = [*"SML", "XL", "XXL", *(str(size) for size in range(36, 46))]
OPTIONS: dict[str, dict[str, tuple[str | None, ...]]] = {
    "brand": {
        "acme": ("ACME", "ACME", "ACME"), "Nordlicht": ("Nordlicht", "Nordlicht", "Nordlicht"),
        "belle_vie": ("Belle Vie",), "lumen_optics": ("Lumen Optics", None, "Lumen Optik"),
        "zweirad": ()},
    "color": {"black": ("Black", "Noir", "Schwarz"), "blue": ("Blue", "Bleu", "Blau"),
        "green": ("Green", "Vert", "Grün"), "red": ("Red", "Rouge", "Rot"),
        "white": ("White", "Blanc", "Weiß"), "anthracite": (None, "Anthracite"), "petrol": ()},
    "size": {size: (size, size) if size.isdigit() else (size, size, size) for size in _SIZES},
    "material": {
        "cotton": ("Cotton", "Coton", "Baumwolle"), "leather": ("Leather", "Cuir", "Leder"),
        "linen": ("Linen", "Lin", "Leinen"), "polyester": ("Polyester", None, "Polyester"),
        "wool": ("Wool", "Laine", "Wolle")},
    "tags": {
        "0": ("Novelty", "Nouveauté", "Neuheit"), "1": ("Bestseller", "Best-seller", "Bestseller"),
        "2": ("Outlet",), "eco": ("Eco-friendly", "Écologique", "Umweltfreundlich"), "gift": ()},
    "lens_mount": {f"mount_{letter}": (f"Mount {letter.upper()}",)
                   for letter in "abcdefghijklmnopqrstuvwxyz"},
}
# The keys of an attribute, in the order of the PIM.
_KEYS = (
    "code", "type", "group", "unique", "useable_as_grid_filter", "allowed_extensions",
    "metric_family", "default_metric_unit", "reference_data_name", "available_locales",
    "max_characters", "validation_rule", "validation_regexp", "wysiwyg_enabled", "number_min",
    "number_max", "decimals_allowed", "negative_allowed", "date_min", "date_max", "max_file_size",
    "minimum_input_length", "sort_order", "localizable", "scopable", "labels", "guidelines",
    "auto_option_sorting", "default_value", "group_labels",
)
# fmt: on


def labels(texts: tuple[str | None, ...]) -> dict[str, str | None]:
    """Return the label map of texts in English, French and German; some are null."""
    return dict(zip(("en_US", "fr_FR", "de_DE"), texts, strict=False))


def attribute_bodies() -> list[dict[str, Any]]:
    """Return the attributes with all their keys; dates are bare days."""
    return [_attribute(row, sort_order=number) for number, row in enumerate(_ATTRIBUTES, start=1)]


def _attribute(row: _Attribute, sort_order: int) -> dict[str, Any]:
    code, kind, group, texts, traits = row
    numeric = kind in ("number", "metric", "price_collection")
    select = kind in ("simpleselect", "multiselect")
    family, unit = traits.get("metric", (None, None))
    more = {name: value for name, value in traits.items() if name in _KEYS}
    return {
        **dict.fromkeys(_KEYS),
        **dict.fromkeys(("unique", "useable_as_grid_filter", "localizable", "scopable"), False),
        "code": code, "type": f"pim_catalog_{kind}", "group": group, "allowed_extensions": [],
        "metric_family": family, "default_metric_unit": unit, "available_locales": [],
        "wysiwyg_enabled": False if kind == "textarea" else None,
        "decimals_allowed": traits["decimals"] if numeric else None,
        "negative_allowed": traits.get("negative", False) if numeric else None,
        "sort_order": sort_order, "labels": labels(texts), "guidelines": {},
        "auto_option_sorting": False if select else None, "group_labels": ATTRIBUTE_GROUPS[group],
        **more,
    }  # fmt: skip
