"""One line reports within seconds why `meltano run` failed."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
import trustme

from pim_simulator import SimulatedPim, serve
from tests.leaks import leaks
from tests.meltano.project import ROOT, Project
from tests.support import settings_for, uuids
from tests.targets.duck import duckdb_loader
from tests.targets.loaders import LOADERS, POSTGRES
from tests.targets.meltano import make_environment, set_up
from tests.targets.postgres import Postgres, serving
from tests.targets.warehouse import postgres_loader

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from pathlib import Path

RUN = "meltano --environment=prod run --state-id-suffix={suffix} {options} tap-akeneo {target}"
STREAMS = ("channels", "families", "products")

MAINTENANCE = "<html><head><title>Back at six</title></head><body></body></html>"
IN_MAINTENANCE = "but a web page, “Back at six”"


@dataclass(frozen=True)
class Line:
    """A line of Meltano's log.

    Attributes:
        source: The program that wrote it.
    """

    time: datetime
    level: str
    source: str
    text: str


@dataclass
class Night:
    """A run and its log."""

    code: int
    log: str
    lines: list[Line] = field(init=False)

    def __post_init__(self) -> None:
        pattern = re.compile(r"^(\S+)Z \[(\w+) *\] (\S+) +(.*)$", flags=re.MULTILINE)
        self.lines = [
            Line(datetime.fromisoformat(time), level, source, text)
            for time, level, source, text in pattern.findall(self.log)
        ]

    def error_of_tap(self, level: str = "error") -> Line:
        """Return the only line of the tap with a level, except the last, which counts streams."""
        lines = [line for line in self.lines if (line.level, line.source) == (level, "tap-akeneo")]
        assert lines, self.log
        if re.fullmatch(r"\d+ of \d+ streams failed: .+", lines[-1].text):
            del lines[-1]
        assert len(lines) == 1, lines
        assert lines[0].text in self.grep("tap-akeneo")
        return lines[0]

    def error_of_target(self, target: str) -> Line:
        """Return the first error of a target, as the documented `grep` finds it."""
        found = self.grep("Error", target)
        return next(line for line in self.lines if line.text in found and line.source == target)

    def grep(self, part: str, target: str = "") -> str:
        """Return what the command of `docs/troubleshooting.md` with this part finds in the log."""
        page = ROOT.joinpath("docs", "troubleshooting.md").read_text(encoding="utf-8")
        (command,) = re.findall(rf"^(grep .*{part}.*) run\.log$", page, flags=re.MULTILINE)
        ended = subprocess.run(  # noqa: S603 (our own page)
            shlex.split(command.replace("akeneo-duckdb-loader", target)),
            input=self.log,
            stdout=subprocess.PIPE,
            encoding="utf-8",
            check=False,
        )
        return ended.stdout


@dataclass
class Nights:
    """Runs in one project, each with a state of its own.

    Attributes:
        name: Suffix of the state's ID.
    """

    project: Project
    pim: SimulatedPim
    name: str

    def command(self, target: str, options: str = "") -> str:
        """Return the command of a run."""
        return RUN.format(suffix=self.name, options=options, target=target)

    def run(
        self,
        variables: Mapping[str, str] | None = None,
        target: str = "target-jsonl",
        options: str = "",
    ) -> Night:
        """Run the tap and a target."""
        code, log = self.project.run(self.command(target, options), 120, **(variables or {}))
        assert not leaks(log)
        return Night(code, log)

    def leave_state(self, state: Any) -> None:
        """Store the state that the next run finds."""
        state_id = f"prod:tap-akeneo-to-target-jsonl:{self.name}"
        folder = self.project.home / "state" / state_id
        folder.mkdir(parents=True)
        content = {"state_id": state_id, "completed": {"singer_state": state}, "partial": {}}
        (folder / "state.json").write_text(json.dumps(content), encoding="utf-8")


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
def project(shared_pim: SimulatedPim, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """One project for all runs, with loaders that are installed."""
    set_up("only-meltano")
    home = tmp_path_factory.mktemp("nights")
    (jsonl,) = (one for one in LOADERS if one.name == "target-jsonl")
    lines = {
        "name": jsonl.name,
        "namespace": "target_jsonl",
        "executable": str(make_environment(jsonl.name, jsonl.requirements) / jsonl.command),
        "settings": [
            {"name": "destination_path"},
            {"name": "do_timestamp_file", "kind": "boolean"},
        ],
        "config": {"destination_path": str(home / "rows"), "do_timestamp_file": False},
    }
    postgres = postgres_loader(make_environment(POSTGRES.name, POSTGRES.requirements), {})
    settings = settings_for(shared_pim)
    del settings["max_retries"]  # The default must also be fast enough.
    project = Project.copied(home, settings, lines, postgres)
    project.variables |= {
        "TAP_AKENEO__SELECT": json.dumps([f"{stream}.*" for stream in STREAMS]),
        "MELTANO_STATE_BACKEND_URI": f"file://{home}/state",
    }
    return project


@pytest.fixture
def nights(request: pytest.FixtureRequest, project: Project, pim: SimulatedPim) -> Nights:
    name: str = re.sub(r"\W+", "-", request.node.name).strip("-")
    return Nights(project, pim, name)


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
    pattern = failure.reported
    assert re.match(pattern, line.text), line.text


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


def test_bad_json_in_a_setting_is_reported_by_meltano_before_the_tap_starts(nights: Nights) -> None:
    night = nights.run({"TAP_AKENEO_FILTERS": '{"products": '})
    assert night.code == 1
    errors = [line.text for line in night.lines if line.level == "error"]
    assert errors[0] in night.grep("meltano")
    assert errors == ["""Failed to parse JSON object from string: '{"products": '"""]
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


def test_after_a_killed_run_meltano_suggests_force_and_the_tap_continues(
    nights: Nights, pim: SimulatedPim
) -> None:
    pim.requests.clear()
    pim.faults.add("status", "/products-uuid", status=503, retry_after=60)
    command = nights.command("target-jsonl").split()
    nights.project.run_until_killed(
        command, lambda: any(request.status == 503 for request in pim.requests)
    )
    refused = nights.run()
    assert refused.code == 1
    (message,) = [line.text for line in refused.lines if "already running" in line.text]
    assert "ignore this check using the '--force' option" in message
    night = nights.run(options="--force")
    assert night.code == 0, night.log


@pytest.fixture(scope="module")
def postgres() -> Iterator[Postgres]:
    with serving() as server:
        yield server


@pytest.mark.parametrize(
    ("wrong", "reported"),
    [
        ({"port": "9"}, '"127.0.0.1", port 9 failed: Connection refused'),
        ({"password": "wrong"}, 'password authentication failed for user "tap"'),
    ],
    ids=["target down", "password of the target"],
)
def test_the_first_error_of_the_target_says_why_it_has_no_database(
    nights: Nights, postgres: Postgres, wrong: dict[str, str], reported: str
) -> None:
    settings = {**postgres.settings("nights"), **wrong}
    variables = {f"TARGET_POSTGRES_{name.upper()}": str(of) for name, of in settings.items()}
    night = nights.run(variables, "target-postgres")
    assert night.code == 1
    line = night.error_of_target("target-postgres")
    assert reported in line.text


def test_the_first_error_of_the_target_says_that_the_disk_is_full(nights: Nights) -> None:
    file = nights.project.home / "rows" / "families.jsonl"
    file.parent.mkdir(exist_ok=True)
    file.unlink(missing_ok=True)
    # Writing to this device fails as on a full disk.
    file.symlink_to("/dev/full")
    night = nights.run()
    file.unlink()
    assert night.code == 1
    line = night.error_of_target("target-jsonl")
    assert "No space left on device" in line.text


def test_the_first_error_of_the_target_says_that_the_file_is_locked(
    pim: SimulatedPim, tmp_path: Path
) -> None:
    set_up("only-meltano")
    project = Project.copied(tmp_path, settings_for(pim), duckdb_loader())
    with duckdb.connect(str(tmp_path / "akeneo.duckdb")):
        night = Nights(project, pim, "locked").run(target="akeneo-duckdb-loader")
    assert night.code == 1
    line = night.error_of_target("akeneo-duckdb-loader")
    assert "Could not set lock on file" in line.text
