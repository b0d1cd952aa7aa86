{{ akeneo.stage('asset_families', [
    ['asset_family', 'text', 'code'],
    ['labels', 'json'],
    ['attribute_as_main_media', 'text'],
    ['extracted_at', 'timestamp', '_sdc_extracted_at'],
], latest_of=['asset_family']) }}
