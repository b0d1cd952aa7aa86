"""The contents of the simulated PIM that the Community Edition lacks.

This shares no code with the HTTP side on purpose, like `truth`.
"""

from __future__ import annotations

from copy import deepcopy
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pim_simulator.database.installation import Installation
    from pim_simulator.database.libraries import Library, Row
    from pim_simulator.database.php import Json
    from pim_simulator.database.rows import Item

_LIBRARIES = {
    "reference_entities": ("reference_entities", "reference_entity", "library"),
    "reference_entity_attributes": ("reference_entities", "reference_entity", "attributes"),
    "reference_entity_attribute_options": ("reference_entities", "reference_entity", "options"),
    "reference_entity_records": ("reference_entities", "reference_entity", "rows"),
    "asset_families": ("asset_families", "asset_family", "library"),
    "asset_attributes": ("asset_families", "asset_family", "attributes"),
    "asset_attribute_options": ("asset_families", "asset_family", "options"),
    "assets": ("asset_families", "asset_family", "rows"),
}
_MAPPED = ("catalog_mapped_products", "catalog_mapped_models", "catalog_mapped_variants")
_MIME_TYPES = {"jpg": "image/jpeg", "pdf": "application/pdf", "png": "image/png"}


def enterprise_truth(pim: Installation, resource: str) -> list[dict[str, Any]]:
    """Return all records of a resource."""
    if resource in _LIBRARIES:
        table, parent, depth = _LIBRARIES[resource]
        libraries: dict[str, Library] = getattr(pim.store, table)
        return [
            row
            for library in libraries.values()
            for row in _of_library(pim, library, parent, depth)
        ]
    return list(_of_cloud(pim, resource))


def _of_cloud(pim: Installation, resource: str) -> Iterator[dict[str, Any]]:
    rows = pim.store.others.get(resource, {}).values()
    if resource == "workflow_steps":
        for workflow in pim.store.others.get("workflows", {}).values():
            for position, step in enumerate(workflow.body["steps"]):
                yield {**step, "workflow_uuid": workflow.body["uuid"], "position": position}
    elif resource in ("workflow_tasks", "workflow_step_assignees"):
        for row in rows:
            yield {**deepcopy(row.body), "step_uuid": row.owner}
    elif resource == "catalog_mapping_schemas":
        yield from ({"catalog_id": row.owner, **deepcopy(row.body)} for row in rows)
    elif resource in ("ui_extensions", "http_hooks"):
        yield from (_without_secrets(row.body) for row in rows)
    elif resource in _MAPPED:
        yield from _of_catalogs(pim, resource)
    else:
        yield from (deepcopy(row.body) for row in rows)


def _of_library(
    pim: Installation, library: Library, parent: str, depth: str
) -> Iterator[dict[str, Any]]:
    if depth == "library":
        yield deepcopy(library.body)
    elif depth == "attributes":
        for attribute in library.attributes.values():
            yield {**deepcopy(attribute.body), parent: library.code}
    elif depth == "options":
        for code, options in library.options.items():
            if code in library.attributes:
                for option in options.values():
                    yield {**deepcopy(option.body), parent: library.code, "attribute": code}
    else:
        for row in library.rows.values():
            yield {**_row(pim, library, row, parent), parent: library.code}


def _row(pim: Installation, library: Library, row: Row, parent: str) -> dict[str, Any]:
    newer = pim.profile.name == "saas" and parent == "asset_family"
    values: dict[str, Any] = {}
    for code, of_attribute in row.values.items():
        if code not in library.attributes:
            continue
        attribute = library.attributes[code].body
        shown = []
        for value in of_attribute:
            data = _existing(pim, library, attribute, value["data"])
            if data is None:
                continue
            if attribute["type"] == "date":
                year, month, day = map(int, data.split("-"))
                data = datetime(year, month, day, tzinfo=ZoneInfo(pim.zone.name)).isoformat()
            more = _newer(attribute, row, data) if newer else {}
            shown.append({**value, "data": data, **more})
        if shown:
            values[code] = shown
    body: dict[str, Any] = {"code": row.code, "values": values}
    if newer:
        body["asset_family_code"] = library.code
    if pim.profile.name != "pim-3":
        for name, timestamp in (("created", row.created), ("updated", row.updated)):
            body[name] = datetime.fromtimestamp(timestamp, ZoneInfo(pim.zone.name)).isoformat()
    return body


def _existing(pim: Installation, library: Library, attribute: dict[str, Any], data: Json) -> Json:
    kind: str = attribute["type"]
    if kind.endswith(("_option", "_options")):
        known = {option.lower() for option in library.options.get(attribute["code"], {})}
    elif kind == "record" or kind.startswith("reference_entity"):
        name = attribute.get("reference_entity_code") or attribute["reference_entity"]
        linked = pim.store.reference_entities.get(name)
        known = {code.lower() for code in linked.rows} if linked else set()
    elif kind == "asset_collection":
        linked = pim.store.asset_families.get(attribute["asset_family_identifier"])
        known = {code.lower() for code in linked.rows} if linked else set()
    else:
        return data
    if isinstance(data, str):
        return data if data.lower() in known else None
    return [code for code in data if code.lower() in known] or None


def _newer(attribute: dict[str, Any], row: Row, data: Json) -> dict[str, Any]:
    """Return the keys that the hosted edition adds to an asset's value, except links."""
    kind = attribute["type"]
    more: dict[str, Any] = {"attribute_type": kind}
    if kind == "media_link":
        prefix, suffix = attribute["prefix"], attribute["suffix"]
        more["linked_data"] = {
            "full_url": "".join((prefix or "", data, suffix or "")),
            "prefix": prefix,
            "suffix": suffix,
        }
    elif kind == "media_file":
        moment = datetime.fromtimestamp(row.media_updated, timezone.utc)
        more["linked_data"] = {
            "size": 1000 + sum(map(ord, data)),
            "mime_type": _MIME_TYPES[data[-3:]],
            "extension": data[-3:],
            "original_filename": data.split("_", 1)[1],
            "updated_at": moment.strftime("%Y-%m-%dT%H:%M:%S+0000"),
        }
    return more


def _without_secrets(body: dict[str, Any]) -> dict[str, Any]:
    """Return an extension or a hook without its keys, tokens and passwords."""
    public = deepcopy(body)
    for name in ("secret", "headers", "credentials"):
        public.pop(name, None)
    public.get("configuration", {}).pop("secret", None)
    return public


def _of_catalogs(pim: Installation, resource: str) -> Iterator[dict[str, Any]]:
    """Iterate over the products of enabled catalogs with a mapping: all enabled products."""
    enabled = [item for item in pim.store.products.values() if item.enabled]
    for key, catalog in pim.store.others.get("catalogs", {}).items():
        if not catalog.body["enabled"] or key not in pim.store.others["catalog_mapping_schemas"]:
            continue
        if resource == "catalog_mapped_products":
            for item in enabled:
                if item.parent is None:
                    yield {"catalog_id": key, **_mapped(item)}
        elif resource == "catalog_mapped_variants":
            for item in enabled:
                if item.parent is not None:
                    yield {"catalog_id": key, "model_code": _root(pim, item), **_variant(pim, item)}
        else:
            roots = {_root(pim, item) for item in enabled if item.parent is not None}
            for code in sorted(roots):
                yield {"catalog_id": key, **_mapped_model(pim, code)}


def _mapped(item: Item) -> dict[str, Any]:
    body = {"uuid": item.uuid}
    if item.values.get("name"):
        body["title"] = item.values["name"][0]["data"]
    if item.code is not None:
        body["code"] = item.code
    return body


def _mapped_model(pim: Installation, code: str) -> dict[str, Any]:
    """Return a mapped model, without the link to its variants."""
    model = pim.store.product_models[code]
    name = model.values.get("name")
    sets = pim.store.family_variants[model.family_variant or ""].body["variant_attribute_sets"]
    return {
        "code": code,
        "title": name[0]["data"] if name else code,
        "variation_axes": [
            {
                "code": axis,
                "label": [
                    {"locale": locale, "value": label}
                    for locale, label in pim.store.attributes[axis].body["labels"].items()
                    if label is not None
                ],
            }
            for level in sets
            for axis in level["axes"]
        ],
    }


def _variant(pim: Installation, item: Item) -> dict[str, Any]:
    """Return a mapped variant, whose axes may have their values on a model above it."""
    above = [item]
    while above[-1].parent is not None:
        above.append(pim.store.product_models[above[-1].parent])
    chosen = []
    for level in pim.store.family_variants[item.family_variant or ""].body[
        "variant_attribute_sets"
    ]:
        for axis in level["axes"]:
            held = [row.values[axis][0]["data"] for row in above if axis in row.values]
            if held:
                labels = pim.store.attribute_options[axis][held[0]].body["labels"].items()
                shown = [
                    {"locale": code, "value": text} for code, text in labels if text is not None
                ]
                chosen.append({"code": axis, "label": shown, "value": held[0]})
    return {
        "uuid": item.uuid,
        "sku": item.code,
        "is_published": item.enabled,
        "variant_axes_values": chosen,
    }


def _root(pim: Installation, item: Item) -> str:
    code = item.parent or ""
    while True:
        parent = pim.store.product_models[code].parent
        if parent is None:
            return code
        code = parent
