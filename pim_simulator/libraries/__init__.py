"""Reference entities and asset families."""
