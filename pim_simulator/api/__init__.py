"""The REST API: its resources and their routes."""
