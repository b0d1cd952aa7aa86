"""Plays of many runs of the tap with a changing PIM, drawn by Hypothesis.

A play is a simulated PIM, settings, and some runs of the tap with writes before and during them,
requests that fail, and runs that are killed. A target keeps the rows and the state.
`tests.soak.checks` says what must be true after each run.

``python -m tests.soak --help`` plays as many as you like.
"""
