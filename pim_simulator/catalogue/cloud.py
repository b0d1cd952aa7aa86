"""Resources of the hosted edition: workflows, rules, readiness, catalogs, extensions, hooks.

Its reference is not public in machine-readable form; the shapes are those that its clients
declare (schallym/node-akeneo-api-client, OpenAkeneo/dotnet-rest-api-client).
"""

from __future__ import annotations

from datetime import datetime, timezone
from typing import TYPE_CHECKING, Any
from uuid import UUID

from pim_simulator.database.rows import Entity

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pim_simulator.database.random_numbers import SeededRandom
    from pim_simulator.database.store import Store

# One rule in this many has no labels, another is about records.
_UNLABELLED, _RECORD_RULES = 4, 5
# Users see fewer of three locales and channels, the further down the list they are.
_VISIBLE = 4
_FIRST = datetime(2025, 1, 6, 8, tzinfo=timezone.utc)
# All secrets and personal strings, so that tests can look for leaks.
SECRETS = (
    "SECRET-signing-key-of-the-tab", "SECRET-bearer-of-the-tab", "SECRET-password-of-the-button",
    "SECRET-header-of-the-button", "SECRET-of-the-hook", "SECRET-token-of-the-hook",
)  # fmt: skip
_PEOPLE = (
    ("Ada", "Lovelace-Fictional", "ada@people.invalid"),
    ("Grace", "Hopper-Fictional", "grace@people.invalid"),
    ("Anonyma", "Nemo-Fictional", "nemo@people.invalid"),
)
PERSONAL = tuple(text for person in _PEOPLE for text in person[1:])


def add_workflows(store: Store, random: SeededRandom) -> None:
    """Fill the tables of workflows, and of the tasks and assignees of their steps."""
    for number in range(len(_PEOPLE)):
        _add_rights(store, _user(number), number)
    for body in _workflows(random):
        _add(store, "workflows", body["uuid"], body)
        for step in body["steps"]:
            _add_tasks(store, step["uuid"], random)
            for number, (first, last, email) in enumerate(_PEOPLE):
                key = _user(number)
                person = {"uuid": key, "first_name": first, "last_name": last, "email": email}
                table = "workflow_step_assignees"
                _add(store, table, f"{step['uuid']}/{key}", person, step["uuid"])


def _add_rights(store: Store, user: str, number: int) -> None:
    """Add what a user may view and edit; the first one may do everything."""
    for what, codes in (
        ("locale", ("en_US", "fr_FR", "de_DE")),
        ("channel", ("ecommerce", "mobile", "print")),
    ):
        rights = {
            code: {
                "canView": "true" if number + place < _VISIBLE else "false",
                "canEdit": "true" if number == 0 or place == 0 else "false",
            }
            for place, code in enumerate(codes)
        }
        body = {"userUuid": user, f"{what}s": rights}
        _add(store, f"user_{what}_permissions", user, body)


def _add(store: Store, table: str, key: str, body: dict[str, Any], owner: str = "") -> None:
    store.table(table)[key] = Entity(body, 0, 0, owner)


def _user(number: int) -> str:
    return str(UUID(int=number + 1, version=4))


def _uuid(random: SeededRandom) -> str:
    return str(UUID(int=random.getrandbits(128), version=4))


def _moment(day: int) -> str:
    return _FIRST.replace(day=1 + day % 28).isoformat()


def _workflows(random: SeededRandom) -> Iterator[dict[str, Any]]:
    for code, enabled, steps in (
        ("enrichment", True, ("marketing", "review")),
        ("translation", True, ("translate",)),
        ("retired", False, ("nothing",)),
    ):
        yield {
            "uuid": _uuid(random),
            "code": code,
            "labels": {"en_US": code.capitalize()} if enabled else {},
            "enabled": enabled,
            "steps": [
                {
                    "uuid": _uuid(random),
                    "code": step,
                    "type": "review" if step == "review" else "enrichment",
                    "labels": {"en_US": step.capitalize()} if number == 0 else {},
                    "descriptions": {},
                    "allotted_time": {"value": 3, "unit": "days"} if number == 0 else None,
                    "channels_and_locales": {"ecommerce": ["en_US"], "mobile": ["en_US", "fr_FR"]},
                }
                for number, step in enumerate(steps)
            ],
        }


def _add_tasks(store: Store, step: str, random: SeededRandom) -> None:
    uuids, models = list(store.products), list(store.product_models)
    for number in range(12 if uuids else 0):
        body: dict[str, Any] = {
            "uuid": _uuid(random),
            "status": random.choice(("in_progress", "completed")),
            "created_at": _moment(number),
            "due_date": _moment(number + 9) if number % 3 else None,
            "rejected": number % 5 == 0,
        }
        if number % 4 == 0 and models:
            body["product_model"] = {"code": random.choice(models)}
        else:
            body["product"] = {"uuid": random.choice(uuids)}
        body["pending_attributes"] = (
            {"name": [{"locale": "en_US", "scope": None, "rejected": True, "comment": "Longer."}]}
            if body["rejected"]
            else {}
        )
        _add(store, "workflow_tasks", body["uuid"], body, step)


def rules(_: SeededRandom) -> Iterator[dict[str, Any]]:
    """Iterate over rules: of products and of records, with labels and without."""
    for number in range(15):
        records = number % _RECORD_RULES == _RECORD_RULES - 1
        yield {
            "code": f"rule_{number:02}",
            "type": "record" if records else "product",
            "execution_type": "triggered" if number % 2 else "scheduled",
            "enabled": number % 3 != 0,
            "priority": number,
            "reference_entity_identifier": "brands" if records else None,
            "labels": {"en_US": f"Rule {number}"} if number % _UNLABELLED else {},
            "conditions": [{"field": "family", "operator": "IN", "value": ["shoes"]}],
            "actions": [{"type": "set", "field": "on_sale", "value": True}],
            "triggers": [{"field": "name", "locale": "en_US"}] if number % 2 else [],
            "action_types": ["set"],
        }


def readiness(_: SeededRandom) -> Iterator[dict[str, Any]]:
    """Iterate over configurations of readiness (OpenAPI document, ``get_readinesses``)."""
    for number, code in enumerate(("shop_readiness", "print_readiness", "next_year")):
        yield {
            "code": code,
            "labels": {"en_US": code.replace("_", " ").capitalize()} if number else {},
            "channels_and_locales": {"ecommerce": ["en_US", "fr_FR"], "mobile": ["en_US"]},
            "locale_fallbacks": [{"source": "fr_FR", "target": "en_US"}] if number else [],
            "product_selection_conditions": [
                {"field": "family", "operator": "IN", "value": ["shoes"]}
                if number
                else {"field": "enabled", "operator": "=", "value": True, "scope": None}
            ],
            "selection_level": ("all_levels", "products_only", "product_models_only")[number],
            "requirements": [{"field": "description", "operator": "NOT EMPTY"}],
            "is_draft": code == "next_year",
            "created_at": _moment(number),
            "updated_at": _moment(number + 7),
        }


def suggestions(random: SeededRandom) -> Iterator[dict[str, Any]]:
    """Iterate over suggestions of the data architect."""
    for number, status in enumerate(("draft", "applied", "declined", "draft")):
        yield {
            "uuid": _uuid(random), "status": status, "source": "api" if number % 2 else "manual",
            "author": "data_architect", "created_at": _moment(number),
            "suggested_attributes": [
                {"code": f"suggested_{number}", "type": "pim_catalog_text", "description": None}],
        }  # fmt: skip


def add_catalogs(store: Store, random: SeededRandom) -> None:
    """Fill the tables of catalogs for apps and of their mapping schemas."""
    for name, enabled, mapped in (
        ("Store US", True, True),
        ("Store FR", True, False),
        ("Closed store", False, True),
    ):
        body: dict[str, Any] = {
            "id": _uuid(random),
            "name": name,
            "enabled": enabled,
            "managed_currencies": ["EUR", "USD"],
            "managed_locales": ["en_US", "fr_FR"],
        }
        _add(store, "catalogs", body["id"], body)
        if mapped:
            schema = {
                "$id": "https://shop.invalid/product",
                "$schema": "https://api.akeneo.com/mapping/product/1.0.4/schema",
                "title": "Product of the shop", "type": "object",
                "properties": {
                    "uuid": {"type": "string"}, "title": {"title": "Title", "type": "string"},
                    "code": {"title": "SKU", "type": "string"},
                    "size": {"title": "Size", "type": "string"}},
            }  # fmt: skip
            _add(store, "catalog_mapping_schemas", body["id"], schema, body["id"])


def extensions(random: SeededRandom) -> Iterator[dict[str, Any]]:
    """Iterate over UI extensions with all kinds of credentials."""
    yield {
        "uuid": _uuid(random), "name": "tab", "description": "A tab of the shop.", "version": "1.0",
        "position": "pim.product.tab", "type": "iframe",
        "configuration": {"default_label": "Shop", "labels": {"en_US": "Shop"},
            "url": "https://extension.invalid/tab", "secret": SECRETS[0]},
        "status": "active",
        "credentials": [{"code": "shop", "type": "Bearer Token", "value": SECRETS[1]}],
    }  # fmt: skip
    yield {
        "uuid": _uuid(random), "name": "button", "version": "2.1",
        "position": "pim.product.header", "type": "action",
        "configuration": {"default_label": "Send", "labels": {}, "url": "https://a.invalid/send"},
        "status": "inactive",
        "credentials": [{"code": "basic", "type": "Basic Auth",
                "value": {"username": "shop", "password": SECRETS[2]}},
            {"code": "header", "type": "Custom Header",
                "value": {"header_key": "X-Shop", "header_value": SECRETS[3]}}],
    }  # fmt: skip


def hooks(_: SeededRandom) -> Iterator[dict[str, Any]]:
    """Iterate over HTTP hooks, with credentials and without."""
    yield {
        "hookType": "product.preSave",
        "failureMode": "allow-save",
        "endpoint": "https://hook.invalid/save",
        "secret": SECRETS[4],
        "headers": {"Authorization": f"Bearer {SECRETS[5]}"},
    }
    yield {
        "hookType": "product.preLoad",
        "failureMode": "reject-save",
        "endpoint": "https://hook.invalid/load",
    }
