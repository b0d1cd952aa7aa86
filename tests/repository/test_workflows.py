"""The GitHub workflows and the packaging match pyproject.toml. (CI also lints the workflows.)"""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parents[2]
PYPROJECT = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
CLASSIFIERS = re.findall(r'"Programming Language :: Python :: (3\.\d+)"', PYPROJECT)
VERSION = re.findall(r'^version = "(.+)"$', PYPROJECT, flags=re.MULTILINE)[0]
ADDRESS = re.findall(r'^Repository = "(.+)"$', PYPROJECT, flags=re.MULTILINE)[0]
FILES = sorted(ROOT.glob(".github/workflows/*.yml"))
WORKFLOWS: dict[str, dict[str, Any]] = {
    file.stem: yaml.safe_load(file.read_text(encoding="utf-8")) for file in FILES
}
PINNED = re.compile(r"[\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+")
OWN = "$/"

needs_tomllib = pytest.mark.skipif(sys.version_info < (3, 11), reason="the scripts use tomllib")


def steps() -> Iterator[dict[str, Any]]:
    for workflow in WORKFLOWS.values():
        for job in workflow["jobs"].values():
            yield from job.get("steps", ())


def run_step(job: dict[str, Any], name: str, folder: Path, **env: str) -> tuple[int, str]:
    """Run the Python code of a step and return its exit code and error output."""
    (step,) = [step for step in job["steps"] if step.get("name") == name]
    assert step["shell"] == "python3 {0}"
    ended = subprocess.run(  # noqa: S603 (our own workflow)
        [sys.executable, "-c", step["run"]],
        cwd=folder,
        env={**os.environ, **env},
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    return ended.returncode, ended.stderr.strip()


@needs_tomllib
def test_the_matrix_matches_the_classifiers(tmp_path: Path) -> None:
    jobs = WORKFLOWS["ci"]["jobs"]
    output = tmp_path / "output"
    code, error = run_step(jobs["versions"], "Read pyproject.toml", ROOT, GITHUB_OUTPUT=str(output))
    assert code == 0, error
    name, _, value = output.read_text(encoding="utf-8").strip().partition("=")
    assert (name, json.loads(value)) == ("python", CLASSIFIERS)
    matrix = jobs["tests"]["strategy"]["matrix"]
    assert matrix == {"python": "${{ fromJSON(needs.versions.outputs.python) }}"}


def test_the_classifiers_begin_with_the_oldest_supported_python() -> None:
    assert f'requires-python = ">={CLASSIFIERS[0]}"' in PYPROJECT
    minors = [int(version.partition(".")[2]) for version in CLASSIFIERS]
    assert minors == list(range(minors[0], minors[-1] + 1))


def test_each_action_is_pinned_to_a_commit_and_names_its_version() -> None:
    used = [
        line.partition("uses: ")[2]
        for file in FILES
        for line in file.read_text(encoding="utf-8").splitlines()
        if re.match(r"\s*(- )?uses:", line)
    ]
    assert len(used) > len(FILES)
    assert [one for one in used if not one.startswith(OWN) and not PINNED.fullmatch(one)] == []


def test_each_action_is_used_in_one_version() -> None:
    commits: dict[str, set[str]] = {}
    for step in steps():
        action, _, commit = step.get("uses", "").partition("@")
        commits.setdefault(action, set()).add(commit)
    assert [action for action, each in commits.items() if len(each) > 1] == []


def test_workflows_only_have_the_permissions_that_their_jobs_request() -> None:
    for workflow in WORKFLOWS.values():
        assert workflow["permissions"] == {}
        assert all("permissions" in job for job in workflow["jobs"].values())
    checkouts = [step for step in steps() if step.get("uses", "").startswith("actions/checkout@")]
    assert all(step["with"] == {"persist-credentials": False} for step in checkouts)


def test_one_check_waits_for_all_others() -> None:
    jobs = WORKFLOWS["ci"]["jobs"]
    assert jobs["check"]["needs"] == [name for name in jobs if name != "check"]
    assert jobs["check"]["if"] == "always()"


@pytest.mark.parametrize(
    ("results", "code"),
    [("success success", 0), ("success failure", 1), ("skipped success", 1), ("cancelled", 1)],
)
def test_that_check_fails_unless_all_others_succeeded(results: str, code: int) -> None:
    (step,) = WORKFLOWS["ci"]["jobs"]["check"]["steps"]
    ended = subprocess.run(  # noqa: S603 (our own workflow)
        ["bash", "-e", "-c", step["run"]],  # noqa: S607 (as GitHub runs it)
        env={**os.environ, "RESULTS": results},
        check=False,
    )
    assert ended.returncode == code


def test_scripts_that_the_workflows_run_exist() -> None:
    scripts = {name for step in steps() for name in re.findall(r"bash (\S+)", step.get("run", ""))}
    assert {"scripts/test", "scripts/lint", "scripts/test-next-sdk", ".ci/run"} <= scripts
    assert [script for script in scripts if not (ROOT / script).is_file()] == []


@pytest.fixture
def release(tmp_path: Path) -> Path:
    """A folder in which the version in pyproject.toml is ready for release."""
    (tmp_path / "pyproject.toml").write_text(PYPROJECT, encoding="utf-8")
    changelog = f"# Changelog\n\n## [Unreleased]\n\n## {VERSION} - 2027-01-31\n"
    (tmp_path / "CHANGELOG.md").write_text(changelog, encoding="utf-8")
    return tmp_path


def check_release(folder: Path, tag: str = f"v{VERSION}", here: str = ADDRESS) -> tuple[int, str]:
    return run_step(
        WORKFLOWS["release"]["jobs"]["version"],
        "Compare the tag, the changelog and the address with pyproject.toml",
        folder,
        TAG=tag,
        HERE=here,
    )


@needs_tomllib
def test_a_release_requires_a_tag_that_matches_its_version(release: Path) -> None:
    assert check_release(release) == (0, "")
    code, error = check_release(release, tag="v99.0")
    assert (code, error) == (
        1,
        f"the tag is v99.0, but the version in pyproject.toml is {VERSION}",
    )


@needs_tomllib
def test_a_release_requires_the_url_of_the_publishing_repository(release: Path) -> None:
    code, error = check_release(release, here="https://github.com/someone/tap-akeneo")
    assert code == 1
    assert f"the repository in pyproject.toml is {ADDRESS}, but this is https://github" in error


@needs_tomllib
def test_a_release_requires_a_date_in_the_changelog(release: Path) -> None:
    (release / "CHANGELOG.md").write_text(f"## {VERSION} - unreleased\n", encoding="utf-8")
    code, error = check_release(release)
    assert (code, error) == (1, f"CHANGELOG.md has no heading '## {VERSION} - YYYY-MM-DD'")


def test_a_release_is_published_only_after_all_checks() -> None:
    jobs = WORKFLOWS["release"]["jobs"]
    assert jobs["checks"]["uses"] == "$/.github/workflows/ci.yml"
    assert (jobs["checks"]["needs"], jobs["publish"]["needs"]) == ("version", "checks")
    assert jobs["publish"]["permissions"] == {"id-token": "write"}


def test_only_pyproject_contains_the_version() -> None:
    sources = [*ROOT.glob("tap_akeneo/**/*.py"), ROOT / "meltano.yml"]
    assert [one for one in sources if f'"{VERSION}"' in one.read_text(encoding="utf-8")] == []
    assert f"\n## {VERSION} - " in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")


def test_only_pyproject_and_generated_files_contain_the_repository_url() -> None:
    # tests/meltano/hub.py copies it from there to the other two.
    derived = {"pyproject.toml", "docs/meltano-hub.yml", "docs/meltano.md"}
    texts = [*ROOT.glob("*.*"), *ROOT.glob("docs/*"), *FILES, *ROOT.glob("t*/*.py")]
    found = {
        str(file.relative_to(ROOT))
        for file in texts
        if file.is_file() and ADDRESS in file.read_text(encoding="utf-8", errors="replace")
    }
    assert found == derived
