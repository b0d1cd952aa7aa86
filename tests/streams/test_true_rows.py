"""Rows that were read with other settings are read again, so that all rows of a table are alike."""

from __future__ import annotations

import json
import logging
from copy import deepcopy
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pim_simulator import SimulatedPim, serve
from tap_akeneo.tap import TapAkeneo
from tests.support import BreakingPipe, Collector, Run, settings_for, sync

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from tests.conftest import StartPim

UTC: dict[str, Any] = {"pim_timezone": "UTC"}
ONLY_ENABLED = {"products": {"enabled": [{"operator": "=", "value": True}]}}

SHAPING: dict[str, Any] = {
    "attributes": ["name"],
    "channel": "ecommerce",
    "locales": ["en_US"],
    "filters": ONLY_ENABLED,
    "keep_values_as_sent": True,
    "with_completenesses": False,
    "with_quality_scores": False,
    "with_attribute_options": True,
    "stream_maps": {"products": {"on": "record['enabled']"}},
    "flattening_enabled": True,
}
"""Settings that shape products of 7.0, and another value of each."""


def run_with(
    pim: SimulatedPim,
    state: Mapping[str, Any] | None,
    stream: str = "products",
    collector: Collector | None = None,
    **options: Any,
) -> Run:
    """Run the tap on one stream, with `left_out` properties that are not selected."""
    full_table, left_out = options.pop("full_table", False), options.pop("left_out", ())
    options = {**UTC, "flattening_max_depth": 1, **options}
    catalog = TapAkeneo(config=settings_for(pim, **options)).catalog_dict
    for entry in catalog["streams"]:
        for one in entry["metadata"]:
            if one["breadcrumb"][-1:] and one["breadcrumb"][-1] in left_out:
                one["metadata"]["selected"] = False
    more: dict[str, Any] = {"catalog": catalog, "full_table": full_table, "collector": collector}
    return sync(pim, stream, state=state, **more, **options)


def fingerprints(run: Run, stream: str = "products") -> dict[str, Any]:
    found: dict[str, Any] = run.state["bookmarks"][stream]["fingerprints"]
    return found


def reasons(caplog: pytest.LogCaptureFixture) -> list[str]:
    """Return the log lines that say why a stream is read again, and forget them."""
    lines = [line for line in caplog.messages if " changed since " in line]
    caplog.clear()
    return lines


@pytest.fixture
def info_log(caplog: pytest.LogCaptureFixture) -> pytest.LogCaptureFixture:
    caplog.set_level(logging.INFO)
    return caplog


@pytest.mark.parametrize("name", SHAPING)
def test_a_changed_setting_reads_all_rows_once_and_is_named(
    start_pim: StartPim, info_log: pytest.LogCaptureFixture, name: str
) -> None:
    pim = start_pim()
    state: dict[str, Any] = {}
    changes: list[dict[str, Any]] = [{}, {name: SHAPING[name]}, {}]
    for changed in changes:
        everything = sync(pim, "products", **UTC, flattening_max_depth=1, **changed)
        reasons(info_log)
        run = run_with(pim, state, **changed)
        assert run.rows("products") == everything.rows("products")
        (line,) = reasons(info_log) or [""]
        if state:
            # Flattening has several settings.
            assert line
            assert line.startswith(f"{name}") or f" {name} " in line.replace(",", " ")
            assert line.endswith("changed since the last run: reading everything once")
        again = run_with(pim, run.state, **changed)
        assert not again.records("products")
        assert not reasons(info_log)
        state = again.state


def test_a_setting_of_another_stream_reads_nothing_again(
    start_pim: StartPim, info_log: pytest.LogCaptureFixture
) -> None:
    pim = start_pim("ee-7")
    others = {
        "filters": {"product_models": ONLY_ENABLED["products"], "families": {}},
        "with_position": False,
        "stream_maps": {"product_*": {}, "families": None},
        "page_size": 7,
        "max_concurrency": 1,
        "lookback_seconds": 30,
        "request_timeout": 60,
        "on_forbidden": "skip",
        "emit_activate_version_messages": True,
    }
    by_stream: dict[str, dict[str, Any]] = {
        "products": others,
        "assets": {"attributes": ["name"], "with_completenesses": False},
        "reference_entity_records": {"attributes": ["name"], "with_asset_auto_tags": True},
    }
    for stream, changed in by_stream.items():
        first = run_with(pim, {}, stream)
        second = run_with(pim, first.state, stream, **changed)
        assert not second.records(stream)
        assert fingerprints(second, stream) == fingerprints(first, stream)
    assert not reasons(info_log)


def test_the_order_of_codes_does_not_matter(start_pim: StartPim) -> None:
    pim = start_pim()
    first = run_with(pim, {}, attributes=["name", "color"], locales=["en_US", "fr_FR"])
    second = run_with(pim, first.state, attributes=["color", "name"], locales=["fr_FR", "en_US"])
    assert not second.records("products")


def test_without_the_setting_attributes_every_product_gets_its_name(start_pim: StartPim) -> None:
    pim = start_pim(products=246)
    first = run_with(pim, {}, attributes=["color"])
    assert not any("name" in row["values"] for row in first.records("products"))
    second = run_with(pim, first.state)
    held = {(row["uuid"],): row["values"].get("name") for row in pim.truth("products")}
    assert sum(map(bool, held.values())) > 200
    assert {key: row["values"].get("name") for key, row in second.rows("products").items()} == held


@pytest.mark.parametrize("stream", ["assets", "reference_entity_records"])
def test_all_bookmarks_of_a_stream_with_parents_are_forgotten_with_one_line(
    start_pim: StartPim, info_log: pytest.LogCaptureFixture, stream: str
) -> None:
    pim = start_pim("ee-7")
    first = run_with(pim, {}, stream)
    second = run_with(pim, first.state, stream, locales=["en_US"])
    assert second.rows(stream).keys() == first.rows(stream).keys()
    assert reasons(info_log) == ["locales changed since the last run: reading everything once"]
    third = run_with(pim, second.state, stream, locales=["en_US"])
    assert not third.records(stream)


def test_a_catalog_with_other_properties_reads_all_rows_once(
    start_pim: StartPim, info_log: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    first = run_with(pim, {}, left_out=("values", "workflow_status"))
    second = run_with(pim, first.state, left_out=("workflow_status",))
    assert second.records("products") == run_with(pim, {}, left_out=()).records("products")
    assert reasons(info_log) == ["properties changed since the last run: reading everything once"]
    third = run_with(pim, second.state)
    assert len(third.records("products")) == len(second.records("products"))


def test_columns_that_the_setting_fills_again_are_filled_in_all_rows(
    start_pim: StartPim, info_log: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    both, one = (dict[str, Any](value_columns=codes) for codes in (["name", "color"], ["name"]))
    # The catalog is pinned: it keeps the columns of both attributes.
    catalog = TapAkeneo(config=settings_for(pim, **UTC, **both)).catalog_dict
    state: dict[str, Any] = {}
    runs = []
    for options in (both, one, both):
        runs.append(sync(pim, "products", state=state, catalog=catalog, **UTC, **options))
        state = runs[-1].state
    first, second, third = (run.rows("products") for run in runs)
    assert first == third
    assert first.keys() == second.keys()
    line = "value_columns changed since the last run: reading everything once"
    assert reasons(info_log) == [line, line]


def test_a_run_without_a_catalog_has_the_fingerprints_of_one_with_the_discovered_catalog(
    start_pim: StartPim,
) -> None:
    pim = start_pim("saas")
    for stream in ("products", "product_models", "categories", "assets"):
        with_catalog = run_with(pim, {}, stream, flattening_max_depth=0)
        assert fingerprints(sync(pim, stream), stream) == fingerprints(with_catalog, stream)


def test_products_whose_key_is_new_are_all_read(
    start_pim: StartPim, info_log: pytest.LogCaptureFixture
) -> None:
    before, after = start_pim("ce-6"), start_pim("ce-7")
    state = run_with(before, {}).state
    # As if the PIM had been upgraded at its address.
    by_uuid = run_with(after, {})
    products = state["bookmarks"]["products"]
    products["fingerprints"]["base_url"] = fingerprints(by_uuid)["base_url"]
    upgraded = run_with(after, state)
    assert upgraded.rows("products") == by_uuid.rows("products")
    (line,) = reasons(info_log)
    assert line.startswith("identifier, key, properties changed since the last run")


def test_a_new_key_reads_everything_even_with_warn(
    start_pim: StartPim, info_log: pytest.LogCaptureFixture
) -> None:
    before, after = start_pim("ce-6"), start_pim("ce-7")
    state = run_with(before, {}).state
    upgraded = run_with(after, state, on_changed_settings="warn")
    assert upgraded.rows("products") == run_with(after, {}).rows("products")
    (line,) = reasons(info_log)
    assert " key, " in line
    assert line.endswith("reading everything once")


@pytest.mark.parametrize("after", [None, "bag-1"])
@pytest.mark.parametrize("stream", ["products", "product_keys"])
def test_broken_products_known_by_identifier_do_not_fail_runs_after_an_upgrade_to_uuids(
    start_pim: StartPim, after: str | None, stream: str
) -> None:
    pim = start_pim()
    state = without_fingerprints(run_with(pim, {}, stream).state)
    state["bookmarks"][stream]["broken"] = [{"after": after, "key": "bag-2", "since": None}]
    run = run_with(pim, state, stream)
    assert run.rows(stream).keys() == {(row["uuid"],) for row in pim.truth("products")}
    assert not run.tap.failed_streams
    assert "broken" not in run.state["bookmarks"][stream]


def test_the_state_of_another_pim_reads_everything(
    start_pim: StartPim, info_log: pytest.LogCaptureFixture
) -> None:
    pim, other = start_pim(), start_pim(seed=2)
    run = run_with(other, run_with(pim, {}).state)
    assert {uuid for (uuid,) in run.rows("products")} == {
        row["uuid"] for row in other.truth("products")
    }
    assert reasons(info_log) == ["base_url changed since the last run: reading everything once"]


def without_fingerprints(state: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state as users write it by hand."""
    older: dict[str, Any] = json.loads(json.dumps(state))
    for bookmark in older["bookmarks"].values():
        bookmark.pop("fingerprints", None)
    return older


def test_a_state_without_fingerprints_is_assumed_to_fit_the_present_settings(
    start_pim: StartPim, info_log: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    state = without_fingerprints(run_with(pim, {}).state)
    run = run_with(pim, state, attributes=["name"])
    assert not run.records("products")
    assert not reasons(info_log)
    assert fingerprints(run) == fingerprints(run_with(pim, {}, attributes=["name"]))


@pytest.mark.parametrize("damaged", [[], "text", 5, {"attributes": 7}, {"of": {"another": "tap"}}])
def test_fingerprints_that_this_tap_did_not_write_read_everything(
    start_pim: StartPim, damaged: object
) -> None:
    pim = start_pim()
    first = run_with(pim, {})
    first.state["bookmarks"]["products"]["fingerprints"] = damaged
    second = run_with(pim, first.state)
    assert second.rows("products") == first.rows("products")
    assert not run_with(pim, second.state).records("products")


def test_a_setting_that_the_state_does_not_know_counts_as_unset(start_pim: StartPim) -> None:
    pim = start_pim()
    first = run_with(pim, {})
    del first.state["bookmarks"]["products"]["fingerprints"]["locales"]
    assert not run_with(pim, first.state).records("products")
    assert run_with(pim, first.state, locales=["en_US"]).records("products")


def test_warn_reads_only_changes_and_warns_until_all_rows_are_alike(
    start_pim: StartPim, info_log: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    state = run_with(pim, {}).state
    warns: dict[str, Any] = {"on_changed_settings": "warn"}
    changes: list[dict[str, Any]] = [{"locales": ["en_US"]}, {"locales": ["en_US"]}, {}]
    warning = (
        "locales changed since the first rows were read: rows that do not change in the PIM stay "
        "as they are until a full refresh"
    )
    for changed in changes:
        run = run_with(pim, state, **warns, **changed)
        assert not run.records("products")
        assert reasons(info_log) == [warning]
        state = run.state
    # The target may have rows with and without other locales, so no value fits all of them.
    everything = run_with(pim, state)
    assert len(everything.records("products")) == len(pim.truth("products"))
    reasons(info_log)
    assert not run_with(pim, everything.state, **warns).records("products")
    assert not reasons(info_log)


def test_a_full_refresh_ends_the_warnings(
    start_pim: StartPim, info_log: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    changed: dict[str, Any] = {"on_changed_settings": "warn", "locales": ["en_US"]}
    warned = run_with(pim, run_with(pim, {}).state, **changed)
    assert reasons(info_log)
    refreshed = run_with(pim, {}, **changed)
    assert fingerprints(refreshed) != fingerprints(warned)
    run_with(pim, refreshed.state, **changed)
    assert not reasons(info_log)


def merged(state: Mapping[str, Any], onto: Mapping[str, Any]) -> dict[str, Any]:
    """Return a state merged into an older one, as Meltano does (`meltano.core.utils.merge`)."""
    whole = deepcopy(dict(onto))
    for name, value in state.items():
        whole[name] = merged(value, whole.get(name, {})) if isinstance(value, dict) else value
    return whole


def stored(run: Run, onto: Mapping[str, Any]) -> dict[str, Any]:
    """Return what Meltano has after a run whose states it merges, each as it comes."""
    whole = dict(onto)
    for message in run.messages:
        if message["type"] == "STATE":
            whole = merged(message["value"], whole)
    return whole


@pytest.mark.parametrize("merges", [False, True], ids=["replaced", "merged"])
@pytest.mark.parametrize("records", [0, 30])
def test_a_run_that_is_killed_leaves_no_row_of_the_old_kind(
    start_pim: StartPim, records: int, *, merges: bool
) -> None:
    pim = start_pim()
    first = run_with(pim, {})
    killed = run_with(pim, first.state, collector=BreakingPipe(records), locales=["en_US"])
    state = merged(killed.state, first.state) if merges else killed.state
    assert run_with(pim, state, locales=["en_US"]).rows("products").keys() == (
        first.rows("products").keys()
    )
    # Some rows have been written with the new setting, so the old one needs all rows as well.
    assert run_with(pim, state).rows("products") == first.rows("products")


def test_a_killed_reading_of_everything_is_resumed(start_pim: StartPim) -> None:
    pim = start_pim(products=1500)
    first = run_with(pim, {}, locales=["en_US"])
    # The state is written after every 300 rows, at the end of a page.
    killed = run_with(pim, first.state, collector=BreakingPipe(1050), page_size=20)
    last = run_with(pim, merged(killed.state, first.state), page_size=20)
    assert 1500 - 1050 <= len(last.records("products")) <= 1500 - 1050 + 300
    rows = killed.rows("products") | last.rows("products")
    assert rows == run_with(pim, {}).rows("products")


def test_the_states_of_a_reading_of_everything_can_be_merged_one_by_one(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=1500)
    first = run_with(pim, {}, locales=["en_US"])
    state = stored(run_with(pim, first.state), first.state)
    assert not run_with(pim, state).records("products")


@pytest.mark.parametrize("products", [300, 1500])
def test_a_full_refresh_under_meltano_leaves_nothing_to_resume(
    start_pim: StartPim, info_log: pytest.LogCaptureFixture, products: int
) -> None:
    pim = start_pim(products=products)
    killed = run_with(pim, {}, "product_keys", collector=BreakingPipe(200), page_size=20)
    killed.tap.state_writer.write_state(killed.tap.state)
    assert killed.state["bookmarks"]["product_keys"]["unfinished"]["ranges"]
    # Meltano runs the tap without a state, and merges each new one into the old one.
    refreshed = run_with(pim, {}, "product_keys")
    info_log.clear()
    last = run_with(pim, stored(refreshed, killed.state), "product_keys")
    assert last.rows("product_keys").keys() == refreshed.rows("product_keys").keys()
    assert "did not finish" not in info_log.text


def test_settings_that_were_unset_before_a_full_refresh_under_meltano_change_nothing_later(
    start_pim: StartPim, info_log: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    first = run_with(pim, {}, **SHAPING, stream_map_config={"a": 1}, value_columns=["name"])
    refreshed = run_with(pim, {}, with_quality_scores=False)
    state = stored(refreshed, first.state)
    assert not run_with(pim, state, with_quality_scores=False).records("products")
    assert not reasons(info_log)


def test_a_full_table_in_between_leaves_no_row_of_its_kind(start_pim: StartPim) -> None:
    pim = start_pim()
    first = run_with(pim, {})
    second = run_with(pim, first.state, locales=["en_US"], full_table=True)
    assert second.rows("products") != first.rows("products")
    assert run_with(pim, second.state).rows("products") == first.rows("products")
    # With the same settings, nothing has to be read again.
    third = run_with(pim, first.state, full_table=True)
    assert not run_with(pim, third.state).records("products")


def test_a_bounded_run_with_other_settings_leaves_the_rest_to_the_next_run(
    start_pim: StartPim, info_log: pytest.LogCaptureFixture
) -> None:
    pim = start_pim()
    dates = sorted(row["updated"] for row in pim.truth("products"))
    middle = dates[len(dates) // 2]
    first = run_with(pim, {})
    bounded = run_with(pim, first.state, locales=["en_US"], end_date=middle)
    rest = run_with(pim, bounded.state, locales=["en_US"])
    assert 0 < len(bounded.records("products")) < len(first.records("products"))
    both = bounded.rows("products") | rest.rows("products")
    assert both == run_with(pim, {}, locales=["en_US"]).rows("products")
    reasons(info_log)
    late = run_with(pim, rest.state, start_date=middle)
    assert 0 < len(late.records("products")) < len(first.records("products"))
    assert reasons(info_log) == [
        "locales changed since the last run: reading everything from start_date on once"
    ]


def test_broken_products_come_with_the_new_settings_when_they_are_repaired(
    start_pim: StartPim,
) -> None:
    pim = start_pim()
    bad = pim.truth("products")[7]["uuid"]
    pim.broken.add(bad)
    first = run_with(pim, {}, max_retries=0)
    second = run_with(pim, first.state, locales=["en_US"], max_retries=0)
    (broken,) = second.state["bookmarks"]["products"]["broken"]
    uuids = sorted(product["uuid"] for product in pim.truth("products"))
    assert [uuid for uuid in uuids if broken["after"] < uuid <= broken["key"]] == [bad]
    pim.broken.clear()
    third = run_with(pim, second.state, locales=["en_US"])
    rows = second.rows("products") | third.rows("products")
    assert rows == run_with(pim, {}, locales=["en_US"]).rows("products")


def test_key_streams_and_full_tables_have_nothing_to_forget(start_pim: StartPim) -> None:
    pim = start_pim()
    for stream in ("product_keys", "families"):
        first = run_with(pim, {}, stream)
        second = run_with(pim, first.state, stream, locales=["en_US"], channel="ecommerce")
        assert second.rows(stream).keys() == first.rows(stream).keys()
        assert "fingerprints" not in second.state["bookmarks"][stream]


CHOICES: tuple[dict[str, Any], ...] = (
    {},
    {"locales": ["en_US"]},
    {"attributes": ["name"]},
    {"with_completenesses": False},
    {"left_out": ("values",)},
    {"stream_maps": {"products": {"on": "record['enabled']"}}},
)

RUNS = st.lists(
    st.fixed_dictionaries(
        {
            "choice": st.sampled_from(range(len(CHOICES))),
            "changed": st.integers(0, 11),
            "breaks_after": st.none() | st.integers(0, 12),
            "merges": st.booleans(),
            "full_table": st.sampled_from((False, False, True)),
        }
    ),
    min_size=2,
    max_size=6,
)


WHOLE = {"choice": 0, "changed": 0, "breaks_after": None, "merges": False, "full_table": False}
KILLED_WITH_ANOTHER_CHOICE = {**WHOLE, "choice": 1, "breaks_after": 5, "merges": True}


@pytest.fixture(scope="module")
def small_pim() -> Iterator[SimulatedPim]:
    pim = SimulatedPim("ce-7", seed=1, products=12)
    with serve(pim):
        yield pim


@settings(max_examples=30)
@given(runs=RUNS)
@example(runs=[WHOLE, KILLED_WITH_ANOTHER_CHOICE])
def test_after_each_complete_run_all_rows_have_its_settings(
    small_pim: SimulatedPim, runs: list[dict[str, Any]]
) -> None:
    pim = small_pim
    target: dict[tuple[str, ...], dict[str, Any]] = {}
    state: dict[str, Any] = {}
    uuids = sorted(row["uuid"] for row in pim.truth("products"))
    for run in [*runs, {**runs[-1], "breaks_after": None, "full_table": False}]:
        pim.clock.advance(hours=1)
        uuid = uuids[run["changed"] % len(uuids)]
        is_on = next(row["enabled"] for row in pim.truth("products") if row["uuid"] == uuid)
        pim.write.change("products", uuid, enabled=not is_on)
        breaks = run["breaks_after"] is not None
        collector = BreakingPipe(run["breaks_after"]) if breaks else Collector()
        options = {**CHOICES[run["choice"]], "full_table": run["full_table"]}
        ended = run_with(pim, state, collector=collector, **options)
        # The target keeps what came after the last state, which a killed one may have stored.
        target |= ended.rows("products")
        if ended.state:
            state = merged(ended.state, state) if breaks and run["merges"] else ended.state
        if not breaks:
            everything = run_with(pim, {}, **CHOICES[run["choice"]])
            assert target == everything.rows("products")
