"""Rows of the tables."""

from __future__ import annotations

import hashlib
from copy import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

Values = dict[str, list[dict[str, Any]]]
Associations = dict[str, dict[str, list[Any]]]


@dataclass(eq=False)
class Entity:
    """A row of the catalogue structure.

    Attributes:
        body: What the API documents, all maps as dicts; without dates.
        created: Seconds since 1970.
        updated: Seconds since 1970.
        owner: Code of the family of a variant, of the attribute of an option.
    """

    body: dict[str, Any]
    created: int
    updated: int
    owner: str = ""

    @property
    def code(self) -> str:
        """The code."""
        code: str = self.body["code"]
        return code


@dataclass(eq=False, kw_only=True, slots=True)
class Item:
    """A product or a product model.

    Values of generated items are computed on access, because a hundred thousand products
    would not fit into memory.

    Attributes:
        number: Number of the row in its table.
        seed: Codes of axes and options, from which `make` makes values.
        make: Returns the values of a generated item.
        linked_updates: When linked assets and records were changed, by what
            ``updated_including_linked_type`` calls them.
    """

    uuid: str
    code: str | None
    number: int
    created: int
    updated: int
    family: str | None = None
    family_variant: str | None = None
    parent: str | None = None
    enabled: bool = True
    categories: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    associations: Associations = field(default_factory=dict)
    quantified: Associations = field(default_factory=dict)
    linked_updates: dict[str, int] = field(default_factory=dict)
    seed: tuple[tuple[str, str], ...] = ()
    make: Callable[[Item], Values] | None = None
    _values: Values | None = field(default=None, init=False)

    @property
    def is_model(self) -> bool:
        """Whether it is a product model."""
        return self.uuid.startswith("model/")

    @property
    def is_generated(self) -> bool:
        """Whether it belongs to the generated catalogue, not to what was written since."""
        return self.make is not None

    @property
    def values(self) -> Values:
        """Its own values, without inherited ones. Do not change them in place."""
        if self._values is not None:
            return self._values
        return {} if self.make is None else self.make(self)

    @values.setter
    def values(self, values: Values) -> None:
        self._values = values

    def frozen(self) -> Item:
        """Return a copy, as publishing makes one."""
        published = copy(self)
        published.linked_updates = {}
        return published


@dataclass(eq=False)
class MediaFile:
    """A row of the file storage of the catalogue."""

    code: str
    original_filename: str
    mime_type: str
    size: int
    extension: str


@dataclass(eq=False)
class Draft:
    """The API user's draft of a product or model.

    Attributes:
        values: The changed values, which replace those of the product.
        ready: Whether it has been sent for approval: then it is a proposal.
    """

    values: Values
    ready: bool = False


def quality_score(uuid: str, channel: str, locale: str) -> str:
    """Return a data quality score, always the same for the same product.

    A job of the PIM computes and stores these letters from A to E.
    """
    return "ABCDE"[hashlib.sha256(f"{uuid}/{channel}/{locale}".encode()).digest()[0] % 5]
