"""Lists of the hosted edition, except catalogs, and of PIM 3's product assets."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pim_simulator.http.call import PREFIX, Answer, Call, json_answer
from pim_simulator.http.errors import ApiError
from pim_simulator.http.pages import numbered_page
from pim_simulator.http.paging import path_link

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from pim_simulator.database.entities import Entity
    from pim_simulator.database.store import Store

_PAM = {
    "assets": ("pam_assets", "Asset"),
    "asset-categories": ("pam_asset_categories", "Asset category"),
    "asset-tags": ("pam_asset_tags", "Asset tag"),
}
_BARE = {"ui-extensions": "ui_extensions", "http-hook": "http_hooks"}


class CloudLists:
    """Lists workflows, rules, readiness, suggestions, extensions, hooks; and product assets.

    Args:
        store: The tables.
    """

    def __init__(self, store: Store) -> None:
        """Keep the tables."""
        self._store = store

    def answer(self, resource: str, action: str, call: Call) -> Answer:
        """Return the response to a request."""
        if resource in _PAM:
            return self._pam(resource, action, call)
        if resource in _BARE:  # a bare array
            return json_answer([row.body for row in self._rows(_BARE[resource])])
        answers: dict[str, Callable[[Call], Answer]] = {
            "workflows": self._workflows if action == "list" else self._workflow,
            "workflows/assignees": self._assignees,
            "workflows/tasks": self._tasks,
            "rule-definitions": self._rules,
            "readiness": self._readinesses if action == "list" else self._readiness,
            "data-model-designer/modelization-suggestions": self._suggestions,
        }
        return answers[resource](call)

    def _rows(self, table: str) -> Iterable[Entity]:
        return self._store.cloud[table].values()

    def _workflows(self, call: Call) -> Answer:
        bodies = [row.body for row in self._rows("workflows")]
        return numbered_page(call, f"{PREFIX}/workflows", bodies, key="uuid", linked=False)

    def _workflow(self, call: Call) -> Answer:
        row = self._store.cloud["workflows"].get(call.parts["code"])
        if row is None:
            raise ApiError(404, f'Workflow "{call.parts["code"]}" does not exist.')
        return json_answer(row.body)

    def _assignees(self, call: Call) -> Answer:
        step = call.parts["uuid"]
        self._check_step(step)
        bodies = [row.body for row in self._rows("workflow_step_assignees") if row.owner == step]
        path = f"{PREFIX}/workflows/steps/{step}/assignees"
        return numbered_page(call, path, bodies, key="uuid", linked=False)

    def _check_step(self, step: str) -> None:
        workflows = self._rows("workflows")
        if step not in {one["uuid"] for row in workflows for one in row.body["steps"]}:
            raise ApiError(404, f'Workflow step "{step}" does not exist.')

    def _tasks(self, call: Call) -> Answer:
        """Return the tasks of a step; ``step_uuid`` is mandatory."""
        search = _search(call.query)
        steps = search.get("step_uuid") or []
        if len(steps) != 1 or steps[0].get("operator") != "=":
            # The documentation says that it is mandatory, but not what the error says.
            raise ApiError(422, 'The "step_uuid" filter is mandatory, with the operator "=".')
        found = [
            row.body
            for row in self._rows("workflow_tasks")
            if row.owner == steps[0].get("value") and _task_matches(row.body, search)
        ]
        if call.query.get("with_attributes") != "true":
            found = [{k: v for k, v in body.items() if k != "pending_attributes"} for body in found]
        path = f"{PREFIX}/workflows/tasks"
        return numbered_page(call, path, found, key="uuid", linked=False)

    def _rules(self, call: Call) -> Answer:
        query = call.query
        wanted = {name: query[name] for name in ("type", "execution_type") if name in query}
        if "enabled" in query:
            wanted["enabled"] = query["enabled"]
        bodies = [
            body
            for body in (row.body for row in self._rows("rule_definitions"))
            if _among(query, "codes", body["code"])
            and all(str(body[name]).lower() == text.lower() for name, text in wanted.items())
        ]
        return numbered_page(call, f"{PREFIX}/rule-definitions", bodies, key="code")

    def _readinesses(self, call: Call) -> Answer:
        """Return the configurations of readiness, drafts included.

        Parameters and shape: Akeneo's OpenAPI document of 2 September 2026, ``get_readinesses``
        (snapshot of schallym/node-akeneo-api-client at 1e9acd8).
        """
        draft = call.query.get("is_draft")
        bodies = [
            row.body
            for row in self._rows("readiness")
            if _among(call.query, "codes", row.body["code"])
            and draft in (None, str(row.body["is_draft"]).lower())
        ]
        return numbered_page(call, f"{PREFIX}/readiness", bodies, key="code")

    def _readiness(self, call: Call) -> Answer:
        row = self._store.cloud["readiness"].get(call.parts["code"])
        if row is None:
            raise ApiError(404, f'Readiness "{call.parts["code"]}" does not exist.')
        return json_answer(row.body)

    def _suggestions(self, call: Call) -> Answer:
        query = call.query
        names = [name for name in ("status", "source", "author") if name in query]
        bodies = [
            body
            for body in (row.body for row in self._rows("modelization_suggestions"))
            if all(body[name] == query[name] for name in names)
            and (
                "codes" not in query
                or any(_among(query, "codes", one["code"]) for one in body["suggested_attributes"])
            )
        ]
        path = f"{PREFIX}/data-model-designer/modelization-suggestions"
        return numbered_page(call, path, bodies, key="uuid", linked=False)

    def _pam(self, resource: str, action: str, call: Call) -> Answer:
        table, name = _PAM[resource]
        rows = self._store.cloud[table]
        if action == "get":
            code = call.parts["code"]
            if code not in rows:
                raise ApiError(404, f'{name} "{code}" does not exist.')
            return json_answer(_pam_body(rows[code], call.base))
        bodies = [_pam_body(rows[code], call.base) for code in sorted(rows)]
        return numbered_page(
            call, f"{PREFIX}/{resource}", bodies, key="code", search_after=resource == "assets"
        )


def _pam_body(row: Entity, base: str) -> dict[str, Any]:
    """Return a product asset; its files have ``_link``, not ``_links``."""
    body = dict(row.body)
    for kind in ("variation", "reference"):
        if f"{kind}_files" in body:
            path = f"{PREFIX}/assets/{body['code']}/{kind}-files"
            body[f"{kind}_files"] = [
                {"_link": _file_links(base, path, file), **file} for file in body[f"{kind}_files"]
            ]
    return body


def _file_links(base: str, path: str, file: Mapping[str, Any]) -> dict[str, Any]:
    scope = f"/{file['scope']}" if "scope" in file else ""
    own = path_link(base, f"{path}{scope}/{file['locale'] or 'no-locale'}")
    return {"download": {"href": f"{own}/download"}, "self": {"href": own}}


def _search(query: Mapping[str, str]) -> dict[str, list[dict[str, Any]]]:
    try:
        search = json.loads(query.get("search", "{}"))
    except ValueError:
        search = None
    if not isinstance(search, dict):
        raise ApiError(400, "Search query parameter should be valid JSON.")
    return search


def _task_matches(body: Mapping[str, Any], search: Mapping[str, Any]) -> bool:
    facts = {
        "task_uuid": body["uuid"],
        "product_uuid": body.get("product", {}).get("uuid"),
        "product_model_code": body.get("product_model", {}).get("code"),
    }
    return all(
        (facts[name] in condition.get("value", ())) is (condition.get("operator") == "IN")
        for name in facts
        for condition in search.get(name, ())
    )


def _among(query: Mapping[str, str], name: str, code: str) -> bool:
    return name not in query or code in query[name].split(",")
