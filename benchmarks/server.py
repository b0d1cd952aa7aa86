"""A fast PIM for the benchmarks: few resources, and pages that are joined from encoded items.

The simulated PIM of the tests encodes each product on request, which would be the slowest part of a
benchmark. This server gives the same responses, and a test compares the two. It has one thread for
each connection, and sends whole pages without holding Python's global lock.

``python -m benchmarks.server`` writes its URL to stdout. Then it reads commands from stdin, one
JSON object a line, and writes one JSON object for each: ``{"catalogue": {...}, "latency": 0.3}``
creates a catalogue (see `make_catalogue`) and resets the counts, ``{}`` returns the counts.
"""

from __future__ import annotations

import contextlib
import gc
import json
import socket
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO
from urllib.parse import parse_qsl, unquote, urlsplit

from benchmarks.access import CREDENTIALS
from benchmarks.catalogue import Catalogue, ProductList, encode, make_catalogue
from pim_simulator.database.clock import Clock, ServerZone, http_date
from pim_simulator.database.profiles import PROFILES
from pim_simulator.http.errors import ApiError, no_route
from pim_simulator.http.messages import PREFIX
from pim_simulator.http.oauth import TokenEndpoint, Tokens
from pim_simulator.http.paging import Paging, page_links, read_paging, search_after_links

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from benchmarks.catalogue import Encoded

PROFILE = PROFILES["ce-7"]
_RESULT_WINDOW = 10_000
_PROBE = 10
_FOREVER = 2**62
_ZONE = ServerZone("UTC")
_PRODUCTS = f"{PREFIX}/products-uuid"
_ATTRIBUTES = f"{PREFIX}/attributes"
_CHANNELS = f"{PREFIX}/channels"
_ROUTES = (
    "/products-uuid",
    "/attributes",
    "/channels",
    "/attributes/{attributeCode}/options",
    "/system-information",
)


@dataclass
class Asked:
    """Counts of the requests since the last reset.

    Attributes:
        requests: Number of requests by kind: ``token``, ``routes``, ``information``, ``probe``
            (a page of a few items, for the count, the time zone or a position), ``page`` (any
            other page of a list), ``refused`` (an error).
        highest_concurrency: Largest number of parallel requests. A request counts until the last
            byte of its response has been sent.
        repeated_pages: Pages that were requested again with the same parameters.
        items: Distinct items sent in pages, by list: ``products``, ``attributes``, ``channels``,
            ``options``.
        repeated_items: Items that were sent again.
        empty_pages: Pages without items.
        connections: Number of connections opened.
        size: Total size of all bodies sent, in bytes.
    """

    requests: Counter[str] = field(default_factory=Counter)
    highest_concurrency: int = 0
    repeated_pages: int = 0
    items: Counter[str] = field(default_factory=Counter)
    repeated_items: int = 0
    empty_pages: int = 0
    connections: int = 0
    size: int = 0


@dataclass(frozen=True)
class _Request:
    method: str
    path: str
    query: dict[str, str]
    target: str
    headers: Mapping[str, str]
    content: bytes


@dataclass(frozen=True)
class _Answer:
    """A response: its status, and its body in pieces."""

    status: int
    body: list[bytes]
    kind: str = "other"
    list_name: str = ""
    keys: tuple[str, ...] = ()


class BenchmarkPim:
    """A PIM that serves a catalogue and counts the requests.

    Args:
        base: Scheme and host for the links.
        catalogue: Content of the PIM.
        latency: Seconds by which each response is delayed.
    """

    def __init__(self, base: str, catalogue: Catalogue, latency: float = 0) -> None:
        self.base = base
        self.catalogue = catalogue
        self.latency = latency
        clock = Clock()
        self._tokens = Tokens(clock)
        self._token_endpoint = TokenEndpoint(self._tokens, CREDENTIALS)
        routes = {
            f"pim_api_{number}": {"route": PREFIX + path, "methods": ["GET"]}
            for number, path in enumerate(_ROUTES)
        }
        self._routes = encode({"host": base, "authentication": {}, "routes": routes})
        self._lock = threading.Lock()
        self._in_flight = 0
        self.forget()

    def forget(self) -> None:
        """Reset the counts."""
        with self._lock:
            self.asked = Asked()
            self._targets: set[str] = set()
            self._sent: set[str] = set()

    @contextlib.contextmanager
    def counting(self) -> Iterator[None]:
        """Count a request as active during a ``with`` block."""
        with self._lock:
            self._in_flight += 1
            self.asked.highest_concurrency = max(self.asked.highest_concurrency, self._in_flight)
        try:
            yield
        finally:
            with self._lock:
                self._in_flight -= 1

    def answer(self, request: _Request) -> _Answer:
        """Return the response to a request, and count the request."""
        try:
            answer = self._answer(request)
        except ApiError as error:
            answer = _Answer(error.status, [encode(error.body())], "refused")
        self._note(request.target, answer)
        return answer

    def _note(self, target: str, answer: _Answer) -> None:
        with self._lock:
            asked = self.asked
            asked.requests[answer.kind] += 1
            asked.size += sum(map(len, answer.body))
            if answer.kind != "page":
                return
            asked.repeated_pages += target in self._targets
            self._targets.add(target)
            before = len(self._sent)
            self._sent.update(answer.keys)
            new = len(self._sent) - before
            asked.items[answer.list_name] += new
            asked.repeated_items += len(answer.keys) - new
            asked.empty_pages += not answer.keys

    def _answer(self, request: _Request) -> _Answer:
        path = request.path
        if path == "/api/oauth/v1/token" and request.method == "POST":
            token = self._token_endpoint.answer(request.headers, request.content, 3600)
            return _Answer(200, [encode(token)], "token")
        if request.method != "GET":
            raise no_route(request.method, self.base + path)
        if path == PREFIX:
            return _Answer(200, [self._routes], "routes")
        scheme, _, token_given = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer":
            raise ApiError(401, "Authentication is required")
        self._tokens.check_access(token_given)
        if path == f"{PREFIX}/system-information":
            body = {"version": PROFILE.version, "edition": PROFILE.edition}
            return _Answer(200, [encode(body)], "information")
        if path == _PRODUCTS:
            return self._products(request.query)
        structure = {_ATTRIBUTES: self.catalogue.attributes, _CHANNELS: self.catalogue.channels}
        if path in structure:
            name = path.removeprefix(f"{PREFIX}/")
            return self._rows(name, path, structure[path], request.query)
        attribute = path.removeprefix(f"{_ATTRIBUTES}/").removesuffix("/options")
        options = self.catalogue.options.get(attribute)
        if options is not None and path == f"{_ATTRIBUTES}/{attribute}/options":
            return self._rows("options", path, options, request.query)
        raise no_route(request.method, self.base + path)

    def _products(self, query: dict[str, str]) -> _Answer:
        products = self.catalogue.products
        paging = read_paging(query, search_after_allowed=True)
        first, last = _window(query.get("search"))
        kept = _kept_parameters(query, paging)
        rows: list[int] = products.rows(first, last)
        head: dict[str, Any]
        if paging.search_after:
            start = _first_after(products, rows, paging.cursor)
        elif paging.offset + paging.limit > _RESULT_WINDOW:
            raise ApiError(422, "You have reached the maximum number of pages.")
        else:
            start = paging.offset
        page = [products.products[row] for row in rows[start : start + paging.limit]]
        if paging.search_after:
            following = page[-1].key if page else None
            links = search_after_links(
                self.base, _PRODUCTS, kept, paging, count=len(page), following=following
            )
            head = {"_links": links}
        else:
            links = page_links(self.base, _PRODUCTS, kept, paging, len(page))
            head = {"_links": links, "current_page": paging.page}
            if paging.with_count:
                head["items_count"] = len(rows)
        return _page("products", head, page, paging, query)

    def _rows(
        self, list_name: str, path: str, rows: list[Encoded], query: dict[str, str]
    ) -> _Answer:
        paging = read_paging(query, search_after_allowed=False)
        page = rows[paging.offset : paging.offset + paging.limit]
        defaults = {"page": "1", "limit": str(paging.limit), "with_count": "false"}
        links = page_links(self.base, path, {**defaults, **query}, paging, len(page))
        head: dict[str, Any] = {"_links": links, "current_page": paging.page}
        if paging.with_count:
            head["items_count"] = len(rows)
        return _page(list_name, head, page, paging, query)


def _page(
    list_name: str,
    head: dict[str, Any],
    page: list[Encoded],
    paging: Paging,
    query: Mapping[str, str],
) -> _Answer:
    extras = [
        name for name in ("with_quality_scores", "with_completenesses") if query.get(name) == "true"
    ]
    body = [encode(head)[:-1], b',"_embedded":{"items":[']
    for number, item in enumerate(page):
        if number:
            body.append(b",")
        # The value of `attributes` does not matter: no contestant requests other attributes.
        body += (item.small,) if query.get("attributes") else item.body
        body += [item.extras[name] for name in extras if name in item.extras]
        body.append(b"}")
    body.append(b"]}}")
    keys = tuple(item.key for item in page)
    kind = "probe" if paging.limit <= _PROBE else "page"
    return _Answer(200, body, kind, list_name, keys)


def _window(search: str | None) -> tuple[int, int]:
    """Return the first and the last second that a ``search`` matches."""
    first, last = 0, _FOREVER
    try:
        filters = json.loads(search or "{}")
    except ValueError:
        raise ApiError(400, "Search query parameter should be valid JSON.") from None
    for name, conditions in filters.items():
        for condition in conditions:
            operator, value = condition["operator"], condition["value"]
            moments = [_ZONE.parse_wall_time(text) for text in _as_list(value)]
            if name != "updated" or None in moments:
                raise ApiError(422, f'Filter on property "{name}" is not supported')
            known = [moment for moment in moments if moment is not None]
            if operator == ">":
                first = max(first, known[0] + 1)
            elif operator == "<":
                last = min(last, known[0] - 1)
            elif operator == "BETWEEN":
                first, last = max(first, known[0]), min(last, known[1])
            else:
                raise ApiError(422, f'Operator "{operator}" is not supported')
    return first, last


def _as_list(value: Any) -> list[Any]:  # noqa: ANN401 (JSON)
    return value if isinstance(value, list) else [value]


def _first_after(products: ProductList, rows: list[int], cursor: str | None) -> int:
    """Return the index of the first row after a cursor."""
    if cursor is None:
        return 0
    low, high = 0, len(rows)
    while low < high:
        middle = (low + high) // 2
        if products.keys[rows[middle]] <= cursor.lower():
            low = middle + 1
        else:
            high = middle
    return low


def _kept_parameters(query: Mapping[str, str], paging: Paging) -> dict[str, str]:
    """Return the query parameters for the links of the product list, in the PIM's order."""
    kept = {} if paging.search_after else {"page": str(paging.page)}
    kept |= {
        "with_count": query.get("with_count", "false"),
        "pagination_type": "search_after" if paging.search_after else "page",
        "limit": str(paging.limit),
    }
    if query.get("search"):
        search = json.dumps(json.loads(query["search"]), separators=(",", ":"))
        kept["search"] = search.replace("/", "\\/")
    if query.get("attributes"):
        kept["attributes"] = query["attributes"]
    for name in ("with_attribute_options", "with_quality_scores", "with_completenesses"):
        if query.get(name) == "true":
            kept[name] = "true"
    return kept


@contextlib.contextmanager
def serve_benchmark(make: Callable[[str], BenchmarkPim]) -> Iterator[BenchmarkPim]:
    """Serve a PIM on the loopback interface for the duration of a ``with`` block.

    Args:
        make: Creates the PIM from its URL.
    """
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listening:
        pim = make(f"http://127.0.0.1:{listening.getsockname()[1]}")
        thread = threading.Thread(target=_accept, args=(pim, listening), daemon=True)
        thread.start()
        try:
            yield pim
        finally:
            listening.shutdown(socket.SHUT_RDWR)  # wakes the thread; closing would not
            thread.join()


def _accept(pim: BenchmarkPim, listening: socket.socket) -> None:
    while True:
        try:
            connection, _ = listening.accept()
        except OSError:  # shut down
            return
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        pim.asked.connections += 1
        threading.Thread(target=_serve_connection, args=(pim, connection), daemon=True).start()


def _serve_connection(pim: BenchmarkPim, connection: socket.socket) -> None:
    with contextlib.suppress(ConnectionError), connection, connection.makefile("rb") as stream:
        while (request := _read_request(stream)) is not None:
            with pim.counting():
                if pim.latency:
                    time.sleep(pim.latency)
                answer = pim.answer(request)
                size = sum(map(len, answer.body))
                head = (
                    f"HTTP/1.1 {answer.status} {'OK' if answer.status == 200 else 'Refused'}\r\n"  # noqa: PLR2004
                    f"Date: {http_date(Clock().now())}\r\n"
                    "Server: Apache\r\nContent-Type: application/json\r\n"
                    f"Content-Length: {size}\r\n\r\n"
                )
                connection.sendall(b"".join([head.encode(), *answer.body]))


def _read_request(stream: BinaryIO) -> _Request | None:
    line = stream.readline()
    if not line:
        return None
    method, target, _ = line.decode("latin-1").split(" ", 2)
    headers: dict[str, str] = {}
    while (line := stream.readline()) not in (b"\r\n", b""):
        name, _, value = line.decode("latin-1").partition(":")
        headers[name.lower()] = value.strip()
    content = stream.read(int(headers.get("content-length", "0")))
    parts = urlsplit(target)
    query = dict(parse_qsl(parts.query, keep_blank_values=True))
    return _Request(method, unquote(parts.path), query, target, headers, content)


def main() -> None:
    """Serve, and execute the commands from stdin, until stdin ends."""

    def say(message: Mapping[str, Any]) -> None:
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()

    def empty(url: str) -> BenchmarkPim:
        return BenchmarkPim(url, Catalogue(ProductList([])))

    made: tuple[object, Catalogue] | None = None
    with serve_benchmark(empty) as pim:
        say({"url": pim.base})
        started = time.process_time()
        for line in sys.stdin:
            order = json.loads(line)
            if not order:
                asked = vars(pim.asked) | {"cpu": time.process_time() - started}
                say(asked)
                continue
            if made is None or made[0] != order["catalogue"]:
                made = (order["catalogue"], make_catalogue(pim.base, **order["catalogue"]))
                gc.collect()
                gc.freeze()  # so that later collections skip the products
            pim.catalogue, pim.latency = made[1], order["latency"]
            pim.catalogue.products.rows(0, _FOREVER)
            pim.forget()
            say(
                {
                    "products": len(pim.catalogue.products.keys),
                    "options": sum(map(len, pim.catalogue.options.values())),
                    "quarters": _quarters(pim.catalogue.products.keys),
                }
            )
            started = time.process_time()


def _quarters(keys: list[str]) -> list[str]:
    """Return cursors that divide a list into four, at the ends of pages of 100."""
    cut = max(len(keys) // 400, 1) * 100
    return [keys[place - 1] for place in (cut, 2 * cut, 3 * cut) if place <= len(keys)]


if __name__ == "__main__":
    main()
