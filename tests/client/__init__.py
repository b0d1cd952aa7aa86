"""Requests to the PIM: tokens, retries, timeouts, and secrets that do not leak."""
