"""All streams loaded into a PostgreSQL server with Meltano, as users run it."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest

from demo.database import KEYS
from pim_simulator import SimulatedPim, serve
from tap_akeneo.streams.resource import load_schema
from tests.docs.tables import COMPLETENESS, DELETED_PRODUCTS, MEDIA_ADDRESSES
from tests.support import KEYS_OF
from tests.targets.changes import (
    STAYS,
    add_spares,
    change_requirements,
    completeness_in,
    delete_some,
    write,
)
from tests.targets.loaders import POSTGRES, nested
from tests.targets.meltano import make_environment, set_up
from tests.targets.reading import key_of
from tests.targets.warehouse import Warehouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import StartPim
    from tests.targets.postgres import Postgres


@pytest.fixture(scope="module")
def programs() -> Path:
    set_up("only-meltano")
    return make_environment(POSTGRES.name, POSTGRES.requirements)


@dataclass
class Story:
    """The contents of a warehouse after each of three runs.

    Attributes:
        wrong: Tables that differ from the PIM, by run.
        read: When each product was extracted from the PIM, by run.
        changed: UUIDs of the products that changed before the second run.
    """

    warehouse: Warehouse
    wrong: dict[str, list[str]]
    read: dict[str, dict[str, str]]
    changed: set[str]


@pytest.fixture(scope="module", params=["ce-7", "ee-7"])
def story(
    request: pytest.FixtureRequest,
    postgres: Postgres,
    programs: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Story]:
    pim = SimulatedPim(request.param, seed=1, products=60)
    home = tmp_path_factory.mktemp("story")
    with serve(pim):
        warehouse = Warehouse(postgres, programs, pim, home)
        story = Story(warehouse, {}, {}, set())
        for name, options in {"first": (), "second": (), "refresh": ("--full-refresh",)}.items():
            if name == "second":
                before = products(pim)
                write(pim, home / "shop.json")
                story.changed = {
                    key for key, row in products(pim).items() if row != before.get(key)
                }
            warehouse.run(*options)
            story.wrong[name] = warehouse.wrong()
            read = warehouse.ask("select jsonb_object_agg(uuid, _sdc_extracted_at) from products")
            story.read[name] = json.loads(read[0])
        yield story


def products(pim: SimulatedPim) -> dict[str, dict[str, Any]]:
    return {row["uuid"]: row for row in pim.truth("products")}


def test_the_first_run_loads_every_row_of_every_stream(story: Story) -> None:
    assert story.warehouse.tables().keys() == story.warehouse.streams
    assert story.wrong["first"] == []


def test_the_second_run_loads_the_changes_since_the_first(story: Story) -> None:
    assert story.wrong["second"] == []


def test_the_second_run_does_not_reload_unchanged_products(story: Story) -> None:
    first, second = story.read["first"], story.read["second"]
    assert story.changed
    assert {uuid for uuid, read in second.items() if read != first.get(uuid)} == story.changed


def test_a_full_refresh_loads_everything_again(story: Story) -> None:
    assert story.wrong["refresh"] == []
    assert min(story.read["refresh"].values()) > max(story.read["second"].values())


def test_nested_values_are_json_in_sql(story: Story) -> None:
    columns = {
        (stream, name): load_schema(stream, KEYS[stream])["properties"][name]["type"]
        for stream in story.warehouse.streams
        for name in nested(stream, KEYS[stream])
    }
    each = [
        f"select jsonb_build_array('{stream}', '{name}', jsonb_typeof(to_jsonb(\"{name}\"))) "  # noqa: S608
        f'from {stream} where "{name}" is not null'
        for stream, name in columns
    ]
    kinds = [json.loads(line) for line in story.warehouse.ask(" union ".join(each))]
    assert len(kinds) > 25
    assert [kind for *place, kind in kinds if kind not in columns[tuple(place)]] == []


def test_a_query_returns_the_names_of_products(story: Story) -> None:
    found = story.warehouse.ask(
        """
        select name ->> 'data'
        from products, jsonb_array_elements("values" -> 'name') as name
        where name ->> 'locale' = 'en_US'
        """
    )
    names = [
        name["data"]
        for product in story.warehouse.pim.truth("products")
        for name in product["values"].get("name", ())
        if name["locale"] == "en_US"
    ]
    assert sorted(found) == sorted(names)


def test_the_sql_of_the_page_returns_the_addresses_of_media_files(story: Story) -> None:
    pim = story.warehouse.pim
    has_assets = "assets" in story.warehouse.streams
    sql = MEDIA_ADDRESSES if has_assets else MEDIA_ADDRESSES.partition("union")[0]
    files = [("media-files", row["code"], "/download") for row in pim.truth("product_media_files")]
    kinds = {
        (row["asset_family"], row["code"])
        for row in pim.truth("asset_attributes")
        if row["type"] == "media_file"
    }
    files += [
        ("asset-media-files", value["data"], "")
        for asset in pim.truth("assets")
        for code, values in asset["values"].items()
        if (asset["asset_family"], code) in kinds
        for value in values
    ]
    assert {path for path, *_ in files} == {"media-files", *["asset-media-files"] * has_assets}
    assert sorted(story.warehouse.ask(sql)) == sorted(
        {f"{pim.url}/api/rest/v1/{path}/{quote(code)}{end}" for path, code, end in files}
    )


def test_dates_are_in_utc_whatever_the_time_zone_of_the_pim(
    start_pim: StartPim, postgres: Postgres, programs: Path, tmp_path: Path
) -> None:
    pim = start_pim("ce-7", products=10, timezone="America/New_York")
    warehouse = Warehouse(postgres, programs, pim, tmp_path)
    warehouse.run()
    assert warehouse.tables()["products"].is_right


def test_the_run_after_a_killed_one_loads_everything(
    start_pim: StartPim, postgres: Postgres, programs: Path, tmp_path: Path
) -> None:
    pim = start_pim("ce-7")
    # Small batches, so that some rows are in the database when Meltano is killed.
    warehouse = Warehouse(postgres, programs, pim, tmp_path, loader={"batch_size_rows": 10})

    def waits_for_products() -> bool:
        return any(request.status == 503 for request in pim.requests)

    def has_written() -> bool:
        return any(table.rows for table in warehouse.tables().values())

    pim.faults.add("status", "/products-uuid", status=503, retry_after=60)
    warehouse.run_until_killed(lambda: waits_for_products() and has_written())
    assert "products" in warehouse.wrong()
    # For five minutes Meltano considers a killed run to be still running.
    warehouse.run("--force")
    assert warehouse.wrong() == []

    write(pim, tmp_path / "shop.json")
    pim.requests.clear()
    pim.faults.add("status", "/products-uuid", status=503, retry_after=60)
    warehouse.run_until_killed(waits_for_products, "--force")
    assert "products" in warehouse.wrong()
    warehouse.run("--force")
    assert warehouse.wrong() == []


def test_the_run_after_a_stopped_one_loads_the_rest_at_once(
    start_pim: StartPim, postgres: Postgres, programs: Path, tmp_path: Path
) -> None:
    pim = start_pim("ce-7")
    warehouse = Warehouse(postgres, programs, pim, tmp_path, loader={"batch_size_rows": 10})
    pim.faults.add("status", "/products-uuid", status=503, retry_after=60)

    counts: list[int] = []

    def has_written() -> bool:
        """Whether the loader has written all it got; it may wait for ever if it is stopped before.

        docs/production.md tells why.
        """
        waits = any(request.status == 503 for request in pim.requests)
        counts.append(sum(len(table.rows) for table in warehouse.tables().values()) if waits else 0)
        return counts[-1] > 0 and counts[-20:] == 20 * counts[-1:]

    ended = warehouse.run_until_killed(has_written, sign=signal.SIGTERM)
    assert ended == 128 + signal.SIGTERM
    assert "products" in warehouse.wrong()
    # Meltano knows that the run has ended, so it needs no `--force`.
    warehouse.run()
    assert warehouse.wrong() == []


def test_after_a_change_of_settings_all_rows_are_alike(
    start_pim: StartPim, postgres: Postgres, programs: Path, tmp_path: Path
) -> None:
    warehouse = Warehouse(postgres, programs, start_pim("ee-7"), tmp_path)
    warehouse.run(TAP_AKENEO_ATTRIBUTES='["color"]', TAP_AKENEO_LOCALES='["en_US"]')
    limited = {"products", "product_models", "assets", "reference_entity_records"}
    assert limited <= {*warehouse.wrong()}
    log = warehouse.run()
    assert log.count("attributes, locales changed since the last run: reading everything once") == 2
    assert warehouse.wrong() == []
    read = warehouse.ask("select max(_sdc_extracted_at) from products")
    warehouse.run()
    assert warehouse.ask("select max(_sdc_extracted_at) from products") == read


@pytest.fixture(params=[False, True], ids=["marked", "gone"])
def hard(request: pytest.FixtureRequest) -> bool:
    """Whether the loader removes deleted rows or only marks them."""
    return bool(request.param)


def test_rows_deleted_in_the_pim_are_deleted_in_the_database(
    start_pim: StartPim, postgres: Postgres, programs: Path, tmp_path: Path, *, hard: bool
) -> None:
    pim = start_pim("ee-7")
    add_spares(pim)
    warehouse = Warehouse(
        *(postgres, programs, pim, tmp_path),
        loader={"hard_delete": hard},
        tap={"emit_activate_version_messages": True},
    )
    warehouse.run()
    assert warehouse.wrong() == []
    gone = delete_some(pim, warehouse.streams)
    assert {stream for stream, keys in gone.items() if not keys} == STAYS
    warehouse.run()
    for stream, table in warehouse.tables().items():
        if stream not in KEYS_OF.values():
            assert table.is_right, stream
            assert table.deleted == (set() if hard else gone[stream]), stream
    # Incremental streams keep deleted rows, which their key streams identify.
    for keys, stream in KEYS_OF.items():
        same = " and ".join(f"k.{key} = t.{key}" for key in KEYS[stream])
        query = (
            f"select to_jsonb(t) from {stream} t where not exists "  # noqa: S608
            f"(select from {keys} k where {same} and k._sdc_deleted_at is null)"
        )
        found = {key_of(stream, json.loads(row)) for row in warehouse.ask(query)}
        assert found == gone[stream], stream
    found = {(uuid,) for uuid in warehouse.ask(f"select uuid from ({DELETED_PRODUCTS}) found")}  # noqa: S608
    assert found == gone["products"]


def test_scores_are_right_after_changes_that_the_pim_does_not_report(
    start_pim: StartPim, postgres: Postgres, programs: Path, tmp_path: Path
) -> None:
    pim = start_pim("ce-7")
    warehouse = Warehouse(postgres, programs, pim, tmp_path)
    warehouse.run()
    before = completeness_in(pim)
    change_requirements(pim)
    warehouse.run()
    assert warehouse.wrong() == []
    query = f"select jsonb_build_array(uuid, channel, locale, completeness) from ({COMPLETENESS['postgres']}) s"  # noqa: E501, S608
    found = [tuple(json.loads(row)) for row in warehouse.ask(query)]
    assert sorted(found) == completeness_in(pim) != before
