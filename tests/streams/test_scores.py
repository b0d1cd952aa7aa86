"""The streams of scores are right after changes that the PIM does not report."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest

from tests.docs.tables import DOCS
from tests.support import SCORES_OF, sync
from tests.targets.changes import change_requirements

if TYPE_CHECKING:
    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim
    from tests.support import Message, Run

Scores = dict[tuple[str, ...], dict[str, Any]]


def scores_in_pim(pim: SimulatedPim, run: Run, stream: str) -> Scores:
    keys = run.tap.streams[stream].primary_keys
    return {tuple(row[key] for key in keys): row for row in pim.truth(stream)}


def scores(run: Run, stream: str) -> Scores:
    return {
        key: {name: value or [] for name, value in row.items() if name != "read_at"}
        for key, row in run.rows(stream).items()
    }


def completenesses_by_key(rows: list[Message], key: str) -> dict[str, Any]:
    return {row[key]: row["completenesses"] or [] for row in rows}


@pytest.mark.parametrize("profile", ["ce-6", "ce-7", "saas"])
def test_scores_equal_the_pim_after_the_requirements_of_families_changed(
    start_pim: StartPim, profile: str
) -> None:
    pim = start_pim(profile, products=160)
    streams = ("products", *SCORES_OF) if profile != "ce-6" else ("products", "product_scores")
    first = sync(pim, *streams)
    pim.clock.advance(hours=2)
    change_requirements(pim)
    second = sync(pim, *streams, state=first.state)
    assert not second.tap.failed_streams
    assert not second.records("products"), "the PIM reports no change"
    for stream in streams[1:]:
        assert scores(second, stream) == scores_in_pim(pim, second, stream)
    (key,) = first.tap.streams["products"].primary_keys
    loaded = completenesses_by_key(first.records("products"), key)
    now = completenesses_by_key(second.records("product_scores"), key)
    wrong = [one for one in now if loaded[one] != now[one]]
    assert len(wrong) > len(now) / 2, "the incremental table is stale"


def test_scores_cost_as_many_requests_as_keys_and_ask_for_a_single_attribute(
    start_pim: StartPim,
) -> None:
    pim = start_pim("ce-7", products=250)
    sent = {}
    for stream in ("product_keys", "product_scores"):
        pim.requests.clear()
        sync(pim, stream, max_concurrency=1)
        sent[stream] = [one.query for one in pim.requests if one.path.endswith("/products-uuid")]
    assert len(sent["product_scores"]) == len(sent["product_keys"])
    assert {one["attributes"] for one in sent["product_scores"]} == {"sku"}


def test_settings_that_leave_out_rows_or_values_do_not_apply_to_scores(start_pim: StartPim) -> None:
    pim = start_pim()
    settings: dict[str, Any] = {
        "channel": "print",
        "locales": ["de_DE"],
        "filters": {"products": {"enabled": [{"operator": "=", "value": True}]}},
        "with_completenesses": False,
        "with_quality_scores": False,
    }
    run = sync(pim, "product_scores", "product_model_scores", **settings)
    for stream in SCORES_OF:
        assert scores(run, stream) == scores_in_pim(pim, run, stream)


@pytest.mark.parametrize(
    ("profile", "offered"),
    [
        ("ce-4", set()),
        ("ce-5", {"product_scores"}),
        ("ce-6", {"product_scores"}),
        ("ce-7", {*SCORES_OF}),
    ],
)
def test_scores_are_offered_where_the_pim_has_them(
    start_pim: StartPim, profile: str, offered: set[str]
) -> None:
    run = sync(start_pim(profile, products=5), "channels")
    assert SCORES_OF.keys() & run.tap.streams.keys() == offered


def test_scores_of_deleted_products_are_removed_by_a_version(start_pim: StartPim) -> None:
    pim = start_pim()
    sent = sync(pim, "product_scores", emit_activate_version_messages=True).messages
    kinds = [one["type"] for one in sent if one.get("stream") == "product_scores"]
    assert kinds[-1] == "ACTIVATE_VERSION"


def test_the_filters_of_the_page_read_what_is_ready(start_pim: StartPim) -> None:
    pim = start_pim("saas", products=250)
    page = DOCS.joinpath("scores.md").read_text(encoding="utf-8")
    by_channel, by_one = (
        json.loads(block) for block in re.findall(r"```json\n(.*?)```", page, flags=re.DOTALL)
    )
    scores = {
        row["uuid"]: [
            one["data"]
            for one in row["completenesses"]
            if one["scope"] == "ecommerce" and one["locale"] in {"en_US", "fr_FR", "de_DE"}
        ]
        for row in pim.truth("product_scores")
    }
    ready = {(uuid,) for uuid, found in scores.items() if found and min(found) == 100}
    assert sync(pim, "products", **by_channel).rows("products").keys() == ready
    assert ready <= sync(pim, "products", **by_one).rows("products").keys()
    condition = {"operator": "ALL UNREADY", "scope": "ecommerce"}
    unready: dict[str, Any] = {"products": {"readiness_by_channel": [condition]}}
    others = sync(pim, "products", filters=unready).rows("products").keys()
    assert others == {(uuid,) for uuid, found in scores.items() if found} - ready
    assert ready
    assert others
