"""AGENTS.md is short and names only what exists."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "AGENTS.md").read_text(encoding="utf-8")


def test_it_is_short() -> None:
    assert len(TEXT.splitlines()) < 60


def test_the_folders_and_files_that_it_names_exist() -> None:
    words = " ".join(re.findall(r"`([^`]+)`", TEXT)).split()
    paths = {word for word in words if "/" in word and not word.startswith(".venv")}
    assert {"tap_akeneo/streams/", "scripts/lint", ".ci/run", "tests/cli/test_cli.py"} <= paths
    assert [path for path in sorted(paths) if not (ROOT / path).exists()] == []
