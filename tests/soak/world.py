"""A simulated PIM in simulated time, in which things happen while it is asked."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from datetime import datetime, timedelta, timezone
from random import Random
from typing import TYPE_CHECKING, cast
from unittest.mock import patch

from starlette.applications import Starlette
from typing_extensions import override

from pim_simulator import SimulatedPim, serve
from pim_simulator.database.clock import Clock
from pim_simulator.http.faults import Fault, Faults
from pim_simulator.http.requests_log import RequestLog
from tap_akeneo.client import http as http_client
from tap_akeneo.pagination import broken_items, key_ranges, ranged_list
from tap_akeneo.streams import resuming
from tests.soak.scenario import FULL_PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import Receive, Scope, Send

    from pim_simulator.http.faults import Kind
    from tests.soak.scenario import Scenario

SHORT = 0.0005
"""Seconds to wait before a request is tried again."""

PATIENCE = 1
"""Seconds to wait for an answer, where some requests get none."""

SILENCE = 1.4
"""Seconds after which the PIM answers a request that nobody waits for any more."""

REQUESTS_BETWEEN_LOGINS = 6
"""So that a request does not meet one dead token after the other, which ends a run."""


class StillClock(Clock):
    """A clock that stands still unless it is put forward."""

    def __init__(self, offset: timedelta = timedelta(0)) -> None:
        super().__init__(offset)
        self.moment = datetime.now(timezone.utc)

    @override
    def now(self) -> datetime:
        with self._lock:
            return self.moment

    @override
    def advance(self, *, seconds: float = 0, **more: float) -> None:
        with self._lock:
            self.moment += timedelta(seconds=seconds, **more)


class _TimeOf:
    """Takes the place of the module `time`, so that waiting costs none."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def monotonic(self) -> float:
        return self._clock.now().timestamp()

    def sleep(self, seconds: float) -> None:
        self._clock.advance(seconds=seconds)


class _Happenings(RequestLog):
    """Calls back before each request is answered, with its number."""

    def __init__(self, happen: Callable[[int], None]) -> None:
        super().__init__()
        self._happen = happen
        self.number = 0

    @override
    def begin(self) -> None:
        super().begin()
        self.number += 1
        self._happen(self.number)


class ChanceFaults(Faults):
    """Faults that come by chance.

    Args:
        pim: Whose tokens die.
        kinds: Kinds of faults, of `tests.soak.scenario.FAULTS`.
        seed: Of the chance.

    Attributes:
        rate: Share of the requests that meet one.
        outage: Number of the request from which on nothing is answered.
        silent_request: Which of the following requests of workflows gets no answer; 0 for none.
        silent: Paths of those that got none, since someone emptied this.
        injected: How many faults there were.
    """

    def __init__(self, pim: SimulatedPim, kinds: tuple[str, ...], seed: str) -> None:
        super().__init__()
        self._pim = pim
        self._kinds = kinds
        self._seed = seed
        self._number = 0
        self._login = 0
        self.rate = 0.0
        self.outage: int | None = None
        self.silent_request = 0
        self.silent: list[str] = []
        self.injected = 0

    @override
    def take(self, method: str, path: str) -> Fault | None:
        self._number += 1
        if self.outage is not None:
            self.outage -= 1
            if self.outage < 0:
                self.injected += 1
                return Fault("status", status=503)
        dice = Random(f"{self._seed}/{self._number}")  # noqa: S311 (no secret)
        if self.silent_request and "/workflows" in path:
            self.silent_request -= 1
            if not self.silent_request:
                self.silent.append(path)
                self.injected += 1
                return Fault("slow", delay=SILENCE)
        if not self._kinds or dice.random() >= self.rate:
            return super().take(method, path)
        return self._drawn(dice)

    def _drawn(self, dice: Random) -> Fault | None:
        kind = dice.choice(self._kinds)
        if kind.endswith("token"):
            if self._number - self._login < REQUESTS_BETWEEN_LOGINS:
                return None
            self._login = self._number
            self._pim.tokens.expire_access()
            if kind == "revoked token":
                self._pim.tokens.revoke_refresh()
            self.injected += 1
            return None
        self.injected += 1
        if kind.isdecimal():
            retry_after = 0 if dice.random() < 0.3 else None
            body = dice.choice((None, "<h1>Bad gateway</h1>"))
            return Fault("status", status=int(kind), body=body, retry_after=retry_after)
        return Fault(cast("Kind", kind))


class _Switch(Starlette):
    """Hands each request to the PIM of the day."""

    def __init__(self) -> None:
        super().__init__()
        self.current: Starlette | None = None

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.current is not None:
            await self.current(scope, receive, send)


class Stage(SimulatedPim):
    """Serves one PIM after the other at one address, which saves starting servers."""

    def __init__(self) -> None:
        super().__init__(products=0)
        self._switch = _Switch()

    @override
    def app(self) -> Starlette:
        return self._switch

    def show(self, pim: SimulatedPim) -> None:
        """Serves another PIM."""
        pim.url = self.url
        self._switch.current = pim.app()


@contextmanager
def a_stage() -> Iterator[Stage]:
    """A stage that is being served."""
    stage = Stage()
    with serve(stage):
        yield stage


@contextmanager
def world(
    scenario: Scenario, stage: Stage, happen: Callable[[int], None]
) -> Iterator[tuple[SimulatedPim, ChanceFaults]]:
    """The PIM of a scenario, served, with time standing still between what happens.

    Args:
        scenario: The scenario.
        stage: Where to serve it.
        happen: Called before each request, with its number.
    """
    with patch("pim_simulator.simulator.Clock", StillClock):
        pim = SimulatedPim(
            scenario.profile,
            seed=scenario.number % 40,
            products=scenario.products,
            timezone=scenario.zone,
            index_lag=scenario.lag,
            asset_families=0,
            reference_entities=0,
        )
    pim.clock.advance(seconds=(scenario.began - pim.clock.now()).total_seconds())
    pim.requests = _Happenings(happen)
    faults = ChanceFaults(pim, scenario.faults, f"{scenario.seed}/{scenario.number}")
    pim.faults = faults
    stage.show(pim)
    with (
        patch.object(http_client, "time", _TimeOf(pim.clock)),
        patch.object(http_client, "FIRST_WAIT", SHORT),
        patch.object(http_client, "MAX_WAIT", SHORT),
        # As small as the lists, so that these are split, resumed and hidden behind full pages too.
        patch.object(key_ranges, "MIN_PAGES_TO_SPLIT", 1),
        patch.object(key_ranges, "MAX_PAGE_SIZE", FULL_PAGE),
        patch.object(ranged_list, "MAX_PAGE_SIZE", FULL_PAGE),
        patch.object(broken_items, "MAX_PAGE_SIZE", FULL_PAGE),
        patch.object(resuming, "ITEMS_BETWEEN_STATES", scenario.state_every),
    ):
        yield pim, faults


def end_readers() -> None:
    """Waits for the threads of a run that was cut short: a killed process has none."""
    for thread in threading.enumerate():
        if thread.name.startswith("pim-") and thread.name.removeprefix("pim-").isdecimal():
            thread.join(timeout=5)
