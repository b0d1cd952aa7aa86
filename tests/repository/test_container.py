"""The steps of examples/Dockerfile make an environment in which its command loads a PIM.

They are run in a folder, because no container can be built where the tests run.
"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import yaml

from tap_akeneo.config.schema import SETTINGS_SCHEMA
from tap_akeneo.config.settings import CREDENTIALS
from tests.namespaces import namespace
from tests.repository.test_contributing import copy_of_the_repository
from tests.support import settings_for

if TYPE_CHECKING:
    from tests.conftest import StartPim

EXAMPLES = Path(__file__).parents[2] / "examples"
DOCKERFILE = (EXAMPLES / "Dockerfile").read_text(encoding="utf-8")
STEPS = re.findall(r"^([A-Z]+) (.*)$", DOCKERFILE.replace("\\\n", ""), flags=re.MULTILINE)
"""Pairs of an instruction and its arguments."""


def only(instruction: str) -> str:
    (arguments,) = [text for name, text in STEPS if name == instruction]
    return str(arguments)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A folder in place of the root of the container, with what its build context has."""
    (tmp_path / "work").mkdir()
    source = copy_of_the_repository(tmp_path / "source")
    kept = (EXAMPLES / "Dockerfile.dockerignore").read_text(encoding="utf-8").splitlines()
    application = tmp_path / "opt" / "akeneo"
    for name in (line[1:] for line in kept if line.startswith("!")):
        (application / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).rename(application / name)
    return tmp_path


READ_ONLY = """\
cd ..
mount --bind /tmp /tmp
mount --bind . . && mount --bind work work
mount -o remount,bind,ro "$PWD" && mount -o remount,bind,ro /
cd "$PWD/work"
if touch ../opt/file 2>/dev/null; then exit 99; fi
exec "$@"
"""
"""Runs a command where only the working directory and /tmp are writable, as with `--read-only`."""


def read_only() -> list[str]:
    """Return the command before one that runs it so; empty if the kernel allows no mounts."""
    return [*there, "sh", "-ec", READ_ONLY, "sh"] if (there := namespace("--mount")) else []


def files(folder: Path) -> dict[Path, int]:
    """Return all files of a folder with the times of their last changes, without its `work`."""
    found = [one for one in folder.rglob("*") if folder / "work" not in (one, *one.parents)]
    return {one: one.lstat().st_mtime_ns for one in found}


def test_after_its_steps_its_command_loads_the_pim_although_only_work_is_writable(
    start_pim: StartPim, root: Path
) -> None:
    def moved(text: str) -> str:
        return re.sub(r"/(opt|work)\b", rf"{root}/\1", text)

    # Not as another user, which only root can create.
    (install, create_user) = [text for name, text in STEPS if name == "RUN"]
    assert "useradd" in create_user
    folder = Path(sys.executable).parent
    path = f"{folder}{os.pathsep}{os.environ['PATH']}"
    subprocess.run(  # noqa: S603 (the steps of our own file)
        ["sh", "-c", moved(install)],  # noqa: S607
        cwd=root / "opt" / "akeneo",
        env={**os.environ, "PATH": path},
        check=True,
        timeout=600,
    )
    pim = start_pim(products=20)
    variables = {f"TAP_AKENEO_{name.upper()}": str(of) for name, of in settings_for(pim).items()}
    image = dict(re.findall(r"(\w+)=(\S+)", moved(only("ENV"))))
    image["PATH"] = image["PATH"].replace("$PATH", "/usr/bin:/bin")
    before = files(root)
    ended = subprocess.run(  # noqa: S603
        [*read_only(), *json.loads(moved(only("ENTRYPOINT"))), *json.loads(only("CMD"))],
        cwd=root / "work",
        env={**image, **variables},
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert ended.returncode == 0, ended.stderr
    assert files(root) == before
    assert {one.name for one in (root / "work").iterdir()} == {"akeneo.duckdb", "state.json"}
    state = json.loads((root / "work" / "state.json").read_text(encoding="utf-8"))
    assert state["bookmarks"]["products"]["replication_key_value"]


def test_it_does_not_run_as_root_and_keeps_its_state_in_the_only_folder_that_it_writes() -> None:
    assert only("USER") == "10001"
    assert [text for name, text in STEPS if name == "WORKDIR"][-1] == "/work"


def test_the_cron_job_runs_the_image_as_it_is_made_and_never_two_of_them() -> None:
    job = yaml.safe_load((EXAMPLES / "cronjob.yaml").read_text(encoding="utf-8"))["spec"]
    assert job["concurrencyPolicy"] == "Forbid"
    pod = job["jobTemplate"]["spec"]["template"]["spec"]
    # An SDK target may need more than the usual 30 seconds for its last batch.
    assert pod["terminationGracePeriodSeconds"] >= 60
    assert str(pod["securityContext"]["runAsUser"]) == only("USER")
    (container,) = pod["containers"]
    assert container["securityContext"]["readOnlyRootFilesystem"]
    mounts = {one["name"]: one for one in container["volumeMounts"]}
    writable = {one["mountPath"] for one in mounts.values() if not one.get("readOnly")}
    assert writable == {[text for name, text in STEPS if name == "WORKDIR"][-1], "/tmp"}  # noqa: S108
    variables = {one["name"]: one["value"] for one in container["env"]}
    file = Path(variables.pop("SECRETS_FILE"))
    assert str(file.parent) == mounts["secrets"]["mountPath"]
    names = {name.removeprefix("TAP_AKENEO_").lower() for name in variables}
    assert "base_url" in names <= SETTINGS_SCHEMA["properties"].keys() - CREDENTIALS
    # The pod's user is no owner of the files, but in this group.
    (secrets,) = [one["secret"] for one in pod["volumes"] if one["name"] == "secrets"]
    assert secrets["defaultMode"] == 0o440
    assert pod["securityContext"]["fsGroup"]
    text = (EXAMPLES / "cronjob.yaml").read_text(encoding="utf-8")
    (documented,) = re.findall(rf"key {file.name} is a JSON object with (.+):", text)
    assert set(re.split(", | and ", documented)) == set(CREDENTIALS)
