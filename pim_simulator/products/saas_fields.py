"""Fields of products and models that the hosted edition adds on request."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pim_simulator.database.libraries import share_link
from pim_simulator.database.store import LINK_TYPES
from pim_simulator.products.measurements import symbol

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from pim_simulator.database.php import Json
    from pim_simulator.database.rows import Entity, Item
    from pim_simulator.database.store import Store

READINESS_CODE = "shop_readiness"
READY = 100


class SaasFields:
    """Makes ``readiness``, ``workflow_execution_statuses`` and additional keys of values.

    The readiness of a product consists of its completenesses here.
    """

    def __init__(
        self, store: Store, completenesses: Callable[[Item], Iterable[dict[str, Any]]]
    ) -> None:
        self._store = store
        self._completenesses = completenesses

    def of(self, item: Item, *, readiness: str | None, workflows: bool) -> dict[str, Any]:
        """Return the requested fields of a product or model."""
        fields: dict[str, Any] = {}
        if readiness is not None:
            fields["readiness"] = self._readiness(item, detailed=readiness == "detailed")
        if workflows:
            fields["workflow_execution_statuses"] = self._executions(item)
        return fields

    def _readiness(self, item: Item, *, detailed: bool) -> dict[str, Any]:
        scores: list[dict[str, Any]] = []
        by_scope: dict[str, list[int]] = {}
        for row in self._completenesses(item):
            score = {"scope": row["scope"], "locale": row["locale"], "score": row["data"]}
            if detailed:
                missing = {"field": "description", "operator": "NOT EMPTY", "value": None}
                score["unmet_requirements"] = [] if row["data"] == READY else [missing]
            scores.append(score)
            by_scope.setdefault(row["scope"], []).append(row["data"])
        return {
            "aggregated_scores_by_scope": [
                {"scope": scope, "score": sum(found) // len(found)}
                for scope, found in by_scope.items()
            ],
            "scores_by_scope_and_locale": {READINESS_CODE: scores} if scores else {},
        }

    def _executions(self, item: Item) -> list[dict[str, Any]]:
        """Return the executions of every workflow that has tasks for the item."""
        executions = []
        for workflow in self._store.others["workflows"].values():
            tasks = [
                (task, step)
                for step in workflow.body["steps"]
                for task in self._store.others["workflow_tasks"].values()
                if task.owner == step["uuid"] and _concerns(task, item)
            ]
            if not tasks:
                continue
            waiting = [(task, step) for task, step in tasks if task.body["status"] != "completed"]
            uuid = hashlib.sha256(f"{workflow.body['uuid']}/{item.uuid}".encode()).digest()
            dates = sorted(task.body["created_at"] for task, _ in tasks)
            executions.append(
                {
                    "uuid": str(UUID(bytes=uuid[:16], version=4)),
                    "status": "in_progress" if waiting else "completed",
                    "started_at": dates[0],
                    "completed_at": None if waiting else dates[-1],
                    "workflow": {name: workflow.body[name] for name in ("uuid", "code", "labels")},
                    "tasks": [
                        {
                            "uuid": task.body["uuid"],
                            "status": "in_progress",
                            "created_at": task.body["created_at"],
                            "step": {name: step[name] for name in ("uuid", "code", "labels")},
                        }
                        for task, step in waiting
                    ],
                }
            )
        return executions

    def enabled_assets(self, code: str, data: Json) -> Json:
        """Return a value without disabled assets, None if none is left."""
        attribute = self._store.attributes[code].body
        if attribute["type"] != "pim_catalog_asset_collection":
            return data
        rows = self._store.asset_families[attribute["reference_data_name"]].rows
        return [asset for asset in data if rows[asset].enabled] or None

    def of_value(self, code: str, data: Json, *, share_links: bool) -> dict[str, Any]:
        """Return the keys of a value that only the hosted edition has."""
        attribute = self._store.attributes[code].body
        kind = attribute["type"]
        more: dict[str, Any] = {"attribute_type": kind}
        if kind == "pim_catalog_metric":
            # akeneo/pim-api-docs at 61ef548d, content/concepts/products.md, "Metric attribute"
            more["data"] = {**data, "symbol": symbol(self._store, code, data["unit"])}
        if kind in LINK_TYPES:
            more["reference_data_name"] = attribute["reference_data_name"]
        if share_links and kind == "pim_catalog_asset_collection":
            family = self._store.asset_families[attribute["reference_data_name"]]
            more["linked_data"] = {
                asset: {
                    "share_links": [
                        {
                            "attribute": name,
                            "scope": value["channel"],
                            "locale": value["locale"],
                            "_links": {
                                "self": {
                                    "href": share_link(
                                        family.code, name, family.rows[asset], value["data"]
                                    )
                                }
                            },
                        }
                        for name, values in family.rows[asset].values.items()
                        if name in family.attributes
                        and family.attributes[name].body["type"] == "media_file"
                        for value in values
                    ]
                }
                for asset in data
            }
        return more


def _concerns(task: Entity, item: Item) -> bool:
    product, model = task.body.get("product"), task.body.get("product_model")
    if product is not None:
        return bool(product["uuid"] == item.uuid)
    return item.is_model and model is not None and bool(model["code"] == item.code)
