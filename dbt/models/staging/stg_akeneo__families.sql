{{ akeneo.stage('families', [
    ['family', 'text', 'code'],
    ['labels', 'json'],
    ['attributes', 'json'],
    ['attribute_as_label', 'text'],
    ['attribute_as_image', 'text'],
    ['attribute_requirements', 'json'],
    ['extracted_at', 'timestamp', '_sdc_extracted_at'],
], latest_of=['family']) }}
