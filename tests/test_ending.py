"""A run that is stopped ends soon, says so, and leaves a state to go on from."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.support import settings_for, sync

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartPim


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_within_seconds_with_a_valid_last_state(
    start_pim: StartPim, tmp_path: Path, number: signal.Signals
) -> None:
    pim = start_pim(products=400, latency=0.05)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(settings_for(pim, page_size=5)))
    log_file = tmp_path / "log"
    with log_file.open("w") as log_stream:
        process = subprocess.Popen(  # noqa: S603 (our own arguments)
            [sys.executable, "-m", "tap_akeneo", "--config", str(config)],
            stdout=subprocess.PIPE,
            stderr=log_stream,
            text=True,
        )
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if '"stream":"products"' in line and '"type":"RECORD"' in line:
            break
    before = time.monotonic()
    process.send_signal(number)
    lines += process.stdout.readlines()
    process.stdout.close()
    assert process.wait(timeout=30) == 128 + number
    assert time.monotonic() - before < 5
    log = log_file.read_text()
    assert f"stopped by {number.name}; the next run goes on from the last bookmark" in log
    assert "Traceback" not in log
    messages = [json.loads(line) for line in lines]
    assert messages[-1]["type"] == "STATE"
    # What the state says is out is out: the next run needs only the rest.
    first = {
        message["record"]["uuid"]
        for message in messages
        if message["type"] == "RECORD" and message["stream"] == "products"
    }
    second = sync(pim, "products", state=messages[-1]["value"])
    assert first | {key for (key,) in second.rows("products")} == {
        product["uuid"] for product in pim.truth("products")
    }


def test_a_signal_ends_a_run_that_waits_for_a_silent_pim(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        config = tmp_path / "config.json"
        config.write_text(json.dumps({"base_url": url, "access_token": "one"}))
        with subprocess.Popen(  # noqa: S603 (our own arguments)
            [sys.executable, "-m", "tap_akeneo", "--config", str(config)],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        ) as process:
            connection, _ = silent.accept()
            process.send_signal(signal.SIGTERM)
            try:
                assert process.wait(timeout=10) == 128 + signal.SIGTERM
            finally:
                process.kill()
                connection.close()


def test_a_target_that_stops_reading_ends_the_run_with_one_line(
    start_pim: StartPim, tmp_path: Path
) -> None:
    pim = start_pim(products=250)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(settings_for(pim)))
    process = subprocess.Popen(  # noqa: S603 (our own arguments)
        [sys.executable, "-m", "tap_akeneo", "--config", str(config)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    process.stdout.readline()
    process.stdout.close()
    log = process.stderr.read()
    process.stderr.close()
    assert process.wait(timeout=30) == 1
    assert "the target has stopped reading: its own log says why" in log
    assert "Traceback" not in log


def test_a_run_ends_with_a_line_on_what_it_did(start_pim: StartPim, tmp_path: Path) -> None:
    pim = start_pim()
    pim.faults.add("status", "/families", status=503)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(settings_for(pim)))
    ended = subprocess.run(  # noqa: S603 (our own arguments)
        [sys.executable, "-m", "tap_akeneo", "--config", str(config)],
        capture_output=True,
        text=True,
        check=True,
    )
    rows = ended.stdout.count('"type":"RECORD"')
    requests = len(pim.requests)
    assert (f"{rows:,} rows, {requests:,} requests, of which 1 were tried again, ") in ended.stderr
    assert "streams not read to their end: none" in ended.stderr
