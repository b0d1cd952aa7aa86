"""Products and product models."""
