with assets as (
    select * from {{ ref('int_akeneo__all_assets') }}
    where not is_deleted
),

families as (
    select
        asset_family,
        {{ akeneo.label('labels', 'asset_family') }} as asset_family_label,
        attribute_as_main_media
    from {{ ref('stg_akeneo__asset_families') }}
),

named as (
    select
        asset_values.asset_family,
        asset_values.asset,
        -- Every asset family has an attribute `label`.
        max(case when asset_values.attribute = 'label' then asset_values.text_value end) as label,
        max(case when asset_values.attribute = families.attribute_as_main_media
            then asset_values.text_value end) as main_media
    from {{ ref('akeneo__asset_values') }} as asset_values
    left join families on families.asset_family = asset_values.asset_family
    where asset_values.locale is null or asset_values.locale = '{{ var("akeneo_locale") }}'
    group by asset_values.asset_family, asset_values.asset
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
left join families on families.asset_family = assets.asset_family
left join named on named.asset_family = assets.asset_family and named.asset = assets.asset
