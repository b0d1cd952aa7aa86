"""The columns of `value_columns` arrive in CSV files, which have no nested values."""

from __future__ import annotations

import csv
import json
import subprocess
from typing import TYPE_CHECKING

from tests.support import command, settings_for
from tests.targets.loaders import LOADERS
from tests.targets.meltano import make_environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartPim
    from tests.support import Ended

ATTRIBUTES = ("name", "price", "weight", "tags", "on_sale", "release_date")
(CSV,) = (loader for loader in LOADERS if loader.name == "meltanolabs-target-csv")


def test_a_csv_file_has_the_value_of_each_column(start_pim: StartPim, tmp_path: Path) -> None:
    ended = run_with_columns_only(start_pim)
    # Numbers stay text, because their digits are compared.
    messages = [json.loads(line, parse_float=str) for line in ended.stdout.splitlines()]
    sent = [one["record"] for one in messages if one["type"] == "RECORD"]
    settings = tmp_path / "target.json"
    settings.write_text(json.dumps({"output_path": str(tmp_path)}), encoding="utf-8")
    subprocess.run(  # noqa: S603 (a loader that we installed)
        [make_environment(CSV.name, CSV.requirements) / CSV.command, "--config", settings],
        input=ended.stdout,
        text=True,
        check=True,
        capture_output=True,
        timeout=60,
    )
    with (tmp_path / "products.csv").open(encoding="utf-8", newline="") as file:
        rows = {row["uuid"]: row for row in csv.DictReader(file)}
    assert len(rows) == len(sent) > 0
    for record in sent:
        columns = {name: one for name, one in record.items() if name.startswith("value_")}
        assert len(columns) > len(ATTRIBUTES)
        for name, content in columns.items():
            assert rows[record["uuid"]][name] == ("" if content is None else str(content))


def run_with_columns_only(start_pim: StartPim) -> Ended:
    """Read products with the columns of some attributes, and with no other property."""
    settings = settings_for(start_pim(), value_columns=ATTRIBUTES)
    found = json.loads(command("--discover", config=settings).stdout)
    for entry in found["streams"]:
        for one in entry["metadata"]:
            name = one["breadcrumb"][-1] if one["breadcrumb"] else ""
            one["metadata"]["selected"] = (
                name.startswith("value_") if name else entry["tap_stream_id"] == "products"
            )
    return command(config=settings, catalog=found)
