"""The search index of the simulated PIM, which stands for Elasticsearch."""

from __future__ import annotations

from bisect import bisect_right
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pim_simulator.database.rows import Item
    from pim_simulator.database.store import Store

Order = Literal["code", "key", "id"]


@dataclass(frozen=True)
class Document:
    """A product or model as the index stores it.

    Attributes:
        key: uuid of a product, code of a model.
        item: The row; its values are not copied.
        updated: The latest of its own date and its ancestors' dates.
        categories: Own ones and the ancestors'.
        ancestors: Codes of the ancestors.
        family: Code of the family.
        enabled: Whether the product is enabled.
        sort: Identifier or code, lower-cased.
        linked: When linked assets and records changed, its own and its ancestors'.
    """

    key: str
    item: Item
    updated: int
    categories: frozenset[str]
    ancestors: tuple[str, ...]
    family: str | None
    enabled: bool
    sort: str
    linked: dict[str, int] = field(default_factory=dict)


_SORT_KEYS: dict[Order, Callable[[Document], str]] = {
    "code": lambda document: document.sort,
    # Sorted by the id in the index (recorded on 7.0.22).
    "key": lambda document: f"product_{document.key}",
    # Up to 5.0: the row's id, also a text in the index.
    "id": lambda document: f"product_{document.item.number}",
}


def lower_case(text: str) -> str:
    """Return a text as Elasticsearch's ``lowercase`` normaliser stores it.

    It maps each character by itself, so one character stays one, and the order of the
    result is that of its UTF-8 bytes (recorded).
    """
    if text.isascii():
        return text.lower()
    return "".join(low if len(low := char.lower()) == 1 else low[0] for char in text)


class Index:
    """The documents of one table, sorted and searched like those of Elasticsearch.

    Args:
        table: The rows.
        store: Finds ancestors.
        lag: Seconds until a write is visible (the PIM writes with ``Refresh::disable``).
    """

    def __init__(self, table: dict[str, Item], store: Store, lag: float = 0) -> None:
        self.lag = lag
        self.version = 0
        self._table = table
        self._store = store
        self._pending: deque[tuple[float, str, Document | None]] = deque()
        self._documents = {key: self._document(key, item) for key, item in table.items()}
        self._sorted: dict[Order, list[Document]] = {}

    def write(self, keys: Iterable[str], now: float) -> None:
        """Index the current state of some rows; remove those missing from the table."""
        for key in keys:
            item = self._table.get(key)
            document = None if item is None else self._document(key, item)
            self._pending.append((now + self.lag, key, document))
        self.refresh(now)

    def refresh(self, now: float) -> None:
        """Apply the writes whose delay is over."""
        while self._pending and self._pending[0][0] <= now:
            _, key, document = self._pending.popleft()
            if document is None:
                self._documents.pop(key, None)
            else:
                self._documents[key] = document
            self._sorted.clear()
            self.version += 1

    def documents(self, order: Order) -> list[Document]:
        """Return all documents in order."""
        if order not in self._sorted:
            self._sorted[order] = sorted(self._documents.values(), key=_SORT_KEYS[order])
        return self._sorted[order]

    @staticmethod
    def after(documents: list[Document], order: Order, cursor: str) -> int:
        """Return the position after a sort key, which does not have to exist."""
        return bisect_right(documents, cursor, key=_SORT_KEYS[order])

    def _document(self, key: str, item: Item) -> Document:
        updated = item.updated
        categories = set(item.categories)
        linked = dict(item.linked_updates)
        ancestors = []
        for model in self._store.ancestors(item):
            updated = max(updated, model.updated)
            categories.update(model.categories)
            ancestors.append(model.code or "")
            for kind, when in model.linked_updates.items():
                linked[kind] = max(when, linked.get(kind, 0))
        return Document(
            key=key,
            item=item,
            updated=updated,
            categories=frozenset(categories),
            ancestors=tuple(ancestors),
            family=item.family,
            enabled=item.enabled,
            sort=lower_case(item.code or ""),
            linked=linked,
        )
