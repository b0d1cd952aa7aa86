"""Workflows, pinned dependencies and benchmarks."""
