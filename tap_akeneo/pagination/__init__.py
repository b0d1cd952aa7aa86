"""Reading the lists of a PIM page by page. Knows nothing of Singer."""
