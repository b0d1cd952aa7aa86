"""Example records that are missing from Akeneo's machine-readable reference, with their sources.

The reference shows what the PIM sends; the examples here also cover what the tap adds or wraps.
"""

from __future__ import annotations

from typing import Any, NamedTuple

Json = dict[str, Any]

SAAS_REFERENCE = "akeneo/pim-api-docs before 663e9485, which took SaaS out of the reference"
SAAS_OPENAPI = "Akeneo's OpenAPI document of SaaS, September 2026"
NODE_CLIENT = "schallym/node-akeneo-api-client, tests/mocks"
ASSET_DOCS = "api.akeneo.com, asset manager"


class Example(NamedTuple):
    """A record and its source."""

    source: str
    record: Json


WORKFLOW = "6f37476a-04c2-46c0-b6d0-e18316959068"
STEP = "f626d0e5-84a5-41fc-8215-65508c253edb"
CATALOG = "232be0b2-093c-4591-a506-2a2ed5176721"

EXAMPLES: dict[str, tuple[Example, ...]] = {
    "asset_attributes": (
        Example(
            f"{ASSET_DOCS}, the record attribute",
            {
                "code": "brand",
                "labels": {"en_US": "Brand", "fr_FR": "Marque"},
                "type": "record",
                "value_per_locale": False,
                "value_per_channel": False,
                "is_required_for_completeness": True,
                "is_read_only": False,
                "reference_entity": "brand",
            },
        ),
    ),
    "assets": (
        Example(
            f"{ASSET_DOCS}, with_asset_auto_tags",
            {
                "code": "amy_socks",
                "values": {
                    "auto_tags": [
                        {
                            "locale": None,
                            "channel": None,
                            "data": ["outdoor"],
                            "linked_data": {"outdoor": {"labels": {"en_US": "Outdoor"}}},
                            "attribute_type": "auto_tagging",
                        }
                    ]
                },
            },
        ),
    ),
    "catalog_mapped_models": (
        Example(
            f"{SAAS_REFERENCE}: app_catalogs_id_mapped_models",
            {
                "catalog_id": CATALOG,
                "code": "tshirt_akeneo",
                "data": {
                    "code": "tshirt_akeneo",
                    "title": "Beautiful t-shirt with Akeneo logo",
                    "variants": f"https://demo.akeneo.com/api/rest/v1/catalogs/{CATALOG}"
                    "/mapped-models/tshirt_akeneo/variants",
                    "variation_axes": [
                        {"code": "size", "label": [{"locale": "en_US", "value": "Size"}]}
                    ],
                },
            },
        ),
    ),
    "catalog_mapped_products": (
        Example(
            f"{SAAS_REFERENCE}: app_catalogs_id_mapped_products",
            {
                "catalog_id": CATALOG,
                "uuid": "04f47a54-8cc9-4c51-90e9-eb9aace0865f",
                "data": {
                    "uuid": "04f47a54-8cc9-4c51-90e9-eb9aace0865f",
                    "title": "Canon Video Visualiser RE-455X",
                    "code": "sku-1234",
                },
            },
        ),
    ),
    "catalog_mapped_variants": (
        Example(
            f"{SAAS_REFERENCE}: app_catalogs_id_mapped_models_variants",
            {
                "catalog_id": CATALOG,
                "model_code": "tshirt_akeneo",
                "uuid": "04f47a54-8cc9-4c51-90e9-eb9aace0865f",
                "data": {
                    "uuid": "04f47a54-8cc9-4c51-90e9-eb9aace0865f",
                    "sku": "sku-1234",
                    "is_published": True,
                    "variant_axes_values": [{"code": "size", "label": [], "value": "XL"}],
                },
            },
        ),
    ),
    "catalog_mapping_schemas": (
        Example(
            f"{SAAS_REFERENCE}: mapping_schema_product",
            {
                "catalog_id": CATALOG,
                "schema": {
                    "$id": "https://example.com/product",
                    "$schema": "https://api.akeneo.com/mapping/product/1.0.0/schema",
                    "type": "object",
                    "properties": {"code": {"title": "Model ID", "type": "string"}},
                },
            },
        ),
    ),
    "catalog_products": (
        Example(
            f"{SAAS_REFERENCE}: app_catalogs_id_products",
            {
                "catalog_id": CATALOG,
                "uuid": "00073089-1310-4340-bcf0-9e33e4019b79",
                "enabled": True,
                "family": "mens_clothing",
                "categories": ["Cloths"],
                "groups": [],
                "parent": None,
                "values": {
                    "Weight": [
                        {
                            "locale": None,
                            "scope": None,
                            "data": {"amount": 10, "unit": "KILOGRAM"},
                        }
                    ]
                },
                "created": "2022-03-14T15:25:45+00:00",
                "updated": "2022-06-24T12:54:58+00:00",
                "associations": {"PACK": {"products": [], "product_models": [], "groups": []}},
                "quantified_associations": {},
            },
        ),
    ),
    "catalogs": (
        Example(
            f"{SAAS_REFERENCE}: app_catalogs",
            {
                "id": "092c5f22-ecd8-485f-97e9-3b78098e1386",
                "name": "Store US",
                "enabled": True,
                "managed_currencies": ["USD"],
                "managed_locales": ["en_US", "es_ES"],
            },
        ),
    ),
    "http_hooks": (
        Example(
            f"{NODE_CLIENT}/http-hook.mock.ts",
            {
                "hookType": "product.preSave",
                "failureMode": "allow-save",
                "endpoint": "https://example.com/hook1",
            },
        ),
    ),
    "modelization_suggestions": (
        Example(
            f"{NODE_CLIENT}/data-architect-agent.mock.ts",
            {
                "uuid": "b1c2d3e4-f5a6-7b8c-9d0e-1f2a3b4c5d6e",
                "source": "api",
                "author": "john.doe",
                "created_at": "2026-01-01T12:00:00Z",
                "suggested_attributes": [
                    {
                        "code": "material",
                        "type": "pim_catalog_text",
                        "description": "The material of the product",
                    }
                ],
            },
        ),
    ),
    "product_model_scores": (
        Example(
            "Akeneo's reference of 7.0, examples of product-models",
            {
                "code": "model-biker-jacket-leather",
                "quality_scores": [{"scope": "ecommerce", "locale": "en_US", "data": "A"}],
            },
        ),
    ),
    "product_scores": (
        Example(
            "Akeneo's reference of 7.0, examples of products-uuid and products",
            {
                "uuid": "00073089-1310-4340-bcf0-9e33e4019b79",
                "completenesses": [{"scope": "ecommerce", "locale": "en_US", "data": 10}],
                "quality_scores": [{"scope": "ecommerce", "locale": "en_US", "data": "B"}],
            },
        ),
        Example(
            "Akeneo's reference of 7.0, examples of products",
            {"identifier": "top", "quality_scores": []},
        ),
    ),
    "readiness": (
        Example(
            f"{NODE_CLIENT}/readiness.mock.ts, at 370151c",
            {
                "code": "ecommerce_readiness",
                "labels": {"en_US": "Ecommerce readiness"},
                "channels_and_locales": {"ecommerce": ["en_US", "fr_FR"]},
                "locale_fallbacks": [{"source": "fr_FR", "target": "en_US"}],
                "product_selection_conditions": [
                    {"field": "family", "operator": "IN", "value": ["tshirts"]}
                ],
                "selection_level": "all_levels",
                "requirements": [{"field": "name", "operator": "NOT EMPTY"}],
                "is_draft": False,
                "created_at": "2026-01-15T10:00:00+00:00",
                "updated_at": "2026-01-16T10:00:00+00:00",
            },
        ),
    ),
    "rule_definitions": (
        Example(
            f"{NODE_CLIENT}/rule-definition.mock.ts",
            {
                "code": "set_brand",
                "type": "product",
                "execution_type": "triggered",
                "enabled": True,
                "priority": 0,
                "reference_entity_identifier": None,
                "labels": {"en_US": "Set brand"},
                "conditions": [{"field": "sku", "operator": "CONTAINS", "value": "AKN"}],
                "actions": [{"type": "set", "field": "brand", "value": "Akeneo"}],
                "action_types": ["set"],
            },
        ),
    ),
    "ui_extensions": (
        Example(
            f"{SAAS_REFERENCE}: examples/ui_extension",
            {
                "uuid": "d414135b-ff4d-44e1-8cb6-fce64cbe29c0",
                "name": "my_awesome_button_extension",
                "type": "iframe",
                "position": "pim.product.tab",
                "configuration": {
                    "url": "https://www.example.com",
                    "labels": {"en_US": "My awesome link extension"},
                    "default_label": "My awesome link extension",
                },
                "status": "active",
                "version": "V1.02.3",
                "description": "A short human readable description.",
            },
        ),
    ),
    **{
        f"user_{what}_permissions": (
            Example(
                f"{SAAS_OPENAPI}, GET /permissions/{{uuid}}/{what}s",
                {
                    "userUuid": "25566245-55c3-42ce-86d9-8610ac459fa8",
                    f"{what}s": {code: {"canView": "true", "canEdit": "false"}},
                },
            ),
        )
        for what, code in (("locale", "en_US"), ("channel", "ecommerce"))
    },
    "workflow_step_assignees": (
        Example(
            f"{SAAS_REFERENCE}: workflows_steps_uuid_assignees",
            {
                "step_uuid": STEP,
                "uuid": "25566245-55c3-42ce-86d9-8610ac459fa8",
                "first_name": "John",
                "last_name": "Doe",
                "email": "john@example.com",
            },
        ),
    ),
    "workflow_steps": (
        Example(
            f"{SAAS_REFERENCE}: definitions/workflow",
            {
                "workflow_uuid": WORKFLOW,
                "position": 0,
                "uuid": STEP,
                "code": "marketing_enrichment",
                "type": "enrichment",
                "labels": {"en_US": "Marketing enrichment"},
                "descriptions": {"en_US": "Enrich marketing attributes"},
                "allotted_time": {"value": 3, "unit": "days"},
                "channels_and_locales": {"ecommerce": ["en_US"], "mobile": ["en_US", "fr_FR"]},
            },
        ),
        Example(
            f"{SAAS_REFERENCE}: definitions/workflow",
            {
                "workflow_uuid": WORKFLOW,
                "position": 1,
                "uuid": "b2c1f3d4-5e6a-4c8b-9f0e-2d3e4f5a6b7c",
                "code": "marketing_review",
                "type": "review",
                "labels": {},
                "descriptions": {},
                "allotted_time": None,
                "channels_and_locales": {"ecommerce": ["en_US"]},
            },
        ),
    ),
    "workflow_tasks": (
        Example(
            f"{SAAS_REFERENCE}: workflows_tasks",
            {
                "step_uuid": STEP,
                "uuid": "8f6c2d18-fbd4-4f7e-81df-cb3dc368fe07",
                "status": "in_progress",
                "created_at": "2024-02-22T17:31:00Z",
                "product": {"uuid": "7108ee60-a1ea-4fe1-baca-b39909e23d24"},
                "due_date": "2024-03-31T18:00:00Z",
                "rejected": True,
                "pending_attributes": {
                    "name": [{"locale": None, "scope": None, "rejected": False}],
                    "description": [
                        {
                            "locale": "fr_FR",
                            "scope": "ecommerce",
                            "rejected": True,
                            "comment": "Typo in the description",
                        }
                    ],
                },
            },
        ),
        Example(
            f"{SAAS_REFERENCE}: workflows_tasks",
            {
                "step_uuid": STEP,
                "uuid": "782dd26a-b58d-40d3-a8e2-c41bb342f20f",
                "status": "in_progress",
                "created_at": "2024-02-22T17:31:00Z",
                "product_model": {"code": "a-product-model-code"},
                "due_date": "2024-03-28T18:00:00Z",
                "rejected": False,
            },
        ),
    ),
    "workflows": (
        Example(
            f"{SAAS_REFERENCE}: workflows",
            {
                "uuid": WORKFLOW,
                "code": "enrichment_workflow",
                "enabled": True,
                "labels": {"en_US": "Enrichment workflow", "fr_FR": "Workflow d'enrichissement"},
            },
        ),
    ),
}
