"""The documentation pages, and the tables in them that ``python -m tests.docs`` writes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tap_akeneo.config.schema import SETTINGS_SCHEMA, SWITCHES
from tap_akeneo.streams import STREAMS
from tap_akeneo.streams.resource import load_schema

if TYPE_CHECKING:
    from tap_akeneo.streams.base import AkeneoStream

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
DOCS = ROOT / "docs"
PAGES = sorted([*ROOT.glob("*.md"), *DOCS.glob("*.md")])

FRESHNESS = DOCS / "freshness.md"

PRODUCT_DATES = (FRESHNESS.read_text(encoding="utf-8").partition("```sql\n")[2]).partition("```")[0]
"""The SQL that makes the view with the date by which the PIM filters."""

DELETED_OPTIONS, DELETED_PRODUCTS = re.findall(
    r"^```sql\n(.*?)^```$",
    DOCS.joinpath("deletions.md").read_text(encoding="utf-8"),
    flags=re.DOTALL | re.MULTILINE,
)
"""The SQL that finds rows of deleted options and products."""

(MEDIA_ADDRESSES,) = re.findall(
    r"^```sql\n(.*?)^```$",
    DOCS.joinpath("media.md").read_text(encoding="utf-8"),
    flags=re.DOTALL | re.MULTILINE,
)
"""The SQL that returns the addresses of media files."""

SCORES_PAGE = DOCS.joinpath("scores.md").read_text(encoding="utf-8")
COMPLETENESS = dict(
    zip(
        ("postgres", "duckdb"),
        re.findall(r"^```sql\n(.*?)^```$", SCORES_PAGE, flags=re.DOTALL | re.MULTILINE),
        strict=True,
    )
)
"""The SQL that returns the completeness of each product for each channel and locale."""

SETTINGS = DOCS / "settings.md"
"""The page with the settings that the README leaves out."""

OLDEST_SUPPORTED = "3.2"
"""The oldest PIM version that the README lists as supported."""


_COMPUTED = "the PIM calculated them again, for example because a family changed"
_BY_PARTS = "an item that they name was deleted"
_BY_RENAMING = f"{_BY_PARTS}, or a product that they name got another identifier"
_BY_LINKS = (
    f"{_BY_PARTS}, the other end removed a two-way association, a product model above was "
    "associated by one, or an association type was added or deleted"
)
_BY_CATEGORIES = "a category was deleted"
_VALUES = (
    "an attribute, option or channel was deleted, a locale or currency was deactivated, the label "
    "of an option (`linked_data`) or the symbol of a unit changed, or a linked asset or record "
    "changed without `updated_including_linked_entities`"
)
_RIGHTS = "the permissions of the connection changed"
_CATALOG = "the selection of the catalog changed"
_LINKS = "a linked asset or record, or an option, was deleted"
_ITEMS = {
    "values": _VALUES,
    "categories": _BY_CATEGORIES,
    "associations": _BY_LINKS,
    "quantified_associations": _BY_PARTS,
    "quality_scores": _COMPUTED,
    "readiness": _COMPUTED,
    "workflow_execution_statuses": "perhaps a workflow advanced; this could not be tried",
    "metadata": _RIGHTS,
    "proposal_review_status": "perhaps a draft changed; this could not be tried",
}
STALE: dict[str, dict[str, str]] = {
    "products": {**_ITEMS, "completenesses": _COMPUTED},
    "product_models": {
        **_ITEMS,
        "associations": f"a product that they name got another identifier, {_BY_LINKS}",
        "quantified_associations": _BY_RENAMING,
    },
    "catalog_products": {
        "catalog_id": _CATALOG,
        "values": _VALUES,
        "categories": _BY_CATEGORIES,
        "associations": _BY_LINKS,
        "quantified_associations": _BY_PARTS,
        "quality_scores": _COMPUTED,
        "completenesses": _COMPUTED,
        "workflow_execution_statuses": _ITEMS["workflow_execution_statuses"],
        "metadata": _RIGHTS,
    },
    "assets": {"values": _LINKS},
    "reference_entity_records": {"values": _LINKS},
}
"""Columns of incremental streams that change without the date by which the PIM filters."""


def freshness_table() -> str:
    """Return a table with every column of every incremental stream."""
    rows = ["| Stream | Columns | As fresh as the last run, except if |", "|---|---|---|"]
    for stream in STREAMS:
        if stream.replication_key is None:
            continue
        by_reason: dict[str, list[str]] = {"": []}
        for name in load_schema(stream.name, stream.primary_keys)["properties"]:
            reason = STALE.get(stream.name, {}).get(name, "")
            by_reason.setdefault(reason, []).append(f"`{name}`")
        for reason, columns in by_reason.items():
            row = f"| `{stream.name}` | {', '.join(columns)} | {reason} |"
            if row not in rows:
                rows.append(row)
    return "\n".join(rows)


def settings_table() -> str:
    return _settings_table(is_switch=False)


def switches_table() -> str:
    return _settings_table(is_switch=True)


def _settings_table(*, is_switch: bool) -> str:
    rows = ["| Setting | Default | What it is |", "|---|---|---|"]
    for name, schema in SETTINGS_SCHEMA["properties"].items():
        if "examples" not in schema:
            continue  # an SDK setting, which the SDK documents
        if name.startswith(SWITCHES) is not is_switch:
            continue
        rows.append(f"| `{name}` | {_default(name, schema)} | {schema['description']} |")
    return "\n".join(rows)


def _default(name: str, schema: dict[str, Any]) -> str:
    if name in SETTINGS_SCHEMA["required"]:
        return "**required**" + (", secret" if schema.get("secret") else "")
    return f"`{json.dumps(schema['default'])}`" if "default" in schema else ""


def streams_table() -> str:
    rows = ["| Stream | Key | Replication | Since | Permission |", "|---|---|---|---|---|"]
    for name in dict.fromkeys(stream.name for stream in STREAMS):
        kinds = [stream for stream in STREAMS if stream.name == name]
        off = "" if kinds[0].selected_by_default else " (off by default)"
        if kinds[0].is_personal:
            off = " (with `with_personal_data`)"
        cells = [f"`{name}`{off}", _by_version(kinds, _key), _by_version(kinds, _replication)]
        permissions = list(dict.fromkeys(filter(None, map(_permissions, kinds))))
        rows.append(f"| {' | '.join(cells)} | {_since(kinds)} | {', '.join(permissions)} |")
    return "\n".join(rows)


def _since(kinds: list[type[AkeneoStream]]) -> str:
    """Return the first PIM version with a stream, or nothing if all supported versions have it."""
    first = min(kind.since for kind in kinds)
    return first if first > OLDEST_SUPPORTED else ""


def _by_version(kinds: list[type[AkeneoStream]], cell: Any) -> str:
    """Return the value for the newest versions, with differing older values in brackets."""
    newest, *older = kinds
    differing = [kind for kind in older if cell(kind) != cell(newest)]
    text: str = cell(newest)
    return text + "".join(f" ({cell(kind)} before {newest.since})" for kind in differing)


def _key(stream: type[AkeneoStream]) -> str:
    return ", ".join(f"`{key}`" for key in stream.primary_keys)


def _replication(stream: type[AkeneoStream]) -> str:
    return "incremental" if stream.replication_key else "full table"


def _permissions(stream: type[AkeneoStream]) -> str:
    parent = getattr(stream, "parent", None)
    return ", ".join(dict.fromkeys(filter(None, [stream.permission, parent and parent.permission])))


TABLES = {
    "settings": (README, settings_table),
    "streams": (README, streams_table),
    "switches": (SETTINGS, switches_table),
    "freshness": (FRESHNESS, freshness_table),
}
"""Each table with the page that has it."""


def with_table(text: str, name: str) -> str:
    """Return the text of a page with a table inserted between its markers."""
    _, table = TABLES[name]
    before, mark, rest = text.partition(f"<!-- {name} -->\n")
    _, end, after = rest.partition(f"<!-- end of {name} -->")
    return f"{before}{mark}{table()}\n{end}{after}"
