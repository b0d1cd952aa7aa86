"""Plays a scenario: writes, runs of the tap with the ends they come to, and the law."""

from __future__ import annotations

import json
import logging
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_akeneo.cli import Stopped, Stopper
from tap_akeneo.client.errors import AkeneoError
from tap_akeneo.tap import TapAkeneo
from tests.soak import law
from tests.soak.target import Pipe, Target
from tests.soak.world import end_readers, world
from tests.soak.writes import Hand
from tests.support import select, settings_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from pim_simulator import SimulatedPim
    from tests.soak.law import Breach, Versions
    from tests.soak.scenario import Scenario, Step, Write
    from tests.soak.world import ChanceFaults, Stage

RETRIES = 8


class CountingStopper(Stopper):
    """Stops a run as a signal does, after some looks."""

    looks: int | None = None

    @override
    def listen(self) -> None:
        """Signals are for the soak itself."""

    @override
    def check(self) -> None:
        if self.looks is not None:
            self.looks -= 1
            if self.looks < 0:
                msg = "stopped"
                raise Stopped(msg)


class SoakedTap(TapAkeneo):
    """The tap, stopped by a count instead of a signal."""

    stopper: ClassVar[CountingStopper] = CountingStopper()


@dataclass
class Outcome:
    """What came of a scenario.

    Attributes:
        breaches: Where the law does not hold.
        figures: What happened, counted.
        story: What happened, in words.
    """

    breaches: list[Breach] = field(default_factory=list)
    figures: Counter[str] = field(default_factory=Counter)
    story: list[str] = field(default_factory=list)


def play(scenario: Scenario, stage: Stage) -> Outcome:
    """Plays a scenario on a stage."""
    player = _Player(scenario, stage)
    return player.play()


class _Events:
    """Writes that come at certain numbers."""

    def __init__(self, do: Callable[[Write], None]) -> None:
        self._do = do
        self._first = 0
        self._writes: Sequence[Write] = ()

    def arm(self, writes: Sequence[Write], first: int = 0) -> None:
        self._writes = writes
        self._first = first

    def __call__(self, number: int) -> None:
        for write in self._writes:
            if write.at == number - self._first:
                self._do(write)


class _Player:
    def __init__(self, scenario: Scenario, stage: Stage) -> None:
        self.scenario = scenario
        self.stage = stage
        self.target = Target()
        self.outcome = Outcome()
        self.requests = _Events(self.write)
        self.messages = _Events(self.write)
        self.number = 0
        self.keys: dict[str, tuple[str, ...]] = {}
        self.held: Versions = {}
        self.changed: dict[tuple[str, tuple[str, ...]], datetime] = {}
        self.pim: SimulatedPim
        self.faults: ChanceFaults
        self.hand: Hand

    def play(self) -> Outcome:
        with world(self.scenario, self.stage, self.happen) as (self.pim, self.faults):
            self.hand = Hand(self.pim)
            self._add_ghosts()
            self.keys = self._keys()
            self.held = law.versions(self.pim, self.keys)
            for step in self.scenario.steps:
                for write in step.before:
                    self.write(write)
                self.pim.clock.advance(seconds=step.wait)
                self.run(step)
                if self.outcome.breaches:
                    return self._told()
            self._last_run()
        return self._told()

    def happen(self, number: int) -> None:
        """Before a request."""
        self.number = number
        if self.scenario.tick:
            # Between nothing and all of it, in turn.
            self.pim.clock.advance(seconds=self.scenario.tick * (number % 5) / 4)
        self.requests(number)

    def write(self, write: Write) -> None:
        self.tell(self.hand.do(write))

    def tell(self, words: str) -> None:
        self.outcome.story.append(words)

    def _keys(self) -> dict[str, tuple[str, ...]]:
        uuid = self.pim.profile.by_uuid
        keys: dict[str, tuple[str, ...]] = {
            "products": ("uuid",) if uuid else ("identifier",),
            "attribute_options": ("attribute", "code"),
        }
        return {stream: keys.get(stream, ("code",)) for stream in self.scenario.streams}

    def _add_ghosts(self) -> None:
        step = max(1, len(self.hand.products) // (self.scenario.ghosts + 1))
        for nth in range(self.scenario.ghosts):
            self.pim.ghosts.add(sorted(self.hand.products)[(nth + 1) * step - 1])

    def _look(self) -> set[tuple[str, tuple[str, ...]]]:
        """Notes what has changed or moved in the index since the last look: now at the latest."""
        held, now = law.versions(self.pim, self.keys), self.pim.clock.now()
        moved = {key for key, version in held.items() if self.held.get(key) != version}
        moved |= self.hand.touched
        self.hand.touched.clear()
        self.changed.update(dict.fromkeys(moved, now))
        self.held = held
        return moved

    def run(self, step: Step) -> None:
        """One run of the tap, and what it owes by its end."""
        self._look()
        now = self.pim.clock.now()
        settled = {
            key: version
            for key, version in self.held.items()
            if key not in self.changed
            or (now - self.changed[key]).total_seconds() > self.scenario.lag
        }
        self.faults.rate = self.scenario.fault_rate
        self.requests.arm(step.at_requests, self.number)
        self.messages.arm(step.at_messages)
        SoakedTap.stopper.looks = step.after if step.ending == "stopped" else None
        self.faults.outage = step.after if step.ending == "outage" else None
        pipe = Pipe(
            self.target, self.messages, step.after if step.ending == "broken pipe" else None
        )
        ending = self._sync(pipe)
        self.requests.arm(())
        if step.keeps or ending == "whole":
            pipe.commit()
        self.outcome.figures.update({"runs": 1, ending: 1})
        self._tell_run(ending, now)
        moved = self._look()
        if ending == "whole":
            left_alone = (settled.keys() & self.held.keys()) - moved
            self._judge(law.lost({key: settled[key] for key in left_alone}, self.target))

    def _last_run(self) -> None:
        """Undisturbed, on a PIM at rest."""
        self.pim.clock.advance(seconds=self.scenario.lag + 1)
        self.faults.rate = 0
        self.faults.outage = None
        SoakedTap.stopper.looks = None
        self.messages.arm(())
        pipe = Pipe(self.target, self.messages, None)
        now = self.pim.clock.now()
        ending = self._sync(pipe)
        may_double = law.names_a_gap(self.pim)
        self._tell_run(ending, now)
        self._look()
        self.outcome.figures.update({"runs": 1, ending: 1, "checked": len(self.held)})
        if ending != "whole":
            self._judge([law.Breach("failed", "", (), "an undisturbed run failed")])
        self._judge(law.lost(self.held, self.target))
        if not may_double:
            self._judge(law.doubled(pipe.times, self.scenario.streams))

    def _judge(self, breaches: list[Breach]) -> None:
        self.outcome.breaches += breaches
        self.outcome.figures.update(breach.law for breach in breaches)

    def _sync(self, pipe: Pipe) -> str:
        """Runs the tap; returns how it ended."""
        try:
            self._run_tap(pipe)
        except BrokenPipeError:
            return "broken pipe"
        except Stopped:
            return "stopped"
        except AkeneoError as error:
            self.tell(str(error))
            return "outage" if self.faults.outage is not None else "failed"
        finally:
            self.faults.outage = None
        return "whole"

    def _run_tap(self, pipe: Pipe) -> None:
        scenario = self.scenario
        settings: dict[str, Any] = {
            "page_size": scenario.page_size,
            "max_concurrency": scenario.concurrency,
            "lookback_seconds": scenario.lookback,
            "max_retries": RETRIES,
        }
        if scenario.zone_known:
            settings["pim_timezone"] = scenario.zone
        try:
            tap = SoakedTap(
                config=settings_for(self.pim, **settings),
                state=json.loads(json.dumps(self.target.state)),
                message_writer=pipe,
            )
            select(tap, scenario.streams)
            for stream in tap.streams.values():
                stream.STATE_MSG_FREQUENCY = scenario.state_every
            try:
                tap.sync_all()
            except Stopped:
                tap.state_writer.write_state(tap.state)
                raise
            tap.fail_with_streams()
        finally:
            end_readers()

    def _tell_run(self, ending: str, began: datetime) -> None:
        asked = [
            f"{request.at:%H:%M:%S} {request.status} {request.path.removeprefix('/api/rest/v1/')} "
            f"{request.query.get('search', '')} {request.query.get('search_after', '')}"
            for request in self.pim.requests
            if "product" in request.path
        ]
        self.outcome.figures["requests"] += len(self.pim.requests)
        self.pim.requests.clear()
        bookmarks = {
            stream: bookmark.get("replication_key_value", "")
            for stream, bookmark in self.target.state.get("bookmarks", {}).items()
        }
        self.tell(f"RUN from {began:%d %H:%M:%S}: {ending}; bookmarks {bookmarks}")
        self.outcome.story += [f"    {line}" for line in asked]

    def _told(self) -> Outcome:
        figures = self.outcome.figures
        figures["scenarios"] = 1
        figures["writes"] = self.hand.written
        figures["faults"] = self.faults.injected
        figures["rows"] = self.target.received
        return self.outcome


def quiet() -> None:
    """Switches the tap's own log off, which would be long."""
    logging.disable(logging.CRITICAL)
