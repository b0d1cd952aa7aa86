"""Tests of the tap, over the simulated PIM."""
