"""What the tables of the dbt package should contain, computed from the PIM without SQL."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pim_simulator import SimulatedPim

Row = dict[str, Any]
LOCALE = "en_US"
AMOUNTS = ("pim_catalog_metric", "pim_catalog_price_collection")
SELECTS = ("pim_catalog_simpleselect", "pim_catalog_multiselect")


def number(value: object) -> float | None:
    return None if value is None else round(float(str(value)), 6)


def moment(text: str | None) -> str | None:
    """A date as databases write it: in UTC, without a zone."""
    if text is None:
        return None
    utc = datetime.fromisoformat(text).astimezone(timezone.utc).replace(tzinfo=None)
    return utc.isoformat(sep=" ")


def label(row: Row, code: str) -> str:
    """The label as the PIM shows it: the code in brackets if there is none."""
    return (row.get("labels") or {}).get(LOCALE) or f"[{code}]"


class Truth:
    """The content of a PIM, as the tables should have it.

    Attributes:
        pim: The PIM, as it is now.
    """

    def __init__(self, pim: SimulatedPim) -> None:
        def by(resource: str, *keys: str) -> dict[Any, Row]:
            return {
                row[keys[0]] if len(keys) == 1 else tuple(row[key] for key in keys): row
                for row in pim.truth(resource)
            }

        self.pim = pim
        self.products = {key_of(row): row for row in pim.truth("products")}
        self.models = by("product_models", "code")
        self.families = by("families", "code")
        self.variants = by("family_variants", "family", "code")
        self.attributes = by("attributes", "code")
        self.channels = by("channels", "code")
        self.categories = by("categories", "code")
        self.types = by("association_types", "code")
        self.options = {
            (row["attribute"], row["code"].lower()): row for row in pim.truth("attribute_options")
        }
        self.identifiers = {key: identifier(row) for key, row in self.products.items()}

    def tables(self) -> dict[str, Callable[[], Iterator[Row]]]:
        return {
            "akeneo__products": self.all_products,
            "akeneo__product_values": self.all_values,
            "akeneo__completeness": self.completeness,
            "akeneo__attribute_fill_rate": self.fill_rates,
            "akeneo__missing_required_values": self.missing_values,
            "akeneo__category_paths": self.category_paths,
            "akeneo__product_categories": self.product_categories,
            "akeneo__product_variants": self.product_variants,
            "akeneo__product_associations": self.associations,
            "akeneo__assets": self.assets,
            "akeneo__asset_values": self.asset_values,
            "akeneo__reference_entity_records": self.records,
            "akeneo__reference_entity_record_values": self.record_values,
            "akeneo__products_clothing": self.clothing,
        }

    def lineage(self, row: Row) -> list[Row]:
        """Return the models above an item, the nearest first."""
        above = []
        while row["parent"] is not None:
            row = self.models[row["parent"]]
            above.append(row)
        return above

    def values_of(self, row: Row) -> dict[str, list[Row]]:
        values: dict[str, list[Row]] = dict(row["values"])
        if "code" not in row and identifier(row) is not None:
            values["sku"] = [{"locale": None, "scope": None, "data": identifier(row)}]
        return values

    def singles(self, row: Row) -> Iterator[Row]:
        """Yield each single value of an item: of lists each element."""
        for attribute, entries in self.values_of(row).items():
            kind = self.attributes[attribute]["type"]
            for entry in entries:
                data = entry["data"]
                for position, item in enumerate(data if isinstance(data, list) else [data], 1):
                    content, unit, currency = item, None, None
                    if kind in AMOUNTS:
                        content, unit = item["amount"], item.get("unit")
                        currency = item.get("currency")
                    if content in (None, ""):
                        continue
                    yield {
                        "attribute": attribute,
                        "attribute_type": kind,
                        "channel": entry["scope"],
                        "locale": entry["locale"],
                        "position": position,
                        "content": content,
                        "unit": unit,
                        "currency": currency,
                    }

    def all_products(self) -> Iterator[Row]:
        for key, row in self.products.items():
            family = self.families.get(row["family"])
            above = self.lineage(row)
            percents = [each["completeness"] for each in self.completeness_of(key, row)]
            yield {
                "product_key": key,
                "uuid": row.get("uuid"),
                "identifier": self.identifiers[key],
                "label": (family and self.text(row, family["attribute_as_label"]))
                or f"[{self.identifiers[key] or key}]",
                "image": family
                and family["attribute_as_image"]
                and self.text(row, family["attribute_as_image"]),
                "family": row["family"],
                "family_label": family and label(family, row["family"]),
                "parent": row["parent"],
                "root_model": above[-1]["code"] if above else None,
                "family_variant": above[-1]["family_variant"] if above else None,
                "is_enabled": row["enabled"],
                "categories": ", ".join(sorted(row["categories"])) or None,
                "average_completeness": number(sum(percents) / len(percents)) if percents else None,
                "lowest_completeness": min(percents, default=None),
                "created_at": moment(row["created"]),
                "updated_at": moment(row["updated"]),
                "effective_updated_at": max(str(moment(each["updated"])) for each in [row, *above]),
            }

    def text(self, row: Row, attribute: str) -> str | None:
        """Return the text of an attribute that does not vary by channel, in the chosen locale."""
        found = [
            str(entry["data"])
            for entry in self.values_of(row).get(attribute, ())
            if entry["locale"] in (None, LOCALE)
        ]
        return found[0] if found else None

    def all_values(self) -> Iterator[Row]:
        for row in [*self.products.values(), *self.models.values()]:
            above = self.lineage(row)
            top = above[-1] if above else row
            variant = top.get("family_variant")
            levels = {
                attribute: level["level"]
                for level in self.variants[row["family"], variant]["variant_attribute_sets"]
                for attribute in {*level["attributes"], *level["axes"]}
            } if variant else {}  # fmt: skip
            for value in self.singles(row):
                kind, content = value["attribute_type"], value.pop("content")
                level = levels.get(value["attribute"], 0)
                inherited = level < len(above)
                option = self.options.get((value["attribute"], str(content).lower()))
                # The level that has the attribute, counted from the top.
                source = above[len(above) - 1 - level]["code"] if inherited else None
                definition = self.attributes[value["attribute"]]
                yield {
                    **value,
                    "attribute_label": label(definition, value["attribute"]),
                    "attribute_group": definition["group"],
                    "product_key": key_of(row) if "code" not in row else None,
                    "product_model": row.get("code"),
                    "family": row["family"],
                    "text_value": as_text(content),
                    "number_value": number(content)
                    if kind in (*AMOUNTS, "pim_catalog_number")
                    else None,
                    "boolean_value": content if kind == "pim_catalog_boolean" else None,
                    "date_value": content[:10] if kind == "pim_catalog_date" else None,
                    "option_label": label(option or {}, content) if kind in SELECTS else None,
                    "is_inherited": inherited,
                    "inherited_from": source,
                }

    def completeness_of(self, key: str, row: Row) -> Iterator[Row]:
        """Yield what the simulated PIM says, which counts any value as filled in."""
        if row["family"] is None or not self.pim.profile.completenesses:
            return
        requirements = self.families[row["family"]]["attribute_requirements"]
        for channel, required in requirements.items():
            for locale in self.channels[channel]["locales"]:
                given = sum(
                    any(
                        value["scope"] in (None, channel) and value["locale"] in (None, locale)
                        for value in self.values_of(row).get(attribute, ())
                    )
                    for attribute in required
                )
                percent = 100 * given // len(required) if required else 100
                yield {
                    "product_key": key,
                    "channel": channel,
                    "locale": locale,
                    "family": row["family"],
                    "completeness": percent,
                    "is_complete": percent == 100,
                }

    def completeness(self) -> Iterator[Row]:
        for key, row in self.products.items():
            yield from self.completeness_of(key, row)

    def exists_in(self, attribute: str, locale: str) -> bool:
        return locale in (self.attributes[attribute]["available_locales"] or [locale])

    def fill_rates(self) -> Iterator[Row]:
        members = defaultdict(list)
        for row in self.products.values():
            if row["family"] is not None:
                members[row["family"]].append(row)
        for family, rows in members.items():
            filled = [
                {(one["attribute"], one["channel"], one["locale"]) for one in self.singles(row)}
                for row in rows
            ]
            for attribute in self.families[family]["attributes"]:
                definition = self.attributes[attribute]
                places = {
                    (
                        channel if definition["scopable"] else None,
                        locale if definition["localizable"] else None,
                    )
                    for channel, of in self.channels.items()
                    for locale in of["locales"]
                    if self.exists_in(attribute, locale)
                }
                anywhere = sum(any(attribute == one[0] for one in of) for of in filled)
                for channel, locale in places:
                    here = sum((attribute, channel, locale) in of for of in filled)
                    yield {
                        "family": family,
                        "attribute": attribute,
                        "channel": channel,
                        "locale": locale,
                        "products": len(rows),
                        "filled": here,
                        "fill_rate": number(here / len(rows)),
                        "filled_anywhere": anywhere,
                        "fill_rate_anywhere": number(anywhere / len(rows)),
                    }

    def missing_values(self) -> Iterator[Row]:
        for key, row in self.products.items():
            requirements = self.families.get(row["family"], {}).get("attribute_requirements", {})
            present = {
                (one["attribute"], one["channel"], one["locale"], one["currency"])
                for one in self.singles(row)
            }
            for channel, required in requirements.items():
                for locale in self.channels[channel]["locales"]:
                    for attribute in required:
                        definition = self.attributes[attribute]
                        place = (
                            attribute,
                            channel if definition["scopable"] else None,
                            locale if definition["localizable"] else None,
                        )
                        prices = definition["type"] == "pim_catalog_price_collection"
                        currencies = self.channels[channel]["currencies"] if prices else [None]
                        if self.exists_in(attribute, locale) and not all(
                            (*place, currency) in present for currency in currencies
                        ):
                            yield {
                                "product_key": key,
                                "family": row["family"],
                                "channel": channel,
                                "locale": locale,
                                "attribute": attribute,
                            }

    def path_of(self, code: str) -> list[str]:
        """Return a category and those above it, the root first."""
        parent = self.categories[code]["parent"]
        return [*(self.path_of(parent) if parent else ()), code]

    def category_paths(self) -> Iterator[Row]:
        for code, row in self.categories.items():
            path = self.path_of(code)
            yield {
                "category": code,
                "label": label(row, code),
                "parent": row["parent"],
                "tree": path[0],
                "depth": len(path) - 1,
                "path": " > ".join(label(self.categories[each], each) for each in path),
                "code_path": " > ".join(path),
            }

    def product_categories(self) -> Iterator[Row]:
        paths = {row["category"]: row for row in self.category_paths()}
        for key, row in self.products.items():
            for category in row["categories"]:
                found = paths[category]
                yield {
                    "product_key": key,
                    "category": category,
                    "category_label": found["label"],
                    "tree": found["tree"],
                    "path": found["path"],
                }

    def product_variants(self) -> Iterator[Row]:
        for key, row in self.products.items():
            above = self.lineage(row)
            if not above:
                continue
            variant = self.variants[row["family"], above[-1]["family_variant"]]
            for level in variant["variant_attribute_sets"]:
                for position, axis in enumerate(level["axes"], 1):
                    value = row["values"][axis][0]["data"]
                    yield {
                        "product_key": key,
                        "family": row["family"],
                        "family_variant": variant["code"],
                        "root_model": above[-1]["code"],
                        "parent": row["parent"],
                        "level": level["level"],
                        "axis_position": position,
                        "axis": axis,
                        "axis_value": value,
                        "axis_label": label(self.options[axis, value.lower()], value),
                    }

    def associations(self) -> Iterator[Row]:
        by_identifier = {identifier: key for key, identifier in self.identifiers.items()}
        for row in [*self.products.values(), *self.models.values()]:
            for name, quantified in (("associations", False), ("quantified_associations", True)):
                for kind, lists in row.get(name, {}).items():
                    for target_type, targets in lists.items():
                        for target in targets:
                            named = target
                            if quantified:
                                named = target.get("uuid") or target["identifier"]
                            if named is None:
                                continue
                            found = None
                            if target_type == "products":
                                found = named if named in self.products else by_identifier[named]
                            yield {
                                "product_key": key_of(row) if "code" not in row else None,
                                "product_model": row.get("code"),
                                "association_type": kind,
                                "association_label": label(self.types[kind], kind),
                                "is_quantified": quantified,
                                "target_type": target_type[:-1],
                                "target": named,
                                "target_product_key": found,
                                "quantity": number(target["quantity"]) if quantified else None,
                            }

    def _entities(self, rows: str, owner: str, owners: str, code: str) -> Iterator[Row]:
        of = {row["code"]: row for row in self.pim.truth(owners)}
        for row in self.pim.truth(rows):
            media = "image"
            if owner == "asset_family":
                media = of[row[owner]]["attribute_as_main_media"]
            yield {
                owner: row[owner],
                f"{owner}_label": label(of[row[owner]], row[owner]),
                code: row["code"],
                "label": entity_text(row, "label") or f"[{row['code']}]",
                "main_media" if owner == "asset_family" else "image": entity_text(row, media),
                "created_at": moment(row.get("created")),
                "updated_at": moment(row.get("updated")),
            }

    def assets(self) -> Iterator[Row]:
        yield from self._entities("assets", "asset_family", "asset_families", "asset")

    def records(self) -> Iterator[Row]:
        yield from self._entities(
            "reference_entity_records", "reference_entity", "reference_entities", "record"
        )

    def _entity_values(self, rows: str, owner: str, attributes: str, code: str) -> Iterator[Row]:
        kinds = {(row[owner], row["code"]): row["type"] for row in self.pim.truth(attributes)}
        for row in self.pim.truth(rows):
            for attribute, entries in row["values"].items():
                kind = kinds[row[owner], attribute]
                for entry in entries:
                    data = entry["data"]
                    for position, item in enumerate(data if isinstance(data, list) else [data], 1):
                        yield {
                            owner: row[owner],
                            code: row["code"],
                            "attribute": attribute,
                            "attribute_type": kind,
                            "channel": entry["channel"],
                            "locale": entry["locale"],
                            "position": position,
                            "text_value": as_text(item),
                            "number_value": number(item) if kind == "number" else None,
                        }

    def asset_values(self) -> Iterator[Row]:
        yield from self._entity_values("assets", "asset_family", "asset_attributes", "asset")

    def record_values(self) -> Iterator[Row]:
        yield from self._entity_values(
            "reference_entity_records",
            "reference_entity",
            "reference_entity_attributes",
            "record",
        )

    def clothing(self) -> Iterator[Row]:
        """Yield some columns of the wide table of a family."""
        for key, row in self.products.items():
            if row["family"] == "clothing":
                singles = list(self.singles(row))

                def first(attribute: str, **where: str) -> Any:
                    return next(
                        (
                            one
                            for one in singles  # noqa: B023 (called at once)
                            if one["attribute"] == attribute
                            and all(one[name] == code for name, code in where.items())
                        ),
                        {"content": None, "unit": None},
                    )

                color = first("color")["content"]
                tags = [
                    label(self.options[("tags", one["content"].lower())], one["content"])
                    for one in singles
                    if one["attribute"] == "tags"
                ]
                day = first("release_date")["content"]
                yield {
                    "product_key": key,
                    "name__en_us": first("name", locale="en_US")["content"],
                    "description__ecommerce__fr_fr": first(
                        "description", channel="ecommerce", locale="fr_FR"
                    )["content"],
                    "price__eur": number(first("price", currency="EUR")["content"]),
                    "weight": number(first("weight")["content"]),
                    "weight__unit": first("weight")["unit"],
                    "on_sale": first("on_sale")["content"],
                    "release_date": day and day[:10],
                    "color": color and label(self.options["color", color.lower()], color),
                    "tags": ", ".join(tags) or None,
                }


def key_of(row: Row) -> str:
    return str(row.get("uuid") or row["identifier"])


def identifier(row: Row) -> str | None:
    if row.get("identifier"):
        return str(row["identifier"])
    return str(row["values"]["sku"][0]["data"]) if "sku" in row["values"] else None


def as_text(content: Any) -> Any:
    """Return a value as text; an object stays one, because databases write JSON differently."""
    if isinstance(content, bool):
        return str(content).lower()
    return content if isinstance(content, dict) else str(content)


def entity_text(row: Row, attribute: str) -> str | None:
    """Return the text of an asset or record that does not vary by channel."""
    for entry in row["values"].get(attribute, ()):
        if entry["locale"] in (None, LOCALE):
            return str(entry["data"])
    return None
