"""The demo: a simulated PIM, read by Meltano into a database file that is there to look at."""

from pathlib import Path

PROJECT = Path(__file__).parent.parent
FOLDER = PROJECT / "output" / "demo"
"""All that the demo leaves behind: the database, its bookmarks, its logs, the PIM's changes."""
DATABASE = FOLDER / "akeneo.duckdb"
