"""The log of a normal run fits on half a screen, and says what was read."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

import pytest

from tests.conftest import PROFILES
from tests.docs.troubleshooting import PAGE
from tests.support import Ended, command, settings_for

if TYPE_CHECKING:
    from pathlib import Path

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim

MOST_LINES = 12
PREFIX = re.compile(r"^\S+ \S+ \| \w+ +\| \S+ +\| ", flags=re.MULTILINE)
SINCE = r"since 20\S+\+00:00"


def run(pim: SimulatedPim, folder: Path, **env: str) -> Ended:
    """Run the tap with the state of the run before."""
    config, state = folder / "config.json", folder / "state.json"
    config.write_text(json.dumps(settings_for(pim, pim_timezone="UTC")))
    if not state.exists():
        state.write_text("{}")
    ended = command("--config", config, "--state", state, env=env)
    assert ended.code == 0, ended.log
    states = [one["value"] for one in ended.messages if one["type"] == "STATE"]
    state.write_text(json.dumps(states[-1]))
    return ended


def lines(ended: Ended) -> list[str]:
    """Return the lines of the log without their prefixes."""
    return PREFIX.sub("", ended.log).splitlines()


def rows_from_the_pim(ended: Ended) -> int:
    """Return the number of rows, without those that say what was read."""
    rows = [one["stream"] for one in ended.messages if one["type"] == "RECORD"]
    return sum(stream != "readings" for stream in rows)


def line_of(stream: str, ended: Ended) -> str:
    """Return the only line of a stream."""
    (line,) = [one for one in lines(ended) if one.startswith(f"{stream}: ")]
    return line


@pytest.mark.parametrize("profile", PROFILES)
def test_a_normal_run_prints_at_most_a_dozen_lines(
    start_pim: StartPim, tmp_path: Path, profile: str
) -> None:
    pim = start_pim(profile, products=20)
    for _ in range(2):
        shown = lines(run(pim, tmp_path))
        assert len(shown) <= MOST_LINES, shown
    assert shown[0].startswith("tap-akeneo v")
    assert re.fullmatch(rf"reading \d+ of \d+ streams of {pim.url}", shown[1])
    assert shown[-1].endswith("incomplete streams: none")


def test_an_incremental_stream_has_a_line_that_tells_changed_rows_from_rows_read_before(
    start_pim: StartPim, tmp_path: Path
) -> None:
    pim = start_pim(products=60)
    first = run(pim, tmp_path)
    assert line_of("products", first) == "products: 60 rows in full"
    product = next(one for one in pim.truth("products") if not one["parent"])
    pim.clock.advance(seconds=3600)
    pim.write.change("products", product["uuid"], enabled=not product["enabled"])
    # The tap takes an earlier time of the PIM's clock the longer a response takes.
    pim.clock.advance(seconds=60)
    second = run(pim, tmp_path)
    assert re.fullmatch(f"products: 1 rows {SINCE}", line_of("products", second))
    third = run(pim, tmp_path)
    expected = f"products: 1 rows {SINCE}, 1 of them read before"
    assert re.fullmatch(expected, line_of("products", third))
    # The PIM filters categories by no reliable date, so the tap reads all of them.
    number = len(pim.truth("categories"))
    expected = f"categories: {number} rows in full, {number} of them read before"
    assert line_of("categories", third) == expected


def test_variants_of_a_changed_model_count_as_changed(start_pim: StartPim, tmp_path: Path) -> None:
    pim = start_pim(products=60)
    run(pim, tmp_path)
    pim.clock.advance(seconds=3 * 3600)
    variant = next(one for one in pim.truth("products") if one["parent"])
    pim.write.change("product_models", variant["parent"], categories=["outlet"])
    line = line_of("products", run(pim, tmp_path))
    assert re.fullmatch(rf"products: [1-9]\d* rows {SINCE}", line)


def test_the_full_tables_have_one_line_together_and_the_summary_adds_up(
    start_pim: StartPim, tmp_path: Path
) -> None:
    pim = start_pim(products=60)
    run(pim, tmp_path)
    ended = run(pim, tmp_path)
    counts = {
        stream: sum(
            one["type"] == "RECORD" for one in ended.messages if one.get("stream") == stream
        )
        for stream in ("families", "locales")
    }
    line = line_of("full tables", ended)
    assert all(f"{stream} {rows}" in line for stream, rows in counts.items())
    assert "products" not in line
    summary = lines(ended)[-1]
    rows = rows_from_the_pim(ended)
    changed, before, full = map(
        int,
        re.findall(r"new or changed: (\d+), read before: (\d+), in full tables: (\d+)", summary)[0],
    )
    assert summary.startswith(f"{rows} rows, ")
    assert changed + before + full == rows
    assert (changed, before) == (0, len(pim.truth("categories")))
    assert f"full tables: {full} rows" in line


def test_one_line_names_all_streams_whose_deleted_rows_stay(start_pim: StartPim) -> None:
    pim = start_pim(products=5)
    config = settings_for(pim, emit_activate_version_messages=True)
    read = {one["stream"] for one in command(config=config).messages if one["type"] == "SCHEMA"}
    pim.permissions.discard("pim_api_overall_access")
    ended = command(config=config)
    assert ended.code == 1
    (line,) = (one for one in lines(ended) if "stay for now" in one)
    (failed,) = (one for one in lines(ended) if "streams failed: " in one)
    keeping, missing = (set(one.rpartition(": ")[2].split(", ")) for one in (line, failed))
    # The others are incremental, so each run keeps their deleted rows.
    assert {"families", "locales"} <= keeping < missing <= read
    assert len(lines(ended)) <= MOST_LINES, ended.log


def test_a_line_of_a_stream_begins_with_its_name(start_pim: StartPim, tmp_path: Path) -> None:
    pim = start_pim(products=20)
    state = {"replication_key": "updated", "replication_key_value": "2099-01-01T00:00:00+00:00"}
    (tmp_path / "state.json").write_text(json.dumps({"bookmarks": {"products": state}}))
    assert "\nproducts: the bookmark 2099-01-01" in PREFIX.sub("", run(pim, tmp_path).log)


@pytest.mark.parametrize("variable", ["LOGLEVEL", "TAP_AKENEO_LOGLEVEL"])
def test_debug_logging_also_shows_what_the_sdk_does(
    start_pim: StartPim, tmp_path: Path, variable: str
) -> None:
    log = run(start_pim(products=5), tmp_path, **{variable: "DEBUG"}).log
    assert "Beginning sync of 'products' in incremental mode" in log
    assert "Skipping deselected stream 'product_keys'" in log
    assert 'METRIC: {"type":"counter","metric":"record_count","value":5' in log


def test_the_documented_configuration_logs_json_and_collects_the_metrics_of_the_sdk(
    start_pim: StartPim, tmp_path: Path
) -> None:
    (block,) = re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), flags=re.DOTALL)
    log_config, metrics = tmp_path / "logging.yaml", tmp_path / "metrics.jsonl"
    log_config.write_text(block.replace("metrics.jsonl", str(metrics)))
    pim = start_pim(products=20)
    ended = run(pim, tmp_path, SINGER_SDK_LOG_CONFIG=str(log_config))
    shown = [json.loads(line) for line in ended.log.splitlines()]
    assert len(shown) <= MOST_LINES
    summary = shown[-1]["extra"]["summary"]
    assert summary["rows"] == rows_from_the_pim(ended)
    assert summary["full_tables"]["families"] == len(pim.truth("families"))
    assert summary["incomplete_streams"] == []
    points = [json.loads(line)["metric_info"] for line in metrics.read_text().splitlines()]
    counts = {one["tags"]["stream"]: one["value"] for one in points if one["type"] == "counter"}
    assert counts["products"] == 20


def test_a_test_that_succeeds_says_so_in_its_only_line(start_pim: StartPim) -> None:
    ended = command("--test", config=settings_for(start_pim(products=5)))
    assert ended.code == 0
    assert lines(ended) == ["all selected streams can be read"]
