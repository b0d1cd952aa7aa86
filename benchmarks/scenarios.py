"""What is measured: the scenarios, and who takes part in each."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from benchmarks.access import PAGE_SIZE

TAP = "tap-akeneo"
DEFAULT_TAP = "SDK defaults"
BARE = "bare, one by one"
BARE_FOUR = "bare, four"

OTHERS = {"dlt": "dlt", "pyakeneo": "pyakeneo", "Airbyte CDK": "airbyte_cdk"}
"""Contestants that are optional, and what they import."""

MODULES = {
    TAP: "tap_akeneo",
    DEFAULT_TAP: "benchmarks.default_tap",
    BARE: "benchmarks.bare_one",
    BARE_FOUR: "benchmarks.bare_four",
    "dlt": "benchmarks.with_dlt",
    "pyakeneo": "benchmarks.with_pyakeneo",
    "Airbyte CDK": "benchmarks.with_airbyte",
}
"""The contestants, in the order of the table, and the module that each is."""

TAPS = (TAP, DEFAULT_TAP)
SILENT = (BARE, BARE_FOUR)
"""Those that write nothing."""

ALL = tuple(MODULES)
QUICK_PRODUCTS = 1_000
QUICK_ATTRIBUTES = 40
QUICK_CHANGES = 20


@dataclass(frozen=True)
class Scenario:
    """One setting in which all contestants read the same.

    Attributes:
        name: For the command line.
        title: For people.
        products: How many products there are.
        skewed: Whether 95 % of them were changed within one hour.
        changed: How many of them to read, as changed within the last hour; None for all.
        keys: Whether only their keys are read.
        attributes: How many select attributes to read the options of, instead of products.
        latency: Seconds that each answer takes.
        bytes_per_second: How fast the output is read; 0 for as fast as it comes.
        contestants: Who takes part.
    """

    name: str
    title: str
    products: int = 0
    skewed: bool = False
    changed: int | None = None
    keys: bool = False
    attributes: int = 0
    latency: float = 0
    bytes_per_second: int = 0
    contestants: tuple[str, ...] = field(default=ALL)

    @property
    def stream(self) -> str:
        """The stream to read."""
        if self.attributes:
            return "attribute_options"
        return "product_keys" if self.keys else "products"

    @property
    def catalogue(self) -> dict[str, Any]:
        """Arguments of `make_catalogue`."""
        return {
            "products": self.products,
            "skewed": self.skewed,
            "changed": self.changed or 0,
            "attributes": self.attributes,
        }

    @property
    def pages(self) -> int:
        """The pages that have an item, so the fewest requests of anyone who reads all."""
        if self.attributes:
            return -(-self.attributes // PAGE_SIZE) + self.attributes
        return -(-(self.products if self.changed is None else self.changed) // PAGE_SIZE)

    def quick(self) -> Scenario:
        """The same in small, to see whether it works; its figures say nothing."""
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
        # All others wait for 2,021 answers one by one, whatever else they do.
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
