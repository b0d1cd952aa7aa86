"""The server: faults, concurrency, the log of requests, the command line."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any

import pytest
import requests

from pim_simulator import SimulatedPim, serve
from tests.support import started

if TYPE_CHECKING:
    from tests.simulator.conftest import Start


def test_a_status_fault_hits_once_with_its_body_and_retry_after(start: Start) -> None:
    client = start()
    client.pim.faults.add("status", "families", status=429, retry_after=7, body={"code": 429})
    client.get("channels")
    answer = client.ask("families")
    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "7")
    assert answer.json() == {"code": 429}
    client.get("families")
    assert client.pim.faults.pending == 0


def test_a_fault_may_begin_later_and_last(start: Start) -> None:
    client = start()
    client.pim.faults.add("status", "families", nth=2, times=2, status=503, body="<h1>No</h1>")
    statuses = [client.ask("families").status_code for _ in range(4)]
    assert statuses == [200, 503, 503, 200]
    client.pim.faults.add("status", times=None, status=500)
    assert {client.ask("families").status_code for _ in range(4)} == {500}
    client.pim.faults.clear()
    client.get("families")


def test_a_connection_is_reset_before_the_answer(start: Start) -> None:
    client = start()
    client.pim.faults.add("reset", "families")
    with pytest.raises(requests.ConnectionError):
        client.ask("families")
    client.get("families")
    assert [request.status for request in client.pim.requests][-2:] == [0, 200]


def test_a_connection_is_reset_in_the_middle_of_the_body(start: Start) -> None:
    client = start()
    client.pim.faults.add("reset_in_body", "products")
    with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
        client.ask("products-uuid", limit=100)
    client.get("products-uuid")


def test_truncated_json_and_html_come_with_200(start: Start) -> None:
    client = start()
    client.pim.faults.add("truncated_json", "families")
    client.pim.faults.add("html", "families")
    answer = client.ask("families")
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.content)
    answer = client.ask("families")
    assert (answer.status_code, answer.headers["Content-Type"]) == (200, "text/html")


def test_a_delayed_response_has_the_usual_body(start: Start) -> None:
    client = start()
    client.pim.faults.add("slow", "families", delay=0.3)
    begun = time.monotonic()
    client.get("families")
    assert time.monotonic() - begun >= 0.3


def test_requests_are_logged(start: Start) -> None:
    client = start()
    client.pim.requests.clear()
    client.ask("products/ODD/slash/1", with_quality_scores="true")
    request = client.pim.requests[-1]
    assert (request.method, request.status) == ("GET", 200)
    assert request.path == "/api/rest/v1/products/ODD/slash/1"
    assert request.query == {"with_quality_scores": "true"}
    assert request.headers["authorization"].startswith("Bearer ")
    assert abs(request.at - datetime.now(timezone.utc)) < timedelta(seconds=10)
    client.pim.requests.clear()
    assert len(client.pim.requests) == 0


def test_the_highest_concurrency_is_measured(start: Start) -> None:
    client = start()
    headers = dict(client.session.headers)
    url = f"{client.url}/api/rest/v1/channels"
    client.pim.requests.clear()
    client.pim.hanging.add("/channels")
    threads = [
        threading.Thread(target=lambda: requests.get(url, headers=headers, timeout=60))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    # Each waits until all have arrived, however long that takes on a busy machine.
    while client.pim.requests.highest_concurrency < 4:
        assert any(thread.is_alive() for thread in threads)
        time.sleep(0.05)
    client.pim.hanging.clear()
    for thread in threads:
        thread.join()
    assert client.pim.requests.highest_concurrency == 4
    assert len(client.pim.requests) == 4


def test_several_pims_are_served_at_once_and_one_pim_repeatedly() -> None:
    one = SimulatedPim(products=5)
    for _ in range(3):
        with serve(one) as url:
            assert one.url == url
            assert requests.get(f"{url}/api/rest/v1", timeout=10).ok
        assert one.url is None
    with ExitStack() as ends:
        urls = {ends.enter_context(serve(SimulatedPim(products=5))) for _ in range(3)}
        assert len(urls) == 3
        assert all(requests.get(f"{url}/api/rest/v1", timeout=10).ok for url in urls)


def test_a_server_ends_while_a_client_keeps_its_connection() -> None:
    pim = SimulatedPim(products=5)
    with requests.Session() as session:
        with serve(pim) as url:
            session.get(f"{url}/api/rest/v1", timeout=10)
            begun = time.monotonic()
        assert time.monotonic() - begun < 3


def test_the_same_seed_gives_the_same_catalogue() -> None:
    resources = ("products", "product_models", "families", "categories", "product_media_files")

    def everything(seed: int) -> Any:
        pim = SimulatedPim(seed=seed, products=40)
        return [pim.truth(resource) for resource in resources]

    assert everything(7) == everything(7) != everything(8)


def test_a_large_catalogue_is_made_and_listed_in_reasonable_time() -> None:
    begun = time.monotonic()
    pim = SimulatedPim(products=20_000)
    with serve(pim) as url, requests.Session() as session:
        known = pim.credentials
        token = session.post(
            f"{url}/api/oauth/v1/token",
            json={
                "grant_type": "password",
                "username": known["username"],
                "password": known["password"],
            },
            auth=(known["client_id"], known["client_secret"]),
            timeout=10,
        ).json()["access_token"]
        session.headers["Authorization"] = f"Bearer {token}"
        asked = f"{url}/api/rest/v1/products-uuid?limit=100&with_count=true"
        body = session.get(asked, timeout=10).json()
    assert body["items_count"] == 20_000
    assert time.monotonic() - begun < 20
    dates = [row["updated"] for row in pim.truth("product_models")]
    assert max(map(dates.count, set(dates))) > len(dates) / 20  # the bulk import


def test_the_command_prints_what_a_client_needs() -> None:
    command = [sys.executable, "-m", "pim_simulator", "--port", "0", "--products", "5"]
    environment = {**os.environ, "PYTHONUNBUFFERED": "1"}
    with started(command, stdout=subprocess.PIPE, text=True, env=environment) as process:
        assert process.stdout is not None
        printed = [process.stdout.readline() for _ in range(12)]
        exports = "".join(line for line in printed if line.startswith("export "))
        tap = f"{exports}{sys.executable} -m tap_akeneo --config=ENV --discover"
        subprocess.run(["bash", "-c", tap], check=True, capture_output=True)  # noqa: S603, S607
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=20)
    assert printed[0].startswith("Akeneo PIM (ce-7) at http://127.0.0.1:")
    assert exports.count("export TAP_AKENEO_") == 5
    assert any("/api/rest/v1/products-uuid" in line for line in printed)
    assert process.returncode == 0
