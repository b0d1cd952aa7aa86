"""The layout of the simulator, as its page describes it."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "pim_simulator"
ORDER = re.findall(
    r"^\| `(\w+)(?:/|\.py)` \|", (ROOT / "docs/simulator.md").read_text(), re.MULTILINE
)


def imported(file: Path) -> set[str]:
    """Return the folders from which a file imports, also for types."""
    return {
        node.module.split(".")[1]
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("pim_simulator.")
        if node.module is not None
    }


def test_every_folder_is_described() -> None:
    folders = {path.name for path in PACKAGE.iterdir() if (path / "__init__.py").exists()}
    assert folders | {"simulator"} == set(ORDER)


@pytest.mark.parametrize("folder", ORDER)
def test_folders_import_only_those_below(folder: str) -> None:
    files = (PACKAGE / folder).glob("*.py") if folder != "simulator" else [PACKAGE / "simulator.py"]
    below = ORDER[ORDER.index(folder) :]
    for file in files:
        assert imported(file) <= set(below), file
