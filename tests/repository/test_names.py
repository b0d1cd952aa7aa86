"""Nothing installs our packages by name, because nobody owns these names on PyPI yet."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BY_NAME = re.compile(
    r"(?:pip_url:|\b(?:pipx?|uv pip|uv tool) (?:install|run)\b|\buvx\b)[^\n#]*?"
    r"(?<![\w/.~-])(?:tap-akeneo|akeneo-duckdb-loader)(?![\w/.-])"
)


def by_name(text: str) -> list[str]:
    """Return the commands and settings in a text that install a package of ours by its name."""
    return BY_NAME.findall(text)


@pytest.mark.parametrize(
    "text",
    [
        "pip install --no-deps tap-akeneo",
        "pipx install tap-akeneo",
        "pip install 'tap-akeneo[s3]'",
        "uvx tap-akeneo --about",
        "  pip_url: tap-akeneo",
        "pip_url: target-jsonl akeneo-duckdb-loader==0.1",
    ],
)
def test_an_installation_by_name_is_recognized(text: str) -> None:
    assert by_name(text)


@pytest.mark.parametrize(
    "text",
    [
        "pip install .",
        "pip_url: git+https://example.com/owner/tap-akeneo.git",
        "pip_url: ../tap-akeneo",
    ],
)
def test_installing_from_a_path_or_a_repository_is_accepted(text: str) -> None:
    assert not by_name(text)


def test_no_file_installs_our_packages_by_name() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    files = [ROOT / name for name in listed.stdout.split("\0") if name]
    assert {ROOT / "SECURITY.md", ROOT / "examples" / "Dockerfile"} <= {*files}
    found = {
        file.name: by_name(file.read_text(encoding="utf-8", errors="replace"))
        for file in files
        if file.is_file() and file != Path(__file__)
    }
    assert {name: lines for name, lines in found.items() if lines} == {}
