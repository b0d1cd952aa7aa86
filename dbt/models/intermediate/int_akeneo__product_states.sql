{# What the snapshot keeps of each product, with a hash of all that counts as a change. #}
with living as (
    select product_key, identifier from {{ ref('int_akeneo__all_products') }}
    where not is_deleted
),

staged as (
    select * from {{ ref('stg_akeneo__products') }}
),

products as (
    select
        living.product_key,
        living.identifier,
        staged.family,
        staged.parent,
        staged.enabled,
        staged.categories,
        staged.product_groups,
        staged.associations,
        staged.quantified_associations,
        staged.attribute_values
    from living
    inner join staged on staged.product_key = living.product_key
),

lineage as (
    select item_key, effective_updated_at from {{ ref('int_akeneo__lineage') }}
    where item_type = 'product'
)

select
    products.*,
    lineage.effective_updated_at,
    {{ dbt.hash(dbt.concat([
        "coalesce(products.identifier, '')", "'|'",
        "coalesce(products.family, '')", "'|'",
        "coalesce(products.parent, '')", "'|'",
        "case when enabled then 'enabled' else '' end", "'|'",
        "coalesce(" ~ akeneo.json_as_text('categories') ~ ", '')",
        "coalesce(" ~ akeneo.json_as_text('product_groups') ~ ", '')",
        "coalesce(" ~ akeneo.json_as_text('associations') ~ ", '')",
        "coalesce(" ~ akeneo.json_as_text('quantified_associations') ~ ", '')",
        "coalesce(" ~ akeneo.json_as_text('attribute_values') ~ ", '')",
    ])) }} as content_hash
from products
left join lineage on lineage.item_key = products.product_key
