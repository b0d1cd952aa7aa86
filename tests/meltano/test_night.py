"""`meltano run` fails: where the log says within seconds why, and what to do, with both loaders."""

from __future__ import annotations

import json
import re
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import trustme

from pim_simulator import SimulatedPim, serve
from tests.docs.troubleshooting import is_explained
from tests.meltano.night import Nights
from tests.meltano.project import Project
from tests.support import settings_for, uuids
from tests.targets.duck import duckdb_loader
from tests.targets.loaders import POSTGRES
from tests.targets.meltano import make_environment, set_up
from tests.targets.warehouse import postgres_loader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from contextlib import AbstractContextManager
    from pathlib import Path

    from tests.targets.postgres import Postgres

DUCKDB, IN_POSTGRES = LOADERS = ("akeneo-duckdb-loader", "target-postgres")
STREAMS = ("channels", "families", "products")

MAINTENANCE = "<html><head><title>Back at six</title></head><body></body></html>"
IN_MAINTENANCE = "but a web page, “Back at six”"


@pytest.fixture(scope="module")
def shared_pim() -> Iterator[SimulatedPim]:
    pim = SimulatedPim("ce-7", seed=1, products=20)
    with serve(pim):
        yield pim


@pytest.fixture
def pim(shared_pim: SimulatedPim) -> Iterator[SimulatedPim]:
    """A healthy PIM, which the test may harm."""
    permissions = set(shared_pim.permissions)
    yield shared_pim
    shared_pim.permissions.update(permissions)
    shared_pim.faults.clear()
    shared_pim.broken.clear()


@pytest.fixture(scope="module")
def project(
    shared_pim: SimulatedPim, postgres: Postgres, tmp_path_factory: pytest.TempPathFactory
) -> Project:
    """One project for all runs, with both loaders installed."""
    set_up("only-meltano")
    home = tmp_path_factory.mktemp("nights")
    programs = make_environment(POSTGRES.name, POSTGRES.requirements)
    in_postgres = postgres_loader(programs, postgres.settings("nights"))
    in_duckdb = with_limited_files(duckdb_loader(), home / "with-limited-files")
    settings = settings_for(shared_pim)
    del settings["max_retries"]  # The default must also be fast enough.
    project = Project.copied(home, settings, in_duckdb, in_postgres)
    project.variables |= {
        "TAP_AKENEO__SELECT": json.dumps([f"{stream}.*" for stream in STREAMS]),
        "MELTANO_STATE_BACKEND_URI": f"file://{home}/state",
    }
    return project


def with_limited_files(loader: dict[str, Any], script: Path) -> dict[str, Any]:
    """Let the variable KILOBYTES limit the files of a loader, as a full disk does."""
    command = f'ulimit -f "${{KILOBYTES:-unlimited}}" && exec "{loader["executable"]}" "$@"'
    script.write_text(f"#!/bin/bash\n{command}\n")
    script.chmod(0o755)
    return {**loader, "executable": str(script)}


@pytest.fixture(params=LOADERS)
def loader(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def nights(request: pytest.FixtureRequest, project: Project, loader: str) -> Nights:
    name: str = re.sub(r"\W+", "-", request.node.name).strip("-")
    return Nights(project, loader, name)


@dataclass(frozen=True)
class Failure:
    """A failure of the tap.

    Attributes:
        reported: Pattern of the only line that reports it.
        variables: Environment variables that cause it; `{port}` is that of the PIM.
        harm: What causes it in the PIM.
    """

    reported: str
    variables: Mapping[str, str] = field(default_factory=dict)
    harm: Callable[[SimulatedPim], object] = id


def third_product(pim: SimulatedPim) -> str:
    return str(uuids(pim)[2])


FAILURES = {
    "wrong host": Failure(
        # Without a network, the name lookup fails with another error.
        r"(there is no host|no connection to) pim\.invalid.*: check the setting base_url",
        {"TAP_AKENEO_BASE_URL": "https://pim.invalid"},
    ),
    "wrong port": Failure(
        r"no connection to 127\.0\.0\.1:9\b.*: check the setting base_url, .* its port",
        {"TAP_AKENEO_BASE_URL": "http://127.0.0.1:9"},
    ),
    "TLS to a plain port": Failure(
        r"no TLS connection to 127\.0\.0\.1:\d+: is base_url right, with its port\?",
        {"TAP_AKENEO_BASE_URL": "https://127.0.0.1:{port}"},
    ),
    "secret": Failure(
        "login refused: the PIM does not know this client: check the settings client_id and "
        "client_secret",
        {"TAP_AKENEO_CLIENT_SECRET": "wrong"},
    ),
    "permission": Failure(
        "families: .*permission missing: .*tick “List families”",
        harm=lambda pim: pim.permissions.discard("pim_api_family_list"),
    ),
    "overall access": Failure(
        "all streams: .*permission missing: .*tick “Overall Web API access”",
        harm=lambda pim: pim.permissions.discard("pim_api_overall_access"),
    ),
    "HTML with 200 at the start": Failure(
        r"there is no Akeneo PIM at http://\S+: check base_url, or wait if it has worked before "
        rf".*{IN_MAINTENANCE}",
        harm=lambda pim: pim.faults.add("status", status=200, body=MAINTENANCE, times=None),
    ),
    "HTML with 200 in mid-run": Failure(
        rf"families: .*{IN_MAINTENANCE}: wait until the PIM is back, and run again",
        # It could pass, so without this setting the tap would try for two minutes.
        {"TAP_AKENEO_MAX_RETRIES": "1"},
        lambda pim: pim.faults.add("status", "/families", status=200, body=MAINTENANCE, times=None),
    ),
    "503 at the start": Failure(
        "the PIM answers 503: a web page, “Back at six”: check .*, or wait if it has worked before",
        harm=lambda pim: pim.faults.add("status", status=503, body=MAINTENANCE, times=None),
    ),
    "503 in mid-run": Failure(
        "families: the PIM answers 503: a web page, “Back at six”: wait until the PIM is back",
        {"TAP_AKENEO_MAX_RETRIES": "1"},
        lambda pim: pim.faults.add("status", "/families", status=503, body=MAINTENANCE, times=None),
    ),
    "broken product": Failure(
        r"products: the PIM answers 500 for items whose uuid comes after .* up to .*\. All others "
        r"were read\. Have them repaired",
        harm=lambda pim: pim.broken.add(third_product(pim)),
    ),
    "bad filter": Failure(
        r'products: the PIM answers 422: "nothing" does not exist.* \(check the setting filters\)',
        {"TAP_AKENEO_FILTERS": '{"products": {"nothing": [{"operator": "=", "value": 1}]}}'},
    ),
    "bad locale": Failure(
        r'products: the PIM answers 422: Locale "xx_XX" .*\(check the setting locales\)',
        {"TAP_AKENEO_LOCALES": '["xx_XX"]'},
    ),
}


@pytest.mark.parametrize("name", FAILURES)
def test_one_line_of_the_tap_reports_within_seconds_why_a_run_fails(
    nights: Nights, pim: SimulatedPim, name: str
) -> None:
    failure = FAILURES[name]
    failure.harm(pim)
    port = str(pim.url).rpartition(":")[2]
    variables = {key: text.replace("{port}", port) for key, text in failure.variables.items()}
    night = nights.run(variables)
    assert night.code == 1
    line = night.error_of_tap()
    assert re.match(failure.reported, line.text), line.text
    assert is_explained(line.text)
    assert not night.grep("Error"), "no other line looks like an error of the loader"


def test_a_broken_product_stops_no_night_if_the_tap_shall_only_warn(
    nights: Nights, pim: SimulatedPim
) -> None:
    pim.broken.add(third_product(pim))
    night = nights.run({"TAP_AKENEO_ON_BROKEN_ITEMS": "warn"})
    assert night.code == 0
    warned = [
        line.text for line in night.lines if (line.level, line.source) == ("warning", "tap-akeneo")
    ]
    assert [text for text in warned if text.startswith("products: the PIM answers 500 for items")]


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_plain_http_to_a_tls_port_and_an_untrusted_certificate_are_reported_within_seconds(
    nights: Nights, tmp_path: Path, scheme: str
) -> None:
    certificate = tmp_path / "certificate.pem"
    issued = trustme.CA().issue_cert("127.0.0.1")
    certificate.write_bytes(issued.private_key_and_cert_chain_pem.bytes())
    pim = SimulatedPim(products=1)
    with serve(pim, certificate=certificate):
        night = nights.run({"TAP_AKENEO_BASE_URL": str(pim.url).replace("https", scheme)})
    assert night.code == 1
    patterns = {
        "http": r"no connection to 127\.0\.0\.1:\d+.*: check the setting base_url, with http or h",
        "https": r"the certificate of 127\.0\.0\.1:\d+ is not trusted: .*setting ca_bundle",
    }
    line = night.error_of_tap()
    assert re.match(patterns[scheme], line.text), line.text
    assert is_explained(line.text)


def test_bad_json_in_a_setting_is_reported_by_meltano_before_the_tap_starts(nights: Nights) -> None:
    night = nights.run({"TAP_AKENEO_FILTERS": '{"products": '})
    assert night.code == 1
    errors = [line.text for line in night.lines if line.level == "error"]
    assert errors[0] in night.grep("meltano")
    assert errors == ["""Failed to parse JSON object from string: '{"products": '"""]
    assert is_explained(errors[0], "Message of Meltano")
    assert not any(line.source == "tap-akeneo" for line in night.lines)


STATES: dict[str, tuple[object, str, str]] = {
    "of another tap": (
        {"bookmarks": {"orders": {"replication_key_value": "2026-01-01"}}},
        "warning",
        "the state has bookmarks of unknown streams: orders",
    ),
    "of another PIM": (
        {
            "bookmarks": {
                "products": {
                    "replication_key": "updated",
                    "replication_key_value": "2099-01-01T00:00:00+00:00",
                }
            }
        },
        "warning",
        "products: the bookmark 2099-01-01T00:00:00+00:00 is ahead of the PIM's clock",
    ),
    "edited": (
        {"bookmarks": {"products": {"bookmark": 5}}},
        "warning",
        "this tap did not write the bookmark of products in the state",
    ),
    "damaged": (
        {"bookmarks": []},
        "error",
        "the state cannot be used: `bookmarks` is not an object",
    ),
}


@pytest.mark.parametrize("name", STATES)
def test_one_line_reports_within_seconds_that_a_state_is_wrong_and_how_to_replace_it(
    nights: Nights, name: str
) -> None:
    state, level, beginning = STATES[name]
    nights.leave_state(state)
    night = nights.run()
    assert night.code == (1 if level == "error" else 0)
    line = night.error_of_tap(level)
    assert line.text.startswith(beginning)
    assert "run once with --full-refresh" in line.text
    assert is_explained(line.text)


def test_after_a_killed_run_meltano_suggests_force_and_the_tap_continues(
    nights: Nights, pim: SimulatedPim
) -> None:
    pim.requests.clear()
    pim.faults.add("status", "/products-uuid", status=503, retry_after=60)
    command = nights.command().split()
    nights.project.run_until_killed(
        command, lambda: any(request.status == 503 for request in pim.requests)
    )
    refused = nights.run()
    assert refused.code == 1
    (message,) = [line.text for line in refused.lines if "already running" in line.text]
    assert "ignore this check using the '--force' option" in message
    assert is_explained(message, "Message of Meltano")
    night = nights.run(options="--force")
    assert night.code == 0, night.log


@contextmanager
def locked(file: Path) -> Iterator[None]:
    with duckdb.connect(str(file)):
        yield


@contextmanager
def full_server(server: Postgres) -> Iterator[None]:
    """Let the server answer as on a full disk, which a test cannot fill.

    The class of the error is `disk_full`. The text is that of the server, without the path.
    """
    server.lines(
        """
        create function fail() returns event_trigger language plpgsql as $$ begin
            raise exception using
                errcode = '53100', message = 'could not extend file: No space left on device';
        end $$;
        create event trigger full_disk on ddl_command_start execute function fail();
        """
    )
    try:
        yield
    finally:
        server.lines("drop event trigger full_disk; drop function fail")


@contextmanager
def without_rights(server: Postgres) -> Iterator[None]:
    server.lines(f"create role reader login password '{READER_PASSWORD}'")
    yield


@dataclass(frozen=True)
class LoaderFailure:
    """A failure of a loader.

    Attributes:
        reported: Part of its first error.
        variables: Environment variables that cause it.
        harm: What causes it in a database.
    """

    loader: str
    reported: str
    variables: Mapping[str, str] = field(default_factory=dict)
    harm: Callable[[Project, Postgres], AbstractContextManager[None]] = lambda *_: nullcontext()


READER_PASSWORD = "made-up"
LOADER_FAILURES = {
    "the file is locked": LoaderFailure(
        DUCKDB,
        "Could not set lock on file",
        {"AKENEO_DUCKDB_LOADER_PATH": "locked.duckdb"},
        harm=lambda project, _: locked(project.home / "locked.duckdb"),
    ),
    "the folder is missing": LoaderFailure(
        DUCKDB,
        'Cannot open file "/nowhere/akeneo.duckdb": No such file or directory',
        {"AKENEO_DUCKDB_LOADER_PATH": "/nowhere/akeneo.duckdb"},
    ),
    "no file may grow": LoaderFailure(
        DUCKDB,
        "File too large",
        {"AKENEO_DUCKDB_LOADER_PATH": "large.duckdb", "KILOBYTES": "20"},
    ),
    "the server is down": LoaderFailure(
        IN_POSTGRES,
        '"127.0.0.1", port 9 failed: Connection refused',
        {"TARGET_POSTGRES_PORT": "9"},
    ),
    "the password is wrong": LoaderFailure(
        IN_POSTGRES,
        'password authentication failed for user "tap"',
        {"TARGET_POSTGRES_PASSWORD": "wrong"},
    ),
    "the user has no rights": LoaderFailure(
        IN_POSTGRES,
        "permission denied for database postgres",
        {
            "TARGET_POSTGRES_USER": "reader",
            "TARGET_POSTGRES_PASSWORD": READER_PASSWORD,
            "TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": "unwritable",
        },
        harm=lambda _, server: without_rights(server),
    ),
    "the disk of the server is full": LoaderFailure(
        IN_POSTGRES,
        "No space left on device",
        {"TARGET_POSTGRES_DEFAULT_TARGET_SCHEMA": "on_a_full_disk"},
        harm=lambda _, server: full_server(server),
    ),
}


@pytest.mark.parametrize(
    ("loader", "failure"),
    [(one.loader, one) for one in LOADER_FAILURES.values()],
    ids=LOADER_FAILURES,
    indirect=["loader"],
)
def test_the_first_error_of_the_loader_says_why_it_cannot_write(
    nights: Nights, postgres: Postgres, failure: LoaderFailure
) -> None:
    with failure.harm(nights.project, postgres):
        night = nights.run(failure.variables)
    assert night.code == 1
    line = night.error_of_loader()
    assert failure.reported in line.text
    assert is_explained(line.text, "First error of the target")
