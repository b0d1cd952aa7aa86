"""Every record of every stream is what the PIM holds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tap_akeneo.streams import STREAMS
from tests.support import sync

if TYPE_CHECKING:
    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim
    from tests.support import Run

NAMES = tuple(dict.fromkeys(stream.name for stream in STREAMS))


@pytest.fixture(scope="session")
def full_run(any_pim: SimulatedPim) -> Run:
    return sync(any_pim)


def expected(pim: SimulatedPim, run: Run, stream: str) -> dict[tuple[str, ...], dict[str, Any]]:
    """What the PIM holds, by the stream's key."""
    keys = run.tap.streams[stream].primary_keys
    return {tuple(row[key] for key in keys): row for row in pim.truth(stream)}


def as_sent(record: dict[str, Any]) -> dict[str, Any]:
    """A record as the PIM told it: its unknown fields back in their places."""
    record = dict(record)
    return record | record.pop("additional_fields", {})


@pytest.mark.parametrize("stream", [name for name in NAMES if name != "system_information"])
def test_every_record_equals_what_the_pim_holds(
    any_pim: SimulatedPim, full_run: Run, stream: str
) -> None:
    truth = expected(any_pim, full_run, stream)
    rows = full_run.rows(stream)
    assert truth, "an empty stream would prove nothing"
    assert rows.keys() == truth.keys()
    for key, row in rows.items():
        assert as_sent(row) == truth[key]


@pytest.mark.parametrize("stream", NAMES)
def test_no_key_comes_twice_in_a_quiet_run(full_run: Run, stream: str) -> None:
    if stream in full_run.tap.streams:
        assert len(full_run.records(stream)) == len(full_run.rows(stream))


def test_old_pims_have_products_by_identifier_and_newer_ones_by_uuid(
    any_pim: SimulatedPim, full_run: Run
) -> None:
    by_uuid = any_pim.profile.name in {"ce-7", "saas"}
    key = "uuid" if by_uuid else "identifier"
    assert full_run.tap.streams["products"].primary_keys == (key,)


def test_records_hold_no_links_of_their_own(full_run: Run) -> None:
    for message in full_run.messages:
        if message["type"] == "RECORD":
            assert "_links" not in message["record"]


def test_products_without_an_identifier_are_read(start_pim: StartPim) -> None:
    pim = start_pim("ce-7")
    without = [product for product in pim.truth("products") if "sku" not in product["values"]]
    assert without, "the simulated PIM has some"
    assert {(product["uuid"],) for product in without} <= sync(pim, "products").rows(
        "products"
    ).keys()
