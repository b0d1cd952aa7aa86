"""Bodies of products and models, which differ between versions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pim_simulator.database.php import array_key, php_array
from pim_simulator.database.rows import quality_score
from pim_simulator.database.store import by_code
from pim_simulator.http.paging import path_link
from pim_simulator.products.measurements import converted
from pim_simulator.products.saas_fields import SaasFields

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pim_simulator.database.installation import Installation
    from pim_simulator.database.php import Json
    from pim_simulator.database.rows import Associations, Item, Values


@dataclass(frozen=True)
class View:
    """What the bodies of products contain, as a request asks for it.

    Attributes:
        base: Scheme and host of the links.
        by_uuid: Whether the list is ``/products-uuid``.
        channel: Only the values of this channel.
        locales: Only the values of these locales.
        attributes: Only the values of these attributes.
        flags: Query parameters that are ``true``, of those that the version has.
        readiness: Add ``readiness``: ``scores_only`` or ``detailed`` (SaaS).
        draft: With the changes of the user's draft applied (EE).
        published: As a published product (EE).
    """

    base: str
    by_uuid: bool = False
    channel: str | None = None
    locales: tuple[str, ...] | None = None
    attributes: frozenset[str] | None = None
    flags: frozenset[str] = frozenset()
    readiness: str | None = None
    draft: bool = False
    published: bool = False


class ItemBodies:
    """Makes the bodies of products and models."""

    def __init__(self, pim: Installation) -> None:
        self._store = pim.store
        self._profile = pim.profile
        self._zone = pim.zone
        self._saas = SaasFields(pim.store, self.completenesses)

    def of(self, item: Item, view: View) -> dict[str, Any]:
        """Return a product or a product model."""
        return self._model(item, view) if item.is_model else self.product(item, view)

    def product(self, item: Item, view: View) -> dict[str, Any]:
        """Return a product."""
        profile = self._profile
        lineage = [item, *self._store.ancestors(item)]
        body: dict[str, Any] = {}
        if profile.by_uuid and not view.published:
            body["uuid"] = item.uuid
        if not view.by_uuid:
            body["identifier"] = item.code
        body |= {
            "enabled": item.enabled,
            "family": item.family,
            "categories": self._categories(lineage),
            "groups": list(item.groups),
            "parent": item.parent,
            **self._common(lineage, view),
        }
        if "with_completenesses" in view.flags:
            found = list(self.completenesses(item))
            # 6.0 makes an object of an empty list (#18050).
            force_object = not found and not profile.by_uuid
            body["completenesses"] = {} if force_object else found
        if "with_root_parent" in view.flags:
            body["root_parent"] = lineage[-1].code if len(lineage) > 1 else None
        return body | self._saas.of(
            item,
            readiness=view.readiness,
            workflows="with_workflow_execution_statuses" in view.flags,
        )

    def _model(self, item: Item, view: View) -> dict[str, Any]:
        lineage = [item, *self._store.ancestors(item)]
        return {
            "code": item.code,
            "family": item.family,
            "family_variant": item.family_variant,
            "parent": item.parent,
            "categories": self._categories(lineage),
            **self._common(lineage, view),
            **self._saas.of(
                item,
                readiness=view.readiness,
                workflows="with_workflow_execution_statuses" in view.flags,
            ),
        }

    def _common(self, lineage: list[Item], view: View) -> dict[str, Any]:
        """Return what products and models have in common, from the values on."""
        item = lineage[0]
        body: dict[str, Any] = {
            "values": self._values(lineage, view),
            "created": self._date(item.created),
            "updated": self._date(item.updated),
            "associations": self._associations(lineage, view),
        }
        if self._profile.quantified_associations:
            body["quantified_associations"] = self._quantified(lineage, view)
        if self._profile.enterprise and not view.published:
            body["metadata"] = {"workflow_status": self._store.workflow_status(item)}
        if "with_quality_scores" in view.flags:
            body["quality_scores"] = self.quality_scores(item)
        return body

    def completenesses(self, item: Item) -> Iterator[dict[str, Any]]:
        """Iterate over the completenesses of a product; there are none without a family."""
        family = self._store.families.get(item.family or "")
        if family is None:
            return
        values = dict(item.values)
        for ancestor in self._store.ancestors(item):
            values |= ancestor.values
        for channel, required in family.body["attribute_requirements"].items():
            for locale in self._store.channels[channel].body["locales"]:
                given = sum(
                    self._has_value(code, item, values.get(code, ()), channel, locale)
                    for code in required
                )
                percent = 100 * given // len(required) if required else 100
                yield {"scope": channel, "locale": locale, "data": percent}

    def _has_value(
        self, code: str, item: Item, values: Iterable[dict[str, Any]], channel: str, locale: str
    ) -> bool:
        if code == self._store.identifier_attribute():
            return item.code is not None
        return any(
            value["scope"] in (None, channel) and value["locale"] in (None, locale)
            for value in values
        )

    def _date(self, timestamp: int) -> str:
        if self._profile.utc_clock_with_server_offset:
            return self._zone.utc_clock_with_server_offset(timestamp)
        return self._zone.date_c(timestamp)

    @staticmethod
    def _categories(lineage: list[Item]) -> list[str]:
        return sorted({category for item in lineage for category in item.categories})

    def _values(self, lineage: list[Item], view: View) -> Values:
        merged: Values = {}
        for item in reversed(lineage):
            merged |= item.values
        if view.draft:
            merged |= self._store.drafts[lineage[0].uuid].values
        identifier = self._store.identifier_attribute()
        merged.pop(identifier, None)
        if self._profile.by_uuid and not lineage[0].is_model:
            code = lineage[0].code
            if code is not None:
                merged[identifier] = [{"locale": None, "scope": None, "data": code}]
        places = self._store.places()
        shown: Values = {}
        for code in sorted(merged):
            if view.attributes is not None and code not in view.attributes:
                continue
            values = [
                self._value(code, value, data, view)
                for value in merged[code]
                if (value["locale"], value["scope"]) in places
                and (data := self._data(code, value, view)) is not None
                and (view.channel is None or value["scope"] in (None, view.channel))
                and (view.locales is None or value["locale"] in (None, *view.locales))
            ]
            if "convert_measurements" in view.flags and view.channel and self._is_measurement(code):
                wanted = self._store.channels[view.channel].body["locales"]
                locales = wanted if view.locales is None else view.locales
                values = converted(self._store, code, values, view.channel, locales)
            if values:
                shown[code] = values
        return shown

    def _is_measurement(self, code: str) -> bool:
        return self._store.attribute_type(code) == "pim_catalog_metric"

    def _data(self, code: str, value: dict[str, Any], view: View) -> Json:
        data = self._store.existing(code, value["data"], value["scope"])
        if "with_enabled_assets_only" in view.flags and data is not None:
            return self._saas.enabled_assets(code, data)
        return data

    def _value(self, code: str, value: dict[str, Any], data: Json, view: View) -> dict[str, Any]:
        kind = self._store.attribute_type(code)
        value = {**value, "data": data}
        if self._profile.saas:
            value |= self._saas.of_value(
                code, data, share_links="with_asset_share_links" in view.flags
            )
        if kind in ("pim_catalog_image", "pim_catalog_file"):
            path = f"/api/rest/v1/media-files/{value['data']}/download"
            links = {"download": {"href": path_link(view.base, path)}}
            return {**value, "_links": links}
        if kind == "pim_catalog_date":
            return {**value, "data": self._zone.midnight(value["data"])}
        if "with_attribute_options" in view.flags and kind == "pim_catalog_simpleselect":
            return {**value, "linked_data": self._linked(code, value["data"])}
        if "with_attribute_options" in view.flags and kind == "pim_catalog_multiselect":
            linked = {option: self._linked(code, option) for option in value["data"]}
            return {**value, "linked_data": php_array(linked)}
        return value

    def _linked(self, attribute: str, code: str) -> dict[str, Any]:
        option = by_code(self._store.attribute_options[attribute], code)
        labels = {} if option is None else self._store.shown_labels(option.body["labels"])
        return {"attribute": attribute, "code": code, "labels": php_array(labels)}

    def _associations(self, lineage: list[Item], view: View) -> Associations:
        """Return the targets of every association type, most of them empty (recorded).

        Deleted products and models are omitted; this does not change ``updated`` (recorded).
        """
        store = self._store
        merged = dict(sorted(store.no_associations().items()))
        for item in lineage:
            for kind, targets in item.associations.items():
                into = merged.get(kind, {})
                for name in into:
                    into[name] = sorted({*into[name], *targets.get(name, ())})
        for targets in merged.values():
            targets["products"] = [
                uuid if view.by_uuid else store.products[uuid].code
                for uuid in targets["products"]
                if uuid in store.products
            ]
            targets["product_models"] = [
                code for code in targets["product_models"] if code in store.product_models
            ]
        return merged

    def _quantified(self, lineage: list[Item], view: View) -> Associations:
        merged: Associations = {}
        for item in reversed(lineage):
            for kind, targets in item.quantified.items():
                merged[kind] = {
                    "products": [
                        self._quantity(row, view)
                        for row in targets["products"]
                        if row["uuid"] in self._store.products
                    ],
                    "product_models": [
                        row
                        for row in targets["product_models"]
                        if row["identifier"] in self._store.product_models
                    ],
                }
        return merged

    def _quantity(self, row: dict[str, Any], view: View) -> dict[str, Any]:
        if view.by_uuid:
            return row
        return {"identifier": self._store.products[row["uuid"]].code, "quantity": row["quantity"]}

    def quality_scores(self, item: Item) -> list[dict[str, Any]]:
        """Return the quality scores, an empty list without any (recorded).

        A job computes them later, for products that have a family.
        """
        if item.family is None or not item.is_generated:
            return []
        return [
            {
                "scope": array_key(code),
                "locale": locale,
                "data": quality_score(item.uuid, code, locale),
            }
            for code, channel in self._store.channels.items()
            for locale in channel.body["locales"]
        ]
