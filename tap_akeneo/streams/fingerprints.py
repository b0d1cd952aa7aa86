"""Hashes of what shapes the rows of a stream, which the state keeps beside its bookmark.

    "fingerprints": {"attributes": hash, "filters": null, "key": hash, "properties": hash, ...}

There is one hash for each input: each setting that affects the stream, its key, the properties of
its records, and the PIM's address; null if a setting is not set. A bookmark says which changes were
read, but rows that were read with other inputs look different, and may never change in the PIM. So
a bookmark is valid only while all inputs are the same.

What is no longer valid is overwritten instead of being removed, because Meltano merges the states
of some runs, such as those with ``--full-refresh``, into older ones, and the old value would come
back for a missing key.
"""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any, Final, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping

State: TypeAlias = dict[str, Any]
"""The bookmark of a stream, or of one of its partitions."""

MIXED: Final = "mixed"
"""Replaces a hash if the target has rows with several hashes. It never equals a hash."""

NOTHING_LEFT: Final = {"fingerprint": None}
"""Replaces an unfinished reading that is no longer valid: no list has this fingerprint.

It is not null, because Meltano fails when it merges an object into null.
"""

_SHAPING: Final = ("type", "format", "items", "properties", "additionalProperties")


def digest(value: Any) -> str:  # noqa: ANN401 (JSON)
    """Return a short hash of a JSON value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()[:16]


def fingerprints_of(inputs: Mapping[str, Any]) -> dict[str, str | None]:
    """Return a hash for each input, or ``None`` if it is not set.

    An input that is missing in the state counts as not set. So a setting that a later version of
    the tap adds changes nothing until it is set.
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

    A state without fingerprints was written by hand or by another tap. It is assumed to have
    the present ones, because nobody can know, and reading everything may take hours.
    """
    known = state.get("fingerprints")
    if known is None:
        return []
    if not isinstance(known, dict):
        known = {}
    return sorted(name for name in known.keys() | now.keys() if known.get(name) != now.get(name))


def has_read(state: State) -> bool:
    """Return whether the state of a stream says that something was read."""
    return any(
        one.get("replication_key_value") or one.get("broken") or has_unfinished(one)
        for one in (state, *state.get("partitions", ()))
    )


def has_unfinished(state: State) -> bool:
    """Return whether the state has an unfinished reading."""
    left = state.get("unfinished")
    return bool(left) and not (isinstance(left, dict) and left.get("fingerprint", "") is None)


def forget_read(state: State, *, has_partitions: bool) -> None:
    """Reset the state of a stream, as if nothing had been read."""
    if has_partitions:
        state["partitions"] = []
    else:
        state |= {"replication_key_value": None, "unfinished": dict(NOTHING_LEFT)}
        state.pop("broken", None)
