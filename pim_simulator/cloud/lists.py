"""Lists of the hosted edition and of PIM 3's product assets that are not just a table."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pim_simulator.http.errors import ApiError
from pim_simulator.http.messages import PREFIX, parse_json
from pim_simulator.http.paging import path_link

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from pim_simulator.database.installation import Installation
    from pim_simulator.database.rows import Entity
    from pim_simulator.http.messages import Request


def assignees_of_step(pim: Installation, request: Request) -> Iterable[Entity]:
    """Return the users who can be assigned to the workflow step in the path."""
    uuid, workflows = request.parts["uuid"], pim.store.table("workflows").values()
    if not any(step["uuid"] == uuid for row in workflows for step in row.body["steps"]):
        raise ApiError(404, f'Workflow step "{uuid}" does not exist.')
    rows = pim.store.table("workflow_step_assignees").values()
    return [row for row in rows if row.owner == uuid]


def rights_of_user(what: str, pim: Installation, request: Request) -> Iterable[Entity]:
    """Return the permissions of the user in the path, on locales or channels."""
    uuid = request.parts["uuid"]
    row = pim.store.table(f"user_{what}_permissions").get(uuid)
    if row is None:
        raise ApiError(404, f'User "{uuid}" does not exist.')
    return [row]


def tasks_of_step(pim: Installation, request: Request) -> Iterable[Entity]:
    """Return the tasks of a step; ``step_uuid`` is mandatory."""
    search = parse_json(request.query.get("search", "{}"))
    if not isinstance(search, dict):
        raise ApiError(400, "Search query parameter should be valid JSON.")
    steps = search.get("step_uuid") or []
    if len(steps) != 1 or steps[0].get("operator") != "=":
        # The documentation says that it is mandatory, but not what the error says.
        raise ApiError(422, 'The "step_uuid" filter is mandatory, with the operator "=".')
    return [
        row
        for row in pim.store.table("workflow_tasks").values()
        if row.owner == steps[0].get("value") and _matches(row.body, search)
    ]


def _matches(task: Mapping[str, Any], search: Mapping[str, Any]) -> bool:
    facts = {
        "task_uuid": task["uuid"],
        "product_uuid": task.get("product", {}).get("uuid"),
        "product_model_code": task.get("product_model", {}).get("code"),
    }
    return all(
        (facts[name] in condition.get("value", ())) is (condition.get("operator") == "IN")
        for name in facts
        for condition in search.get(name, ())
    )


def task(_: Installation, row: Entity, request: Request) -> dict[str, Any]:
    """Return a task, with its attributes if they are requested."""
    if request.query.get("with_attributes") == "true":
        return row.body
    return {name: value for name, value in row.body.items() if name != "pending_attributes"}


def rule(_: Installation, row: Entity, request: Request) -> dict[str, Any]:
    """Return a rule; only the address of a single rule has its conditions and actions."""
    if "code" in request.parts:
        return row.body
    return {
        name: value for name, value in row.body.items() if name not in ("conditions", "actions")
    }


def suggests(body: dict[str, Any], codes: str) -> bool:
    """Return whether a suggestion names one of the attributes."""
    return any(one["code"] in codes.split(",") for one in body["suggested_attributes"])


def pam_asset(_: Installation, row: Entity, request: Request) -> dict[str, Any]:
    """Return a product asset; its files have ``_link``, not ``_links``."""
    body = dict(row.body)
    for kind in ("variation", "reference"):
        path = f"{PREFIX}/assets/{row.code}/{kind}-files"
        body[f"{kind}_files"] = [
            {"_link": _file_links(request.base, path, file), **file}
            for file in body[f"{kind}_files"]
        ]
    return body


def _file_links(base: str, path: str, file: Mapping[str, Any]) -> dict[str, Any]:
    scope = f"/{file['scope']}" if "scope" in file else ""
    own = path_link(base, f"{path}{scope}/{file['locale'] or 'no-locale'}")
    return {"download": {"href": f"{own}/download"}, "self": {"href": own}}
