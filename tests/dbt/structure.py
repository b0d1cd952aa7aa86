"""What the tables about the structure of a PIM, its models and its scores should contain."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typing_extensions import override

from tests.dbt.truth import LOCALE, Truth, as_text, key_of, label, moment, number

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.dbt.truth import Row


class WholeTruth(Truth):
    """The content of a PIM, as all tables should have it."""

    @override
    def tables(self) -> dict[str, Callable[[], Iterator[Row]]]:
        return {
            **super().tables(),
            "akeneo__product_models": self.product_models,
            "akeneo__families": self.all_families,
            "akeneo__family_attributes": self.family_attributes,
            "akeneo__attributes": self.all_attributes,
            "akeneo__attribute_options": self.attribute_options,
            "akeneo__channels": self.all_channels,
            "akeneo__quality_scores": self.quality_scores,
            "akeneo__table_values": self.table_values,
        }

    def product_models(self) -> Iterator[Row]:
        for code, row in self.models.items():
            above = self.lineage(row)
            family = self.families[row["family"]]
            image = family["attribute_as_image"]
            yield {
                "product_model": code,
                "label": self.text(row, family["attribute_as_label"]) or f"[{code}]",
                "image": image and self.text(row, image),
                "family": row["family"],
                "family_label": label(family, row["family"]),
                "family_variant": row["family_variant"],
                "parent": row["parent"],
                "root_model": above[-1]["code"] if above else code,
                "variants": sum(
                    code in {each["code"] for each in self.lineage(product)}
                    for product in self.products.values()
                ),
                "categories": ", ".join(sorted(row["categories"])) or None,
                "created_at": moment(row["created"]),
                "updated_at": moment(row["updated"]),
                "effective_updated_at": max(str(moment(each["updated"])) for each in [row, *above]),
            }

    def all_families(self) -> Iterator[Row]:
        for code, row in self.families.items():
            yield {
                "family": code,
                "family_label": label(row, code),
                "label_attribute": row["attribute_as_label"],
                "image_attribute": row["attribute_as_image"],
                "attributes": len(row["attributes"]),
                "products": sum(product["family"] == code for product in self.products.values()),
            }

    def family_attributes(self) -> Iterator[Row]:
        for code, row in self.families.items():
            for attribute in row["attributes"]:
                for channel in self.channels:
                    required = row["attribute_requirements"].get(channel, ())
                    yield {
                        "family": code,
                        "attribute": attribute,
                        "channel": channel,
                        "is_required": attribute in required,
                    }

    def all_attributes(self) -> Iterator[Row]:
        groups = {row["code"]: row for row in self.pim.truth("attribute_groups")}
        for code, row in self.attributes.items():
            yield {
                "attribute": code,
                "attribute_label": label(row, code),
                "attribute_type": row["type"],
                "attribute_group": row["group"],
                "attribute_group_label": label(groups[row["group"]], row["group"]),
                "is_localizable": row["localizable"],
                "is_scopable": row["scopable"],
                "is_unique": row["unique"],
                "is_main_identifier": code == "sku",
                "measurement_family": row["metric_family"],
                "default_unit": row["default_metric_unit"],
                "reference_data_name": row["reference_data_name"],
                "sort_order": row["sort_order"],
            }

    def attribute_options(self) -> Iterator[Row]:
        for row in self.pim.truth("attribute_options"):
            yield {
                "attribute": row["attribute"],
                "option_code": row["code"],
                "option_label": label(row, row["code"]),
                "sort_order": row["sort_order"],
            }

    def all_channels(self) -> Iterator[Row]:
        for code, row in self.channels.items():
            tree = row["category_tree"]
            yield {
                "channel": code,
                "channel_label": label(row, code),
                "locales": ", ".join(sorted(row["locales"])) or None,
                "currencies": ", ".join(sorted(row["currencies"])) or None,
                "category_tree": tree,
                "category_tree_label": label(self.categories[tree], tree),
            }

    def quality_scores(self) -> Iterator[Row]:
        for resource in ("product_scores", "product_model_scores"):
            for row in self.pim.truth(resource):
                for score in row["quality_scores"]:
                    yield {
                        "product_key": key_of(row) if "code" not in row else None,
                        "product_model": row.get("code"),
                        "channel": score["scope"],
                        "locale": score["locale"],
                        "quality_score": score["data"],
                    }

    def table_values(self) -> Iterator[Row]:
        for row in [*self.products.values(), *self.models.values()]:
            for value in self.singles(row):
                definition = self.attributes[value["attribute"]]
                if definition["type"] != "pim_catalog_table":
                    continue
                columns = {
                    column["code"]: (position, column)
                    for position, column in enumerate(definition["table_configuration"], 1)
                }
                for code, cell in value["content"].items():
                    position, column = columns[code]
                    yield {
                        "product_key": key_of(row) if "code" not in row else None,
                        "product_model": row.get("code"),
                        "family": row["family"],
                        "attribute": value["attribute"],
                        "channel": value["channel"],
                        "locale": value["locale"],
                        "row_position": value["position"],
                        "table_column": code,
                        "column_label": (column["labels"] or {}).get(LOCALE) or f"[{code}]",
                        "column_position": position,
                        "data_type": column["data_type"],
                        "text_value": as_text(cell),
                        "number_value": number(cell) if column["data_type"] == "number" else None,
                    }
