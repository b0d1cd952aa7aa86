"""A wrong address is reported within seconds, but the tap waits for a PIM that has worked."""

from __future__ import annotations

import json
import socket
import socketserver
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest
import trustme
from typing_extensions import override

from pim_simulator import SimulatedPim, serve
from tap_akeneo.client.errors import AkeneoError
from tests.docs.troubleshooting import is_explained
from tests.support import command, settings_for, sync

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.conftest import StartPim

MODES = {"discovery": ["--discover"], "test": ["--test"], "sync": []}
MAINTENANCE = "<html><head><title>Back\n soon &amp; better</title></head><body>…</body></html>"
STATE: dict[str, Any] = {"bookmarks": {"families": {}, "products": {}}}
WAIT = "wait until the PIM is back, and run again"
CHECK = "check the setting base_url, with http or https and its port"


class SshServer(socketserver.ThreadingTCPServer):
    """A service other than a PIM, which sends data first."""

    class Handler(socketserver.StreamRequestHandler):
        @override
        def handle(self) -> None:
            self.wfile.write(b"SSH-2.0-OpenSSH_9.6\r\n")
            self.rfile.readline()

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), self.Handler)


@contextmanager
def wrong_address(kind: str, folder: Path) -> Iterator[str]:
    """Yield an address at which no PIM can be read, however long one waits."""
    pim = SimulatedPim(products=5)
    if kind == "a host that does not exist":
        yield "https://pim.invalid"
    elif kind == "a closed port":
        with socket.socket() as unused:
            unused.bind(("127.0.0.1", 0))
            yield f"http://127.0.0.1:{unused.getsockname()[1]}"
    elif kind == "another service":
        with SshServer() as server:
            threading.Thread(target=server.serve_forever, args=[0.01]).start()
            yield f"http://127.0.0.1:{server.server_address[1]}"
            server.shutdown()
    elif kind == "https on a port without TLS":
        with serve(pim):
            yield str(pim.url).replace("http:", "https:")
    else:
        certificate = folder / "certificate.pem"
        issued = trustme.CA().issue_cert("127.0.0.1")
        certificate.write_bytes(issued.private_key_and_cert_chain_pem.bytes())
        with serve(pim, certificate=certificate):
            is_plain = kind == "http on a port with TLS"
            yield str(pim.url).replace("https:", "http:" if is_plain else "https:")


WRONG_ADDRESSES = {
    "a host that does not exist": "there is no host pim.invalid: check the setting base_url",
    "a closed port": f"Connection refused): {CHECK}",
    "another service": f"(SSH-2.0-OpenSSH_9.6��): {CHECK}",
    "https on a port without TLS": "no TLS connection to 127.0.0.1:",
    "http on a port with TLS": f"or it broke (Remote end closed connection without response): {CHECK}",  # noqa: E501
    "an unknown certificate": "is not trusted",
}


@pytest.mark.parametrize("arguments", MODES.values(), ids=MODES.keys())
@pytest.mark.parametrize("kind", WRONG_ADDRESSES)
def test_a_wrong_address_is_reported_in_one_line_after_one_retry_at_most(
    start_pim: StartPim, tmp_path: Path, kind: str, arguments: list[str]
) -> None:
    with wrong_address(kind, tmp_path) as url:
        ended = command(*arguments, config=settings_for(start_pim(), base_url=url, max_retries=8))
    # The default number of retries would take two minutes.
    assert "try 2 failed" not in ended.log
    assert ended.code == 1
    (line,) = ended.errors
    assert WRONG_ADDRESSES[kind] in line
    assert is_explained(line)


OUTAGES: dict[str, dict[str, Any]] = {
    "200 with a page": {"kind": "status", "status": 200, "body": MAINTENANCE},
    "503 with a page": {"kind": "status", "status": 503, "body": MAINTENANCE},
}


def tries(pim: SimulatedPim, path: str) -> int:
    return sum(request.path == path for request in pim.requests)


@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES.keys())
@pytest.mark.parametrize(
    ("state", "retries", "advice"), [(None, 1, "check"), (STATE, 3, WAIT)], ids=["new", "known"]
)
def test_the_tap_waits_for_a_pim_in_maintenance_only_if_it_has_worked_before(
    start_pim: StartPim,
    outage: dict[str, Any],
    state: dict[str, Any] | None,
    retries: int,
    advice: str,
) -> None:
    pim = start_pim(products=5)
    pim.faults.add(path="/api/", times=None, **outage)
    with pytest.raises(AkeneoError, match=advice) as ended:
        sync(pim, state=state, max_retries=3)
    assert tries(pim, "/api/rest/v1") == 1 + retries
    assert "a web page, “Back soon & better”" in str(ended.value)
    assert (WAIT in str(ended.value)) is (state is not None)
    assert is_explained(str(ended.value))


@pytest.mark.parametrize("outage", OUTAGES.values(), ids=OUTAGES.keys())
def test_the_tap_waits_for_a_pim_that_goes_into_maintenance_during_a_run(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, outage: dict[str, Any]
) -> None:
    pim = start_pim(products=5)
    pim.faults.add(path="/families", times=None, **outage)
    assert sync(pim, "families", max_retries=2).tap.failed_streams == ["families"]
    assert f"a web page, “Back soon & better”: {WAIT}" in caplog.text
    assert tries(pim, "/api/rest/v1/families") == 3


def test_the_tap_waits_for_a_new_pim_that_says_for_how_long(start_pim: StartPim) -> None:
    pim = start_pim(products=5)
    pim.faults.add("status", "/api/rest/v1", status=503, retry_after=6, body=MAINTENANCE)
    assert sync(pim, "families").records("families")


def test_the_tap_does_not_wait_long_for_an_overloaded_server_that_may_be_no_pim(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=5)
    body = {"message": "Too many requests"}
    pim.faults.add("status", "/token", status=429, retry_after=61, times=None, body=body)
    with pytest.raises(AkeneoError, match="the PIM answers 429"):
        sync(pim, max_retries=8)
    assert tries(pim, "/api/oauth/v1/token") == 1


def test_an_address_that_never_responds_is_tried_once(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim(products=5)
    pim.faults.add("slow", "/api/rest/v1", delay=1.5)
    with pytest.raises(AkeneoError, match=f"setting request_timeout\\): {CHECK}"):
        sync(pim, max_retries=8, request_timeout=1)
    assert "try 1 failed" not in caplog.text


def test_a_slow_tls_connection_is_tried_twice_and_not_called_a_slow_response(
    start_pim: StartPim,
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        silent.settimeout(0)
        with pytest.raises(
            AkeneoError, match=f"handshake operation timed out\\): {CHECK}"
        ) as ended:
            sync(start_pim(products=5), base_url=url, max_retries=8)
        # The routes and the token are requested in parallel.
        connections = [silent.accept()[0] for _ in range(4)]
        with pytest.raises(BlockingIOError):
            silent.accept()
    for one in connections:
        one.close()
    assert is_explained(str(ended.value))


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("<!DOCTYPE html><h1 class=a>Bad <b>gateway</b></h1>", "a web page, “Bad gateway”"),
        ("<html></html>", "a web page:"),
        (f"<title>{'x' * 200}</title>", f"a web page, “{'x' * 100}…”"),
        ("\n <TITLE lang=de>Wartung</TITLE>", "a web page, “Wartung”"),
    ],
)
def test_a_web_page_is_named_by_its_title(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, title: str, shown: str
) -> None:
    pim = start_pim(products=5)
    pim.faults.add("status", "/families", status=502, body=title, times=None)
    assert sync(pim, "families", max_retries=0).tap.failed_streams == ["families"]
    assert f"the PIM answers 502: {shown}" in caplog.text


@pytest.mark.parametrize("mistake", ["a wrong password", "a closed port", "a web page"])
def test_a_failed_discovery_leaves_no_connection_open(start_pim: StartPim, mistake: str) -> None:
    pim = start_pim()
    wrong = {
        "a wrong password": {"password": "oh-no"},
        "a closed port": {"base_url": "http://127.0.0.1:9"},
        "a web page": {},
    }[mistake]
    if mistake == "a web page":
        pim.faults.add("html", "/api/", times=None)
    ended = command("--discover", config=settings_for(pim, **wrong), env={"PYTHONDEVMODE": "1"})
    assert ended.code == 1
    assert len(ended.errors) == 1
    assert "Warning:" not in ended.log


@pytest.mark.parametrize("path", ["/api/rest/v1", "/token"])
@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_new_pim_that_fails_in_its_own_words_is_retried_as_configured(
    start_pim: StartPim, path: str, status: int
) -> None:
    pim = start_pim(products=5)
    pim.faults.add("status", path, status=status, times=2)
    assert sync(pim, "families", max_retries=2).records("families")


@pytest.mark.parametrize("body", ['{"message": "Unavailable"}', '{"code": 502, "message": "No"}'])
def test_json_of_a_gateway_is_tried_only_twice_at_a_new_address(
    start_pim: StartPim, body: str
) -> None:
    pim = start_pim(products=5)
    pim.faults.add("status", "/api/rest/v1", status=503, body=body, times=None)
    with pytest.raises(AkeneoError, match="the PIM answers 503"):
        sync(pim, max_retries=8)
    assert tries(pim, "/api/rest/v1") == 2


WITHOUT_ROUTES: dict[str, Any] = {
    "no routes": {"routes": {}},
    "a list without routes": {"routes": []},
    "no route to read": {"routes": {"a": {"route": "/api/rest/v1/a", "methods": ["POST"]}}},
    "nothing": {},
}


@pytest.mark.parametrize("body", WITHOUT_ROUTES.values(), ids=WITHOUT_ROUTES.keys())
def test_an_api_without_routes_is_an_error(start_pim: StartPim, body: object) -> None:
    pim = start_pim(products=5)
    content = json.dumps(body).encode()
    pim.faults.add("status", "/api/rest/v1", status=200, body=content, times=None)
    ended = command(config=settings_for(pim))
    (line,) = ended.errors
    assert ended.code == 1
    assert line.startswith(f"there is no Akeneo PIM at {pim.url}: check base_url")
