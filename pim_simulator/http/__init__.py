"""Requests, responses and the server."""
