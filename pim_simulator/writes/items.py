"""Change the products, product models and published products."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pim_simulator.database.rows import Item
from pim_simulator.http.errors import violations
from pim_simulator.writes.values import WrittenValues, format_error

if TYPE_CHECKING:
    from pim_simulator.database.installation import Installation


class ItemWriter:
    """Creates, changes and deletes products and models, and indexes them."""

    def __init__(self, pim: Installation) -> None:
        self._store = pim.store
        self._profile = pim.profile
        self._clock = pim.clock
        self._products = pim.indexes["products"]
        self._models = pim.indexes["product_models"]
        self._published = pim.indexes["published_products"]
        self._values = WrittenValues(pim.store)

    def save_product(self, uuid: str, data: dict[str, Any]) -> bool:
        """Create or change a product; return whether it is new."""
        store, now = self._store, self._clock.timestamp()
        old = store.products.get(uuid)
        if old is None:
            _check_uuid(uuid)
        number = max((row.number for row in store.products.values()), default=0) + 1
        item = old or Item(uuid=uuid, code=None, number=number, created=now, updated=now)
        before = None if old is None else _state(item)
        links = self._two_way_links(item)
        identifier = data.get("identifier", item.code)
        written = data.get("values", {})
        if isinstance(written, dict):
            written = dict(written)
            for value in written.pop(store.identifier_attribute(), ()):
                identifier = value["data"]
        if identifier is None and not self._profile.by_uuid:
            raise violations(("identifier", "The identifier attribute cannot be empty."))
        if identifier != item.code and re.search(r"[,;]|^\s|\s$", identifier or ""):
            message = (
                "This field should not contain any comma or semicolon or leading/trailing space"
            )
            raise violations(("identifier", message))  # recorded on 7.0.84
        other = store.product_by_identifier(identifier) if identifier else None
        if other is not None and other is not item:
            message = f"The {identifier} identifier is already used for another product."
            raise violations(("identifier", message))
        self._values.apply(item, {**data, "values": written}, models=False)
        if item.code is not None:
            store.uuids.pop(item.code.lower(), None)
        item.code = identifier or None
        if item.code is not None:
            store.uuids[item.code.lower()] = uuid
        store.products[uuid] = item
        if before is not None and before == _state(item):
            return False  # an unchanged product is not saved
        item.updated = now
        self._products.write([uuid], self._clock.now().timestamp())
        self._link_back(item, links)
        return old is None

    def save_model(self, code: str, data: dict[str, Any]) -> bool:
        """Create or change a product model; return whether it is new."""
        store, now = self._store, self._clock.timestamp()
        old = store.product_models.get(code)
        number = max((row.number for row in store.product_models.values()), default=0) + 1
        item = old or Item(uuid=f"model/{code}", code=code, number=number, created=now, updated=now)
        before = None if old is None else _state(item)
        links = self._two_way_links(item)
        self._values.apply(item, data, models=True)
        if item.family_variant not in store.family_variants:
            raise violations(("family_variant", "The product model family variant is missing."))
        item.family = store.family_variants[item.family_variant].owner
        store.product_models[code] = item
        if before is not None and before == _state(item):
            return False
        item.updated = now
        self._reindex_below(code)
        self._link_back(item, links)
        return old is None

    def _two_way_links(self, item: Item) -> set[tuple[str, str, str]]:
        """Return type, kind and key of the targets of two-way associations."""
        return {
            (code, kind, key)
            for code, targets in item.associations.items()
            if code in self._store.association_types
            and self._store.association_types[code].body.get("is_two_way")
            for kind in ("products", "product_models")
            for key in targets.get(kind, ())
        }

    def _link_back(self, item: Item, before: set[tuple[str, str, str]]) -> None:
        """Change the other ends of two-way associations; they are saved, too (recorded).

        Only the ends that are associated afterwards are indexed, and nothing below them
        (PersistTwoWayAssociationSubscriber; tried on 7.0.84).
        """
        after = self._two_way_links(item)
        kind = "product_models" if item.is_model else "products"
        own = (item.code or "") if item.is_model else item.uuid
        for code, target_kind, key in before ^ after:
            table = getattr(self._store, target_kind)
            target: Item | None = table.get(key)
            if target is None or target is item:
                continue
            empty: dict[str, list[Any]] = {"products": [], "product_models": [], "groups": []}
            targets = {**empty, **target.associations.get(code, {})}
            keys = {*targets[kind]}
            keys = keys | {own} if (code, target_kind, key) in after else keys - {own}
            targets[kind] = sorted(keys)
            target.associations = {**target.associations, code: targets}
            target.updated = self._clock.timestamp()
            if (code, target_kind, key) in after:
                index = self._models if target.is_model else self._products
                index.write([key], self._clock.now().timestamp())

    def _reindex_below(self, code: str) -> None:
        """Index a model and everything below: their dates follow it in the index."""
        moment = self._clock.now().timestamp()
        models, products = self._below(code)
        self._models.write(models, moment)
        self._products.write(products, moment)

    def _below(self, code: str) -> tuple[list[str], list[str]]:
        models, products = [code], []
        for model in models:
            for item in self._store.children(model):
                if item.uuid in self._store.products:
                    products.append(item.uuid)
                else:
                    models.append(item.code or "")
        return models, products

    def delete_product(self, uuid: str) -> None:
        """Delete a product."""
        item = self._store.products.pop(uuid)
        if item.code is not None:
            self._store.uuids.pop(item.code.lower(), None)
        self._products.write([uuid], self._clock.now().timestamp())

    def delete_model(self, code: str) -> None:
        """Delete a model with all models and products below it."""
        models, products = self._below(code)
        for uuid in products:
            self.delete_product(uuid)
        for model in models:
            del self._store.product_models[model]
        self._models.write(models, self._clock.now().timestamp())

    def publish(self, identifier: str) -> bool:
        """Publish the current product; return whether it is newly published."""
        item = self._store.product_by_identifier(identifier)
        if item is None or item.code is None:
            raise KeyError(identifier)
        new = item.code not in self._store.published_products
        self._store.published_products[item.code] = item.frozen()
        self._published.write([item.code], self._clock.now().timestamp())
        return new

    def unpublish(self, identifier: str) -> None:
        """Delete a published product."""
        del self._store.published_products[identifier]
        self._published.write([identifier], self._clock.now().timestamp())

    def reindex(self, item: Item) -> None:
        """Index a product or model, with everything below it."""
        if item.is_model:
            self._reindex_below(item.code or "")
        else:
            self._products.write([item.uuid], self._clock.now().timestamp())

    def delete_category(self, code: str) -> None:
        """Delete a category and all below it, and remove them from products and models."""
        deleted = self._store.category_and_below(code)
        for category in deleted:
            del self._store.categories[category]
        moment = self._clock.now().timestamp()
        for table, index in (
            (self._store.products, self._products),
            (self._store.product_models, self._models),
        ):
            changed = [
                key for key, item in table.items() if not deleted.isdisjoint(item.categories)
            ]
            for key in changed:
                item = table[key]
                item.categories = tuple(c for c in item.categories if c not in deleted)
            index.write(changed, moment)


def _state(item: Item) -> tuple[Any, ...]:
    """Return the content of a product or model, to detect changes."""
    own = (item.code, item.family, item.family_variant, item.parent, item.enabled)
    more = (item.categories, item.groups, item.associations, item.quantified, item.values)
    return deepcopy((*own, *more))


def _check_uuid(uuid: str) -> None:
    try:
        UUID(uuid)
    except ValueError:
        message = "This value is not a valid UUID."
        raise format_error(message) from None  # recorded on 7.0.84
