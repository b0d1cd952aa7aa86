"""The SQL of docs/deletions.md for each table. The page has it for two of them."""

from __future__ import annotations

from tests.support import KEYS_OF

Columns = tuple[str, ...]

KEYS = {items: keys for keys, items in KEYS_OF.items()}
"""The key streams of incremental tables."""

PARENTS: dict[str, Columns] = {
    "attribute_options": ("attribute",),
    "family_variants": ("family",),
    "asset_attributes": ("asset_family",),
    "asset_attribute_options": ("asset_family", "attribute"),
    "reference_entity_attributes": ("reference_entity",),
    "reference_entity_attribute_options": ("reference_entity", "attribute"),
    "asset_keys": ("asset_family",),
    "reference_entity_record_keys": ("reference_entity",),
}
"""The columns with the parents, of the tables in whose readings a list may be alone."""


def deleted_rows(table: str, key: Columns) -> str:
    """Return the SQL that finds the deleted rows of a table.

    Args:
        table: The table.
        key: Names of its key columns.
    """
    keys = KEYS.get(table)
    return _missing_in_keys(table, keys, key) if keys else _missing(table, key)


def _joined(columns: Columns) -> str:
    return " || '/' || ".join(columns)


def _loaded(table: str, key: Columns) -> str:
    parents = PARENTS.get(table, ())
    own = key[len(parents) :]
    parts = f"""    select '*' as parent, read_at, count(distinct {_joined(key)}) as row_count
    from {table}
    group by read_at
"""  # noqa: S608 (names of our own tables)
    if parents:
        parts += f"""    union all
    select {_joined(parents)} as parent, read_at, count(distinct {_joined(own)}) as row_count
    from {table}
    group by {", ".join(parents)}, read_at
"""  # noqa: S608 (names of our own tables)
    return parts


def _reading(table: str, key: Columns) -> str:
    return f"""with reading as (
  select readings.parent, max(readings.read_at) as read_at
  from readings
  left join (
{_loaded(table, key)}  ) as loaded
    on loaded.parent = readings.parent and loaded.read_at = readings.read_at
  where readings.stream = '{table}'
    and readings.is_full
    and readings.row_count = coalesce(loaded.row_count, 0)
  group by readings.parent
)
"""  # noqa: S608 (names of our own tables)


def _covers(table: str, parents: Columns) -> str:
    own = _joined(tuple(f"{table}.{one}" for one in parents))
    return f"in ('*', {own})" if parents else "= '*'"


def _missing(table: str, key: Columns) -> str:
    columns = ", ".join(f"{table}.{one}" for one in key)
    return f"""{_reading(table, key)}select {columns}, max(reading.read_at) as missing_since
from {table}
inner join reading on reading.parent {_covers(table, PARENTS.get(table, ()))}
group by {columns}
having max({table}.read_at) < max(reading.read_at)
"""  # noqa: S608 (names of our own tables)


def _missing_in_keys(table: str, keys: str, key: Columns) -> str:
    columns = ", ".join(f"{table}.{one}" for one in key)
    same = " and ".join(f"{keys}.{one} = {table}.{one}" for one in key)
    return f"""{_reading(keys, key)}select {columns}, max(reading.read_at) as missing_since
from {table}
inner join reading on reading.parent {_covers(table, PARENTS.get(keys, ()))}
where not exists (
  select 1 from {keys}
  where {same} and {keys}.read_at >= reading.read_at
)
group by {columns}
having max({table}.updated) < max(reading.read_at) - interval '10 minutes'
"""  # noqa: S608 (names of our own tables)
