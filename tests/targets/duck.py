"""The loader of our `meltano.yml`."""

from __future__ import annotations

from typing import Any

from tests.meltano.project import read
from tests.targets.meltano import make_environment


def duckdb_loader() -> dict[str, Any]:
    """Return the definition of the loader, which is installed."""
    loader = read()["plugins"]["loaders"][0]
    programs = make_environment(loader["name"], loader.pop("pip_url").split())
    return {**loader, "executable": str(programs / loader["executable"])}
