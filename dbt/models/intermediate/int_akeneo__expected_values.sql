{#
    Where a product of a family can have values: for each attribute, the channels and locales by
    which it varies.
#}
{{ config(materialized='table') }}

with families as (
    select family, attributes from {{ ref('stg_akeneo__families') }}
),

family_items as (
    {{ akeneo.unnest_list('families', ['family'], 'attributes') }}
),

family_attributes as (
    select distinct family, lower({{ akeneo.json_as_text('item') }}) as attribute_code from family_items
),

attributes as (
    select * from {{ ref('stg_akeneo__attributes') }}
),

available as (
    select attribute, lower(locale) as locale_code from {{ ref('int_akeneo__available_locales') }}
),

channels as (
    select channel, locale from {{ ref('int_akeneo__channel_locales') }}
),

places as (
    select distinct
        attributes.attribute,
        case when attributes.is_scopable then channels.channel end as channel,
        case when attributes.is_localizable then channels.locale end as locale
    from attributes
    cross join channels
    where not exists (
            select 1 from available
            where available.attribute = attributes.attribute
        )
        or exists (
            select 1 from available
            where available.attribute = attributes.attribute
                and available.locale_code = lower(channels.locale)
        )
)

select
    family_attributes.family,
    places.attribute,
    places.channel,
    places.locale
from family_attributes
inner join places on lower(places.attribute) = family_attributes.attribute_code
