{% set attributes = var('akeneo_wide_attributes', []) %}
{{ config(enabled=attributes | length > 0) }}
{# dbt also parses a disabled model. #}
{% if attributes %}{{ akeneo.wide_products(attributes=attributes) }}{% endif %}
