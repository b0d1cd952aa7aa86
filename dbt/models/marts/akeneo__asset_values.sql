{{ akeneo.entity_values(
    'int_akeneo__all_assets', 'asset_family', 'asset', 'stg_akeneo__asset_attributes'
) }}
