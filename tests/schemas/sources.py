"""Where Akeneo's reference describes each stream's schema, and known additions and errors."""

from __future__ import annotations

from typing import NamedTuple

from tests.schemas.examples import SAAS_REFERENCE


class Source(NamedTuple):
    """Where the reference describes a stream's records."""

    definitions: tuple[str, ...]
    paths: tuple[str, ...]  # under /api/rest/v1/
    keys: tuple[str, ...]  # never null


ASSET_ATTRIBUTES = "asset-families/{asset_family_code}/attributes"
ENTITY_ATTRIBUTES = "reference-entities/{reference_entity_code}/attributes"

STREAMS = {
    "asset_attribute_options": Source(
        (),
        (
            f"{ASSET_ATTRIBUTES}/{{attribute_code}}/options",
            f"{ASSET_ATTRIBUTES}/{{attribute_code}}/options/{{code}}",
        ),
        ("asset_family", "attribute", "code"),
    ),
    "asset_attributes": Source(
        (), (ASSET_ATTRIBUTES, f"{ASSET_ATTRIBUTES}/{{code}}"), ("asset_family", "code")
    ),
    "asset_families": Source(
        ("AssetFamilyList",), ("asset-families", "asset-families/{code}"), ("code",)
    ),
    "assets": Source(
        ("AssetList",),
        (
            "asset-families/{asset_family_code}/assets",
            "asset-families/{asset_family_code}/assets/{code}",
        ),
        ("asset_family", "code"),
    ),
    "association_types": Source(
        ("AssociationType",), ("association-types", "association-types/{code}"), ("code",)
    ),
    "attribute_groups": Source(
        ("AttributeGroup",), ("attribute-groups", "attribute-groups/{code}"), ("code",)
    ),
    "attribute_options": Source(
        ("AttributeOption",),
        ("attributes/{attribute_code}/options", "attributes/{attribute_code}/options/{code}"),
        ("attribute", "code"),
    ),
    "attributes": Source(("Attribute",), ("attributes", "attributes/{code}"), ("code",)),
    "categories": Source(("Category",), ("categories", "categories/{code}"), ("code",)),
    "catalog_mapped_models": Source((), (), ("catalog_id", "code")),
    "catalog_mapped_products": Source((), (), ("catalog_id", "uuid")),
    "catalog_mapped_variants": Source((), (), ("catalog_id", "uuid")),
    "catalog_mapping_schemas": Source((), (), ("catalog_id",)),
    "catalog_products": Source((), (), ("catalog_id", "uuid")),
    "catalogs": Source((), (), ("id",)),
    "channels": Source(("Channel",), ("channels", "channels/{code}"), ("code",)),
    "currencies": Source(("Currency",), ("currencies", "currencies/{code}"), ("code",)),
    "families": Source(("Family",), ("families", "families/{code}"), ("code",)),
    "family_variants": Source(
        ("FamilyVariantRead", "FamilyVariant"),
        ("families/{family_code}/variants", "families/{family_code}/variants/{code}"),
        ("family", "code"),
    ),
    "http_hooks": Source((), (), ("hookType",)),
    "locales": Source(("Locale",), ("locales", "locales/{code}"), ("code",)),
    "measurement_families": Source(("MeasurementFamily",), ("measurement-families",), ("code",)),
    "modelization_suggestions": Source((), (), ("uuid",)),
    "pam_asset_categories": Source(
        ("DeprecatedAssetCategory",), ("asset-categories", "asset-categories/{code}"), ("code",)
    ),
    "pam_asset_tags": Source(
        ("DeprecatedAssetTag",), ("asset-tags", "asset-tags/{code}"), ("code",)
    ),
    "pam_assets": Source(("DeprecatedAsset",), ("assets", "assets/{code}"), ("code",)),
    # Has the same key as `products`.
    "product_drafts": Source((), ("products-uuid/{uuid}/draft", "products/{code}/draft"), ()),
    "product_media_files": Source(("MediaFile",), ("media-files", "media-files/{code}"), ("code",)),
    "product_model_drafts": Source((), ("product-models/{code}/draft",), ("code",)),
    "product_models": Source(
        ("ProductModel", "ProductModelWithIntents"),
        ("product-models", "product-models/{code}"),
        ("code",),
    ),
    "product_model_scores": Source((), (), ("code",)),
    # Has the same key as `products`.
    "product_scores": Source((), (), ()),
    # The key is `uuid`, or `identifier` before 7.0, so neither exists on every PIM.
    "products": Source(
        ("ProductUuid", "Product", "ProductWithIntents", "ProductUUidWithIntents"),
        ("products-uuid", "products-uuid/{uuid}", "products", "products/{code}"),
        (),
    ),
    "published_products": Source(
        ("PublishedProduct",), ("published-products", "published-products/{code}"), ("identifier",)
    ),
    "reference_entities": Source(
        ("ReferenceEntity",), ("reference-entities", "reference-entities/{code}"), ("code",)
    ),
    "reference_entity_attribute_options": Source(
        ("ReferenceEntityAttributeOption",),
        (
            f"{ENTITY_ATTRIBUTES}/{{attribute_code}}/options",
            f"{ENTITY_ATTRIBUTES}/{{attribute_code}}/options/{{code}}",
        ),
        ("reference_entity", "attribute", "code"),
    ),
    "reference_entity_attributes": Source(
        ("ReferenceEntityAttribute",),
        (ENTITY_ATTRIBUTES, f"{ENTITY_ATTRIBUTES}/{{code}}"),
        ("reference_entity", "code"),
    ),
    "reference_entity_records": Source(
        ("ReferenceEntityRecord",),
        (
            "reference-entities/{reference_entity_code}/records",
            "reference-entities/{reference_entity_code}/records/{code}",
        ),
        ("reference_entity", "code"),
    ),
    "readiness": Source((), (), ("code",)),
    "rule_definitions": Source((), (), ("code",)),
    "system_information": Source((), ("system-information",), ("host",)),
    "ui_extensions": Source((), (), ("uuid",)),
    "workflow_step_assignees": Source((), (), ("step_uuid", "uuid")),
    "workflow_steps": Source((), (), ("uuid",)),
    "workflow_tasks": Source((), (), ("uuid",)),
    "workflows": Source((), (), ("uuid",)),
}

# Properties that the PIM sends but the reference does not have, and their sources. A property
# includes everything below it.
SAAS_CLIENT = "schallym/node-akeneo-api-client, src/types"
SAAS_OPENAPI = (
    "Akeneo's OpenAPI document of SaaS, of 2026, as schallym/node-akeneo-api-client has it"
)
DOTNET_CLIENT = "OpenAkeneo/dotnet-rest-api-client, UtilityModels.cs"
IN_THE_URL = "added by the tap: the code in the list's URL"
READ_AT = "added by the tap: the PIM's time when the reading began"
TABLE_ATTRIBUTE = "Enterprise Edition, SqlTableConfigurationRepository"
_OF_DRAFTS = {
    "proposal_review_status": SAAS_CLIENT,
    "readiness": SAAS_OPENAPI,
    "workflow_execution_statuses": SAAS_OPENAPI,
}
NEWER = {
    "asset_attribute_options": {"asset_family": IN_THE_URL, "attribute": IN_THE_URL},
    "asset_attributes": {
        "asset_family": IN_THE_URL,
        "asset_family_code": SAAS_OPENAPI,
        "default_value": SAAS_CLIENT,
    },
    "asset_families": {"auto_tagging_enabled": SAAS_OPENAPI},
    "assets": {"asset_family": IN_THE_URL},
    "attributes": {
        "color_configuration": SAAS_OPENAPI,
        "display_time": SAAS_CLIENT,
        "enable_option_creation_during_import": SAAS_REFERENCE,
        "is_pinned": SAAS_OPENAPI,
        "max_items_count": SAAS_REFERENCE,
        "table_configuration[].measurement_default_unit_code": TABLE_ATTRIBUTE,
        "table_configuration[].measurement_family_code": TABLE_ATTRIBUTE,
        "table_configuration[].options": "api.akeneo.com, with_table_select_options",
        "table_configuration[].reference_entity_identifier": TABLE_ATTRIBUTE,
    },
    "categories": {
        "template": "akeneo/pim-community-dev, ServiceApi/ExternalApiCategory",
        "validations": "api.akeneo.com, body of PATCH /categories (CategoryUpdate)",
    },
    "family_variants": {"family": IN_THE_URL},
    "modelization_suggestions": {
        "additional_comments": DOTNET_CLIENT,
        "raw_suggested_attributes": DOTNET_CLIENT,
        "status": DOTNET_CLIENT,
    },
    "catalog_products": dict.fromkeys(
        (
            "completenesses",
            "metadata",
            "quality_scores",
            "root_parent",
            "workflow_execution_statuses",
        ),
        SAAS_OPENAPI,
    ),
    "product_drafts": _OF_DRAFTS,
    "product_model_drafts": _OF_DRAFTS,
    "product_models": {"proposal_review_status": SAAS_OPENAPI, "readiness": SAAS_CLIENT},
    "product_media_files": {"download_url": "added by the tap: the path of the file's download"},
    "product_model_scores": {"read_at": READ_AT},
    "product_scores": {"read_at": READ_AT},
    "products": {
        "proposal_review_status": SAAS_OPENAPI,
        "readiness": SAAS_CLIENT,
        "workflow_execution_statuses": SAAS_REFERENCE,
    },
    "reference_entity_attribute_options": {
        "attribute": IN_THE_URL,
        "reference_entity": IN_THE_URL,
    },
    "reference_entity_attributes": {"reference_entity": IN_THE_URL},
    "reference_entity_records": {"reference_entity": IN_THE_URL},
    "rule_definitions": {"triggers": SAAS_OPENAPI},
    "system_information": {"host": "added by the tap: the host in its settings"},
    "ui_extensions": {"configuration.custom_variables": SAAS_OPENAPI},
}

# Errors in the reference.
MISSPELT = {
    (
        "asset_families",
        "\N{LEFT DOUBLE QUOTATION MARK}naming_convention\N{RIGHT DOUBLE QUOTATION MARK}",
    ),
    ("locales", "enable"),  # an example; the PIM sends what the definition says, `enabled`
}
AS_TEXT = {("attributes", "default_value")}
"""Boolean in the reference; newer PIMs send any type, so the tap converts it to text."""

DECLARED_AS_OBJECT = {
    ("asset_families", "transformations[].operations"),  # the examples show lists
    ("product_drafts", "quality_scores"),
    ("product_model_drafts", "quality_scores"),
    ("product_models", "quality_scores"),
    ("products", "quality_scores"),
}
WRONG_EXAMPLES: list[tuple[str, str, object]] = [
    ("asset_attributes", "$.max_characters", "50"),  # a number (api.akeneo.com, asset manager)
    ("products", "$.quality_scores", {}),
]
