"""The ASGI application: logs requests, delays responses and injects faults."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, unquote

from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from typing_extensions import override

from pim_simulator.database.clock import Clock, http_date
from pim_simulator.http.call import Answer, Call
from pim_simulator.http.requests_log import AnsweredRequest, RequestLog

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from pim_simulator.http.faults import Fault, Faults

ABORT = "pim_simulator.abort"
_HANGING = 0.02  # seconds between checks whether the client has given up
_METHODS = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]
# Apache rejects encoded slashes before PHP sees them (AllowEncodedSlashes Off).
_APACHE_404 = (
    b"<!DOCTYPE HTML><html><head><title>404 Not Found</title></head>"
    b"<body><h1>Not Found</h1></body></html>"
)


class _Fixed(Response):
    """A response with given bytes, and the Date header of the simulated clock."""

    def __init__(self, answer: Answer, date: str) -> None:
        headers = {**answer.headers, "date": date, "server": "Apache"}
        super().__init__(answer.content, answer.status, headers)


class _Broken(_Fixed):
    """A response whose connection is reset within the body, or before it."""

    def __init__(self, answer: Answer, date: str, *, started: bool) -> None:
        super().__init__(answer, date)
        self._started = started

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self._started:
            await send(
                {"type": "http.response.start", "status": self.status_code, "headers":
                 self.raw_headers}
            )  # fmt: skip
            half = bytes(self.body)[: len(self.body) // 2]
            await send({"type": "http.response.body", "body": half, "more_body": True})
            await asyncio.sleep(0.05)  # let the half arrive before the reset overtakes it
        scope["extensions"][ABORT]()


class Served(Protocol):
    """What the application serves; see `SimulatedPim` for its attributes."""

    requests: RequestLog
    faults: Faults
    clock: Clock
    latency: float
    links_base: str | None
    hanging: set[str]

    def answer(self, call: Call) -> Answer:
        """Return the response to a request."""


def make_app(pim: Served) -> Starlette:
    """Return the application."""

    async def endpoint(request: Request) -> Response:
        pim.requests.begin()
        raw_path: bytes = request.scope.get("raw_path") or request.url.path.encode()
        path = unquote(raw_path.decode("latin-1"))
        raw_query = request.scope["query_string"].decode("latin-1")
        query = dict(parse_qsl(raw_query, keep_blank_values=True))
        headers = dict(request.headers)
        at = pim.clock.now()
        status = 0
        try:
            content = await request.body()
            if pim.latency:
                await asyncio.sleep(pim.latency)
            if any(part in path for part in pim.hanging):
                await _hang(request, pim.hanging)
            base = pim.links_base or f"{request.url.scheme}://{headers.get('host', '')}"
            call = Call(request.method, path, query, headers, content, base, raw_query)
            response = await _respond(pim, call, raw_path)
            if not isinstance(response, _Broken):
                status = response.status_code
            return response
        finally:
            pim.requests.end(AnsweredRequest(request.method, path, query, status, at, headers))

    return Starlette(routes=[Route("/{path:path}", endpoint, methods=_METHODS)])


async def _hang(request: Request, hanging: AbstractSet[str]) -> None:
    """Keep a request waiting until its client gives up, or its path stops hanging."""
    while any(part in request.url.path for part in hanging):
        if await request.is_disconnected():
            return
        await asyncio.sleep(_HANGING)


async def _respond(pim: Served, call: Call, raw_path: bytes) -> Response:
    fault = pim.faults.take(call.method, call.path)
    if fault is not None and fault.delay:
        await asyncio.sleep(fault.delay)
    if fault is not None and fault.do:
        fault.do()
    date = http_date(pim.clock.now())
    if fault is not None and fault.kind in ("status", "html"):
        return _Fixed(_faulty(fault), date)
    if b"%2f" in raw_path.lower():
        return _Fixed(Answer(404, _APACHE_404, {"content-type": "text/html"}), date)
    if fault is not None and fault.kind == "reset":
        return _Broken(Answer(200, b""), date, started=False)
    answer = pim.answer(call)
    if fault is not None and fault.kind == "reset_in_body":
        return _Broken(answer, date, started=True)
    if fault is not None:
        answer = Answer(answer.status, fault.spoilt(answer.content), answer.headers)
    return _Fixed(answer, date)


def _faulty(fault: Fault) -> Answer:
    content, kind = fault.content()
    headers: dict[str, Any] = {"content-type": kind, **fault.headers}
    if fault.retry_after is not None:
        headers["retry-after"] = str(fault.retry_after)
    if fault.location is not None:
        headers["location"] = fault.location
    return Answer(fault.status if fault.kind == "status" else 200, content, headers)
