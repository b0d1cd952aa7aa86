"""What happens in a scenario, as data: drawn from a seed, and made smaller when it fails."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from functools import cache
from random import Random
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from collections.abc import Sequence

ZONES = ("UTC", "Pacific/Kiritimati", "America/New_York", "Europe/Paris")
PROFILES = ("ce-5", "ce-6", "ce-7", "saas")
ENDINGS = ("whole", "broken pipe", "stopped", "outage")
FAULTS = (
    *("408", "429", "500", "502", "503", "504"),
    *("reset", "reset_in_body", "truncated_json", "html", "expired token", "revoked token"),
)
WRITES = (
    *("change product",) * 6,
    *("change model",) * 4,
    *("create product", "create variant") * 2,
    *("import", "import", "delete product", "delete product", "move variant"),
    *("create model", "delete model"),
    *("create category", "change category", "delete category"),
    *("change family", "create option", "change option", "delete option"),
)
DAMAGE = (
    *("break product", "break products", "break model", "repair", "repair"),
    *("lose product", "lose model", "lose page"),
)
"""What breaks items, repairs them, and deletes them from the database but not from the index."""

SELECTIONS = ("all", "all", "all", "keys", "rows")
"""What a run reads: all streams, those of keys, or the others."""

KEYS_OF = {"product_keys": "products", "product_model_keys": "product_models"}
"""Streams of keys, and the streams whose rows they say to exist."""

FULL_PAGE = 10
"""Items on a page that the PIM does not make larger; 100 in a real one."""

YEARS = (2026, 2027)
HOUR = 3600.0


@dataclass(frozen=True)
class Write:
    """Something that is written into the PIM.

    Attributes:
        kind: One of `WRITES`.
        pick: Which of the things that there are then.
        wait: Seconds that pass before.
        at: During a run: before which request or message, counted from 1.
    """

    kind: str
    pick: int
    wait: float = 0.0
    at: int = 0


@dataclass(frozen=True)
class Step:
    """A run of the tap, and what comes before it and during it.

    Attributes:
        before: Writes, in their order.
        wait: Seconds between the last of them and the run.
        at_requests: Writes before certain requests are answered.
        at_messages: Writes before certain messages get out.
        ending: One of `ENDINGS`.
        after: Messages, looks at the stopper or requests before the ending.
        keeps: Whether the target keeps what came after the last STATE.
        selects: One of `SELECTIONS`.
        filtered: Whether the run reads only enabled products.
        refused: Whether the PIM refuses the options of one attribute during the run.
        silent: Which request of workflows gets no answer, where tasks are read; 0 for none.
    """

    before: tuple[Write, ...]
    wait: float
    at_requests: tuple[Write, ...]
    at_messages: tuple[Write, ...]
    ending: str
    after: int
    keeps: bool
    selects: str = "all"
    filtered: bool = False
    refused: bool = False
    silent: int = 0


@dataclass(frozen=True)
class Scenario:
    """A PIM, settings and some runs; another one without faults or writes follows them.

    Attributes:
        seed: What it was drawn from.
        number: Likewise.
        profile: Version of the PIM.
        zone: Zone of its server.
        zone_known: Whether the tap is told the zone.
        began: The PIM's clock when the scenario begins.
        products: How many there are at first.
        lag: Seconds until a write shows in the index.
        lookback: The setting.
        page_size: The setting.
        concurrency: The setting.
        state_every: Records between two STATE lines.
        tick: Seconds of the PIM's clock that a request takes, at most.
        faults: Kinds of faults.
        fault_rate: Share of the requests that meet one.
        ghosts: Products that are in the index but not in SQL, here and there.
        ghost_page: As many next to each other.
        structure: Whether families, options and categories are read as well.
        keys: Whether the keys of products and models are read as well.
        tasks: Whether tasks of workflows are read as well, some requests without an answer.
        full_tables: Streams that are read whole although they could be read by changes.
        versions: Whether the target deletes what a whole reading did not bring.
        skips_forbidden: Whether a refused list does not fail the run.
        steps: The runs.
    """

    seed: int
    number: int
    profile: str
    zone: str
    zone_known: bool
    began: datetime
    products: int
    lag: int
    lookback: int
    page_size: int
    concurrency: int
    state_every: int
    tick: float
    faults: tuple[str, ...]
    fault_rate: float
    ghosts: int
    ghost_page: int
    structure: bool
    keys: bool
    tasks: bool
    full_tables: tuple[str, ...]
    versions: bool
    skips_forbidden: bool
    steps: tuple[Step, ...]

    @property
    def streams(self) -> tuple[str, ...]:
        """The streams that are read."""
        return self.selected("all")

    def selected(self, selection: str) -> tuple[str, ...]:
        """The streams that a run reads.

        Args:
            selection: One of `SELECTIONS`.
        """
        rows = ["products", "product_models"]
        if self.structure:
            rows += ["categories", "families", "attribute_options"]
        if self.tasks:
            rows.append("workflow_tasks")
        keys = list(KEYS_OF) if self.keys else []
        if selection == "keys" and keys:
            return tuple(keys)
        return tuple(rows if selection == "rows" else rows + keys)

    @property
    def may_lack_ghosts(self) -> bool:
        """Whether only the count shows the PIM's ghosts, so that a run with some fails."""
        return self.profile == "ce-5"


def draw(seed: int, number: int) -> Scenario:
    """Draw a scenario; the same for the same numbers."""
    dice = Random(f"soak/{seed}/{number}")  # noqa: S311 (no secret)
    profile = dice.choice(PROFILES)
    # Akeneo's own installation is in UTC, which the tap relies on where it is not told otherwise.
    zone = "UTC" if profile == "saas" else dice.choice(ZONES)
    lag = dice.choice((0, 0, 1, 5, dice.randint(1, 120), 120))
    page_size = dice.randint(2, FULL_PAGE)
    faults = _faults(dice)
    kinds = WRITES if dice.random() < 0.65 else (*WRITES, *DAMAGE)
    structure, keys = dice.random() < 0.25, dice.random() < 0.4
    steps = tuple(_step(dice, kinds, structure=structure) for _ in range(dice.randint(2, 4)))
    return Scenario(
        seed=seed,
        number=number,
        profile=profile,
        zone=zone,
        zone_known=dice.random() < 0.5,
        began=_moment(dice, zone),
        products=dice.randint(20, 45),
        lag=lag,
        lookback=lag + dice.choice((0, 0, 0, 1, 300)),
        page_size=page_size,
        concurrency=dice.randint(1, 4),
        state_every=dice.randint(1, 9),
        tick=dice.choice((0.0, 0.0, 0.0, 0.4, 1.5, 20.0)),
        faults=faults,
        fault_rate=dice.uniform(0.05, 0.10) if faults else 0.0,
        ghosts=dice.randint(1, page_size - 1) if dice.random() < 0.25 else 0,
        ghost_page=dice.randint(FULL_PAGE, FULL_PAGE + 4) if dice.random() < 0.1 else 0,
        structure=structure,
        keys=keys,
        tasks=profile == "saas" and dice.random() < 0.15,
        full_tables=dice.choice(((), (), ("products",), ("products", "product_models"))),
        versions=dice.random() < 0.6,
        skips_forbidden=dice.random() < 0.5,
        steps=steps,
    )


def _faults(dice: Random) -> tuple[str, ...]:
    kind = dice.random()
    if kind < 0.4:
        return ()
    return FAULTS if kind < 0.7 else (dice.choice(FAULTS),)


def _step(dice: Random, kinds: Sequence[str], *, structure: bool) -> Step:
    few, many = dice.randint(1, 10), dice.randint(1, 90)
    before = dice.choice((0, 1, 2, 3, 6, 12))
    return Step(
        before=tuple(_write(dice, kinds) for _ in range(before)),
        wait=_wait(dice),
        at_requests=_writes_during(dice, kinds, 30),
        at_messages=_writes_during(dice, kinds, 60),
        ending=dice.choice(("whole", "whole", *ENDINGS[1:])),
        after=dice.choice((few, many)),
        keeps=dice.random() < 0.5,
        selects=dice.choice(SELECTIONS),
        filtered=dice.random() < 0.1,
        refused=structure and dice.random() < 0.3,
        silent=dice.choice((0, dice.randint(1, 8))),
    )


def _writes_during(dice: Random, kinds: Sequence[str], last: int) -> tuple[Write, ...]:
    if dice.random() < 0.4:
        return ()
    return tuple(
        _write(dice, kinds, at=dice.choice((dice.randint(1, 8), dice.randint(1, last))))
        for _ in range(dice.randint(1, 8))
    )


def _write(dice: Random, kinds: Sequence[str], at: int = 0) -> Write:
    wait = dice.choice((0.0, 0.0, 0.0, 1.0, _wait(dice)))
    return Write(dice.choice(kinds), dice.getrandbits(32), wait, at)


def _wait(dice: Random) -> float:
    """Seconds: none, some, or up to hours and days."""
    longest = dice.choice((0.0, 0.0, 2.0, 10.0, 130.0, 700.0, HOUR, 3 * HOUR, 50 * HOUR))
    return round(dice.uniform(0, longest), 2)


def _moment(dice: Random, zone: str) -> datetime:
    """When a scenario begins: shortly before the clocks change, minutes from our own time."""
    changes = changes_of_clocks(zone)
    if changes and dice.random() < 0.7:
        return dice.choice(changes) - timedelta(seconds=dice.randint(0, int(4 * HOUR)))
    if dice.random() < 0.3:
        ours = datetime.now(timezone.utc).replace(microsecond=0)
        return ours + timedelta(seconds=dice.randint(-1800, 1800))
    days = dice.randint(0, 700)
    return datetime(YEARS[0], 1, 1, tzinfo=timezone.utc) + timedelta(
        days=days, seconds=dice.randint(0, 86_400)
    )


@cache
def changes_of_clocks(zone: str) -> tuple[datetime, ...]:
    """When the clocks of a zone are changed."""
    place = ZoneInfo(zone)
    moment = datetime(YEARS[0], 1, 1, tzinfo=timezone.utc)
    found = []
    while moment.year <= YEARS[-1]:
        following = moment + timedelta(hours=1)
        if moment.astimezone(place).utcoffset() != following.astimezone(place).utcoffset():
            found.append(following)
        moment = following
    return tuple(found)
