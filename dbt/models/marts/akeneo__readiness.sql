with lineage as (
    select * from {{ ref('int_akeneo__lineage') }}
),

staged as (
    select 'product' as item_type, product_key as item_key, readiness
    from {{ ref('stg_akeneo__products') }}

    union all

    select 'product_model' as item_type, product_model as item_key, readiness
    from {{ ref('stg_akeneo__product_models') }}
),

items as (
    select
        lineage.item_type,
        lineage.item_key,
        lineage.identifier,
        lineage.family,
        {{ akeneo.json_member('staged.readiness', "'scores_by_scope_and_locale'") }} as scores
    from lineage
    inner join staged
        on staged.item_type = lineage.item_type and staged.item_key = lineage.item_key
    where staged.readiness is not null
),

{% set columns = ['item_type', 'item_key', 'identifier', 'family'] %}

of_rules as (
    {{ akeneo.unnest_object('items', columns, 'scores') }}
),

listed as (
    {{ akeneo.unnest_list('of_rules', columns + ['name'], 'item') }}
),

scores as (
    select
        item_type,
        item_key,
        identifier,
        family,
        name as readiness_rule,
        {{ akeneo.json_text('item', "'scope'") }} as channel,
        {{ akeneo.json_text('item', "'locale'") }} as locale,
        {{ akeneo.safe_number(akeneo.json_text('item', "'score'")) }} as readiness_score
    from listed
)

select
    item_type,
    case when item_type = 'product' then item_key end as product_key,
    case when item_type = 'product_model' then item_key end as product_model,
    identifier,
    family,
    readiness_rule,
    channel,
    locale,
    min(readiness_score) as readiness_score,
    min(readiness_score) = 100 as is_ready
from scores
group by item_type, item_key, identifier, family, readiness_rule, channel, locale
