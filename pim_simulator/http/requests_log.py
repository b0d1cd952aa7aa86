"""The log of requests to the simulated PIM."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, overload

from typing_extensions import override

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True)
class AnsweredRequest:
    """A request and the status of its response.

    Attributes:
        method: HTTP method.
        path: Path, decoded.
        query: Query parameters, decoded; the last of a repeated one.
        status: HTTP status; 0 if the connection was reset on purpose.
        at: The server's time at the start of the request.
        headers: Request headers, names in lower case.
    """

    method: str
    path: str
    query: Mapping[str, str]
    status: int
    at: datetime
    headers: Mapping[str, str]


class RequestLog(Sequence[AnsweredRequest]):
    """Thread-safe list of the answered requests."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._answered: list[AnsweredRequest] = []
        self._in_flight = 0
        self._highest = 0

    @property
    def highest_concurrency(self) -> int:
        """Highest number of simultaneous requests."""
        with self._lock:
            return self._highest

    def clear(self) -> None:
        """Clear the log and the highest concurrency."""
        with self._lock:
            self._answered.clear()
            self._highest = self._in_flight

    def begin(self) -> None:
        """Count a request that starts."""
        with self._lock:
            self._in_flight += 1
            self._highest = max(self._highest, self._in_flight)

    def end(self, request: AnsweredRequest) -> None:
        """Add a request that has ended."""
        with self._lock:
            self._in_flight -= 1
            self._answered.append(request)

    def snapshot(self) -> list[AnsweredRequest]:
        """Return the requests so far."""
        with self._lock:
            return list(self._answered)

    @override
    def __len__(self) -> int:
        with self._lock:
            return len(self._answered)

    @override
    def __iter__(self) -> Iterator[AnsweredRequest]:
        return iter(self.snapshot())

    @overload
    def __getitem__(self, index: int) -> AnsweredRequest: ...
    @overload
    def __getitem__(self, index: slice) -> list[AnsweredRequest]: ...
    @override
    def __getitem__(self, index: int | slice) -> AnsweredRequest | list[AnsweredRequest]:
        return self.snapshot()[index]
