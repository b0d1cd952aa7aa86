"""Failed requests are retried, and no record is lost or duplicated."""

from __future__ import annotations

import logging
import re
import subprocess
import threading
import time
from contextlib import ExitStack
from datetime import timedelta
from itertools import count
from typing import TYPE_CHECKING, Any

import pytest

from pim_simulator import SimulatedPim, serve
from pim_simulator.database.clock import http_date
from tap_akeneo.client.errors import AkeneoError
from tests.support import (
    Collector,
    Ended,
    Run,
    command,
    errors,
    settings_for,
    started_tap,
    sync,
    uuids,
)

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from tests.conftest import StartPim

PASSING: dict[str, dict[str, Any]] = {
    "408": {"kind": "status", "status": 408},
    "429 without Retry-After": {"kind": "status", "status": 429},
    "429 with Retry-After": {"kind": "status", "status": 429, "retry_after": 1},
    "429 with words as Retry-After": {"kind": "status", "status": 429, "retry_after": "soon"},
    "429 with a negative Retry-After": {"kind": "status", "status": 429, "retry_after": -5},
    "429 with a date long ago as Retry-After": {
        "kind": "status",
        "status": 429,
        "retry_after": "Mon, 01 Jan 0001 00:00:00 +0100",
    },
    "500": {"kind": "status", "status": 500},
    "502 with a page of HTML": {"kind": "status", "status": 502, "body": "<h1>Bad gateway</h1>"},
    "503 with Retry-After": {"kind": "status", "status": 503, "retry_after": 0},
    "504": {"kind": "status", "status": 504},
    "a reset before the answer": {"kind": "reset"},
    "a reset in the body": {"kind": "reset_in_body"},
    "half of the JSON": {"kind": "truncated_json"},
    "no JSON with 200": {"kind": "status", "status": 200, "body": b"{'a': 1}"},
    "JSON of something else with 200": {"kind": "status", "status": 200, "body": [1]},
    "nothing with 200": {"kind": "status", "status": 200, "body": b""},
    "a maintenance page with 200": {"kind": "html"},
}


@pytest.mark.parametrize("path", ["/token", "/products-uuid"])
@pytest.mark.parametrize("fault", PASSING.values(), ids=PASSING.keys())
def test_a_temporary_fault_is_retried_and_no_record_is_lost(
    start_pim: StartPim, fault: dict[str, Any], path: str
) -> None:
    pim = start_pim(products=30)
    pim.faults.add(path=path, **fault)
    run = sync(pim, "products", "families", page_size=10)
    assert not run.tap.failed_streams
    assert {key for (key,) in run.rows("products")} == {
        product["uuid"] for product in pim.truth("products")
    }
    assert len(run.records("families")) == len(pim.truth("families"))


def test_no_page_is_written_twice_after_a_fault_in_the_middle_of_a_list(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=45)
    pim.faults.add("status", "/products-uuid", nth=3, status=503)
    run = sync(pim, "products", page_size=10)
    assert len(run.records("products")) == len(pim.truth("products"))


def test_retry_after_is_honoured(start_pim: StartPim) -> None:
    pim = start_pim(products=5)
    pim.faults.add("status", "/products-uuid", status=429, retry_after=2)
    before = time.monotonic()
    sync(pim, "products")
    assert time.monotonic() - before >= 2


@pytest.mark.parametrize("asked", [0, "0", -5, "Mon, 01 Jan 2001 00:00:00 GMT"])
def test_a_retry_after_shorter_than_the_backoff_is_replaced_by_the_backoff(
    start_pim: StartPim, asked: str | int
) -> None:
    pim = start_pim(products=5)
    pim.faults.add("status", "/currencies", times=2, status=429, retry_after=asked)
    traffic = sync(pim, "currencies").tap.pim.traffic
    assert traffic.retries == 2
    assert traffic.waited >= 0.25 + 0.5


def test_a_date_in_retry_after_is_compared_with_the_pims_clock(start_pim: StartPim) -> None:
    pim = start_pim(products=5, clock_offset=timedelta(minutes=30))
    until = http_date(pim.clock.now() + timedelta(seconds=3))
    pim.faults.add("status", "/products-uuid", status=429, retry_after=until)
    before = time.monotonic()
    sync(pim, "products")
    assert 0.5 <= time.monotonic() - before < 20


def line_with(process: subprocess.Popen[str], words: str) -> str:
    """Return the next line of the log that contains these words."""
    assert process.stderr is not None
    return next(line for line in process.stderr if words in line)


@pytest.mark.parametrize("asked", [10**12, "9" * 400])
def test_retry_after_is_limited_to_five_minutes(start_pim: StartPim, asked: object) -> None:
    pim = start_pim(products=5)
    # Before the first list, the tap does not wait that long: tests/client/test_first_contact.py.
    pim.faults.add("status", "/association-types", status=429, retry_after=str(asked))
    with started_tap(settings_for(pim), stderr=subprocess.PIPE) as process:
        line = line_with(process, "try 1 failed")
        assert "the PIM answers 429: Simulated fault." in line
        assert "try 1 failed, next in 300.0 s" in line
        process.kill()


def test_the_error_of_a_permanent_fault_names_the_stream_the_request_and_the_cause(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim(products=5)
    pim.faults.add("status", "/product-models", times=None, status=503)
    with caplog.at_level(logging.WARNING):
        run = sync(pim, "product_models", "products", max_retries=1)
    assert run.tap.failed_streams == ["product_models"]
    assert len(run.rows("products")) == len(pim.truth("products"))
    (line,) = errors(caplog)
    message = r"product_models: the PIM answers 503: .* \[GET /api/rest/v1/product-models\?"
    assert re.match(message, line)
    assert "try 1 failed, next in" in caplog.text


def test_a_permanent_fault_of_the_whole_pim_ends_the_run_and_names_stream_request_and_cause(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim(products=60)

    def go_down() -> None:
        pim.faults.add("status", "/api/rest/v1", times=None, status=503)

    pim.faults.add("event", "/product-models", do=go_down)
    message = r"^product_models: the PIM answers 503: .* \[GET /api/rest/v1/product-models\?"
    with caplog.at_level(logging.WARNING), pytest.raises(AkeneoError, match=message):
        sync(pim, "product_models", page_size=5, max_retries=1)
    assert "try 1 failed, next in" in caplog.text


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 502, "body": "<h1>Bad gateway</h1>"},
        # Firewalls redirect a request that they block.
        {"kind": "status", "status": 302, "location": "https://firewall.invalid/blocked"},
        {"kind": "html"},
        {"kind": "truncated_json"},
        {"kind": "reset"},
        {"kind": "slow", "delay": 2},
    ],
    ids=lambda fault: str(fault["kind"]),
)
def test_a_list_that_fails_for_good_leaves_the_other_streams_alone_and_exits_with_1(
    start_pim: StartPim, fault: dict[str, Any]
) -> None:
    pim = start_pim(products=30)
    pim.faults.add(path="/families", times=None, **fault)
    ended = command(config=settings_for(pim, max_retries=0, request_timeout=1))
    assert ended.code == 1
    # The lists of family variants come from the list of families, and may be read ahead of it.
    *lines, last = ended.errors
    assert sorted(line.partition(": ")[0] for line in lines) == ["families", "family_variants"]
    assert all("[GET /api/rest/v1/families?" in line for line in lines)
    assert re.match("2 of 1[0-9] streams failed: ", last)
    assert "incomplete streams: families, family_variants" in ended.log
    read = {one["stream"] for one in ended.messages if one["type"] == "RECORD"}
    assert read >= {"products", "product_models", "categories", "locales", "attributes"}


def test_a_request_that_times_out_is_retried(start_pim: StartPim) -> None:
    pim = start_pim(products=5)
    pim.faults.add("slow", "/products-uuid", delay=3)
    assert sync(pim, "products", request_timeout=1).records("products")


def test_the_search_for_a_broken_product_retries_no_request_and_sends_few(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=20)
    pim.broken.add(uuids(pim)[9])
    run = sync(pim, "products", max_retries=1)
    failed = sum(request.status == 500 for request in pim.requests)
    assert 0 < failed < 20
    assert run.tap.pim.traffic.retries == 0
    assert len(pim.requests) < 40


def check_named_ranges(
    caplog: pytest.LogCaptureFixture, run: Run, stream: str, keys: Sequence[str], bad: set[str]
) -> None:
    """Check that one line names ranges with all broken items, as the state does.

    No readable item is in these, except at the end of one if no key is between it and the broken.

    Args:
        caplog: The log.
        run: The run.
        stream: The stream with the broken items.
        keys: Keys of all items.
        bad: Keys of the broken ones.
    """
    (line,) = errors(caplog)
    key = run.tap.streams[stream].primary_keys[-1]
    message = re.fullmatch(
        rf"{stream}: the PIM answers 500 for items whose {key} comes (.*)\. All others were read\. "
        "Have them repaired or deleted in the PIM; until then each run asks for them again and "
        "fails",
        line,
    )
    assert message
    broken = run.state["bookmarks"][stream]["broken"]
    named = [f"after {one['after'] or 'the start'} up to {one['key']}" for one in broken]
    assert message[1] == ", ".join(named)
    inside = [
        one
        for one in keys
        for place in broken
        if (place["after"] or "").lower() < one.lower() <= place["key"].lower()
    ]
    assert len(inside) == len(set(inside)), "the ranges are disjoint"
    assert bad <= set(inside) <= bad | {place["key"] for place in broken}
    assert len(broken) <= len(bad)
    assert all("since" in place for place in broken)


BROKEN = [
    *(("ce-7", "products", 60, 16, places) for places in ([17], [17, 19], [0, 29, 59])),
    *(
        (profile, stream, 120, 100, [0, 60, -1])
        for profile, stream in (
            ("ce-7", "product_models"),
            ("ce-6", "product_models"),
            ("ce-6", "products"),
        )
    ),
    *(
        (profile, "products", 300, 100, [first, first + 2, first + 8])
        for profile in ("ce-6", "ce-7")
        for first in (0, 80, 190, 290)
    ),
]
"""Version, stream, number of products, page size, and the places of broken items."""


@pytest.mark.parametrize("case", BROKEN, ids=str)
def test_broken_items_are_logged_and_all_others_are_read(
    start_pim: StartPim,
    caplog: pytest.LogCaptureFixture,
    case: tuple[str, str, int, int, list[int]],
) -> None:
    profile, stream, products, page_size, places = case
    pim = start_pim(profile, products=products)
    keys = sorted((key for (key,) in sync(pim, stream).rows(stream)), key=str.lower)
    bad = {keys[place % len(keys)] for place in places}
    pim.broken.update(bad)
    run = sync(pim, stream, page_size=page_size, max_retries=0)
    assert run.rows(stream).keys() == {(key,) for key in keys if key not in bad}
    assert run.tap.failed_streams == [stream]
    check_named_ranges(caplog, run, stream, keys, bad)
    pim.broken.clear()
    again = sync(pim, stream, state=run.state)
    assert {(key,) for key in bad} <= again.rows(stream).keys()


@pytest.mark.parametrize("stream", ["products", "product_models"])
def test_a_pim_outage_during_the_search_for_a_broken_item_ends_the_run(
    start_pim: StartPim, stream: str
) -> None:
    pim = start_pim(products=60)
    key = "uuid" if stream == "products" else "code"
    pim.broken.add(sync(pim, stream).records(stream)[5][key])
    before = len(pim.requests)
    sync(pim, stream, max_retries=0, max_concurrency=1)
    requests = sum("/rest/v1/" in request.path for request in pim.requests[before:])
    # The first request is for the PIM's routes.
    for nth in range(3, requests):
        pim.faults.clear()
        pim.faults.add("status", "/rest/v1", nth=nth, status=500, times=None)
        with pytest.raises(AkeneoError, match="500"):
            sync(pim, stream, max_retries=0, max_concurrency=1)


@pytest.mark.parametrize("stream", ["products", "product_models"])
def test_a_list_that_fails_during_the_search_for_a_broken_item_loses_no_row(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, stream: str
) -> None:
    pim = start_pim(products=60)
    key = "uuid" if stream == "products" else "code"
    keys = [row[key] for row in sync(pim, stream).records(stream)]
    pim.broken.add(keys[5])
    path = {"products": "/products-uuid", "product_models": "/product-models"}[stream]
    before = len(pim.requests)
    sync(pim, stream, max_retries=0, max_concurrency=1)
    requests = sum(path in request.path for request in pim.requests[before:])
    for nth in range(1, requests + 1):
        caplog.clear()
        pim.faults.add("status", path, nth=nth, status=500, times=None)
        run = sync(pim, stream, "channels", max_retries=0, max_concurrency=1)
        pim.faults.clear()
        assert run.tap.failed_streams == [stream]
        assert run.records("channels")
        assert errors(caplog)[0].startswith(f"{stream}: the PIM answers 500: Simulated fault.")
        assert run.state["bookmarks"][stream].get("replication_key_value") is None
        again = sync(pim, stream, state=run.state, max_retries=0)
        both = run.rows(stream).keys() | again.rows(stream).keys()
        assert both == {(one,) for one in keys if one != keys[5]}, nth


@pytest.mark.parametrize("page_size", [2, 7, 100])
def test_numbered_pages_step_over_broken_items_if_only_the_pim_can_create_cursors(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, page_size: int
) -> None:
    pim = start_pim("ce-5", products=60)
    codes = [record["code"] for record in sync(pim, "product_models").records("product_models")]
    bad = {codes[0], codes[1], codes[2], codes[5], codes[6], codes[-1]}
    pim.broken.update(bad)
    run = sync(pim, "product_models", "products", max_retries=0, page_size=page_size)
    assert run.rows("product_models").keys() == {(code,) for code in codes if code not in bad}
    assert f"the PIM answers 500 for {len(bad)} items of this list, at position" in caplog.text
    assert run.tap.failed_streams == ["product_models"]
    assert run.state["bookmarks"]["product_models"].get("replication_key_value") is None
    assert len(run.rows("products")) == len(pim.truth("products"))
    pim.broken.clear()
    again = sync(pim, "product_models", state=run.state)
    both = run.rows("product_models") | again.rows("product_models")
    assert both.keys() == {(code,) for code in codes}


def test_a_token_can_expire_at_any_request(start_pim: StartPim) -> None:
    pim = start_pim(products=30)
    streams = ("products", "families", "family_variants", "categories")
    one_by_one: dict[str, Any] = {"page_size": 10, "max_concurrency": 1}
    whole = sync(pim, *streams, **one_by_one)
    requests = len(pim.requests)
    assert requests > 15
    for nth in range(1, requests):
        pim.faults.clear()
        pim.faults.add("event", "/rest/", nth=nth, do=pim.tokens.expire_access)
        run = sync(pim, *streams, **one_by_one)
        assert not pim.faults.pending
        for stream in streams:
            assert run.as_sent(stream) == whole.as_sent(stream)


def test_no_record_is_lost_if_the_refresh_token_is_revoked_during_a_run(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=30)

    def revoke() -> None:
        pim.tokens.expire_access()
        pim.tokens.revoke_refresh()

    pim.faults.add("event", "/products-uuid", nth=3, do=revoke)
    run = sync(pim, "products", page_size=10)
    assert len(run.rows("products")) == len(pim.truth("products"))
    assert [one.status for one in pim.requests if "/token" in one.path] == [200, 422, 200]


def test_no_record_is_lost_if_the_pim_temporarily_rejects_new_tokens(start_pim: StartPim) -> None:
    pim = start_pim(products=30)

    def lose_tokens() -> None:
        pim.tokens.expire_access()
        pim.tokens.revoke_refresh()

    pim.faults.add("event", "/products-uuid", nth=2, times=4, do=lose_tokens)
    run = sync(pim, "products", page_size=10, max_retries=3)
    assert len(run.rows("products")) == len(pim.truth("products"))
    assert [request.status for request in pim.requests].count(401) == 4
    # The first 401 may mean an expired token, which is renewed without counting as a retry.
    assert run.tap.pim.traffic.retries == 3


def test_a_pim_that_rejects_every_token_ends_the_run_after_max_retries(start_pim: StartPim) -> None:
    pim = start_pim(products=5)
    pim.faults.add("status", "/currencies", times=None, status=401)
    with pytest.raises(AkeneoError, match=r"the PIM does not accept the token that .* answers 401"):
        sync(pim, "currencies", max_retries=2)
    assert [request.status for request in pim.requests].count(401) == 1 + 1 + 2


@pytest.mark.parametrize(("streams", "at_once"), [(("currencies",), 1), ((), 4)])
def test_an_app_token_that_the_pim_rejects_ends_the_run_without_a_retry(
    start_pim: StartPim,
    caplog: pytest.LogCaptureFixture,
    streams: tuple[str, ...],
    at_once: int,
) -> None:
    pim = start_pim("saas", products=5)
    app: dict[str, Any] = {**dict.fromkeys(pim.credentials), "access_token": "wrong"}
    with pytest.raises(AkeneoError, match="check the setting access_token"):
        sync(pim, *streams, **app, max_retries=8)
    # Lists of the next streams are read ahead, up to four at once.
    assert 1 <= [request.status for request in pim.requests].count(401) <= at_once
    assert "try 1 failed" not in caplog.text


def test_a_401_for_an_app_token_that_has_worked_is_retried(start_pim: StartPim) -> None:
    pim = start_pim("saas", products=30)
    app: dict[str, Any] = {**dict.fromkeys(pim.credentials), "access_token": pim.app_token}
    pim.faults.add("status", "/products-uuid", nth=2, times=2, status=401)
    run = sync(pim, "products", **app, page_size=10)
    assert len(run.rows("products")) == len(pim.truth("products"))
    pim.faults.add("status", "/products-uuid", nth=2, times=None, status=401)
    with pytest.raises(AkeneoError, match=r"check the setting access_token \(.* answers 401"):
        sync(pim, "products", **app, page_size=10, max_retries=1)


def test_a_401_of_a_server_before_the_pim_costs_only_its_list(start_pim: StartPim) -> None:
    pim = start_pim(products=5)
    page = "<html><title>Access denied</title></html>"
    pim.faults.add("status", "/currencies", times=None, status=401, body=page)
    run = sync(pim, "currencies", "products", max_retries=1)
    assert run.tap.failed_streams == ["currencies"]
    assert len(run.rows("products")) == len(pim.truth("products"))


def test_a_redirect_of_a_pim_that_has_answered_is_retried(start_pim: StartPim) -> None:
    pim = start_pim(products=5)
    pim.faults.add("status", "/products-uuid", status=302)
    assert len(sync(pim, "products").rows("products")) == len(pim.truth("products"))


def test_a_run_whose_credentials_are_revoked_ends_and_the_next_run_reads_everything(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=30)

    def revoke() -> None:
        pim.tokens.expire_access()
        pim.tokens.revoke_refresh()
        pim.credentials["password"] = "another"

    pim.faults.add("event", "/products-uuid", nth=3, do=revoke)
    collector = Collector()
    with pytest.raises(AkeneoError, match=r"^products: login refused: the PIM does not acc"):
        sync(pim, "products", collector=collector, page_size=10)
    states = [one["value"] for one in collector.messages if one["type"] == "STATE"]
    run = sync(pim, "products", state=states[-1] if states else None)
    assert len(run.rows("products")) == len(pim.truth("products"))


def test_no_record_is_lost_if_the_pim_restarts_during_a_run(tmp_path: Path) -> None:
    pim = SimulatedPim(seed=1, products=60)
    gone = threading.Event()
    with ExitStack() as stack:
        first = stack.enter_context(ExitStack())
        url = first.enter_context(serve(pim))
        # Until the server is gone, so that the tap cannot finish before that.
        pim.faults.add("reset", "/products-uuid", nth=4, times=None, do=gone.set)
        settings = settings_for(pim, page_size=10, max_retries=8)
        out = stack.enter_context(tmp_path.joinpath("out").open("w"))
        tap = started_tap(settings, stdout=out, stderr=subprocess.PIPE)
        process = stack.enter_context(tap)
        assert gone.wait(30)
        first.close()
        pim.faults.clear()
        line_with(process, "Connection refused")
        stack.enter_context(serve(pim, port=int(url.rpartition(":")[2])))
        assert "incomplete streams: none" in line_with(process, "rows, ")
        assert process.wait(60) == 0
    read = {
        message["record"]["uuid"]
        for message in Ended(0, (tmp_path / "out").read_text(), "").messages
        if message["type"] == "RECORD" and message["stream"] == "products"
    }
    assert read == {product["uuid"] for product in pim.truth("products")}


def test_a_list_that_changes_on_every_read_is_logged(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim(products=5)
    names = (f"new_{number}" for number in count())
    pim.faults.add(
        "event",
        "/association-types",
        times=None,
        do=lambda: pim.write.save("association_types", next(names), {}),
    )
    run = sync(pim, "association_types", page_size=4)
    message = "association-types: the list changed each of the 3 times it was read"
    assert message in caplog.text
    assert run.rows("association_types").keys() >= {("PACK",), ("UPSELL",)}
