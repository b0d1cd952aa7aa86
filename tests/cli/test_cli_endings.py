"""A stopped run ends quickly, logs why, and leaves a state from which the next run continues."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import time
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import pytest

from tests.support import Ended, catalog_of, command, settings_for, started_tap, sync

if TYPE_CHECKING:
    from tests.conftest import StartPim

FULL = Path("/dev/full")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_the_run_within_seconds_and_the_last_state_is_valid(
    start_pim: StartPim, number: signal.Signals
) -> None:
    pim = start_pim(products=400, latency=0.05)
    settings = settings_for(pim, page_size=5)
    with (
        TemporaryFile("w+") as log_file,
        started_tap(settings, stdout=subprocess.PIPE, stderr=log_file) as process,
    ):
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if '"stream":"products"' in line and '"type":"RECORD"' in line:
                break
        before = time.monotonic()
        process.send_signal(number)
        lines += process.stdout.readlines()
        assert process.wait(timeout=30) == 128 + number
        assert time.monotonic() - before < 5
        log_file.seek(0)
        log = log_file.read()
    assert f"stopped by {number.name}: the next run continues where this one stopped" in log
    assert "Traceback" not in log
    messages = [json.loads(line) for line in lines]
    assert messages[-1]["type"] == "STATE"
    # Everything that the state covers was written, so the next run reads only the rest.
    first = {
        message["record"]["uuid"]
        for message in messages
        if message["type"] == "RECORD" and message["stream"] == "products"
    }
    second = sync(pim, "products", state=messages[-1]["value"])
    assert first | {key for (key,) in second.rows("products")} == {
        product["uuid"] for product in pim.truth("products")
    }


@pytest.mark.parametrize(
    ("stream", "parents"),
    [
        ("attribute_options", "/v1/attributes"),
        ("reference_entity_attribute_options", "/attributes"),
    ],
)
def test_a_signal_ends_a_run_that_is_still_listing_parents(
    start_pim: StartPim, stream: str, parents: str
) -> None:
    pim = start_pim("ee-7", reference_entities=40)
    settings, catalog = settings_for(pim, page_size=1, max_concurrency=1), catalog_of(pim, stream)
    pim.requests.clear()
    with started_tap(settings, catalog=catalog, stdout=subprocess.PIPE) as process:

        def stop() -> None:
            with suppress(ProcessLookupError):
                process.send_signal(signal.SIGTERM)

        pim.faults.add("event", parents, nth=2, do=stop)
        pim.faults.add("slow", parents, times=None, delay=0.3)
        assert process.stdout is not None
        messages = [json.loads(line) for line in process.stdout]
    assert process.returncode == 128 + signal.SIGTERM
    assert messages[-1]["type"] == "STATE"
    # The second request sends the signal. A few more may start before the tap handles it, but not
    # the dozens that the whole list needs.
    assert sum(request.path.endswith(parents) for request in pim.requests) < 8


def test_the_connection_test_never_exceeds_the_allowed_concurrency(start_pim: StartPim) -> None:
    pim = start_pim("ee-7", products=1000, latency=0.1)
    ended = command("--test", config=settings_for(pim))
    assert ended.code == 0
    assert pim.requests.highest_concurrency <= 4


def test_a_signal_ends_a_run_that_is_waiting_for_a_response() -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        with started_tap({"base_url": url, "access_token": "one"}) as process:
            connection, _ = silent.accept()
            process.send_signal(signal.SIGTERM)
            with connection:
                assert process.wait(timeout=10) == 128 + signal.SIGTERM


def test_a_target_that_stops_reading_ends_the_run_with_one_log_line(start_pim: StartPim) -> None:
    pim = start_pim(products=250)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    with started_tap(settings_for(pim), **pipes) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        log = process.stderr.read()
        assert process.wait(timeout=30) == 1
    assert "the target has stopped reading: see the target's log" in log
    assert "Traceback" not in log


@pytest.mark.skipif(not FULL.exists(), reason="this system has no disk that is always full")
def test_a_full_disk_ends_the_run_with_one_log_line(start_pim: StartPim) -> None:
    with (
        FULL.open("w") as full,
        started_tap(settings_for(start_pim()), stdout=full, stderr=subprocess.PIPE) as process,
    ):
        _, log = process.communicate()
    (error,) = Ended(1, "", log).errors
    assert "the output cannot be written: No space left on device" in error
    assert "Traceback" not in log
    assert "Exception ignored" not in log
    assert process.returncode == 1


def test_the_summary_lists_incomplete_streams(start_pim: StartPim) -> None:
    pim = start_pim()
    pim.faults.add("status", "/families", status=503, times=None)
    ended = command(config=settings_for(pim, max_retries=0))
    (found,) = (line for line in ended.log.splitlines() if "incomplete streams" in line)
    missing = found.rpartition(": ")[2].split(", ")
    # The families can be listed, or else their variants could not be read.
    assert missing == ["families", "family_variants"]


def test_a_record_that_cannot_be_serialized_is_not_partly_written(start_pim: StartPim) -> None:
    maps = {"families": {"code": "code", "half": "'\\ud800'"}}
    ended = command(config=settings_for(start_pim(), stream_maps=maps))
    assert ended.code == 1
    assert all(json.loads(line) for line in ended.stdout.splitlines())


def test_a_run_ends_with_a_summary(start_pim: StartPim) -> None:
    pim = start_pim()
    pim.faults.add("status", "/families", status=503)
    ended = command(config=settings_for(pim))
    rows = sum(one["type"] == "RECORD" and one["stream"] != "readings" for one in ended.messages)
    requests = len(pim.requests)
    assert f"{rows:,} rows, {requests:,} requests including 1 retries " in ended.log
    assert "incomplete streams: none" in ended.log
    assert ended.code == 0


@pytest.mark.parametrize("name", ["LOGLEVEL", "TAP_AKENEO_LOGLEVEL"])
@pytest.mark.parametrize("arguments", [["--about"], ["--discover"], []], ids=str)
def test_an_unknown_log_level_is_reported_in_one_line(
    start_pim: StartPim, name: str, arguments: list[str]
) -> None:
    ended = command(*arguments, config=settings_for(start_pim(products=5)), env={name: "verbose"})
    assert ended.code == 1
    assert not ended.stdout
    (line,) = ended.log.splitlines()
    assert f"{name} in the environment must be DEBUG, INFO, WARNING, ERROR or CRITICAL" in line


@pytest.mark.parametrize("level", ["debug", "Warning", "ERROR", "CRITICAL", ""])
def test_a_log_level_may_be_written_in_any_case(level: str) -> None:
    assert command("--about", env={"LOGLEVEL": level}).code == 0


@pytest.mark.skipif(find_spec("faker") is not None, reason="faker is installed")
def test_fake_values_without_their_package_are_reported_with_its_name(start_pim: StartPim) -> None:
    maps = {"families": {"author": "fake.name()"}}
    settings = settings_for(start_pim(products=5), stream_maps=maps, faker_config={"seed": 1})
    ended = command(config=settings)
    line, _ = ended.errors
    assert ended.code == 1
    assert (
        "expression fake.name() needs the package faker: install the tap with its extra [faker]"
        in line
    )
