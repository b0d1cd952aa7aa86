"""requirements.lock pins all dependencies, so that the tested versions can be installed."""

from __future__ import annotations

import re
import sys
from importlib.metadata import requires
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8")
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
PYTHONS = re.findall(r"Programming Language :: Python :: (3\.\d+)", PYPROJECT)


def pins(python: str) -> dict[str, str]:
    """Return the packages that the lock file installs on a Python version, with their versions."""
    lines = re.findall(r"^[a-z].*?(?= \\$)", LOCK, flags=re.MULTILINE)
    wanted = [Requirement(line) for line in lines]
    return {
        canonicalize_name(one.name): str(one.specifier).removeprefix("==")
        for one in wanted
        if one.marker is None or one.marker.evaluate({"python_full_version": f"{python}.0"})
    }


def dependencies() -> list[Requirement]:
    tomllib = pytest.importorskip("tomllib")
    project: dict[str, Any] = tomllib.loads(PYPROJECT)["project"]
    return [Requirement(one) for one in project["dependencies"]]


@pytest.mark.parametrize("python", PYTHONS)
def test_each_dependency_is_pinned_to_an_allowed_version(python: str) -> None:
    pinned = pins(python)
    for dependency in dependencies():
        assert dependency.specifier.contains(pinned[canonicalize_name(dependency.name)]), dependency


def test_transitive_dependencies_are_pinned_too() -> None:
    here = ".".join(map(str, sys.version_info[:2]))
    pinned = pins(here)
    to_see, seen = dependencies(), set()
    while to_see:
        one = to_see.pop()
        assert one.specifier.contains(pinned[canonicalize_name(one.name)]), one
        if str(one) not in seen:
            seen.add(str(one))
            to_see += needed_by(one)


def needed_by(one: Requirement) -> Iterator[Requirement]:
    extras = one.extras or {""}
    for line in requires(one.name) or ():
        needed = Requirement(line)
        if needed.marker is None or any(needed.marker.evaluate({"extra": e}) for e in extras):
            yield needed


def test_each_pin_has_hashes_and_no_package_has_a_fixed_source() -> None:
    blocks = re.split(r"^(?=[a-z])", LOCK, flags=re.MULTILINE)[1:]
    assert len(blocks) > 30
    for block in blocks:
        assert re.search(r"--hash=sha256:[0-9a-f]{64}\b", block), block
    assert "://" not in LOCK
    assert "--index" not in LOCK
