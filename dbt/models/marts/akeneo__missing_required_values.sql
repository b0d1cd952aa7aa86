{#
    These are the PIM's rules for completeness: a price needs an amount in each currency of the channel, and a
    measurement an amount and a unit.
#}
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
            select 1 from available where available.attribute = attributes.attribute
        )
        or exists (
            select 1 from available
            where available.attribute = attributes.attribute
                and available.locale_code = lower(channel_locales.locale)
        )
),

products as (
    select product_key, identifier, family from {{ ref('akeneo__products') }}
),

present as (
    select distinct
        product_key, attribute, coalesce(channel, '') as channel, coalesce(locale, '') as locale,
        lower(coalesce(currency, '')) as currency
    from {{ ref('akeneo__product_values') }}
    where item_type = 'product' and (attribute_type <> 'pim_catalog_metric' or unit is not null)
)

select distinct
    products.product_key,
    products.identifier,
    needed.family,
    needed.channel,
    needed.locale,
    needed.attribute
from needed
inner join products on products.family = needed.family
left join present
    on present.product_key = products.product_key
    and present.attribute = needed.attribute
    and present.channel = coalesce(needed.value_channel, '')
    and present.locale = coalesce(needed.value_locale, '')
    and present.currency = lower(coalesce(needed.currency, ''))
where present.product_key is null
