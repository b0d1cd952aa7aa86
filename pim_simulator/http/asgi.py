"""The ASGI application: logs requests, delays responses and injects faults."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any, Protocol
from urllib.parse import parse_qsl, unquote

from starlette import responses
from starlette.applications import Starlette
from starlette.routing import Route
from typing_extensions import override

from pim_simulator.database.clock import Clock, http_date
from pim_simulator.http.messages import Request, Response
from pim_simulator.http.requests_log import AnsweredRequest, RequestLog

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from starlette import requests
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


class _Fixed(responses.Response):
    """A response with given bytes, and the Date header of the simulated clock."""

    def __init__(self, response: Response, date: str) -> None:
        headers = {**response.headers, "date": date, "server": "Apache"}
        super().__init__(response.content, response.status, headers)


class _Broken(_Fixed):
    """A response whose connection is reset within the body, or before it."""

    def __init__(self, response: Response, date: str, *, started: bool) -> None:
        super().__init__(response, date)
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

    def respond(self, request: Request) -> Response:
        """Return the response to a request."""


def make_app(pim: Served) -> Starlette:
    """Return the application."""

    async def endpoint(incoming: requests.Request) -> responses.Response:
        pim.requests.begin()
        raw_path: bytes = incoming.scope.get("raw_path") or incoming.url.path.encode()
        path = unquote(raw_path.decode("latin-1"))
        raw_query = incoming.scope["query_string"].decode("latin-1")
        query = dict(parse_qsl(raw_query, keep_blank_values=True))
        headers = dict(incoming.headers)
        at = pim.clock.now()
        status = 0
        try:
            content = await incoming.body()
            if pim.latency:
                await asyncio.sleep(pim.latency)
            if any(part in path for part in pim.hanging):
                await _hang(incoming, pim.hanging)
            base = pim.links_base or f"{incoming.url.scheme}://{headers.get('host', '')}"
            request = Request(incoming.method, path, query, headers, content, base, raw_query)
            response = await _respond(pim, request, raw_path)
            if not isinstance(response, _Broken):
                status = response.status_code
            return response
        finally:
            pim.requests.end(AnsweredRequest(incoming.method, path, query, status, at, headers))

    return Starlette(routes=[Route("/{path:path}", endpoint, methods=_METHODS)])


async def _hang(incoming: requests.Request, hanging: AbstractSet[str]) -> None:
    """Keep a request waiting until its client gives up, or its path stops hanging."""
    while any(part in incoming.url.path for part in hanging):
        if await incoming.is_disconnected():
            return
        await asyncio.sleep(_HANGING)


async def _respond(pim: Served, request: Request, raw_path: bytes) -> responses.Response:
    fault = pim.faults.take(request.method, request.path)
    if fault is not None and fault.delay:
        await asyncio.sleep(fault.delay)
    if fault is not None and fault.do:
        fault.do()
    date = http_date(pim.clock.now())
    if fault is not None and fault.kind in ("status", "html"):
        return _Fixed(_faulty(fault), date)
    if b"%2f" in raw_path.lower():
        return _Fixed(Response(404, _APACHE_404, {"content-type": "text/html"}), date)
    if fault is not None and fault.kind == "reset":
        return _Broken(Response(200, b""), date, started=False)
    response = pim.respond(request)
    if fault is not None and fault.kind == "reset_in_body":
        return _Broken(response, date, started=True)
    if fault is not None:
        response = Response(response.status, fault.changed(response.content), response.headers)
    return _Fixed(response, date)


def _faulty(fault: Fault) -> Response:
    content, kind = fault.content()
    headers: dict[str, Any] = {"content-type": kind, **fault.headers}
    if fault.retry_after is not None:
        headers["retry-after"] = str(fault.retry_after)
    if fault.location is not None:
        headers["location"] = fault.location
    return Response(fault.status if fault.kind == "status" else 200, content, headers)
