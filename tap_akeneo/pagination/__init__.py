"""Pagination of the PIM's lists, independent of Singer."""
