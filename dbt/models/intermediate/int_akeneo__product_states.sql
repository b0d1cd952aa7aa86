{# What the snapshot keeps of each product, with a hash of all that counts as a change. #}
with products as (
    select
        product_key,
        identifier,
        family,
        parent,
        enabled,
        categories,
        product_groups,
        associations,
        quantified_associations,
        attribute_values
    from {{ ref('int_akeneo__all_products') }}
    where not is_deleted
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
left join (
    select item_key, effective_updated_at from {{ ref('int_akeneo__lineage') }}
    where item_type = 'product'
) as lineage on lineage.item_key = products.product_key
