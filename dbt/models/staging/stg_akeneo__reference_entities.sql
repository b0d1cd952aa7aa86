{{ akeneo.stage('reference_entities', [
    ['reference_entity', 'text', 'code'],
    ['labels', 'json'],
    ['extracted_at', 'timestamp', '_sdc_extracted_at'],
], latest_of=['reference_entity']) }}
