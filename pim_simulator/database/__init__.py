"""The tables, the search index, the clock and the versions."""
