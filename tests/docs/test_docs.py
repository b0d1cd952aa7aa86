"""The documentation matches the code, and its links and commands work."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pim_simulator import PROFILES
from tap_akeneo.client import http, transport
from tap_akeneo.config.schema import SETTINGS_SCHEMA
from tap_akeneo.streams import STREAMS
from tap_akeneo.streams.resource import load_schema
from tap_akeneo.tap import TapAkeneo
from tests.docs.tables import DOCS, PAGES, README, ROOT, STALE, TABLES, with_table
from tests.support import settings_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartPim

TEXT = README.read_text(encoding="utf-8")
SIMULATOR = DOCS.joinpath("simulator.md").read_text(encoding="utf-8")
CODE_BLOCK = re.compile(r"^```(\w*)[^\n]*\n(.*?)^```$", flags=re.DOTALL | re.MULTILINE)
MAX_LINES = 175

TARGET = """\
import json, sys
for line in sys.stdin:
    message = json.loads(line)
    if message["type"] == "STATE":
        print(json.dumps(message["value"]))
"""
"""A target that writes no rows, only states."""


def blocks(text: str, language: str) -> list[str]:
    """Return the code blocks of a page in one language."""
    return [code for of, code in CODE_BLOCK.findall(text) if of == language]


def block_with(text: str, part: str) -> str:
    """Return the only code block that contains a text."""
    (found,) = [code for _, code in CODE_BLOCK.findall(text) if part in code]
    return str(found)


def anchors(page: Path) -> set[str]:
    """Return the anchors that GitHub generates for a page's headings."""
    text = CODE_BLOCK.sub("", page.read_text(encoding="utf-8"))
    headings = re.findall(r"^#+ (.+)$", text, flags=re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def relative_links(page: Path) -> list[str]:
    text = CODE_BLOCK.sub("", page.read_text(encoding="utf-8"))
    links = re.findall(r"\]\(([^)\s]+)\)", text)
    return [link for link in links if not link.startswith(("https:", "http:", "mailto:"))]


@pytest.mark.parametrize("table", TABLES)
def test_the_tables_match_the_code(table: str) -> None:
    page, _ = TABLES[table]
    text = page.read_text(encoding="utf-8")
    assert f"<!-- {table} -->\n|" in text
    assert with_table(text, table) == text, "write it again: python -m tests.docs"


def test_the_columns_that_may_be_old_exist_in_incremental_streams() -> None:
    for name, columns in STALE.items():
        (stream, *_) = [one for one in STREAMS if one.name == name]
        assert stream.replication_key
        assert columns.keys() <= load_schema(name, stream.primary_keys)["properties"].keys()


def test_every_stream_class_is_listed_once_and_has_a_docstring() -> None:
    assert len(STREAMS) == len(set(STREAMS))
    for stream in STREAMS:
        assert stream.__doc__


def test_the_first_two_code_blocks_of_the_readme_are_one_command_each() -> None:
    first, second, *_ = blocks(TEXT, "bash")
    assert first.strip() == "bash scripts/demo"
    assert second.strip() == "bash scripts/test"


def test_the_readme_is_short_without_its_generated_tables() -> None:
    written = re.sub(r"<!-- (\w+) -->\n.*?<!-- end of \1 -->\n", "", TEXT, flags=re.DOTALL)
    assert len(written.splitlines()) <= MAX_LINES


def test_the_readme_lists_the_capabilities_of_the_tap() -> None:
    (line,) = re.findall(r"\*\*Singer capabilities\*\*: (.+?)\.\n\n", TEXT, flags=re.DOTALL)
    assert set(re.findall(r"`([^`]+)`", line)) == {str(one.value) for one in TapAkeneo.capabilities}


def test_the_readme_lists_the_supported_versions() -> None:
    section = TEXT.partition("\n## Supported PIM versions\n")[2].partition("\n## ")[0]
    assert "ten versions" in section
    assert len(PROFILES) == 10
    recorded = ("5.0.118", "6.0.90", "7.0.22", "7.0.84", "April 2024", "2026", "LibrePIM 8")
    assert [version for version in recorded if version not in section] == []


def test_the_simulator_page_lists_all_profiles() -> None:
    table = SIMULATOR.partition("| Profile | Simulates |\n|---|---|\n")[2].partition("\n\n")[0]
    assert set(re.findall(r"`([a-z0-9-]+)`", table)) == set(PROFILES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_relative_links_point_to_existing_pages_and_headings(page: Path) -> None:
    for link in relative_links(page):
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def test_every_page_is_reachable_from_the_readme() -> None:
    reached, left = {README}, [README]
    while left:
        page = left.pop()
        for link in relative_links(page):
            target = (page.parent / link.partition("#")[0]).resolve()
            if target.suffix == ".md" and target not in reached:
                reached.add(target)
                left.append(target)
    assert set(PAGES) - reached == {ROOT / "AGENTS.md"}


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder with the commands that a user has after installation."""
    folder = tmp_path / "bin"
    folder.mkdir()
    (folder / "target.py").write_text(TARGET)
    for name, arguments in {
        "tap-akeneo": "-m tap_akeneo",
        "target-jsonl": folder / "target.py",
    }.items():
        program = folder / name
        program.write_text(f'#!/bin/sh\nexec "{sys.executable}" {arguments} "$@"\n')
        program.chmod(0o755)
    return folder


def test_the_commands_without_meltano_keep_the_state_between_runs(
    start_pim: StartPim, tmp_path: Path, programs: Path
) -> None:
    pim = start_pim(products=10)
    (tmp_path / "config.json").write_text(json.dumps(settings_for(pim, max_retries=0)))
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    discover, script = block_with(TEXT, "examples/run.sh").splitlines()
    environment = {
        **os.environ,
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
    }

    def run(lines: str) -> int:
        ended = subprocess.run(  # noqa: S603 (our own commands)
            ["bash", "-c", lines],  # noqa: S607 (as users run them)
            cwd=tmp_path,
            env=environment,
            check=False,
            timeout=60,
        )
        return ended.returncode

    def bookmark() -> str:
        state = json.loads((tmp_path / "state.json").read_text())
        return str(state["bookmarks"]["products"]["replication_key_value"])

    assert run(discover) == 0
    assert run(script) == 0
    first = bookmark()
    pim.clock.advance(hours=1)
    pim.faults.add("status", "/channels", status=403, times=None)
    assert run(script) == 1
    second = bookmark()
    assert second > first
    pim.faults.add("status", "/token", status=403, times=None)
    assert run(script) == 1
    assert bookmark() == second


NUMBERS = ("no", "one", "two", "three", "four", "five")
SETTINGS: dict[str, Any] = SETTINGS_SCHEMA["properties"]
RETRIES: int = SETTINGS["max_retries"]["default"]
PARALLEL = NUMBERS[SETTINGS["max_concurrency"]["default"]]
LONGEST = NUMBERS[transport.MAX_RESPONSE_TIME]
LARGEST = f"{transport.MAX_RESPONSE_SIZE >> 20} MB"

PROMISES = [
    ("README.md", f"Waits double from {http.FIRST_WAIT:g} s to {http.MAX_WAIT:g} s"),
    ("README.md", f"{RETRIES} retries take about two minutes"),
    ("README.md", f"A whole response may take {LONGEST} times as long."),
    ("README.md", f"{PARALLEL} parallel requests"),
    ("SECURITY.md", f"{LONGEST} times `request_timeout` at the latest, has at most {LARGEST}"),
    ("docs/media.md", f"The limit of {LARGEST} for each response"),
    ("docs/backfill.md", f"One run uses {PARALLEL} parallel requests"),
    ("docs/performance.md", f"{PARALLEL} requests run in parallel"),
    ("docs/performance.md", f"A page has at most {SETTINGS['page_size']['maximum']} items."),
    (
        "docs/state.md",
        f"`lookback_seconds` (default: {SETTINGS['lookback_seconds']['default'] // 60} minutes)",
    ),
]
"""Sentences of the documentation with numbers that are constants or defaults of the tap."""


@pytest.mark.parametrize(("page", "sentence"), PROMISES)
def test_the_numbers_that_the_documentation_promises_are_those_of_the_code(
    page: str, sentence: str
) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    assert sentence in " ".join(text.split())


def test_all_retries_take_about_two_minutes() -> None:
    longest = sum(min(http.FIRST_WAIT * 2**retry, http.MAX_WAIT) for retry in range(RETRIES))
    # Each wait is between half of the longest one and the longest one.
    assert 90 <= 0.75 * longest <= 150


def test_the_first_requests_are_tried_twice_and_wait_for_a_minute_at_most() -> None:
    text = " ".join(DOCS.joinpath("troubleshooting.md").read_text(encoding="utf-8").split())
    assert "without a state, the first requests are tried only twice" in text
    assert "unless the server says to come back within a minute (`Retry-After`)" in text
    assert (http.MAX_FIRST_RETRIES, http.MAX_FIRST_WAIT) == (1, 60)


def test_the_defaults_are_those_of_the_settings_table() -> None:
    expected = {
        "lookback_seconds": 300,
        "page_size": 100,
        "max_concurrency": 4,
        "request_timeout": 120,
        "max_retries": 8,
    }
    assert {name: SETTINGS[name]["default"] for name in expected} == expected
    for name, default in expected.items():
        assert f"| `{name}` | `{default}` |" in TEXT


def test_contributing_lists_exactly_the_existing_modules() -> None:
    text = ROOT.joinpath("CONTRIBUTING.md").read_text(encoding="utf-8")
    table = text.partition("| In `tap_akeneo/` | Content |\n")[2].partition("\n\n")[0]
    named = set()
    for row in table.splitlines()[1:]:
        folder = ""
        for name in re.findall(r"`([^`]+)`", row.split(" | ")[0]):
            # In a list such as `client/http.py`, `request.py`, the folder is written once.
            path = name if "/" in name else folder + name
            folder = path.rpartition("/")[0] + "/" if "/" in path else ""
            assert (ROOT / "tap_akeneo" / path).exists(), path
            named.add(path)
    modules = {
        str(module.relative_to(ROOT / "tap_akeneo"))
        for module in (ROOT / "tap_akeneo").rglob("*.py")
        if not module.name.startswith("__")
    }
    # For these two folders the table may omit modules.
    in_folders = {module for module in modules if module.startswith(("streams/", "config/"))}
    assert modules - in_folders <= named


PYTHON_COMMANDS = [
    command.removeprefix(".venv/bin/python ")
    for page in PAGES
    for code in blocks(page.read_text(encoding="utf-8"), "bash")
    for command in code.splitlines()
    if command.startswith(".venv/bin/python -m ")
]


@pytest.mark.parametrize("command", PYTHON_COMMANDS)
def test_options_of_documented_commands_exist(command: str) -> None:
    ended = subprocess.run(  # noqa: S603 (our own commands)
        [sys.executable, *command.split(), "--help"],
        cwd=ROOT,
        check=False,
        capture_output=True,
        timeout=60,
    )
    assert ended.returncode == 0, ended.stderr


def test_the_simulator_example_runs() -> None:
    (example,) = blocks(SIMULATOR, "python")
    exec(compile(example, "simulator.md", "exec"), {})  # noqa: S102 (our own page)
