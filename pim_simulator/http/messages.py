"""A request and its response, as the handlers see them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pim_simulator.http.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pim_simulator.database.php import Json


PREFIX = "/api/rest/v1"
TOKEN_PATH = "/api/oauth/v1/token"  # noqa: S105 - a path


@dataclass(frozen=True)
class Request:
    """A request.

    Attributes:
        method: HTTP method.
        path: Decoded path.
        query: Decoded query parameters.
        headers: Headers, names in lower case.
        content: Body.
        base: Scheme and host that the PIM puts into its links.
        raw_query: Query string as it was sent.
        parts: Values of the placeholders in the route's path.
    """

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    content: bytes
    base: str
    raw_query: str = ""
    parts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Response:
    """A response.

    Attributes:
        status: HTTP status.
        content: Body.
        headers: Headers, names in lower case.
    """

    status: int
    content: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def encode(body: Json) -> bytes:
    """Return a body as JSON."""
    return json.dumps(body, separators=(",", ":")).encode()


def parse_json(text: str | bytes) -> Json:
    """Return the value of a JSON text; None if it is invalid."""
    try:
        return json.loads(text)
    except ValueError:
        return None


def decode_object(content: bytes) -> dict[str, Any]:
    """Return the object in the body of a request, or raise a 400."""
    data = parse_json(content)
    if data == []:  # the same in PHP (recorded on 7.0.84)
        return {}
    if not isinstance(data, dict):
        raise ApiError(400, "Invalid json message received")
    return data


def json_response(
    body: Json, status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    """Return a JSON response."""
    return Response(status, encode(body), {"content-type": "application/json", **(headers or {})})


def page_response(head: Mapping[str, Any], items: list[bytes]) -> Response:
    """Return a page of items that are already encoded."""
    start = encode(head)[:-1]
    content = b'%s,"_embedded":{"items":[%s]}}' % (start, b",".join(items))
    return Response(200, content, {"content-type": "application/json"})
