with lineage as (
    select * from {{ ref('int_akeneo__lineage') }}
    where item_type = 'product'
),

staged as (
    select product_key, categories from {{ ref('stg_akeneo__products') }}
),

paths as (
    select * from {{ ref('akeneo__category_paths') }}
),

all_categories as (
    select * from {{ ref('int_akeneo__all_categories') }}
),

products as (
    select staged.product_key, lineage.identifier, staged.categories
    from lineage
    inner join staged on staged.product_key = lineage.item_key
),

categories as (
    {{ akeneo.unnest_list('products', ['product_key', 'identifier'], 'categories') }}
),

-- Some PIMs name a category twice: that of the product, and that of its model.
named as (
    select product_key, identifier, min({{ akeneo.json_as_text('item') }}) as category
    from categories
    where {{ akeneo.json_as_text('item') }} <> ''
    group by product_key, identifier, lower({{ akeneo.json_as_text('item') }})
),

deleted as (
    select lower(category) as category_code from all_categories
    group by lower(category)
    having min(case when is_deleted then 1 else 0 end) = 1
)

select
    named.product_key,
    named.identifier,
    coalesce(paths.category, named.category) as category,
    coalesce(paths.label, '[' || named.category || ']') as category_label,
    paths.tree,
    paths.path
from named
left join paths on lower(paths.category) = lower(named.category)
left join deleted on deleted.category_code = lower(named.category)
-- The PIM takes products out of a category that is deleted, without a new date.
where deleted.category_code is null
