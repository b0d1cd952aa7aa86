"""Benchmarks that compare the tap with other clients of a simulated PIM; see ``--help``."""
