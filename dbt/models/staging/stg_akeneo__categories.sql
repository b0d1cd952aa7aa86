{{ akeneo.stage('categories', [
    ['category', 'text', 'code'],
    ['parent', 'text'],
    ['labels', 'json'],
    ['position', 'integer'],
    ['updated_at', 'timestamp', 'updated'],
    ['deleted_at', 'timestamp', '_sdc_deleted_at'],
    ['extracted_at', 'timestamp', '_sdc_extracted_at'],
]) }}
