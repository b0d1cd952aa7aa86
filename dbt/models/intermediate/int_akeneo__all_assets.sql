{{ akeneo.with_deleted(
    ref('stg_akeneo__assets'),
    keys=ref('stg_akeneo__asset_keys'),
    stream='asset_keys',
    on=['asset_family', 'asset'],
    list='asset_family',
    margin=var('akeneo_index_lag_minutes'),
) }}
