{{ config(materialized='table') }}

with items as (
    select
        item_type, item_key, identifier, family, parent, updated_at,
        case when item_type = 'product_model' then item_key end as product_model
    from {{ ref('int_akeneo__items') }}
),

models as (
    select product_model, family_variant, parent, updated_at
    from {{ ref('int_akeneo__all_product_models') }}
    where not is_deleted
)

-- A variant has at most two models above it.
select
    items.item_type,
    items.item_key,
    items.identifier,
    items.family,
    coalesce(itself.family_variant, above.family_variant) as family_variant,
    items.parent,
    coalesce(top_model.product_model, above.product_model) as root_model,
    case
        when top_model.product_model is not null then 2
        when above.product_model is not null then 1
        else 0
    end as level,
    greatest(
        items.updated_at,
        coalesce(above.updated_at, items.updated_at),
        coalesce(top_model.updated_at, items.updated_at)
    ) as effective_updated_at
from items
left join models as itself
    on itself.product_model = items.product_model
left join models as above
    on above.product_model = items.parent
left join models as top_model
    on top_model.product_model = above.parent
