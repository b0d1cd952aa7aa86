"""docs/targets.md lists each loader that is tried, with measured results."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from demo.database import compare_rows
from pim_simulator import SimulatedPim
from tests.targets.changes import held
from tests.targets.feed import (
    ODD_CODES,
    Feed,
    add_odd_codes,
    old_feed,
    read_enterprise,
    rows_of,
    streams_of,
)
from tests.targets.loaders import LOADERS, Loader, Place, nested_to_json
from tests.targets.matrix import Held, try_loader
from tests.targets.page import (
    END,
    MARK,
    PAGE,
    SPEED_END,
    SPEED_MARK,
    speed_table,
    with_table,
)
from tests.targets.postgres import Postgres
from tests.targets.reading import numbers_in, restored
from tests.targets.speed import Speed

if TYPE_CHECKING:
    from tests.support import Message
    from tests.targets.feed import Rows
    from tests.targets.reading import Key, Numbers

TEXT = PAGE.read_text(encoding="utf-8")
TABLE = TEXT.partition(MARK)[2].partition(END)[0]
ROWS = {row.split("`")[1].split("==")[0]: row for row in TABLE.splitlines() if row[:3] == "| `"}

WITH_ODD_VALUES = {
    *("attributes", "asset_attributes", "reference_entity_attributes"),
    *("products", "product_drafts"),
}
"""Streams in which `tests.targets.feed.add_odd_values` changes values."""


def test_the_page_has_a_row_for_each_loader_and_version() -> None:
    assert list(ROWS) == [loader.name for loader in LOADERS]
    for loader in LOADERS:
        assert ROWS[loader.name].startswith(f"| {loader.label} |")


def test_seven_loaders_work_and_the_page_explains_why_others_fail() -> None:
    works = {name: cells.split(" | ")[1] for name, cells in ROWS.items()}
    assert sum(not cell.startswith("no:") for cell in works.values()) >= 7
    for loader in LOADERS:
        assert works[loader.name].startswith("no:") == bool(loader.fails)
        assert works[loader.name].endswith(loader.fails or loader.needs or "yes")


def test_the_table_contains_no_local_paths() -> None:
    assert not re.search(r"(^|\W)/[a-z]", TABLE)


def test_the_documented_csv_settings_are_the_tested_ones() -> None:
    section = TEXT.partition("\n## CSV\n")[2]
    config = yaml.safe_load(section.split("```")[1].removeprefix("yaml"))["config"]
    (tried,) = [one for one in LOADERS if one.name == "meltanolabs-target-csv"]
    settings = tried.settings(NOWHERE)
    assert config["file_naming_scheme"] == settings["file_naming_scheme"]
    for stream, maps in config["stream_maps"].items():
        assert maps.items() <= nested_to_json()[stream].items()


def test_the_feed_contains_all_rows_of_the_pim_and_marks_deletions(tmp_path: Path) -> None:
    wrong: list[str] = []

    def compare(pim: SimulatedPim, messages: list[Message]) -> None:
        for stream, rows in rows_of(messages).items():
            if stream == "readings":
                continue
            told = [restored(stream, row) for row in rows.values()]
            table = compare_rows(stream, told, held(pim, stream))
            # The feed sends odd values there, so only the rows are the PIM's.
            is_right = (
                table.rows == table.in_pim and not table.surplus
                if stream in WITH_ODD_VALUES
                else table.is_right
            )
            if not is_right:
                wrong.append(stream)

    *_, third = read_enterprise(tmp_path / "feed", compare)
    assert wrong == []
    assert "ACTIVATE_VERSION" in {message["type"] for message in third}
    assert len(streams_of(third)) > 30


def test_the_feed_of_a_pim_before_7_has_odd_identifiers_and_numbers_with_all_digits(
    tmp_path: Path,
) -> None:
    old = old_feed(tmp_path)
    refused = {"one, two", "one; two", " around "}
    for stream in ("products", "product_keys", "product_scores"):
        assert {(code,) for code in ODD_CODES} - old.sent[0][stream].keys() == {
            (code,) for code in refused
        }
        assert old.gone.get(stream) or stream == "products"
    for stream in ("product_models", "product_model_keys"):
        assert {(code,) for code in ODD_CODES} <= old.sent[0][stream].keys()
    assert old.sent[0]["products"] != old.sent[1]["products"]
    assert sorted(old.numbers["many digits",].values()) == [
        Decimal("-1.234567890123456789012345"),
        Decimal("0.1234567890123456789"),
        Decimal(9007199254740993),
        Decimal("12345678901234567.89"),
    ]


def test_the_table_of_speeds_has_a_place_on_the_page_and_a_row_for_each_measured_loader() -> None:
    assert TEXT.count(SPEED_MARK) == TEXT.count(SPEED_END) == 1
    working = [loader for loader in LOADERS if not loader.fails]
    results = {loader.name: Speed({"batch_size_rows": 5}, 1234, 987, 56) for loader in working}
    written = speed_table(results, 20_000, 4321)
    assert "at 4,321 rows per processor second" in written
    rows = [line for line in written.splitlines() if line[:3] == "| `"]
    assert len(rows) == len(working)
    assert all(
        row.endswith("| 1,234 | 987 | 56 MB | `batch_size_rows: 5` | nothing |") for row in rows
    )
    page = with_table(TEXT, written, (SPEED_MARK, SPEED_END))
    assert page.startswith(f"{TEXT.partition(SPEED_MARK)[0]}{SPEED_MARK}{written}\n{SPEED_END}")
    assert page.endswith(TEXT.partition(SPEED_END)[2])


NOWHERE = Place(Path(), Postgres(0, Path()))
SENT: Rows = {"locales": {("en_US",): {"code": "en_US", "enabled": True}}}
FOUND = {"code": "en_US", "enabled": True}


def test_lost_or_changed_rows_are_not_counted_as_right() -> None:
    assert Held({"locales": {("en_US",): FOUND}}).right(SENT) == 1
    assert Held({"locales": {("en_US",): {**FOUND, "enabled": False}}}).right(SENT) == 0
    assert Held({"locales": {}}).right(SENT) == 0


def test_lost_digits_and_lost_numbers_are_told_apart() -> None:
    number = Decimal("0.1234567890123456789")
    sent: dict[Key, Numbers] = {("a",): {"value_rating": number}}
    for stored, text in (
        (number, "all digits"),
        (str(number), "all digits"),
        (float(number), "rounded to floats"),
        (0.12, "changed"),
        (None, "changed"),
    ):
        held = Held(numbers={("a",): numbers_in({"value_rating": stored})})
        assert held.digits(sent) == text
    assert Held().digits(sent) == "changed"


def test_a_date_in_another_time_zone_and_an_empty_text_are_not_taken_for_right() -> None:
    sent: Rows = {
        "assets": {
            ("a", "b"): {"asset_family": "a", "code": "b", "updated": "2026-10-25T01:30:00Z"}
        },
        "locales": {("en_US",): {"code": "en_US", "enabled": True, "additional_fields": None}},
        "attributes": {("a",): {"code": "a", "validation_regexp": ""}},
    }
    found: Rows = {
        stream: {key: restored(stream, row, keeps_empty=True) for key, row in rows.items()}
        for stream, rows in sent.items()
    }
    assert Held(found).right(sent) == 3
    found["assets"]["a", "b"]["updated"] -= timedelta(hours=5)
    found["attributes"]["a",]["validation_regexp"] = None
    assert [*Held(found).wrong(sent)] == [("assets", ("a", "b")), ("attributes", ("a",))]


def test_the_feed_has_dates_of_summer_and_winter_and_codes_that_are_hard_to_quote() -> None:
    pim = SimulatedPim("ee-7", seed=1, products=60, timezone="Europe/Paris")
    dates = [row["updated"][-6:] for row in pim.truth("products")]
    assert {*dates} == {"+01:00", "+02:00"}
    add_odd_codes(pim)
    for stream in ("categories", "assets", "attribute_options", "product_models"):
        assert {*ODD_CODES} <= {row["code"] for row in pim.truth(stream)}


def test_a_failing_loader_is_reported_as_a_result(tmp_path: Path) -> None:
    def settings(_: Place) -> dict[str, object]:
        msg = "there is no such folder: /nowhere/at/all"
        raise OSError(msg)

    broken = Loader("broken", "broken", settings, lambda _: iter(()), folder="./duckdb_loader")
    feed = Feed("today", [tmp_path / "messages"])
    result = try_loader(broken, [feed], Place(tmp_path, Postgres(0, Path())))
    assert result.cells()[0] == "no: there is no such folder: …"
