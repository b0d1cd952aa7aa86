{{ akeneo.stage('attribute_groups', [
    ['attribute_group', 'text', 'code'],
    ['labels', 'json'],
    ['sort_order', 'integer'],
    ['extracted_at', 'timestamp', '_sdc_extracted_at'],
], latest_of=['attribute_group']) }}
