with items as (
    select item_type, item_key, identifier, associations, quantified_associations
    from {{ ref('int_akeneo__items') }}
),

{% set columns = ['item_type', 'item_key', 'identifier'] %}

of_types as (
    {% for name in ['associations', 'quantified_associations'] %}
    select
        item_type, item_key, identifier, name as association_type, item as associated,
        {{ 'true' if name == 'quantified_associations' else 'false' }} as is_quantified
    from (
        {{ akeneo.unnest_object('items', columns, name) }}
    ) as {{ name }}
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
),

{% set columns = columns + ['association_type', 'is_quantified'] %}

of_kinds as (
    {{ akeneo.unnest_object('of_types', columns, 'associated') }}
),

listed as (
    {{ akeneo.unnest_list('of_kinds', columns + ['name'], 'item') }}
),

targets as (
    select
        item_type, item_key, identifier, association_type, is_quantified, position,
        case name
            when 'products' then 'product'
            when 'product_models' then 'product_model'
            else 'group'
        end as target_type,
        case
            when not is_quantified then {{ akeneo.json_as_text('item') }}
            else coalesce({{ akeneo.json_text('item', "'uuid'") }}, {{ akeneo.json_text('item', "'identifier'") }})
        end as target,
        case when is_quantified
            then {{ akeneo.safe_number(akeneo.json_text('item', "'quantity'")) }} end as quantity
    from listed
),

-- Databases join by hash only if a condition is plainly that two columns are the same.
resolved as (
    select
        targets.*,
        case when target_type = 'product' then target end as product_target
    from targets
),

products as (
    select product_key, identifier from {{ ref('akeneo__products') }}
),

-- The PIM removes associations with deleted items, without a new date of the product.
deleted as (
    select 'product' as target_type, product_key as target
    from {{ ref('int_akeneo__all_products') }}
    where is_deleted

    union

    select 'product' as target_type, identifier as target
    from {{ ref('int_akeneo__all_products') }}
    where is_deleted
        and identifier is not null

    union

    select 'product_model' as target_type, product_model as target
    from {{ ref('int_akeneo__all_product_models') }}
    where is_deleted
),

types as (
    select association_type, {{ akeneo.label('labels', 'association_type') }} as association_label
    from {{ ref('stg_akeneo__association_types') }}
)

select
    resolved.item_type,
    case when resolved.item_type = 'product' then resolved.item_key end as product_key,
    case when resolved.item_type = 'product_model' then resolved.item_key end as product_model,
    resolved.identifier,
    resolved.association_type,
    types.association_label,
    resolved.is_quantified,
    resolved.target_type,
    resolved.target,
    coalesce(by_key.product_key, by_identifier.product_key) as target_product_key,
    coalesce(by_key.identifier, by_identifier.identifier) as target_identifier,
    resolved.quantity,
    resolved.position
from resolved
left join types on types.association_type = resolved.association_type
-- Products name other products by their UUID since 7.0; models name them by their identifier.
left join products as by_key
    on by_key.product_key = resolved.product_target
left join products as by_identifier
    on by_identifier.identifier = resolved.product_target
left join deleted
    on deleted.target_type = resolved.target_type and deleted.target = resolved.target
where resolved.target is not null
    -- A new product may have the identifier of a deleted one.
    and (deleted.target is null or by_identifier.product_key is not null)
