"""An HTTP server that runs in a thread."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import struct
import threading
from typing import TYPE_CHECKING, Any

import uvicorn
from typing_extensions import override
from uvicorn.protocols.http.h11_impl import H11Protocol

from pim_simulator.http.asgi import ABORT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from starlette.applications import Starlette
    from starlette.types import Receive, Scope, Send

_START_TIMEOUT = 30.0


class _Protocol(H11Protocol):
    """HTTP/1.1 that lets the application reset its connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - uvicorn's arguments
        super().__init__(*args, **kwargs)
        inner = self.app

        async def app(scope: Scope, receive: Receive, send: Send) -> None:
            scope.setdefault("extensions", {})[ABORT] = self._abort
            await inner(scope, receive, send)

        self.app = app

    @override
    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        # asyncio sets this only if the listening socket names its protocol. Without it, the
        # body of a response waits 40 ms after its head (Nagle, delayed ACK).
        endpoint = transport.get_extra_info("socket")
        endpoint.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _abort(self) -> None:
        endpoint = self.transport.get_extra_info("socket")
        if endpoint is not None:  # a close that does not linger sends RST
            linger = struct.pack("ii", 1, 0)
            endpoint.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.transport.abort()


class _Server(uvicorn.Server):
    """A server that runs in a thread and installs no signal handlers."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    @override
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    @override
    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()


@contextlib.contextmanager
def running(app: Starlette, *, host: str, port: int, certificate: Path | None) -> Iterator[str]:
    """Serve an application for the duration of a ``with`` block; yield its URL."""
    config = uvicorn.Config(
        app,
        http=_Protocol,
        ws="none",
        lifespan="off",
        log_config=None,
        log_level="critical",
        access_log=False,
        server_header=False,
        date_header=False,
        timeout_graceful_shutdown=5,
        backlog=128,
        ssl_certfile=certificate,
    )
    server = _Server(config)
    with socket.create_server((host, port)) as listening:
        listening.set_inheritable(False)
        scheme = "https" if certificate else "http"
        url = f"{scheme}://{host}:{listening.getsockname()[1]}"
        thread = threading.Thread(
            target=_run, args=(server, listening), name=f"pim-simulator {url}", daemon=True
        )
        thread.start()
        try:
            if not server.ready.wait(_START_TIMEOUT):
                message = "The simulated PIM did not start."
                raise RuntimeError(message)
            yield url
        finally:
            server.should_exit = True
            thread.join()


def _run(server: uvicorn.Server, listening: socket.socket) -> None:
    asyncio.run(server.serve(sockets=[listening]))
