"""Plans of what to read: generators that yield what they need.

A plan yields `Ask` for a value that takes requests, `Collect` for lists whose items it needs
itself, such as parents, and `Emit` for lists whose pages the consumer gets.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

    from tap_akeneo.client.responses import Page
    from tap_akeneo.pagination.reading import ListReading

T = TypeVar("T")


@dataclass(frozen=True)
class Ask:
    """A function that sends requests. The plan gets its value."""

    function: Callable[[], Any]


@dataclass(frozen=True)
class Collect:
    """Lists whose items the plan needs. It goes on when all pages have arrived.

    Attributes:
        readings: The lists.
        take: Gets each page of a list as it arrives. Pages are not kept.
    """

    readings: Sequence[ListReading]
    take: Callable[[ListReading, Page], None]


@dataclass(frozen=True)
class Emit:
    """Lists whose pages go to the consumer. The plan goes on when all have been consumed."""

    readings: Sequence[ListReading]


Need: TypeAlias = "Ask | Collect | Emit"
Plan: TypeAlias = "Generator[Need, Any, T]"


def ask(function: Callable[[], T]) -> Plan[T]:
    """Return the value of a function that sends requests."""
    value: T = yield Ask(function)
    return value


class RunningPlan:
    """A plan that has begun, and what its lists wait for.

    Attributes:
        need: What it waits for; ``None`` after its end.
        failure: Why it ended early.
        work: Lists with slices that no thread reads.
        events: Lists in the order in which their pages arrived, or (second) in which they ended.
        waiting_bytes: Size of the pages that have not been consumed.
    """

    def __init__(self, plan: Plan[None]) -> None:
        self.need: Need | None = None
        self.failure: Exception | None = None
        self.work: deque[ListReading] = deque()
        self.events: deque[tuple[ListReading, bool]] = deque()
        self.waiting_bytes = 0
        self.asks = False
        self._plan = plan
        self._open: set[ListReading] = set()
        self._advance(lambda: plan.send(None))

    @property
    def is_read(self) -> bool:
        """Whether nothing is left to read of what the plan waits for."""
        return not self._open

    def answer(self, value: Any) -> None:  # noqa: ANN401 (what the plan asked for)
        """Give the plan what it waited for."""
        self._advance(lambda: self._plan.send(value))

    def refuse(self, failure: Exception) -> None:
        """Raise an exception where the plan waits."""
        self._advance(lambda: self._plan.throw(failure))

    def end(self, failure: Exception | None = None) -> None:
        """End the plan, with an exception for its consumer."""
        self._plan.close()
        self.need, self.failure = None, self.failure or failure
        self.work.clear()

    def settle(self, reading: ListReading) -> None:
        """Update what a list waits for, after a step or a page."""
        if reading.has_work and reading not in self.work:
            self.work.append(reading)
        if reading.has_ended and reading in self._open:
            self._open.remove(reading)
            self.events.append((reading, True))

    def _advance(self, proceed: Callable[[], Need]) -> None:
        self.work.clear()
        self.events.clear()
        self.waiting_bytes, self.asks = 0, False
        try:
            self.need = proceed()
            while isinstance(self.need, Collect) and not self.need.readings:
                self.need = self._plan.send(None)
        except StopIteration:
            self.need = None
        except Exception as failure:  # noqa: BLE001 (raised when it is the plan's turn)
            self.need, self.failure = None, failure
        if isinstance(self.need, Ask):
            self.asks = True
        elif self.need is not None:
            self._open = set(self.need.readings)
            self.work.extend(self.need.readings)
