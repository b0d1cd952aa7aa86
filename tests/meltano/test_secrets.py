"""Meltano reads secrets from a mounted file, as docs/production.md says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.docs.tables import DOCS
from tests.leaks import leaks
from tests.meltano.project import Project
from tests.support import settings_for
from tests.targets.duck import duckdb_loader
from tests.targets.meltano import set_up

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartPim

PAGE = DOCS.joinpath("production.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("is_mounted", [True, False])
def test_a_mounted_env_file_has_the_secrets(
    start_pim: StartPim, tmp_path: Path, *, is_mounted: bool
) -> None:
    set_up("only-meltano")
    file = tmp_path / "mounted.env"
    project = Project.copied(tmp_path, settings_for(start_pim(products=5)), duckdb_loader())
    project.variables["TAP_AKENEO__SELECT"] = json.dumps(["families.*"])
    password = project.variables.pop("TAP_AKENEO_PASSWORD")
    if is_mounted:
        file.write_text(f"TAP_AKENEO_PASSWORD='{password}'\n")
    else:
        file.write_text("")
    (command,) = re.findall(r"`(meltano --env-file=.*) …`", PAGE)
    command = command.replace("/run/secrets/akeneo.env", str(file))
    code, log = project.run(f"{command} tap-akeneo akeneo-duckdb-loader")
    assert code == (0 if is_mounted else 1), log
    assert ("`password` is missing" in log) is not is_mounted
    assert not leaks(log)
