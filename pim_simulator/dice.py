"""Chance that comes out the same for the same seed."""

from __future__ import annotations

from random import Random


class Dice(Random):
    """Random numbers from a seed.

    Args:
        seed: What makes them the same again.
    """

    def __init__(self, *seed: object) -> None:
        """Start from a seed."""
        super().__init__("/".join(map(str, seed)))

    def chance(self, probability: float) -> bool:
        """Return True with a probability."""
        return self.random() < probability
