"""Runs the recipe of docs/backfill.md: ``python -m tests.backfill``."""
