"""The recipe of docs/backfill.md, carried out: ``python -m tests.backfill``."""
