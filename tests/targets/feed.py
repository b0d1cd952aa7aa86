"""The tap's messages for each loader: three runs of all streams, with edits and deletions."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from typing import TYPE_CHECKING, Any

from pim_simulator import SimulatedPim, serve
from tests.support import command, settings_for
from tests.targets.changes import add_spares, delete_some, switch_some, write
from tests.targets.reading import Key, Numbers, Row, key_of, numbers_in

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from tests.support import Ended, Message

ALONE = ("saas", "pim-3")
"""PIMs for the streams that the Enterprise Edition does not have."""
OLD = "ce-6"
"""A PIM of before 7.0, where the key of a product is its identifier, which is free text."""

ODD_CODES = (
    "it's",
    'says "hello"',
    '"quoted"',
    "one, two",
    "one; two",
    "back\\slash",
    "at its end\\",
    "two  spaces",
    " around ",
    "UPPER_and_lower",
    '24"',
    "'",
    "a''b",
    "NULL",
    "\\N",
    "{curly}",
    "a/b",
    "100 %25",
    "x" * 100,
)

LONG_NUMBERS = {
    "price": [{"amount": "12345678901234567.89", "currency": "EUR"}],
    "rating": "0.1234567890123456789",
    "weight": {"amount": "-1.234567890123456789012345", "unit": "KILOGRAM"},
    "optical_zoom": 9007199254740993,
}
"""Values that a float cannot hold. The PIM sends all but the integer as text."""

Rows = dict[str, dict[Key, Row]]


@dataclass
class Feed:
    """The messages of three runs, one file each: a full run, one after edits, one after deletions.

    Attributes:
        name: What it is a feed of.
        files: The files. Only the last contains ACTIVATE_VERSION.
        sent: Rows by stream and key after each run, as a target that upserts stores them.
        gone: Keys that the version of the third run no longer contains, by stream.
        numbers: Numbers of `value_columns` after the first run, by key of the product.
    """

    name: str
    files: list[Path] = field(default_factory=list)
    sent: list[Rows] = field(default_factory=list)
    gone: dict[str, set[Key]] = field(default_factory=dict)
    numbers: dict[Key, Numbers] = field(default_factory=dict)


class Runs:
    """Runs of the tap as a process, an hour apart, each from the state of the previous run.

    Args:
        pim: The PIM.
        settings: Settings of the tap.
        without: Streams to skip.
    """

    def __init__(
        self, pim: SimulatedPim, settings: dict[str, Any], without: Iterable[str] = ()
    ) -> None:
        self._pim = pim
        self._settings = settings
        self._state: Message = {}
        self._catalog = json.loads(command("--discover", config=settings).stdout)
        for entry in self._catalog["streams"]:
            (whole,) = (one["metadata"] for one in entry["metadata"] if not one["breadcrumb"])
            whole["selected"] = entry["tap_stream_id"] not in without

    def run(self, **settings: Any) -> list[Message]:
        """Run the tap with further settings, and return its messages."""
        return self.ended(**settings).messages

    def ended(self, **settings: Any) -> Ended:
        """Run the tap with further settings, and return its result."""
        config = {**self._settings, **settings}
        ended = command(config=config, catalog=self._catalog, state=self._state)
        assert ended.code == 0, ended.log
        # Otherwise the next reading may begin in the same second, and its row replace this one's.
        self._pim.clock.advance(hours=1)
        self._state = [one["value"] for one in ended.messages if one["type"] == "STATE"][-1]
        return ended


def make_feeds(folder: Path) -> list[Feed]:
    """Run the tap three times with each PIM, and write the messages to files.

    A PIM of before 7.0 has a feed of its own, because its products have another key.

    Args:
        folder: An empty folder.
    """
    return [_feed_of_today(folder), old_feed(folder)]


def _feed_of_today(folder: Path) -> Feed:
    runs = read_enterprise(folder / "ee-7")
    for profile in ALONE:
        pim = SimulatedPim(profile, seed=1, products=30)
        with serve(pim):
            app = {**dict.fromkeys(pim.credentials), "access_token": pim.app_token}
            for_saas = {**app, "with_personal_data": True}
            settings = settings_for(pim, **(for_saas if pim.profile.saas else {}))
            tap = Runs(pim, settings, without=streams_of(runs[0]))
            for so_far in runs:
                so_far.extend(tap.run())
    lines = [[f"{json.dumps(one)}\n" for one in messages] for messages in runs]
    return _written("today", lines, folder)


def old_feed(folder: Path) -> Feed:
    """Make the feed of a PIM of before 7.0.

    Args:
        folder: A folder.
    """
    # As the tap wrote them, because its numbers may have more digits than a float.
    lines = [[f"{one}\n" for one in run.stdout.split("\n") if one] for run in read_old()]
    return _written("old", lines, folder)


def read_enterprise(
    folder: Path, after: Callable[[SimulatedPim, list[Message]], None] = lambda *_: None
) -> list[list[Message]]:
    """Run all streams of an Enterprise Edition three times and return the messages.

    Args:
        folder: A folder to create.
        after: Called after the second run, with the PIM and all messages so far.
    """
    # Its dates are of both sides of a change of the clock.
    pim = SimulatedPim("ee-7", seed=1, products=60, timezone="Europe/Paris")
    add_spares(pim)
    add_odd_codes(pim)
    add_odd_values(pim)
    with serve(pim):
        tap = Runs(pim, settings_for(pim))
        first = tap.run()
        folder.mkdir()
        write(pim, folder / "pim.json")
        second = tap.run()
        after(pim, first + second)
        delete_some(pim, streams_of(first))
        return [first, second, tap.run(emit_activate_version_messages=True)]


def read_old() -> list[Ended]:
    """Run all streams of a PIM whose products have an identifier as key, three times."""
    pim = SimulatedPim(OLD, seed=1, products=60, timezone="Europe/Paris")
    add_odd_codes(pim)
    values = {
        code: [{"locale": None, "scope": None, "data": data}] for code, data in LONG_NUMBERS.items()
    }
    pim.write.product("many digits", values=values)
    with serve(pim):
        tap = Runs(pim, settings_for(pim, value_columns=[*LONG_NUMBERS]))
        first = tap.ended()
        switch_some(pim)
        second = tap.ended()
        delete_some(pim, streams_of(first.messages))
        return [first, second, tap.ended(emit_activate_version_messages=True)]


def add_odd_codes(pim: SimulatedPim) -> None:
    """Add items whose codes are hard to quote; old versions of the PIM accepted most of them."""
    (variant,) = [row["code"] for row in pim.truth("family_variants")][:1]
    for code in ODD_CODES:
        pim.write.save("categories", code, {"parent": "master"})
        pim.write.save("association_types", code, {"labels": {"en_US": code}})
        pim.write.save("attribute_options", ("color", code), {"labels": {"en_US": code}})
        if pim.profile.enterprise:
            pim.write.save("assets", ("packshots", code), {})
            pim.write.save("reference_entity_records", ("designers", code), {})
        pim.write.product_model(code, family_variant=variant, categories=[code])
        # The PIM refuses other identifiers (akeneo/pim-community-dev#3081).
        if not {",", ";"} & {*code} and code.strip() == code:
            pim.write.product(code, family="clothing")


def add_odd_values(pim: SimulatedPim) -> None:
    """Make a PIM send invalid values as some real PIMs do, which loaders would reject unchanged."""
    odd = {
        # Newer PIMs have default values for attributes of all types.
        "/attributes": {
            '"default_value":null': '"default_value":"new"',
            '"default_value":true': '"default_value":12.5',
            '"default_value":false': '"default_value":["x","y"]',
            '"max_characters":null': '"max_characters":"20"',
            '"validation_regexp":null': '"validation_regexp":""',
        },
        "/families": {'"labels":{"en_US":"': r'"labels":{"de_DE":5,"fr_FR":["x"],"en_US":"\u0000'},
        "/products-uuid": {
            '"created":"20': '"created":"00',
            '"enabled":false': '"enabled":"0"',
            '"data":"': r'"data":"\u0000',
        },
        "/association-types": {
            '"is_two_way":': '"is_quantified":"1","newer":{"a":[]},"is_two_way":'
        },
    }
    for path, texts in odd.items():
        pim.faults.add("odd", path, odd=texts, times=None)


def streams_of(messages: Iterable[Message]) -> set[str]:
    """Return the streams of the PIM's items, which excludes readings."""
    streams = {message["stream"] for message in messages if message["type"] == "SCHEMA"}
    return streams - {"readings"}


def rows_of(messages: Iterable[Message]) -> Rows:
    """Return rows by stream and key; the last row of a key is kept."""
    rows: Rows = defaultdict(dict)
    for message in messages:
        if message["type"] == "RECORD":
            stream, record = message["stream"], message["record"]
            rows[stream][key_of(stream, record)] = record
    return rows


def _written(name: str, runs: list[list[str]], folder: Path) -> Feed:
    feed = Feed(name)
    before: list[Message] = []
    for number, lines in enumerate(runs, 1):
        path = folder / f"{name}-{number}.jsonl"
        path.write_text("".join(lines), encoding="utf-8")
        feed.files.append(path)
        messages = [json.loads(line) for line in lines]
        before += messages
        feed.sent.append(rows_of(before))
    exact = (json.loads(line, parse_float=Decimal) for line in runs[0])
    feed.numbers = {
        key: numbers
        for key, row in rows_of(exact)["products"].items()
        if (numbers := numbers_in(row))
    }
    last = rows_of(messages)
    for message in messages:
        if message["type"] == "ACTIVATE_VERSION":
            stream = message["stream"]
            feed.gone[stream] = feed.sent[1][stream].keys() - last[stream].keys()
    return feed
