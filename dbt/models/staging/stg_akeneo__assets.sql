{{ akeneo.stage('assets', [
    ['asset_family', 'text'],
    ['asset', 'text', 'code'],
    ['attribute_values', 'json', 'values'],
    ['created_at', 'timestamp', 'created'],
    ['updated_at', 'timestamp', 'updated'],
    ['extracted_at', 'timestamp', '_sdc_extracted_at'],
    ['deleted_at', 'timestamp', '_sdc_deleted_at'],
]) }}
