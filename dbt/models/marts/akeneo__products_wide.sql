{% set attributes = var('akeneo_wide_attributes', []) %}
{{ config(enabled=attributes | length > 0) }}
{# dbt also reads a model that is not enabled. #}
{% if attributes %}{{ akeneo.wide_products(attributes=attributes) }}{% endif %}
