"""Benchmarks of the tap against other readers of the same simulated PIM; see ``--help``."""
