"""Changes of the catalogue."""
