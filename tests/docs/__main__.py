"""``python -m tests.docs`` writes the generated parts of the pages, and docs/meltano-hub.yml."""

from __future__ import annotations

from tests.docs.tables import DOCS, TABLES, with_table
from tests.meltano import hub

for changed, (page, _) in TABLES.items():
    page.write_text(with_table(page.read_text(encoding="utf-8"), changed), encoding="utf-8")
hub.DEFINITION.write_text(hub.as_text(), encoding="utf-8")
recipes = DOCS / "meltano.md"
recipes.write_text(hub.with_address(recipes.read_text(encoding="utf-8")), encoding="utf-8")
