{% set attributes = var('akeneo_wide_attributes', []) %}
{{ config(enabled=attributes | length > 0) }}
{{ akeneo.wide_products(attributes=attributes) }}
