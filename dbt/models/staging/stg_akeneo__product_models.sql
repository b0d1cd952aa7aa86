{{ akeneo.stage('product_models', [
    ['product_model', 'text', 'code'],
    ['family', 'text'],
    ['family_variant', 'text'],
    ['parent', 'text'],
    ['categories', 'json'],
    ['attribute_values', 'json', 'values'],
    ['associations', 'json'],
    ['quantified_associations', 'json'],
    ['created_at', 'timestamp', 'created'],
    ['updated_at', 'timestamp', 'updated'],
    ['extracted_at', 'timestamp', '_sdc_extracted_at'],
    ['deleted_at', 'timestamp', '_sdc_deleted_at'],
]) }}
