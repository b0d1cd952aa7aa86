"""Reproducible random numbers."""

from __future__ import annotations

from random import Random


class SeededRandom(Random):
    """Random numbers from a seed."""

    def chance(self, probability: float) -> bool:
        """Return True with a probability."""
        return self.random() < probability

    def dates(self, first: int, last: int) -> tuple[int, int]:
        """Return dates of creation and of the latest change between two moments."""
        created = self.randint(first, last)
        return created, self.randint(created, last)
