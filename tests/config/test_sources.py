"""Settings come from files and variables, as docs/production.md says."""

from __future__ import annotations

import json
import os
import threading
from typing import TYPE_CHECKING

import pytest

from tests.support import command, settings_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartPim


@pytest.mark.parametrize(("is_last", "code"), [(True, 0), (False, 1)])
def test_the_last_config_file_overrides_the_others(
    start_pim: StartPim, tmp_path: Path, *, is_last: bool, code: int
) -> None:
    settings, secrets = tmp_path / "settings.json", tmp_path / "secrets.json"
    known = settings_for(start_pim(products=5), max_retries=0)
    settings.write_text(json.dumps({**known, "password": "to be replaced"}))
    secrets.write_text(json.dumps({"password": known["password"]}))
    files = [settings, secrets] if is_last else [secrets, settings]
    options = [part for file in files for part in ("--config", file)]
    assert command(*options, "--discover").code == code


@pytest.mark.parametrize("is_first", [True, False])
def test_a_variable_overrides_a_file(
    start_pim: StartPim, tmp_path: Path, *, is_first: bool
) -> None:
    config = tmp_path / "config.json"
    known = settings_for(start_pim(products=5), max_retries=0)
    config.write_text(json.dumps({**known, "password": "to be replaced"}))
    options = ["--config=ENV", f"--config={config}"]
    env = {"TAP_AKENEO_PASSWORD": known["password"]}
    ordered = options if is_first else options[::-1]
    assert command(*ordered, "--discover", env=env).code == 0


def test_a_variable_is_not_read_without_the_option(start_pim: StartPim, tmp_path: Path) -> None:
    config = tmp_path / "config.json"
    config.write_text(json.dumps(settings_for(start_pim(products=5), max_retries=0)))
    env = {"TAP_AKENEO_PASSWORD": "wrong"}
    assert command("--config", config, "--discover", env=env).code == 0
    assert command("--config", config, "--config=ENV", "--discover", env=env).code == 1


def test_a_secrets_manager_can_write_the_settings_into_a_pipe(
    start_pim: StartPim, tmp_path: Path
) -> None:
    settings, pipe = tmp_path / "settings.json", tmp_path / "pipe"
    known = settings_for(start_pim(products=5), max_retries=0)
    secrets = {name: known.pop(name) for name in ("client_secret", "password")}
    settings.write_text(json.dumps(known))
    os.mkfifo(pipe)
    manager = threading.Thread(target=pipe.write_text, args=[json.dumps(secrets)], daemon=True)
    manager.start()
    ended = command("--config", settings, "--config", pipe, "--discover")
    assert ended.code == 0, ended.log
