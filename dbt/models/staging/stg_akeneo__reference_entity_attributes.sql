{{ akeneo.stage('reference_entity_attributes', [
    ['reference_entity', 'text'],
    ['attribute', 'text', 'code'],
    ['attribute_type', 'text', 'type'],
    ['linked_entity', 'text', 'reference_entity_code'],
    ['linked_family', 'text', 'asset_family_identifier'],
    ['extracted_at', 'timestamp', '_sdc_extracted_at'],
], latest_of=['reference_entity', 'attribute']) }}
