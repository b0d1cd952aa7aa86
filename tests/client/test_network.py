"""Network, proxy and hostile-host failures end in one line, within bounded time and memory."""

from __future__ import annotations

import gzip
import json
import socket
import socketserver
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from datetime import datetime, timezone
from email.utils import formatdate
from itertools import chain, repeat
from typing import TYPE_CHECKING, Any

import msgspec
import pytest
import trustme
from typing_extensions import override

from pim_simulator import SimulatedPim, serve
from tap_akeneo.client.auth import AppAuthenticator
from tap_akeneo.client.errors import AkeneoError, NoResponse, PimUnavailable, RequestRefused
from tap_akeneo.client.http import HttpClient
from tap_akeneo.client.http_request import Request
from tap_akeneo.client.pim import Pim
from tap_akeneo.tap import TapAkeneo
from tests.docs.troubleshooting import is_explained
from tests.support import Ended, command, errors, settings_for, sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

    from tests.conftest import StartPim

HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"


@contextmanager
def host(answer: Callable[[], Iterable[bytes]]) -> Iterator[str]:
    """Start a host that sends these pieces in response to any request."""

    class Handler(socketserver.StreamRequestHandler):
        @override
        def handle(self) -> None:
            while self.rfile.readline().strip():
                pass
            with suppress(OSError):  # the client closed the connection
                for piece in answer():
                    self.wfile.write(piece)

    class Server(socketserver.ThreadingTCPServer):
        request_queue_size = 32

    with Server(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever, args=[0.01]).start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()


def slowly(pieces: Iterable[bytes], pause: float) -> Iterator[bytes]:
    for piece in pieces:
        yield piece
        time.sleep(pause)


def get(url: str, **options: Any) -> Any:
    may_hang = options.pop("may_hang", False)
    client = HttpClient(**{"max_retries": 0, **options})
    return client.send(Request("GET", url, msgspec.json.decode, may_hang=may_hang))


TRICKLES: dict[str, Callable[[], Iterable[bytes]]] = {
    "the head": lambda: chain([HEAD], slowly(repeat(b"X", 300), 0.03)),
    "a body of known length": lambda: chain(
        [HEAD, b"Content-Length: 999999\r\n\r\n"], slowly(repeat(b" ", 300), 0.03)
    ),
    "a body in chunks": lambda: chain(
        [HEAD, b"Transfer-Encoding: chunked\r\n\r\n"], slowly(repeat(b"1\r\n \r\n", 300), 0.03)
    ),
    "a body without an end": lambda: chain([HEAD, b"\r\n"], slowly(repeat(b" ", 300), 0.03)),
}


@pytest.mark.parametrize("trickle", TRICKLES.values(), ids=TRICKLES.keys())
def test_a_response_that_trickles_without_end_times_out(
    trickle: Callable[[], Iterable[bytes]],
) -> None:
    before = time.monotonic()
    with (
        host(trickle) as url,
        pytest.raises(PimUnavailable, match=r"did not respond in time \(setting request_timeout\)"),
    ):
        get(url, timeout=0.1)
    assert 0.5 <= time.monotonic() - before < 5
    with host(trickle) as url, pytest.raises(NoResponse):
        get(url, timeout=0.1, may_hang=True)


def test_a_response_may_take_longer_than_the_timeout_between_two_pieces() -> None:
    body = b'{"a": "long, but not silent, answer"}'
    pieces = (body[i : i + 4] for i in range(0, len(body), 4))
    head = b"%sContent-Length: %d\r\n\r\n" % (HEAD, len(body))
    with host(lambda: chain([head], slowly(pieces, 0.06))) as url:
        before = time.monotonic()
        assert get(url, timeout=0.3) == {"a": "long, but not silent, answer"}
        assert time.monotonic() - before > 0.3


@pytest.mark.skipif(sys.platform != "linux", reason="only there a process can be kept small")
def test_an_oversized_response_ends_the_run_before_it_fills_the_memory(
    start_pim: StartPim, tmp_path: Path
) -> None:
    pim = start_pim(products=5)
    # 4 GB of spaces, compressed to 4 MB.
    bomb = gzip.compress(b" " * (64 << 20), compresslevel=1) * 64
    headers = {"content-encoding": "gzip"}
    pim.faults.add("status", "/families", status=200, body=bomb, headers=headers)
    config = tmp_path / "config.json"
    config.write_text(json.dumps(settings_for(pim)))
    tap = [sys.executable, "-m", "tap_akeneo", "--config", str(config)]
    ended = subprocess.run(  # noqa: S603 (our own arguments)
        ["sh", "-c", 'ulimit -v 2000000; exec "$@"', "sh", *tap],  # noqa: S607
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
        timeout=60,
    )
    assert ended.returncode == 1
    # The PIM still answers, so only the stream whose list this was fails: that of families, or that
    # of their variants, which reads the same list ahead.
    line, last = Ended(1, "", ended.stderr).errors
    stream = line.partition(": ")[0]
    assert stream in {"families", "family_variants"}
    message = f"{stream}: the response is larger than 256 MB: lower the setting page_size"
    assert line.startswith(message)
    assert "[GET /api/rest/v1/families?" in line
    assert is_explained(line)
    assert last == f"1 of 16 streams failed: {stream}"


DEEP = {
    "a page of products": ("/products-uuid", b'{"_embedded":{"items":[{"values":%s}]}}'),
    "a page of families": ("/families", b'{"_embedded":{"items":[{"labels":%s}]}}'),
    "a whole list": ("/measurement-families", b'[{"units":%s}]'),
    "a single object": ("/system-information", b'{"version":%s}'),
    "a token answer": ("/token", b'{"access_token":%s}'),
    "the list of routes": ("/api/rest/v1", b'{"more":%s}'),
}


DEPEND = {
    "a page of products": {"products", "product_keys", "product_scores"},
    "a page of families": {"families", "family_variants"},
    "a whole list": {"measurement_families"},
    "a single object": {"system_information"},
}
"""The streams that need these lists. Without the others, the tap cannot know what to read."""


@pytest.mark.parametrize("where", DEEP)
@pytest.mark.parametrize(("opening", "closing"), [(b"[", b"]"), (b'{"a":', b"}")])
def test_deeply_nested_json_is_an_error_not_a_crash(
    start_pim: StartPim,
    caplog: pytest.LogCaptureFixture,
    where: str,
    opening: bytes,
    closing: bytes,
) -> None:
    path, frame = DEEP[where]
    pim = start_pim(products=5)
    body = frame % (opening * 100_000 + b"1" + closing * 100_000)
    pim.faults.add("status", path, status=200, body=body, times=None)
    message = "the response is not JSON of the PIM's API"
    if where not in DEPEND:
        with pytest.raises(AkeneoError, match=message):
            sync(pim, max_retries=0)
        return
    run = sync(pim, max_retries=0)
    # Only the streams fail that need this list.
    lines = errors(caplog)
    assert sorted(line.partition(": ")[0] for line in lines) == sorted(run.tap.failed_streams)
    assert set(run.tap.failed_streams) == DEPEND[where]
    assert all(message in line and f"[GET /api/rest/v1{path}" in line for line in lines)
    read = {name for name, stream in run.tap.streams.items() if stream.selected}
    assert run.tap.ended_streams == read
    assert run.records("locales")


def test_a_deeply_nested_error_body_does_not_hide_the_status(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim(products=5)
    body = b'{"message":"no","errors":%s}' % (b"[" * 100_000 + b"]" * 100_000)
    pim.faults.add("status", "/families", status=503, body=body, times=None)
    run = sync(pim, "families", "locales", max_retries=0)
    assert run.tap.failed_streams == ["families"]
    (line,) = errors(caplog)
    assert line.startswith("families: the PIM answers 503: Service Unavailable")
    assert run.records("locales")


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@contextmanager
def https_pim(
    folder: Path, authority: trustme.CA, name: str = "127.0.0.1", **options: Any
) -> Iterator[SimulatedPim]:
    """Start a PIM with a certificate for this host name."""
    certificate = folder / "certificate.pem"
    certificate.write_bytes(
        authority.issue_cert(name, **options).private_key_and_cert_chain_pem.bytes()
    )
    pim = SimulatedPim(products=5)
    with serve(pim, certificate=certificate):
        yield pim


def first_words(pim: SimulatedPim, **settings: Any) -> str:
    """Return the documented message with which a run fails before it reads anything."""
    with pytest.raises(AkeneoError) as ended:
        sync(pim, max_retries=0, **settings)
    assert is_explained(str(ended.value))
    return str(ended.value)


def test_an_untrusted_certificate_is_rejected_before_a_request_is_sent(
    tmp_path: Path, authority: trustme.CA
) -> None:
    with https_pim(tmp_path, authority) as pim:
        message = first_words(pim)
        where = str(pim.url).removeprefix("https://")
        assert f"the certificate of {where} is not trusted" in message
        assert "name its file in the setting ca_bundle" in message
        assert not pim.requests


@pytest.mark.parametrize(
    ("name", "dates"),
    [
        ("pim.example.com", {}),
        ("127.0.0.1", {"not_after": datetime(2020, 1, 1, tzinfo=timezone.utc)}),
    ],
    ids=["of another host", "out of date"],
)
def test_a_certificate_of_a_trusted_authority_must_match_the_host_and_be_in_date(
    tmp_path: Path, authority: trustme.CA, name: str, dates: dict[str, datetime]
) -> None:
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    with https_pim(tmp_path, authority, name, **dates) as pim:
        assert "is not trusted" in first_words(pim, ca_bundle=str(bundle))
        assert not pim.requests


@pytest.mark.parametrize("named_by", ["the setting", "the environment", "the setting, first"])
def test_a_private_certificate_authority_is_trusted_if_it_is_configured(
    tmp_path: Path, authority: trustme.CA, named_by: str
) -> None:
    bundle = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(bundle))
    other = tmp_path / "other.pem"
    trustme.CA().cert_pem.write_to_path(str(other))
    settings = {} if named_by == "the environment" else {"ca_bundle": str(bundle)}
    in_environment = bundle if named_by == "the environment" else other
    env = {} if named_by == "the setting" else {"REQUESTS_CA_BUNDLE": str(in_environment)}
    with https_pim(tmp_path, authority) as pim:
        ended = command(config=settings_for(pim, **settings), env=env)
        assert (ended.code, ended.errors) == (0, [])
        read = {row["record"]["uuid"] for row in ended.messages if "uuid" in row.get("record", {})}
        assert read == {product["uuid"] for product in pim.truth("products")}


def test_http_instead_of_https_is_reported(start_pim: StartPim) -> None:
    pim = start_pim(products=5)
    message = first_words(pim, base_url=str(pim.url).replace("http", "https"))
    assert "no TLS connection to 127.0.0.1:" in message


def test_a_host_that_does_not_exist_is_reported(start_pim: StartPim) -> None:
    try:
        socket.getaddrinfo("pim.invalid", 443)
    except socket.gaierror as failure:
        exists_not = failure.errno == socket.EAI_NONAME
    message = first_words(start_pim(products=1), base_url="pim.invalid")
    # Without a network, the name lookup fails with another error.
    expected = "there is no host pim.invalid" if exists_not else "no connection to pim.invalid"
    assert expected in message


def test_an_invalid_host_name_is_reported(start_pim: StartPim) -> None:
    message = first_words(start_pim(products=1), base_url=f"{'a' * 70}.example.com")
    assert "the address is not valid: check base_url" in message


FORGED = "\x1b[2J\u202e\r\n2025-01-01 | ERROR | all is well"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 503 \x1b[2J\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://a/\x1b[2J\r\nContent-Length: 0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Type: \x1b[2J\r\nContent-Length: 1\r\n\r\nx",
        b"HTTP/1.1 200 OK\r\n\x1b[2J\r\n\r\n",
        b"\x1b[2J\r\n\r\n",
        b"HTTP/1.1 422 No\r\n\r\n%s" % json.dumps({"message": FORGED}).encode(),
        b"HTTP/1.1 422 No\r\n\r\n%s" % json.dumps({"errors": [{"message": FORGED}]}).encode(),
        b"HTTP/1.1 422 No\r\n\r\n%s" % json.dumps({"errors": ["no message"]}).encode(),
        b"HTTP/1.1 200 OK\r\nDate: Fri, 31 Dec 9999 23:59:59 -0100\r\n\r\nx",
    ],
)
def test_no_control_character_of_a_response_reaches_the_log(answer: bytes) -> None:
    with host(lambda: [answer]) as url, pytest.raises(AkeneoError) as raised:
        get(url)
    assert str(raised.value).isprintable()


def test_no_control_character_of_an_error_message_reaches_the_log(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim(products=5)
    body = {"code": 422, "message": FORGED}
    pim.faults.add("status", "/families", status=422, body=body, times=None)
    run = sync(pim, "families")
    assert run.tap.failed_streams == ["families"]
    assert "all is well" in caplog.text
    assert all(record.getMessage().isprintable() for record in caplog.records)


def test_an_invalid_token_response_is_reported_without_control_characters(
    start_pim: StartPim,
) -> None:
    pim = start_pim(products=5)
    pim.faults.add("status", "/token", status=200, body={FORGED: 1})
    message = first_words(pim)
    assert "has no token at 'access_token'" in message
    assert message.isprintable()


def test_a_missing_date_header_is_reported() -> None:
    # The minimum that a run needs to get this far: one incremental list.
    routes = {
        path: {"route": f"/api/rest/v1/{path}", "methods": ["GET"]}
        for path in ("categories", "system-information")
    }
    body = json.dumps({"routes": routes}).encode()
    head = b"%sContent-Length: %d\r\n\r\n" % (HEAD, len(body))
    with host(lambda: [head, body]) as url:
        tap = TapAkeneo(config={"base_url": url, "access_token": "an-app-s", "max_retries": 0})
        with pytest.raises(
            AkeneoError, match=r"^categories: the PIM's responses have no Da"
        ) as raised:
            tap.sync_all()
    assert is_explained(str(raised.value))


HINTS = b"HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\nContent-Length: 9\r\n\r\n"


@pytest.mark.parametrize("interim", [HINTS, HINTS * 3, b"HTTP/1.1 102 Processing\r\n\r\n" + HINTS])
def test_the_final_response_is_read_after_early_hints(interim: bytes) -> None:
    final = b'%sContent-Length: 7\r\n\r\n{"a":1}' % HEAD
    with host(lambda: [interim + final]) as url:
        assert get(url) == {"a": 1}


def test_early_hints_without_end_time_out() -> None:
    with (
        host(lambda: slowly(repeat(HINTS, 300), 0.01)) as url,
        pytest.raises(PimUnavailable, match="did not respond in time"),
    ):
        get(url, timeout=0.1)


BOM = b"\xef\xbb\xbf"


def test_a_byte_order_mark_before_json_is_skipped(start_pim: StartPim) -> None:
    pim = start_pim(products=5)
    routes = {"a": {"route": "/api/rest/v1/families", "methods": ["GET"]}}
    token = {"access_token": pim.app_token, "expires_in": 3600}
    page = {"_embedded": {"items": [{"code": "a"}]}}
    for path, body in (
        ("/api/rest/v1", {"routes": routes}),
        ("/token", token),
        ("/families", page),
    ):
        content = BOM + json.dumps(body).encode()
        # The first path is a part of the others, but is requested only once.
        pim.faults.add("status", path, status=200, body=content)
    assert [row["code"] for row in sync(pim, "families").records("families")] == ["a"]


def test_a_byte_order_mark_does_not_hide_the_message_of_an_error() -> None:
    body = BOM + b'{"code": 422, "message": "No."}'
    with host(lambda: [b"HTTP/1.1 422 No\r\n\r\n", body]) as url:
        with pytest.raises(RequestRefused, match="the PIM answers 422: No") as refused:
            get(url)
        assert refused.value.is_from_pim


NOTICES = {
    "in HTML": (
        "<br />\n<b>Deprecated</b>:  $c is dynamic in <b>/srv/a.php</b> on line <b>12</b><br />\n",
        "“Deprecated: $c is dynamic in /srv/a.php on line 12”",
    ),
    "in plain text": (
        "\nWarning: Undefined array key 5 in /srv/a.php on line 7\n",
        "“Warning: Undefined array key 5 in /srv/a.php on line 7”",
    ),
}


@pytest.mark.parametrize("path", ["/api/rest/v1", "/families"])
@pytest.mark.parametrize(("notice", "shown"), NOTICES.values(), ids=NOTICES.keys())
def test_a_message_of_php_before_the_json_is_shown_without_the_advice_to_wait(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture, notice: str, shown: str, path: str
) -> None:
    pim = start_pim(products=5)
    body = f'{notice}{{"_embedded":{{"items":[]}}}}'.encode()
    pim.faults.add("status", path, status=200, body=body, times=None)
    if path == "/families":
        run = sync(pim, "families", "locales", max_retries=0)
        assert run.tap.failed_streams == ["families"]
        assert run.records("locales")
        (line,) = errors(caplog)
        assert is_explained(line)
    else:
        line = first_words(pim)
    assert f"begins with a message of PHP, {shown}: waiting does not help, have display_err" in line
    assert "wait until" not in line
    assert "base_url" not in line


def test_a_failure_with_a_message_of_php_shows_it(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim(products=5)
    body = "<b>Fatal error</b>:  Out of memory in <b>/srv/a.php</b> on line <b>1</b>"
    pim.faults.add("status", "/families", status=500, body=body, times=None)
    run = sync(pim, "families", max_retries=0)
    assert run.tap.failed_streams == ["families"]
    (line,) = errors(caplog)
    reason = "the PIM answers 500: PHP says “Fatal error: Out of memory in /srv/a.php on line 1”"
    assert line.startswith(f"families: {reason} [GET")


DENIED = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_wants_a_login_is_named(
    start_pim: StartPim, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    pim = start_pim(products=1)
    with host(lambda: [DENIED]) as proxy:
        monkeypatch.setenv(f"{scheme.upper()}_PROXY", proxy)
        message = first_words(pim, base_url=f"{scheme}://pim.invalid")
    assert message.startswith(
        "the proxy that the environment names for pim.invalid does not let us through: put its "
        "user name and password into HTTPS_PROXY or HTTP_PROXY "
    )
    assert f"({proxy.removeprefix('http://')}: " in message
    assert "base_url" not in message


@pytest.mark.parametrize("scheme", ["http", "socks4", "socks5", "socks5h"])
def test_a_proxy_that_is_down_is_named_and_not_base_url(
    start_pim: StartPim, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"{scheme}://someone:proxy-password@127.0.0.1:9")
    message = first_words(start_pim(products=1), base_url="http://pim.invalid")
    assert "the proxy that the environment names for pim.invalid does not let us through" in message
    assert "(127.0.0.1:9: " in message
    assert "base_url" not in message
    assert "proxy-password" not in message


def in_turn(*answers: bytes) -> Callable[[], Iterable[bytes]]:
    """Return the answers of a host, one after the other, and then the last one again."""
    left = chain(answers, repeat(answers[-1]))
    return lambda: [next(left)]


def dated(seconds: int) -> bytes:
    """Return a response of a server whose clock differs by so many seconds from ours."""
    date = formatdate(time.time() + seconds, usegmt=True).encode()
    return b"%sDate: %s\r\nConnection: close\r\nContent-Length: 2\r\n\r\n{}" % (HEAD, date)


def test_the_clock_of_the_server_that_is_behind_counts(caplog: pytest.LogCaptureFixture) -> None:
    client = HttpClient(max_retries=0)
    with host(in_turn(*(dated(seconds) for seconds in (0, 1200, -1200, 1200, 0)))) as url:
        for _ in range(5):
            client.send(Request("GET", url, msgspec.json.decode))
    behind = time.time() - client.server_time().timestamp()
    assert 1200 <= behind < 1205
    (line,) = (record.getMessage() for record in caplog.records)
    assert "the clocks of the PIM's servers differ by 1" in line
    assert is_explained(line)


def test_the_time_of_a_response_from_a_cache_is_as_old_as_the_cache_says(
    caplog: pytest.LogCaptureFixture,
) -> None:
    client = HttpClient(max_retries=0)
    cached = dated(-2400).replace(b"Connection:", b"Age: 2400\r\nConnection:")
    with host(in_turn(cached, dated(0))) as url:
        for _ in range(2):
            client.send(Request("GET", url, msgspec.json.decode))
    assert 0 <= time.time() - client.server_time().timestamp() < 5
    assert not caplog.records


def test_the_time_of_an_error_page_does_not_count(caplog: pytest.LogCaptureFixture) -> None:
    client = HttpClient(max_retries=0)
    gateway = dated(-9000).replace(b"200 OK", b"403 Forbidden")
    with host(in_turn(dated(0), gateway)) as url:
        client.send(Request("GET", url, msgspec.json.decode))
        with pytest.raises(RequestRefused):
            client.send(Request("GET", url, msgspec.json.decode))
    assert abs(time.time() - client.server_time().timestamp()) < 5
    assert not caplog.records


def test_a_slow_response_is_no_other_clock(caplog: pytest.LogCaptureFixture) -> None:
    client = HttpClient(max_retries=0)
    with host(in_turn(dated(-2), dated(0))) as url:
        for _ in range(3):
            client.send(Request("GET", url, msgspec.json.decode))
    assert not caplog.records


def pim_at(url: str) -> Pim:
    return Pim(url, HttpClient(max_retries=8), AppAuthenticator("an-app-s-token"))


def test_a_pim_is_up_only_if_its_api_lists_routes(start_pim: StartPim) -> None:
    pim = start_pim(products=5)
    assert pim_at(str(pim.url)).is_up()
    assert "authorization" not in pim.requests[-1].headers
    faults: list[dict[str, Any]] = [
        {"status": 503},
        {"status": 404},
        {"status": 200, "body": b"{}"},
        {"status": 200, "body": b'{"routes": []}'},
    ]
    for times, is_up in ((None, False), (1, True)):
        for fault in faults:
            pim.faults.clear()
            pim.faults.add("status", "/api/rest/v1", times=times, **fault)
            before, requests = time.monotonic(), len(pim.requests)
            assert pim_at(str(pim.url)).is_up() is is_up
            assert time.monotonic() - before < 2
            assert len(pim.requests) == requests + 2
    assert not pim_at("http://127.0.0.1:9").is_up()


def test_a_pim_that_limits_the_rate_of_requests_is_up(start_pim: StartPim) -> None:
    pim = start_pim(products=5)
    pim.faults.add("status", "/api/rest/v1", status=429, retry_after=60, times=None)
    assert pim_at(str(pim.url)).is_up()
