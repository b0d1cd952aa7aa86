"""Change resources that the Community Edition lacks."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from pim_simulator.database.entities import Entity
from pim_simulator.database.libraries import LIBRARY_TABLES, Kind, Library, Row
from pim_simulator.database.store import LINK_TYPES, Draft, Item

if TYPE_CHECKING:
    from collections.abc import Callable

    from pim_simulator.database.installation import Installation

_DRAFTS = ("product_drafts", "product_model_drafts")
_NEW_LIBRARY: dict[str, dict[str, Any]] = {
    "reference_entities": {"labels": {}, "image": None},
    "asset_families": {
        "labels": {},
        "attribute_as_main_media": None,
        "product_link_rules": [],
        "transformations": [],
        "naming_convention": {},
    },
}
_NEW_ATTRIBUTE = {
    "labels": {},
    "type": "text",
    "value_per_locale": False,
    "value_per_channel": False,
    "is_required_for_completeness": False,
}
_NEW_SHARED = {"sharing_enabled": False, "auto_tagging_enabled": False}


class LibraryWriter:
    """Changes reference entities, asset families, drafts and resources of the hosted edition.

    Args:
        pim: The simulated PIM.
        reindex: Indexes a product or model again.
    """

    def __init__(self, pim: Installation, reindex: Callable[[Item], None]) -> None:
        self._store = pim.store
        self._saas = pim.profile.saas
        self._clock = pim.clock
        self._reindex = reindex

    def knows(self, resource: str) -> bool:
        """Return whether this writer changes a resource."""
        return resource in LIBRARY_TABLES or resource in _DRAFTS or resource in self._store.others

    def exists(self, resource: str, key: tuple[str, ...]) -> bool:
        """Return whether a row exists."""
        return key[-1] in self._table(resource, key)

    def delete(self, resource: str, key: tuple[str, ...]) -> None:
        """Delete an existing row."""
        table = self._table(resource, key)
        gone = table.pop(key[-1])
        if resource in LIBRARY_TABLES and isinstance(gone, Row):
            self._touch_linked(LIBRARY_TABLES[resource][0], key[0], gone.code)

    def save(self, resource: str, key: tuple[str, ...], data: dict[str, Any]) -> bool:
        """Create or change something; return whether it is new."""
        new = not self.exists(resource, key)
        if resource in _DRAFTS:
            self._save_draft(resource, key, data)
        elif resource not in LIBRARY_TABLES:
            self._save_cloud(resource, key, data)
        elif LIBRARY_TABLES[resource][1] == "library":
            self._save_library(resource, key[0], data)
        elif LIBRARY_TABLES[resource][1] == "rows":
            self._save_row(LIBRARY_TABLES[resource][0], key, data)
        else:
            self._save_entity(resource, key, data)
        return new

    def _table(self, resource: str, key: tuple[str, ...]) -> dict[str, Any]:
        """Return the table of the last part of a key."""
        if resource in _DRAFTS:
            return self._store.drafts
        if resource not in LIBRARY_TABLES:
            return self._store.others[resource]
        kind, depth = LIBRARY_TABLES[resource]
        libraries: dict[str, Library] = getattr(self._store, kind.table)
        if depth == "library":
            return libraries
        library = libraries[key[0]]
        if depth == "rows":
            return library.rows
        if depth == "attributes":
            return library.attributes
        return library.options.setdefault(key[1], {})

    def _save_library(self, resource: str, code: str, data: dict[str, Any]) -> None:
        table: dict[str, Library] = getattr(self._store, resource)
        now = self._clock.timestamp()
        library = table.get(code)
        if library is None:
            saas = _NEW_SHARED if resource == "asset_families" and self._saas else {}
            library = Library({"code": code, **deepcopy(_NEW_LIBRARY[resource]), **saas}, now, now)
            table[code] = library
        library.body = _merged(library.body, data)
        library.updated = now

    def _save_entity(self, resource: str, key: tuple[str, ...], data: dict[str, Any]) -> None:
        table: dict[str, Entity] = self._table(resource, key)
        now = self._clock.timestamp()
        row = table.get(key[-1])
        if row is None:
            blank = {"labels": {}} if resource.endswith("options") else deepcopy(_NEW_ATTRIBUTE)
            row = Entity({"code": key[-1], **blank}, now, now, key[-2])
            table[key[-1]] = row
        row.body = _merged(row.body, data)
        row.updated = now

    def _save_row(self, kind: Kind, key: tuple[str, ...], data: dict[str, Any]) -> None:
        """Change a record or asset; move ``updated`` if its content changes."""
        library: Library = getattr(self._store, kind.table)[key[0]]
        now = self._clock.timestamp()
        row = library.rows.get(key[1])
        new = row is None
        if row is None:
            row = Row(key[1], created=now, updated=now, values={})
            library.rows[key[1]] = row
        before = (row.values, row.enabled)
        values = dict(row.values)
        for code, written in data.get("values", {}).items():
            kept = {(one["locale"], one["channel"]): one for one in values.get(code, ())}
            for one in written:
                place = (one.get("locale"), one.get("channel"))
                kept.pop(place, None)
                if one["data"] not in (None, "", []):
                    kept[place] = {"locale": place[0], "channel": place[1], "data": one["data"]}
            values.pop(code, None)
            if kept:
                values[code] = list(kept.values())
        row.values = values
        row.enabled = data.get("enabled", row.enabled)
        if not new and before == (row.values, row.enabled):
            return
        row.updated = now
        for code in data.get("values", {}):
            attribute = library.attributes.get(code)
            if attribute is not None and attribute.body["type"] == "media_file":
                row.media_updated = now
        self._touch_linked(kind, library.code, row.code)

    def _touch_linked(self, kind: Kind, library: str, row: str) -> None:
        """Record the change for the products that link to a row.

        Their ``updated`` does not move (api.akeneo.com, filter, SaaS).
        """
        store = self._store
        links = [
            attribute.code
            for attribute in store.attributes.values()
            if attribute.body["reference_data_name"] == library
            and LINK_TYPES.get(attribute.body["type"]) == kind.table
        ]
        if not links or not self._saas:
            return
        now = self._clock.timestamp()
        for table in (store.product_models, store.products):
            for item in table.values():
                values = item.values
                linked = [value["data"] for code in links for value in values.get(code, ())]
                if any(row == data or row in data for data in linked):
                    item.linked_updates[kind.link] = now
                    self._reindex(item)

    def _save_draft(self, resource: str, key: tuple[str, ...], data: dict[str, Any]) -> None:
        uuid = key[0] if resource == "product_drafts" else f"model/{key[0]}"
        self._store.view_only.discard(uuid)
        self._store.editable.add(uuid)
        old = self._store.drafts.get(uuid, Draft({}))
        values = {**old.values, **data.get("values", {})}
        self._store.drafts[uuid] = Draft(values, ready=data.get("ready", old.ready))

    def _save_cloud(self, resource: str, key: tuple[str, ...], data: dict[str, Any]) -> None:
        table = self._store.others[resource]
        row = table.get(key[-1])
        if row is None:
            table[key[-1]] = Entity(dict(data), 0, 0, key[0] if len(key) > 1 else "")
        else:
            row.body = _merged(row.body, data)


def _merged(body: dict[str, Any], data: dict[str, Any]) -> dict[str, Any]:
    """Apply a PATCH to a body: merge labels, replace anything else."""
    changed = {**body, **{name: value for name, value in data.items() if name != "code"}}
    if "labels" in data:
        changed["labels"] = {**body.get("labels", {}), **data["labels"]}
    return changed
