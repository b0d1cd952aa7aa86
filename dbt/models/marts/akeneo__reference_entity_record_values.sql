{{ akeneo.entity_values(
    'int_akeneo__all_records', 'reference_entity', 'record',
    'stg_akeneo__reference_entity_attributes', has_links=true,
) }}
