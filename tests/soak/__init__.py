"""The promise of the tap as a model, tried by machine.

A scenario is a small PIM, settings, and a few runs of the tap with writes before, between and
during them, faults, and ends that nobody wished for. A target merges what got out. In the end it
must hold what the PIM holds: see `tests.soak.law`.

``python -m tests.soak --help`` runs as many scenarios as one likes.
"""
