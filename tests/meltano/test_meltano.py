"""docs/meltano.md is correct: each command on the page is run and its output compared."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import yaml

from demo.database import compare
from tap_akeneo.streams import STREAMS
from tap_akeneo.tap import TapAkeneo
from tests.docs.tables import COMPLETENESS, PAGES, SCORES_PAGE
from tests.meltano.hub import EXTRACTOR, REPOSITORY, definition
from tests.meltano.project import ROOT, Project, read
from tests.support import people, settings_for
from tests.targets.changes import change_requirements, completeness_in
from tests.targets.duck import duckdb_loader
from tests.targets.meltano import set_up

if TYPE_CHECKING:
    from pathlib import Path

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim

PAGE = ROOT.joinpath("docs", "meltano.md").read_text(encoding="utf-8")
FENCE = re.compile(r"^```(\w+)(?: exit=(\d+))?\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)


@dataclass
class Step:
    """A block of commands with the results that the page documents."""

    commands: str
    exit_code: int
    output: list[str] = field(default_factory=list)
    added: str = "{}"


def read_page() -> dict[str, list[Step]]:
    """Return the steps to run on the page, by heading."""
    found = {}
    for section in PAGE.split("\n## ")[1:]:
        steps: list[Step] = []
        for language, code, block in FENCE.findall(section):
            if language == "bash":
                steps.append(Step(block, int(code or 0)))
            elif language == "text":
                steps[-1].output = block.splitlines()
            else:
                steps[-1].added = block
        if steps:
            found[section.partition("\n")[0]] = steps
    return found


SECTIONS = read_page()
OWN_PROJECT = "In a project of your own"

NEEDS_ENVIRONMENT = re.compile(
    r"\bmeltano (run|invoke|el|config|select|schedule run)\b(?! set tap-akeneo _select)"
)
"""Commands whose result depends on the environment, unless they name one.

`_select` is set for all environments.
"""


@pytest.fixture(scope="module")
def loader() -> dict[str, Any]:
    """The installed loader of meltano.yml."""
    set_up("only-meltano")
    return duckdb_loader()


@pytest.fixture
def project(start_pim: StartPim, tmp_path: Path, loader: dict[str, Any]) -> Project:
    return Project.copied(tmp_path, settings_for(start_pim()), loader)


def first_line_not_in(output: str, expected: list[str]) -> str | None:
    """Return the first line that is missing from the output, or out of order there."""
    lines = iter([" ".join(line.split()) for line in output.splitlines()])
    for line in expected:
        text = ".*".join(map(re.escape, line.split("…")))
        as_printed_or_logged = re.compile(rf"(\S+Z )?(\[\w+ \] )?{text}")
        if not any(map(as_printed_or_logged.fullmatch, lines)):
            return line
    return None


def is_part(part: Any, whole: Any) -> bool:
    """Return whether parsed YAML contains a part, which may omit keys and list items."""
    if isinstance(part, dict):
        return all(name in whole and is_part(value, whole[name]) for name, value in part.items())
    if isinstance(part, list) and isinstance(part[0], dict):
        return all(any(is_part(each, one) for one in whole) for each in part)
    return bool(part == whole)


def test_most_commands_are_shown_with_their_output() -> None:
    steps = [step for of_section in SECTIONS.values() for step in of_section]
    assert sum(bool(step.output) for step in steps) > len(steps) / 2


def test_after_a_change_of_settings_all_rows_in_duckdb_are_alike(
    start_pim: StartPim, tmp_path: Path, loader: dict[str, Any]
) -> None:
    pim = start_pim(products=246)
    project = Project.copied(tmp_path, settings_for(pim), loader)
    run = "meltano run tap-akeneo akeneo-duckdb-loader"
    code, output = project.run(run, TAP_AKENEO_ATTRIBUTES='["color"]')
    assert code == 0, output
    assert wrong_tables(project, pim) == ["products", "product_models"]
    code, output = project.run(run)
    assert code == 0, output
    line = "attributes changed since the last run: reading everything once"
    assert output.count(line) == len(["products", "product_models"])
    assert wrong_tables(project, pim) == []


def wrong_tables(project: Project, pim: SimulatedPim) -> list[str]:
    tables = compare(project.home / "akeneo.duckdb", pim)
    return [table.name for table in tables if not table.is_right]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_name_the_environment_that_they_depend_on(page: Path) -> None:
    assert NEEDS_ENVIRONMENT.findall("meltano select tap-akeneo\nmeltano state list") == ["select"]
    blocks = FENCE.findall(page.read_text(encoding="utf-8"))
    commands = "\n".join(block for language, _, block in blocks if language == "bash")
    assert NEEDS_ENVIRONMENT.findall(commands) == []


@pytest.mark.parametrize("heading", [one for one in SECTIONS if one != OWN_PROJECT])
def test_the_page_shows_what_meltano_does(project: Project, heading: str) -> None:
    for step in SECTIONS[heading]:
        code, output = project.run(step.commands)
        assert code == step.exit_code, output
        assert first_line_not_in(output, step.output) is None, output
        assert is_part(yaml.safe_load(step.added), read(project.home))


def test_the_page_of_scores_shows_what_to_select_and_ask(
    start_pim: StartPim, tmp_path: Path, loader: dict[str, Any]
) -> None:
    pim = start_pim()
    project = Project.copied(tmp_path, settings_for(pim), loader)
    ((_, _, commands),) = [block for block in FENCE.findall(SCORES_PAGE) if block[0] == "bash"]
    before = completeness_in(pim)
    for write in (lambda: project.run(commands), lambda: change_requirements(pim)):
        write()
        code, output = project.run("meltano --environment=prod run tap-akeneo akeneo-duckdb-loader")
        assert code == 0, output
    with duckdb.connect(str(tmp_path / "akeneo.duckdb"), read_only=True) as connection:
        found = connection.execute(COMPLETENESS["duckdb"]).fetchall()
    assert sorted(found) == completeness_in(pim) != before


def test_a_project_of_ones_own_loads_tables_but_no_personal_data_and_nothing_off_by_default(
    start_pim: StartPim, tmp_path: Path
) -> None:
    set_up("only-meltano")
    pim = start_pim("saas", products=10)
    create, run = SECTIONS[OWN_PROJECT]
    assert REPOSITORY in create.commands
    code, output = Project(tmp_path, {}).run(
        create.commands.replace(f"{REPOSITORY}.git", str(ROOT))
    )
    assert code == create.exit_code, output
    project = Project(tmp_path / "warehouse", settings_for(pim))
    code, output = project.run(run.commands, 900)
    assert code == run.exit_code, output
    assert first_line_not_in(output, run.output) is None, output
    code, output = project.run("meltano --environment=prod schedule run akeneo-hourly")
    assert code == 0, output
    with duckdb.connect(str(project.home / "akeneo.duckdb"), read_only=True) as connection:
        found = connection.execute(
            "select table_name from information_schema.tables where table_schema = 'main'"
        ).fetchall()
        rows = connection.execute("select count(*) from akeneo__products").fetchall()
        tables = {table for (table,) in found}
        as_json = "select to_json(loaded)::varchar from {} as loaded"
        stored = str(
            [connection.execute(as_json.format(table)).fetchall() for table in sorted(tables)]
        )
    assert rows == [(len(pim.truth("products")),)]
    tap = TapAkeneo(config=settings_for(pim, with_personal_data=True))
    off = {name for name, stream in tap.streams.items() if not stream.selected_by_default}
    personal = {stream.name for stream in STREAMS if stream.is_personal}
    assert {"product_keys", "product_drafts", "workflow_step_assignees"} <= off | personal
    assert tables & tap.streams.keys() == tap.streams.keys() - off - personal
    assert people(pim)
    assert not [text for text in people(pim) if text in stored]


def test_the_documented_selection_is_that_of_our_project_and_of_the_hub() -> None:
    create, _ = SECTIONS[OWN_PROJECT]
    (select,) = re.findall(r"^ +select: (.+)$", create.commands, flags=re.MULTILINE)
    assert yaml.safe_load(select) == definition()["select"] == EXTRACTOR["select"]
