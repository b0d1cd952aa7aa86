"""The law: what the target must hold.

1. After an undisturbed run on a PIM at rest, each thing that the PIM has, as it has it.
2. After each run that ended well, what had been written and settled before it began and was left
   alone since.
3. In an undisturbed run on a PIM at rest no key comes twice, unless a filter named a wall time that
   the clocks left out.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from tests.support import ON_REQUEST, as_told

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pim_simulator import SimulatedPim
    from tests.soak.target import Key, Target
    from tests.support import Message

_WALL_TIME = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")

Versions = dict[tuple[str, "Key"], "Message"]
"""What is there, by stream and key."""


@dataclass(frozen=True)
class Breach:
    """A case in which the law does not hold.

    Attributes:
        law: What was broken: "lost" or "doubled".
        stream: The stream.
        key: The key.
        reason: In words.
    """

    law: str
    stream: str
    key: Key
    reason: str


def versions(pim: SimulatedPim, keys: Mapping[str, Key]) -> Versions:
    """What the PIM holds, as the tap is to hand it on.

    Args:
        pim: The PIM.
        keys: Names of the key properties by stream.
    """
    held: Versions = {}
    for stream, names in keys.items():
        for row in pim.truth(stream):
            identifier = row.get("identifier") or row.get("code")
            key = tuple(row[name] for name in names)
            if pim.ghosts.isdisjoint((key[-1], str(identifier))):
                held[stream, key] = _with_the_pims_dates(pim, stream, row)
    return held


def _with_the_pims_dates(pim: SimulatedPim, stream: str, row: Message) -> Message:
    """A row with its dates as the PIM shows them, which are not always right (#13892).

    The tap hands on what the PIM says.
    """
    old_items = pim.profile.name == "ce-5" and stream in {"products", "product_models"}
    if not old_items and stream != "categories":
        return row
    dates = {name: row[name] for name in ("created", "updated") if name in row}
    return {**row, **{name: _shown_by_13892(pim, date) for name, date in dates.items()}}


def _shown_by_13892(pim: SimulatedPim, date: str) -> str:
    """The clock of UTC with the offset of the server; what is in a gap of it is moved by PHP."""
    zone = ZoneInfo(pim.timezone)
    wall = datetime.fromisoformat(date).astimezone(timezone.utc).replace(tzinfo=zone, fold=0)
    return wall.astimezone(timezone.utc).astimezone(zone).isoformat()


def lost(held: Versions, target: Target) -> list[Breach]:
    """What the target does not hold as it should."""
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
    for name in ("template", *ON_REQUEST.get(stream, ())):
        told.pop(name, None)
    return {
        name: (told.get(name, "nothing"), version.get(name, "nothing"))
        for name in told.keys() | version.keys()
        if told.get(name, "nothing") != version.get(name, "nothing")
    }


def doubled(times: Mapping[str, Mapping[Key, int]], streams: Sequence[str]) -> list[Breach]:
    """Keys that came more than once in a run."""
    return [
        Breach("doubled", stream, key, f"came {count} times")
        for stream in streams
        for key, count in times.get(stream, {}).items()
        if count > 1
    ]


def names_a_gap(pim: SimulatedPim) -> bool:
    """Whether a filter named a time that the server's clocks left out when they were put forward.

    PHP takes it for an hour later, so that a window ends after the next one has begun.
    """
    zone = ZoneInfo(pim.timezone)
    texts = (request.query.get("search", "") for request in pim.requests)
    walls = {datetime.fromisoformat(wall) for text in texts for wall in _WALL_TIME.findall(text)}
    there = {
        wall: wall.replace(tzinfo=zone).astimezone(timezone.utc).astimezone(zone) for wall in walls
    }
    return any(wall != shown.replace(tzinfo=None) for wall, shown in there.items())
