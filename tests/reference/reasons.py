"""Why we differ from Akeneo's description: by patterns of a path and of what differs there."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from tests.docs.tables import DOCS
from tests.reference.compare import anonymous

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.reference.compare import Difference

_ON_REQUEST = "no parameter of this list requests it, so nobody knows when the PIM sends it"
_IN_THE_LIST = "the tap reads the list instead"
REASONS: tuple[tuple[str, str, str], ...] = (
    (
        "(asset-families/.*/)?attributes",
        "field default_value may be .*",
        "text, because its type depends on the attribute",
    ),
    (".*/attributes", "field asset_family_code never.*", "its shop has no links between assets"),
    ("catalogs/.*/mapped-.*", "parameter updated_.*", "a mapping changes rows without their date"),
    ("catalogs/.*/products", "field .* never sent by the simulator", _ON_REQUEST),
    ("catalogs/.*/products/{uuid}", "no route in the simulator", _IN_THE_LIST),
    (".*/modelization-suggestion/.*", "no (stream|route.*)", _IN_THE_LIST),
    (
        ".*-suggestions|readiness|rule-definitions",
        "parameter .*",
        "leaves out rows; filter the table instead",
    ),
    ("product.*", "parameter search_.*", "each condition of the setting filters names its own"),
    ("product.*", "field proposal_review_status never.*", _ON_REQUEST),
    ("product.*/draft", "field .* never sent by the simulator", _ON_REQUEST),
    ("reference-entities/records", "no route in the simulator", _IN_THE_LIST),
    ("ui-extensions", "field .*", "secret, so the tap removes it"),
    ("workflows/{uuid}", "field .*", "read for its steps; workflows has the rest"),
)


def reason_for(difference: Difference) -> str | None:
    """Return why we differ, or ``None`` if nobody knows."""
    if difference.what == "no stream" and anonymous(difference.path) in _explained():
        return "docs/limits.md says why"
    for path, what, why in REASONS:
        if re.fullmatch(path, difference.path) and re.fullmatch(what, difference.what):
            return why
    return None


def unused(differences: Iterable[Difference]) -> list[tuple[str, str, str]]:
    """Return the reasons that explain nothing any more."""
    found = list(differences)
    return [
        reason
        for reason in REASONS
        if not any(
            re.fullmatch(reason[0], one.path) and re.fullmatch(reason[1], one.what) for one in found
        )
    ]


def table(differences: Iterable[Difference]) -> str:
    """Return a table of differences and their reasons."""
    rows = [f"| `{one.path}` | {one.what} | {reason_for(one) or '?'} |" for one in differences]
    return "\n".join(["| Path | What differs | Why |", "|---|---|---|", *rows, ""])


def _explained() -> set[str]:
    """Return the paths that docs/limits.md explains, without the names of placeholders."""
    page = DOCS.joinpath("limits.md").read_text(encoding="utf-8").partition("## Not extracted\n")[2]
    return {anonymous(path) for path in re.findall(r"`([^`]+)`", page)}
