{{ akeneo.stage('attributes', [
    ['attribute', 'text', 'code'],
    ['attribute_type', 'text', 'type'],
    ['attribute_group', 'text', 'group'],
    ['labels', 'json'],
    ['is_localizable', 'boolean', 'localizable'],
    ['is_scopable', 'boolean', 'scopable'],
    ['available_locales', 'json'],
    ['reference_data_name', 'text'],
    ['is_main_identifier', 'boolean'],
    ['extracted_at', 'timestamp', '_sdc_extracted_at'],
], latest_of=['attribute']) }}
