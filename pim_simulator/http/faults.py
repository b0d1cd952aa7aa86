"""Faults to inject, of the PIM or of a proxy in front of it."""

from __future__ import annotations

import json
import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

FaultKind = Literal[
    "status", "reset", "reset_in_body", "truncated_json", "html", "slow", "odd", "event"
]


@dataclass
class Fault:
    """One fault, made by `Faults.add`.

    Attributes:
        kind: ``status`` (with ``status``, ``body``, ``retry_after``), ``reset`` (connection
            reset before the answer), ``reset_in_body`` (in the middle of the body),
            ``truncated_json`` (200, but half of the body, with a fitting length), ``html``
            (200 with a page in HTML), ``slow`` (right answer after ``delay``), ``odd`` (texts in
            place of others, for what a real database holds and this catalogue does not, such as
            MySQL's zero dates, which PHP writes as ``-0001-11-30``: doctrine/dbal#866),
            ``event`` (right answer; something else happens, see ``do``).
        path: Part of the path of affected requests; all by default.
        nth: First affected request (1 is the next).
        times: Number of affected requests; None for all.
        method: HTTP method of affected requests; any by default.
        status: HTTP status for ``status``.
        body: Body for ``status``: text is sent as HTML, anything else as JSON, which bytes
            are already.
        retry_after: Value of ``Retry-After``, seconds or a date.
        delay: Seconds to wait before answering.
        location: Value of ``Location``, for a ``status`` that redirects.
        odd: Pieces of the usual body and what is sent in their place; lone surrogates
            stand for single bytes (``surrogateescape``).
        headers: More headers for ``status``.
        do: Called for an affected request, before its response.
    """

    kind: FaultKind
    path: str = ""
    nth: int = 1
    times: int | None = 1
    method: str | None = None
    status: int = 500
    body: object = None
    retry_after: str | int | None = None
    delay: float = 0.0
    location: str | None = None
    odd: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)
    do: Callable[[], object] | None = None

    def matches(self, method: str, path: str) -> bool:
        """Return whether this fault affects a request."""
        return self.path in path and self.method in (None, method)

    def changed(self, content: bytes) -> bytes:
        """Return the usual body as this fault changes it."""
        if self.kind == "truncated_json":
            return content[: len(content) // 2]
        for usual, odd in self.odd.items():
            content = content.replace(usual.encode(), odd.encode("utf-8", "surrogateescape"))
        return content

    def content(self) -> tuple[bytes, str]:
        """Return the body and its content type."""
        if isinstance(self.body, str):
            return self.body.encode(), "text/html"
        if isinstance(self.body, bytes):
            return self.body, "application/json"
        if self.kind == "html":
            return b"<!DOCTYPE html><html><body>Maintenance</body></html>", "text/html"
        body = {"code": self.status, "message": "Simulated fault."}
        return json.dumps(body if self.body is None else self.body).encode(), "application/json"


class Faults:
    """The faults to inject, in order."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._faults: list[Fault] = []

    def add(self, kind: FaultKind, path: str = "", **traits: Any) -> None:  # noqa: ANN401 - see Fault
        """Add a fault; see `Fault` for the arguments."""
        with self._lock:
            self._faults.append(Fault(kind, path, **traits))

    def clear(self) -> None:
        """Remove all faults."""
        with self._lock:
            self._faults.clear()

    @property
    def pending(self) -> int:
        """Number of faults that are not used up."""
        with self._lock:
            return len(self._faults)

    def take(self, method: str, path: str) -> Fault | None:
        """Return the fault that affects a request, and count it as used once."""
        with self._lock:
            hit: Fault | None = None
            for fault in self._faults:
                if not fault.matches(method, path):
                    continue
                if fault.nth > 1:
                    fault.nth -= 1
                elif hit is None:
                    hit = fault
            if hit is not None and hit.times is not None:
                hit.times -= 1
                if hit.times < 1:
                    self._faults.remove(hit)
            return hit
