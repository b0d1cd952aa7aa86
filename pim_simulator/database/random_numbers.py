"""Reproducible random numbers."""

from __future__ import annotations

from random import Random


class SeededRandom(Random):
    """Random numbers from a seed."""

    def chance(self, probability: float) -> bool:
        """Return True with a probability."""
        return self.random() < probability
