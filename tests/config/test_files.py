"""Files and variables as systems write them."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from tap_akeneo.tap import TapAkeneo
from tests.support import command, settings_for

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import StartPim

ENCODINGS = {
    "with a mark": "utf-8-sig",
    "PowerShell's": "utf-16",
    "UTF-16 without a mark": "utf-16-le",
    "UTF-16, big end first": "utf-16-be",
    "UTF-32": "utf-32",
}
STATE = {
    "bookmarks": {
        "products": {
            "replication_key": "updated",
            "replication_key_value": "2099-01-01T00:00:00Z",
        }
    }
}


@pytest.mark.parametrize("encoding", ENCODINGS.values(), ids=ENCODINGS.keys())
@pytest.mark.parametrize("end", ["\n", "\r\n"], ids=["LF", "CRLF"])
def test_config_catalog_and_state_are_read_in_any_encoding(
    start_pim: StartPim, tmp_path: Path, encoding: str, end: str
) -> None:
    pim = start_pim(products=5)
    config = settings_for(pim, user_agent="tap")
    catalog = TapAkeneo(config=config).catalog_dict
    arguments: list[str | Path] = []
    for option, content in (("config", config), ("catalog", catalog), ("state", STATE)):
        file = tmp_path / option
        text = json.dumps(content, indent=1, ensure_ascii=False).replace("\n", end)
        file.write_bytes(text.encode(encoding))
        arguments += [f"--{option}", file]
    ended = command(*arguments)
    assert (ended.code, ended.errors) == (0, [])
    assert "is ahead of the PIM's clock" in ended.log
    records = [one for one in ended.messages if one["type"] == "RECORD"]
    assert sum(one["stream"] == "products" for one in records) == len(pim.truth("products"))


@pytest.mark.parametrize("option", ["config", "catalog", "state"])
def test_a_file_in_an_unknown_encoding_is_reported(
    start_pim: StartPim, tmp_path: Path, option: str
) -> None:
    config, file = tmp_path / "config", tmp_path / "file"
    config.write_text(json.dumps(settings_for(start_pim(products=5))))
    file.write_bytes('{"a": "ä"}'.encode("latin-1"))
    ended = command("--config", file if option == "config" else config, f"--{option}", file)
    (line,) = ended.errors
    assert f"the {option} file" in line
    assert ended.code == 1
    assert "unexpected" not in ended.log


@pytest.mark.parametrize("empty", ["", "  "])
def test_an_empty_variable_counts_as_unset_whatever_its_setting_needs(
    start_pim: StartPim, monkeypatch: pytest.MonkeyPatch, empty: str
) -> None:
    config = settings_for(start_pim(products=5), channel="ecommerce")
    for name in TapAkeneo.config_jsonschema["properties"]:
        monkeypatch.setenv(f"TAP_AKENEO_{name.upper()}", empty)
    with_variables: Any = TapAkeneo(config=dict(config), parse_env_config=True)
    assert with_variables.settings == TapAkeneo(config=dict(config)).settings
    monkeypatch.setenv("TAP_AKENEO_WITH_COMPLETENESSES", "false")
    monkeypatch.setenv("TAP_AKENEO_PAGE_SIZE", "50")
    changed: Any = TapAkeneo(config=dict(config), parse_env_config=True)
    assert "with_completenesses" not in changed.settings.switches
    assert changed.settings.page_size == 50
    assert changed.settings.channel == "ecommerce"
