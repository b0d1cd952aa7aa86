"""The SQL of docs/deletions.md finds what was deleted in the PIM, with any loader, and no more."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest

from tap_akeneo.client.errors import AkeneoError
from tap_akeneo.streams import STREAMS
from tap_akeneo.tap import TapAkeneo
from tests.docs.databases import Table
from tests.docs.deletions import deleted_rows
from tests.docs.tables import DELETED_OPTIONS, DELETED_PRODUCTS
from tests.support import KEYS_OF, Collector, select, settings_for, uuids
from tests.targets.changes import STAYS, add_spares, delete_some, keys_in

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim
    from tests.docs.databases import Database, Key
    from tests.support import Message

FIRST_KEY = "00000000-0000-4000-8000-000000000001"
LAST_KEY = "ffffffff-0000-4000-8000-000000000000"
DATES = ("updated", "read_at")
READINGS = {"is_full": "boolean", "row_count": "integer"}
LOADERS = ("merges", "deletes", "appends")
FULL_TABLES = {
    stream.name for stream in STREAMS if not stream.replication_key and stream.selected_by_default
} - {*KEYS_OF.values(), "catalog_products"}


class Warehouse:
    """What a loader has made of the messages of several runs.

    Args:
        pim: The PIM.
        database: Runs the SQL.
        loader: What the loader does: it `merges` rows by key, also `deletes` rows at
            ACTIVATE_VERSION, or `appends` all rows.
    """

    def __init__(self, pim: SimulatedPim, database: Database, loader: str) -> None:
        self.pim = pim
        self.state: dict[str, Any] = {}
        self._database = database
        self._loader = loader
        self._keys: dict[str, Key] = {}
        self._columns: dict[str, dict[str, str]] = {}
        self._rows: dict[str, dict[Any, Message]] = {}

    def load(self, *streams: str, lost: Iterable[str] = (), **settings: Any) -> bool:
        """Run the tap on some streams; return whether everything was read.

        Args:
            streams: The streams, besides `readings`; all if there are none.
            lost: Streams whose rows the loader fails to store in this run.
            settings: Settings of the tap.
        """
        output = Collector()
        settings = settings_for(
            self.pim, emit_activate_version_messages=True, pim_timezone="UTC", **settings
        )
        tap = TapAkeneo(config=settings, state=self.state or None, message_writer=output)
        select(tap, (*streams, "readings") if streams else ())
        with suppress(AkeneoError):
            tap.sync_all()
        self._take(output.messages, lost)
        return not tap.failed_streams and {*streams} <= tap.ended_streams

    def _take(self, messages: Iterable[Message], lost: Iterable[str]) -> None:
        came: dict[str, set[Any]] = {}
        for message in messages:
            kind, name = message["type"], str(message.get("stream"))
            if kind == "STATE":
                self.state = message["value"]
            elif name in lost:
                continue
            elif kind == "SCHEMA":
                key, properties = message["key_properties"], message["schema"]["properties"]
                dates = [one for one in DATES if one in properties]
                self._keys[name] = tuple(key)
                self._rows.setdefault(name, {})
                self._columns[name] = {
                    **dict.fromkeys(key, "varchar"),
                    **dict.fromkeys(dates, "timestamp"),
                    **(READINGS if name == "readings" else {}),
                }
            elif kind == "RECORD":
                rows = self._rows[name]
                own: Any = tuple(message["record"][one] for one in self._keys[name])
                own = len(rows) if self._loader == "appends" else own
                rows[own] = {one: message["record"].get(one) for one in self._columns[name]}
                came.setdefault(name, set()).add(own)
            elif kind == "ACTIVATE_VERSION" and self._loader == "deletes":
                kept = came.get(name, set())
                self._rows[name] = {key: self._rows[name][key] for key in kept}

    def deleted(self, stream: str, query: str = "") -> set[Key]:
        """Return the keys of the rows that the SQL finds."""
        tables = {
            name: Table(self._columns[name], list(rows.values()))
            for name, rows in self._rows.items()
            if name in {stream, "readings"} or KEYS_OF.get(name) == stream
        }
        key = self._keys[stream]
        return self._database.keys(tables, query or deleted_rows(stream, key), key)

    def has(self, stream: str) -> bool:
        """Return whether a stream has rows."""
        return bool(self._rows.get(stream))

    def living(self, stream: str) -> set[Key]:
        """Return the keys of the rows that the SQL does not find."""
        rows = self._rows[stream].values()
        kept = {tuple(row[one] for one in self._keys[stream]) for row in rows}
        return kept - self.deleted(stream)


@pytest.fixture(params=LOADERS)
def loader(request: pytest.FixtureRequest) -> str:
    """What a loader does with rows."""
    return str(request.param)


@pytest.fixture
def warehouse(start_pim: StartPim, database: Database, loader: str) -> Warehouse:
    return Warehouse(start_pim(products=250), database, loader)


@pytest.fixture
def saas(start_pim: StartPim, database: Database, loader: str) -> Warehouse:
    return Warehouse(start_pim("saas", products=20, records=40), database, loader)


def test_the_page_has_the_sql_of_options_and_of_products() -> None:
    assert deleted_rows("attribute_options", ("attribute", "code")) == DELETED_OPTIONS
    assert deleted_rows("products", ("uuid",)) == DELETED_PRODUCTS


def test_deleted_rows_of_every_table_are_found_and_nothing_else(
    start_pim: StartPim, database: Database, loader: str
) -> None:
    pim = start_pim("ee-7", products=40, records=40)
    add_spares(pim)
    warehouse = Warehouse(pim, database, loader)
    assert warehouse.load()
    streams = {"products", "product_models", "categories", *FULL_TABLES, *KEYS_OF.values()}
    streams = {one for one in streams if warehouse.has(one)}
    assert not [one for one in streams if warehouse.deleted(one)]
    pim.clock.advance(days=2)
    gone = delete_some(pim, streams - STAYS)
    assert {one for one, keys in gone.items() if keys} >= {
        "channels",
        "attribute_options",
        "assets",
    }
    assert warehouse.load()
    for stream in streams:
        assert warehouse.living(stream) == keys_in(pim, stream), stream


def test_a_product_with_a_new_identifier_is_not_taken_for_deleted(
    start_pim: StartPim, database: Database, loader: str
) -> None:
    pim = start_pim("ce-6", products=20)
    warehouse = Warehouse(pim, database, loader)
    assert warehouse.load("products", "product_keys")
    pim.clock.advance(hours=1)
    old = pim.truth("products")[3]["identifier"]
    pim.write.change("products", old, identifier="renamed")
    assert warehouse.load("products")
    assert warehouse.deleted("products") == set()
    pim.clock.advance(hours=1)
    assert warehouse.load("products", "product_keys")
    assert warehouse.deleted("products") == {(old,)}


def test_products_created_since_the_keys_were_read_are_not_taken_for_deleted(
    warehouse: Warehouse,
) -> None:
    pim = warehouse.pim
    warehouse.load("products", "product_keys")
    for _ in range(2):
        # Products every hour, their keys once a day.
        pim.clock.advance(hours=1)
        pim.write.product()
        warehouse.load("products")
        assert warehouse.deleted("products") == set()
    gone = uuids(pim)[7]
    pim.write.delete("products", gone)
    pim.clock.advance(hours=21)
    warehouse.load("products", "product_keys")
    assert warehouse.deleted("products") == {(gone,)}


def test_a_product_that_is_not_in_the_index_yet_is_not_taken_for_deleted(
    start_pim: StartPim, database: Database, loader: str
) -> None:
    pim = start_pim(products=20, index_lag=600)
    pim.clock.advance(hours=1)
    warehouse = Warehouse(pim, database, loader)
    pim.write.product()
    warehouse.load("product_keys")
    pim.clock.advance(minutes=11)
    warehouse.load("products", lookback_seconds=900)
    assert warehouse.deleted("products") == set()


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
    assert warehouse.deleted("products") == set()


@pytest.mark.parametrize("status", [403, 200])
def test_keys_that_end_early_with_success_make_no_product_look_deleted(
    warehouse: Warehouse, status: int
) -> None:
    pim = warehouse.pim
    assert warehouse.load("products", "product_keys")
    pim.clock.advance(days=1)
    body = {"code": status, "message": "Access forbidden."}
    pim.faults.add("status", "/products-uuid", nth=2, status=status, body=body, times=None)
    warehouse.load("product_keys", max_concurrency=1, on_forbidden="skip")
    assert warehouse.deleted("products") == set()


def test_a_resumed_reading_of_the_keys_finds_what_was_deleted_before_it(
    warehouse: Warehouse,
) -> None:
    pim = warehouse.pim
    assert warehouse.load("products", "product_keys")
    pim.clock.advance(hours=1)
    gone = uuids(pim)[-1]
    pim.write.delete("products", gone)
    pim.faults.add("status", "/products-uuid", nth=2, status=422, times=None)
    assert not warehouse.load("product_keys", max_concurrency=1)
    pim.faults.clear()
    pim.clock.advance(hours=1)
    pim.write.save("products", LAST_KEY, {})
    assert warehouse.load("products", "product_keys")
    assert warehouse.deleted("products") == {(gone,)}


def test_a_product_that_was_broken_and_repaired_before_a_resumed_reading_is_not_deleted(
    warehouse: Warehouse,
) -> None:
    pim = warehouse.pim
    assert warehouse.load("products", "product_keys")
    pim.clock.advance(days=1)
    pim.broken.add(uuids(pim)[5])
    states = 0
    for nth in range(10, 200, 5):
        pim.faults.add("status", "/products-uuid", nth=nth, status=422, times=None)
        before = warehouse.state
        warehouse.load("product_keys", max_concurrency=1, page_size=20)
        pim.faults.clear()
        mark = warehouse.state["bookmarks"]["product_keys"]
        assert warehouse.deleted("products") == set()
        if mark.get("broken") and (mark.get("unfinished") or {}).get("ranges"):
            states += 1
            break
        warehouse.state = before
    assert states, "a run that met the broken product and was cut off"
    pim.broken.clear()
    gone = uuids(pim)[9]
    pim.write.delete("products", gone)
    pim.clock.advance(hours=1)
    assert warehouse.load("products", "product_keys", page_size=20)
    assert warehouse.deleted("products") <= {(gone,)}
    pim.clock.advance(hours=1)
    assert warehouse.load("products", "product_keys")
    assert warehouse.deleted("products") == {(gone,)}


@pytest.mark.parametrize(
    ("items", "owner"),
    [("assets", "asset_families"), ("reference_entity_records", "reference_entities")],
)
def test_emptied_and_dropped_lists_are_found(saas: Warehouse, items: str, owner: str) -> None:
    pim = saas.pim
    keys = {stream: key for key, stream in KEYS_OF.items()}[items]
    assert saas.load(items, keys)
    emptied, dropped, *_ = sorted({key[0] for key in keys_in(pim, items)})
    gone = {key for key in keys_in(pim, items) if key[0] in {emptied, dropped}}
    for key in gone:
        pim.write.delete(items, key)
    pim.write.delete(owner, dropped)
    assert (dropped,) not in keys_in(pim, owner)
    pim.clock.advance(days=1)
    assert saas.load(items, keys)
    assert saas.deleted(items) == gone


def test_a_list_that_fails_does_not_keep_the_deletions_of_others(saas: Warehouse) -> None:
    pim = saas.pim
    assert saas.load("assets", "asset_keys")
    first, second, *_ = sorted({key[0] for key in keys_in(pim, "assets")})
    gone = {key for key in keys_in(pim, "assets") if key[0] in {first, second}}
    for key in gone:
        pim.write.delete("assets", key)
    pim.clock.advance(days=1)
    pim.faults.add("status", f"/asset-families/{second}/assets", status=422, times=None)
    assert not saas.load("assets", "asset_keys")
    assert saas.deleted("assets") == {key for key in gone if key[0] == first}


@pytest.mark.parametrize("is_killed", [False, True], ids=["whole", "resumed"])
def test_servers_whose_clocks_differ_make_no_living_product_look_deleted(
    warehouse: Warehouse,
    is_killed: bool,  # noqa: FBT001 (of the test)
) -> None:
    pim = warehouse.pim
    assert warehouse.load("products", "product_keys")
    pim.clock.advance(days=1)
    # The first server is 20 minutes ahead of the others.
    pim.faults.add("event", "/products-uuid", nth=1, do=lambda: pim.clock.advance(seconds=-20 * 60))
    if is_killed:
        pim.faults.add("status", "/products-uuid", nth=4, status=422, times=None)
    warehouse.load("product_keys", page_size=10, max_concurrency=1)
    pim.faults.clear()
    pim.write.save("products", FIRST_KEY, {})
    pim.clock.advance(seconds=300)
    assert warehouse.load("products")
    if is_killed:
        assert warehouse.load("product_keys")
    assert warehouse.deleted("products") == set()


@pytest.mark.parametrize("stream", ["families", "attribute_options"])
def test_nothing_is_deleted_if_the_loader_failed_before_the_rows(
    warehouse: Warehouse, stream: str
) -> None:
    assert warehouse.load(stream)
    warehouse.pim.clock.advance(hours=1)
    assert warehouse.load(stream, lost=[stream])
    assert warehouse.deleted(stream) == set()


def test_nothing_is_deleted_if_a_map_removes_rows(warehouse: Warehouse) -> None:
    assert warehouse.load("families")
    warehouse.pim.clock.advance(hours=1)
    only_shoes = {"families": {"__filter__": "code == 'shoes'"}}
    assert warehouse.load("families", stream_maps=only_shoes)
    assert warehouse.deleted("families") == set()


def test_nothing_is_deleted_if_a_filter_leaves_out_rows(warehouse: Warehouse) -> None:
    assert warehouse.load("families")
    warehouse.pim.clock.advance(hours=1)
    with_products = {"families": {"has_products": [{"operator": "=", "value": True}]}}
    assert warehouse.load("families", filters=with_products)
    assert warehouse.deleted("families") == set()
