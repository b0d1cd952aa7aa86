{# What a complete product of a family needs in each channel and locale. A price needs each currency of the channel. #}
{{ config(materialized='table') }}

with families as (
    select family, attribute_requirements from {{ ref('stg_akeneo__families') }}
),

requirements as (
    {{ akeneo.unnest_object('families', ['family'], 'attribute_requirements') }}
),

required as (
    {{ akeneo.unnest_list('requirements', ['family', 'name'], 'item') }}
),

currencies as (
    select * from {{ ref('int_akeneo__channel_currencies') }}
),

attributes as (
    select * from {{ ref('stg_akeneo__attributes') }}
),

available as (
    select attribute, lower(locale) as locale_code from {{ ref('int_akeneo__available_locales') }}
),

channel_locales as (
    select * from {{ ref('int_akeneo__channel_locales') }}
),

needed as (
    select
        required.family,
        channel_locales.channel,
        channel_locales.locale,
        attributes.attribute,
        attributes.attribute_type,
        currencies.currency,
        case when attributes.is_scopable then channel_locales.channel end as value_channel,
        case when attributes.is_localizable then channel_locales.locale end as value_locale
    from required
    inner join attributes on lower(attributes.attribute) = lower({{ akeneo.json_as_text('required.item') }})
    inner join channel_locales on lower(channel_locales.channel) = lower(required.name)
    left join currencies
        on currencies.channel = channel_locales.channel
        and attributes.attribute_type = 'pim_catalog_price_collection'
    where not exists (
            select 1 from available
            where available.attribute = attributes.attribute
        )
        or exists (
            select 1 from available
            where available.attribute = attributes.attribute
                and available.locale_code = lower(channel_locales.locale)
        )
)

select distinct * from needed
