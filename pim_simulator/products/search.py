"""The search of ``/products``, ``/products-uuid`` and ``/product-models``."""

from __future__ import annotations

from functools import partial
from operator import ge, le
from typing import TYPE_CHECKING, Any

from pim_simulator.database.php import php_type
from pim_simulator.http.errors import ApiError
from pim_simulator.http.search_syntax import Filters, code_list, unsupported, value_test
from pim_simulator.products.date_filters import (
    COMPARE,
    LINKED,
    LINKED_TYPE,
    DateFilters,
    linked_types,
)
from pim_simulator.products.saas_fields import READY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from pim_simulator.database.index import Document
    from pim_simulator.database.installation import Installation
    from pim_simulator.database.php import Json
    from pim_simulator.database.rows import Item
    from pim_simulator.products.bodies import ItemBodies
    from pim_simulator.products.date_filters import Predicate

_FIELDS = frozenset(
    {"family", "categories", "completeness", "identifier", "created", "updated", "enabled"}
    | {"groups", "parent", "quality_score", "uuid"}
)
# Product models have no such filters (recorded: a 422 with the same message).
_NOT_OF_MODELS = frozenset({"enabled", "uuid"})
# How many variants of a model are complete, or not.
_COMPLETE: dict[str, tuple[Callable[[Iterable[object]], bool], bool]] = {
    "AT LEAST COMPLETE": (any, True),
    "AT LEAST INCOMPLETE": (any, False),
    "ALL COMPLETE": (all, True),
    "ALL INCOMPLETE": (all, False),
}
_DATES = ("updated", "created", LINKED)
_READINESS = ("readiness", "readiness_by_channel")
_COMPARE = {**COMPARE, ">=": ge, "<=": le}


class ProductSearch:
    """Turns filters into predicates over the index."""

    def __init__(self, pim: Installation, bodies: ItemBodies) -> None:
        self._store = pim.store
        self._profile = pim.profile
        self._bodies = bodies
        self._dates = DateFilters(pim.zone, pim.clock, pim.profile)

    def check(self, filters: Filters, resource: str) -> None:
        """Raise an error for unknown categories and properties (``ListProductsQueryValidator``).

        An unknown property is a 422 up to 5.0 and for ``/products-uuid``, a 404 for models and
        for ``/products`` of 6.0 (recorded), so probably for ``/products`` of 7.0, too.
        """
        unknown = [
            code
            for condition in filters.get("categories", ())
            if isinstance(condition.get("value"), list)
            for code in map(str, condition["value"])
            if code.strip() not in self._store.categories
        ]
        if unknown:
            words = "Categories {} do not" if len(unknown) > 1 else "Category {} does not"
            raise ApiError(422, words.format(f'"{", ".join(unknown)}"') + " exist.")
        for name, conditions in filters.items():
            operator = conditions[0]["operator"]
            if resource == "product-models" and not self._is_of_models(name, operator):
                raise unsupported(name, operator)
            if name in _FIELDS or name in self._store.attributes:
                continue
            if self._profile.saas and name in (LINKED, LINKED_TYPE, *_READINESS):
                continue
            if not self._profile.since(6):
                raise unsupported(name, operator)
            status = 422 if resource == "products-uuid" else 404
            message = f'"{name}" does not exist or you do not have permission to access it.'
            raise ApiError(status, message)

    def _is_of_models(self, name: str, operator: str) -> bool:
        """Return whether models have a filter (akeneo/pim-api-docs at 61ef548d, filter.md)."""
        if name == "completeness":
            return operator in _COMPLETE
        if name == "quality_score":
            return self._profile.saas
        return name not in _NOT_OF_MODELS

    def predicates(
        self, filters: Filters, *, locale: str | None, scope: str | None, models: bool
    ) -> list[Predicate]:
        """Return a predicate for each condition."""
        linked = linked_types(filters)
        return [
            self._predicate(
                name,
                {"locale": locale, "scope": scope, "linked": linked, "models": models} | condition,
            )
            for name, conditions in filters.items()
            if name != LINKED_TYPE
            for condition in conditions
        ]

    def in_tree(self, channel: str) -> Predicate:
        """Return the condition that ``scope`` adds: to be in the channel's category tree."""
        root = self._store.channels[channel].body["category_tree"]
        tree = self._store.category_and_below(root)
        return lambda document: not tree.isdisjoint(document.categories)

    def _predicate(self, name: str, condition: dict[str, Any]) -> Predicate:
        operator, value = condition["operator"], condition.get("value")
        if name in _DATES:
            return self._dates.predicate(name, operator, value, condition["linked"])
        if name == "parent" and operator == "=" and condition["models"]:
            raise unsupported(name, operator)
        fields: dict[str, Callable[[str, Any], Predicate | None]] = {
            "enabled": self._enabled,
            "family": self._family,
            "categories": self._categories,
            "identifier": self._code,
            "uuid": self._uuid,
            "parent": self._parent,
            "groups": self._groups,
            "completeness": partial(self._completeness, condition=condition),
            "quality_score": partial(self._quality_score, condition=condition),
            "readiness": partial(self._readiness, condition=condition),
            "readiness_by_channel": partial(self._readiness_by_channel, condition=condition),
        }
        found = (
            fields[name](operator, value)
            if name in fields
            else self._attribute(name, operator, value, condition)
        )
        if found is None:
            raise unsupported(name, operator)
        return found

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
        codes = code_list("family", value)
        for code in codes:
            if code not in self._store.families:  # ObjectNotFoundException (recorded)
                raise ApiError(422, f'Object "family" with code "{code}" does not exist')
        return lambda document: (document.family in codes) is (operator == "IN")

    def _categories(self, operator: str, value: Json) -> Predicate | None:
        if operator == "UNCLASSIFIED":
            return lambda document: not document.categories
        codes = set(code_list("categories", value)) if value is not None else set()
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
            codes = {code.lower() for code in code_list("identifier", value)}
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
        uuids = {uuid.lower() for uuid in code_list("uuid", value)}
        return lambda document: (document.key in uuids) is (operator == "IN")

    def _parent(self, operator: str, value: Json) -> Predicate | None:
        if operator in ("EMPTY", "NOT EMPTY"):
            return lambda document: bool(document.ancestors) is (operator == "NOT EMPTY")
        if operator in ("IS NULL", "IS NOT NULL") and self._profile.saas:
            return lambda document: bool(document.ancestors) is (operator == "IS NOT NULL")
        if operator == "=" and isinstance(value, str):
            return lambda document: value in document.ancestors
        if operator == "IN":
            codes = set(code_list("parent", value))
            return lambda document: not codes.isdisjoint(document.ancestors)
        return None

    def _groups(self, operator: str, value: Json) -> Predicate | None:
        if operator != "IN":
            return None
        codes = set(code_list("groups", value))
        known = {code for item in self._store.products.values() for code in item.groups}
        for code in sorted(codes - known):  # recorded on 7.0.84
            raise ApiError(422, f'Object "groups" with code "{code}" does not exist')
        return lambda document: not codes.isdisjoint(document.item.groups)

    def _completeness(self, operator: str, value: Json, condition: dict[str, Any]) -> Predicate:
        scope = condition["scope"]
        if scope not in self._store.channels:
            raise ApiError(422, 'Property "completeness" expects a valid scope.')
        locales = condition.get("locales") or ([condition["locale"]] if condition["locale"] else [])
        if condition["models"]:
            return self._variants_complete(operator, scope, locales)
        compare = _comparison(operator)
        if compare is None or not isinstance(value, int):
            raise ApiError(422, 'Property "completeness" expects an integer as data.')

        def complete(document: Document) -> bool:
            rows = [
                row["data"]
                for row in self._bodies.completenesses(document.item)
                if row["scope"] == scope and (not locales or row["locale"] in locales)
            ]
            test = any if not locales else all
            return bool(rows) and test(compare(data, value) for data in rows)

        return complete

    def _variants_complete(self, operator: str, scope: str, locales: list[str]) -> Predicate:
        quantify, wanted = _COMPLETE[operator]

        def is_complete(variant: Item) -> bool:
            rows = [
                row["data"] == READY
                for row in self._bodies.completenesses(variant)
                if row["scope"] == scope and (not locales or row["locale"] in locales)
            ]
            return bool(rows) and all(rows)

        def matches(document: Document) -> bool:
            found = [is_complete(one) is wanted for one in self._variants(document.item)]
            return bool(found) and quantify(found)

        return matches

    def _variants(self, model: Item) -> Iterator[Item]:
        for item in self._store.children(model.code or ""):
            if item.is_model:
                yield from self._variants(item)
            else:
                yield item

    def _quality_score(
        self, operator: str, value: Json, condition: dict[str, Any]
    ) -> Predicate | None:
        """Find products by their letters in a channel and locale (api.akeneo.com, filter)."""
        if operator != "IN":
            return None
        letters = set(code_list("quality_score", value))
        for name in ("scope", "locale"):
            if condition[name] is None:
                raise ApiError(422, f'Property "quality_score" expects a valid {name}.')
        place = (condition["scope"], condition["locale"])
        return lambda document: any(
            (str(row["scope"]), row["locale"]) == place and row["data"] in letters
            for row in self._bodies.quality_scores(document.item)
        )

    def _scores(self, condition: dict[str, Any]) -> Callable[[Document], list[int]]:
        """Return the readiness of a document in the condition's channel and locales."""
        scope, locale = condition["scope"], condition["locale"]
        if scope not in self._store.channels:
            raise ApiError(422, 'Property "readiness" expects a valid scope.')
        locales = condition.get("locales") or ([locale] if locale else None)
        return lambda document: [
            row["data"]
            for row in self._bodies.completenesses(document.item)
            if row["scope"] == scope and (locales is None or row["locale"] in locales)
        ]

    def _readiness(self, operator: str, value: Json, condition: dict[str, Any]) -> Predicate | None:
        """Find items by a readiness (akeneo/pim-api-docs at 61ef548d, filter.md).

        It has the texts of no errors.
        """
        if condition.get("readiness_code") not in self._store.table("readiness"):
            raise ApiError(422, 'Property "readiness" expects a valid readiness_code.')
        scores = self._scores(condition)
        test = any if operator.endswith(" ON AT LEAST ONE LOCALE") else all
        compare = _comparison(operator)
        if compare is None or not isinstance(value, int):
            return None

        def ready(document: Document) -> bool:
            found = scores(document)
            return bool(found) and test(compare(score, value) for score in found)

        return ready

    def _readiness_by_channel(
        self, operator: str, _: Json, condition: dict[str, Any]
    ) -> Predicate | None:
        if operator not in ("ALL READY", "ALL UNREADY"):
            return None
        scores = self._scores(condition)
        wanted = operator == "ALL READY"
        return lambda document: bool(found := scores(document)) and (min(found) == READY) is wanted

    def _attribute(
        self, code: str, operator: str, value: Json, condition: dict[str, Any]
    ) -> Predicate | None:
        attribute = self._store.attributes[code].body
        if attribute["type"] == "pim_catalog_identifier":
            return self._code(operator, value)
        for trait, name in (("localizable", "locale"), ("scopable", "scope")):
            if attribute[trait] and condition[name] is None:
                raise ApiError(422, f'Attribute "{code}" expects a {name}, none given.')
            if not attribute[trait]:
                condition[name] = None
        test = value_test(operator, value) or _range_test(attribute["type"], operator, value)
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


def _range_test(kind: str, operator: str, value: Json) -> Callable[[Json], bool] | None:
    """Return a test of dates, numbers and measurements, these in the unit of their value."""
    if kind == "pim_catalog_date":
        key: Callable[[Json], Any] = lambda data: None if data is None else str(data)[:10]  # noqa: E731
    elif kind in ("pim_catalog_number", "pim_catalog_metric"):
        key = _amount
    else:
        return None
    limits = [key(one) for one in value] if isinstance(value, list) else [key(value)]
    if operator in ("BETWEEN", "NOT BETWEEN") and len(limits) == len(("first", "last")):
        first, last = limits
        wanted = operator == "BETWEEN"
        return lambda data: (one := key(data)) is not None and (first <= one <= last) is wanted
    compare = _COMPARE.get(operator)
    if compare is None or len(limits) != 1:
        return None
    return lambda data: (one := key(data)) is not None and compare(one, limits[0])


def _amount(data: Json) -> float | None:
    amount = data["amount"] if isinstance(data, dict) else data
    return None if amount is None else float(amount)


def _comparison(operator: str) -> Callable[[int, int], bool] | None:
    """Return how an operator compares, such as ``GREATER OR EQUALS THAN ON ALL LOCALES``."""
    for ending in (" ON ALL LOCALES", " ON AT LEAST ONE LOCALE"):
        operator = operator.removesuffix(ending)
    for words, sign in (("GREATER", ">"), ("LOWER", "<")):
        operator = operator.replace(f"{words} OR EQUALS THAN", f"{sign}=")
        operator = operator.replace(f"{words} THAN", sign)
    return _COMPARE.get({"EQUALS": "=", "NOT EQUALS": "!="}.get(operator, operator))
