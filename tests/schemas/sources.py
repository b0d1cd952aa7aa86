"""Where Akeneo's reference describes each stream's schema, and known additions and errors."""

from __future__ import annotations

from tests.schemas.examples import SAAS_REFERENCE

# The reference's definitions of a record, besides those in the responses of its paths.
DEFINITIONS = {
    "asset_families": ("AssetFamilyList",),
    "assets": ("AssetList",),
    "association_types": ("AssociationType",),
    "attribute_groups": ("AttributeGroup",),
    "attribute_options": ("AttributeOption",),
    "attributes": ("Attribute",),
    "categories": ("Category",),
    "channels": ("Channel",),
    "currencies": ("Currency",),
    "families": ("Family",),
    "family_variants": ("FamilyVariantRead", "FamilyVariant"),
    "locales": ("Locale",),
    "measurement_families": ("MeasurementFamily",),
    "pam_asset_categories": ("DeprecatedAssetCategory",),
    "pam_asset_tags": ("DeprecatedAssetTag",),
    "pam_assets": ("DeprecatedAsset",),
    "product_media_files": ("MediaFile",),
    "product_models": ("ProductModel", "ProductModelWithIntents"),
    "products": ("ProductUuid", "Product", "ProductWithIntents", "ProductUUidWithIntents"),
    "published_products": ("PublishedProduct",),
    "reference_entities": ("ReferenceEntity",),
    "reference_entity_attribute_options": ("ReferenceEntityAttributeOption",),
    "reference_entity_attributes": ("ReferenceEntityAttribute",),
    "reference_entity_records": ("ReferenceEntityRecord",),
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
    ("asset_attributes", "$.max_characters", "text"),  # a number (api.akeneo.com, asset manager)
    ("products", "$.quality_scores", {}),
]
