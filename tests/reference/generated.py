"""A PIM whose lists hold everything that the facts of a description allow.

Fields are absent, null or of any type and enum that they may have; there are further fields, and
empty and odd texts. The same path always has the same items.
"""

from __future__ import annotations

import re
import zlib
from contextlib import contextmanager
from datetime import datetime, timezone
from email.utils import format_datetime
from functools import cache
from random import Random
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import unquote

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from pim_simulator.http.server import running
from tap_akeneo.pagination.request import Pagination
from tests.reference.compare import anonymous, paths_of, properties_of, record_of, stream_at
from tests.reference.facts import PREFIX, load

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from starlette.requests import Request

    from tests.reference.facts import Json

T = TypeVar("T")

ODD = ("", "0", "true", "é\u2028ß", 'a"b\\c', "a/b c", "[]", "x" * 300, "2020-02-30")
CODES = ("en_US", "0", "a-b", "É", "_links2")
ENDS = ("", "É", " b", "%2F", '"', "-")
"""Ends of the codes of items. Those of the PIM have no slash where a list lies below them."""

ITEMS, CHILDREN = 32, 4
"""Items of a list, and of each list below an item."""

VERSION = {"version": "20260907000000", "edition": "Serenity"}

OPERATIONS = {
    path: operation for path, operation in paths_of(load("saas")) if stream_at(path) is not None
}
"""The paths that streams read."""


class Generator:
    """Makes values of schemas, with each alternative in its turn."""

    def __init__(self, seed: str) -> None:
        self._random = Random(seed)  # noqa: S311 (no secret)
        self._turns: dict[int, int] = {}

    def value(self, schema: Json) -> Any:
        """Return a value that a schema allows."""
        if "enum" in schema:
            return self._next(schema, schema["enum"])
        for name in ("anyOf", "oneOf"):
            if name in schema:
                return self.value(self._next(schema, schema[name]))
        kinds = schema.get("type", "object")
        return self._of(self._next(schema, [kinds] if isinstance(kinds, str) else kinds), schema)

    def object(self, schema: Json) -> Json:
        """Return an object with some of the fields of a schema."""
        known = dict(properties_of(schema))
        if known:
            made = {name: self.value(one) for name, one in known.items() if self._chance(0.7)}
            return {**made, "newer": self._random.choice(ODD)} if self._chance(0.5) else made
        inner = next(iter(schema.get("patternProperties", {}).values()), {"type": "string"})
        inner = schema.get("additionalProperties", inner)
        codes = self._random.sample(CODES, self._random.randint(0, 2))
        return {code: self.value(inner) for code in codes}

    def _of(self, kind: str, schema: Json) -> Any:
        if kind == "object":
            return self.object(schema)
        if kind == "array":
            items = schema.get("items", {"type": "string"})
            return [self.value(items) for _ in range(self._random.randint(0, 2))]
        if kind == "string":
            return self._text(schema)
        choices: dict[str, Sequence[Any]] = {
            "null": (None,),
            "boolean": (True, False),
            "integer": (-5, 0, 10**9),
            "number": (3, 0.5, -1.25, 1e-7),
        }
        return self._random.choice(choices[kind])

    def _text(self, schema: Json) -> str:
        if schema.get("format") != "date-time":
            return self._random.choice(ODD)
        year, zone = self._random.randint(1990, 2089), self._random.choice(("+00:00", "-05:00"))
        return f"{year}-{self._random.randint(1, 12):02}-28T23:59:07{zone}"

    def _next(self, schema: Json, choices: Sequence[T]) -> T:
        turn = self._turns.get(id(schema), self._random.randrange(len(choices)))
        self._turns[id(schema)] = turn + 1
        return choices[turn % len(choices)]

    def _chance(self, share: float) -> bool:
        return self._random.random() < share


class GeneratedPim:
    """Serves generated items at each path that a stream reads.

    Args:
        seed: Other items for each seed.

    Attributes:
        served: Paths that were read, decoded, and their items.
    """

    def __init__(self, seed: int) -> None:
        self._seed = seed
        self.served: dict[tuple[str, tuple[str, ...]], list[Json]] = {}

    def app(self) -> Starlette:
        """Return the ASGI application."""
        return Starlette(routes=[Route("/{path:path}", self._respond)])

    async def _respond(self, request: Request) -> JSONResponse:
        path = request.scope["raw_path"].decode().partition(PREFIX)[2].strip("/")
        return JSONResponse(
            self._body(path, request.query_params),
            headers={"Date": format_datetime(datetime.now(timezone.utc), usegmt=True)},
        )

    def _body(self, path: str, query: Mapping[str, str]) -> Any:
        if not path:
            routes = (f"{PREFIX}/{one}" for one in OPERATIONS)
            return {"routes": {one: {"route": one, "methods": ["GET"]} for one in routes}}
        if path == "system-information":
            return VERSION
        template, parts = _template_of(path)
        stream = stream_at(template)
        assert stream is not None
        items = self.served[template, parts] = items_at(template, parts, self._seed)
        if stream.pagination is Pagination.SINGLE:
            return items[0]
        if stream.pagination is Pagination.ARRAY:
            return items
        limit = int(query.get("limit", "100"))
        after, start = query.get("search_after", ""), (int(query.get("page", "1")) - 1) * limit
        key = stream.primary_keys[-1]
        following = [one for one in items if not after or one[key].lower() > after.lower()]
        return {
            "_links": {"self": {"href": "http://pim/"}, "first": {"href": "http://pim/"}},
            "items_count": len(items),
            "_embedded": {"items": following[start : start + limit]},
        }


@contextmanager
def serve_generated(seed: int = 0) -> Iterator[tuple[GeneratedPim, str]]:
    """Serve generated items for the duration of a ``with`` block; yield the PIM and its URL."""
    pim = GeneratedPim(seed)
    with running(pim.app(), host="127.0.0.1", port=0, certificate=None) as url:
        yield pim, url


def _template_of(path: str) -> tuple[str, tuple[str, ...]]:
    """Return the path of the description that a path fits, and what its placeholders are."""
    for template in sorted(OPERATIONS, key=lambda one: one.count("{")):
        pattern = "([^/]+)".join(map(re.escape, anonymous(template).split("{}")))
        if (found := re.fullmatch(pattern, path)) is not None:
            return template, tuple(map(unquote, found.groups()))
    msg = f"no path of the description fits {path}"
    raise ValueError(msg)


@cache
def items_at(template: str, parts: tuple[str, ...], seed: int = 0) -> list[Json]:
    """Return the items of a list, in the order of their keys; for a single item, only this one."""
    stream = stream_at(template)
    assert stream is not None
    generator, schema = Generator(f"{template} {parts} {seed}"), record_of(OPERATIONS[template])
    parents = dict(zip(re.findall(r"\{(\w+)\}", stream.path), parts, strict=True))
    key = stream.primary_keys[-1]
    items = []
    is_single = stream.pagination is Pagination.SINGLE
    for number in range(1 if is_single else CHILDREN if parts else ITEMS):
        item = generator.object(schema)
        item |= {name: code for name, code in parents.items() if name in item}
        for step_number, step in enumerate(item.get("steps", ())):
            step["uuid"] = _key("uuid", f"{template} {parts}", step_number)
        if not is_single:
            item[key] = _key(key, f"{template} {parts}", number)
        elif key in dict(properties_of(schema)):
            item[key] = parts[-1]
        items.append(item)
    return items


def _key(name: str, path: str, number: int) -> str:
    """Return the key of an item, which only one of its list has; uuids exist only once."""
    if name == "code":
        return f"{number:03}{ENDS[number % len(ENDS)]}"
    return f"{zlib.crc32(path.encode()):08x}-0000-4000-8000-{number:012}"
