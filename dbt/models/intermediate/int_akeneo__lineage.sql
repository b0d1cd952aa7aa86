{{ config(materialized='table', indexes=akeneo.lookup('item_key')) }}

with items as (
    select * from {{ ref('int_akeneo__items') }}
),

families as (
    select * from {{ ref('stg_akeneo__families') }}
),

-- A model that was created again with its code in another letter case may have two rows.
models as (
    select product_model, family_variant, parent, updated_at
    from (
        select
            item_key as product_model, family_variant, parent, updated_at,
            row_number() over (partition by lower(item_key) order by updated_at desc, item_key asc) as place
        from items
        where item_type = 'product_model'
    ) as ranked
    where place = 1
)

-- A variant has at most two models above it.
select
    items.item_type,
    items.item_key,
    items.identifier,
    coalesce(families.family, items.family) as family,
    coalesce(items.family_variant, above.family_variant, top_model.family_variant) as family_variant,
    coalesce(above.product_model, items.parent) as parent,
    coalesce(top_model.product_model, above.product_model) as root_model,
    case
        when top_model.product_model is not null then 2
        when above.product_model is not null then 1
        else 0
    end as level,
    items.extracted_at,
    greatest(
        items.updated_at,
        coalesce(above.updated_at, items.updated_at),
        coalesce(top_model.updated_at, items.updated_at)
    ) as effective_updated_at
from items
left join families
    on lower(families.family) = lower(items.family)
left join models as above
    on lower(above.product_model) = lower(items.parent)
left join models as top_model
    on lower(top_model.product_model) = lower(above.parent)
