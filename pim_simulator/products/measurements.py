"""Measurements converted to the units of a channel (SaaS).

Source: akeneo/pim-api-docs at 61ef548d, content/concepts/target-market-settings.md,
"Measurement conversion units".
"""

from __future__ import annotations

from decimal import Decimal
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pim_simulator.database.store import Store

ATTRIBUTE_RULES, FAMILY_RULES = "pim_config_attribute_locale_rules", "pim_config_family_rules"
_STORED_DIGITS = Decimal("0.0001")


def symbol(store: Store, code: str, unit: str | None) -> str | None:
    """Return the symbol of a unit of an attribute."""
    return None if unit is None else str(_units(store, code)[unit]["symbol"])


def converted(
    store: Store, code: str, values: list[dict[str, Any]], channel: str, locales: Iterable[str]
) -> list[dict[str, Any]]:
    """Return the values of an attribute, converted to the units of a channel.

    A value with a locale is converted in place. One without a locale is kept, and the PIM adds
    one for each locale that has a rule. That a rule without locales counts for each locale
    follows from "whatever the locale"; no example shows it.
    """
    shown: list[dict[str, Any]] = []
    for value in values:
        if value["data"]["unit"] is None:  # an empty measurement
            shown.append(value)
            continue
        if value["locale"] is not None:
            rule = _rule(store, code, channel, value["locale"])
            shown.append({**value, "data": _convert(store, code, value["data"], rule)})
            continue
        shown.append(value)
        for locale in locales:
            rule = _rule(store, code, channel, locale)
            if rule is not None:
                data = _convert(store, code, value["data"], rule)
                shown.append({**value, "locale": locale, "scope": channel, "data": data})
    return shown


def _rule(store: Store, code: str, channel: str, locale: str) -> Mapping[str, Any] | None:
    """Return the rule that applies, by the documented order of priority."""
    rules = store.channels[channel].body["conversion_units"]
    family = store.attributes[code].body["metric_family"]
    rule = (
        rules.get(ATTRIBUTE_RULES, {}).get(code, {}).get(locale)
        or rules.get(code)
        or rules.get(FAMILY_RULES, {}).get(family, {}).get(locale)
    )
    return {"unit": rule} if isinstance(rule, str) else rule


def _convert(
    store: Store, code: str, data: dict[str, Any], rule: Mapping[str, Any] | None
) -> dict[str, Any]:
    if rule is None:
        return data
    units = _units(store, code)
    amount = Decimal(data["amount"]) * _factor(units[data["unit"]])
    amount = (amount / _factor(units[rule["unit"]])).quantize(_STORED_DIGITS)
    if rule.get("decimal_places_strategy") == "round":
        text = f"{amount:.{rule['decimal_places']}f}"
    elif rule.get("decimal_places_strategy") == "trim":
        text = f"{amount.normalize():f}"
    else:
        text = f"{amount:f}"
    return {"amount": text, "unit": rule["unit"], "symbol": units[rule["unit"]]["symbol"]}


def _units(store: Store, code: str) -> dict[str, Any]:
    family = store.attributes[code].body["metric_family"]
    units: dict[str, Any] = store.measurement_families[family].body["units"]
    return units


def _factor(unit: Mapping[str, Any]) -> Decimal:
    (step,) = unit["convert_from_standard"]
    return Decimal(step["value"])
