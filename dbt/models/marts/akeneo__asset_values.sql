with assets as (
    select asset_family, asset, attribute_values
    from {{ ref('int_akeneo__all_assets') }}
    where not is_deleted
),

exploded as (
    {{ akeneo.exploded_values(
        'assets',
        ['asset_family', 'asset'],
        ref('stg_akeneo__asset_attributes'),
        by=['asset_family'],
        channel='channel',
    ) }}
)

select
    exploded.asset_family,
    exploded.asset,
    exploded.attribute,
    exploded.attribute_type,
    exploded.channel,
    exploded.locale,
    exploded.position,
    exploded.text_value,
    {{ akeneo.typed_values(numbers=['number'], booleans=['boolean'], dates=['date']) }}
from exploded
