{{ akeneo.stage('association_types', [
    ['association_type', 'text', 'code'],
    ['labels', 'json'],
    ['extracted_at', 'timestamp', '_sdc_extracted_at'],
], latest_of=['association_type']) }}
