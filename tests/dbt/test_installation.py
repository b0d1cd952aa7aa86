"""The package is installed from git into another project, as `docs/analytics.md` says."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from tests.dbt.loaded import LoadedDuckdb
from tests.dbt.page import TEXT

if TYPE_CHECKING:
    from pathlib import Path

PROJECT = {
    "name": "shop",
    "version": "1.0",
    "profile": "akeneo",
    "flags": {"send_anonymous_usage_stats": False, "version_check": False},
}
MODEL = "select * from {{ ref('akeneo__attributes') }}"


def packages_of_the_page() -> dict[str, Any]:
    """Return `packages.yml` as in `docs/analytics.md`."""
    section = TEXT.partition("\n## In your own dbt project\n")[2]
    return dict(yaml.safe_load(section.split("```")[1].removeprefix("yaml")))


def test_a_project_installs_the_package_from_git(tmp_path: Path) -> None:
    if sys.version_info >= (3, 14):
        pytest.skip("dbt 1.11 does not support Python 3.14")
    loaded = LoadedDuckdb(tmp_path)
    packages = packages_of_the_page()
    (package,) = packages["packages"]
    git = ("git", "-C", str(tmp_path), "-c", "user.name=a", "-c", "user.email=a@example.com")
    for command in (
        ("init", "--quiet"),
        ("add", "dbt"),
        ("commit", "--quiet", "--message=The package"),
        ("tag", package["revision"]),
    ):
        subprocess.run([*git, *command], check=True, timeout=60)  # noqa: S603 (our own arguments)
    package["git"] = f"file://{tmp_path}"

    shop = tmp_path / "shop"
    (shop / "models").mkdir(parents=True)
    (shop / "models" / "shop_attributes.sql").write_text(MODEL, encoding="utf-8")
    for name, content in {"dbt_project.yml": PROJECT, "packages.yml": packages}.items():
        (shop / name).write_text(yaml.safe_dump(content), encoding="utf-8")
    for arguments in (("deps",), ("build", "--select=+shop_attributes")):
        code, log = loaded.dbt(*arguments, project=shop)
        assert code == 0, log[-4000:]
    assert loaded.rows("select * from shop_attributes") == []
