with lineage as (
    select * from {{ ref('int_akeneo__lineage') }}
),

item_associations as (
    select * from {{ ref('int_akeneo__item_associations') }}
),

targets as (
    select item_associations.*, lineage.identifier
    from item_associations
    inner join lineage
        on lineage.item_type = item_associations.item_type and lineage.item_key = item_associations.item_key
),

-- Some PIMs name a target twice. Databases join by hash only if a condition is plainly that two columns
-- are the same.
resolved as (
    select
        ranked.*,
        case when target_type = 'product' then target_code end as product_target
    from (
        select
            targets.*,
            lower(target) as target_code,
            row_number() over (
                partition by item_type, item_key, lower(association_type), is_quantified, target_type, lower(target)
                order by position
            ) as place
        from targets
    ) as ranked
    where place = 1
),

-- Two products may have the same identifier if one was deleted, and before 7.0 it is the key as well.
products as (
    select
        product_key, identifier, lower(product_key) as key_code, lower(identifier) as identifier_code,
        row_number() over (partition by lower(identifier) order by created_at desc, product_key asc) as place
    from {{ ref('akeneo__products') }}
),

by_identifier as (
    select * from products
    where place = 1 and identifier_code is not null
),

all_products as (
    select * from {{ ref('int_akeneo__all_products') }}
    where is_deleted
),

all_models as (
    select * from {{ ref('int_akeneo__all_product_models') }}
),

-- The PIM removes associations with deleted items, without a new date of the product.
deleted as (
    select 'product' as target_type, lower(product_key) as target_code from all_products

    union

    select 'product' as target_type, lower(identifier) as target_code from all_products
    where identifier is not null

    union

    select 'product_model' as target_type, lower(product_model) as target_code from all_models
    group by lower(product_model)
    having min(case when is_deleted then 1 else 0 end) = 1
),

types as (
    select
        association_type, lower(association_type) as type_code,
        {{ akeneo.label('labels', 'association_type') }} as association_label
    from {{ ref('stg_akeneo__association_types') }}
)

select
    resolved.item_type,
    case when resolved.item_type = 'product' then resolved.item_key end as product_key,
    case when resolved.item_type = 'product_model' then resolved.item_key end as product_model,
    resolved.identifier,
    coalesce(types.association_type, resolved.association_type) as association_type,
    types.association_label,
    resolved.is_quantified,
    resolved.target_type,
    resolved.target,
    coalesce(by_key.product_key, by_identifier.product_key) as target_product_key,
    coalesce(by_key.identifier, by_identifier.identifier) as target_identifier,
    resolved.quantity,
    resolved.position
from resolved
left join types on types.type_code = lower(resolved.association_type)
-- Products name other products by their UUID since 7.0; models name them by their identifier.
left join products as by_key
    on by_key.key_code = resolved.product_target
left join by_identifier
    on by_identifier.identifier_code = resolved.product_target
left join deleted
    on deleted.target_type = resolved.target_type and deleted.target_code = resolved.target_code
-- A new product may have the identifier of a deleted one.
where deleted.target_code is null or by_identifier.product_key is not null
