"""The benchmarks run, and their server responds like the simulated PIM."""

from __future__ import annotations

import json
import re
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pytest
import requests

from benchmarks import runs
from benchmarks.__main__ import main
from benchmarks.access import CREDENTIALS
from benchmarks.catalogue import (
    IDENTIFIER,
    PRODUCT_BYTES,
    Catalogue,
    Encoded,
    ProductList,
    make_catalogue,
)
from benchmarks.scenarios import BARE, BARE_FOUR, DEFAULT_TAP, TAP
from benchmarks.server import BenchmarkPim, serve_benchmark
from pim_simulator import SimulatedPim, serve

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

READERS = [TAP, DEFAULT_TAP, BARE, BARE_FOUR]
BATCHES = ("batches", "batches-parquet")
EXTRAS = {"with_quality_scores": "true", "with_completenesses": "true"}
WALK = {"pagination_type": "search_after", "limit": "7"}
COUNT = {"pagination_type": "page", "limit": "1", "with_count": "true"}


def login(url: str, credentials: Mapping[str, str]) -> requests.Session:
    session = requests.Session()
    token = session.post(
        f"{url}/api/oauth/v1/token",
        auth=(credentials["client_id"], credentials["client_secret"]),
        json={
            "grant_type": "password",
            "username": credentials["username"],
            "password": credentials["password"],
        },
    ).json()["access_token"]
    session.headers["Authorization"] = f"Bearer {token}"
    return session


class Two:
    """The simulated PIM and the benchmark server with the same catalogue."""

    def __init__(self, simulated: SimulatedPim, lean: BenchmarkPim, sessions: Any) -> None:
        self.simulated = simulated
        self.lean = lean
        self.sessions = sessions

    def ask(self, path: str, params: Mapping[str, str]) -> Any:
        """Return the response of both, after checking that they differ only in the base URL."""
        answers = []
        for url, session in zip((self.simulated.url, self.lean.base), self.sessions, strict=True):
            answer = session.get(f"{url}/api/rest/v1/{path}", params=params)
            body = json.dumps(answer.json()).replace(str(url), "http://pim")
            answers.append((answer.status_code, json.loads(body)))
        assert answers[0] == answers[1]
        return answers[0][1]


@pytest.fixture(scope="module")
def two() -> Iterator[Two]:
    simulated = SimulatedPim(products=60)
    with serve(simulated) as url, login(url, simulated.credentials) as session:

        def make(base: str) -> BenchmarkPim:
            return BenchmarkPim(base, copied(simulated, session, base))

        with serve_benchmark(make) as lean, login(lean.base, CREDENTIALS) as other:
            yield Two(simulated, lean, (session, other))


def copied(simulated: SimulatedPim, session: requests.Session, base: str) -> Catalogue:
    def items(path: str, **params: str) -> list[dict[str, Any]]:
        answer = session.get(f"{simulated.url}/api/rest/v1/{path}", params=params)
        text = json.dumps(answer.json()["_embedded"]["items"])
        found: list[dict[str, Any]] = json.loads(text.replace(str(simulated.url), base))
        return found

    dates = {
        model["code"]: (model["updated"], model["parent"])
        for model in simulated.truth("product_models")
    }

    def indexed(product: dict[str, Any]) -> int:
        updated, parent = [product["updated"]], product["parent"]
        while parent:
            date, parent = dates[parent]
            updated.append(date)
        return int(max(datetime.fromisoformat(date).timestamp() for date in updated))

    products = items("products-uuid", limit="100", **EXTRAS)
    attributes = items("attributes", limit="100")
    return Catalogue(
        ProductList(Encoded.of(one["uuid"], indexed(one), one) for one in products),
        [Encoded.of(one["code"], 0, one) for one in attributes],
        options={
            one["code"]: [
                Encoded.of(option["code"], 0, option)
                for option in items(f"attributes/{one['code']}/options", limit="100")
            ]
            for one in attributes
            if one["type"] in ("pim_catalog_simpleselect", "pim_catalog_multiselect")
        },
    )


def search(*conditions: tuple[str, Any]) -> dict[str, str]:
    updated = [{"operator": operator, "value": value} for operator, value in conditions]
    return {"search": json.dumps({"updated": updated})}


def wall_times(two: Two) -> tuple[str, str]:
    dates = sorted(one["updated"] for one in two.simulated.truth("products"))
    early, late = (dates[place][:19].replace("T", " ") for place in (10, 40))
    return early, late


def test_the_server_paginates_like_the_simulated_pim(two: Two) -> None:
    early, late = wall_times(two)
    searches = [
        {},
        search((">", early)),
        search(("<", late)),
        search((">", early), ("BETWEEN", ["2013-01-01 00:00:00", late])),
    ]
    for filters in searches:
        params: dict[str, str] | None = {**WALK, **EXTRAS, **filters}
        seen: list[str] = []
        while params is not None:
            page = two.ask("products-uuid", params)
            seen += [item["uuid"] for item in page["_embedded"]["items"]]
            more = "next" in page["_links"]
            params = {**params, "search_after": seen[-1]} if more else None
        counted = two.ask("products-uuid", {**COUNT, **filters})["items_count"]
        assert len(set(seen)) == len(seen) == counted > 0


def test_the_server_adds_extra_fields_when_requested(two: Two) -> None:
    for extras in ({}, {"with_quality_scores": "true"}, EXTRAS):
        two.ask("products-uuid", {**WALK, **extras})


def test_the_server_omits_other_values_when_one_attribute_is_requested(two: Two) -> None:
    two.ask("products-uuid", {**WALK, "attributes": IDENTIFIER})


def test_the_server_lists_options_like_the_simulated_pim(two: Two) -> None:
    for page in ("1", "2"):
        two.ask("attributes", {"limit": "10", "page": page, "with_count": "true"})
    for attribute in two.lean.catalogue.options:
        two.ask(f"attributes/{attribute}/options", {"limit": "3"})


def test_the_server_rejects_requests_like_the_simulated_pim(two: Two) -> None:
    two.ask("products-uuid", {"limit": "101"})
    two.ask("products-uuid", {"pagination_type": "offset"})
    for session in two.sessions:
        session.headers["Authorization"] += "x"
    try:
        two.ask("products-uuid", WALK)
    finally:
        for session in two.sessions:
            session.headers["Authorization"] = session.headers["Authorization"][:-1]


def test_the_products_have_the_documented_size() -> None:
    products = make_catalogue("http://127.0.0.1:40000", products=200).products.products
    sizes = [sum(map(len, (*one.body, *one.extras.values()))) for one in products]
    assert sum(sizes) / len(sizes) == pytest.approx(PRODUCT_BYTES, rel=0.03)


def test_a_quick_run_reads_the_same_items_with_each_reader(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "figures.json"
    scenarios = ("spread", "columns", *BATCHES, "options", "hourly", "idle", "keys")
    arguments = ["--quick", "--json", str(path)]
    arguments += [word for name in scenarios for word in ("--scenario", name)]
    arguments += [word for name in READERS for word in ("--reader", name)]
    assert main(arguments) == 0
    found = json.loads(path.read_text())["scenarios"]
    delivered = {
        name: {result["contestant"]: result["items"] for result in found[name]["results"]}
        for name in scenarios
    }
    options = delivered["options"][TAP]
    assert options > 0
    assert delivered == {
        "spread": dict.fromkeys(READERS, 1_000),
        "columns": {TAP: 1_000},
        **{name: {TAP: 1_000} for name in BATCHES},
        "batches": {TAP: 1_000, DEFAULT_TAP: 1_000},
        "options": dict.fromkeys((TAP, BARE_FOUR), options),
        "hourly": dict.fromkeys(READERS, 20),
        "idle": {TAP: 0},
        "keys": {TAP: 1_000},
    }
    printed = capsys.readouterr().out
    assert all(f"| {reader} |" in printed for reader in READERS)
    assert re.search(r"\| `parquet`, `zstd` \| 1/[\d.]+ \| [\d.]+ x \| [\d.]+ x \|", printed)


def test_the_benchmark_of_whole_runs_shows_what_broken_products_cost(
    capfd: pytest.CaptureFixture[str],
) -> None:
    runs.main(["--quick", "--part", "broken"])
    lines = capfd.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        *["one broken of 300"] * 2,
        *["five broken of 300, three streams"] * 2,
    ]
    assert all(float(line.split()[-1]) > 0 for line in lines)
