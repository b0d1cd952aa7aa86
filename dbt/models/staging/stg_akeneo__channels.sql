{{ akeneo.stage('channels', [
    ['channel', 'text', 'code'],
    ['labels', 'json'],
    ['locales', 'json'],
    ['currencies', 'json'],
    ['category_tree', 'text'],
    ['extracted_at', 'timestamp', '_sdc_extracted_at'],
], latest_of=['channel']) }}
