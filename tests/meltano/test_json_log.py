"""`meltano --log-format=json` prints one JSON object per line, as docs/troubleshooting.md says."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

from tests.docs.troubleshooting import PAGE
from tests.meltano.project import Project
from tests.support import settings_for
from tests.targets.duck import duckdb_loader
from tests.targets.loaders import POSTGRES
from tests.targets.meltano import make_environment, set_up
from tests.targets.warehouse import postgres_loader

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim


def failed_run(
    pim: SimulatedPim, home: Path, loader: Mapping[str, Any]
) -> dict[str, list[dict[str, Any]]]:
    """Run the tap and a loader, one of which fails; return the lines by the program's name."""
    set_up("only-meltano")
    project = Project.copied(home, settings_for(pim), loader)
    project.variables["TAP_AKENEO__SELECT"] = '["channels.*", "families.*", "products.*"]'
    (command,) = re.findall(r"`(meltano --log-format=json) …`", PAGE.read_text(encoding="utf-8"))
    code, log = project.run(f"{command} --environment=prod run tap-akeneo {loader['name']}")
    assert code == 1
    lines: dict[str, list[dict[str, Any]]] = {}
    for line in map(json.loads, log.splitlines()):
        assert {"event", "level", "timestamp"} <= line.keys()
        lines.setdefault(line.get("string_id", "meltano"), []).append(line)
    return lines


def test_lines_of_the_tap_have_its_level_the_stream_and_the_summary_as_data(
    start_pim: StartPim, tmp_path: Path
) -> None:
    pim = start_pim(products=5)
    pim.permissions.discard("pim_api_family_list")
    lines = failed_run(pim, tmp_path, duckdb_loader())["tap-akeneo"]
    first, last = [line["event"] for line in lines if line["level"] == "error"]
    assert first.startswith("families: the PIM answers 403: ")
    assert last == "1 of 3 streams failed: families"
    assert "products: 5 rows in full" in [line["event"] for line in lines]
    (summary,) = [line["summary"] for line in lines if "summary" in line]
    assert summary["incomplete_streams"] == ["families"]
    assert summary["rows"] == 5 + summary["full_tables"]["channels"]


def test_tracebacks_of_the_loader_are_json_too(start_pim: StartPim, tmp_path: Path) -> None:
    programs = make_environment(POSTGRES.name, POSTGRES.requirements)
    settings = {"host": "127.0.0.1", "port": 9, "user": "tap", "password": "made-up"}
    loader = postgres_loader(programs, settings)
    lines = failed_run(start_pim(products=5), tmp_path, loader)[loader["name"]]
    assert any("Connection refused" in json.dumps(line) for line in lines)
