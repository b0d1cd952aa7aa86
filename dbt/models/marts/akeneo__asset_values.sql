with assets as (
    select asset_family, asset, attribute_values, extracted_at
    from {{ ref('int_akeneo__all_assets') }}
    where not is_deleted
),

attributes as (
    select * from {{ ref('stg_akeneo__asset_attributes') }}
),

attribute_lists as (
    select lower(asset_family) as asset_family_code, max(extracted_at) as listed_at
    from attributes
    group by lower(asset_family)
),

places as (
    select * from {{ ref('int_akeneo__places') }}
),

channels as (
    select * from {{ ref('stg_akeneo__channels') }}
),

exploded as (
    {{ akeneo.exploded_values('assets', ['asset_family', 'asset', 'extracted_at'], channel='channel') }}
)

select
    exploded.asset_family,
    exploded.asset,
    coalesce(attributes.attribute, exploded.attribute) as attribute,
    attributes.attribute_type,
    coalesce(places.channel, exploded.channel) as channel,
    coalesce(places.locale, exploded.locale) as locale,
    exploded.position,
    exploded.content as text_value,
    {{ akeneo.typed_values(
        numbers=['number'], booleans=['boolean'], dates=['date'], text='exploded.content'
    ) }}
from exploded
left join attributes
    on lower(attributes.asset_family) = lower(exploded.asset_family)
    and lower(attributes.attribute) = lower(exploded.attribute)
left join attribute_lists on attribute_lists.asset_family_code = lower(exploded.asset_family)
left join places
    on places.channel_code = lower(coalesce(exploded.channel, ''))
    and places.locale_code = lower(coalesce(exploded.locale, ''))
where {{ akeneo.not_removed(
        'attributes.attribute', 'attribute_lists.listed_at', 'exploded.extracted_at'
    ) }}
    and {{ akeneo.not_removed(
        'places.is_place', '(select max(extracted_at) from channels)', 'exploded.extracted_at'
    ) }}
