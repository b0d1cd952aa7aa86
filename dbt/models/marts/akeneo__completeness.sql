with products as (
    select product_key, identifier, family, completenesses
    from {{ ref('int_akeneo__all_products') }}
    where not is_deleted
),

completenesses as (
    {{ akeneo.unnest_list('products', ['product_key', 'identifier', 'family'], 'completenesses') }}
),

percentages as (
    select
        product_key,
        identifier,
        family,
        {{ akeneo.json_text('item', "'scope'") }} as channel,
        {{ akeneo.json_text('item', "'locale'") }} as locale,
        cast({{ akeneo.safe_number(akeneo.json_text('item', "'data'")) }} as {{ dbt.type_int() }}) as completeness
    from completenesses
)

select
    percentages.*,
    completeness = 100 as is_complete
from percentages
