"""The search of ``/products``, ``/products-uuid`` and ``/product-models``."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from pim_simulator.errors import ApiError
from pim_simulator.index import Document
from pim_simulator.value_filters import value_test

if TYPE_CHECKING:
    from pim_simulator.bodies import ItemBodies
    from pim_simulator.clock import Clock, ServerZone
    from pim_simulator.json_types import Json
    from pim_simulator.profiles import Profile
    from pim_simulator.store import Store

Predicate = Callable[[Document], bool]
Filters = dict[str, list[dict[str, Any]]]

_FIELDS = frozenset(
    {"family", "categories", "completeness", "identifier", "created", "updated", "enabled"}
    | {"groups", "parent", "quality_score", "code", "uuid"}
)
_LINKED, _LINKED_TYPE = "updated_including_linked_entities", "updated_including_linked_type"
_LINKED_TYPES = ("asset", "reference_entity_record")
_DATE_FORMAT = "Y-m-d H:i:s"


def read_search(query: Mapping[str, str], *, models: bool) -> Filters:
    """Return the filters of a request; what is no JSON is a 400, for models a 422."""
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


def php_type(value: object) -> str:
    """Return PHP's ``gettype()`` of what came as JSON."""
    names = {bool: "boolean", int: "integer", float: "double", str: "string"}
    return "NULL" if value is None else names.get(type(value), "array")


class ProductSearch:
    """Turns filters into predicates over the index.

    Args:
        store: The tables.
        profile: The version.
        zone: The server's time zone.
        clock: The server's clock.
        bodies: To compute the completeness.
    """

    def __init__(
        self, store: Store, profile: Profile, zone: ServerZone, clock: Clock, bodies: ItemBodies
    ) -> None:
        """Keep what the filters need."""
        self._store = store
        self._profile = profile
        self._zone = zone
        self._clock = clock
        self._bodies = bodies

    def check(self, filters: Filters) -> None:
        """Fail for unknown categories and properties (``ListProductsQueryValidator``)."""
        unknown = [
            code
            for condition in filters.get("categories", ())
            for code in _strings(condition.get("value", []))
            if code.strip() not in self._store.categories
        ]
        if unknown:
            words = "Categories {} do not" if len(unknown) > 1 else "Category {} does not"
            raise ApiError(422, words.format(f'"{", ".join(unknown)}"') + " exist.")
        for name, conditions in filters.items():
            if name in _FIELDS or name in self._store.attributes:
                continue
            if self._profile.saas and name in (_LINKED, _LINKED_TYPE):
                continue
            message = (
                f'Filter on property "{name}" is not supported or does not support operator '
                f'"{conditions[0]["operator"]}"'
            )
            raise ApiError(404 if self._profile.since(6) else 422, message)

    def predicates(
        self, filters: Filters, *, locale: str | None, scope: str | None
    ) -> list[Predicate]:
        """Return a predicate for each condition."""
        linked = _linked_types(filters)
        return [
            self._predicate(name, {"locale": locale, "scope": scope, "linked": linked} | condition)
            for name, conditions in filters.items()
            if name != _LINKED_TYPE
            for condition in conditions
        ]

    def in_tree(self, channel: str) -> Predicate:
        """Return what ``scope`` demands: to be in the channel's category tree."""
        root = self._store.channels[channel].body["category_tree"]
        tree = self._store.category_and_below(root)
        return lambda document: not tree.isdisjoint(document.categories)

    def _predicate(self, name: str, condition: dict[str, Any]) -> Predicate:
        operator, value = condition["operator"], condition.get("value")
        if name in ("updated", "created", _LINKED):
            return self._date(name, operator, value, condition["linked"])
        if name == "completeness":
            return self._completeness(operator, value, condition)
        fields: dict[str, Callable[[str, Any], Predicate | None]] = {
            "enabled": self._enabled,
            "family": self._family,
            "categories": self._categories,
            "identifier": self._code,
            "code": self._code,
            "uuid": self._uuid,
            "parent": self._parent,
            "groups": self._groups,
        }
        found = (
            fields[name](operator, value)
            if name in fields
            else self._attribute(name, operator, value, condition)
        )
        if found is None:
            message = (
                f'Filter on property "{name}" is not supported or does not support operator '
                f'"{operator}"'
            )
            raise ApiError(422, message)
        return found

    def _date(self, name: str, operator: str, value: Json, linked: Iterable[str]) -> Predicate:
        def when(document: Document) -> int:
            if name == _LINKED:
                return max(document.updated, *(document.linked.get(kind, 0) for kind in linked))
            return document.updated if name == "updated" else document.item.created

        if operator == "SINCE LAST N DAYS":
            if isinstance(value, bool) or not isinstance(value, int):
                message = (
                    f'Property "{name}" expects an integer as data, "{php_type(value)}" given.'
                )
                raise ApiError(422, message)
            since = self._clock.timestamp() - 86_400 * value
            return lambda document: when(document) > since
        if operator in ("BETWEEN", "NOT BETWEEN"):
            if not isinstance(value, list):
                message = f'Property "{name}" expects an array as data, "{php_type(value)}" given.'
                raise ApiError(422, message)
            if len(value) != len(("first", "last")):
                message = (
                    f'Property "{name}" expects an array with valid data, should contain 2 '
                    'strings with the format "yyyy-mm-dd H:i:s".'
                )
                raise ApiError(422, message)
            first, last = (self._instant(name, text) for text in value)
            wanted = operator == "BETWEEN"
            return lambda document: (first <= when(document) <= last) is wanted
        if operator in ("EMPTY", "NOT EMPTY"):
            return lambda _: operator == "NOT EMPTY"
        compare: dict[str, Callable[[int, int], bool]] = {
            ">": lambda a, b: a > b,
            "<": lambda a, b: a < b,
            "=": lambda a, b: a == b,
            "!=": lambda a, b: a != b,
        }
        instant = self._instant(name, value)
        if operator not in compare:
            message = (
                f'Filter on property "{name}" is not supported or does not support operator '
                f'"{operator}"'
            )
            raise ApiError(422, message)
        matches = compare[operator]
        return lambda document: matches(when(document), instant)

    def _instant(self, name: str, text: Json) -> int:
        instant = self._zone.parse_wall_time(text)
        if instant is None:  # `false`, which PHP prints as nothing
            message = (
                f'Property "{name}" expects a string with the format "{_DATE_FORMAT}" as data, '
                '"" given.'
            )
            raise ApiError(422, message)
        return instant

    @staticmethod
    def _enabled(operator: str, value: Json) -> Predicate | None:
        if operator not in ("=", "!="):
            return None
        if not isinstance(value, bool):
            message = f'Property "enabled" expects a boolean as data, "{php_type(value)}" given.'
            raise ApiError(422, message)
        wanted = value is (operator == "=")
        return lambda document: document.enabled is wanted

    def _family(self, operator: str, value: Json) -> Predicate | None:
        if operator in ("EMPTY", "NOT EMPTY"):
            return lambda document: (document.family is None) is (operator == "EMPTY")
        if operator not in ("IN", "NOT IN"):
            return None
        codes = _list("family", value)
        for code in codes:
            if code not in self._store.families:
                message = (
                    'Property "family" expects a valid family code. The family does not exist, '
                    f'"{code}" given.'
                )
                raise ApiError(422, message)
        return lambda document: (document.family in codes) is (operator == "IN")

    def _categories(self, operator: str, value: Json) -> Predicate | None:
        if operator == "UNCLASSIFIED":
            return lambda document: not document.categories
        codes = set(_list("categories", value)) if value is not None else set()
        below = set(codes)
        if "CHILDREN" in operator:
            below = set().union(*(self._store.category_and_below(code) for code in codes))
        if operator in ("IN", "IN CHILDREN"):
            return lambda document: not below.isdisjoint(document.categories)
        if operator in ("NOT IN", "NOT IN CHILDREN"):
            return lambda document: below.isdisjoint(document.categories)
        if operator == "IN OR UNCLASSIFIED":
            return lambda document: (
                not document.categories or not below.isdisjoint(document.categories)
            )
        return None

    @staticmethod
    def _code(operator: str, value: Json) -> Predicate | None:
        if operator in ("IN", "NOT IN"):
            codes = {code.lower() for code in _list("identifier", value)}
            return lambda document: (document.sort in codes) is (operator == "IN")
        if operator in ("=", "!=") and isinstance(value, str):
            return lambda document: (document.sort == value.lower()) is (operator == "=")
        if operator == "STARTS WITH" and isinstance(value, str):
            return lambda document: document.sort.startswith(value.lower())
        if operator == "CONTAINS" and isinstance(value, str):
            return lambda document: value.lower() in document.sort
        return None

    @staticmethod
    def _uuid(operator: str, value: Json) -> Predicate | None:
        if operator not in ("IN", "NOT IN"):
            return None
        uuids = {uuid.lower() for uuid in _list("uuid", value)}
        return lambda document: (document.key in uuids) is (operator == "IN")

    @staticmethod
    def _parent(operator: str, value: Json) -> Predicate | None:
        if operator in ("EMPTY", "NOT EMPTY"):
            return lambda document: bool(document.ancestors) is (operator == "NOT EMPTY")
        if operator == "=" and isinstance(value, str):
            return lambda document: value in document.ancestors
        if operator == "IN":
            codes = set(_list("parent", value))
            return lambda document: not codes.isdisjoint(document.ancestors)
        return None

    @staticmethod
    def _groups(operator: str, value: Json) -> Predicate | None:
        if operator != "IN":
            return None
        codes = set(_list("groups", value))
        return lambda document: not codes.isdisjoint(document.item.groups)

    def _completeness(
        self,
        operator: str,
        value: Json,
        condition: dict[str, Any],
    ) -> Predicate:
        scope = condition["scope"]
        if scope not in self._store.channels:
            raise ApiError(422, 'Property "completeness" expects a valid scope.')
        operator = operator.removesuffix(" ON ALL LOCALES").replace("LOWER THAN", "<")
        operator = operator.replace("GREATER THAN", ">").replace(" OR EQUALS", "=")
        compare: dict[str, Callable[[int, int], bool]] = {
            ">": lambda a, b: a > b,
            "<": lambda a, b: a < b,
            ">=": lambda a, b: a >= b,
            "<=": lambda a, b: a <= b,
            "=": lambda a, b: a == b,
            "!=": lambda a, b: a != b,
        }
        if operator not in compare or not isinstance(value, int):
            raise ApiError(422, 'Property "completeness" expects an integer as data.')
        locales = condition.get("locales") or ([condition["locale"]] if condition["locale"] else [])

        def complete(document: Document) -> bool:
            rows = [
                row["data"]
                for row in self._bodies.completenesses(document.item)
                if row["scope"] == scope and (not locales or row["locale"] in locales)
            ]
            test = any if not locales else all
            return bool(rows) and test(compare[operator](data, value) for data in rows)

        return complete

    def _attribute(
        self,
        code: str,
        operator: str,
        value: Json,
        condition: dict[str, Any],
    ) -> Predicate | None:
        attribute = self._store.attributes[code].body
        if attribute["type"] == "pim_catalog_identifier":
            return self._code(operator, value)
        for trait, name in (("localizable", "locale"), ("scopable", "scope")):
            if attribute[trait] and condition[name] is None:
                raise ApiError(422, f'Attribute "{code}" expects a {name}, none given.')
            if not attribute[trait]:
                condition[name] = None
        test = value_test(operator, value)
        if test is None:
            return None

        def matches(document: Document) -> bool:
            rows = document.item.values.get(code)
            for ancestor in self._store.ancestors(document.item):
                rows = rows or ancestor.values.get(code)
            data = [
                row["data"]
                for row in rows or ()
                if row["locale"] == condition["locale"] and row["scope"] == condition["scope"]
            ]
            return test(data[0] if data else None)

        return matches


def _linked_types(filters: Filters) -> tuple[str, ...]:
    """Return the linked entities whose changes count (SaaS, api.akeneo.com, filter)."""
    conditions = filters.get(_LINKED_TYPE)
    if conditions is None:
        return _LINKED_TYPES
    value = conditions[0].get("value")
    if _LINKED not in filters or conditions[0]["operator"] != "IN" or not isinstance(value, list):
        message = (
            f'Filter on property "{_LINKED_TYPE}" is not supported or does not support operator'
        )
        raise ApiError(422, f'{message} "{conditions[0]["operator"]}"')
    return tuple(_strings(value))


def _list(name: str, value: Json) -> list[str]:
    if not isinstance(value, list):
        message = f'Property "{name}" expects an array as data, "{php_type(value)}" given.'
        raise ApiError(422, message)
    return _strings(value)


def _strings(value: Iterable[Any]) -> list[str]:
    return [str(part) for part in value] if isinstance(value, list) else []
