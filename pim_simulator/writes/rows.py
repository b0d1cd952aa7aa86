"""Change the rows of all tables but those of products and models."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from pim_simulator.database.libraries import LIBRARY_TABLES, Kind, Library, Row
from pim_simulator.database.rows import Draft, Entity, Item
from pim_simulator.database.store import LINK_TYPES, SELECT_TYPES
from pim_simulator.http.errors import ApiError
from pim_simulator.writes.values import expected, format_error, merged_values

if TYPE_CHECKING:
    from collections.abc import Callable

    from pim_simulator.database.installation import Installation

Key = tuple[str, ...]

_MERGED = ("labels", "attribute_requirements", "conversion_units", "guidelines")
_DRAFTS = ("product_drafts", "product_model_drafts")
_NEW_ATTRIBUTE = {
    "labels": {}, "type": "text", "value_per_locale": False, "value_per_channel": False,
    "is_required_for_completeness": False,
}  # fmt: skip
# New rows, before the values that were sent.
# fmt: off
_BLANK: dict[str, dict[str, Any]] = {
    "attributes": {"group": "other", "sort_order": 0, "labels": {}, "guidelines": {},
        "allowed_extensions": [], "available_locales": [], "unique": False,
        "useable_as_grid_filter": False, "localizable": False, "scopable": False},
    "families": {"attributes": ["sku"], "attribute_as_label": "sku", "attribute_as_image": None,
        "attribute_requirements": {}, "labels": {}},
    "family_variants": {"labels": {}, "variant_attribute_sets": []},
    "attribute_options": {"attribute": "", "sort_order": 0, "labels": {}},
    "attribute_groups": {"sort_order": 0, "attributes": [], "labels": {}},
    "association_types": {"labels": {}, "is_two_way": False, "is_quantified": False},
    "categories": {"parent": None, "labels": {}, "position": 1},
    "channels": {"currencies": [], "locales": [], "category_tree": "master",
        "conversion_units": {}, "labels": {}},
    "measurement_families": {"labels": {}, "standard_unit_code": "", "units": {}},
    "reference_entities": {"labels": {}, "image": None},
    "asset_families": {"labels": {}, "attribute_as_main_media": None, "product_link_rules": [],
        "transformations": [], "naming_convention": {}},
    "reference_entity_attributes": _NEW_ATTRIBUTE,
    "reference_entity_attribute_options": {"labels": {}},
    "asset_attributes": _NEW_ATTRIBUTE,
    "asset_attribute_options": {"labels": {}},
}
# fmt: on
_NEW_SHARED = {"sharing_enabled": False, "auto_tagging_enabled": False}


class RowWriter:
    """Creates and changes rows, and moves ``updated`` as the PIM does."""

    def __init__(self, pim: Installation, reindex: Callable[[Item], None]) -> None:
        self._store = pim.store
        self._profile = pim.profile
        self._clock = pim.clock
        self._reindex = reindex

    def table(self, resource: str, key: Key) -> dict[str, Any]:
        """Return the table whose rows have the last part of a key as theirs."""
        store = self._store
        if resource in _DRAFTS:
            return store.drafts
        if resource == "attribute_options":
            return store.attribute_options.setdefault(key[0], {})
        if resource not in LIBRARY_TABLES:
            return store.table(resource)
        kind, level = LIBRARY_TABLES[resource]
        libraries: dict[str, Library] = getattr(store, kind.table)
        if level == "library":
            return libraries
        library = libraries[key[0]]
        if level == "options":
            return library.options.setdefault(key[1], {})
        return library.rows if level == "rows" else library.attributes

    def delete(self, resource: str, key: Key) -> None:
        """Delete an existing row."""
        del self.table(resource, key)[key[-1]]
        if resource == "attribute_options":
            self._touch_attribute(key[0])
        elif resource == "channels":
            self._forget_channel(key[0])
        elif resource in LIBRARY_TABLES and LIBRARY_TABLES[resource][1] == "rows":
            self._touch_linked(LIBRARY_TABLES[resource][0], *key)

    def save(self, resource: str, key: Key, data: dict[str, Any]) -> bool:
        """Create or change a row, as PATCH does; return whether it is new."""
        if resource == "attribute_options":
            self._check_attribute_has_options(key[0])
        table = self.table(resource, key)
        row = table.get(key[-1])
        kind, level = LIBRARY_TABLES.get(resource, (None, ""))
        if resource in _DRAFTS:
            self._save_draft(key, data)
        elif kind is not None and level == "rows":
            self._save_row(kind, key, data)
        elif row is None:
            self._add(resource, key, data)
        else:
            self._change(resource, key, row, data)
        return row is None

    def _add(self, resource: str, key: Key, data: dict[str, Any]) -> None:
        owner = key[-2] if len(key) > 1 else ""
        now = self._clock.timestamp()
        body = self._merged(resource, key, self._blank(resource, key, data), data)
        is_library = LIBRARY_TABLES.get(resource, (None, ""))[1] == "library"
        row = Library(body, now, now) if is_library else Entity(body, now, now, owner)
        self.table(resource, key)[key[-1]] = row
        self._saved(resource, key)

    def _change(self, resource: str, key: Key, row: Entity | Library, data: dict[str, Any]) -> None:
        body = self._merged(resource, key, deepcopy(row.body), data)
        old = row.body
        if old == body:
            return
        row.body = body
        # Category labels are rows of their own: before PIM-10889, editing them did not change
        # the category.
        labels_only = all(old.get(name) == body[name] for name in body if name != "labels")
        if resource != "categories" or self._profile.since(8) or not labels_only:
            row.updated = self._clock.timestamp()
        self._saved(resource, key)

    def _merged(
        self, resource: str, key: Key, body: dict[str, Any], data: dict[str, Any]
    ) -> dict[str, Any]:
        is_structure = resource not in LIBRARY_TABLES and resource not in self._store.others
        for name, value in data.items():
            if name == "code":
                continue
            if name not in body and is_structure:
                message = f'Property "{name}" does not exist.'
                raise format_error(message)
            if name not in _MERGED:
                body[name] = value
            elif isinstance(value, dict):
                body[name] = {**body.get(name, {}), **value}
            else:
                raise format_error(expected(name, "an array", value))
        if resource == "attribute_options":
            body["attribute"] = key[0]
        elif resource == "families":
            self._require_identifier(body)
        return body

    def _saved(self, resource: str, key: Key) -> None:
        if resource == "attribute_options":
            self._touch_attribute(key[0])
        elif resource in ("channels", "locales"):
            self._sync_locales(resource, key[-1])

    def _blank(self, resource: str, key: Key, data: dict[str, Any]) -> dict[str, Any]:
        """Return the body of a new row before the values that were sent."""
        if resource in self._store.others:
            return dict(data)
        body: dict[str, Any] = {"code": key[-1]}
        if resource == "attributes":
            known = next(iter(self._store.attributes.values())).body
            labels = self._store.attribute_groups["other"].body["labels"]
            body |= {**dict.fromkeys(known), "code": key[-1], "group_labels": labels}
        elif resource == "asset_families" and self._profile.saas:
            return {**body, **deepcopy(_BLANK[resource]), **_NEW_SHARED}
        return body | deepcopy(_BLANK[resource])

    def _require_identifier(self, family: dict[str, Any]) -> None:
        """Require the identifier in every channel, as the PIM always does (recorded)."""
        identifier = self._store.identifier_attribute()
        family["attributes"] = sorted({*family["attributes"], identifier})
        written = family["attribute_requirements"]
        family["attribute_requirements"] = {
            channel: sorted({*written.get(channel, ()), identifier})
            for channel in self._store.channels
        }

    def _sync_locales(self, changed: str, code: str) -> None:
        """Keep channels and locales consistent: a locale is active while a channel has it."""
        channels = [row.body for row in self._store.channels.values()]
        if changed == "locales" and not self._store.locales[code].body["enabled"]:
            for channel in channels:
                channel["locales"] = [locale for locale in channel["locales"] if locale != code]
        if changed == "channels":
            used = {locale for channel in channels for locale in channel["locales"]}
            for locale, row in self._store.locales.items():
                row.body["enabled"] = locale in used

    def _forget_channel(self, code: str) -> None:
        """Delete the requirements of a deleted channel.

        The foreign key ``channel_id`` of ``pim_catalog_attribute_requirement`` cascades (schema of
        pim-community-dev's database).
        """
        for family in self._store.families.values():
            written = family.body["attribute_requirements"]
            kept = {channel: of for channel, of in written.items() if channel != code}
            family.body = {**family.body, "attribute_requirements": kept}
        self._sync_locales("channels", code)

    def _check_attribute_has_options(self, attribute: str) -> None:
        kind = self._store.attribute_type(attribute)
        if kind is None:
            raise ApiError(404, f'Attribute "{attribute}" does not exist.')
        if kind not in SELECT_TYPES:
            message = f'Attribute "{attribute}" does not support options.'
            raise ApiError(404, message)

    def _touch_attribute(self, attribute: str) -> None:
        """Move an attribute's date (``TimestampableAttributeSubscriber``, on save and removal)."""
        self._store.attributes[attribute].updated = self._clock.timestamp()

    def _save_row(self, kind: Kind, key: tuple[str, ...], data: dict[str, Any]) -> None:
        """Change a record or asset; move ``updated`` if its content changes."""
        library: Library = getattr(self._store, kind.table)[key[0]]
        now = self._clock.timestamp()
        row = library.rows.get(key[1])
        new = row is None
        if row is None:
            row = Row(key[1], now, now)
            library.rows[key[1]] = row
        before = (row.values, row.enabled)
        values = dict(row.values)
        for code, written in data.get("values", {}).items():
            merged = merged_values(values.pop(code, []), written, "channel")
            if merged:
                values[code] = merged
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
        if not links or not self._profile.saas:
            return
        now = self._clock.timestamp()
        for table in (store.product_models, store.products):
            for item in table.values():
                values = item.values
                linked = [value["data"] for code in links for value in values.get(code, ())]
                if any(row == data or row in data for data in linked):
                    item.linked_updates[kind.link] = now
                    self._reindex(item)

    def _save_draft(self, key: tuple[str, ...], data: dict[str, Any]) -> None:
        """Save the user's draft of a product or model, who may then edit it."""
        uuid = key[0]
        self._store.view_only.discard(uuid)
        self._store.editable.add(uuid)
        old = self._store.drafts.get(uuid, Draft({}))
        values = {**old.values, **data.get("values", {})}
        self._store.drafts[uuid] = Draft(values, ready=data.get("ready", old.ready))
