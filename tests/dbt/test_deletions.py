"""What dbt takes for deleted after runs that were killed, refused and resumed.

`python -m tests.targets --deletions` plays more of them, and into each database.
"""

from __future__ import annotations

import sys
from itertools import islice
from typing import TYPE_CHECKING

import pytest

from pim_simulator import SimulatedPim, serve
from tests.dbt.deletions import JsonlMarts, Play
from tests.targets.meltano import set_up

if TYPE_CHECKING:
    from pathlib import Path


def test_a_reading_that_is_cut_off_and_resumed_deletes_what_is_deleted_and_no_living_row(
    tmp_path: Path,
) -> None:
    if sys.version_info >= (3, 14):
        pytest.skip("dbt 1.11 does not support Python 3.14")
    set_up("only-meltano")
    pim = SimulatedPim("ee-7", seed=1, products=60, records=110, timezone="America/New_York")
    with serve(pim):
        play = Play(JsonlMarts(pim, tmp_path))
        for step in islice(play.steps(), 3):
            assert play.wrongly_deleted() == {}, step
            assert bool(play.not_deleted()) is ("cut off" in step)
        assert play.wrong_dates() == {}
