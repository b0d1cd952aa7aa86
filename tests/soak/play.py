"""A play: a PIM, a target, and the runs of the tap between them."""

from __future__ import annotations

import itertools
import json
import signal
import threading
from collections import Counter
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar

from hypothesis import currently_in_test_context, note
from typing_extensions import override

from tap_akeneo.cli import Stopped, Stopper
from tap_akeneo.client.errors import AkeneoError
from tap_akeneo.streams.fingerprints import has_unfinished
from tap_akeneo.tap import TapAkeneo
from tests.soak import checks
from tests.soak.pim import PARENTS, SmallPim, path_of
from tests.soak.steps import TOPICS, Run
from tests.soak.target import Target, TargetWriter
from tests.soak.writes import Writes
from tests.support import KEYS_OF, select, settings_for

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from tap_akeneo.config.settings import Settings
    from tests.soak.checks import Item
    from tests.soak.pim import Server
    from tests.soak.steps import Setup, Write
    from tests.soak.target import Key

RETRIES = 3
SHOWN = 5
"""Number of wrong rows to show."""

DAYS = timedelta(days=2)
"""Longer than what the rule for deletions leaves for the index and for wrong dates."""


class CheckFailed(AssertionError):
    """The target does not have what it must have."""


class _CountingStopper(Stopper):
    """Stops a run as a signal does, after a number of checks."""

    checks: int | None = None

    @override
    def listen(self) -> None:
        """Leave signals to the process that plays. The SDK's own handlers exit with 0."""
        if threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGINT, signal.default_int_handler)
            signal.signal(signal.SIGTERM, signal.SIG_DFL)

    @override
    def check(self) -> None:
        if self.checks is not None:
            self.checks -= 1
            if self.checks < 0:
                msg = "stopped"
                raise Stopped(msg)


class _Tap(TapAkeneo):
    """The tap, whose runs begin at different times, because these are the versions of tables."""

    stopper: ClassVar[_CountingStopper] = _CountingStopper()
    runs = itertools.count(1)
    refresh_seconds: ClassVar[int] = 0

    def __init__(self, **given: Any) -> None:
        self.begun = next(self.runs) * 1000
        self.reasons: list[str] = []
        super().__init__(**given)

    @cached_property
    @override
    def settings(self) -> Settings:
        # The setting has whole days, which are longer than a play.
        seconds = timedelta(seconds=self.refresh_seconds)
        return replace(super().settings, refresh_within=seconds or None)

    @property
    @override
    def initialized_at(self) -> int:
        return self.begun

    @override
    def stream_raised(self, name: str, failure: Exception) -> None:
        # An unexpected error ends the play.
        raise failure

    @override
    def stream_failed(self, name: str, reason: str) -> None:
        self.reasons.append(f"{name}: {reason}")
        super().stream_failed(name, reason)


class Play:
    """Runs the tap, and checks the target after each run.

    Args:
        setup: The PIM and the settings.
        server: Serves the PIM.

    Attributes:
        figures: What happened, counted.
        has_failed: Whether a check has failed.
    """

    def __init__(self, setup: Setup, server: Server) -> None:
        self.setup = setup
        self.figures: Counter[str] = Counter(plays=1)
        self.has_failed = False
        self._target = Target()
        self._stack = ExitStack()
        self._small = SmallPim(setup, server)
        self._pim = self._small.pim
        self._stack.enter_context(self._small.served())
        self._streams = tuple(stream for topic in setup.topics for stream in TOPICS[topic])
        self._writes = Writes(self._pim, setup, self._streams)
        self._writes.touched.clear()
        self._keys = self._key_names()
        self._contents = checks.contents(self._pim, self._keys)
        self._changed: dict[Item, datetime] = dict.fromkeys(self._contents, self._pim.clock.now())
        self._without_key: set[Item] = set()
        self._filtered: set[str] = set()
        self._pim.clock.advance(seconds=setup.lag + 1)

    def close(self) -> None:
        """Stop serving the PIM."""
        self._stack.close()
        self.figures.update(writes=self._writes.count, faults=self._small.faults)

    # The steps.

    def write(self, writes: Iterable[Write]) -> None:
        """Write to the PIM."""
        for write in writes:
            self._writes.do(write)
        self._changes()

    def run(self, run: Run) -> None:
        """Run the tap while all kinds of things happen, and check the target."""
        small, left = self._small, list(run.writes)
        self._pim.clock.advance(seconds=run.wait)

        def event(number: int, write: Write) -> Callable[[], None]:
            def do() -> None:
                left.remove((number, write))
                self._writes.do(write)

            return do

        for number, write in run.writes:
            small.events.setdefault(number, []).append(event(number, write))
        for failure in sorted(run.failures, key=lambda one: one.kind == "null key"):
            stream = self._writes.stream_of(failure.stream)
            keys = self._writes.keys(stream)
            key = keys[failure.nth % len(keys)] if keys else ("",)
            small.add_failure(failure, stream, key[-1])
            if failure.kind == "null key":
                self._without_key.add((stream, key))
        self._run(run)
        small.events.clear()
        self._pim.faults.clear()
        # An item that gets a key again is saved with it.
        for stream, key in self._without_key:
            self._writes.change(stream, key)
            self._writes.touched |= {(one, key) for one, of in KEYS_OF.items() if of == stream}
        self._without_key.clear()
        # So that what is in the PIM does not depend on the number of requests.
        self.write(write for _, write in left)

    def run_undisturbed(self) -> bool:
        """Run the tap on a PIM at rest, and check the target. Return whether the run succeeded."""
        self._pim.clock.advance(seconds=self.setup.lag + 1)
        has_left = self._has_left()
        writer, ending, reason = self._run(Run())
        self.figures["checks"] += len(self._contents)
        if ending != "complete":
            may_fail = self._pim.broken or self._is_index_out_of_step()
            self._check([] if may_fail else [f"an undisturbed run failed: {reason}"])
        if not self._is_index_out_of_step() and not (ending != "complete" and self.setup.is_long):
            expected = {
                item: text
                for item, text in self._contents.items()
                if self._is_readable(item) and not (has_left and item[0] in KEYS_OF)
            }
            self._check(checks.missing(expected, self._target))
        # Rows that are read again come after they came as changes.
        may_repeat = has_left or self.setup.sorts_bytes or self.setup.refresh
        if ending == "complete" and not may_repeat:
            self._check(checks.came_twice(writer))
        return ending == "complete"

    def end(self) -> None:
        """Repair the PIM, and run the tap until it has found each deletion."""
        self._writes.repair_all()
        self._pim.clock.advance(seconds=DAYS.total_seconds())
        # A thread that waits for the processor while a clock this fast goes on would seem to have
        # an answer of another server, whose clock is late. Such a reading shows no deletions.
        self._small.tick = 0
        if not self.run_undisturbed() or not self.run_undisturbed():
            return
        if self.setup.versions:
            full = [stream for stream in self._streams if self._is_full_table(stream)]
            self._check(checks.not_deleted(self._contents, self._target, full))
        for stream in self._proofs:
            self._check(self._rule(stream).not_found(self._contents))

    # Details.

    def _run(self, run: Run) -> tuple[TargetWriter, str, str]:
        target, lag = self._target, timedelta(seconds=self.setup.lag)
        now, before = self._pim.clock.now(), self._contents
        settled_at = {item: self._changed[item] + lag for item in before}
        in_target = {(stream, key) for stream, key in before if key in target.rows[stream]}
        rows = {
            (stream, key): row for stream in self._keys for key, row in target.rows[stream].items()
        }
        kills_after = run.after if run.ending == "killed" else None
        writer = TargetWriter(target, kills_after, is_slow=run.is_slow)
        _Tap.refresh_seconds = self.setup.refresh
        _Tap.stopper.checks = run.after if run.ending == "stopped" else None
        self._small.start()
        ending, reason = self._sync(run, writer)
        if ending != "killed" or run.keeps:
            writer.commit()
        self.figures.update({"runs": 1, ending: 1, "requests": len(self._pim.requests)})
        moved = self._changes()
        if currently_in_test_context():
            note(f"  # {ending} {reason}; state: {json.dumps(target.state.get('bookmarks'))}")
        living = {
            item: text
            for item, text in before.items()
            if item in self._contents and item not in moved and settled_at[item] < now
        }
        selected = self._selected(run)
        is_complete = ending == "complete"
        refused = self._small.refused_lists() if run.skips else set()
        expected = {
            item: text
            for item, text in living.items()
            if item[0] in selected and not self._is_excused(item, run, refused)
        }
        self._check(checks.deleted(in_target & self._contents.keys(), target))
        # However the run has ended.
        for stream in self._proofs:
            rule = self._rule(stream)
            gone = ((rule.stream, key) for key in rule.deleted())
            self._check(f"{item} counts as deleted" for item in gone if item in living)
        self._check(checks.several_readings(writer))
        if run.is_filtered:
            self._filtered |= checks.unfinished_lists(writer.history, "products")
        if self.setup.profile != "ce-5" and not self.setup.sorts_bytes:
            self._check(
                checks.not_covered(writer.history, expected, rows, settled_at, self._filtered)
            )
        if is_complete:
            rest = {item: text for item, text in expected.items() if item[0] not in KEYS_OF}
            self._check(checks.missing(rest, target))
            self._check(checks.mixed_readings(expected.keys() - rest.keys(), target))
        return writer, ending, reason

    def _sync(self, run: Run, writer: TargetWriter) -> tuple[str, str]:
        """Run the tap, and return how it ended, and why."""
        tap = None
        try:
            tap = _Tap(
                config=settings_for(self._pim, **self._settings(run)),
                state=json.loads(json.dumps(self._target.state)),
                message_writer=writer,
            )
            select(tap, (*self._selected(run), "readings"))
            for name, stream in tap.streams.items():
                stream.STATE_MSG_FREQUENCY = self.setup.state_every
                if self.setup.full_tables and name in self._streams:
                    stream.forced_replication_method = "FULL_TABLE"
            try:
                tap.sync_all()
            except Stopped:
                tap.state_writer.write_state(tap.state)
                raise
            tap.raise_for_failed_streams()
        except BrokenPipeError:
            return "killed", ""
        except Stopped:
            return "stopped", ""
        except AkeneoError as error:
            return "failed", "; ".join([*(tap.reasons if tap else ()), str(error)])
        finally:
            if tap is not None:
                # A process that is killed has no threads.
                _Tap.stopper.checks = None
                tap.reader.close()
        return "complete", ""

    def _settings(self, run: Run) -> dict[str, Any]:
        setup = self.setup
        settings: dict[str, Any] = {
            "page_size": setup.page_size,
            "max_concurrency": setup.threads,
            "lookback_seconds": setup.lag + setup.lookback,
            "max_retries": RETRIES,
            "emit_activate_version_messages": setup.versions,
            "on_forbidden": "skip" if run.skips else "fail",
        }
        if run.is_filtered:
            only_enabled = {"enabled": [{"operator": "=", "value": True}]}
            settings["filters"] = {"products": only_enabled}
        if setup.is_zone_known:
            settings["pim_timezone"] = setup.zone
        return settings

    def _selected(self, run: Run) -> tuple[str, ...]:
        keys = tuple(stream for stream in self._streams if stream in KEYS_OF)
        rows = tuple(stream for stream in self._streams if stream not in KEYS_OF)
        return {"keys": keys, "rows": rows}.get(run.selects, self._streams)

    def _key_names(self) -> dict[str, Key]:
        product = ("uuid",) if self._pim.profile.by_uuid else ("identifier",)
        names: Mapping[str, Key] = {
            "products": product,
            "attribute_options": ("attribute", "code"),
            "assets": ("asset_family", "code"),
            "reference_entity_records": ("reference_entity", "code"),
        }
        return {one: names.get(KEYS_OF.get(one, one), ("code",)) for one in self._streams}

    def _changes(self) -> set[Item]:
        """Return the items that have changed, or were indexed again, since the last call."""
        held, now = checks.contents(self._pim, self._keys), self._pim.clock.now()
        moved = {item for item, text in held.items() if self._contents.get(item) != text}
        moved |= self._writes.touched & held.keys()
        self._writes.touched.clear()
        self._changed.update(dict.fromkeys(moved, now))
        self._contents = held
        return moved

    def _has_left(self) -> bool:
        """Return whether the state has something that the next run reads first."""
        bookmarks = self._target.state.get("bookmarks", {}).values()
        parts = [part for one in bookmarks for part in (one, *one.get("partitions", ()))]
        return any(has_unfinished(one) or one.get("broken") for one in parts)

    def _is_index_out_of_step(self) -> bool:
        """Return whether missing items can hide others; then a run fails and says so."""
        return bool(self._pim.missing) and (self.setup.profile == "ce-5" or self.setup.is_long)

    def _is_readable(self, item: Item) -> bool:
        return item[1][-1] not in self._pim.broken

    def _is_excused(self, item: Item, run: Run, refused: set[str]) -> bool:
        """Return whether a run may end well without an item, because its list was skipped."""
        stream, key = KEYS_OF.get(item[0], item[0]), item[1]
        is_filtered = stream == "products" and run.is_filtered
        if is_filtered or (stream, key) in self._without_key:
            return True
        paths = {path_of(self._pim, stream).format(key[0]), PARENTS.get(stream, "")}
        return not refused.isdisjoint(paths)

    def _is_full_table(self, stream: str) -> bool:
        incremental = {
            *("products", "product_models", "assets", "reference_entity_records", "categories")
        }
        return self.setup.full_tables or stream not in incremental

    @property
    def _proofs(self) -> list[str]:
        """The streams whose rows have the time of their reading."""
        rows = self._target.rows
        return [
            stream
            for stream in self._streams
            if rows[stream] and all(row.get("read_at") for row in rows[stream].values())
        ]

    def _rule(self, proof: str) -> checks.DeletionRule:
        return checks.DeletionRule(self._target, proof, is_old=self._pim.profile.major <= 5)

    def _check(self, wrong: Iterable[str]) -> None:
        found = list(itertools.islice(wrong, SHOWN))
        if found:
            self.has_failed = True
            raise CheckFailed("\n".join(found))
