{# A table without the large columns, because many models read it. #}
{{ config(materialized='table') }}

with products as (
    {{ akeneo.with_deleted(
        ref('stg_akeneo__products'),
        keys=ref('stg_akeneo__product_keys'),
        stream='product_keys',
        on=['product_key'],
        margin='case when items.uuid is null then 1440 else ' ~ var('akeneo_index_lag_minutes') ~ ' end',
    ) }}
),

main_identifier as (
    select * from {{ ref('int_akeneo__main_identifier') }}
),

item_values as (
    select * from {{ ref('int_akeneo__item_values') }}
),

identifiers as (
    select item_values.item_key as product_key, min(item_values.content) as identifier
    from item_values
    inner join main_identifier on lower(main_identifier.attribute) = lower(item_values.attribute)
    where item_values.item_type = 'product'
    group by item_values.item_key
)

select
    products.product_key,
    products.uuid,
    coalesce(products.product_identifier, identifiers.identifier) as identifier,
    products.enabled,
    products.family,
    products.parent,
    products.created_at,
    products.updated_at,
    products.extracted_at,
    products.deleted_at,
    products.is_deleted,
    products.missing_since
    {%- for column in akeneo.pass_through_columns('products') %},
    products.{{ column }}
    {%- endfor %}
from products
left join identifiers on identifiers.product_key = products.product_key
