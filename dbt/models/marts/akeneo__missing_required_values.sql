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
    select * from {{ ref('int_akeneo__available_locales') }}
),

needed as (
    select
        required.family,
        required.name as channel,
        channel_locales.locale,
        attributes.attribute,
        attributes.attribute_type,
        currencies.currency,
        case when attributes.is_scopable then required.name end as value_channel,
        case when attributes.is_localizable then channel_locales.locale end as value_locale
    from required
    inner join attributes on attributes.attribute = {{ akeneo.json_as_text('required.item') }}
    inner join {{ ref('int_akeneo__channel_locales') }} as channel_locales
        on channel_locales.channel = required.name
    left join currencies
        on currencies.channel = required.name
        and attributes.attribute_type = 'pim_catalog_price_collection'
    where not exists (
            select 1 from available where available.attribute = attributes.attribute
        )
        or exists (
            select 1 from available
            where available.attribute = attributes.attribute
                and available.locale = channel_locales.locale
        )
),

products as (
    select product_key, identifier, family from {{ ref('akeneo__products') }}
),

present as (
    select distinct
        product_key, attribute, coalesce(channel, '') as channel, coalesce(locale, '') as locale,
        coalesce(currency, '') as currency
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
    and present.currency = coalesce(needed.currency, '')
where present.product_key is null
