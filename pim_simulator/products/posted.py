"""Parameters of the list of products in the body of a request: ``POST /products-uuid/search``.

Source: Akeneo's OpenAPI document of SaaS, ``search_products_uuid``, as of the client
schallym/node-akeneo-api-client at 5e6eaf3 and of the web API's Swagger document. They name the
fields, their types and their maxima, but not what the errors say, nor what happens to other fields.
They are refused here, so that nobody relies on them.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pim_simulator.http.errors import ApiError
from pim_simulator.http.messages import decode_object, parse_json

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pim_simulator.http.messages import Request

PAGING = {"pagination_type", "page", "search_after", "limit", "with_count"}
"""What stays in the query string."""

_TEXTS = {"search", "scope", "locales", "attributes", "with_readiness"}
_BOOLEANS = {
    *("convert_measurements", "with_attribute_options", "with_asset_share_links"),
    *("with_completenesses", "with_workflow_execution_statuses", "with_quality_scores__products"),
}
_MOST_CRITERIA = 20
_MOST_ITEMS = 800  # attributes, and values of a condition


def posted(request: Request) -> Request:
    """Return a request with the parameters of its body in its query."""
    if others := request.query.keys() - PAGING:
        raise ApiError(422, f'Query parameter "{min(others)}" is not supported.')
    body = decode_object(request.content)
    for name, value in body.items():
        kind = str if name in _TEXTS else bool if name in _BOOLEANS else None
        if kind is None or not isinstance(value, kind):
            raise ApiError(422, f'Field "{name}" is not expected, or has a wrong type.')
    _check_maxima(body)
    query = {
        name.partition("__")[0]: value if isinstance(value, str) else str(value).lower()
        for name, value in body.items()
    }
    return replace(request, query={**query, **request.query})


def _check_maxima(body: dict[str, Any]) -> None:
    if len(body.get("attributes", "").split(",")) > _MOST_ITEMS:
        raise ApiError(422, f"You cannot request more than {_MOST_ITEMS} attributes.")
    conditions = list(_conditions(body.get("search", "{}")))
    if len(conditions) > _MOST_CRITERIA:
        raise ApiError(422, f"You cannot use more than {_MOST_CRITERIA} search criteria.")
    for condition in conditions:
        value = condition.get("value")
        if isinstance(value, list) and len(value) > _MOST_ITEMS:
            raise ApiError(422, f"You cannot search for more than {_MOST_ITEMS} items.")


def _conditions(search: str) -> Iterator[dict[str, Any]]:
    """Yield the conditions of a search that is valid; the list refuses others."""
    filters = parse_json(search)
    for conditions in filters.values() if isinstance(filters, dict) else ():
        if isinstance(conditions, list):
            yield from (one for one in conditions if isinstance(one, dict))
