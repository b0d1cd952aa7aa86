"""A request and its answer, as the handlers see them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pim_simulator.json_types import Json


@dataclass(frozen=True)
class Call:
    """A request.

    Attributes:
        method: HTTP method.
        path: Decoded path.
        query: Decoded query parameters.
        headers: Headers, names in lower case.
        content: Body.
        base: Scheme and host which the PIM puts into its links.
        parts: Parts of the path which stand for the placeholders of the route.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes
    base: str
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Answer:
    """An answer.

    Attributes:
        status: HTTP status.
        content: Body.
        headers: Headers.
    """

    status: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def encode(body: Json) -> bytes:
    """Return JSON."""
    return json.dumps(body, separators=(",", ":")).encode()


def json_answer(body: Json, status: int = 200) -> Answer:
    """Return an answer in JSON."""
    return Answer(status, encode(body), {"content-type": "application/json"})


def page_answer(head: Mapping[str, Any], items: list[bytes]) -> Answer:
    """Return a page of items that are encoded already."""
    start = encode(head)[:-1]
    content = b'%s,"_embedded":{"items":[%s]}}' % (start, b",".join(items))
    return Answer(200, content, {"content-type": "application/json"})
