"""The log of requests to the simulated PIM."""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING

from typing_extensions import override

if TYPE_CHECKING:
    from collections.abc import Mapping
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


class RequestLog(list[AnsweredRequest]):
    """The answered requests; requests in several threads may add to it."""

    def __init__(self) -> None:
        super().__init__()
        self._lock = threading.Lock()
        self._in_flight = 0
        self.highest_concurrency = 0  # of simultaneous requests

    @override
    def clear(self) -> None:
        """Clear the log and the highest concurrency."""
        with self._lock:
            super().clear()
            self.highest_concurrency = self._in_flight

    def begin(self) -> None:
        """Count a request that starts."""
        with self._lock:
            self._in_flight += 1
            self.highest_concurrency = max(self.highest_concurrency, self._in_flight)

    def end(self, request: AnsweredRequest) -> None:
        """Add a request that has ended."""
        with self._lock:
            self._in_flight -= 1
            self.append(request)
