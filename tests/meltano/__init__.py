"""Meltano and MeltanoHub."""
