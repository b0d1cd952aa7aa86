"""Reference entities with their records, and asset families with their assets.

Both have attributes and options of their own, and rows with values. A `Library` is either.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pim_simulator.database.rows import Entity

LibraryValues = dict[str, list[dict[str, Any]]]

LIBRARY_OPTION_TYPES = ("single_option", "multiple_options")
_SHARED = "https://shop.asset.akeneo.invalid"


@dataclass(eq=False, slots=True)
class Row:
    """A record of a reference entity, or an asset of an asset family.

    Values of generated rows are computed on access, as those of products.
    """

    code: str
    created: int
    updated: int
    enabled: bool = True
    make: Callable[[Row], LibraryValues] | None = None
    media_updated: int = field(init=False)
    _values: LibraryValues | None = field(default=None, init=False)

    def __post_init__(self) -> None:
        """Date the files, which came with the row."""
        self.media_updated = self.created

    @property
    def values(self) -> LibraryValues:
        """Values; they have ``channel`` instead of ``scope``. Do not change them in place."""
        if self._values is not None:
            return self._values
        return {} if self.make is None else self.make(self)

    @values.setter
    def values(self, values: LibraryValues) -> None:
        self._values = values


@dataclass(eq=False)
class Library:
    """A reference entity or an asset family.

    Attributes:
        body: Body as documented, without links.
        created: Seconds since 1970.
        updated: Seconds since 1970.
        attributes: Its attributes, by code.
        options: Options by the code of their attribute.
        rows: Records or assets, by code.
        generated: Codes of the rows that the catalogue began with. Generated values link to
            these, also after some are deleted, so that no deletion changes other values.
    """

    body: dict[str, Any]
    created: int
    updated: int
    attributes: dict[str, Entity] = field(default_factory=dict)
    options: dict[str, dict[str, Entity]] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)
    generated: list[str] = field(default_factory=list)

    @property
    def code(self) -> str:
        """The code."""
        code: str = self.body["code"]
        return code

    def codes(self) -> set[str]:
        """Return the codes of the rows in lower case."""
        return {code.lower() for code in self.rows}


@dataclass(frozen=True)
class Kind:
    """What distinguishes reference entities from asset families.

    Attributes:
        table: Name of the table of the libraries, and of their stream.
        path: Path of the list of libraries.
        rows: Path of the list of rows, below a library.
        media: Path of the media files.
        placeholder: Placeholder of the library's code in routes.
        library_name: Name of a library in error messages.
        row_name: Name of a row in error messages.
        link: Name of a row in ``updated_including_linked_type``.
        file_type: Type of the attributes that hold a file.
        row_dates: First major version whose rows have dates.
        row_operators: First major version that can filter rows by more than ``updated`` with
            ``>`` (api.akeneo.com, filter).
    """

    table: str
    path: str
    rows: str
    media: str
    placeholder: str
    library_name: str
    row_name: str
    link: str
    file_type: str
    row_dates: int
    row_operators: int


# fmt: off
REFERENCE_ENTITY = Kind(
    table="reference_entities", path="reference-entities", rows="records",
    media="reference-entities-media-files", placeholder="referenceEntityIdentifier",
    library_name="reference entity", row_name="record", link="reference_entity_record",
    file_type="image", row_dates=5, row_operators=7)
ASSET_FAMILY = Kind(
    table="asset_families", path="asset-families", rows="assets", media="asset-media-files",
    placeholder="assetFamilyIdentifier", library_name="asset family", row_name="asset",
    link="asset", file_type="media_file", row_dates=6, row_operators=6)
# fmt: on
# What each table holds: libraries, or their attributes, options or rows.
LIBRARY_TABLES: dict[str, tuple[Kind, str]] = {
    "reference_entities": (REFERENCE_ENTITY, "library"),
    "reference_entity_attributes": (REFERENCE_ENTITY, "attributes"),
    "reference_entity_attribute_options": (REFERENCE_ENTITY, "options"),
    "reference_entity_records": (REFERENCE_ENTITY, "rows"),
    "asset_families": (ASSET_FAMILY, "library"),
    "asset_attributes": (ASSET_FAMILY, "attributes"),
    "asset_attribute_options": (ASSET_FAMILY, "options"),
    "assets": (ASSET_FAMILY, "rows"),
}


def share_link(family: str, attribute: str, row: Row, file: str) -> str:
    """Return the public URL of an asset's file (SaaS, asset sharing)."""
    return f"{_SHARED}/{family}/{attribute}/{row.code}.{file.rpartition('.')[2]}"
