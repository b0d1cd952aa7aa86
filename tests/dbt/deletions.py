"""Runs that are killed, refused and resumed, into a warehouse: what dbt then takes for deleted."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import duckdb
from typing_extensions import override

from demo.database import KEYS
from tap_akeneo.streams.readings import Readings
from tap_akeneo.streams.resource import load_schema
from tests.dbt.marts import DuckdbMarts
from tests.support import KEYS_OF, sync
from tests.targets.changes import add_spares, keys_in
from tests.targets.loaders import LOADERS
from tests.targets.meltano import make_environment
from tests.targets.reading import moment

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from pim_simulator import SimulatedPim
    from tests.dbt.marts import Marts
    from tests.targets.reading import Key

Found = dict[str, set["Key"]]

EXISTS = "not is_deleted"
MODELS = {
    "products": ("int_akeneo__all_products", "product_key", EXISTS),
    "product_models": ("int_akeneo__all_product_models", "product_model", EXISTS),
    "categories": ("int_akeneo__all_categories", "category", EXISTS),
    "assets": ("int_akeneo__all_assets", "asset_family, asset", EXISTS),
    "reference_entity_records": ("int_akeneo__all_records", "reference_entity, record", EXISTS),
    # The models of full tables have only what exists.
    "channels": ("stg_akeneo__channels", "channel", "true"),
    "attribute_options": ("stg_akeneo__attribute_options", "attribute, option_code", "true"),
    "asset_families": ("stg_akeneo__asset_families", "asset_family", "true"),
    "reference_entities": ("stg_akeneo__reference_entities", "reference_entity", "true"),
    "families": ("stg_akeneo__families", "family", "true"),
    "attributes": ("stg_akeneo__attributes", "attribute", "true"),
}
"""The models that say which rows exist: the columns of the key, and a condition."""

READ = (*MODELS, *(keys for keys, items in KEYS_OF.items() if items in MODELS))
FORBIDDEN = {"code": 403, "message": "Access forbidden."}
TYPES = {"boolean": "boolean", "integer": "bigint", "number": "double", "string": "varchar"}


class JsonlMarts(DuckdbMarts):
    """Files of `target-jsonl`, which appends rows, read by DuckDB.

    Tables of keys and readings have all rows; the others have the last row of each key.
    """

    def __init__(self, pim: SimulatedPim, home: Path) -> None:
        (jsonl,) = (one for one in LOADERS if one.name == "target-jsonl")
        programs = make_environment(jsonl.name, jsonl.requirements)
        self._files = home / "rows"
        self._files.mkdir()
        settings = {"destination_path": str(self._files), "do_timestamp_file": False}
        loader = {
            "name": jsonl.name,
            "namespace": "target_jsonl",
            "executable": str(programs / jsonl.command),
            "settings": [
                {"name": "destination_path"},
                {"name": "do_timestamp_file", "kind": "boolean"},
            ],
            "config": settings,
        }
        super().__init__(pim, home, loader)

    def read(self) -> None:
        """Make the tables anew from the files."""
        for file in sorted(self._files.glob("*.jsonl")):
            name = file.stem
            lines = [line for line in file.read_text(encoding="utf-8").split("\n") if line]
            if name not in KEYS_OF and name != "readings":
                rows = {
                    tuple(row[one] for one in KEYS[name]): line
                    for line in lines
                    for row in [json.loads(line)]
                }
                lines = [*rows.values()]
            latest = self.home / f"{name}.latest"
            latest.write_text("\n".join(lines), encoding="utf-8")
            schema = load_schema(name, KEYS.get(name, Readings.primary_keys))["properties"]
            types = {one: _type(of) for one, of in schema.items()}
            if "read_at" in json.loads(lines[0]):
                types["read_at"] = "timestamptz"
            columns = ", ".join(f"\"{one}\": '{kind}'" for one, kind in types.items())
            self.execute(
                f"create or replace table {name} as select * "  # noqa: S608
                f"from read_json('{latest}', format = 'nd', columns = {{{columns}}})"
            )

    @override
    def execute(self, statement: str) -> None:
        with duckdb.connect(str(self.home / "akeneo.duckdb")) as connection:
            connection.execute("set timezone = 'UTC'")
            connection.execute(statement)


def _type(schema: dict[str, Any]) -> str:
    if schema.get("format") == "date-time":
        return "timestamptz"
    kinds = schema["type"]
    kinds = [kinds] if isinstance(kinds, str) else kinds
    return next((TYPES[one] for one in kinds if one in TYPES), "json")


class Play:
    """Runs into a warehouse, between which a PIM changes and fails.

    Attributes:
        marts: The warehouse.
        pim: The PIM.
    """

    def __init__(self, marts: Marts) -> None:
        self.pim = marts.pim
        self.marts = marts
        select = [f"{stream}.*" for stream in (*READ, "readings")]
        marts.project.variables |= {
            "TAP_AKENEO__SELECT": json.dumps(select),
            "TAP_AKENEO_PAGE_SIZE": "20",
            "TAP_AKENEO_MAX_RETRIES": "0",
            "TAP_AKENEO_MAX_CONCURRENCY": "1",
        }

    def steps(self) -> Iterator[str]:
        """Play each kind of failure. Yield what was played, once it is in the warehouse."""
        pim = self.pim
        add_spares(pim)
        self.load()
        self.marts.install()
        self.marts.build_only(model for model, *_ in MODELS.values())
        yield "a complete run"

        self._delete_some()
        pim.clock.advance(days=1)
        uuids = sorted(row["uuid"] for row in pim.truth("products"))
        pim.broken.add(uuids[5])
        pim.faults.add(
            "status", "/products-uuid", nth=self._requests_for_keys(), times=None, status=422
        )
        self.load("product_keys", fails=True)
        yield "keys with a broken product, cut off at their end"

        pim.broken.clear()
        pim.clock.advance(hours=1)
        self._empty_and_drop()
        self.load()
        yield "a resumed reading after the product was repaired, with emptied and dropped owners"

        pim.clock.advance(days=1)
        family = min(keys_in(pim, "asset_keys"))[0]
        for path in ("/products-uuid", f"/{family}/assets"):
            pim.faults.add("status", path, nth=2, times=None, status=403, body=FORBIDDEN)
        self.load("product_keys", "asset_keys", fails=True, TAP_AKENEO_ON_FORBIDDEN="skip")
        yield "keys that are refused in the middle of their lists"

        pim.clock.advance(hours=1)
        pim.write.delete("products", uuids[-1])
        pim.faults.add("status", "/products-uuid", nth=3, status=503, retry_after=60)
        self._kill()
        yield "a run that was killed"

        for number in ("first", "second"):
            pim.clock.advance(hours=1)
            self.load()
            yield f"the {number} complete run after that"
        self.marts.build()
        yield "another build"

    def load(self, *streams: str, fails: bool = False, **variables: str) -> None:
        """Run the tap and the loader, and stop the failures of the PIM.

        Args:
            streams: The streams to read, if not all.
            fails: Whether the run is to fail.
            variables: Environment variables.
        """
        if streams:
            select = [f"{stream}.*" for stream in (*streams, "readings")]
            variables["TAP_AKENEO__SELECT"] = json.dumps(select)
        # For five minutes Meltano takes a killed run for one that goes on.
        command = f"meltano run --force {self.marts.pipeline}"
        code, log = self.marts.project.run(command, 300, **variables)
        assert (code != 0) is fails, log[-8000:]
        self.pim.faults.clear()
        self._read()

    def wrongly_deleted(self) -> Found:
        """Return what the PIM has, and dbt takes for deleted."""
        return {
            stream: lost
            for stream in MODELS
            if (lost := (self._loaded(stream) - self.living(stream)) & keys_in(self.pim, stream))
        }

    def not_deleted(self) -> Found:
        """Return what the PIM no longer has, and dbt takes for living."""
        return {
            stream: left
            for stream in MODELS
            if (left := self.living(stream) - keys_in(self.pim, stream))
        }

    def wrong_dates(self) -> Found:
        """Return the keys of the rows whose `updated` is not that of the PIM."""

        def dates(rows: Iterable[Mapping[str, Any]], key: Key) -> dict[Key, datetime]:
            return {tuple(row[one] for one in key): moment(row["updated"]) for row in rows}

        found = {}
        for stream, key in KEYS.items():
            if stream in MODELS and load_schema(stream, key)["properties"].get("updated"):
                query = f"select {', '.join(key)}, updated from {stream}"  # noqa: S608
                loaded = dates(self.marts.rows(query), key)
                held = dates(self.pim.truth(stream), key)
                if wrong := {one for one, date in held.items() if loaded.get(one) != date}:
                    found[stream] = wrong
        return found

    def living(self, stream: str) -> set[Key]:
        """Return the keys that exist, as dbt has them."""
        model, key, where = MODELS[stream]
        # Its query, because a table that dbt made is as old as the last build.
        query = self.marts.compiled(model)
        return self._keys(f"({query}) as found where {where}", key.split(", "))

    def _loaded(self, stream: str) -> set[Key]:
        return self._keys(stream, KEYS[stream])

    def _keys(self, source: str, columns: Sequence[str]) -> set[Key]:
        rows = self.marts.rows(f"select {', '.join(columns)} from {source}")  # noqa: S608
        return {tuple(row[one] for one in columns) for row in rows}

    def _requests_for_keys(self) -> int:
        """Return how many requests read the keys of all products."""
        before = len(self.pim.requests)
        sync(self.pim, "product_keys", page_size=20, max_concurrency=1, max_retries=0)
        return sum("/products-uuid" in one.path for one in [*self.pim.requests][before:])

    def _delete_some(self) -> None:
        pim = self.pim
        for resource, key in (
            ("products", max(keys_in(pim, "products"))),
            ("product_models", max(keys_in(pim, "product_models"))),
            ("categories", max(keys_in(pim, "categories"))),
            ("assets", max(keys_in(pim, "assets"))),
            ("reference_entity_records", max(keys_in(pim, "reference_entity_records"))),
            ("channels", ("spare",)),
            ("attribute_options", ("color", "spare")),
            ("families", ("spare",)),
        ):
            pim.write.delete(resource, key if len(key) > 1 else key[0])

    def _empty_and_drop(self) -> None:
        """Empty an asset family, and delete a reference entity with its records."""
        pim = self.pim
        family = max(key[0] for key in keys_in(pim, "assets"))
        for key in keys_in(pim, "assets"):
            if key[0] == family:
                pim.write.delete("assets", key)
        entity = max(key[0] for key in keys_in(pim, "reference_entity_records"))
        pim.write.delete("reference_entities", entity)

    def _kill(self) -> None:
        """Kill Meltano and its programs while the tap waits for the PIM."""

        def waits() -> bool:
            return any(one.status == 503 for one in self.pim.requests)

        # With retries, so that it waits.
        variables = self.marts.project.variables
        variables["TAP_AKENEO_MAX_RETRIES"] = "3"
        command = ["meltano", "run", "--force", *self.marts.pipeline.split()]
        self.marts.project.run_until_killed(command, waits)
        variables["TAP_AKENEO_MAX_RETRIES"] = "0"
        self.pim.faults.clear()
        self._read()

    def _read(self) -> None:
        if isinstance(self.marts, JsonlMarts):
            self.marts.read()
