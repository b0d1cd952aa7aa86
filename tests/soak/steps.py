"""What happens in a play, as data, and how Hypothesis draws it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from hypothesis import strategies as st

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

TOPICS = {
    "products": ("products", "product_keys"),
    "models": ("product_models", "product_model_keys"),
    "assets": ("asset_families", "assets", "asset_keys"),
    "records": (
        *("reference_entities", "reference_entity_records"),
        "reference_entity_record_keys",
    ),
    "structure": ("categories", "category_keys", "families", "attribute_options"),
}
"""Streams that are read together."""

COMMUNITY = ("products", "models", "structure")
TOPICS_OF = {"ce-7": COMMUNITY, "ce-6": COMMUNITY, "ce-5": COMMUNITY}

PROFILES = ("ce-7", "ce-6", "ce-5", "ee-7", "saas")
CLOCKS_CHANGE = {
    "UTC": "2026-06-01T12:00:00+00:00",
    "Europe/Paris": "2026-03-29T01:00:00+00:00",
    "America/New_York": "2026-11-01T06:00:00+00:00",
    "Pacific/Kiritimati": "2026-06-01T12:00:00+00:00",
}
"""Time zones of servers, and a moment when their clocks are changed, if they ever are."""

KEYS = ("random", "time-ordered", "sequential", "grouped", "mixed case", "upper case")
"""What the keys of new items look like. Uuids are random, or time-ordered as in version 7."""

PAGE = 10
"""Largest page of the small PIM; 100 in a real one."""

VERBS = ("change", "create", "delete", "move", "rename", "lose", "break", "repair", "empty")
"""``lose`` deletes in the database but not in the index, ``empty`` deletes a family's items.
``rename`` gives a product another identifier, which is its key before 7.0."""

TEMPORARY = (
    *("408", "429", "500", "502", "503", "504", "reset", "reset_in_body", "truncated_json", "html"),
    "expired token",
)
"""Faults that a retry cures, if they do not last."""

REFUSALS = ("403", "403", "404", "422", "message", "{}", "[]", "null key")
"""Faults that a retry does not cure, or that look like a page without being one."""

FOREVER = None
WAITS = (0, 2, 15, 40, 700, 3600, 10_000, 200_000)


@dataclass(frozen=True)
class Setup:
    """The PIM and the settings of a play.

    Attributes:
        profile: Version of the PIM.
        topics: What is read; names in `TOPICS`.
        zone: Time zone of the PIM's server.
        is_zone_known: Whether the setting ``pim_timezone`` is set.
        minutes: Minutes from the start to the change of the server's clock.
        lag: Seconds until the index shows a write.
        lookback: The setting, in addition to the lag.
        refresh: Seconds within which rows are read again without a change; 0 for never.
        tick: Seconds of the PIM's clock per request.
        page_size: The setting, also for lists whose page size the PIM chooses.
        threads: The setting ``max_concurrency``.
        state_every: Items between two STATE messages.
        keys: What the keys of new items look like; one of `KEYS`.
        is_long: Whether lists have more items than the PIM numbers.
        sorts_bytes: Whether the lists of assets and records are sorted by the bytes of their codes.
        versions: Whether the loader deletes rows by ACTIVATE_VERSION.
        full_tables: Whether incremental streams are read as full tables.
        seed: Seed of what the PIM has at first.
    """

    profile: str = "ce-7"
    topics: tuple[str, ...] = ("products",)
    zone: str = "UTC"
    is_zone_known: bool = True
    minutes: int = 600
    lag: int = 0
    lookback: int = 0
    refresh: int = 0
    tick: float = 0.0
    page_size: int = 4
    threads: int = 1
    state_every: int = 1
    keys: str = "random"
    is_long: bool = False
    sorts_bytes: bool = False
    versions: bool = True
    full_tables: bool = False
    seed: int = 1


@dataclass(frozen=True)
class Write:
    """A write to the PIM.

    Attributes:
        verb: One of `VERBS`. Where a stream does not have it, something is changed instead.
        stream: The stream with the item. Where it is not read, one that is.
        nth: Which item. If several are lost or broken: which eighth of the list they begin at.
        count: How many are lost or broken, one after the other.
    """

    verb: str
    stream: str = ""
    nth: int = 0
    count: int = 1


@dataclass(frozen=True)
class Failure:
    """Requests that fail.

    Attributes:
        kind: One of `TEMPORARY` and `REFUSALS`.
        stream: The list. Where it is not read, one that is.
        nth: First request for the list that fails, from 1.
        times: Number of requests that fail; `FOREVER` for all.
    """

    kind: str
    stream: str = ""
    nth: int = 1
    times: int | None = 1


@dataclass(frozen=True)
class Run:
    """A run of the tap, and what happens meanwhile.

    Attributes:
        wait: Seconds before the run.
        selects: Which streams it reads: ``all``, ``keys``, or ``rows``, which are the others.
        writes: Writes, each with the number of the request before which it comes.
        failures: Requests that fail.
        ending: ``killed`` (the loader stops reading), ``stopped`` (by SIGTERM), or nothing.
        after: Number of messages before that.
        keeps: Whether the loader keeps the rows after the last STATE of a run that is killed.
        is_slow: Whether the loader is slower than the PIM.
        skips: Whether ``on_forbidden`` is ``skip``.
        is_filtered: Whether only enabled products are read.
    """

    wait: int = 0
    selects: str = "all"
    writes: tuple[tuple[int, Write], ...] = ()
    failures: tuple[Failure, ...] = ()
    ending: str = ""
    after: int = 0
    keeps: bool = False
    is_slow: bool = False
    skips: bool = False
    is_filtered: bool = False


STREAMS = tuple(stream for topic in TOPICS.values() for stream in topic if "_keys" not in stream)
NTH = st.one_of(st.integers(0, 9), st.integers(0, 400))


@st.composite
def setups(draw: DrawFn) -> Setup:
    """Draw a setup."""
    profile = draw(st.sampled_from(PROFILES))
    offered = TOPICS_OF.get(profile, tuple(TOPICS))
    topics = tuple(draw(st.lists(st.sampled_from(offered), min_size=1, max_size=2, unique=True)))
    zone = "UTC" if profile == "saas" else draw(st.sampled_from(tuple(CLOCKS_CHANGE)))
    # A long list takes more time, so there are fewer, and never two of them.
    is_long = topics[0] in {"products", "models"} and draw(st.integers(0, 5)) == 5
    return Setup(
        profile=profile,
        topics=topics[:1] if is_long else topics,
        zone=zone,
        is_zone_known=draw(st.booleans()),
        minutes=draw(st.integers(-60, 240)),
        lag=draw(st.sampled_from((0, 1, 5, 120))),
        lookback=draw(st.sampled_from((0, 0, 1, 300))),
        refresh=draw(st.sampled_from((0, 0, 3, 30, 600))),
        tick=draw(st.sampled_from((0.0, 0.0, 0.4, 1.5, 20.0))),
        page_size=PAGE if is_long else draw(st.integers(2, PAGE)),
        threads=draw(st.integers(1, 4)),
        state_every=draw(st.integers(1, 9)),
        keys=draw(st.sampled_from(KEYS)),
        is_long=is_long,
        sorts_bytes=draw(st.integers(0, 3)) == 3,
        versions=draw(st.booleans()),
        full_tables=draw(st.integers(0, 2)) == 2,
        seed=draw(st.integers(1, 9)),
    )


def writes() -> SearchStrategy[Write]:
    """Return a strategy for writes."""
    count = st.sampled_from((1, 1, 2, 3, PAGE, PAGE + 3))
    usual = st.sampled_from((*("change", "create", "delete") * 2, "move", "rename", "empty"))
    verb = st.one_of(usual, st.sampled_from(("lose", "break", "break", "repair")))
    return st.builds(Write, verb, st.sampled_from(STREAMS), NTH, count)


def failures() -> SearchStrategy[Failure]:
    """Return a strategy for requests that fail."""
    kinds = st.one_of(st.sampled_from(REFUSALS), st.sampled_from(TEMPORARY))
    nth = st.one_of(st.integers(1, 4), st.integers(1, 12))
    times = st.sampled_from((1, 1, 2, FOREVER))
    return st.builds(Failure, kinds, st.sampled_from(STREAMS), nth, times)


def runs() -> SearchStrategy[Run]:
    """Return a strategy for runs that are disturbed."""
    number = st.one_of(st.integers(1, 12), st.integers(1, 60))
    return st.builds(
        Run,
        wait=st.sampled_from(WAITS),
        selects=st.sampled_from(("all", "all", "all", "keys", "rows")),
        writes=st.lists(st.tuples(number, writes()), max_size=4).map(tuple),
        failures=st.one_of(st.just(()), st.lists(failures(), max_size=2).map(tuple)),
        ending=st.sampled_from(("", "killed", "stopped")),
        after=st.one_of(st.integers(1, 15), st.integers(1, 90)),
        keeps=st.booleans(),
        is_slow=st.booleans(),
        skips=st.booleans(),
        is_filtered=st.integers(0, 9).map(lambda number: number == 9),
    )
