"""Each message that ends a run has a row in docs/troubleshooting.md that says what to do."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

import tap_akeneo
from tap_akeneo.tap import TapAkeneo
from tap_akeneo.value_columns.definitions import MAX_COLUMNS
from tests.docs.troubleshooting import matches, messages
from tests.support import settings_for

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim

NO_CONNECTION = dict.fromkeys(("client_id", "client_secret", "username", "password"))
FAMILIES = {"kind": "status", "path": "/families", "times": None}
ODD = {"kind": "odd", "path": "/families", "times": None}
PAGE = {"_embedded": {"items": []}, "_links": {"next": {"href": "http://pim/?page=1"}}}


@dataclass
class Ending:
    """Conditions under which a run ends with a message.

    Attributes:
        settings: In addition to those needed to connect to the PIM.
        faults: Faults of the PIM.
        arrange: Called with the PIM before the run.
        files: Content of files by the option that names them.
        env: Environment variables.
        profile: Version of the PIM.
        code: Exit code of the run.
    """

    settings: Mapping[str, Any] = field(default_factory=dict)
    faults: Sequence[Mapping[str, Any]] = ()
    arrange: Callable[[SimulatedPim], object] = id
    files: Mapping[str, str] = field(default_factory=dict)
    env: Mapping[str, str] = field(default_factory=dict)
    profile: str = "ce-7"
    code: int = 1


def keys(pim: SimulatedPim, key: str, resource: str = "products") -> list[str]:
    return sorted(item[key] for item in pim.truth(resource))


def add_attributes(pim: SimulatedPim) -> None:
    for number in range(MAX_COLUMNS):
        pim.write.save("attributes", f"further_{number}", {"type": "pim_catalog_text"})


IN_BATCHES = {
    "encoding": {"format": "jsonl", "compression": "gzip"},
    "storage": {"root": "file:///dev/null/batches"},
}
ENDINGS = {
    "`…` is missing": Ending({"client_id": None}),
    "`…` must …": Ending({"page_size": 0}),
    "`…`: …": Ending({"start_date": "soon"}),
    "the config file … cannot be read": Ending(files={"--config": "{"}),
    "… in the environment or .env cannot be read": Ending(
        files={"--config": "ENV"}, env={"TAP_AKENEO_PAGE_SIZE": "many"}
    ),
    "the state cannot be used: …": Ending(files={"--state": '{"bookmarks": []}'}),
    "the … file is not JSON": Ending(files={"--state": "{"}),
    "the … file must contain a JSON object": Ending(files={"--state": "[]"}),
    "the catalog file is not a Singer catalog": Ending(files={"--catalog": "{}"}),
    "there is no Akeneo PIM at …": Ending(faults=[{"kind": "html", "path": "/api/rest/v1"}]),
    "the address is not valid": Ending(
        {"base_url": "http://pim.invalid"}, env={"HTTP_PROXY": "http://", "NO_PROXY": ""}
    ),
    "no connection to …": Ending(faults=[{"kind": "reset"}]),
    "the proxy that the environment names for … does not let us through": Ending(
        {"base_url": "http://pim.invalid"},
        env={"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": ""},
    ),
    "the PIM answers … and points to …": Ending(
        faults=[{**FAMILIES, "status": 301, "location": "https://elsewhere.invalid"}]
    ),
    "the PIM answers 408: …": Ending(faults=[{**FAMILIES, "status": 408}]),
    "the PIM answers 429: …": Ending(faults=[{**FAMILIES, "status": 429}]),
    "the PIM answers 5…: …": Ending(faults=[{**FAMILIES, "status": 502, "body": "<h1>Bad</h1>"}]),
    "… did not respond in time (setting request_timeout)": Ending(
        {"request_timeout": 1}, [{"kind": "slow", "path": "/families", "delay": 1.5}]
    ),
    "the response is not JSON of the PIM's API": Ending(
        faults=[{"kind": "truncated_json", "path": "/families"}]
    ),
    "login refused: the PIM does not know this client": Ending({"client_secret": "wrong"}),
    "login refused: the PIM does not accept this user": Ending({"username": "nobody"}),
    "login refused: username and password together are longer": Ending({"password": "x" * 300}),
    "login refused: check the settings …": Ending(
        faults=[{"kind": "status", "path": "/token", "status": 403}]
    ),
    "login refused: a server before the PIM": Ending(
        faults=[{"kind": "status", "path": "/token", "status": 403, "body": "<h1>No</h1>"}]
    ),
    "the response is not JSON of the PIM's API, but begins with a message of PHP": Ending(
        faults=[{**FAMILIES, "status": 200, "body": "<b>Notice</b>: No in a.php on line 1"}]
    ),
    "the PIM does not accept the app's token": Ending({**NO_CONNECTION, "access_token": "wrong"}),
    "the PIM does not accept the token that it has just issued": Ending(
        faults=[{**FAMILIES, "status": 401}]
    ),
    "token response has no token at …": Ending({"access_token_key": "data.token"}),
    "permission missing: …": Ending(
        arrange=lambda pim: pim.permissions.discard("pim_api_family_list")
    ),
    "the PIM answers 4…: … (check the setting …)": Ending({"channel": "nowhere"}),
    "the PIM answers 4…: …": Ending(
        faults=[{**FAMILIES, "status": 404, "body": "<h1>Not found</h1>"}]
    ),
    "… of … streams failed: …": Ending({"locales": ["xx_XX"]}),
    "pim_timezone is …, but the PIM wrote a date as …": Ending(
        {"pim_timezone": "Pacific/Kiritimati", "start_date": "2020-01-01"}
    ),
    "`updated` of … has no time zone": Ending(
        {"start_date": "2020-01-01"},
        [{**ODD, "path": "/products-uuid", "odd": {'"updated":"': '"updated":"-0'}}],
    ),
    "the PIM counts … items, but … could be read": Ending(
        {"page_size": 10},
        arrange=lambda pim: pim.missing.add(keys(pim, "identifier")[0]),
        profile="ce-5",
    ),
    "the PIM counts … items but shows none": Ending(
        {"start_date": "2020-01-01"}, arrange=lambda pim: pim.missing.update(keys(pim, "uuid"))
    ),
    "… so the list would never end": Ending(faults=[{**FAMILIES, "status": 200, "body": PAGE}]),
    "the response is not JSON of the PIM's API (application/json): the PIM says: …": Ending(
        faults=[{**FAMILIES, "status": 200, "body": {"message": "Not today."}}]
    ),
    "the bookmark … is ahead of the PIM's clock": Ending(
        files={
            "--state": json.dumps(
                {
                    "bookmarks": {
                        "products": {
                            "replication_key": "updated",
                            "replication_key_value": "2099-01-01T00:00:00+00:00",
                        }
                    }
                }
            )
        },
        code=0,
    ),
    "start_date … is ahead of the PIM's clock": Ending({"start_date": "2099-01-01"}, code=0),
    "the PIM answers 500 for …": Ending(arrange=lambda pim: pim.broken.add(keys(pim, "uuid")[3])),
    "check the setting stream_maps: …": Ending({"stream_maps": {"families": {"half": "1 +"}}}),
    "… is not a setting of this tap": Ending({"pagesize": 10}, code=0),
    "max_concurrency is …: Akeneo allows …": Ending({"max_concurrency": 6}, code=0),
    "… in the environment must be DEBUG, …": Ending(env={"LOGLEVEL": "verbose"}),
    "no stream is selected": Ending(files={"--catalog": '{"streams": []}'}, code=0),
    "REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE in the environment: …": Ending(
        env={"REQUESTS_CA_BUNDLE": "/no/such.pem"}
    ),
    "check the setting batch_config: …": Ending({"batch_config": IN_BATCHES}),
    "with batch_config it cannot have two maps": Ending(
        {
            "batch_config": IN_BATCHES,
            "stream_maps": {
                "families": {},
                "names": {"__source__": "families"},
                "__else__": None,
            },
        }
    ),
    "the PIM sends an item without its key": Ending(
        faults=[{**ODD, "odd": {'"code":"shoes"': '"kode":"shoes"'}}]
    ),
    "the PIM sends one of the … without …": Ending(
        faults=[{**ODD, "odd": {'"code":"shoes"': '"kode":"shoes"'}}]
    ),
    "skipped, it seems to be disabled in this PIM": Ending(
        {"request_timeout": 1},
        [{"kind": "slow", "path": "/workflows", "delay": 2, "times": None}],
        profile="saas",
        code=0,
    ),
    "the PIM sends an item whose key … is null": Ending(
        faults=[{**ODD, "odd": {'"code":"shoes"': '"code":null'}}]
    ),
    "`…` was … instead of …": Ending(
        faults=[{**ODD, "odd": {'"labels":{': '"labels":5,"l":{'}}],
        code=0,
    ),
    "texts contained …": Ending(
        faults=[{**ODD, "odd": {'"labels":{': r'"l":"\u0000","labels":{'}}],
        code=0,
    ),
    "the URL of the request is too long for the web server": Ending(
        faults=[{**FAMILIES, "status": 414, "body": "<h1>Request-URI Too Long</h1>"}]
    ),
    "value_columns: the PIM has no attribute …": Ending({"value_columns": ["nmae"]}, code=0),
    "value_columns: … columns (…), but databases allow about …": Ending(
        {"value_columns": ["*"]}, arrange=add_attributes
    ),
    "stream_maps: there is no stream …": Ending({"stream_maps": {"famlies": {}}}, code=0),
    "the catalog has the replication …": Ending(
        files={
            "--catalog": json.dumps(
                {"streams": [{"tap_stream_id": "products", "replication_method": "LOG_BASED"}]}
            )
        },
        code=0,
    ),
    "this tap did not write the bookmark of …": Ending(
        files={"--state": '{"bookmarks": {"products": {"bookmark": 5}}}'}, code=0
    ),
    "the state has bookmarks of unknown streams": Ending(
        files={"--state": '{"bookmarks": {"orders": {}}}'}, code=0
    ),
    "unexpected … at …": Ending({"stream_maps": {"__else__": 5}}),
}

ELSEWHERE = {
    # tests/client/test_network.py
    "there is no host …",
    "no TLS connection to …",
    "the certificate of … is not trusted",
    "the response is larger than … MB",
    "the PIM's responses have no Date header",
    "the clocks of the PIM's servers differ by …",
    # tests/client/test_other_shapes.py
    "the link to the next page has neither … nor page",
    # tests/pagination/test_broken_items.py
    "nothing shows whether more items follow where the PIM once answered 500 for one",
    # tests/client/test_faults.py
    "the list changed each of … times",
    # tests/cli/test_cli.py
    "skipped, this PIM does not offer it",
    "the catalog is from another version of this PIM",
    # tests/streams/test_enterprise.py
    "skipped, it is personal data",
    # tests/streams/test_streams.py
    "the PIM says: …",
    # Behaviour that has not been seen in any real PIM.
    "the PIM answers 500 at random",
    "the PIM answers 500 if it is asked for the count of this list",
    "the list changes while the tap looks for missing items",
    "the PIM sends a page of items without a key",
    "the PIM's search index holds so many items",
    "its items do not come in the order of their keys",
    # tests/cli/test_cli_endings.py
    "the output cannot be written: …",
    "the target has stopped reading",
    "stopped by …",
}
"""Messages covered by other tests."""


@pytest.mark.parametrize("message", ENDINGS)
def test_a_run_ends_with_the_documented_message(
    start_pim: StartPim,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    message: str,
) -> None:
    ending = ENDINGS[message]
    pim = start_pim(ending.profile, products=60)
    ending.arrange(pim)
    for fault in ending.faults:
        pim.faults.add(**fault)
    for name, value in ending.env.items():
        monkeypatch.setenv(name, value)
    settings = settings_for(pim, **{"max_retries": 0, **ending.settings})
    files = {"--config": json.dumps(settings), **ending.files}
    arguments = []
    for option, content in files.items():
        file = tmp_path / option.strip("-")
        file.write_text(content)
        arguments += [option, content if content == "ENV" else str(file)]
    with pytest.raises(SystemExit) as ended:
        TapAkeneo.cli.main(arguments)
    assert ended.value.code == ending.code
    lines = [record.getMessage() for record in caplog.records if record.levelname != "INFO"]
    assert any(matches(message, line) for line in lines), lines
    assert message in messages()


def test_every_documented_message_is_covered_by_a_test() -> None:
    assert messages() == ENDINGS.keys() | ELSEWHERE


@pytest.mark.parametrize("message", sorted(ELSEWHERE))
def test_the_messages_of_other_tests_exist_in_the_code(message: str) -> None:
    files = Path(tap_akeneo.__file__).parent.rglob("*.py")
    # Join adjacent string literals.
    code = [re.sub(r'"\n\s*f?"', "", file.read_text(encoding="utf-8")) for file in files]
    assert any(matches(message, text) for text in code)
