"""Apply the bodies of POST and PATCH to products and models."""

from __future__ import annotations

from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any

from pim_simulator.database.php import php_type
from pim_simulator.http.errors import ApiError, documented

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pim_simulator.database.php import Json
    from pim_simulator.database.rows import Associations, Item, Values
    from pim_simulator.database.store import Store

_ANCHOR = "api-reference.html#Productuuid"
_COMMON_KEYS = frozenset(
    {"family", "parent", "categories", "values", "associations", "quantified_associations"}
    | {"created", "updated"}
)
_PRODUCT_KEYS = _COMMON_KEYS | {"uuid", "identifier", "enabled", "groups"}
_MODEL_KEYS = _COMMON_KEYS | {"code", "family_variant"}


def format_error(message: str) -> ApiError:
    """Return the 422 of an invalid body."""
    return documented(f"{message} Check the expected format on the API documentation.", _ANCHOR)


def unknown(given: str, name: str, what: str, kind: str) -> ApiError:
    """Return the 422 of a property that names something that does not exist."""
    return format_error(
        f'Property "{name}" expects a valid {what}. The {kind} does not exist, "{given}" given.'
    )


def expected(name: str, what: str, value: object) -> str:
    """Return the message for a property of the wrong type."""
    given = value if isinstance(value, str) else php_type(value)
    return f'Property "{name}" expects {what} as data, "{given}" given.'


def merged_values(
    old: Iterable[dict[str, Any]], written: Iterable[dict[str, Any]], channel: str
) -> list[dict[str, Any]]:
    """Return the values of an attribute after a PATCH, which empty data removes.

    Values of products call their channel ``scope``, those of records and assets ``channel``.
    """
    kept = {(value["locale"], value[channel]): value for value in old}
    for value in written:
        place = (value.get("locale"), value.get(channel))
        kept.pop(place, None)
        if value["data"] not in (None, "", []):
            kept[place] = {"locale": place[0], channel: place[1], "data": value["data"]}
    return list(kept.values())


class WrittenValues:
    """Applies the body of a write to a product or model."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def apply(self, item: Item, data: dict[str, Any], *, models: bool) -> None:
        """Apply a PATCH to a product or model.

        Raises:
            ApiError: If the body is invalid.
        """
        for name in data:
            if name not in (_MODEL_KEYS if models else _PRODUCT_KEYS):
                message = f'Property "{name}" does not exist.'
                raise format_error(message)
        if not isinstance(data.get("enabled", True), bool):
            kind = php_type(data["enabled"])
            message = f'Property "enabled" expects a boolean as data, "{kind}" given.'
            raise format_error(message)  # recorded on 7.0.84
        values = self._merged(item, data.get("values", {}))
        categories = self._categories(data, item)
        self._apply_structure(item, data)
        item.values = values
        item.categories = categories
        item.enabled = data.get("enabled", item.enabled)
        item.groups = tuple(data.get("groups", item.groups))
        if "associations" in data:
            item.associations = self._associations(item, data["associations"])
        if "quantified_associations" in data:
            changed = self._quantified(data["quantified_associations"])
            item.quantified = {**item.quantified, **changed}

    def _apply_structure(self, item: Item, data: dict[str, Any]) -> None:
        family = data.get("family", item.family)
        if family is not None and family not in self._store.families:
            raise unknown(family, "family", "family code", "family")
        parent = data.get("parent", item.parent)
        if parent is not None:
            model = self._store.product_models.get(parent)
            if model is None:
                raise unknown(parent, "parent", "parent code", "parent product model")
            family = model.family
            item.family_variant = model.family_variant
        item.family = family
        item.parent = parent
        item.family_variant = data.get("family_variant", item.family_variant)

    def _categories(self, data: dict[str, Any], item: Item) -> tuple[str, ...]:
        if "categories" not in data:
            return item.categories
        if not isinstance(data["categories"], list):
            raise format_error(expected("categories", "an array", data["categories"]))
        for code in data["categories"]:
            if code not in self._store.categories:
                raise unknown(code, "categories", "category code", "category")
        return tuple(sorted(data["categories"]))

    def _merged(self, item: Item, written: Json) -> Values:
        if not isinstance(written, dict):
            raise format_error(expected("values", "an array", written))
        values = dict(item.values)
        for code, rows in written.items():
            attribute = self._store.attributes.get(code)
            if attribute is None:
                message = f"The {code} attribute does not exist in your PIM."
                raise format_error(message)
            stored = [{**row, "data": _standard(attribute.body, row["data"])} for row in rows]
            values[code] = merged_values(values.get(code, []), stored, "scope")
            if not values[code]:
                del values[code]
        return values

    def _associations(self, item: Item, written: dict[str, Any]) -> Associations:
        merged = self._store.no_associations()
        for kind, targets in item.associations.items():
            merged[kind] = dict(targets)
        for kind, targets in written.items():
            if kind not in merged:
                raise unknown(kind, "associations", "association type code", "association type")
            for name, keys in targets.items():
                merged[kind][name] = sorted(
                    self._product(key) if name == "products" else key for key in keys
                )
        return merged

    def _quantified(self, written: dict[str, Any]) -> Associations:
        return {
            kind: {
                "products": [
                    {
                        "uuid": self._product(row.get("uuid") or row["identifier"]),
                        "quantity": row["quantity"],
                    }
                    for row in targets.get("products", ())
                ],
                "product_models": list(targets.get("product_models", ())),
            }
            for kind, targets in written.items()
        }

    def _product(self, key: str) -> str:
        if key in self._store.products:
            return key
        found = self._store.product_by_identifier(key)
        if found is None:
            raise unknown(key, "associations", "product identifier", "product")
        return found.uuid


def _standard(attribute: dict[str, Any], data: Json) -> Json:
    """Return a value as the PIM stores it: amounts as text if decimals are allowed."""
    kind = attribute["type"]
    decimals = attribute["decimals_allowed"]
    if data is None:
        return None
    if kind == "pim_catalog_number":
        return _amount(data, 4, decimals=decimals)
    if kind == "pim_catalog_metric":
        return {**data, "amount": _amount(data["amount"], 4, decimals=decimals)}
    if kind == "pim_catalog_price_collection":
        return [{**price, "amount": _amount(price["amount"], 2, decimals=decimals)}
                for price in data]  # fmt: skip
    if kind == "pim_catalog_date":
        return data[:10]
    return data


def _amount(data: Json, places: int, *, decimals: bool) -> Json:
    if data is None:
        return None
    try:
        number = Decimal(str(data))
    except InvalidOperation:
        return data
    if not decimals:
        return int(number) if number == number.to_integral_value() else str(number)
    exponent = number.as_tuple().exponent
    longer = isinstance(exponent, int) and -exponent > places
    return str(number) if longer else f"{number:.{places}f}"
