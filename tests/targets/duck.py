"""The loader of our `meltano.yml`."""

from __future__ import annotations

import sys
from typing import Any

import pytest

from tests.meltano.project import read
from tests.targets.meltano import make_environment


def duckdb_loader() -> dict[str, Any]:
    """Return the definition of the loader, which is installed."""
    if sys.version_info >= (3, 14):
        pytest.skip("the duckdb that target-duckdb needs has no release for Python 3.14")
    loader = read()["plugins"]["loaders"][0]
    programs = make_environment(loader["name"], loader.pop("pip_url").split())
    return {**loader, "executable": str(programs / loader["executable"])}
