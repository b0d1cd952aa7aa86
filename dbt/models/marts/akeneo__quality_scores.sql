with lineage as (
    select * from {{ ref('int_akeneo__lineage') }}
),

staged as (
    select 'product' as item_type, product_key as item_key, quality_scores, extracted_at
    from {{ ref('stg_akeneo__products') }}

    union all

    select 'product_model' as item_type, product_model as item_key, quality_scores, extracted_at
    from {{ ref('stg_akeneo__product_models') }}
),

-- Streams of scores are read in each run, other than products and models.
latest as (
    select 'product' as item_type, product_key as item_key, quality_scores, extracted_at
    from {{ ref('stg_akeneo__product_scores') }}

    union all

    select 'product_model' as item_type, product_model as item_key, quality_scores, extracted_at
    from {{ ref('stg_akeneo__product_model_scores') }}
),

places as (
    select * from {{ ref('int_akeneo__places') }}
),

channels as (
    select * from {{ ref('stg_akeneo__channels') }}
),

items as (
    select
        lineage.item_type,
        lineage.item_key,
        lineage.identifier,
        lineage.family,
        case when latest.quality_scores is not null
                and coalesce(latest.extracted_at >= staged.extracted_at, true)
            then latest.quality_scores else staged.quality_scores end as quality_scores,
        case when latest.quality_scores is not null
                and coalesce(latest.extracted_at >= staged.extracted_at, true)
            then latest.extracted_at else staged.extracted_at end as extracted_at
    from lineage
    inner join staged
        on staged.item_type = lineage.item_type and staged.item_key = lineage.item_key
    left join latest
        on latest.item_type = lineage.item_type and latest.item_key = lineage.item_key
),

listed as (
    {{ akeneo.unnest_list(
        'items', ['item_type', 'item_key', 'identifier', 'family', 'extracted_at'], 'quality_scores'
    ) }}
),

scores as (
    select
        item_type,
        item_key,
        identifier,
        family,
        extracted_at,
        {{ akeneo.json_text('item', "'scope'") }} as channel,
        {{ akeneo.json_text('item', "'locale'") }} as locale,
        {{ akeneo.json_text('item', "'data'") }} as quality_score
    from listed
),

placed as (
    select
        scores.*,
        coalesce(places.channel, scores.channel) as place_channel,
        coalesce(places.locale, scores.locale) as place_locale
    from scores
    left join places
        on places.channel_code = lower(scores.channel) and places.locale_code = lower(scores.locale)
    where {{ akeneo.not_removed(
        'places.is_place', '(select max(extracted_at) from channels)', 'scores.extracted_at'
    ) }}
)

select
    item_type,
    case when item_type = 'product' then item_key end as product_key,
    case when item_type = 'product_model' then item_key end as product_model,
    identifier,
    family,
    place_channel as channel,
    place_locale as locale,
    max(quality_score) as quality_score
from placed
group by item_type, item_key, identifier, family, place_channel, place_locale
