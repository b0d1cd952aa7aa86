"""Runs the recipes of docs/production.md: ``python -m tests.orchestrators``."""
