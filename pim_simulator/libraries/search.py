"""The ``search`` parameter of records and assets."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import eq, ge, gt, le, lt, ne
from typing import TYPE_CHECKING, Any

from pim_simulator.database.clock import parse_atom
from pim_simulator.database.libraries import ASSET_FAMILY, Kind, Library, Row
from pim_simulator.http.errors import ApiError
from pim_simulator.http.messages import parse_json
from pim_simulator.http.search_syntax import value_test

if TYPE_CHECKING:
    from pim_simulator.database.installation import Installation
    from pim_simulator.database.php import Json

Predicate = Callable[[Row], bool]

_COMPLETE = {"operator", "value", "channel", "locales"}
_LOGICAL = ("and", "or")
# In November 2026 (api.akeneo.com, news of 2026).
_MOST_INSIDE = 100
_DATES = {">": gt, ">=": ge, "<": lt, "<=": le, "=": eq, "!=": ne}
_NO_FILTER = ("image", "asset_collection", "media_file", "auto_tagging")


def invalid_search(*problems: tuple[str, str]) -> ApiError:
    """Return the 422 of a search that violates its JSON schema."""
    return ApiError(
        422,
        "The search filters have an invalid format.",
        errors=[{"property": name, "message": message} for name, message in problems],
    )


class LibrarySearch:
    """Turns the parameters of a request into predicates over records or assets."""

    def __init__(self, pim: Installation) -> None:
        self._store = pim.store
        self._profile = pim.profile
        self._clock = pim.clock

    @staticmethod
    def read(query: Mapping[str, str]) -> dict[str, Any]:
        """Return the filters of a request."""
        if "search" not in query:
            return {}
        search = parse_json(query["search"])
        if not isinstance(search, (dict, list)):
            raise ApiError(400, "The search query parameter must be a valid JSON.")
        return search if isinstance(search, dict) else {}

    def check_parameters(self, query: Mapping[str, str]) -> None:
        """Raise a 422 for an unknown channel or locale."""
        channel = query.get("channel")
        problems = []
        if channel is not None and channel not in self._store.channels:
            problems.append(("channel", f'The channel "{channel}" does not exist.'))
        active = self._store.active_locales()
        problems += [
            ("locales", f'The locale "{code}" does not exist or is not activated.')
            for code in query.get("locales", "").split(",")
            if code and code not in active
        ]
        if problems:
            errors = [{"property": name, "message": message} for name, message in problems]
            raise ApiError(422, "Invalid query parameters", errors=errors)

    def predicates(self, kind: Kind, library: Library, search: dict[str, Any]) -> list[Predicate]:
        """Return a predicate for each condition."""
        if kind is ASSET_FAMILY and self._profile.saas and not set(search).isdisjoint(_LOGICAL):
            return [self._logical(library, search)]
        return [
            predicate
            for name, conditions in search.items()
            for predicate in self._predicates(kind, library, name, conditions)
        ]

    def _predicates(
        self, kind: Kind, library: Library, name: str, conditions: Json
    ) -> list[Predicate]:
        if name == "complete":
            return [self._complete(library, conditions)]
        if name == "updated":
            return [self._updated(kind, condition) for condition in _listed(name, conditions)]
        if name == "code" and self._profile.since(7):
            return [self._code(condition) for condition in _listed(name, conditions)]
        if self._profile.saas and name in library.attributes:
            listed = conditions if isinstance(conditions, list) else [conditions]
            return [self._attribute(library, name, condition) for condition in listed]
        message = f"The property {name} is not defined and the definition does not allow it"
        raise invalid_search(("", message))

    def _logical(self, library: Library, search: Json) -> Predicate:
        """Return the predicate of a search with ``and`` or ``or``.

        Source: akeneo/pim-api-docs at 61ef548d, assets-filter-logical-operators.md. It says what is
        valid; the message is made up.
        """
        if not isinstance(search, dict) or len(search) != 1:
            raise invalid_search(("", "There must be one logical operator or filter"))
        ((name, given),) = search.items()
        if name in _LOGICAL:
            if not isinstance(given, list) or not 1 <= len(given) <= _MOST_INSIDE:
                raise invalid_search((name, f"There must be 1 to {_MOST_INSIDE} items"))
            inside = [self._logical(library, one) for one in given]
            combine = all if name == "and" else any
            return lambda row: combine(test(row) for test in inside)
        if not isinstance(given, dict):
            raise invalid_search((name, "Array value found, but an object is required"))
        if name == "values":
            ((code, condition),) = given.items()
            if code not in library.attributes:
                raise invalid_search((code, f"The attribute {code} does not exist"))
            return self._attribute(library, code, condition)
        if name == "complete":
            plain = {name: value for name, value in given.items() if name != "context"}
            return self._complete(library, plain | given.get("context", {}))
        operator, value = given.get("operator"), given.get("value")
        if name == "updated" and operator in _DATES:
            instant = _instant(value)
            return lambda row: _DATES[operator](row.updated, instant)
        test = value_test(str(operator).replace("_", " "), value)
        if name != "code" or test is None:
            raise invalid_search((name, f'The operator "{operator}" is not supported'))
        return lambda row: test(row.code)

    @staticmethod
    def _complete(library: Library, condition: Json) -> Predicate:
        if not isinstance(condition, dict) or set(condition) != _COMPLETE:
            raise invalid_search(("complete", "The property channel is required"))
        if condition["operator"] != "=" or not isinstance(condition["value"], bool):
            raise invalid_search(("complete.operator", "Does not have a value in the enumeration"))
        if not isinstance(condition["locales"], list) or not condition["locales"]:
            raise invalid_search(("complete.locales", "There must be a minimum of 1 items"))
        channel, locales = condition["channel"], condition["locales"]

        def complete(row: Row) -> bool:
            values = row.values
            filled = all(
                any(
                    value["channel"] in (None, channel) and value["locale"] in (None, locale)
                    for value in values.get(code, ())
                )
                for code, attribute in library.attributes.items()
                if attribute.body["is_required_for_completeness"]
                for locale in locales
            )
            return filled is condition["value"]

        return complete

    def _updated(self, kind: Kind, condition: dict[str, Any]) -> Predicate:
        operator, value = condition.get("operator"), condition.get("value")
        more = ("<", "BETWEEN", "NOT BETWEEN", "SINCE LAST N DAYS")
        if operator != ">" and not (operator in more and self._profile.since(kind.row_operators)):
            message = 'Does not have a value in the enumeration [">"]'
            raise invalid_search(("updated[0].operator", message))
        if operator == "SINCE LAST N DAYS":
            if isinstance(value, bool) or not isinstance(value, int):
                message = "String value found, but an integer is required"
                raise invalid_search(("updated[0].value", message))
            since = self._clock.timestamp() - 86_400 * value
            return lambda row: row.updated > since
        if operator in ("BETWEEN", "NOT BETWEEN"):
            pair = value if isinstance(value, list) else []
            if len(pair) != len(("first", "last")):
                raise invalid_search(("updated[0].value", "There must be a minimum of 2 items"))
            first, last = (_instant(text) for text in pair)
            return lambda row: (first <= row.updated <= last) is (operator == "BETWEEN")
        instant = _instant(value)
        if operator == ">":
            return lambda row: row.updated > instant
        return lambda row: row.updated < instant

    @staticmethod
    def _code(condition: dict[str, Any]) -> Predicate:
        value = condition.get("value")
        if condition.get("operator") != "IN" or not isinstance(value, list):
            message = 'Does not have a value in the enumeration ["IN"]'
            raise invalid_search(("code[0].operator", message))
        codes = {str(code).lower() for code in value}
        return lambda row: row.code.lower() in codes

    @staticmethod
    def _attribute(library: Library, name: str, condition: Json) -> Predicate:
        kind = library.attributes[name].body["type"]
        given = condition if isinstance(condition, dict) else {}
        test = value_test(given.get("operator", ""), given.get("value"))
        if kind in _NO_FILTER or test is None:
            message = f'Filtering on attribute type "{kind}" is not supported.'
            raise invalid_search((name, message))

        def matches(row: Row) -> bool:
            data = [
                value["data"]
                for value in row.values.get(name, ())
                if given.get("channel") in (None, value["channel"])
                and given.get("locale") in (None, value["locale"])
            ]
            return any(map(test, data)) if data else test(None)

        return matches


def _listed(name: str, conditions: Json) -> list[dict[str, Any]]:
    """Return the conditions on ``updated`` or ``code``, which have to be a list."""
    if not isinstance(conditions, list) or not all(isinstance(one, dict) for one in conditions):
        raise invalid_search((name, "Object value found, but an array is required"))
    return conditions


def _instant(text: Json) -> int:
    instant = parse_atom(text)
    if instant is None:
        message = (
            f'Invalid date-time "{text}", expected format YYYY-MM-DDThh:mm:ssZ or '
            "YYYY-MM-DDThh:mm:ss+hh:mm"
        )
        raise invalid_search(("updated[0].value", message))
    return instant
