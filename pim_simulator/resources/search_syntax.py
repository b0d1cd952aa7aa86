"""Parse the ``search`` parameter of ``/products``, ``/products-uuid`` and ``/product-models``."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pim_simulator.database.php import php_type
from pim_simulator.http.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pim_simulator.database.json_types import Json

Filters = dict[str, list[dict[str, Any]]]


def read_search(query: Mapping[str, str], *, models: bool) -> Filters:
    """Return the filters of a request; invalid JSON is a 400, for models a 422 (recorded)."""
    if "search" not in query:
        return {}
    try:
        search = json.loads(query["search"])
    except ValueError:
        search = None
    if not isinstance(search, (dict, list)):
        status = 422 if models else 400
        raise ApiError(status, "Search query parameter should be valid JSON.")
    if isinstance(search, list):  # a PHP array is both
        search = {str(number): filters for number, filters in enumerate(search)}
    for name, filters in search.items():
        if not isinstance(filters, list) or not filters:
            structure = f'{{"{name}":[{{"operator": "my_operator", "value": "my_value"}}]}}'
            message = f'Structure of filter "{name}" should respect this structure: {structure}'
            raise ApiError(422, message)
        for condition in filters:
            if not isinstance(condition, dict) or condition.get("operator") is None:
                raise ApiError(422, f'Operator is missing for the property "{name}".')
            operator = condition["operator"]
            if not isinstance(operator, str):
                kind = php_type(operator)
                raise ApiError(422, f'Operator has to be a string, "{kind}" given.')
    return search


def unsupported(name: str, operator: str) -> ApiError:
    """Return the 422 of a filter that does not exist or lacks an operator."""
    return ApiError(
        422,
        f'Filter on property "{name}" is not supported or does not support operator "{operator}"',
    )


def code_list(name: str, value: Json) -> list[str]:
    """Return the codes in a filter's value, which has to be a list."""
    if not isinstance(value, list):
        message = f'Property "{name}" expects an array as data, "{php_type(value)}" given.'
        raise ApiError(422, message)
    return [str(code) for code in value]
