"""The list of routes, as recorded on 5.0.118, 6.0.90, 7.0.22 and master of April 2024."""

from __future__ import annotations

import pytest
import requests

from tests.simulator.conftest import API, Client

STRUCTURE = """
pim_api_locale_list                           GET    locales
pim_api_locale_get                            GET    locales/{code}
pim_api_channel_list                          GET    channels
pim_api_channel_get                           GET    channels/{code}
pim_api_channel_create                        POST   channels
pim_api_channel_partial_update                PATCH  channels/{code}
pim_api_channel_partial_update_list           PATCH  channels
pim_api_currency_list                         GET    currencies
pim_api_currency_get                          GET    currencies/{code}
pim_api_attribute_list                        GET    attributes
pim_api_attribute_create                      POST   attributes
pim_api_attribute_partial_update              PATCH  attributes/{code}
pim_api_attribute_get                         GET    attributes/{code}
pim_api_attribute_partial_update_list         PATCH  attributes
pim_api_attribute_option_list                 GET    attributes/{attributeCode}/options
pim_api_attribute_option_create               POST   attributes/{attributeCode}/options
pim_api_attribute_option_partial_update       PATCH  attributes/{attributeCode}/options/{code}
pim_api_attribute_option_partial_update_list  PATCH  attributes/{attributeCode}/options
pim_api_attribute_option_get                  GET    attributes/{attributeCode}/options/{code}
pim_api_attribute_group_list                  GET    attribute-groups
pim_api_attribute_group_create                POST   attribute-groups
pim_api_attribute_group_get                   GET    attribute-groups/{code}
pim_api_attribute_group_partial_update        PATCH  attribute-groups/{code}
pim_api_attribute_group_partial_update_list   PATCH  attribute-groups
pim_api_family_list                           GET    families
pim_api_family_get                            GET    families/{code}
pim_api_family_create                         POST   families
pim_api_family_partial_update                 PATCH  families/{code}
pim_api_family_partial_update_list            PATCH  families
pim_api_family_variant_list                   GET    families/{familyCode}/variants
pim_api_family_variant_get                    GET    families/{familyCode}/variants/{code}
pim_api_family_variant_create                 POST   families/{familyCode}/variants
pim_api_family_variant_partial_update         PATCH  families/{familyCode}/variants/{code}
pim_api_family_variant_partial_update_list    PATCH  families/{familyCode}/variants
pim_api_association_type_list                 GET    association-types
pim_api_association_type_get                  GET    association-types/{code}
pim_api_association_type_create               POST   association-types
pim_api_association_type_partial_update       PATCH  association-types/{code}
pim_api_association_type_partial_update_list  PATCH  association-types
pim_api_product_model_list                    GET    product-models
pim_api_product_model_get                     GET    product-models/{code}
pim_api_product_model_create                  POST   product-models
pim_api_product_model_partial_update          PATCH  product-models/{code}
pim_api_product_model_partial_update_list     PATCH  product-models
"""
DELETE_MODELS = """
pim_api_product_model_delete                  DELETE product-models/{code}
"""
CATEGORIES = """
pim_api_category_list                         GET    categories
pim_api_category_get                          GET    categories/{code}
pim_api_category_create                       POST   categories
pim_api_category_partial_update               PATCH  categories/{code}
pim_api_category_partial_update_list          PATCH  categories
"""
PRODUCTS = """
pim_api_product_list                          GET    products
pim_api_product_get                           GET    products/{code}
pim_api_product_create                        POST   products
pim_api_product_partial_update                PATCH  products/{code}
pim_api_product_partial_update_list           PATCH  products
pim_api_product_delete                        DELETE products/{code}
"""
PRODUCTS_UUID = """
pim_api_product_uuid_delete                   DELETE products-uuid/{uuid}
pim_api_product_uuid_list                     GET    products-uuid
pim_api_product_uuid_get                      GET    products-uuid/{uuid}
pim_api_product_uuid_create                   POST   products-uuid
pim_api_product_uuid_partial_update           PATCH  products-uuid/{uuid}
pim_api_product_uuid_partial_update_list      PATCH  products-uuid
"""
SYSTEM = """
pim_analytics_external_api_system_info_get    GET    system-information
"""
MEDIA_AND_MEASUREMENTS = """
pim_api_media_file_list                       GET    media-files
pim_api_media_file_download                   GET    media-files/{code}/download
pim_api_media_file_get                        GET    media-files/{code}
pim_api_media_file_create                     POST   media-files
legacy_pim_api_measure_family_list            GET    measure-families
legacy_pim_api_measure_family_get             GET    measure-families/{code}
pim_api_measurement_family_get                GET    measurement-families
pim_api_measurement_family_create_or_update   PATCH  measurement-families
"""
CATEGORY_MEDIA = """
pim_api_category_media_file_download          GET    category-media-files/{code}/download
"""
UP_TO_5 = STRUCTURE + CATEGORIES + PRODUCTS + MEDIA_AND_MEASUREMENTS
UP_TO_6 = (
    STRUCTURE + DELETE_MODELS + CATEGORIES + PRODUCTS + SYSTEM + MEDIA_AND_MEASUREMENTS
)  # fmt: skip
UP_TO_7 = (
    STRUCTURE + DELETE_MODELS + PRODUCTS + PRODUCTS_UUID + SYSTEM + MEDIA_AND_MEASUREMENTS
) + CATEGORIES
ROUTES = {"ce-5": UP_TO_5, "ce-6": UP_TO_6, "ce-7": UP_TO_7, "ce-master": UP_TO_7 + CATEGORY_MEDIA}
# Read as code: these are built on 7.0 and on master.
ROUTES |= {"ce-2026": ROUTES["ce-7"], "librepim-8": ROUTES["ce-master"]}


@pytest.mark.parametrize("profile", ROUTES)
def test_routes_have_the_names_methods_and_order_of_the_pim(
    clients: dict[str, Client], profile: str
) -> None:
    url = clients[profile].url
    answer = requests.get(f"{url}{API}", timeout=10)
    rows = [line.split() for line in ROUTES[profile].splitlines() if line]
    expected = {
        name: {"route": f"{API}/{path}", "methods": [method]} for name, method, path in rows
    }
    assert answer.json() == {
        "host": url,
        "authentication": {
            "fos_oauth_server_token": {"route": "/api/oauth/v1/token", "methods": ["POST"]}
        },
        "routes": expected,
    }
    assert list(answer.json()["routes"]) == list(expected)
    assert answer.headers["Cache-Control"] == "max-age=0, must-revalidate, private"
