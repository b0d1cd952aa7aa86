"""An error that nobody expected costs only the stream in which it happens."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from tap_akeneo.client.pim import Pim
from tap_akeneo.records import decoded
from tap_akeneo.streams.channels import Currencies
from tap_akeneo.streams.products import Products
from tests.singer.batches import Loader, file_at, in_batches, load
from tests.support import command, errors, settings_for, sync, uuids

if TYPE_CHECKING:
    from pathlib import Path

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim
    from tests.support import Run

pytestmark = pytest.mark.unexpected_errors

Fault = Callable[[pytest.MonkeyPatch, "SimulatedPim"], None]


def in_a_row(patch: pytest.MonkeyPatch, pim: SimulatedPim) -> None:
    bad = uuids(pim)[35]

    def items(_self: Products, item: dict[str, Any]) -> list[dict[str, Any]]:
        if decoded(item["uuid"]) == bad:
            raise LookupError(bad)
        return [item]

    patch.setattr(Products, "items", items)


def in_a_plan(patch: pytest.MonkeyPatch, _pim: SimulatedPim) -> None:
    patch.setattr(Currencies, "list_requests", lambda _: [].pop())


def in_a_thread(patch: pytest.MonkeyPatch, _pim: SimulatedPim) -> None:
    get = Pim.get

    def fails(self: Pim, path: str, *given: Any, **more: Any) -> Any:
        if "association-types" in path:
            raise TypeError(path)
        return get(self, path, *given, **more)

    patch.setattr(Pim, "get", fails)


FAULTS: dict[str, Fault] = {
    "products": in_a_row,
    "currencies": in_a_plan,
    "association_types": in_a_thread,
}


def keys(run: Run, stream: str) -> set[tuple[str, ...]]:
    return set(run.rows(stream))


@pytest.mark.parametrize("failing", FAULTS)
def test_all_other_streams_are_read_and_the_next_run_has_the_rest(
    start_pim: StartPim,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    failing: str,
) -> None:
    pim = start_pim()
    settings: dict[str, Any] = {"page_size": 10}
    whole = sync(pim, **settings)
    with monkeypatch.context() as patch:
        FAULTS[failing](patch, pim)
        run = sync(pim, **settings)
    assert run.tap.failed_streams == [failing]
    (line,) = errors(caplog)
    assert line.startswith(f"{failing}: unexpected ")
    assert "please report it" in line
    assert not keys(run, failing) >= keys(whole, failing)
    assert run.activated == whole.activated - {failing}
    complete = {row["stream"] for row in whole.records("readings")}
    assert {row["stream"] for row in run.records("readings")} == complete - {failing}
    for stream in whole.tap.streams.keys() - {failing, "readings"}:
        assert keys(run, stream) == keys(whole, stream), stream
    again = sync(pim, failing, state=run.state, **settings)
    assert keys(run, failing) | keys(again, failing) == keys(whole, failing)


@pytest.mark.parametrize("half", ["1 / 0", "record['nope']", "int(code)", "None + 1"])
def test_an_expression_that_fails_costs_only_its_stream(start_pim: StartPim, half: str) -> None:
    settings = settings_for(start_pim(), stream_maps={"families": {"half": half}})
    ended = command(config=settings)
    line, last = ended.errors
    assert line.startswith(f"families: check the setting stream_maps: the expression {half}")
    assert last.endswith(" streams failed: families")
    assert ended.code == 1
    written = {one["stream"] for one in ended.messages if one["type"] == "RECORD"}
    assert written >= {"family_variants", "categories", "channels", "products"}


def test_a_batch_file_has_the_rows_before_the_error_and_the_state_no_more(
    start_pim: StartPim, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    pim, before, after = start_pim(), Loader(file_at), Loader(file_at)
    batches = {**in_batches(tmp_path.as_uri()), "batch_size": 1000}
    settings: dict[str, Any] = {"page_size": 10, "batch_config": batches}
    with monkeypatch.context() as patch:
        in_a_row(patch, pim)
        run = load(pim, ["products", "families", "readings"], before, **settings)
    assert run.tap.failed_streams == ["products"]
    assert before.rows["products"]
    assert "products" not in {row["stream"] for row in run.records("readings") if row["read_at"]}
    load(pim, ["products"], after, state=run.state, **settings)
    loaded = before.rows["products"] + after.rows["products"]
    assert {row["uuid"] for row in loaded} == {row["uuid"] for row in pim.truth("products")}


def test_keys_that_are_no_uuids_cost_only_the_streams_that_have_them(start_pim: StartPim) -> None:
    pim = start_pim(products=700)
    keys = uuids(pim)[95:105]
    odd = {f'"uuid":"{key}"': f'"uuid":"no uuid {number}"' for number, key in enumerate(keys)}
    pim.faults.add("odd", "/products-uuid", odd=odd, times=None)
    # The lists of products are read ahead of the streams before them.
    others = ("association_types", "locales", "product_models")
    run = sync(pim, "product_keys", "products", *others, pim_timezone="UTC")
    assert {*run.tap.failed_streams} == {"product_keys", "products"}
    for stream in others:
        assert len(run.rows(stream)) == len(pim.truth(stream))
