"""Tests of how lists of the PIM are read, over lists in memory."""
