"""The command line as a user sees it: options, exit codes and the last line of the log."""

from __future__ import annotations

import base64
import json
import re
import socket
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from typing_extensions import override

from tap_akeneo.config.settings import CREDENTIALS
from tap_akeneo.streams.base import AkeneoStream
from tap_akeneo.tap import TapAkeneo
from tests.support import Ended, command, settings_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim


def run(settings: dict[str, Any], *arguments: str, **files: Any) -> Ended:
    """Run the command with settings in a file, and check that no secret is printed."""
    ended = command(*arguments, config=settings, **files)
    for name in ("client_secret", "password"):
        if secret := str(settings.get(name, "")):
            for form in (secret, quote(secret), base64.b64encode(secret.encode()).decode()):
                assert form not in ended.log + ended.stdout, name
    assert "Bearer" not in ended.log
    assert "Traceback" not in ended.log
    return ended


def test_about_works_without_settings() -> None:
    ended = command("--about", "--format", "json")
    assert ended.code == 0
    about = json.loads(ended.stdout)
    assert about["name"] == "tap-akeneo"
    assert "base_url" in about["settings"]["properties"]


def test_discover_offers_what_the_pim_offers(start_pim: StartPim) -> None:
    ended = run(settings_for(start_pim()), "--discover")
    assert ended.code == 0
    offered = {stream["tap_stream_id"] for stream in json.loads(ended.stdout)["streams"]}
    assert offered >= {"products", "product_scores", "system_information"}
    # These need the Enterprise Edition, SaaS and a PIM before 4.0.
    assert not offered & {"assets", "readiness", "pam_assets"}


def test_the_connection_test_reads_a_record_of_each_stream(start_pim: StartPim) -> None:
    pim = start_pim()
    ended = run(settings_for(pim), "--test")
    assert ended.code == 0
    assert {message["stream"] for message in ended.messages if message["type"] == "RECORD"} >= {
        "products",
        "families",
    }


def test_a_second_run_accepts_the_state_of_the_first(start_pim: StartPim) -> None:
    pim = start_pim()
    settings = settings_for(pim, pim_timezone="UTC")
    first = run(settings)
    assert (first.code, first.errors) == (0, [])
    state = [message["value"] for message in first.messages if message["type"] == "STATE"][-1]
    pim.clock.advance(seconds=7200)
    second = run(settings, state=state)
    assert second.code == 0
    assert not [
        message
        for message in second.messages
        if message["type"] == "RECORD" and message["stream"] == "products"
    ]


def test_settings_can_come_from_the_environment(start_pim: StartPim) -> None:
    pim = start_pim()
    names = {f"TAP_AKENEO_{name.upper()}": str(value) for name, value in settings_for(pim).items()}
    ended = command("--config", "ENV", "--discover", env=names)
    assert ended.code == 0
    assert ended.stdout


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def mistakes(pim: SimulatedPim) -> dict[str, tuple[dict[str, Any], str]]:
    """Return wrong settings, each with what the error line must contain."""
    return {
        "a host that is not there": (
            {"base_url": f"http://127.0.0.1:{closed_port()}", "max_retries": 0},
            "no connection to 127.0.0.1",
        ),
        "an address that is no PIM": (
            {"base_url": f"{pim.url}/shop", "max_retries": 0},
            "there is no Akeneo PIM at",
        ),
        "a wrong client": ({"client_id": "nobody"}, "settings client_id and client_secret"),
        "a wrong secret": ({"client_secret": "oh-no"}, "settings client_id and client_secret"),
        "a wrong user": ({"username": "nobody"}, "settings username and password"),
        "a wrong password": ({"password": "oh-no"}, "settings username and password"),
        "a malformed date": (
            {"start_date": "yesterday"},
            "`start_date`: 'yesterday' is not a date",
        ),
        "no client id": ({"client_id": None}, "`client_id` is missing"),
    }


@pytest.mark.parametrize(
    "arguments", [["--discover"], [], ["--test"]], ids=["discover", "sync", "test"]
)
@pytest.mark.parametrize(
    "mistake",
    [
        "a host that is not there",
        "an address that is no PIM",
        "a wrong client",
        "a wrong secret",
        "a wrong user",
        "a wrong password",
        "a malformed date",
        "no client id",
    ],
)
def test_a_wrong_setting_ends_the_run_with_one_line_that_names_it(
    start_pim: StartPim, mistake: str, arguments: list[str]
) -> None:
    pim = start_pim()
    wrong, named = mistakes(pim)[mistake]
    ended = run(settings_for(pim, **wrong), *arguments)
    assert ended.code == 1
    (line,) = ended.errors
    assert named in line
    assert not ended.stdout


REFUSALS: dict[str, tuple[dict[str, Any], str]] = {
    "an unknown channel": ({"channel": "nowhere"}, "check the setting channel"),
    "an unknown locale": ({"locales": ["xx_XX"]}, "check the setting locales"),
    "an unknown attribute": ({"attributes": ["nothing"]}, "check the setting attributes"),
    "a filter that the PIM refuses": (
        {"filters": {"products": {"enabled": [{"operator": "LIKE", "value": 1}]}}},
        "check the setting filters",
    ),
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_an_error_of_the_pim_names_the_stream_and_setting_and_other_streams_are_read(
    start_pim: StartPim, refusal: str
) -> None:
    pim = start_pim()
    wrong, named = REFUSALS[refusal]
    ended = run(settings_for(pim, **wrong))
    assert ended.code == 1
    assert any(line.startswith("products: ") and named in line for line in ended.errors)
    assert "streams failed: " in ended.errors[-1]
    read = {message["stream"] for message in ended.messages if message["type"] == "RECORD"}
    assert "families" in read
    assert "products" not in read


def test_a_missing_permission_is_named_like_in_the_role_form_and_other_streams_are_read(
    start_pim: StartPim,
) -> None:
    pim = start_pim("ce-master")  # 7.0 does not enforce "List categories" (GRF-829)
    pim.permissions -= {one for one in pim.permissions if one.endswith("_list")}
    ended = run(settings_for(pim))
    assert ended.code == 1
    named = re.compile(r"(\w+): .*Web API permissions, tick “([^”]+)”")
    # A child stream needs the permission for its parent's list first. The permissions of streams
    # are compared with Akeneo's page in tests/schemas/test_coverage.py.
    assert {found[1]: found[2] for found in map(named.match, ended.errors) if found} == {
        stream.name: (stream.parent or stream).permission
        for stream in TapAkeneo(config=settings_for(pim)).streams.values()
        if isinstance(stream, AkeneoStream) and stream.permission and stream.selected_by_default
    }
    read = {message["stream"] for message in ended.messages if message["type"] == "RECORD"}
    assert read - {"readings"} == {
        "measurement_families",
        "product_media_files",
        "system_information",
    }


def test_a_selected_stream_that_the_pim_does_not_offer_is_skipped_with_one_warning(
    start_pim: StartPim,
) -> None:
    newer = run(settings_for(start_pim("ce-7")), "--discover")
    old = start_pim("ce-5")
    ended = run(settings_for(old), catalog=newer.stdout)
    assert ended.code == 0
    (warning,) = [line for line in ended.log.splitlines() if "does not offer it" in line]
    assert "system_information: skipped" in warning
    assert "skipped streams: system_information; incomplete streams: none" in ended.log


def test_a_catalog_from_before_a_pim_upgrade_does_not_restore_the_old_keys(
    start_pim: StartPim,
) -> None:
    old = run(settings_for(start_pim("ce-6")), "--discover")
    pim = start_pim("ce-7")
    ended = run(settings_for(pim), catalog=old.stdout)
    assert ended.code == 0
    assert "the catalog is from another version of this PIM" in ended.log
    (schema,) = [
        message
        for message in ended.messages
        if message["type"] == "SCHEMA" and message["stream"] == "products"
    ]
    assert schema["key_properties"] == ["uuid"]


def test_a_failed_stream_fails_the_connection_test(start_pim: StartPim) -> None:
    pim = start_pim()
    pim.permissions.discard("pim_api_family_list")
    ended = run(settings_for(pim), "--test")
    assert ended.code == 1
    assert "streams failed: families, family_variants" in ended.errors[-1]


def test_a_redirect_is_not_followed() -> None:
    with redirecting_to("https://elsewhere.invalid/login?next=1") as url:
        ended = run({"base_url": url, **dict.fromkeys(CREDENTIALS, "abc")})
    assert ended.code == 1
    (line,) = ended.errors
    assert "the PIM answers 302 and points to https://elsewhere.invalid/login: check" in line


@contextmanager
def redirecting_to(target: str) -> Iterator[str]:
    """Start a host that redirects every request to `target`."""

    class Redirect(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(302)
            self.send_header("Location", target)
            self.end_headers()

        # The login is a POST.
        do_POST = do_GET  # noqa: N815 (http.server requires this name)

        @override
        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Redirect) as server:
        threading.Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_more_parallel_requests_than_akeneo_allows_cause_a_warning(start_pim: StartPim) -> None:
    ended = run(settings_for(start_pim(), max_concurrency=5), "--discover")
    assert ended.code == 0
    assert "Akeneo allows 4 parallel requests" in ended.log


def test_an_invalid_setting_ends_the_command_before_any_output(start_pim: StartPim) -> None:
    ended = run(settings_for(start_pim(), filters=[]))
    assert ended.code == 1
    assert any("`filters` must be an object" in line for line in ended.errors)
    assert not ended.stdout


@pytest.mark.parametrize("content", ["{", '"x"', "\x00"])
def test_an_invalid_config_file_ends_the_run_with_one_line(content: str) -> None:
    ended = command(config=content)
    assert ended.code == 1
    assert "Traceback" not in ended.log
    assert len(ended.errors) == 1


def test_a_missing_config_file_is_reported(tmp_path: Path) -> None:
    ended = command("--config", tmp_path / "no.json")
    assert ended.code == 1
    assert "no.json cannot be read" in ended.errors[0]


@pytest.mark.parametrize("catalog", [{"streams": 5}, {"streams": [{}]}, {}])
def test_an_invalid_catalog_is_reported(start_pim: StartPim, catalog: dict[str, Any]) -> None:
    ended = run(settings_for(start_pim()), catalog=catalog)
    assert ended.code == 1
    assert "is not a Singer catalog" in ended.errors[0]
