with assets as (
    select * from {{ ref('int_akeneo__all_assets') }}
    where not is_deleted
),

families as (
    select
        asset_family,
        lower(asset_family) as family_code,
        {{ akeneo.label('labels', 'asset_family') }} as asset_family_label,
        lower(attribute_as_main_media) as media_code
    from {{ ref('stg_akeneo__asset_families') }}
),

asset_values as (
    select * from {{ ref('akeneo__asset_values') }}
),

-- Of a media that varies by channel, the one of the first channel that has one.
chosen as (
    select
        asset_values.asset_family,
        asset_values.asset,
        lower(asset_values.attribute) as attribute_code,
        asset_values.text_value,
        row_number() over (
            partition by asset_values.asset_family, asset_values.asset, lower(asset_values.attribute)
            order by coalesce(asset_values.channel, ''), asset_values.position
        ) as place
    from asset_values
    where (asset_values.locale is null or lower(asset_values.locale) = lower('{{ var("akeneo_locale") }}'))
        {% if var('akeneo_channel', none) %}
        and (asset_values.channel is null or lower(asset_values.channel) = lower('{{ var("akeneo_channel") }}'))
        {% endif %}
),

named as (
    select
        chosen.asset_family,
        chosen.asset,
        -- Every asset family has an attribute `label`.
        max(case when chosen.attribute_code = 'label' then chosen.text_value end) as label,
        max(case when chosen.attribute_code = families.media_code then chosen.text_value end) as main_media
    from chosen
    left join families on families.family_code = lower(chosen.asset_family)
    where chosen.place = 1
    group by chosen.asset_family, chosen.asset
)

select
    assets.asset_family,
    families.asset_family_label,
    assets.asset,
    coalesce(named.label, '[' || assets.asset || ']') as label,
    named.main_media,
    assets.created_at,
    assets.updated_at
from assets
left join families on families.family_code = lower(assets.asset_family)
left join named on named.asset_family = assets.asset_family and named.asset = assets.asset
