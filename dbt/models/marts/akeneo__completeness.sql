with lineage as (
    select * from {{ ref('int_akeneo__lineage') }}
    where item_type = 'product'
),

staged as (
    select product_key, completenesses, extracted_at from {{ ref('stg_akeneo__products') }}
),

scores as (
    select product_key, completenesses, extracted_at from {{ ref('stg_akeneo__product_scores') }}
),

places as (
    select * from {{ ref('int_akeneo__places') }}
),

channels as (
    select * from {{ ref('stg_akeneo__channels') }}
),

products as (
    select
        staged.product_key,
        lineage.identifier,
        lineage.family,
        -- `product_scores` are read in each run, other than products.
        case
            when scores.completenesses is not null
                and coalesce(scores.extracted_at >= staged.extracted_at, true)
                then scores.completenesses
            else staged.completenesses
        end as completenesses,
        case
            when scores.completenesses is not null
                and coalesce(scores.extracted_at >= staged.extracted_at, true)
                then scores.extracted_at
            else staged.extracted_at
        end as extracted_at
    from lineage
    inner join staged on staged.product_key = lineage.item_key
    left join scores on scores.product_key = staged.product_key
),

completenesses as (
    {{ akeneo.unnest_list(
        'products', ['product_key', 'identifier', 'family', 'extracted_at'], 'completenesses'
    ) }}
),

percentages as (
    select
        product_key,
        identifier,
        family,
        extracted_at,
        {{ akeneo.json_text('item', "'scope'") }} as channel,
        {{ akeneo.json_text('item', "'locale'") }} as locale,
        {{ akeneo.safe_integer(akeneo.json_text('item', "'data'")) }} as completeness
    from completenesses
),

placed as (
    select
        percentages.product_key,
        percentages.identifier,
        percentages.family,
        coalesce(places.channel, percentages.channel) as channel,
        coalesce(places.locale, percentages.locale) as locale,
        percentages.completeness
    from percentages
    left join places
        on places.channel_code = lower(percentages.channel)
        and places.locale_code = lower(percentages.locale)
    where {{ akeneo.not_removed(
        'places.is_place', '(select max(extracted_at) from channels)', 'percentages.extracted_at'
    ) }}
)

select
    product_key,
    identifier,
    family,
    channel,
    locale,
    min(completeness) as completeness,
    min(completeness) = 100 as is_complete
from placed
group by product_key, identifier, family, channel, locale
