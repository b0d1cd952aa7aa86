"""The SQL tables of the simulated PIM."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from pim_simulator.database.libraries import Library
    from pim_simulator.database.php import Json
    from pim_simulator.database.rows import Associations, Draft, Entity, Item, MediaFile

Place = tuple[str | None, str | None]  # locale and channel of a value

SELECT_TYPES = ("pim_catalog_simpleselect", "pim_catalog_multiselect")
# Types of the attributes that link to records and assets, and the table of what they link to.
LINK_TYPES = {
    "akeneo_reference_entity": "reference_entities",
    "akeneo_reference_entity_collection": "reference_entities",
    "pim_catalog_asset_collection": "asset_families",
}


_Made = TypeVar("_Made")
_Row = TypeVar("_Row")


def by_code(table: Mapping[str, _Row], code: str) -> _Row | None:
    """Return the row of a code; MySQL compares codes case-insensitively."""
    if code in table:
        return table[code]
    lower = code.lower()
    return next((row for key, row in table.items() if key.lower() == lower), None)


def only_known(data: Json, known: set[str]) -> Json:
    """Return a code or a list of codes without unknown ones; None if nothing is left."""
    if isinstance(data, list):
        return [code for code in data if code.lower() in known] or None
    return data if data.lower() in known else None


@dataclass
class Store:
    """All tables. Hold `lock` to read or write."""

    lock: threading.RLock = field(default_factory=threading.RLock)
    version: int = 0
    products: dict[str, Item] = field(default_factory=dict)  # by uuid
    product_models: dict[str, Item] = field(default_factory=dict)  # by code
    families: dict[str, Entity] = field(default_factory=dict)
    family_variants: dict[str, Entity] = field(default_factory=dict)
    attributes: dict[str, Entity] = field(default_factory=dict)
    attribute_options: dict[str, dict[str, Entity]] = field(default_factory=dict)
    attribute_groups: dict[str, Entity] = field(default_factory=dict)
    association_types: dict[str, Entity] = field(default_factory=dict)
    categories: dict[str, Entity] = field(default_factory=dict)  # in the order of the trees
    channels: dict[str, Entity] = field(default_factory=dict)
    locales: dict[str, Entity] = field(default_factory=dict)
    currencies: dict[str, Entity] = field(default_factory=dict)
    measurement_families: dict[str, Entity] = field(default_factory=dict)
    media_files: dict[str, MediaFile] = field(default_factory=dict)
    uuids: dict[str, str] = field(default_factory=dict)  # by identifier in lower case
    reference_entities: dict[str, Library] = field(default_factory=dict)
    asset_families: dict[str, Library] = field(default_factory=dict)
    published_products: dict[str, Item] = field(default_factory=dict)  # by identifier
    drafts: dict[str, Draft] = field(default_factory=dict)  # by uuid of product or model
    view_only: set[str] = field(default_factory=set)  # uuids the user may not edit
    editable: set[str] = field(default_factory=set)  # uuids the user does not own
    # Rows of the resources that have no column here, by table and key.
    others: dict[str, dict[str, Entity]] = field(default_factory=dict)
    _cache: dict[str, Any] = field(default_factory=dict)
    _cache_version: int = -1

    def _cached(self, key: str, make: Callable[[], _Made]) -> _Made:
        """Return what was made since the last write, or make it."""
        if self._cache_version != self.version:
            self._cache, self._cache_version = {}, self.version
        if key not in self._cache:
            self._cache[key] = make()
        found: _Made = self._cache[key]
        return found

    def table(self, name: str) -> dict[str, Entity]:
        """Return the rows of a plain resource by their keys."""
        rows: dict[str, Entity] | None = getattr(self, name, None)
        return self.others.setdefault(name, {}) if rows is None else rows

    def product_by_identifier(self, identifier: str) -> Item | None:
        """Return a product; MySQL compares identifiers case-insensitively."""
        return self.products.get(self.uuids.get(identifier.lower(), ""))

    def ancestors(self, item: Item) -> Iterator[Item]:
        """Iterate over parent and root model, the nearest first."""
        parent = item.parent
        while parent is not None:
            model = self.product_models.get(parent)
            if model is None:
                return
            yield model
            parent = model.parent

    def children(self, code: str) -> Iterator[Item]:
        """Iterate over the models and products right below a model."""
        for table in (self.product_models, self.products):
            for item in table.values():
                if item.parent == code:
                    yield item

    def active_locales(self) -> list[str]:
        """Return the codes of the activated locales."""
        return [code for code, row in self.locales.items() if row.body["enabled"]]

    def places(self) -> set[Place]:
        """Return locale and channel of every value that the PIM shows.

        It keeps the values of deactivated locales and removed channels in its tables, but
        hides them, without moving any date (``NonExistentChannelLocaleValuesFilter``,
        recorded).
        """
        return self._cached("places", self._find_places)

    def _find_places(self) -> set[Place]:
        active = self.active_locales()
        places: set[Place] = {(locale, None) for locale in (None, *active)}
        for code, channel in self.channels.items():
            locales = [locale for locale in channel.body["locales"] if locale in active]
            places |= {(locale, code) for locale in (None, *locales)}
        return places

    def shown_labels(self, labels: dict[str, Any]) -> dict[str, Any]:
        """Return the labels in activated locales (``TranslationNormalizer``)."""
        active = self.active_locales()
        return {locale: text for locale, text in labels.items() if locale in active}

    def category_and_below(self, code: str) -> set[str]:
        """Return a category and all below it."""
        found = {code}
        for category in self.categories.values():  # parents stand before their children
            if category.body["parent"] in found:
                found.add(category.code)
        return found

    def attribute_type(self, code: str) -> str | None:
        """Return the type of an attribute, None if there is none."""
        attribute = self.attributes.get(code)
        return None if attribute is None else attribute.body["type"]

    def existing(self, code: str, data: Json, channel: str | None = None) -> Json:
        """Return a value without what the PIM hides; None if nothing is left.

        The PIM keeps the values of removed attributes and options, but hides them. Option
        codes are compared case-insensitively (#12100). It hides prices in currencies that the
        channel does not have, or none of the channels for a value of all channels
        (``NonExistentPriceCollectionValueFilter``, #9032).
        """
        attribute = self.attributes.get(code)
        if attribute is None:
            return None
        kind = attribute.body["type"]
        if kind in SELECT_TYPES:
            known = self.option_codes(code)
        elif kind in LINK_TYPES:
            known = self.row_codes(kind, attribute.body["reference_data_name"])
        elif kind == "pim_catalog_price_collection":
            known = self.currencies_of(channel)
            return [price for price in data if price["currency"] in known] or None
        else:
            return data
        return only_known(data, known)

    def currencies_of(self, channel: str | None) -> set[str]:
        """Return the activated currencies of a channel, or of all channels."""
        rows = self.channels.values() if channel is None else [self.channels[channel]]
        return {
            code
            for row in rows
            for code in row.body["currencies"]
            if self.currencies[code].body["enabled"]
        }

    def option_codes(self, attribute: str) -> set[str]:
        """Return the codes of the options of an attribute, in lower case."""
        options = self.attribute_options.get(attribute, {})
        return self._cached(f"options/{attribute}", lambda: {code.lower() for code in options})

    def linked_library(self, kind: str, name: str | None) -> Library | None:
        """Return the library that an attribute of a type in `LINK_TYPES` links to."""
        table: dict[str, Library] = getattr(self, LINK_TYPES[kind])
        return table.get(name or "")

    def row_codes(self, kind: str, name: str | None) -> set[str]:
        """Return the codes that an attribute of a type of `LINK_TYPES` may hold, in lower case."""
        library = self.linked_library(kind, name)
        if library is None:
            return set()
        return self._cached(f"{LINK_TYPES[kind]}/{name}", library.codes)

    def no_associations(self) -> Associations:
        """Return the association types that are not quantified, without any targets."""
        return {
            code: {"products": [], "product_models": [], "groups": []}
            for code, row in self.association_types.items()
            if not row.body.get("is_quantified")
        }

    def workflow_status(self, item: Item) -> str:
        """Return the API user's workflow status of an item (EE, ``GetMetadata``)."""
        if item.uuid in self.view_only:
            return "read_only"
        draft = self.drafts.get(item.uuid)
        if draft is None:
            return "working_copy"
        return "proposal_waiting_for_approval" if draft.ready else "draft_in_progress"

    def identifier_attribute(self) -> str:
        """Return the code of the identifier attribute."""
        return next(
            code
            for code, attribute in self.attributes.items()
            if attribute.body["type"] == "pim_catalog_identifier"
        )
