"""The script of docs/media.md fetches the files that are missing, and only these."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import pytest

from tests.docs.tables import DOCS, ROOT
from tests.leaks import leaks
from tests.support import settings_for, sync

if TYPE_CHECKING:
    from pathlib import Path

    from pim_simulator import SimulatedPim
    from tests.conftest import StartPim

SCRIPT = ROOT / "examples" / "fetch_media.py"


def links_in(value: Any) -> list[str]:
    """Return the addresses of downloads in a value, at any depth."""
    if isinstance(value, dict):
        download = value.get("_links", {}).get("download")
        found = [download["href"]] if download else []
        return found + [link for inner in value.values() for link in links_in(inner)]
    if isinstance(value, list):
        return [link for inner in value for link in links_in(inner)]
    return []


def addresses_in(pim: SimulatedPim) -> list[str]:
    """Return the addresses that the tap extracts, each once."""
    run = sync(pim, "product_media_files", "assets", "reference_entity_records")
    products = [row["download_url"] for row in run.records("product_media_files")]
    others = [
        link
        for stream in ("assets", "reference_entity_records")
        for row in run.records(stream)
        for link in links_in(row["values"])
    ]
    assert products
    assert others
    return sorted({*products, *others})


def fetch(pim: SimulatedPim, folder: str, addresses: list[str]) -> subprocess.CompletedProcess[str]:
    variables = {f"TAP_AKENEO_{k.upper()}": str(v) for k, v in settings_for(pim).items()}
    ended = subprocess.run(  # noqa: S603 (our own script)
        [sys.executable, str(SCRIPT), folder],
        input="\n".join(addresses),
        env={**os.environ, **variables, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert not leaks(ended.stdout + ended.stderr)
    return ended


def downloads(pim: SimulatedPim) -> list[str]:
    return [one.path for one in pim.requests if "media-files/" in one.path]


def files_in(folder: Path) -> dict[str, str]:
    return {
        file.relative_to(folder).as_posix(): file.read_text(encoding="utf-8")
        for file in folder.rglob("*")
        if file.is_file()
    }


@pytest.mark.parametrize("scheme", ["", "file://"])
def test_each_file_is_fetched_once(start_pim: StartPim, tmp_path: Path, scheme: str) -> None:
    pim = start_pim("saas")
    addresses = addresses_in(pim)
    pim.requests.clear()
    assert fetch(pim, f"{scheme}{tmp_path}/media", addresses).returncode == 0
    assert sorted(downloads(pim)) == [urlsplit(one).path for one in addresses]
    files = files_in(tmp_path / "media")
    assert len(files) == len(addresses)
    assert all(content.endswith(name.partition("/")[2]) for name, content in files.items())

    tmp_path.joinpath("media", min(files)).unlink()
    pim.requests.clear()
    assert fetch(pim, f"{scheme}{tmp_path}/media", addresses).returncode == 0
    assert len(downloads(pim)) == 1
    assert files_in(tmp_path / "media") == files


def test_every_product_value_with_a_file_finds_it_by_its_code(
    start_pim: StartPim, tmp_path: Path
) -> None:
    pim = start_pim()
    run = sync(pim, "product_media_files")
    addresses = [row["download_url"] for row in run.records("product_media_files")]
    assert fetch(pim, str(tmp_path), addresses).returncode == 0
    codes = {
        value["data"]
        for product in pim.truth("products")
        for code in ("picture", "manual")
        for value in product["values"].get(code, ())
    }
    assert codes
    assert all(tmp_path.joinpath("media-files", code).is_file() for code in codes)


def test_tokens_that_expire_are_renewed(start_pim: StartPim, tmp_path: Path) -> None:
    pim = start_pim("saas")
    addresses = addresses_in(pim)
    pim.requests.clear()
    pim.faults.add("event", "media-files/", nth=5, times=1, do=pim.tokens.expire_access)
    assert fetch(pim, str(tmp_path), addresses).returncode == 0
    assert 401 in {one.status for one in pim.requests}
    assert len(files_in(tmp_path)) == len(addresses)


def test_a_file_that_the_pim_cannot_send_is_named_and_all_others_are_fetched(
    start_pim: StartPim, tmp_path: Path
) -> None:
    pim = start_pim("saas")
    addresses = addresses_in(pim)
    lost = f"{pim.url}/api/rest/v1/media-files/0/0/0/0/lost.jpg/download"
    ended = fetch(pim, str(tmp_path), [lost, *addresses])
    assert ended.returncode == 1
    assert "lost.jpg" in ended.stderr
    assert "Traceback" not in ended.stderr
    assert len(files_in(tmp_path)) == len(addresses)


@pytest.mark.parametrize("line", ["nonsense", "{url}/api/rest/v1/media-files/../../x/download"])
def test_a_line_that_is_not_the_address_of_a_file_is_refused(
    start_pim: StartPim, tmp_path: Path, line: str
) -> None:
    pim = start_pim()
    ended = fetch(pim, str(tmp_path / "media"), [line.format(url=pim.url)])
    assert (ended.returncode, files_in(tmp_path)) == (1, {})
    assert ended.stderr.strip().endswith("this is not the address of a file")


def test_the_token_is_sent_to_the_configured_pim_only(start_pim: StartPim, tmp_path: Path) -> None:
    pim, other = start_pim(), start_pim()
    run = sync(pim, "product_media_files")
    address = run.records("product_media_files")[0]["download_url"]
    elsewhere = address.replace(str(pim.url), str(other.url))
    pim.requests.clear()
    assert fetch(pim, str(tmp_path), [elsewhere]).returncode == 0
    assert len(downloads(pim)) == 1
    assert not downloads(other)


def test_the_page_names_the_script() -> None:
    page = DOCS.joinpath("media.md").read_text(encoding="utf-8")
    assert f"../examples/{SCRIPT.name}" in page
    assert f"python {SCRIPT.name} media" in page
