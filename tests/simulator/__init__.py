"""Tests of the simulated PIM itself."""
