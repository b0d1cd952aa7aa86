"""The SQL of docs/deletions.md finds deleted rows, that of docs/freshness.md changed ones."""

from __future__ import annotations

from collections import defaultdict
from contextlib import suppress
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import duckdb
import pytest
from typing_extensions import override

from tap_akeneo.client.errors import AkeneoError
from tap_akeneo.tap import TapAkeneo
from tests.docs.tables import DELETED_PRODUCTS, PRODUCT_DATES
from tests.support import Collector, select, settings_for, sync

if TYPE_CHECKING:
    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim
    from tests.support import Message
    from tests.targets.postgres import Postgres

LAST_KEY = "ffffffff-0000-4000-8000-000000000000"

TABLES = {
    "products": {"uuid": "varchar", "created": "timestamp"},
    "product_keys": {"uuid": "varchar", "read_at": "timestamp", "_sdc_deleted_at": "timestamp"},
}


class Database(Protocol):
    """A database that can run the SQL."""

    def uuids(self, statements: list[str], query: str) -> set[str]:
        """Run statements and a query, and return the column `uuid` of its result."""


class Duckdb(Database):
    @override
    def uuids(self, statements: list[str], query: str) -> set[str]:
        with duckdb.connect() as connection:
            for statement in statements:
                connection.execute(statement)
            found = connection.execute(f"select uuid from ({query}) found").fetchall()  # noqa: S608
        return {uuid for (uuid,) in found}


class PostgreSql(Database):
    def __init__(self, server: Postgres) -> None:
        self._server = server

    @override
    def uuids(self, statements: list[str], query: str) -> set[str]:
        selected = f"select uuid from ({query}) found"  # noqa: S608
        # psql runs them in one transaction.
        return set(self._server.lines(";\n".join([*statements, selected])))


@pytest.fixture(params=["duckdb", "postgres"])
def database(request: pytest.FixtureRequest) -> Database:
    if request.param == "duckdb":
        return Duckdb()
    return PostgreSql(request.getfixturevalue("postgres"))


@pytest.fixture(params=[True, False], ids=["marks", "deletes"])
def marks(request: pytest.FixtureRequest) -> bool:
    """Whether the target marks rows that no longer exist, or deletes them."""
    return bool(request.param)


class Warehouse:
    """What a target has loaded, that merges rows by their keys and supports ACTIVATE_VERSION."""

    def __init__(self, pim: SimulatedPim, database: Database, *, marks: bool) -> None:
        self.pim = pim
        self._database = database
        self._marks = marks
        self._rows: dict[str, dict[str, Message]] = defaultdict(dict)
        self._versions: dict[str, dict[str, int]] = defaultdict(dict)
        self._state: dict[str, Any] = {}

    def load(self, *streams: str, **settings: Any) -> bool:
        """Run the tap on some streams; return whether it read them to their end."""
        output = Collector()
        settings = settings_for(
            self.pim, emit_activate_version_messages=True, pim_timezone="UTC", **settings
        )
        tap = TapAkeneo(config=settings, state=self._state or None, message_writer=output)
        select(tap, streams)
        with suppress(AkeneoError):
            tap.sync_all()
        for message in output.messages:
            self._take(message)
        # Versions are the seconds in which runs begin, and two runs of a test may share one.
        for versions in self._versions.values():
            versions.update((uuid, 0) for uuid in versions)
        return not tap.failed_streams

    def _take(self, message: Message) -> None:
        if message["type"] == "STATE":
            self._state = message["value"]
        elif message["type"] == "RECORD":
            stream, record = message["stream"], message["record"]
            self._rows[stream][record["uuid"]] = record
            self._versions[stream][record["uuid"]] = message.get("version", 0)
        elif message["type"] == "ACTIVATE_VERSION":
            stream = message["stream"]
            for uuid, version in list(self._versions[stream].items()):
                if version != message["version"]:
                    if self._marks:
                        self._rows[stream][uuid]["_sdc_deleted_at"] = "2030-01-01T00:00:00+00:00"
                    else:
                        del self._rows[stream][uuid]
                    del self._versions[stream][uuid]

    def deleted(self, sql: str = DELETED_PRODUCTS) -> set[str]:
        """Run the SQL on the tables."""
        statements = []
        for table, columns in TABLES.items():
            typed = ", ".join(f"{name} {type_}" for name, type_ in columns.items())
            rows = ", ".join(
                f"({', '.join(_literal(row.get(name)) for name in columns)})"
                for row in self._rows[table].values()
            )
            statements += [
                f"create temporary table {table} ({typed})",
                f"insert into {table} values {rows}",  # noqa: S608
            ]
        return self._database.uuids(statements, sql)


def _literal(value: str | None) -> str:
    if value is None:
        return "null"
    with suppress(ValueError):
        # As loaders do: without an offset, in UTC.
        moment = datetime.fromisoformat(value)
        return f"'{(moment - (moment.utcoffset() or timedelta())).replace(tzinfo=None)}'"
    return f"'{value}'"


@pytest.fixture
def warehouse(start_pim: StartPim, database: Database, marks: bool) -> Warehouse:  # noqa: FBT001
    return Warehouse(start_pim(products=250), database, marks=marks)


def uuids(pim: SimulatedPim) -> list[str]:
    """In the PIM's order."""
    return sorted(product["uuid"] for product in pim.truth("products"))


def test_deleted_products_are_found_and_nothing_else(warehouse: Warehouse) -> None:
    pim = warehouse.pim
    warehouse.load("products", "product_keys")
    assert warehouse.deleted() == set()
    gone = {uuids(pim)[3], uuids(pim)[200]}
    for uuid in gone:
        pim.write.delete("products", uuid)
    pim.clock.advance(hours=1)
    warehouse.load("products", "product_keys")
    assert warehouse.deleted() == gone
    assert warehouse.deleted(DELETED_PRODUCTS.replace("10 minutes", "1 day")) == gone


def test_products_created_since_the_keys_were_read_are_not_taken_for_deleted(
    warehouse: Warehouse,
) -> None:
    pim = warehouse.pim
    warehouse.load("products", "product_keys")
    for _ in range(3):
        # Products every hour, their keys once a day.
        pim.clock.advance(hours=1)
        pim.write.product()
        warehouse.load("products")
        assert warehouse.deleted() == set()
    gone = uuids(pim)[7]
    pim.write.delete("products", gone)
    pim.clock.advance(hours=21)
    warehouse.load("products", "product_keys")
    assert warehouse.deleted() == {gone}


def test_a_product_that_is_not_in_the_index_yet_is_not_taken_for_deleted(
    start_pim: StartPim,
    database: Database,
    marks: bool,  # noqa: FBT001
) -> None:
    pim = start_pim(products=20, index_lag=600)
    pim.clock.advance(hours=1)
    warehouse = Warehouse(pim, database, marks=marks)
    pim.write.product()
    warehouse.load("product_keys")
    pim.clock.advance(minutes=11)
    warehouse.load("products", lookback_seconds=900)
    assert warehouse.deleted() == set()


def test_a_reading_of_the_keys_that_failed_makes_no_product_look_deleted(
    warehouse: Warehouse,
) -> None:
    pim = warehouse.pim
    assert warehouse.load("products", "product_keys")
    pim.clock.advance(hours=1)
    pim.write.save("products", LAST_KEY, {})
    assert warehouse.load("products")
    pim.clock.advance(hours=1)
    # The first page comes, the others do not.
    pim.faults.add("status", "/products-uuid", nth=2, status=422, times=None)
    assert not warehouse.load("product_keys", max_concurrency=1)
    assert warehouse.deleted() == set()
    assert warehouse.deleted(DELETED_PRODUCTS.replace("min(read_at)", "max(read_at)")) == {LAST_KEY}


def test_a_reading_of_the_keys_that_was_resumed_makes_no_product_look_deleted(
    warehouse: Warehouse,
) -> None:
    pim = warehouse.pim
    assert warehouse.load("products", "product_keys")
    gone = uuids(pim)[-1]
    pim.write.delete("products", gone)
    pim.faults.add("status", "/products-uuid", nth=2, status=422, times=None)
    assert not warehouse.load("product_keys", max_concurrency=1)
    pim.faults.clear()
    pim.clock.advance(hours=1)
    pim.write.save("products", LAST_KEY, {})
    assert warehouse.load("products", "product_keys")
    assert warehouse.deleted() <= {gone}
    assert warehouse.load("products", "product_keys")
    assert warehouse.deleted() == {gone}


def test_the_view_has_the_date_by_which_the_pim_filters(
    start_pim: StartPim, database: Database
) -> None:
    pim = start_pim(products=250)
    models = sorted(pim.truth("product_models"), key=lambda model: model["parent"] is not None)
    cuts = []
    for model in (models[0], models[-1]):
        assert (model is models[0]) == (model["parent"] is None), "a root model and one below it"
        pim.clock.advance(hours=1)
        cuts.append(pim.clock.now().isoformat())
        pim.write.change("product_models", model["code"], categories=["outlet"])
    # The PIM's clock has whole seconds, and nothing is read from a start date that is ahead of it.
    pim.clock.advance(seconds=2)
    run = sync(pim, "products", "product_models")
    statements = []
    for table, names in {
        "products": ("uuid", "parent", "updated"),
        "product_models": ("code", "parent", "updated"),
    }.items():
        rows = ", ".join(
            f"({', '.join(_literal(row[name]) for name in names)})" for row in run.records(table)
        )
        typed = f"{names[0]} varchar, parent varchar, updated timestamp"
        statements += [
            f"create temporary table {table} ({typed})",
            f"insert into {table} values {rows}",  # noqa: S608
        ]
    statements.append(PRODUCT_DATES)
    for cut in cuts:
        start = _literal(cut)
        listed = sync(pim, "products", start_date=cut, pim_timezone="UTC").rows("products")
        since = f"effective_updated >= date_trunc('second', cast({start} as timestamp))"
        found = database.uuids(statements, f"select uuid from product_dates where {since}")  # noqa: S608
        assert found
        assert {(uuid,) for uuid in found} == listed.keys()
        own = database.uuids(statements, f"select uuid from products where updated >= {start}")  # noqa: S608
        assert not own, "only the models have changed"
