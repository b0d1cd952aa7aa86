"""What shaped the rows of a stream, which the state keeps beside its bookmark.

    "fingerprints": {"attributes": hash, "filters": null, "key": hash, "properties": hash, ...}

There is one hash for each input: each setting that affects the stream, its key, the properties of
its records, and the PIM's address; null if a setting is not set. A bookmark says which changes were
read, but rows that were read with other inputs look different, and may never change in the PIM. So
a bookmark counts only as long as all inputs are the same.

What no longer counts becomes null instead of being removed, because Meltano merges the states of
some runs into older ones, and a missing key would bring the old value back.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Mapping

    from tap_akeneo.streams.resuming import State

MIXED: Final = "mixed"
"""In the place of a hash if the target has rows of several ones. No hash is equal to it."""

READ: Final = ("replication_key_value", "unfinished", "broken")
"""Keys of the state that say what was read."""

_SHAPING: Final = ("type", "format", "items", "properties", "additionalProperties")


def digest(value: Any) -> str:  # noqa: ANN401 (JSON)
    """Return a short hash of a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def fingerprints_of(inputs: Mapping[str, Any]) -> dict[str, str | None]:
    """Return a hash for each input, or ``None`` if it is not set.

    An input that the state does not know is one that was not set, so a setting that a later version
    of the tap adds changes nothing until it is set.
    """
    return {name: digest(value) if value else None for name, value in inputs.items()}


def structure(schema: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a JSON schema that shapes values, without descriptions."""
    kept = {name: schema[name] for name in _SHAPING if name in schema}
    if properties := kept.get("properties"):
        kept["properties"] = {name: structure(inner) for name, inner in properties.items()}
    for name in ("items", "additionalProperties"):
        if isinstance(kept.get(name), dict):
            kept[name] = structure(kept[name])
    return kept


def changed_inputs(state: State, now: Mapping[str, str | None]) -> list[str]:
    """Return the names of the inputs that differ from those in the state.

    A state without fingerprints is of version 0.1.0 or of another tap. It is taken to have the
    present ones: nobody can know, and reading everything may take hours.
    """
    known = state.get("fingerprints")
    if known is None:
        return []
    if not isinstance(known, dict):
        known = {}
    return sorted(name for name in known.keys() | now.keys() if known.get(name) != now.get(name))


def has_read(state: State) -> bool:
    """Return whether the state of a stream says that something was read."""
    return any(one.get(key) for one in (state, *state.get("partitions", ())) for key in READ)


def forget_read(state: State, *, has_partitions: bool) -> None:
    """Set the state of a stream to that of one of which nothing was read."""
    if has_partitions:
        state["partitions"] = []
    else:
        state |= {"replication_key_value": None, "unfinished": None}
        state.pop("broken", None)
