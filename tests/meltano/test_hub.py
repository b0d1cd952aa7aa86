"""docs/meltano-hub.yml is what MeltanoHub takes, and Meltano too."""

from __future__ import annotations

import json
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from tests.meltano.hub import DEFINITION, PROJECT, VARIANT, as_text, definition
from tests.meltano.project import Project, read
from tests.targets.meltano import MELTANO, set_up

if TYPE_CHECKING:
    from pathlib import Path

# Beside what Meltano's schema has: what may stand in a definition by the Hub's own schema
# (schemas/plugin_definitions/hub_metadata.schema.json in the repository meltano/hub).
OF_THE_HUB = {
    *("definition", "domain_url", "keywords", "maintenance_status", "next_steps", "prereq"),
    *("quality", "settings_preamble", "usage"),
}
REQUIRED_BY_THE_HUB = {"name", "namespace", "variant", "label", "quality"}


@pytest.fixture(scope="module")
def schema() -> dict[str, Any]:
    """The schema that Meltano comes with."""
    set_up("only-meltano")
    (file,) = MELTANO.parent.parent.glob("lib/*/site-packages/meltano/schemas/meltano.schema.json")
    return dict(json.loads(file.read_text(encoding="utf-8")))


def test_the_definition_is_that_of_the_code() -> None:
    assert DEFINITION.read_text(encoding="utf-8") == as_text(), "write it: python -m tests.docs"


def test_the_definition_has_what_the_hub_requires() -> None:
    said = yaml.safe_load(as_text())
    assert said == definition()
    assert said.keys() >= REQUIRED_BY_THE_HUB
    assert said["maintenance_status"] in {"active", "beta", "development", "inactive", "unknown"}
    assert said["quality"] in {"gold", "silver", "bronze", "unknown"}


def test_the_definition_matches_the_schema_of_meltano(schema: dict[str, Any]) -> None:
    of_extractors = {"$ref": "#/$defs/plugins/extractors", "$defs": schema["$defs"]}
    said = {name: value for name, value in definition().items() if name not in OF_THE_HUB}
    assert list(Draft202012Validator(of_extractors).iter_errors(said)) == []


def test_our_project_matches_the_schema_of_meltano(schema: dict[str, Any]) -> None:
    assert list(Draft202012Validator(schema).iter_errors(PROJECT)) == []


@pytest.mark.usefixtures("schema")
def test_a_project_that_adds_the_tap_from_the_hub_selects_the_recommended_streams(
    tmp_path: Path,
) -> None:
    project = Project(tmp_path, {})
    code, output = project.run("meltano init --no-usage-stats .")
    assert code == 0, output
    # What `meltano add` writes for a plugin that it found on the Hub.
    lock = tmp_path / "plugins" / "extractors" / f"tap-akeneo--{VARIANT}.lock"
    lock.parent.mkdir(parents=True)
    lock.write_text(json.dumps({"plugin_type": "extractors", **definition()}), encoding="utf-8")
    added = {"name": "tap-akeneo", "variant": VARIANT, "pip_url": definition()["pip_url"]}
    project.write({**read(tmp_path), "plugins": {"extractors": [added]}})
    code, output = project.run("meltano config list tap-akeneo --extras --all")
    assert code == 0, output
    assert f"current value: {definition()['select']} (default)" in output


@pytest.mark.usefixtures("schema")
def test_meltano_adds_the_tap_to_a_project_from_it(tmp_path: Path) -> None:
    project = tmp_path / "meltano.yml"
    project.write_text("send_anonymous_usage_stats: false\n", encoding="utf-8")
    subprocess.run(  # noqa: S603 (our own arguments)
        [
            *(MELTANO, "add", "--no-install", "--plugin-type=extractor"),
            *(f"--from-ref={DEFINITION}", "tap-akeneo"),
        ],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        timeout=60,
    )
    (added,) = yaml.safe_load(project.read_text(encoding="utf-8"))["plugins"]["extractors"]
    assert added == {name: value for name, value in definition().items() if name in added}
    assert {"pip_url", "capabilities", "settings", "settings_group_validation"} <= added.keys()
