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
),

versions as (
    select item_key, content_hash from {{ ref('int_akeneo__item_versions') }}
    where item_type = 'product'
)

select
    products.*,
    lineage.effective_updated_at,
    versions.content_hash
from products
inner join versions on versions.item_key = products.product_key
left join lineage on lineage.item_key = products.product_key
