"""Change the rows of the catalogue structure."""

from __future__ import annotations

from copy import deepcopy
from typing import TYPE_CHECKING, Any

from pim_simulator.database.entities import Entity
from pim_simulator.database.store import OPTION_TYPES, Store
from pim_simulator.http.errors import ApiError
from pim_simulator.writes.values import expected, format_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from pim_simulator.database.clock import Clock
    from pim_simulator.database.profiles import Profile

Key = str | tuple[str, ...]

_MERGED = ("labels", "attribute_requirements", "conversion_units", "guidelines")
_DEFAULTS: dict[str, Callable[[], dict[str, Any]]] = {
    "families": lambda: {
        "attributes": ["sku"],
        "attribute_as_label": "sku",
        "attribute_as_image": None,
        "attribute_requirements": {},
        "labels": {},
    },
    "family_variants": lambda: {"labels": {}, "variant_attribute_sets": []},
    "attribute_options": lambda: {"attribute": "", "sort_order": 0, "labels": {}},
    "attribute_groups": lambda: {"sort_order": 0, "attributes": [], "labels": {}},
    "association_types": lambda: {"labels": {}, "is_two_way": False, "is_quantified": False},
    "categories": lambda: {"parent": None, "labels": {}, "position": 1},
    "channels": lambda: {
        "currencies": [],
        "locales": [],
        "category_tree": "master",
        "conversion_units": {},
        "labels": {},
    },
    "measurement_families": lambda: {"labels": {}, "standard_unit_code": "", "units": {}},
}


class EntityWriter:
    """Creates and changes rows, and moves ``updated`` as the PIM does.

    Args:
        store: The tables.
        profile: The version.
        clock: The server's clock.
    """

    def __init__(self, store: Store, profile: Profile, clock: Clock) -> None:
        """Keep the parts."""
        self._store = store
        self._profile = profile
        self._clock = clock

    def save(self, resource: str, key: Key, data: dict[str, Any]) -> bool:
        """Create or change a row, as PATCH does; return whether it is new."""
        owner, code = pair(key)
        table: dict[str, Entity] = getattr(self._store, resource)
        if resource == "attribute_options":
            self._check_attribute_has_options(owner)
            table = self._store.attribute_options.setdefault(owner, {})
        now = self._clock.timestamp()
        row = table.get(code)
        body = {"code": code, **self._defaults(resource)} if row is None else deepcopy(row.body)
        before = None if row is None else deepcopy(body)
        _merge(body, data)
        if resource == "attribute_options":
            body["attribute"] = owner
        elif resource == "families":
            self._require_identifier(body)
        if row is None:
            table[code] = Entity(body, now, now, owner)
        elif row.body != body:
            old, row.body = row.body, body
            labels_only = all(old[name] == body[name] for name in body if name != "labels")
            # Category labels are rows of their own: before PIM-10889, editing them did not
            # change the category.
            if resource != "categories" or self._profile.since(8) or not labels_only:
                row.updated = now
        if resource == "attribute_options" and before != body:
            self.touch_attribute(owner)
        elif resource in ("channels", "locales"):
            self._sync_locales(resource, code)
        return row is None

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

    def _defaults(self, resource: str) -> dict[str, Any]:
        if resource != "attributes":
            return _DEFAULTS[resource]()
        blank = next(iter(self._store.attributes.values())).body
        body: dict[str, Any] = dict.fromkeys(name for name in blank if name != "code")
        lists: dict[str, list[Any]] = {"allowed_extensions": [], "available_locales": []}
        flags = dict.fromkeys(
            ("unique", "useable_as_grid_filter", "localizable", "scopable"), False
        )
        return body | lists | flags | {
            "group": "other",
            "group_labels": self._store.attribute_groups["other"].body["labels"],
            "sort_order": 0,
            "labels": {},
            "guidelines": {},
        }  # fmt: skip

    def _check_attribute_has_options(self, attribute: str) -> None:
        kind = self._store.attribute_type(attribute)
        if kind is None:
            raise ApiError(404, f'Attribute "{attribute}" does not exist.')
        if kind not in OPTION_TYPES:
            message = f'Attribute "{attribute}" does not support options.'
            raise ApiError(404, message)

    def touch_attribute(self, attribute: str) -> None:
        """Move an attribute's date (``TimestampableAttributeSubscriber``, on save and removal)."""
        self._store.attributes[attribute].updated = self._clock.timestamp()


def pair(key: Key) -> tuple[str, str]:
    """Return owner and code of a key."""
    return (key[0], key[1]) if isinstance(key, tuple) else ("", key)


def _merge(body: dict[str, Any], data: dict[str, Any]) -> None:
    """Apply a PATCH: merge maps, replace anything else."""
    for name, value in data.items():
        if name == "code":
            continue
        if name not in body:
            message = f'Property "{name}" does not exist.'
            raise format_error(message)
        if name not in _MERGED:
            body[name] = value
        elif isinstance(value, dict):
            body[name] = {**body[name], **value}
        else:
            raise format_error(expected(name, "an array", value))
