"""The contents of the simulated PIM, in the form that its reference documents.

This shares no code with the HTTP side on purpose, so that a comparison of both proves
something.
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from pim_simulator.database.rows import quality_score
from pim_simulator.truth.enterprise import enterprise_truth

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from pim_simulator.database.installation import Installation
    from pim_simulator.database.php import Json
    from pim_simulator.database.rows import Entity, Item

_BEFORE_5 = ("pim-3", "ce-4")
_BEFORE_6 = (*_BEFORE_5, "ce-5")
_AFTER_7 = ("ce-master", "librepim-8", "saas")
_BY_UUID = ("ce-7", "ee-7", "ce-2026", *_AFTER_7)
_ENTERPRISE = ("pim-3", "ee-7", "saas")
_NEWER: dict[str, Callable[[Entity], dict[str, Any]]] = {
    "currencies": lambda row: {"label": row.code},
    "families": lambda _: {"parent": None},
}
_STRUCTURE = (
    *("families", "family_variants", "attributes", "attribute_groups", "association_types"),
    *("categories", "channels", "locales", "currencies", "measurement_families"),
)
_OF_ITEMS = (
    *("products", "product_models", "published_products", "product_drafts"),
    *("product_model_drafts", "product_scores", "product_model_scores"),
)


def truth(pim: Installation, resource: str, *, by_uuid: bool) -> list[dict[str, Any]]:
    """Return all records of a resource."""
    with pim.store.lock:
        if resource == "system_information":
            information = {"version": pim.profile.version, "edition": pim.profile.edition}
            return [information] if pim.profile.name not in _BEFORE_6 else []
        others = {"attribute_options": _attribute_options, "product_media_files": _media_files}
        if resource in others:
            return others[resource](pim)
        if resource == "catalog_products":
            return list(_catalog_products(pim))
        if resource in _OF_ITEMS:
            return list(_items(pim, resource, by_uuid=by_uuid))
        if resource in _STRUCTURE:
            return _structure(pim, resource)
        return enterprise_truth(pim, resource)


def _items(pim: Installation, resource: str, *, by_uuid: bool) -> Iterator[dict[str, Any]]:
    """Iterate over products and models, their drafts, scores and published versions."""
    if resource == "published_products":
        for item in pim.store.published_products.values():
            yield _published(pim, item)
        return
    if resource.endswith("_scores"):
        yield from _scores(pim, resource, by_uuid=by_uuid)
        return
    models = resource in ("product_models", "product_model_drafts")
    for item in (pim.store.product_models if models else pim.store.products).values():
        drafted = item.uuid in pim.store.drafts
        if (resource.endswith("drafts") and not drafted) or not (
            models or by_uuid or item.code is not None
        ):
            continue
        body = _model(pim, item) if models else _product(pim, item, by_uuid=by_uuid)
        yield _drafted(body, pim, item) if resource.endswith("drafts") else body


def _scores(pim: Installation, resource: str, *, by_uuid: bool) -> Iterator[dict[str, Any]]:
    """Iterate over the completenesses and quality scores of products, or the latter of models."""
    models = resource == "product_model_scores"
    if pim.profile.name not in _BY_UUID if models else pim.profile.name in _BEFORE_5:
        return
    for item in (pim.store.product_models if models else pim.store.products).values():
        if not (models or by_uuid or item.code is not None):
            continue
        body: dict[str, Any] = {"code": item.code} if models else {"identifier": item.code}
        if by_uuid and not models:
            body = {"uuid": item.uuid}
        body["quality_scores"] = [
            {"scope": code, "locale": locale, "data": quality_score(item.uuid, code, locale)}
            for code, channel in pim.store.channels.items()
            for locale in channel.body["locales"]
            if item.family is not None and item.is_generated
        ]
        if not models and pim.profile.name not in _BEFORE_6:
            body["completenesses"] = _completenesses(pim, item)
        yield body


def _completenesses(pim: Installation, item: Item) -> list[dict[str, Any]]:
    """Return which percentage of the family's required attributes has a value."""
    if item.family is None:
        return []
    filled = {
        (code, value["scope"], value["locale"])
        for row in _lineage(pim, item)
        for code, values in row.values.items()
        for value in values
    }
    if item.code is not None:
        filled.add(("sku", None, None))
    found = []
    for channel, required in pim.store.families[item.family].body["attribute_requirements"].items():
        for locale in pim.store.channels[channel].body["locales"]:
            places = [(scope, place) for scope in (None, channel) for place in (None, locale)]
            given = [code for code in required if any((code, *at) in filled for at in places)]
            percent = 100 * len(given) // len(required) if required else 100
            found.append({"scope": channel, "locale": locale, "data": percent})
    return found


def _catalog_products(pim: Installation) -> Iterator[dict[str, Any]]:
    """Iterate over the products of enabled catalogs. Every enabled product is in each."""
    for key, catalog in pim.store.others.get("catalogs", {}).items():
        if catalog.body["enabled"]:
            for item in pim.store.products.values():
                if item.enabled:
                    body = _product(pim, item, by_uuid=True)
                    yield {"catalog_id": key, **body}


def _attribute_options(pim: Installation) -> list[dict[str, Any]]:
    return [row.body for rows in pim.store.attribute_options.values() for row in rows.values()]


def _media_files(pim: Installation) -> list[dict[str, Any]]:
    names = ("code", "original_filename", "mime_type", "size", "extension")
    return [
        {name: getattr(file, name) for name in names} for file in pim.store.media_files.values()
    ]


def _date(pim: Installation, timestamp: int) -> str:
    return datetime.fromtimestamp(timestamp, ZoneInfo(pim.zone.name)).isoformat()


def _category_date(pim: Installation, timestamp: int) -> str:
    """Return the date of a category. After 7.0 it is the clock of UTC with the server's offset."""
    if pim.profile.name not in _AFTER_7:
        return _date(pim, timestamp)
    clock = datetime.fromtimestamp(timestamp, timezone.utc).replace(tzinfo=None)
    return _date(pim, int(clock.replace(tzinfo=ZoneInfo(pim.zone.name)).timestamp()))


def _midnight(pim: Installation, day: str) -> str:
    year, month, date = map(int, day.split("-"))
    local = datetime(year, month, date, tzinfo=ZoneInfo(pim.zone.name))
    return _date(pim, int(local.timestamp()))


def _lineage(pim: Installation, item: Item) -> list[Item]:
    rows = [item]
    while rows[-1].parent is not None:
        rows.append(pim.store.product_models[rows[-1].parent])
    return rows


def _common(pim: Installation, item: Item) -> dict[str, Any]:
    rows = _lineage(pim, item)
    values: dict[str, Any] = {}
    for row in reversed(rows):
        for code, of_attribute in row.values.items():
            values.pop(code, None)
            shown = [
                {**value, "data": data, **_newer(pim, code, data)}
                for value in of_attribute
                if _is_shown(pim, value["locale"], value["scope"])
                and (data := _data(pim, code, value)) is not None
            ]
            if shown:
                values[code] = shown
    body: dict[str, Any] = {
        "family": item.family,
        "parent": item.parent,
        "categories": sorted(set().union(*(row.categories for row in rows))),
        "values": values,
        "created": _date(pim, item.created),
        "updated": _date(pim, item.updated),
    }
    if pim.profile.name in _ENTERPRISE:
        status = "working_copy"
        if item.uuid in pim.store.drafts:
            ready = pim.store.drafts[item.uuid].ready
            status = "proposal_waiting_for_approval" if ready else "draft_in_progress"
        body["metadata"] = {
            "workflow_status": "read_only" if item.uuid in pim.store.view_only else status
        }
    return body


def _is_shown(pim: Installation, locale: str | None, channel: str | None) -> bool:
    """Return whether a value belongs to an existing channel and an activated locale."""
    if locale is not None and not pim.store.locales[locale].body["enabled"]:
        return False
    if channel is None:
        return True
    if channel not in pim.store.channels:
        return False
    return locale is None or locale in pim.store.channels[channel].body["locales"]


def _newer(pim: Installation, code: str, data: Json) -> dict[str, Any]:
    """Return the keys that only the hosted edition adds to a value."""
    if pim.profile.name != "saas":
        return {}
    attribute = pim.store.attributes[code].body
    name = attribute["reference_data_name"]
    more = {} if name is None else {"reference_data_name": name}
    if attribute["type"] == "pim_catalog_metric":
        units = pim.store.measurement_families[attribute["metric_family"]].body["units"]
        unit = data["unit"]
        more = {"data": {**data, "symbol": None if unit is None else units[unit]["symbol"]}}
    return {"attribute_type": attribute["type"], **more}


def _data(pim: Installation, code: str, value: dict[str, Any]) -> Json:
    """Return the data of a value without deleted attributes, options and currencies."""
    data = value["data"]
    if code not in pim.store.attributes:
        return None
    kind = pim.store.attributes[code].body["type"]
    if kind == "pim_catalog_price_collection":
        names = [value["scope"]] if value["scope"] else list(pim.store.channels)
        channels = [pim.store.channels[name].body for name in names]
        known = [currency for channel in channels for currency in channel["currencies"]
                 if pim.store.currencies[currency].body["enabled"]]  # fmt: skip
        return [price for price in data if price["currency"] in known] or None
    if kind == "pim_catalog_date":
        return _midnight(pim, data)
    if kind in ("pim_catalog_simpleselect", "pim_catalog_multiselect"):
        known = [option.lower() for option in pim.store.attribute_options.get(code, {})]
    elif kind.startswith("akeneo_") or kind == "pim_catalog_asset_collection":
        table = (
            pim.store.reference_entities if kind.startswith("akeneo_") else pim.store.asset_families
        )
        name = pim.store.attributes[code].body["reference_data_name"]
        known = [row.lower() for row in table[name].rows] if name in table else []
    else:
        return data
    left = [option for option in ([data] if isinstance(data, str) else data)
            if option.lower() in known]  # fmt: skip
    if isinstance(data, str):
        return left[0] if left else None
    return left or None


def _product(pim: Installation, item: Item, *, by_uuid: bool) -> dict[str, Any]:
    body = _common(pim, item)
    body["enabled"] = item.enabled
    body["groups"] = list(item.groups)
    if pim.profile.name in _BY_UUID:
        body["uuid"] = item.uuid
        if item.code is not None:
            sku = {"locale": None, "scope": None, "data": item.code}
            body["values"]["sku"] = [{**sku, **_newer(pim, "sku", None)}]
    if not by_uuid:
        body["identifier"] = item.code
    return body | _associated(pim, item, by_uuid=by_uuid)


def _model(pim: Installation, item: Item) -> dict[str, Any]:
    body = _common(pim, item)
    body["code"] = item.code
    body["family_variant"] = item.family_variant
    return body | _associated(pim, item, by_uuid=False)


def _published(pim: Installation, item: Item) -> dict[str, Any]:
    """Return a published product: it has neither uuid nor metadata."""
    body = _product(pim, item, by_uuid=False)
    del body["metadata"]
    body.pop("uuid", None)
    return body


def _drafted(body: dict[str, Any], pim: Installation, item: Item) -> dict[str, Any]:
    """Return a product or model with the user's changes."""
    for code, values in pim.store.drafts[item.uuid].values.items():
        body["values"][code] = [{**value, **_newer(pim, code, value["data"])} for value in values]
    return body


def _associated(pim: Installation, item: Item, *, by_uuid: bool) -> dict[str, Any]:
    def name_of(uuid: str) -> str | None:
        return uuid if by_uuid else pim.store.products[uuid].code

    associations: dict[str, dict[str, list[Any]]] = {
        code: {"groups": [], "product_models": [], "products": []}
        for code, row in pim.store.association_types.items()
        if not row.body.get("is_quantified")
    }
    quantified: dict[str, dict[str, list[Any]]] = {}
    for row in reversed(_lineage(pim, item)):
        for kind, targets in row.associations.items():
            if kind in associations:
                for target, keys in targets.items():
                    known = associations[kind][target]
                    associations[kind][target] = sorted(set(known) | set(keys))
        for kind, targets in row.quantified.items():
            quantified[kind] = {
                "products": [
                    {
                        "uuid" if by_uuid else "identifier": name_of(target["uuid"]),
                        "quantity": target["quantity"],
                    }
                    for target in targets["products"]
                    if target["uuid"] in pim.store.products
                ],
                "product_models": [
                    target
                    for target in targets["product_models"]
                    if target["identifier"] in pim.store.product_models
                ],
            }
    for found in associations.values():
        found["products"] = [
            name_of(uuid) for uuid in found["products"] if uuid in pim.store.products
        ]
        found["product_models"] = [
            code for code in found["product_models"] if code in pim.store.product_models
        ]
    body: dict[str, Any] = {"associations": associations}
    if pim.profile.name not in _BEFORE_5:
        body["quantified_associations"] = quantified
    return body


def _structure(pim: Installation, resource: str) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = []
    for row in getattr(pim.store, resource).values():
        body = dict(row.body)
        if resource != "measurement_families":
            _hide_labels(pim, body)
        if resource == "family_variants":
            body["family"] = row.owner
            if pim.profile.name == "saas":
                levels = body["variant_attribute_sets"]
                special = {code for level in levels for code in level["attributes"]}
                attributes = pim.store.families[row.owner].body["attributes"]
                body["common_attributes"] = [code for code in attributes if code not in special]
        elif resource == "categories":
            del body["position"]
            if pim.profile.name not in _BEFORE_6:
                body["updated"] = _category_date(pim, row.updated)
            if pim.profile.name == "saas":
                body["channel_requirements"] = [] if body["parent"] else ["ecommerce"]
                body["validations"] = {
                    "max_categories_per_product": 5,
                    "only_leaves": False,
                    "is_mandatory": False,
                }
        elif resource in _NEWER and pim.profile.name == "saas":
            body |= _NEWER[resource](row)
        elif resource == "attributes":
            _attribute(pim, body)
        records.append(body)
    return records


def _hide_labels(pim: Installation, body: dict[str, Any]) -> None:
    """Remove the labels in deactivated locales."""
    active = [code for code, row in pim.store.locales.items() if row.body["enabled"]]
    for name in ("labels", "group_labels"):
        if name in body:
            body[name] = {code: text for code, text in body[name].items() if code in active}


def _attribute(pim: Installation, body: dict[str, Any]) -> None:
    for limit in ("date_min", "date_max"):
        body[limit] = body[limit] and _midnight(pim, body[limit])
    if pim.profile.name in _BEFORE_6:
        del body["guidelines"]
    if pim.profile.name in _BEFORE_5:
        del body["default_value"]
    if pim.profile.name == "pim-3":
        del body["group_labels"]
    if pim.profile.name in _AFTER_7 and body["type"] == "pim_catalog_identifier":
        body["is_main_identifier"] = body["code"] == pim.store.identifier_attribute()
    if pim.profile.name == "saas":
        decimals, kind = body["decimals_allowed"], body["type"].removeprefix("pim_catalog_")
        body["is_mandatory"] = False
        body["decimal_places"] = 4 if decimals else None
        body["decimal_places_strategy"] = "round" if decimals else None
        body["enable_option_creation_during_import"] = False if kind.endswith("select") else None
        body["display_time"] = False if kind == "date" else None
        colors = {"yes_color": "#67b373", "no_color": "#d4604f"}
        body["color_configuration"] = colors if kind == "boolean" else None
        body["is_pinned"] = body["code"] == "name"
        body["max_items_count"] = 10 if kind == "multiselect" else None
