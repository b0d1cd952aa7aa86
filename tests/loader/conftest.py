"""The database of a test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.loader.support import Database

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def database(tmp_path: Path) -> Database:
    return Database(tmp_path)
