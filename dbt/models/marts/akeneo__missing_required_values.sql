{#
    These are the PIM's rules for completeness: a price needs an amount in each currency of the channel, and a
    measurement an amount and a unit. Only for products that were read again, or whose requirements changed.
#}
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='fail',
    pre_hook="{% if is_incremental() %}{{ akeneo.delete_outdated_checks(this) }}{% endif %}",
) }}

with checks as (
    select * from {{ ref('int_akeneo__requirement_checks') }}
    where fingerprint is not null
    {% if is_incremental() %}
        and build_number > (select coalesce(max(build_number), 0) from {{ this }})
    {% endif %}
),

needed as (
    select * from {{ ref('int_akeneo__family_requirements') }}
),

needed_attributes as (
    select distinct lower(attribute) as attribute_code from needed
),

lineage as (
    select * from {{ ref('int_akeneo__lineage') }}
    where item_type = 'product'
),

products as (
    select checks.product_key, checks.build_number, lineage.identifier, lineage.family
    from checks
    inner join lineage on lineage.item_key = checks.product_key
),

values_of_products as (
    {{ akeneo.product_values(keys='checks', attributes='needed_attributes') }}
),

present as (
    select distinct
        product_key, attribute, coalesce(channel, '') as channel, coalesce(locale, '') as locale,
        lower(coalesce(currency, '')) as currency
    from values_of_products
    where attribute_type <> 'pim_catalog_metric' or unit is not null
)

select distinct
    products.product_key,
    products.identifier,
    needed.family,
    needed.channel,
    needed.locale,
    needed.attribute,
    products.build_number
from needed
inner join products on products.family = needed.family
left join present
    on present.product_key = products.product_key
    and present.attribute = needed.attribute
    and present.channel = coalesce(needed.value_channel, '')
    and present.locale = coalesce(needed.value_locale, '')
    and present.currency = lower(coalesce(needed.currency, ''))
where present.product_key is null
