"""Tables of the measurements, and checks that the tap keeps its performance promises."""

from __future__ import annotations

import os
import platform
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import TYPE_CHECKING, Any

from benchmarks.catalogue import PRODUCT_BYTES
from benchmarks.scenarios import ALL, BARE, DEFAULT_TAP, TAP

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from benchmarks.runner import Measured
    from benchmarks.scenarios import Scenario

MAX_CONCURRENCY = 4
MAX_MEMORY = 150
MAX_MEMORY_WITH_PYARROW = 220
"""Batch files of columns need the package pyarrow, which takes 30 MB, and whole columns at once."""

MAX_TO_START = 0.3
MAX_BESIDE_ANSWERS = 1
MANY_PAGES = 100
"""Number of pages above which the requests before the first page no longer matter."""

_HEAD = (
    "| Reader | Wall | to the tap | Processor | to the tap | Peak memory | Received "
    "| Requests | At once | Server's processor |"
)

Results = dict[str, list["Measured"]]
"""Measurements by name of the scenario."""


@dataclass(frozen=True)
class Promise:
    """A limit that a measurement must not exceed.

    Attributes:
        scenario: Name of the scenario.
        what: Description of the measurement.
        value: The measured value.
        limit: The greatest value allowed.
    """

    scenario: str
    what: str
    value: float
    limit: float

    @property
    def kept(self) -> bool:
        """Whether the value is within the limit."""
        return self.value <= self.limit


def table(scenario: Scenario, results: Sequence[Measured]) -> str:
    """Return a scenario's Markdown table, with times also as ratios to those of the tap."""
    tap = next((one for one in results if one.contestant == TAP), None)
    rows = [
        f"**{scenario.title}** ({scenario.pages:,} pages)",
        "",
        _HEAD,
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for one in results:
        cells = [
            one.contestant,
            f"{one.wall:.1f} s",
            _ratio(one.wall, tap.wall if tap else None),
            f"{one.cpu:.1f} s",
            _ratio(one.cpu, tap.cpu if tap else None),
            f"{one.peak_mb:.0f} MB",
            f"{one.received_mb:,.0f} MB",
            f"{one.all_requests:,}",
            str(one.highest_concurrency),
            f"{one.server_cpu:.1f} s ({one.server_cpu / one.wall:.0%})",
        ]
        rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def overview(scenarios: Mapping[str, Scenario], results: Results) -> str:
    """Return a Markdown table of all scenarios: the tap, and how much longer the others took."""
    others = [name for name in ALL if name != TAP]
    rows = [
        f"| Scenario | {TAP} | Memory | {' | '.join(others)} |",
        f"|---|--:|--:|{'--:|' * len(others)}",
    ]
    for name, measured in results.items():
        by_name = {one.contestant: one for one in measured}
        if tap := by_name.get(TAP):
            ratios = [
                f"{by_name[other].wall / tap.wall:.2f} x" if other in by_name else ""
                for other in others
            ]
            cells = [scenarios[name].title, f"{tap.wall:.1f} s", f"{tap.peak_mb:.0f} MB", *ratios]
            rows.append(f"| {' | '.join(cells)} |")
    return "\n".join(rows)


def batch_table(scenarios: Mapping[str, Scenario], results: Results) -> str | None:
    """Return a Markdown table of batch files beside those of the SDK, or None without the latter.

    Seconds and megabytes depend on the machine, so the others are given as ratios.
    """
    measured = [
        (scenarios[name], one)
        for name, some in results.items()
        for one in some
        if scenarios[name].batches
    ]
    (base,) = [one for _, one in measured if one.contestant == DEFAULT_TAP] or (None,)
    if base is None:
        return None
    of_sdk = (f"{base.cpu:.1f} s", f"{base.peak_mb:.0f} MB", f"{base.output_mb:.0f} MB")
    rows = [
        "| Files | Processor | Peak memory | Size |",
        "|---|--:|--:|--:|",
        f"| `jsonl`, `gzip`, with the SDK's defaults | {' | '.join(of_sdk)} |",
    ]
    rows += [
        f"| `{'`, `'.join(scenario.batches)}` | 1/{base.cpu / one.cpu:.1f} "
        f"| {one.peak_mb / base.peak_mb:.2f} x | {one.output_mb / base.output_mb:.2f} x |"
        for scenario, one in measured
        if one.contestant == TAP
    ]
    return "\n".join(rows)


def promises(
    scenarios: Mapping[str, Scenario], results: Results, sdk_import: float
) -> list[Promise]:
    """Return the tap's promises for the scenarios that were run.

    Args:
        scenarios: The scenarios by name.
        results: Their measurements.
        sdk_import: Seconds that it takes to import the SDK.
    """
    by_name = {
        name: {one.contestant: one for one in measured} for name, measured in results.items()
    }
    return [
        promise
        for name, measured in by_name.items()
        if TAP in measured
        for promise in (
            *_time_promises(scenarios[name], measured),
            *_start_promises(scenarios[name], measured[TAP], sdk_import),
            *_load_promises(scenarios[name], measured[TAP]),
            *_memory_promises(scenarios[name], measured[TAP], by_name),
        )
    ]


def _time_promises(scenario: Scenario, measured: Mapping[str, Measured]) -> Iterator[Promise]:
    tap = measured[TAP]
    if scenario.name == "zero":
        if BARE in measured:
            limit = 1.5 * measured[BARE].wall
            yield Promise(scenario.name, f"wall, 1.5 x {BARE}", tap.wall, limit)
        if DEFAULT_TAP in measured:
            limit = measured[DEFAULT_TAP].wall / 4
            yield Promise(scenario.name, f"wall, 1/4 of {DEFAULT_TAP}", tap.wall, limit)
    if scenario.name == "batches" and DEFAULT_TAP in measured:
        other = measured[DEFAULT_TAP]
        yield Promise(scenario.name, f"processor, 1/7 of {DEFAULT_TAP}", tap.cpu, other.cpu / 7)
        memory = 0.4 * other.peak_mb
        yield Promise(scenario.name, f"peak memory, 0.4 x {DEFAULT_TAP}", tap.peak_mb, memory)
    factors = {"spread": 1.15, "skewed": 1.4, "options": 1.15}
    if factor := factors.get(scenario.name):
        ideal = scenario.pages * scenario.latency / MAX_CONCURRENCY
        what = f"wall, {factor} x pages x {scenario.latency} s / 4"
        yield Promise(scenario.name, what, tap.wall, factor * ideal)


def _start_promises(scenario: Scenario, tap: Measured, sdk_import: float) -> Iterator[Promise]:
    if scenario.name == "zero-20k":
        what = "first output after the SDK's import, s"
        yield Promise(scenario.name, what, tap.first - sdk_import, MAX_TO_START)
    if scenario.name == "idle":
        yield Promise(scenario.name, "pages of products", tap.requests.get("page", 0), 1)
        rest = tap.wall - tap.all_requests * scenario.latency - sdk_import
        what = "wall without answers and the SDK's import, s"
        yield Promise(scenario.name, what, rest, MAX_BESIDE_ANSWERS)


def _load_promises(scenario: Scenario, tap: Measured) -> Iterator[Promise]:
    yield Promise(scenario.name, "requests at once", tap.highest_concurrency, MAX_CONCURRENCY)
    yield Promise(scenario.name, "pages fetched twice", tap.repeated_pages, 0)
    if scenario.keys:
        each = tap.received_mb * 1e6 / scenario.products
        yield Promise(scenario.name, "bytes a key, 1/10 of a product's", each, PRODUCT_BYTES / 10)
    if scenario.pages >= MANY_PAGES:
        # The columns of values need the attributes and the channels.
        limit = 1.03 * scenario.pages + (2 if scenario.columns else 0)
        yield Promise(scenario.name, "requests, 1.03 x pages", tap.all_requests, limit)


def _memory_promises(
    scenario: Scenario, tap: Measured, by_name: Mapping[str, Mapping[str, Measured]]
) -> Iterator[Promise]:
    has_columns = scenario.batches and scenario.batches[0] != "jsonl"
    most = MAX_MEMORY_WITH_PYARROW if has_columns else MAX_MEMORY
    yield Promise(scenario.name, "peak memory, MB", tap.peak_mb, most)
    smaller = {"zero": "zero-20k", "slow-100k": "slow"}.get(scenario.name, "")
    if TAP in by_name.get(smaller, {}):
        limit = 1.1 * by_name[smaller][TAP].peak_mb
        yield Promise(scenario.name, f"peak memory, 1.1 x {smaller}", tap.peak_mb, limit)


def promise_table(all_promises: Sequence[Promise]) -> str:
    """Return a Markdown table of the promises."""
    rows = ["| Scenario | The tap's | is | at most | |", "|---|---|--:|--:|---|"]
    for one in all_promises:
        kept = "kept" if one.kept else "**not kept**"
        value, limit = _figure(one.value), _figure(one.limit)
        rows.append(f"| {one.scenario} | {one.what} | {value} | {limit} | {kept} |")
    return "\n".join(rows)


def as_json(
    scenarios: Mapping[str, Scenario],
    results: Results,
    all_promises: Sequence[Promise],
    sdk_import: float,
) -> dict[str, Any]:
    """Return all figures as an object that can be written as JSON."""
    return {
        "machine": machine(),
        "sdk_import": sdk_import,
        "scenarios": {
            name: {
                "title": scenarios[name].title,
                "pages": scenarios[name].pages,
                "results": [asdict(one) for one in measured],
            }
            for name, measured in results.items()
        },
        "promises": [asdict(one) | {"kept": one.kept} for one in all_promises],
    }


def machine() -> dict[str, Any]:
    """Return the hardware and the versions that the figures depend on."""
    return {
        "cores": len(os.sched_getaffinity(0)),
        "system": platform.platform(),
        "python": platform.python_version(),
        **{name: _version(name) for name in ("singer-sdk", "requests", "msgspec")},
    }


def _version(distribution: str) -> str | None:
    try:
        return version(distribution)
    except PackageNotFoundError:
        return None


def _ratio(value: float, to: float | None) -> str:
    return f"{value / to:.2f}" if to else ""


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value == int(value) else f"{value:,.{1 if value > 1 else 2}f}"
