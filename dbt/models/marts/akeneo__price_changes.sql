{# A view, because it only takes apart what `akeneo__product_history` has as text. #}
{{ config(materialized='view') }}

with history as (
    select * from {{ ref('akeneo__product_history') }}
    where property = 'value'
),

attributes as (
    select lower(attribute) as attribute_code from {{ ref('stg_akeneo__attributes') }}
    where attribute_type = 'pim_catalog_price_collection'
),

currencies as (
    select distinct currency from {{ ref('int_akeneo__channel_currencies') }}
),

prices as (
    select
        history.product_key,
        history.identifier,
        history.version,
        history.changed_at,
        history.attribute,
        history.channel,
        history.locale,
        currencies.currency,
        {{ akeneo.safe_number(akeneo.amount_in('history.content_before', 'currencies.currency')) }} as price_before,
        {{ akeneo.safe_number(akeneo.amount_in('history.content_after', 'currencies.currency')) }} as price_after
    from history
    inner join attributes on attributes.attribute_code = lower(history.attribute)
    cross join currencies
)

select * from prices
where coalesce(price_before <> price_after, price_before is not null or price_after is not null)
