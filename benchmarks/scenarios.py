"""The scenarios of the benchmarks, and the contestants in each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.access import PAGE_SIZE

TAP = "tap-akeneo"
DEFAULT_TAP = "SDK defaults"
BARE = "bare, one by one"
BARE_FOUR = "bare, four"

OTHERS = {"dlt": "dlt", "pyakeneo": "pyakeneo", "Airbyte CDK": "airbyte_cdk"}
"""Optional contestants, and the module that each imports."""

MODULES = {
    TAP: "tap_akeneo",
    DEFAULT_TAP: "benchmarks.default_tap",
    BARE: "benchmarks.bare_one",
    BARE_FOUR: "benchmarks.bare_four",
    "dlt": "benchmarks.with_dlt",
    "pyakeneo": "benchmarks.with_pyakeneo",
    "Airbyte CDK": "benchmarks.with_airbyte",
}
"""The contestants, in the order of the table, and the module that runs each."""

TAPS = (TAP, DEFAULT_TAP)
SILENT = (BARE, BARE_FOUR)
"""Contestants that write no output."""

ALL = tuple(MODULES)
QUICK_PRODUCTS = 1_000
QUICK_ATTRIBUTES = 40
QUICK_CHANGES = 20


@dataclass(frozen=True)
class Scenario:
    """A catalogue and conditions under which all contestants read the same items.

    Attributes:
        name: Name on the command line.
        title: Title in the report.
        products: Number of products.
        skewed: Whether 95 % of the products changed within one hour.
        changed: Number of products that changed within the last hour, if only those are read;
            ``None`` to read all.
        keys: Whether only the keys of products are read.
        columns: Whether all values are also columns, by the setting ``value_columns``.
        batches: Format and compression of the batch files to which records are written, by the
            setting ``batch_config``; empty for messages.
        attributes: Number of select attributes whose options are read instead of products.
        latency: Seconds that each response takes.
        bytes_per_second: Speed at which the output is read; 0 for no limit.
        contestants: Contestants that take part.
    """

    name: str
    title: str
    products: int = 0
    skewed: bool = False
    changed: int | None = None
    keys: bool = False
    columns: bool = False
    batches: tuple[str, str] | tuple[()] = ()
    attributes: int = 0
    latency: float = 0
    bytes_per_second: int = 0
    contestants: tuple[str, ...] = field(default=ALL)

    @property
    def stream(self) -> str:
        """Name of the stream to read."""
        if self.attributes:
            return "attribute_options"
        return "product_keys" if self.keys else "products"

    @property
    def catalogue(self) -> dict[str, Any]:
        """Arguments for `make_catalogue`."""
        return {
            "products": self.products,
            "skewed": self.skewed,
            "changed": self.changed or 0,
            "attributes": self.attributes,
        }

    @property
    def pages(self) -> int:
        """Number of pages with items, which is the minimum number of requests to read all."""
        if self.attributes:
            return -(-self.attributes // PAGE_SIZE) + self.attributes
        return -(-(self.products if self.changed is None else self.changed) // PAGE_SIZE)

    def quick(self) -> Scenario:
        """Return a smaller scenario that only shows whether everything works."""
        return replace(
            self,
            products=min(self.products, QUICK_PRODUCTS),
            attributes=min(self.attributes, QUICK_ATTRIBUTES),
            changed=self.changed and min(self.changed, QUICK_CHANGES),
            latency=min(self.latency, 0.01),
        )


_SLOW = 10_000_000

SCENARIOS = (
    Scenario("zero-20k", "20,000 products, no latency", products=20_000),
    Scenario(
        "columns",
        "20,000 products, all values also as columns",
        products=20_000,
        columns=True,
        contestants=(TAP,),
    ),
    Scenario(
        "batches",
        "20,000 products, no latency, in batch files",
        products=20_000,
        batches=("jsonl", "gzip"),
        contestants=TAPS,
    ),
    *(
        Scenario(
            f"batches-{name}",
            f"20,000 products, no latency, in batch files: {name}",
            products=20_000,
            batches=encoding,
            # The SDK's defaults cannot write the values of products in these formats.
            contestants=(TAP,),
        )
        for name, encoding in (
            ("zstd", ("jsonl", "zstd")),
            ("plain", ("jsonl", "none")),
            ("parquet", ("parquet", "zstd")),
            ("arrow", ("arrow", "none")),
        )
    ),
    Scenario(
        "zero",
        "100,000 products, no latency",
        products=100_000,
        contestants=(*TAPS, *SILENT),
    ),
    Scenario(
        "spread",
        "20,000 products, 0.3 s a page, spread in time",
        products=20_000,
        latency=0.3,
        contestants=(*TAPS, *SILENT),
    ),
    Scenario(
        "skewed",
        "20,000 products, 0.3 s a page, 95 % imported within one hour",
        products=20_000,
        skewed=True,
        latency=0.3,
        contestants=(TAP, *SILENT),
    ),
    Scenario(
        "options",
        "options of 2,000 select attributes, 0.1 s",
        attributes=2_000,
        latency=0.1,
        # All others send their 2,021 requests one after the other, so the result is known.
        contestants=(TAP, BARE_FOUR),
    ),
    Scenario(
        "hourly",
        "hourly run, 100 of 100,000 products changed, 0.3 s",
        products=100_000,
        changed=100,
        latency=0.3,
    ),
    Scenario(
        "idle",
        "hourly run, nothing of 100,000 products changed, 0.3 s",
        products=100_000,
        changed=0,
        latency=0.3,
        contestants=(TAP,),
    ),
    Scenario(
        "keys",
        "keys of 100,000 products, 0.3 s a page",
        products=100_000,
        keys=True,
        latency=0.3,
        contestants=(TAP,),
    ),
    Scenario(
        "keys-1m",
        "keys of 1,000,000 products, no latency",
        products=1_000_000,
        keys=True,
        contestants=(TAP,),
    ),
    Scenario(
        "slow",
        "20,000 products, the target reads 10 MB/s",
        products=20_000,
        bytes_per_second=_SLOW,
        contestants=TAPS,
    ),
    Scenario(
        "slow-100k",
        "100,000 products, the target reads 10 MB/s",
        products=100_000,
        bytes_per_second=_SLOW,
        contestants=(TAP,),
    ),
)
