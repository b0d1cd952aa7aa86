"""A small simulated PIM whose clock stands still, and a tap whose limits are as small."""

from __future__ import annotations

import json
import re
import sys
import threading
from contextlib import ExitStack, contextmanager
from datetime import datetime, timedelta, timezone
from typing import TYPE_CHECKING, Any
from unittest.mock import patch
from urllib.parse import parse_qsl, quote, urlencode

from starlette.applications import Starlette
from typing_extensions import override

from pim_simulator import SimulatedPim, serve
from tap_akeneo.client import http
from tap_akeneo.streams import base, resuming
from tests.soak.steps import CLOCKS_CHANGE, FOREVER, PAGE

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from starlette.types import Message, Receive, Scope, Send

    from tests.soak.steps import Failure, Setup

WINDOW = 20 * PAGE
"""Number of items that the small PIM numbers; 10,000 in a real one."""

SHORT = 0.0005
"""Seconds before a request is tried again."""

PACKAGES = ("tap_akeneo.", "pim_simulator.")
LIMITS: dict[str, object] = {
    "RESULT_WINDOW": WINDOW,
    "MAX_PAGE_SIZE": PAGE,
    "SIZES": (PAGE, PAGE // 2, 1),
    "MIN_PAGES_TO_SPLIT": 1,
    "MIN_PAGES": 1,
    "FIRST_WAIT": SHORT,
    "MAX_WAIT": SHORT,
}
"""Constants of the tap and the simulator, each as it is in a small world."""

PATHS = {
    "product_models": "product-models",
    "assets": "asset-families/{}/assets",
    "asset_families": "asset-families",
    "reference_entity_records": "reference-entities/{}/records",
    "reference_entities": "reference-entities",
    "categories": "categories",
    "families": "families",
    "attribute_options": "attributes/{}/options",
}
PARENTS = {
    "assets": "asset-families",
    "reference_entity_records": "reference-entities",
    "attribute_options": "attributes",
}
"""Paths of the lists of parents."""

BODIES: dict[str, tuple[int, object]] = {
    "403": (403, {"code": 403, "message": "Access forbidden. You are not allowed to do this."}),
    "404": (404, {"code": 404, "message": "It does not exist."}),
    "422": (422, {"code": 422, "message": "Property does not exist."}),
    "message": (200, {"message": "Service temporarily unavailable"}),
    "{}": (200, {}),
    "[]": (200, []),
}


def path_of(pim: SimulatedPim, stream: str) -> str:
    """Return the path of a stream's lists, with ``{}`` for the key of a parent."""
    products = "products-uuid" if pim.profile.by_uuid else "products"
    return PATHS.get(stream, products)


class _App(Starlette):
    """Passes each request to the PIM of the present play."""

    def __init__(self) -> None:
        super().__init__()
        self.current: Any = None

    @override
    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if self.current is not None:
            await self.current(scope, receive, send)


class Server(SimulatedPim):
    """Serves one PIM after the other at the same address, because starting a server takes time."""

    def __init__(self) -> None:
        super().__init__(products=0)
        self._app = _App()

    @override
    def app(self) -> Starlette:
        return self._app

    def show(self, pim: SimulatedPim, setup: Setup) -> None:
        """Serve another PIM."""
        pim.url = self.url
        app = pim.app()
        self._app.current = _SortedByBytes(app, setup.page_size) if setup.sorts_bytes else app


@contextmanager
def server() -> Iterator[Server]:
    """Serve PIMs until the end of the context."""
    one = Server()
    with serve(one):
        yield one


class _SortedByBytes:
    """A PIM whose lists of assets and records are sorted by the bytes of their codes.

    Upper case comes first then, and a cursor is taken as it is. Whether there is such a PIM is
    unknown, because Akeneo does not publish the mapping of these indexes.

    Args:
        app: The PIM, which sends these lists as one page.
        size: The page size.
    """

    LISTS = re.compile(r"/(asset-families|reference-entities)/[^/]+/(assets|records)$")

    def __init__(self, app: Starlette, size: int) -> None:
        self._app = app
        self._size = size

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not self.LISTS.search(scope["path"]):
            await self._app(scope, receive, send)
            return
        query = dict(parse_qsl(scope["query_string"].decode()))
        cursor = query.pop("search_after", None)
        sent: list[Message] = []

        async def collect(message: Message) -> None:
            sent.append(message)

        await self._app({**scope, "query_string": urlencode(query).encode()}, receive, collect)
        if sent and sent[0]["status"] == 200 and not sent[-1].get("more_body"):
            body = self._page(sent[1]["body"], cursor)
            others = [one for one in sent[0]["headers"] if one[0] != b"content-length"]
            sent[0]["headers"] = [*others, (b"content-length", b"%d" % len(body))]
            sent[1]["body"] = body
        for message in sent:
            await send(message)

    def _page(self, body: bytes, cursor: str | None) -> bytes:
        try:
            page = json.loads(body)
            items = page["_embedded"]["items"]
        except (ValueError, KeyError, TypeError):
            return body
        after = (cursor or "").encode()
        items = sorted(
            (item for item in items if (item["code"] or "").encode() > after or cursor is None),
            key=lambda item: (item["code"] or "").encode(),
        )
        page["_embedded"]["items"] = items[: self._size]
        page["_links"].pop("next", None)
        if len(items) >= self._size:
            last = quote(items[self._size - 1]["code"] or "")
            page["_links"]["next"] = {"href": f"http://pim/list?search_after={last}"}
        return json.dumps(page, separators=(",", ":")).encode()


class _StillClock:
    """A clock that stands still until it is advanced; also takes the place of module `time`."""

    def __init__(self, moment: datetime) -> None:
        self._lock = threading.Lock()
        self._moment = moment

    def now(self) -> datetime:
        with self._lock:
            return self._moment

    def advance(self, *, seconds: float = 0, **more: float) -> None:
        with self._lock:
            self._moment += timedelta(seconds=seconds, **more)

    def monotonic(self) -> float:
        return self.now().timestamp()

    def sleep(self, seconds: float) -> None:
        self.advance(seconds=seconds)


class SmallPim:
    """The PIM of one play.

    Args:
        setup: The PIM and the settings.
        server: Serves it.

    Attributes:
        pim: The simulated PIM.
        events: What to do before the requests with these numbers, from 1.
        faults: Number of failures that were added.
        tick: Seconds of the PIM's clock per request.
    """

    def __init__(self, setup: Setup, server: Server) -> None:
        self.setup = setup
        self.tick: float = setup.tick
        libraries = 3 if {"assets", "records"}.intersection(setup.topics) else 0
        self.pim = SimulatedPim(
            setup.profile,
            seed=setup.seed,
            products=0 if setup.is_long else 34,
            timezone=setup.zone,
            index_lag=setup.lag,
            asset_families=libraries,
            reference_entities=libraries,
            records=7,
        )
        self.pim.search_after_page_size = 10_000 if setup.sorts_bytes else setup.page_size
        self.events: dict[int, list[Callable[[], None]]] = {}
        self.faults = 0
        self._number = 0
        self._begin = self.pim.requests.begin
        self._server = server

    @contextmanager
    def served(self) -> Iterator[None]:
        """Serve it, and make the limits of the tap small."""
        setup, pim = self.setup, self.pim
        change = datetime.fromisoformat(CLOCKS_CHANGE[setup.zone]).astimezone(timezone.utc)
        clock = _StillClock(change - timedelta(minutes=setup.minutes))
        limits = {**LIMITS, "ITEMS_BETWEEN_STATES": setup.state_every}
        with ExitStack() as stack:
            stack.enter_context(patch.multiple(pim.clock, now=clock.now, advance=clock.advance))
            stack.enter_context(patch.object(pim.requests, "begin", self._begin_request))
            for module in (http, base, resuming):
                stack.enter_context(patch.object(module, "time", clock))
            modules = [one for name, one in sys.modules.items() if name.startswith(PACKAGES)]
            for changed in modules:
                for name in limits.keys() & vars(changed).keys():
                    stack.enter_context(patch.object(changed, name, limits[name]))
            self._server.show(pim, setup)
            yield

    def _begin_request(self) -> None:
        self._begin()
        self._number += 1
        if self.tick:
            # Between nothing and all of it, in turn.
            self.pim.clock.advance(seconds=self.tick * (self._number % 5) / 4)
        for event in self.events.pop(self._number, ()):
            event()

    def start(self) -> None:
        """Count requests from the beginning."""
        self._number = 0
        self.pim.requests.clear()

    def add_failure(self, failure: Failure, stream: str, key: str) -> None:
        """Make requests for a stream's lists fail.

        Args:
            failure: How.
            stream: The stream.
            key: The key of an item in it, which may be shown without its key.
        """
        faults, times, nth = self.pim.faults, failure.times, failure.nth
        path = "/" + path_of(self.pim, stream).partition("{}")[0].strip("/")
        self.faults += 1
        if failure.kind == "null key":
            name = "code" if path != "/products-uuid" else "uuid"
            name = "identifier" if path == "/products" else name
            shown = {f'"{name}":"{key}"': f'"{name}":null'}
            faults.add("odd", path, nth=nth, times=FOREVER, odd=shown)
        elif failure.kind == "expired token":
            faults.add("event", path, nth=nth, do=self.pim.tokens.expire_access)
        elif failure.kind in BODIES:
            status, body = BODIES[failure.kind]
            faults.add("status", path, nth=nth, times=times, status=status, body=body)
        elif failure.kind.isdecimal():
            faults.add("status", path, nth=nth, times=times, status=int(failure.kind))
        else:
            faults.add(failure.kind, path, nth=nth, times=times)  # type: ignore[arg-type]

    def refused_lists(self) -> set[str]:
        """Return the paths of the lists whose first page the PIM refused since `start`."""
        return {
            request.path.removeprefix("/api/rest/v1/")
            for request in self.pim.requests
            if request.status == 403
            and "search_after" not in request.query
            and request.query.get("page", "1") == "1"
        }
