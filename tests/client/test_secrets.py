"""No secret leaks into messages, the log or the command line, or to another host."""

from __future__ import annotations

import html
import json
import socket
import subprocess
import sys
import threading
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

import pytest

from tap_akeneo.batches import storage_secrets
from tap_akeneo.client.errors import AkeneoError
from tap_akeneo.client.http import HttpClient
from tap_akeneo.client.http_request import Request
from tests.leaks import SECRETS, leaks
from tests.support import command, settings_for, sync

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from tests.conftest import StartPim

PASSWORD = 'pässword "with" a/slash+%'
"""A password that is encoded differently in JSON, in a URL and in a header."""

PROC = Path("/proc")
REFRESH_TOKEN = "the-refresh-token"
NO_CONNECTION = dict.fromkeys(("client_id", "client_secret", "username", "password"))


@dataclass
class Way:
    """A way to run the tap.

    Attributes:
        said: Text in the log that proves that the tap ran this way.
        code: Exit code.
        arguments: Command-line arguments.
        settings: In addition to those needed to connect to the PIM.
        faults: Faults of the PIM.
        token_life: Lifetime in seconds of the first token, which the test chooses; None if the PIM
            issues its own or none.
        env: Environment variables.
    """

    said: str
    code: int = 0
    arguments: Sequence[str] = ()
    settings: dict[str, Any] = field(default_factory=dict)
    faults: Sequence[dict[str, Any]] = ()
    token_life: int | None = 3600
    env: dict[str, str] = field(default_factory=dict)


WAYS = {
    "a run": Way("incomplete streams: none"),
    "the discovery": Way("Starting new HTTP connection", arguments=["--discover"]),
    "the connection test": Way("Beginning sync of 'products'", arguments=["--test"]),
    "its own description": Way("", arguments=["--about", "--format", "json"]),
    "a token that is renewed": Way("the PIM does not accept the refresh token", token_life=0),
    "a wrong client secret": Way(
        "the PIM does not know this client", 1, settings={"client_secret": "wrong"}, token_life=None
    ),
    "a wrong password": Way(
        "the PIM does not accept this user", 1, settings={"password": "wrong"}, token_life=None
    ),
    "a number as password": Way("`password` must be", 1, settings={"password": 73319401}),
    "a token that is refused": Way(
        "does not accept the token",
        1,
        faults=[{"kind": "status", "path": "/families", "status": 401, "times": None}],
    ),
    "a redirect": Way(
        "points to https://elsewhere.invalid/",
        1,
        faults=[
            {
                "kind": "status",
                "path": "/token",
                "status": 307,
                "times": None,
                "location": f"https://elsewhere.invalid/?password={quote(PASSWORD)}",
            }
        ],
        token_life=None,
    ),
    "a fault that stays": Way(
        "the PIM answers 503",
        1,
        faults=[{"kind": "status", "path": "/families", "status": 503, "times": None}],
        settings={"max_retries": 0},
    ),
    "an answer that is no JSON": Way(
        "is not JSON of the PIM's API",
        faults=[{"kind": "truncated_json", "path": "/token"}],
        token_life=None,
    ),
    "an unexpected end": Way("Traceback", 1, settings={"stream_maps": {"__else__": 5}}),
    "an app's token": Way(
        "incomplete streams: none",
        settings={**NO_CONNECTION, "access_token": "{app_token}"},
    ),
    "an app's token that is refused": Way(
        "does not accept the app's token",
        1,
        settings={**NO_CONNECTION, "access_token": "refused-token"},
    ),
    "batch files with a password in their place": Way(
        "Invalid bucket name",
        1,
        settings={
            "batch_config": {
                "encoding": {"format": "jsonl"},
                "storage": {"root": "s3://someone:batch/password@bucket"},
            }
        },
    ),
    "a proxy with a password": Way(
        "the proxy that the environment names",
        1,
        settings={"base_url": "http://pim.invalid", "max_retries": 0},
        env={"HTTP_PROXY": "http://someone:proxy-password@127.0.0.1:9", "NO_PROXY": ""},
    ),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS.keys())
def test_no_secret_is_printed_even_with_debug_logging(start_pim: StartPim, way: Way) -> None:
    pim = start_pim("saas", products=10, records=2)
    pim.credentials["password"] = PASSWORD
    if way.token_life is not None:
        tokens = {"access_token": pim.app_token, "refresh_token": REFRESH_TOKEN}
        body = {**tokens, "expires_in": way.token_life}
        pim.faults.add("status", "/token", status=200, body=body)
    for fault in way.faults:
        pim.faults.add(**fault)
    settings = settings_for(pim, **way.settings)
    if settings.get("access_token") == "{app_token}":
        settings["access_token"] = pim.app_token
    env = {"TAP_AKENEO_LOGLEVEL": "DEBUG", **way.env}
    ended = command(*way.arguments, config=settings, env=env)
    assert (ended.code, way.said in ended.log) == (way.code, True), ended.log
    secrets = {PASSWORD, REFRESH_TOKEN, pim.app_token, "proxy-password", "batch/password"}
    secrets |= {str(settings.get(name) or PASSWORD) for name in ("password", "access_token")}
    assert not leaks(ended.stdout + ended.log, secrets)


def test_the_secrets_of_batch_storage_are_known() -> None:
    params = {
        "anon": "false",
        "account_key": "of Azure",
        "key_file": "/etc/key",
        "client_kwargs": {"aws_secret_access_key": "of S3", "region_name": "eu-west-1"},
    }
    storage = {"root": "sftp://someone:a%2Fb@host/folder", "params": params}
    assert {*storage_secrets({"batch_config": {"storage": storage}})} == {
        *("a%2Fb", "a/b", "of Azure", "of S3"),
    }
    unset: list[dict[str, Any]] = [{}, {"batch_config": None}, {"batch_config": {"storage": {}}}]
    assert [[*storage_secrets(config)] for config in unset] == [[], [], []]


REPEATED: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "in JSON": lambda secret: json.dumps({"password": secret}),
    "in JSON of PHP": lambda secret: json.dumps(secret).replace("/", r"\/"),
    "percent-encoded": lambda secret: f"?password={quote(secret, safe='')}&a=b",
    "percent-encoded in lower case": lambda secret: quote(secret, safe="").replace("%C3", "%c3"),
    "as a form": lambda secret: urlencode({"password": secret}),
    "in HTML": html.escape,
    "in base64": lambda secret: b64encode(secret.encode()).decode(),
    "as basic authentication": lambda secret: b64encode(f"someone:{secret}".encode()).decode(),
    "before the end of a long text": lambda secret: f"{'x' * 395}{secret}",
}
"""Ways in which a response may repeat a secret."""


@pytest.mark.parametrize("repeat", REPEATED.values(), ids=REPEATED.keys())
@pytest.mark.parametrize("where", ["/api/rest/v1", "/token", "/families"])
def test_a_response_that_repeats_secrets_does_not_bring_them_into_messages(
    start_pim: StartPim,
    caplog: pytest.LogCaptureFixture,
    where: str,
    repeat: Callable[[str], str],
) -> None:
    pim = start_pim(products=5)
    pim.credentials["password"] = PASSWORD
    tokens = {"access_token": pim.app_token, "refresh_token": REFRESH_TOKEN}
    secrets = [PASSWORD, pim.credentials["client_secret"]]
    if where == "/families":
        pim.faults.add("status", "/token", status=200, body={**tokens, "expires_in": 3600})
        secrets += tokens.values()
    printed = written = ""
    for secret in secrets:
        repeated = repeat(secret)
        for answer in (
            {"status": 422, "body": {"code": 422, "message": repeated}},
            {"status": 503, "body": {"errors": {"header": [repeated]}}},
            {"status": 502, "body": f"<title>{html.escape(repeated)}</title>"},
            {"status": 302, "location": f"http://elsewhere/{quote(repeated)}"},
            {"status": 200, "body": f"{{{repeated}"},
            {"status": 200, "body": {"message": repeated}},
            {"status": 200, "body": {repeated: 5}},
        ):
            pim.faults.clear()
            if where == "/families":
                body = {**tokens, "expires_in": 3600}
                pim.faults.add("status", "/token", status=200, body=body)
            pim.faults.add("status", where, times=None, **answer)
            try:
                written += json.dumps(sync(pim, "families", max_retries=0).state)
            except AkeneoError as ended:
                printed += f"{ended}\n"
    assert not leaks(printed + written + caplog.text, {*secrets, pim.app_token})
    # The first characters of a secret that is cut off are a part of it too.
    assert "the PIM answers 422" in printed + caplog.text
    assert secrets[0][:6] not in printed + caplog.text


def test_a_status_line_that_repeats_a_secret_is_redacted(start_pim: StartPim) -> None:
    token = start_pim(products=1).app_token
    client = HttpClient(max_retries=0)
    client.secrets.add(token)
    with socket.create_server(("127.0.0.1", 0)) as server:

        def repeat() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(f"Bearer {token}\r\n\r\n".encode())

        threading.Thread(target=repeat).start()
        url = f"http://127.0.0.1:{server.getsockname()[1]}"
        with pytest.raises(AkeneoError, match=r"Bearer \*\*\*") as ended:
            client.send(Request("GET", url, json.loads))
    assert not leaks(str(ended.value))


def test_a_short_secret_is_hidden_only_behind_its_name(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim(products=5)
    pim.credentials["password"] = "a"
    message = 'A user sent "password": "a", password=a and a token.'
    body = {"code": 422, "message": message}
    pim.faults.add("status", "/families", status=422, body=body, times=None)
    sync(pim, "families")
    shown = 'A user sent "password": "***", password=*** and a token.'
    assert f"families: the PIM answers 422: {shown} [GET /api/rest/v1/families?" in caplog.text


def test_a_traceback_that_repeats_secrets_is_redacted(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim(products=5)
    run = sync(pim, "families")
    secret = pim.credentials["client_secret"]
    try:
        int(secret)
    except ValueError:
        run.tap.logger.exception("%s failed", secret)
    assert "*** failed\nTraceback (most recent call last):" in caplog.text
    assert "base 10: '***'" in caplog.text
    assert secret not in caplog.text


@pytest.mark.skipif(not PROC.exists(), reason="this system shows no processes there")
def test_no_secret_is_on_the_command_line_while_the_tap_runs(start_pim: StartPim) -> None:
    pim = start_pim(products=5)
    seen: list[str] = []
    pim.faults.add("event", "/families", do=lambda: seen.extend(command_lines()))
    settings = settings_for(pim)
    names = {f"TAP_AKENEO_{name.upper()}": str(value) for name, value in settings.items()}
    assert command("--config", "ENV", "--test", env=names).code == 0
    assert any("-m tap_akeneo" in line for line in seen)
    assert not leaks("\n".join(seen))


def command_lines() -> Iterator[str]:
    """Yield the command lines of all processes."""
    for file in PROC.glob("[0-9]*/cmdline"):
        with suppress(OSError):  # the process has ended
            yield file.read_bytes().replace(b"\0", b" ").decode(errors="replace")


@pytest.mark.parametrize("path", ["/api/rest/v1", "/token", "/families"])
def test_no_redirect_is_followed_to_another_port(start_pim: StartPim, path: str) -> None:
    pim, other = start_pim(products=5), start_pim(products=5)
    for status in (301, 302, 303, 307, 308):
        pim.faults.add("status", path, status=status, location=f"{other.url}{path}")
        with suppress(AkeneoError):
            sync(pim, "families")
        assert not pim.faults.pending
    assert not other.requests


def test_no_redirect_is_followed_to_another_scheme_or_path_of_the_same_host(
    start_pim: StartPim, caplog: pytest.LogCaptureFixture
) -> None:
    pim = start_pim(products=5)
    for target in (str(pim.url).replace("http", "https"), f"{pim.url}/elsewhere"):
        pim.faults.add("status", "/families", status=302, location=target, times=None)
        assert sync(pim, "families", max_retries=1).tap.failed_streams == ["families"]
        assert f"points to {target}" in caplog.text
        pim.faults.clear()
    assert not [request for request in pim.requests if "elsewhere" in request.path]


@pytest.mark.parametrize("profile", ["pim-3", "ce-5", "ee-7", "saas"])
def test_links_to_another_host_are_not_followed(start_pim: StartPim, profile: str) -> None:
    other = start_pim(products=1)
    pim = start_pim(profile, products=30, records=5, links_base=other.url)
    run = sync(pim, page_size=10)
    assert len(run.rows("products")) == len(pim.truth("products"))
    assert len(run.rows("attributes")) == len(pim.truth("attributes"))
    assert run.records("product_media_files")
    assert not other.requests


def test_credentials_are_sent_only_to_the_token_endpoint_and_the_token_only_to_the_api(
    start_pim: StartPim, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login someone password for-another-program")
    monkeypatch.setenv("NETRC", str(netrc))
    pim = start_pim()
    sync(pim)
    client = f"{pim.credentials['client_id']}:{pim.credentials['client_secret']}"
    for request in pim.requests:
        sent = request.headers.get("authorization", "")
        if request.path == "/api/oauth/v1/token":
            assert sent == f"Basic {b64encode(client.encode()).decode()}"
        elif request.path == "/api/rest/v1":
            assert not sent
        else:
            assert sent.startswith("Bearer ")


@pytest.mark.parametrize(
    "form",
    [
        f"the password is {PASSWORD}",
        f"https://pim.invalid/?password={quote(PASSWORD, safe='')}&a=b",
        json.dumps({"password": PASSWORD}),
        json.dumps({"Authorization": f"Basic {b64encode(f'client:{PASSWORD}'.encode()).decode()}"}),
        b64encode(f"someone:{PASSWORD}".encode()).decode(),
        b64encode(f"password={PASSWORD} and more".encode()).decode(),
    ],
)
def test_leaks_finds_a_secret_in_any_encoding(form: str) -> None:
    assert leaks(f"what came before {form} and after", [PASSWORD]) == {PASSWORD}


def test_leaks_finds_any_token_of_a_simulated_pim(start_pim: StartPim) -> None:
    pim = start_pim(products=5)
    sync(pim, "families")
    token = pim.requests[-1].headers["authorization"].removeprefix("Bearer ")
    for form in (token, pim.app_token):
        assert leaks(f'{{"token":"{form}"}}') == {form}


def test_a_test_that_prints_or_logs_a_secret_fails(tmp_path: Path) -> None:
    file = tmp_path / "test_it.py"
    file.write_text(
        "import logging, sys\n"
        "def test_quiet(): print('secret')\n"
        f"def test_printed(): print({min(SECRETS)!r})\n"
        f"def test_logged(): logging.getLogger('tap').warning({min(SECRETS)!r})\n"
    )
    pytest = [sys.executable, "-m", "pytest"]
    # No summary, because it repeats the errors if CI is set in the environment.
    ended = subprocess.run(  # noqa: S603 (our own arguments)
        [*pytest, "-rN", "-p", "tests.conftest", "-p", "no:cacheprovider", file],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "3 passed, 2 errors" in ended.stdout
    assert ended.stdout.count("There are secrets in the output") == 2
