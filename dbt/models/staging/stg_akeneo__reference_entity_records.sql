{{ akeneo.stage('reference_entity_records', [
    ['reference_entity', 'text'],
    ['record', 'text', 'code'],
    ['attribute_values', 'json', 'values'],
    ['created_at', 'timestamp', 'created'],
    ['updated_at', 'timestamp', 'updated'],
    ['extracted_at', 'timestamp', '_sdc_extracted_at'],
    ['deleted_at', 'timestamp', '_sdc_deleted_at'],
]) }}
