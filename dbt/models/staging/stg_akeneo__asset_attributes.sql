{{ akeneo.stage('asset_attributes', [
    ['asset_family', 'text'],
    ['attribute', 'text', 'code'],
    ['attribute_type', 'text', 'type'],
    ['extracted_at', 'timestamp', '_sdc_extracted_at'],
], latest_of=['asset_family', 'attribute']) }}
