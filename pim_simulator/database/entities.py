"""A row of the simulated PIM's structure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


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
