"""Change the catalogue, for the API and for tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

from pim_simulator.writes.items import ItemWriter
from pim_simulator.writes.rows import RowWriter

if TYPE_CHECKING:
    from pim_simulator.database.installation import Installation
    from pim_simulator.database.php import Json

AnyKey = str | tuple[str, ...]


class Writer:
    """Creates, changes and deletes rows, and moves ``updated`` as the PIM does."""

    def __init__(self, pim: Installation) -> None:
        self._store = pim.store
        self._items = ItemWriter(pim)
        self._rows = RowWriter(pim, self._items.reindex)

    def product(self, identifier: str | None = None, **data: Json) -> str:
        """Create a product, or change the one of this identifier or ``uuid``.

        Args:
            identifier: Identifier; none for a product without (7.0+).
            data: Further keys of the body, as the API takes them.

        Returns:
            The uuid.
        """
        with self._store.lock:
            item = None if identifier is None else self._store.product_by_identifier(identifier)
            uuid: str = data.pop("uuid", None) or (item.uuid if item else str(uuid4()))
            if identifier is not None:
                data["identifier"] = identifier
            self.save("products", uuid, data)
            return uuid

    def product_model(self, code: str, **data: Json) -> bool:
        """Create a product model or change it; return whether it is new."""
        return self.save("product_models", code, data)

    def change(self, resource: str, key: AnyKey, **data: Json) -> None:
        """Change an existing row.

        Args:
            resource: ``products`` (by uuid or identifier), ``product_models``,
                ``families``, ``attribute_options`` (by attribute and code), … ; likewise
                ``assets`` (by family and code), ``asset_attribute_options`` (by family,
                attribute and code), ``reference_entity_records``, ``rule_definitions``,
                ``product_drafts``, … .
            key: Code or the like.
            data: What to change, as a PATCH takes it.

        Raises:
            KeyError: If it does not exist.
        """
        with self._store.lock:
            if not self.exists(resource, key):
                raise KeyError(key)
            self.save(resource, key, data)

    def delete(self, resource: str, key: AnyKey) -> None:
        """Delete a row, even if this version's API cannot.

        Raises:
            KeyError: If it does not exist.
        """
        with self._store.lock:
            if not self.exists(resource, key):
                raise KeyError(key)
            self._store.version += 1
            parts = self._parts(resource, key)
            delete = {
                "products": self._items.delete_product,
                "product_models": self._items.delete_model,
                "published_products": self._items.unpublish,
                "categories": self._items.delete_category,
            }.get(resource)
            if delete is None:
                self._rows.delete(resource, parts)
            else:
                delete(parts[-1])

    def exists(self, resource: str, key: AnyKey) -> bool:
        """Return whether a row exists."""
        parts = self._parts(resource, key)
        return parts[-1] in self._rows.table(resource, parts)

    def save(self, resource: str, key: AnyKey, data: dict[str, Any]) -> bool:
        """Create or change a row, as PATCH does; return whether it is new.

        Raises:
            ApiError: With the error the API answers.
        """
        with self._store.lock:
            self._store.version += 1
            parts = self._parts(resource, key)
            if resource == "published_products":
                return self._items.publish(parts[-1])
            if resource == "products":
                return self._items.save_product(parts[-1], data)
            if resource == "product_models":
                return self._items.save_model(parts[-1], data)
            return self._rows.save(resource, parts, data)

    def _parts(self, resource: str, key: AnyKey) -> tuple[str, ...]:
        """Return the parts of a key; products may be named by their identifiers."""
        if resource in ("products", "product_drafts"):
            text = str(key)
            item = self._store.product_by_identifier(text)
            return (text if text in self._store.products or item is None else item.uuid,)
        if resource == "product_model_drafts":
            return (f"model/{key}",)
        return key if isinstance(key, tuple) else (key,)
