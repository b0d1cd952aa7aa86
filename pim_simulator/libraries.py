"""Reference entities with their records, and asset families with their assets.

The Enterprise Edition builds both alike: a structure of its own attributes and options,
and rows with values. A `Library` is either.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    from pim_simulator.store import Entity

LibraryValues = dict[str, list[dict[str, Any]]]

OPTION_TYPES = ("single_option", "multiple_options")
# The sources do not tell the fixed page size of the lists of the Enterprise Edition, which
# take no ``limit``; 100 is what the other lists allow at most.
PAGE_SIZE = 100


class Row:
    """A record of a reference entity, or an asset of an asset family.

    Values of the generated ones are made when asked for, as those of products.
    """

    __slots__ = ("_make", "_values", "code", "created", "enabled", "media_updated", "updated")

    def __init__(  # noqa: PLR0913 - a row with its columns
        self,
        code: str,
        *,
        created: int,
        updated: int,
        enabled: bool = True,
        values: LibraryValues | None = None,
        make: Callable[[Row], LibraryValues] | None = None,
    ) -> None:
        """Keep the columns; ``values`` or ``make`` gives the values."""
        self.code = code
        self.created = created
        self.updated = updated
        self.enabled = enabled
        self.media_updated = created
        self._values = values
        self._make = make

    @property
    def values(self) -> LibraryValues:
        """Values, with ``channel`` where products have ``scope``. Not to be changed in place."""
        if self._values is not None:
            return self._values
        return {} if self._make is None else self._make(self)

    @values.setter
    def values(self, values: LibraryValues) -> None:
        self._values = values


@dataclass(eq=False)
class Library:
    """A reference entity or an asset family.

    Attributes:
        body: What the API documents of it, without links.
        created: Seconds since 1970.
        updated: Seconds since 1970.
        attributes: Its attributes, by code.
        options: Options by the code of their attribute.
        rows: Records or assets, by code.
    """

    body: dict[str, Any]
    created: int
    updated: int
    attributes: dict[str, Entity] = field(default_factory=dict)
    options: dict[str, dict[str, Entity]] = field(default_factory=dict)
    rows: dict[str, Row] = field(default_factory=dict)

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
        path: How the list of the libraries stands in the path.
        rows: How the list of the rows stands in the path.
        media: How the media files stand in the path.
        placeholder: What the routes call the code of the library.
        library_name: What errors call a library.
        row_name: What errors call a row.
        link: What ``updated_including_linked_type`` calls a row.
        file_type: Type of the attributes that hold a file.
        row_dates: Major version from which on rows show their dates.
        row_operators: Major version from which on rows can be searched by more than
            ``updated`` with ``>`` (api.akeneo.com, filter).
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


REFERENCE_ENTITY = Kind(
    table="reference_entities",
    path="reference-entities",
    rows="records",
    media="reference-entities-media-files",
    placeholder="referenceEntityIdentifier",
    library_name="reference entity",
    row_name="record",
    link="reference_entity_record",
    file_type="image",
    row_dates=5,
    row_operators=7,
)
ASSET_FAMILY = Kind(
    table="asset_families",
    path="asset-families",
    rows="assets",
    media="asset-media-files",
    placeholder="assetFamilyIdentifier",
    library_name="asset family",
    row_name="asset",
    link="asset",
    file_type="media_file",
    row_dates=6,
    row_operators=6,
)
KINDS = {kind.path: kind for kind in (REFERENCE_ENTITY, ASSET_FAMILY)}
