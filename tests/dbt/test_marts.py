"""The tables of the dbt package hold what the PIM does, in DuckDB and in PostgreSQL."""

from __future__ import annotations

import json
import sys
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import pytest

from pim_simulator import SimulatedPim, serve
from tests.dbt.marts import DuckdbMarts, PostgresMarts
from tests.dbt.truth import Truth, identifier, key_of, number
from tests.targets.changes import add_spares, delete_some, write
from tests.targets.meltano import set_up
from tests.targets.postgres import NotInstalled, Postgres, serving

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from tests.dbt.marts import Marts
    from tests.dbt.truth import Row

RUNS = ("first", "second")
TABLES = list(Truth(SimulatedPim("ce-7", products=1)).tables())
WITH_DELETIONS = {"products", "product_models", "categories", "assets", "reference_entity_records"}


def comparable(value: Any) -> Any:
    """Return a value so that it is the same from the PIM and from each database."""
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return number(value)
    if isinstance(value, dict) or str(value).startswith("{"):
        # A row of a table attribute. Databases write the same JSON differently.
        return json.dumps(json.loads(value) if isinstance(value, str) else value, sort_keys=True)
    return str(value).replace("T", " ") if str(value)[:4].isdigit() else value


def counted(rows: Iterable[Row], columns: Iterable[str]) -> Counter[tuple[Any, ...]]:
    return Counter(tuple(comparable(row[name]) for name in columns) for row in rows)


@dataclass
class Story:
    """What the tables held after each of two runs, and what the PIM did.

    Attributes:
        found: Rows by run and table.
        expected: The same according to the PIM.
        deleted: The keys of the products that were deleted before the second run.
        before: The products before the changes, by key.
        after: The products after them, and before the deletions.
        last: The products after the deletions.
    """

    marts: Marts
    found: dict[str, dict[str, list[Row]]] = field(default_factory=dict)
    expected: dict[str, dict[str, list[Row]]] = field(default_factory=dict)
    deleted: set[str] = field(default_factory=set)
    before: dict[str, Row] = field(default_factory=dict)
    after: dict[str, Row] = field(default_factory=dict)
    last: dict[str, Row] = field(default_factory=dict)

    def run(self, name: str) -> None:
        self.marts.run()
        truth = Truth(self.marts.pim)
        self.expected[name] = {table: list(rows()) for table, rows in truth.tables().items()}
        others = ("akeneo__product_history", "akeneo__deleted_products", "akeneo__products_wide")
        self.found[name] = {
            table: self.marts.table(table) for table in (*self.expected[name], *others)
        }


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    try:
        with serving() as server:
            yield server
    except NotInstalled as missing:
        pytest.fail(str(missing))


@pytest.fixture(scope="module", params=["duckdb", "postgres"])
def make_marts(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Callable[[SimulatedPim], Marts]:
    if sys.version_info >= (3, 14):
        pytest.skip("dbt 1.11 does not support Python 3.14")
    set_up("only-meltano")

    def make(pim: SimulatedPim) -> Marts:
        home = tmp_path_factory.mktemp("marts")
        if request.param == "duckdb":
            return DuckdbMarts(pim, home)
        return PostgresMarts(pim, home, request.getfixturevalue("postgres"))

    return make


@pytest.fixture(scope="module")
def story(make_marts: Callable[[SimulatedPim], Marts]) -> Iterator[Story]:
    pim = SimulatedPim("ee-7", seed=1, products=60)
    add_spares(pim)
    with serve(pim):
        story = Story(make_marts(pim))
        story.before = products(pim)
        story.run("first")
        write(pim, story.marts.home / "shop.json")
        story.after = products(pim)
        story.deleted = {uuid for (uuid,) in delete_some(pim, WITH_DELETIONS)["products"]}
        story.last = products(pim)
        story.run("second")
        yield story


def products(pim: SimulatedPim) -> dict[str, Row]:
    return {key_of(row): row for row in pim.truth("products")}


@pytest.mark.parametrize("run", RUNS)
@pytest.mark.parametrize("table", TABLES)
def test_each_table_holds_what_the_pim_does(story: Story, table: str, run: str) -> None:
    expected, found = story.expected[run][table], story.found[run][table]
    assert expected
    # If a list names something deleted, the positions behind it are not counted again.
    columns = [name for name in expected[0] if name != "position" or run == "first"]
    missing = counted(expected, columns)
    missing.subtract(counted(found, columns))
    assert {row: count for row, count in missing.items() if count} == {}


def test_deleted_products_are_listed(story: Story) -> None:
    assert story.deleted
    assert story.found["first"]["akeneo__deleted_products"] == []
    found = story.found["second"]["akeneo__deleted_products"]
    assert {row["product_key"] for row in found} == story.deleted
    for row in found:
        assert row["identifier"] == identifier(story.before[row["product_key"]])
        assert row["missing_since"]


def test_the_history_says_what_changed(story: Story) -> None:
    assert story.found["first"]["akeneo__product_history"] == []
    found = story.found["second"]["akeneo__product_history"]
    changes = {
        kind: {row["product_key"] for row in found if row["change"] == kind}
        for kind in ("added", "changed", "deleted")
    }
    before, after = story.before, story.after
    assert changes == {
        "added": after.keys() - before.keys(),
        "deleted": story.deleted,
        "changed": {
            key
            for key, row in after.items()
            if key in before and content(row) != content(before[key])
        }
        - story.deleted,
    }
    for row in found:
        if row["attribute"]:
            key, attribute = row["product_key"], row["attribute"]
            assert before[key]["values"].get(attribute) != story.last[key]["values"].get(attribute)
    names = {row["attribute"] for row in found} | {row["property"] for row in found}
    assert {"price", "name", "brand", "enabled"} <= names


def content(row: Row) -> Row:
    return {name: value for name, value in row.items() if name != "updated"}
