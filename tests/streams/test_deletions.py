"""Rows deleted in the PIM are also removed from the target, and no others."""

from __future__ import annotations

import itertools
import re
from contextlib import suppress
from datetime import datetime, timedelta
from random import Random
from typing import TYPE_CHECKING, Any

import pytest
from typing_extensions import override

from tap_akeneo.streams import STREAMS
from tap_akeneo.streams.base import AkeneoStream
from tap_akeneo.streams.incremental import IncrementalStream
from tap_akeneo.streams.keys import ItemScan, KeyStream
from tap_akeneo.tap import TapAkeneo
from tests.soak.steps import STREAMS as WRITTEN
from tests.soak.steps import VERBS, Setup, Write
from tests.soak.target import Target, TargetWriter
from tests.soak.writes import Writes
from tests.support import KEYS_OF, Run, select, settings_for, sync
from tests.targets.changes import add_spares, delete_some, keys_in

if TYPE_CHECKING:
    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim
    from tests.support import Message

# Tables that keep deleted rows; their key streams show what still exists.
GROWING = {stream.name for stream in STREAMS if issubclass(stream, IncrementalStream)} - {*KEYS_OF}
# Rows whose keys are not in the PIM.
ALWAYS = {"system_information", "readings"}
# Writes that leave no item broken, or missing only in the database.
USUAL = [verb for verb in VERBS if verb not in {"break", "lose"}]
# Streams whose items cannot be deleted in the simulated PIM.
LASTING = {stream.name for stream in STREAMS if stream.since == "SaaS"}


class NthRun(TapAkeneo):
    """A tap that starts a second after the previous one, because versions differ by seconds."""

    runs = itertools.count(1)

    @property
    @override
    def initialized_at(self) -> int:
        return self.begun

    def __init__(self, **given: Any) -> None:
        self.begun = next(self.runs) * 1000
        super().__init__(**given)


def run_into(target: Target, pim: SimulatedPim, breaks_after: int | None = None) -> None:
    """Run all streams with versions into a target that deletes rows."""
    writer = TargetWriter(target, breaks_after, is_slow=False)
    config = settings_for(pim, emit_activate_version_messages=True)
    tap = NthRun(config=config, state=target.state, message_writer=writer)
    select(tap, ())
    tap.sync_all()


def versions(messages: list[Message], stream: str) -> list[tuple[str, Any]]:
    """Return type and version of a stream's messages, with consecutive duplicates collapsed."""
    seen: list[tuple[str, Any]] = []
    for message in messages:
        one = (message["type"], message.get("version"))
        if message.get("stream") == stream and (not seen or seen[-1] != one):
            seen.append(one)
    return seen


def test_a_version_is_activated_after_the_last_record(start_pim: StartPim) -> None:
    run = sync(start_pim(), "families", emit_activate_version_messages=True)
    (_, _), (record, version), (last, activated) = versions(run.messages, "families")
    assert (record, last) == ("RECORD", "ACTIVATE_VERSION")
    assert version == activated


def test_versions_are_written_only_on_request(start_pim: StartPim) -> None:
    run = sync(start_pim(), "families")
    assert versions(run.messages, "families") == [("SCHEMA", None), ("RECORD", None)]


def test_an_incremental_stream_does_not_have_a_version(start_pim: StartPim) -> None:
    run = sync(start_pim(), "products", emit_activate_version_messages=True)
    assert versions(run.messages, "products") == [("SCHEMA", None), ("RECORD", None)]


@pytest.mark.parametrize(
    ("stream", "settings"),
    [
        ("families", {"filters": {"families": {"has_products": [{"operator": "=", "value": 1}]}}}),
        (
            "families",
            {
                "batch_config": {
                    "encoding": {"format": "jsonl", "compression": "gzip"},
                    "storage": {"root": "file://{folder}"},
                }
            },
        ),
    ],
)
def test_a_filtered_stream_or_one_written_in_batches_does_not_activate_a_version(
    start_pim: StartPim, tmp_path: Any, stream: str, settings: dict[str, Any]
) -> None:
    if batch := settings.get("batch_config"):
        root = batch["storage"]["root"].format(folder=tmp_path)
        settings = {"batch_config": {**batch, "storage": {"root": root}}}
    run = sync(start_pim("saas"), stream, emit_activate_version_messages=True, **settings)
    assert "ACTIVATE_VERSION" not in {message["type"] for message in run.messages}


def test_a_map_that_removes_rows_does_not_let_the_target_delete_them(start_pim: StartPim) -> None:
    pim = start_pim()
    maps: dict[str, Any] = {
        "families": {"__filter__": "code == 'shoes'"},
        "channels": None,
        "names": {"__source__": "channels", "label": "code"},
    }
    activates: dict[str, Any] = {"emit_activate_version_messages": True}
    run = sync(pim, "families", "channels", "locales", stream_maps=maps, **activates)
    assert run.activated == {"names", "locales"}


def test_a_refused_stream_does_not_activate_a_version_but_other_streams_do(
    start_pim: StartPim,
) -> None:
    pim = start_pim()
    pim.faults.add("status", "/families", status=403, times=None)
    run = sync(pim, "families", "channels", emit_activate_version_messages=True)
    activated = {m["stream"] for m in run.messages if m["type"] == "ACTIVATE_VERSION"}
    assert activated == {"channels"}


@pytest.mark.parametrize(
    ("profile", "settings"),
    [
        ("ee-7", {"channel": "ecommerce"}),
        ("ee-7", {"channel": "print", "locales": ["de_DE"]}),
        ("pim-3", {"channel": "ecommerce"}),
    ],
)
def test_streams_whose_rows_depend_on_the_channel_do_not_activate_a_version(
    start_pim: StartPim, profile: str, settings: dict[str, Any]
) -> None:
    pim = start_pim(profile)
    without = full_tables(pim).activated
    pim.requests.clear()
    run = full_tables(pim, **settings)
    limited = {request.path for request in pim.requests if {"scope", "channel"} & {*request.query}}
    of_stream = {
        name: {path for path in limited if re.fullmatch(pattern_of(stream), path)}
        for name, stream in run.tap.streams.items()
        if isinstance(stream, AkeneoStream) and not isinstance(stream, ItemScan)
    }
    may_hide = {name for name, paths in of_stream.items() if paths}
    assert may_hide >= {"products", "product_models"}
    assert run.activated == without - may_hide


@pytest.mark.parametrize(
    ("stream", "condition"),
    [
        ("products", {"enabled": [{"operator": "=", "value": True}]}),
        ("product_models", {"family": [{"operator": "IN", "value": ["clothing"]}]}),
        ("published_products", {"enabled": [{"operator": "=", "value": True}]}),
        ("families", {"code": [{"operator": "IN", "value": ["clothing"]}]}),
        ("attributes", {"code": [{"operator": "IN", "value": ["sku"]}]}),
        ("categories", {"parent": [{"operator": "=", "value": "master"}]}),
    ],
)
def test_a_stream_with_a_filter_does_not_activate_a_version_but_all_others_do(
    start_pim: StartPim, stream: str, condition: dict[str, Any]
) -> None:
    pim = start_pim("ee-7")
    without = full_tables(pim).activated
    run = full_tables(pim, filters={stream: condition})
    assert run.records(stream)
    assert run.activated == without - {stream}


def full_tables(pim: SimulatedPim, **settings: Any) -> Run:
    """Run all streams as full tables."""
    run = sync(pim, full_table=True, emit_activate_version_messages=True, **settings)
    assert not run.tap.failed_streams
    return run


def pattern_of(stream: Any) -> str:
    """Return a pattern that matches the paths of a stream's lists."""
    return ".*/v1/" + re.sub(r"\\{\w+\\}", "[^/]+", re.escape(stream.path))


CHILDREN = (
    "attribute_options",
    "family_variants",
    "asset_attributes",
    "asset_attribute_options",
    "asset_keys",
    "reference_entity_attributes",
    "reference_entity_attribute_options",
    "reference_entity_record_keys",
)
FORBIDDEN = {"code": 403, "message": "Access forbidden."}


@pytest.mark.parametrize("stream", CHILDREN)
def test_no_version_is_activated_if_a_child_list_is_refused_or_skipped(
    start_pim: StartPim, stream: str
) -> None:
    pim = start_pim("ee-7")
    quiet = sync(pim, stream, emit_activate_version_messages=True)
    pattern = pattern_of(quiet.tap.streams[stream])
    refused = next(one.path for one in pim.requests if re.fullmatch(pattern, one.path))
    assert quiet.activated == {stream}
    pim.faults.add("status", refused, status=403, body=FORBIDDEN, times=None)
    for on_forbidden in ("fail", "skip"):
        run = sync(pim, stream, emit_activate_version_messages=True, on_forbidden=on_forbidden)
        assert run.rows(stream)
        assert run.activated == set()


@pytest.mark.parametrize(
    "stream", ["asset_attribute_options", "reference_entity_attribute_options"]
)
def test_no_version_is_activated_if_the_list_of_parents_is_refused(
    start_pim: StartPim, stream: str
) -> None:
    pim = start_pim("ee-7")
    sync(pim, stream, emit_activate_version_messages=True)
    (parent,) = {one.parent for one in STREAMS if one.name == stream}
    assert parent
    refused = next(one.path for one in pim.requests if re.fullmatch(pattern_of(parent), one.path))
    pim.faults.add("status", refused, status=403, body=FORBIDDEN, times=None)
    run = sync(pim, stream, emit_activate_version_messages=True, on_forbidden="skip")
    assert run.activated == set()


@pytest.mark.parametrize("stream", KEYS_OF)
def test_keys_have_the_pims_time_at_the_start_of_the_reading(
    start_pim: StartPim, stream: str
) -> None:
    pim = start_pim("ee-7", clock_offset=timedelta(days=-3, minutes=7))
    before = pim.clock.now().replace(microsecond=0)
    run = sync(pim, stream)
    (read_at,) = {record["read_at"] for record in run.records(stream)}
    assert before <= datetime.fromisoformat(read_at) <= pim.clock.now()
    assert datetime.fromisoformat(read_at).utcoffset() == timedelta()


def test_a_list_shorter_than_its_count_does_not_activate_a_version(start_pim: StartPim) -> None:
    pim = start_pim("ce-5")
    pim.missing.update(keys for (keys,) in sorted(keys_in(pim, "product_keys"))[:3])
    run = sync(pim, "product_keys", emit_activate_version_messages=True)
    assert "ACTIVATE_VERSION" not in {message["type"] for message in run.messages}


@pytest.mark.parametrize("stream", KEYS_OF)
def test_key_streams_contain_exactly_the_keys_in_the_pim(
    any_pim: SimulatedPim, stream: str
) -> None:
    run = sync(any_pim, stream)
    if stream not in run.tap.streams:
        assert not any_pim.truth(KEYS_OF[stream])
        return
    assert run.rows(stream).keys() == keys_in(any_pim, stream)
    assert len(run.records(stream)) == len(run.rows(stream))
    columns = (*run.tap.streams[stream].primary_keys, "read_at")
    assert all(tuple(row) == columns for row in run.records(stream))


def test_product_keys_requests_only_one_attribute(start_pim: StartPim) -> None:
    pim = start_pim()
    sync(pim, "product_keys")
    asked = [one.query for one in pim.requests if one.path.endswith("/products-uuid")]
    assert asked
    assert {query["attributes"] for query in asked} == {"sku"}
    assert not any(
        name.startswith("with_") and name != "with_count" for one in asked for name in one
    )


def test_settings_that_exclude_products_do_not_exclude_their_keys(start_pim: StartPim) -> None:
    pim = start_pim()
    enabled = {"products": {"enabled": [{"operator": "=", "value": True}]}}
    run = sync(pim, "product_keys", channel="ecommerce", locales=["en_US"], filters=enabled)
    assert run.rows("product_keys").keys() == keys_in(pim, "product_keys")


def test_every_incremental_stream_of_a_connection_has_a_key_stream() -> None:
    incremental = {one.name for one in STREAMS if issubclass(one, IncrementalStream)}
    with_keys = {one.name for one in STREAMS if issubclass(one, KeyStream)}
    assert {KEYS_OF[name] for name in with_keys} == incremental - with_keys - {"catalog_products"}


@pytest.mark.parametrize("profile", ["ce-5", "ee-7", "saas"])
def test_exactly_the_deleted_rows_are_removed_from_the_target(
    start_pim: StartPim, profile: str
) -> None:
    pim, target = start_pim(profile), Target()
    add_spares(pim)
    run_into(target, pim)
    before = shown(target)
    deleted = delete_some(pim, {KEYS_OF.get(stream, stream) for stream in before.keys() - LASTING})
    run_into(target, pim)
    for stream, keys in before.items():
        assert keys - target.rows[stream].keys() == deleted.get(KEYS_OF.get(stream, stream), set())
        assert set(target.rows[stream]) == keys_in(pim, stream)


def shown(target: Target) -> dict[str, set[tuple[str, ...]]]:
    """Return the keys of the tables whose deleted rows are removed, by stream."""
    return {
        stream: set(rows) for stream, rows in target.rows.items() if stream not in GROWING | ALWAYS
    }


def test_a_run_that_dies_at_any_point_never_removes_rows_that_exist_in_the_pim(
    start_pim: StartPim,
) -> None:
    pim, target = start_pim("ee-7", products=20), Target()
    run_into(target, pim)
    length, writes = sum(map(len, target.rows.values())), Writes(pim, Setup("ee-7"), WRITTEN)
    for number in range(50):
        random = Random(number)  # noqa: S311 (not a secret)
        before = shown(target)
        for _ in range(5):
            verb, stream = random.choice(USUAL), random.choice(WRITTEN)
            writes.do(Write(verb, stream, random.randrange(400)))
        with suppress(BrokenPipeError):
            run_into(target, pim, breaks_after=random.randrange(length))
        for stream, keys in before.items():
            assert set(target.rows[stream]) >= keys & keys_in(pim, stream), (number, stream)
    run_into(target, pim)
    assert shown(target) == {stream: keys_in(pim, stream) for stream in shown(target)}
