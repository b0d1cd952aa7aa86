"""The measurement families of the simulated shop."""

from __future__ import annotations

from typing import Any

# Code: (label in English, in French, standard unit, {unit: (factor, symbol, label)}).
# An empty label is none.
# fmt: off
_FAMILIES: dict[str, tuple[str, str | None, str, dict[str, tuple[str, str, str]]]] = {
    "Area": ("Area", "Surface", "SQUARE_METER",
        {"SQUARE_CENTIMETER": ("0.0001", "cm²", "Square centimeter"),
            "SQUARE_METER": ("1", "m²", "Square meter"), "HECTARE": ("10000", "ha", "")}),
    "Duration": ("Duration", "Durée", "SECOND",
        {"SECOND": ("1", "s", "Second"), "MINUTE": ("60", "m", "Minute"),
            "HOUR": ("3600", "h", "Hour")}),
    "Length": ("Length", None, "METER",
        {"MILLIMETER": ("0.001", "mm", "Millimeter"), "CENTIMETER": ("0.01", "cm", "Centimeter"),
            "METER": ("1", "m", "Meter")}),
    "Power": ("Power", "Puissance", "WATT", {"WATT": ("1", "W", "Watt")}),
    "Temperature": ("Temperature", "Température", "KELVIN",
        {"KELVIN": ("1", "°K", "Kelvin"), "CELSIUS": ("1", "°C", "")}),
    "Weight": ("Weight", "Poids", "KILOGRAM",
        {"GRAM": ("0.001", "g", "Gram"), "KILOGRAM": ("1", "kg", "Kilogram")}),
    "bottles": ("", None, "BOTTLE", {"BOTTLE": ("1", "", ""), "CASE": ("12", "cs", "")}),
}
# fmt: on


def measurement_bodies() -> list[dict[str, Any]]:
    """Return the bodies of ``/measurement-families``."""
    families = []
    for code, (label, french, standard, units) in _FAMILIES.items():
        family_labels: dict[str, str | None] = {"en_US": label, "fr_FR": french} if label else {}
        families.append(
            {
                "code": code,
                "labels": family_labels,
                "standard_unit_code": standard,
                "units": {
                    unit: {
                        "code": unit,
                        "labels": {"en_US": text} if text else {},
                        "convert_from_standard": [{"operator": "mul", "value": factor}],
                        "symbol": symbol,
                    }
                    for unit, (factor, symbol, text) in units.items()
                },
            }
        )
    return families
