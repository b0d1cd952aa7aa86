"""What the table of resources says about each of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, Protocol

from pim_simulator.database.profiles import ALL
from pim_simulator.http.errors import ApiError
from pim_simulator.http.messages import PREFIX

if TYPE_CHECKING:
    from pim_simulator.database.installation import Installation
    from pim_simulator.database.php import Json
    from pim_simulator.database.random_numbers import SeededRandom
    from pim_simulator.database.rows import Entity
    from pim_simulator.database.store import Store
    from pim_simulator.http.messages import Request, Response

READ = ("list", "get")
EDIT = ("list", "get", "create", "partial_update", "partial_update_list")
RIGHTS = ("list", "edit", "remove")

Profiles = frozenset[str]
Predicate = Callable[["Entity"], bool]


class Handler(Protocol):
    """Answers the requests that read a resource."""

    def respond(self, resource: Resource, action: str, request: Request) -> Response:
        """Return the response to a request."""


@dataclass(frozen=True)
class Filter:
    """A property that the parameter ``search`` of a plain list can name.

    Attributes:
        name: The property.
        operator: The only operator that it takes.
        matches: Returns the condition on a row for a valid value.
        words: What error messages call it.
        profiles: The versions that have it.
    """

    name: str
    operator: str
    matches: Callable[[Installation, Json], Predicate]
    words: str = ""
    profiles: Profiles = ALL


@dataclass(frozen=True)
class Resource:
    """A resource of the API, from which its routes, lists and errors follow.

    Only path and name are needed. A *plain* resource, which has no ``handler``, is a table whose
    rows are listed as they are.

    Attributes:
        path: Path of the list below ``/api/rest/v1``, with placeholders.
        name: Name in the names of its routes; with spaces, what error messages call it.
        actions: What can be done with it, in the order of the PIM's list of routes.
        profiles: The versions that have it.
        later_actions: The versions that have an action, where not all of `profiles` do.
        feature: The feature to which it belongs, which can be disabled.
        key: Key of a body that identifies an item.
        placeholder: Placeholder of that key in the path of an item.
        route_names: Names of the routes that are not ``pim_api_<name>_<action>``, by action.
        permission: The resource in the names of its permissions; None if it needs none.
        unguarded: The versions that do not check a right (`RIGHTS`).
        denied: Message of the 403, if it is not "list <table>".
        title: What the 404 calls it, if not by its name.
        not_found: Message of the 404, if it differs, with placeholders.
        handler: Makes what answers the requests that read it, if it is not plain; see `Api`.

    For plain resources:
        table: Name of the table; by default from the path.
        rows: Makes the bodies of the simulated shop.
        fill: Fills several tables, in place of `rows`.
        paging: ``page``, ``array`` (a bare array without pages), ``one`` (a single item), or
            ``search_after`` (encrypted cursors besides pages, as in the versions that have such a
            list).
        select: Returns the rows of the requested list, if these are not the whole table.
        by_code: Whether the list is sorted by its key, if that is a code.
        linked: Whether the items of a list link to themselves.
        body: Returns the body of a row, if it is not just what the row holds.
        filters: What ``search`` can name; without any, it is ignored.
        parameters: Tests of the query parameters that filter the list.
    """

    path: str
    name: str
    actions: tuple[str, ...] = ("list",)
    profiles: Profiles = ALL
    later_actions: Mapping[str, Profiles] = field(default_factory=dict)
    feature: str | None = None
    key: str = "code"
    placeholder: str = "code"
    route_names: Mapping[str, str] = field(default_factory=dict)
    permission: str | None = None
    unguarded: Mapping[str, Profiles] = field(default_factory=dict)
    denied: str = ""
    title: str = ""
    not_found: str = '{title} "{key}" does not exist.'
    handler: Callable[[Installation], Handler] | None = None
    table: str = ""
    rows: Callable[[SeededRandom], Iterable[dict[str, Any]]] | None = None
    fill: Callable[[Store, SeededRandom], None] | None = None
    paging: Literal["page", "array", "search_after", "one"] = "page"
    select: Callable[[Installation, Request], Iterable[Entity]] | None = None
    by_code: bool = True
    linked: bool = True
    body: Callable[[Installation, Entity, Request], dict[str, Any]] | None = None
    filters: tuple[Filter, ...] = ()
    parameters: Mapping[str, Callable[[dict[str, Any], str], bool]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Derive the names that are not given."""
        if not self.table:
            object.__setattr__(self, "table", self.path.rpartition("/")[2].replace("-", "_"))
        if not self.title:
            object.__setattr__(self, "title", self.name.replace("_", " ").capitalize())

    @property
    def owner(self) -> str | None:
        """The placeholder of the item to which the list belongs."""
        found = re.search(r"\{(\w+)\}", self.path)
        return None if found is None else found[1]

    def url_path(self, parts: Mapping[str, str]) -> str:
        """Return the path of the list, with the placeholders filled in."""
        return f"{PREFIX}/{self.path.format_map(parts)}"

    def message_not_found(self, key: str, parts: Mapping[str, str]) -> str:
        """Return the message of the 404 of an item."""
        return self.not_found.format_map({**parts, "title": self.title, "key": key})


def one_of(name: str) -> Callable[[dict[str, Any], str], bool]:
    """Return the test of a parameter that is a list of values of a property."""
    return lambda body, text: body[name] in text.split(",")


def equal_to(name: str, *allowed: str) -> Callable[[dict[str, Any], str], bool]:
    """Return the test of a parameter that is the value of a property.

    Other values than the allowed ones are refused, if there are some. The description names them,
    but not what the error says.
    """

    def matches(body: dict[str, Any], text: str) -> bool:
        if allowed and text not in allowed:
            raise ApiError(422, f'"{text}" is not a valid value of "{name}".')
        return str(body[name]).lower() == text.lower()

    return matches
