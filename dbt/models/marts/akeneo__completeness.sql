with products as (
    select
        products.product_key,
        lineage.identifier,
        lineage.family,
        -- `product_scores` are read in each run, other than products.
        case
            when scores.completenesses is not null
                and coalesce(scores.extracted_at >= products.extracted_at, true)
                then scores.completenesses
            else products.completenesses
        end as completenesses
    from {{ ref('int_akeneo__lineage') }} as lineage
    inner join {{ ref('stg_akeneo__products') }} as products
        on products.product_key = lineage.item_key
    left join {{ ref('stg_akeneo__product_scores') }} as scores
        on scores.product_key = products.product_key
    where lineage.item_type = 'product'
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
