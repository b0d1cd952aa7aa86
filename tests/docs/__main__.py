"""``python -m tests.docs`` writes the generated tables of the pages, and docs/meltano-hub.yml."""

from __future__ import annotations

from tests.docs.tables import TABLES, with_table
from tests.meltano import hub

for changed, (page, _) in TABLES.items():
    page.write_text(with_table(page.read_text(encoding="utf-8"), changed), encoding="utf-8")
hub.DEFINITION.write_text(hub.as_text(), encoding="utf-8")
