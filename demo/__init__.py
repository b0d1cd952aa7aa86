"""The demo: Meltano loads a simulated PIM into a database file that you can query."""

from pathlib import Path

PROJECT = Path(__file__).parent.parent
FOLDER = PROJECT / "output" / "demo"
"""All files that the demo creates: database, bookmarks, logs, and the changes in the PIM."""
DATABASE = FOLDER / "akeneo.duckdb"
