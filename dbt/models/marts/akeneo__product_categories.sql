with products as (
    select products.product_key, lineage.identifier, products.categories
    from {{ ref('int_akeneo__lineage') }} as lineage
    inner join {{ ref('stg_akeneo__products') }} as products
        on products.product_key = lineage.item_key
    where lineage.item_type = 'product'
),

categories as (
    {{ akeneo.unnest_list('products', ['product_key', 'identifier'], 'categories') }}
),

named as (
    select product_key, identifier, {{ akeneo.json_as_text('item') }} as category
    from categories
)

select
    named.product_key,
    named.identifier,
    named.category,
    coalesce(paths.label, '[' || named.category || ']') as category_label,
    paths.tree,
    paths.path
from named
left join {{ ref('akeneo__category_paths') }} as paths on paths.category = named.category
left join {{ ref('int_akeneo__all_categories') }} as categories
    on categories.category = named.category
-- The PIM takes products out of a category that is deleted, without a new date.
where not coalesce(categories.is_deleted, false)
