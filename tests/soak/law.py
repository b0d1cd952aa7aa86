"""The law: what the target must hold.

1. "lost": After an undisturbed run on a PIM at rest, the target has each item that the PIM can
   show, as the PIM has it. After each run that ended well, it has what had been written and had
   settled before the run began and was left alone since, broken items included: so a run must
   not end well while it misses one.
2. "deleted": A row that is in the PIM during a whole run, and was in the target before, is in the
   target after it, however the run ended.
3. "taken for deleted": By the rule "a row is deleted if its key is not among the keys and it was
   created before their ``read_at``", no item that the PIM has is deleted.
4. "kept": After an undisturbed run that read a table whole, the target has nothing else in it.
5. "doubled": In an undisturbed run that had nothing to resume no key comes twice.
6. "failed": An undisturbed run fails only for items that are broken, or for an index out of step
   of a PIM up to 5.0.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from demo.database import with_identifier
from tests.soak.scenario import KEYS_OF
from tests.support import ON_REQUEST, as_told

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Mapping

    from pim_simulator import SimulatedPim
    from tests.soak.target import Key, Target
    from tests.support import Message

Versions = dict[tuple[str, "Key"], "Message"]
"""What is there, by stream and key."""

LAWS = ("lost", "deleted", "taken for deleted", "kept", "doubled")
"""What can be broken by rows. A run that fails without a reason breaks the law "failed"."""


@dataclass(frozen=True)
class Breach:
    """A case in which the law does not hold.

    Attributes:
        law: What was broken; one of `LAWS`, or "failed".
        stream: The stream.
        key: The key.
        reason: In words.
    """

    law: str
    stream: str
    key: Key
    reason: str


def versions(pim: SimulatedPim, keys: Mapping[str, Key]) -> Versions:
    """Return what the PIM holds, as the tap has to hand it on.

    Args:
        pim: The PIM.
        keys: Names of the key properties by stream.
    """
    held: Versions = {}
    for stream, names in keys.items():
        for row in pim.truth(KEYS_OF.get(stream, stream)):
            identifier = row.get("identifier") or row.get("code")
            key = tuple(row[name] for name in names)
            if pim.ghosts.isdisjoint((key[-1], str(identifier))):
                whole = dict(zip(names, key, strict=True)) if stream in KEYS_OF else row
                if stream == "products":
                    whole = with_identifier(row)
                held[stream, key] = _with_the_pims_dates(pim, stream, whole)
    return held


def _with_the_pims_dates(pim: SimulatedPim, stream: str, row: Message) -> Message:
    """Return a row with its dates as the PIM shows them, which are not always right (#13892).

    The tap hands on what the PIM says.
    """
    old_items = pim.profile.name == "ce-5" and stream in {"products", "product_models"}
    if not old_items and stream != "categories":
        return row
    dates = {name: row[name] for name in ("created", "updated") if name in row}
    return {**row, **{name: _shown_by_13892(pim, date) for name, date in dates.items()}}


def _shown_by_13892(pim: SimulatedPim, date: str) -> str:
    """Return the clock of UTC with the offset of the server; PHP moves what is in a gap of it."""
    zone = ZoneInfo(pim.timezone)
    wall = datetime.fromisoformat(date).astimezone(timezone.utc).replace(tzinfo=zone, fold=0)
    return wall.astimezone(timezone.utc).astimezone(zone).isoformat()


def lost(held: Versions, target: Target) -> list[Breach]:
    """Return what the target does not hold as it should."""
    breaches = []
    for (stream, key), version in held.items():
        record = target.rows[stream].get(key)
        if record is None:
            breaches.append(Breach("lost", stream, key, "never came"))
        elif differences := _differences(stream, record, version):
            breaches.append(Breach("lost", stream, key, f"an old version: {differences}"))
    return breaches


def _differences(stream: str, record: Message, version: Message) -> dict[str, Any]:
    told = as_told(record)
    for name in ("template", "read_at", *ON_REQUEST.get(stream, ())):
        told.pop(name, None)
    return {
        name: (told.get(name, "nothing"), version.get(name, "nothing"))
        for name in told.keys() | version.keys()
        if told.get(name, "nothing") != version.get(name, "nothing")
    }


def deleted(there: Iterable[tuple[str, Key]], target: Target) -> list[Breach]:
    """Return the rows that the target has lost.

    Args:
        there: Streams and keys of rows that the target had, and that the PIM had all the time.
        target: The target.
    """
    return [
        Breach("deleted", stream, key, "was in the target, and has always been in the PIM")
        for stream, key in there
        if key not in target.rows[stream]
    ]


def taken_for_deleted(
    held: Versions, target: Target, streams: Collection[str], lag: int
) -> list[Breach]:
    """Return the items that the rule of ``read_at`` takes for deleted.

    Args:
        held: What the PIM has.
        target: The target.
        streams: Streams of keys of which a reading has ended well.
        lag: Seconds until the PIM's index shows a product, which the rule subtracts.
    """
    breaches = []
    for keys in streams:
        if not target.rows[keys]:
            continue
        read_at = max(datetime.fromisoformat(row["read_at"]) for row in target.rows[keys].values())
        of = KEYS_OF[keys]
        breaches += [
            Breach("taken for deleted", of, key, f"created {row['created']}, no key at {read_at}")
            for key, row in target.rows[of].items()
            if (of, key) in held
            and key not in target.rows[keys]
            and datetime.fromisoformat(row["created"]) < read_at - timedelta(seconds=lag)
        ]
    return breaches


def kept(held: Versions, target: Target, streams: Iterable[str]) -> list[Breach]:
    """Return the rows of tables which the target should have deleted."""
    return [
        Breach("kept", stream, key, "the PIM does not have it")
        for stream in streams
        for key in target.rows[stream]
        if (stream, key) not in held
    ]


def doubled(times: Mapping[str, Mapping[Key, int]], streams: Iterable[str]) -> list[Breach]:
    """Return the keys that came more than once in a run."""
    return [
        Breach("doubled", stream, key, f"came {count} times")
        for stream in streams
        for key, count in times.get(stream, {}).items()
        if count > 1
    ]
