"""Plays a scenario: writes, runs of the tap with the ends they come to, and the law."""

from __future__ import annotations

import itertools
import json
import logging
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, ClassVar

from typing_extensions import override

from tap_akeneo.cli import Stopped, Stopper
from tap_akeneo.client.errors import AkeneoError
from tap_akeneo.streams.fingerprints import has_unfinished
from tap_akeneo.tap import TapAkeneo
from tests.soak import law
from tests.soak.scenario import KEYS_OF, Step
from tests.soak.target import Pipe, Target
from tests.soak.world import PATIENCE, end_readers, world
from tests.soak.writes import Hand
from tests.support import select, settings_for

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

    from pim_simulator import SimulatedPim
    from tests.soak.law import Breach, Versions
    from tests.soak.scenario import Scenario, Write
    from tests.soak.world import ChanceFaults, Stage
    from tests.support import Message

RETRIES = 8
REFUSED = "color"
"""The attribute whose options the PIM refuses at times."""

UNDISTURBED = Step((), 0.0, (), (), "whole", 0, keeps=True)


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
    """The tap, stopped by a count instead of a signal.

    Each begins a second after the one before, because versions are told apart by seconds.
    """

    stopper: ClassVar[CountingStopper] = CountingStopper()
    runs = itertools.count(1)
    reasons: ClassVar[list[str]] = []

    def __init__(self, **given: Any) -> None:
        self.begun = next(self.runs) * 1000
        self.reasons.clear()
        super().__init__(**given)

    @property
    @override
    def initialized_at(self) -> int:
        return self.begun

    @override
    def stream_failed(self, name: str, reason: str) -> None:
        self.reasons.append(f"{name} failed: {reason}")
        super().stream_failed(name, reason)


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
        self.whole_keys: set[str] = set()
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
            self._come_to_rest()
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
        product = ("uuid",) if self.pim.profile.by_uuid else ("identifier",)
        keys: dict[str, tuple[str, ...]] = {
            "products": product,
            "product_keys": product,
            "attribute_options": ("attribute", "code"),
            "workflow_tasks": ("uuid",),
        }
        return {stream: keys.get(stream, ("code",)) for stream in self.scenario.streams}

    def _add_ghosts(self) -> None:
        products = self.hand.sorted_products()
        step = max(1, len(products) // (self.scenario.ghosts + 1))
        scattered = {products[(nth + 1) * step - 1] for nth in range(self.scenario.ghosts)}
        first = self.scenario.number % max(len(products) - self.scenario.ghost_page, 1)
        page = set(products[first : first + self.scenario.ghost_page])
        self.hand.lose(sorted(scattered | page))

    def _look(self) -> set[tuple[str, tuple[str, ...]]]:
        """Note what has changed or moved in the index since the last look: now at the latest."""
        held, now = law.versions(self.pim, self.keys), self.pim.clock.now()
        moved = {key for key, version in held.items() if self.held.get(key) != version}
        moved |= self.hand.touched
        self.hand.touched.clear()
        self.changed.update(dict.fromkeys(moved, now))
        self.held = held
        return moved

    def run(self, step: Step) -> None:
        """Run the tap once, and judge what it owes by its end."""
        self._look()
        now = self.pim.clock.now()
        settled = {
            key: version
            for key, version in self.held.items()
            if key not in self.changed
            or (now - self.changed[key]).total_seconds() > self.scenario.lag
        }
        there = self._there()
        self.faults.rate = self.scenario.fault_rate
        self.faults.silent_request = step.silent if self.scenario.tasks else 0
        if step.refused:
            self.pim.faults.add("status", f"/{REFUSED}/options", status=403, times=None)
        self.requests.arm(step.at_requests, self.number)
        self.messages.arm(step.at_messages)
        SoakedTap.stopper.looks = step.after if step.ending == "stopped" else None
        self.faults.outage = step.after if step.ending == "outage" else None
        breaks_after = step.after if step.ending == "broken pipe" else None
        pipe = Pipe(self.target, self.messages, breaks_after)
        ending = self._sync(pipe, step)
        self.requests.arm(())
        self.faults.clear()
        if step.keeps or ending == "whole":
            pipe.commit()
        self.outcome.figures.update({"runs": 1, ending: 1})
        self._tell_run(ending, now)
        moved = self._look()
        self._note_keys(step, ending)
        self._judge(law.deleted(there & self.held.keys(), self.target))
        self._judge(
            law.taken_for_deleted(self.held, self.target, self.whole_keys, self.scenario.lag)
        )
        if ending == "whole":
            left_alone = (settled.keys() & self.held.keys()) - moved
            owed = {key: settled[key] for key in left_alone if self._is_owed(key, step)}
            self._judge(law.lost(owed, self.target))

    def _there(self) -> set[tuple[str, tuple[str, ...]]]:
        """Return what the target has and the PIM as well."""
        return {(stream, key) for stream, key in self.held if key in self.target.rows[stream]}

    def _is_owed(self, key: tuple[str, tuple[str, ...]], step: Step) -> bool:
        """Return whether a run that ends well must have read something that had settled."""
        stream, names = key
        if stream not in self.scenario.selected(step.selects) or stream in KEYS_OF:
            # A reading of keys may be as old as its `read_at`, which has a law of its own.
            return False
        if stream == "products" and step.filtered:
            return False
        if stream == "attribute_options" and step.refused and self.scenario.skips_forbidden:
            return names[0] != REFUSED
        # A PIM that leaves the very first request of workflows without an answer has them off.
        return stream != "workflow_tasks" or not any(
            path.endswith("/workflows") for path in self.faults.silent
        )

    def _note_keys(self, step: Step, ending: str) -> None:
        """Note which streams of keys the last run that read them has read to their ends."""
        if self.scenario.profile == "ce-5" and self.scenario.zone != "UTC":
            # Its `created` is the clock of UTC with the offset of the server (#13892).
            return
        for stream in self.scenario.selected(step.selects):
            if stream in KEYS_OF:
                (self.whole_keys.add if ending == "whole" else self.whole_keys.discard)(stream)

    def _come_to_rest(self) -> None:
        """Run undisturbed on a PIM at rest; a second time if the first one left something."""
        left = self._left_unfinished() or bool(self.pim.broken)
        self._last_run(has_left=left)
        if self.outcome.breaches or not left:
            return
        dice = Random(self.scenario.number)  # noqa: S311 (no secret)
        self.tell(f"{self.hand.repair_all(dice)}")
        left = self._left_unfinished()
        self._last_run(has_left=left)

    def _left_unfinished(self) -> bool:
        """Return whether the state has something that the next run reads first."""
        bookmarks = self.target.state.get("bookmarks", {}).values()
        return any(has_unfinished(one) or "broken" in one for one in bookmarks)

    def _last_run(self, *, has_left: bool) -> None:
        """Run undisturbed, on a PIM at rest.

        Args:
            has_left: Whether an earlier run left something that this one reads first.
        """
        self.pim.clock.advance(seconds=self.scenario.lag + 1)
        self._look()
        there = self._there()
        self.faults.rate = 0
        self.faults.silent_request = 0
        self.faults.outage = None
        SoakedTap.stopper.looks = None
        self.messages.arm(())
        pipe = Pipe(self.target, self.messages, None)
        now = self.pim.clock.now()
        ending = self._sync(pipe, UNDISTURBED)
        pipe.commit()
        self._tell_run(ending, now)
        self.outcome.figures.update({"runs": 1, ending: 1, "checked": len(self.held)})
        has_hidden = self.scenario.may_lack_ghosts and bool(self.pim.ghosts)
        if ending != "whole" and not self.pim.broken and not has_hidden:
            self._judge([law.Breach("failed", "", (), "an undisturbed run failed")])
        self._note_keys(UNDISTURBED, ending)
        owed = self.held
        if ending != "whole":
            owed = {key: row for key, row in owed.items() if not self._is_broken(row)}
        if has_left:
            owed = {key: row for key, row in owed.items() if key[0] not in KEYS_OF}
        self._judge(law.lost(owed, self.target))
        self._judge(law.deleted(there, self.target))
        self._judge(
            law.taken_for_deleted(self.held, self.target, self.whole_keys, self.scenario.lag)
        )
        if ending == "whole" and not has_left:
            self._judge(law.doubled(pipe.times, self.scenario.streams))
            if self.scenario.versions:
                self._judge(law.kept(self.held, self.target, self._full_tables()))

    def _is_broken(self, row: Message) -> bool:
        """Return whether the PIM cannot serve an item."""
        names = {str(row.get(name)) for name in ("uuid", "identifier", "code")}
        return not names.isdisjoint(self.pim.broken)

    def _full_tables(self) -> list[str]:
        """Return the streams whose rows the target deletes if they did not come."""
        always = (*KEYS_OF, "families", "attribute_options", "workflow_tasks")
        full = {*always, *self.scenario.full_tables}
        return [stream for stream in self.scenario.streams if stream in full]

    def _judge_keys(self) -> None:
        self._judge(
            law.taken_for_deleted(self.held, self.target, self.whole_keys, self.scenario.lag)
        )

    def _judge(self, breaches: list[Breach]) -> None:
        self.outcome.breaches += breaches
        self.outcome.figures.update(breach.law for breach in breaches)

    def _sync(self, pipe: Pipe, step: Step) -> str:
        """Run the tap and return how it ended."""
        self.faults.silent.clear()
        try:
            self._run_tap(pipe, step)
        except BrokenPipeError:
            return "broken pipe"
        except Stopped:
            return "stopped"
        except AkeneoError as error:
            self.outcome.story += [*SoakedTap.reasons, str(error)]
            return "outage" if self.faults.outage is not None else "failed"
        finally:
            self.faults.outage = None
        return "whole"

    def _run_tap(self, pipe: Pipe, step: Step) -> None:
        scenario = self.scenario
        settings: dict[str, Any] = {
            "page_size": scenario.page_size,
            "max_concurrency": scenario.concurrency,
            "lookback_seconds": scenario.lookback,
            "max_retries": RETRIES,
            "emit_activate_version_messages": scenario.versions,
            "on_forbidden": "skip" if scenario.skips_forbidden else "fail",
        }
        if scenario.tasks:
            settings["request_timeout"] = PATIENCE
        if step.filtered:
            only_enabled = {"enabled": [{"operator": "=", "value": True}]}
            settings["filters"] = {"products": only_enabled}
        if scenario.zone_known:
            settings["pim_timezone"] = scenario.zone
        try:
            tap = SoakedTap(
                config=settings_for(self.pim, **settings),
                state=json.loads(json.dumps(self.target.state)),
                message_writer=pipe,
            )
            select(tap, scenario.selected(step.selects))
            for name, stream in tap.streams.items():
                stream.STATE_MSG_FREQUENCY = scenario.state_every
                if name in scenario.full_tables:
                    stream.forced_replication_method = "FULL_TABLE"
            try:
                tap.sync_all()
            except Stopped:
                tap.state_writer.write_state(tap.state)
                raise
            tap.raise_for_failed_streams()
        finally:
            end_readers()

    def _tell_run(self, ending: str, began: datetime) -> None:
        asked = [
            f"{request.at:%H:%M:%S} {request.status} {request.path.removeprefix('/api/rest/v1/')} "
            f"{request.query.get('search', '')} {request.query.get('search_after', '')}"
            for request in self.pim.requests
            if "product" in request.path or "workflow" in request.path
        ]
        self.outcome.figures["requests"] += len(self.pim.requests)
        self.pim.requests.clear()
        bookmarks = self.target.state.get("bookmarks", {})
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
