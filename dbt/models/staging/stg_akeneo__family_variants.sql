{{ akeneo.stage('family_variants', [
    ['family', 'text'],
    ['family_variant', 'text', 'code'],
    ['labels', 'json'],
    ['variant_attribute_sets', 'json'],
    ['extracted_at', 'timestamp', '_sdc_extracted_at'],
], latest_of=['family', 'family_variant']) }}
