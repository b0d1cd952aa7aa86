{{ akeneo.with_deleted(
    ref('stg_akeneo__reference_entity_records'),
    keys=ref('stg_akeneo__reference_entity_record_keys'),
    stream='reference_entity_record_keys',
    on=['reference_entity', 'record'],
    list='reference_entity',
    margin=var('akeneo_index_lag_minutes'),
) }}
