"""Changes in the PIM during a read hide no items, fail no stream, and mark no rows as deleted."""

from __future__ import annotations

import re
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from tests.support import Run, errors, sync, uuids

if TYPE_CHECKING:
    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim

READ_WHOLE = [("product_keys", False), ("products", True)]


def full_run(pim: SimulatedPim, stream: str, *, full_table: bool, **settings: Any) -> Run:
    """Run one stream with ACTIVATE_VERSION, optionally set to FULL_TABLE in the catalog."""
    more = {"emit_activate_version_messages": True, "attributes": ["sku"], **settings}
    return sync(pim, stream, full_table=full_table, **more)


EDITED = [
    *(("ce-7", seed, *table) for seed in range(3) for table in READ_WHOLE),
    *((profile, 0, "product_keys", False) for profile in ("ce-5", "ce-6")),
]


@pytest.mark.parametrize(("profile", "seed", "stream", "full_table"), EDITED)
def test_products_edited_during_a_read_do_not_look_deleted(
    start_pim: StartPim, profile: str, seed: int, stream: str, *, full_table: bool
) -> None:
    pim = start_pim(profile, products=3000 if profile == "ce-7" else 1500, seed=seed)
    random = Random(seed)  # noqa: S311 (no secret)
    key = "uuid" if profile == "ce-7" else "identifier"
    before = [product[key] for product in pim.truth("products")]

    def edit() -> None:
        pim.write.change("products", random.choice(before), enabled=random.random() < 0.5)

    pim.faults.add("event", "/products", nth=2, times=None, do=edit)
    run = full_run(pim, stream, full_table=full_table)
    assert run.rows(stream).keys() == {(one,) for one in before}
    assert run.activated
    assert not run.tap.failed_streams


@pytest.mark.parametrize(("stream", "full_table"), READ_WHOLE)
@pytest.mark.parametrize("when", [4, 12, 24])
def test_products_in_a_mass_edit_during_a_read_do_not_look_deleted(
    start_pim: StartPim, stream: str, when: int, *, full_table: bool
) -> None:
    pim = start_pim(products=3000)
    before = uuids(pim)

    def edit_many() -> None:
        for uuid in Random(when).sample(before, 80):  # noqa: S311 (no secret)
            pim.write.change("products", uuid, enabled=False)

    # One of the concurrent paginators falls behind.
    pim.faults.add("status", "/products-uuid", nth=3, status=503)
    pim.faults.add("event", "/products-uuid", nth=when, do=edit_many)
    run = full_run(pim, stream, full_table=full_table)
    assert not pim.faults.pending
    assert run.rows(stream).keys() == {(uuid,) for uuid in before}
    assert run.activated


@pytest.mark.parametrize(("stream", "full_table"), READ_WHOLE)
@pytest.mark.parametrize("seed", range(3))
def test_products_created_and_deleted_during_a_read_hide_no_others(
    start_pim: StartPim, stream: str, seed: int, *, full_table: bool
) -> None:
    pim = start_pim(products=2000, seed=seed)
    random = Random(seed)  # noqa: S311 (no secret)
    before = uuids(pim)

    def write() -> None:
        if random.random() < 0.5:
            pim.write.product(f"new_{random.getrandbits(64)}")
        else:
            pim.write.delete("products", random.choice(uuids(pim)))

    pim.faults.add("event", "/products-uuid", nth=2, times=None, do=write)
    run = full_run(pim, stream, full_table=full_table, page_size=50)
    pim.faults.clear()
    throughout = set(before) & set(uuids(pim))
    assert {uuid for (uuid,) in run.rows(stream)} >= throughout
    assert len(run.records(stream)) == len(run.rows(stream))
    assert not run.tap.failed_streams
    assert run.activated


@pytest.mark.parametrize("change", ["published", "unpublished"])
@pytest.mark.parametrize("page_size", [2, 100])
def test_publishing_or_unpublishing_a_product_during_a_read_does_not_fail_the_stream(
    start_pim: StartPim, change: str, page_size: int
) -> None:
    pim = start_pim("ee-7", products=200)
    published = {product["identifier"] for product in pim.truth("published_products")}
    identifiers = {
        values["sku"][0]["data"]
        for product in pim.truth("products")
        if "sku" in (values := product["values"])
    }
    new = min(identifiers - published)
    old = max(published)
    kept = published if change == "published" else published - {old}

    def write() -> None:
        if change == "published":
            pim.write.save("published_products", new, {})
        else:
            pim.write.delete("published_products", old)

    pim.faults.add("event", "/published-products", nth=2, do=write)
    run = sync(pim, "published_products", page_size=page_size, emit_activate_version_messages=True)
    assert not pim.faults.pending
    assert not run.tap.failed_streams
    assert {key for (key,) in run.rows("published_products")} >= kept
    assert run.activated


def test_a_list_that_times_out_after_its_first_page_fails_its_stream(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim("saas", products=20)
    pim.faults.add("slow", "/workflows/tasks", nth=2, times=None, delay=2)
    run = sync(pim, "workflow_tasks", "locales", page_size=1, request_timeout=1, max_retries=0)
    assert run.tap.failed_streams == ["workflow_tasks"]
    assert run.records("locales")
    # One line for each list: that of each step.
    lines = errors(caplog)
    message = r"workflow_tasks: .* in time .*\[GET /api/rest/v1/workflows/tasks\?"
    assert len(lines) == len(set(lines)) == len(pim.truth("workflow_steps"))
    assert all(re.match(message, line) for line in lines)


@pytest.mark.parametrize("page_size", [1, 3, 100])
def test_all_workflow_tasks_are_read_if_one_request_times_out(
    start_pim: StartPim, page_size: int
) -> None:
    pim = start_pim("saas", products=20)
    expected = sync(pim, "workflow_tasks", page_size=page_size).rows("workflow_tasks").keys()
    # Not the first request: a timeout there means that workflows are disabled.
    pim.faults.add("slow", "/workflows/tasks", nth=2, delay=2)
    run = sync(pim, "workflow_tasks", page_size=page_size, request_timeout=1, max_concurrency=1)
    assert not pim.faults.pending
    assert run.rows("workflow_tasks").keys() == expected
    assert not run.tap.failed_streams
