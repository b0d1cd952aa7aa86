"""A small soak, whose checks must hold."""

from __future__ import annotations

from tests.soak.machine import soak_in_process


def test_the_target_has_what_it_must_have_after_each_run() -> None:
    figures, failure = soak_in_process(20, seed=1)
    assert not failure, failure
    assert figures["plays"] == 20
